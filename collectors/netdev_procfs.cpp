#include "collectors/netdev_procfs.h"

#include <algorithm>
#include <array>

#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// In the order of the file's columns.
constexpr std::array<std::uint64_t LinkStats::*, 16> kColumns = {
    &LinkStats::rx_bytes,       &LinkStats::rx_packets,     &LinkStats::rx_errors,
    &LinkStats::rx_dropped,     &LinkStats::rx_fifo_errors, &LinkStats::rx_frame_errors,
    &LinkStats::rx_compressed,  &LinkStats::multicast,      &LinkStats::tx_bytes,
    &LinkStats::tx_packets,     &LinkStats::tx_errors,      &LinkStats::tx_dropped,
    &LinkStats::tx_fifo_errors, &LinkStats::collisions,     &LinkStats::tx_carrier_errors,
    &LinkStats::tx_compressed,
};

}  // namespace

Result<std::vector<Link>> read_proc_net_dev(const Files& files) {
  const std::string path = net_path(files, "dev");
  const auto text = files.read(path);
  if (!text) return std::unexpected(text.error());
  std::vector<Link> links;
  LineReader reader(path, *text);
  while (reader.next()) {
    // Two heading lines. A name may contain a colon, a number never.
    if (reader.number() <= 2 || trim(reader.line()).empty()) continue;
    const auto colon = reader.line().rfind(':');
    if (colon == std::string_view::npos) return reader.malformed("no interface name");
    Link& link = links.emplace_back();
    link.name = trim(reader.line().substr(0, colon));
    LineReader numbers(path, reader.line().substr(colon + 1));
    numbers.next();
    if (link.name.empty() || numbers.fields().size() != kColumns.size()) {
      return reader.malformed("expected \"<name>: \" and 16 numbers");
    }
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const auto value = reader.number_in(numbers.fields()[i]);
      if (!value) return std::unexpected(value.error());
      link.stats.*kColumns[i] = *value;
    }
  }
  std::ranges::sort(links, {}, &Link::name);
  return links;
}

}  // namespace hostnet
