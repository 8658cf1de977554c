// Sockets in use by protocol, from /proc/net/sockstat and sockstat6
// (net/ipv4/proc.c, net/ipv6/proc.c): "TCP: inuse 4 orphan 0 tw 0 alloc 4 mem 1".

#include <array>
#include <utility>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 6> kSockstatFields = {"inuse", "orphan", "tw",
                                                             "alloc", "mem",    "memory"};

Result<> add_sockstat(std::vector<MetricSource>& families, std::string_view path,
                      std::string_view text, std::uint64_t page_size) {
  const auto add = [&](std::string name, std::string help, std::uint64_t value) {
    families.push_back(
        single(std::move(name), std::move(help), kGauge, static_cast<double>(value)));
  };
  LineReader reader(path, text);
  while (reader.next()) {
    const auto fields = reader.fields();
    if (fields.empty()) continue;
    std::string_view protocol = fields[0];
    if (protocol.size() < 2 || !protocol.ends_with(':') || fields.size() % 2 == 0) {
      return reader.malformed("expected \"<protocol>: <name> <number> ...\"");
    }
    protocol.remove_suffix(1);
    for (std::size_t i = 1; i < fields.size(); i += 2) {
      const std::string_view name = fields[i];
      const auto value = reader.u64(i + 1);
      if (!value) return std::unexpected(value.error());
      if (protocol == "sockets" && name == "used") {
        add("node_sockstat_sockets_used", "Sockets of every protocol in use.", *value);
      }
      if (!contains(kSockstatFields, name)) continue;
      add(joined({"node_sockstat_", protocol, "_", name}),
          joined({name, " of ", protocol, " in /proc/net/sockstat."}), *value);
      if (name == "mem") {
        add(joined({"node_sockstat_", protocol, "_mem_bytes"}),
            joined({"Memory that ", protocol, " buffers take, in bytes."}), *value * page_size);
      }
    }
  }
  return {};
}

Result<std::vector<MetricSource>> collect_sockstat(Scrape& scrape) {
  const Node& node = scrape.node();
  std::vector<MetricSource> families;
  bool found = false;
  for (const std::string_view name : {"sockstat", "sockstat6"}) {
    const std::string path = net_path(*node.files, name);
    const auto text = node.files->read(path);
    if (!text) {
      if (text.error().reason == Reason::vanished) continue;  // no IPv6, or no IPv4
      return std::unexpected(text.error());
    }
    found = true;
    if (auto done = add_sockstat(families, path, *text, node.identity.page_size); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  if (!found) return failure(Reason::unsupported, "no sockstat in /proc/net");
  return families;
}

}  // namespace

Collector sockstat_collector() {
  return {.name = "sockstat",
          .help = "sockets in use by protocol",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_sockstat; }};
}

}  // namespace hostnet
