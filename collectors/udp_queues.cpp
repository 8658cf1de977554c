// Bytes that wait in the queues of all UDP sockets, from /proc/net/udp and udp6
// (net/ipv4/udp.c): the fifth field is "<tx_queue>:<rx_queue>", hexadecimal.

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

struct UdpQueues {
  std::uint64_t transmit{}, receive{};
};

Result<UdpQueues> add_up_udp_queues(std::string_view path, std::string_view text) {
  constexpr std::size_t kQueues = 4;
  UdpQueues sum;
  LineReader reader(path, text);
  while (reader.next()) {
    if (reader.number() == 1 || reader.fields().empty()) continue;  // the heading
    if (reader.fields().size() <= kQueues) return reader.malformed("no queues");
    const std::string_view queues = reader.fields()[kQueues];
    const auto colon = queues.find(':');
    if (colon == std::string_view::npos) {
      return reader.malformed("expected \"<tx_queue>:<rx_queue>\"");
    }
    const auto transmit = parse_hex(queues.substr(0, colon));
    const auto receive = parse_hex(queues.substr(colon + 1));
    if (!transmit) return reader.malformed(transmit.error().message);
    if (!receive) return reader.malformed(receive.error().message);
    sum.transmit += *transmit;
    sum.receive += *receive;
  }
  return sum;
}

Result<std::vector<MetricSource>> collect_udp_queues(Scrape& scrape) {
  struct Source {
    std::string_view file, label;
  };
  constexpr std::string_view kName = "node_udp_queues";
  constexpr std::string_view kHelp = "Bytes that wait in the queues of UDP sockets.";
  const Files& files = *scrape.node().files;
  FamilyList families;
  bool found = false;
  for (const auto& [file, label] : {Source{"udp", "v4"}, {"udp6", "v6"}}) {
    const std::string path = net_path(files, file);
    const auto text = files.read(path);
    if (!text) {
      if (text.error().reason == Reason::vanished) continue;  // no IPv6
      return std::unexpected(text.error());
    }
    found = true;
    const auto sum = add_up_udp_queues(path, *text);
    if (!sum) return std::unexpected(sum.error());
    families.add(kName, kHelp, kGauge, {{"ip", label}, {"queue", "rx"}},
                 static_cast<double>(sum->receive));
    families.add(kName, kHelp, kGauge, {{"ip", label}, {"queue", "tx"}},
                 static_cast<double>(sum->transmit));
  }
  if (!found) return failure(Reason::unsupported, "no udp in /proc/net");
  return families.take();
}

}  // namespace

Collector udp_queues_collector() {
  return {.name = "udp_queues",
          .help = "bytes in the queues of UDP sockets",
          .enabled_by_default = true,
          .flags = {},
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_udp_queues; }};
}

}  // namespace hostnet
