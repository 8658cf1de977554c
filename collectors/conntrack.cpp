// Entries and limit of the connection tracking table, from /proc/sys/net/netfilter, and
// its statistics, from /proc/net/stat/nf_conntrack or, on kernels built without that
// file (NF_CONNTRACK_PROCFS), ctnetlink.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "collectors/conntrack_netlink.h"
#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"
#include "collectors/framework/widen.h"

namespace hostnet {
namespace {

// One line of names, then one of hexadecimal numbers for each possible CPU.
Result<std::vector<ConntrackCounters>> parse_conntrack_stat(std::string_view path,
                                                            std::string_view text) {
  LineReader names(path, text);
  names.next();
  std::array<std::size_t, kConntrackCounters.size()> columns{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto found = std::ranges::find(names.fields(), kConntrackCounters[i].name);
    columns[i] = static_cast<std::size_t>(found - names.fields().begin());
  }
  if (std::ranges::all_of(columns, [&](auto i) { return i == names.fields().size(); })) {
    return names.malformed("expected the names of the counters");
  }
  std::vector<ConntrackCounters> cpus;
  LineReader reader = names;
  while (reader.next()) {
    if (reader.fields().size() != names.fields().size()) {
      return reader.malformed(
          fmt::format("has {} fields, expected {}", reader.fields().size(), names.fields().size()));
    }
    ConntrackCounters& counters = cpus.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == names.fields().size()) continue;  // this kernel does not have it
      const auto value = reader.hex(columns[i]);
      if (!value) return std::unexpected(value.error());
      if (*value > std::numeric_limits<std::uint32_t>::max()) {
        return reader.malformed("a number of more than 32 bits");
      }
      counters[i] = static_cast<std::uint32_t>(*value);
    }
  }
  return cpus;
}

// Reason::vanished or unsupported: this kernel reports none of it.
Result<std::vector<ConntrackCounters>> read_conntrack_stat(const Node& node,
                                                           std::string_view& source) {
  const std::string path = net_path(*node.files, "stat/nf_conntrack");
  const auto text = node.files->read(path);
  if (text) {
    source = "procfs";
    return parse_conntrack_stat(path, *text);
  }
  if (text.error().reason != Reason::vanished) return std::unexpected(text.error());
  source = "netlink";
  return read_conntrack_counters(*node.netlink);
}

Result<std::vector<MetricSource>> collect_conntrack(Widener& widener, const Node& node) {
  std::vector<MetricSource> families;
  for (const auto& [file, name, help] :
       {std::array{"count", "node_nf_conntrack_entries", "Connections that are tracked."},
        {"max", "node_nf_conntrack_entries_limit", "Connections that can be tracked."}}) {
    const auto value = or_unsupported(
        read_u64(*node.files, joined({"proc/sys/net/netfilter/nf_conntrack_", file})));
    if (!value) return std::unexpected(value.error());
    families.push_back(single(name, help, kGauge, static_cast<double>(*value)));
  }

  std::string_view source;
  const auto cpus = read_conntrack_stat(node, source);
  if (!cpus) {
    switch (cpus.error().reason) {
      case Reason::vanished:
      case Reason::unsupported:
      case Reason::denied: return families;  // the table's size is still known
      default: return std::unexpected(cpus.error());
    }
  }
  for (std::size_t i = 0; i < kConntrackCounters.size(); ++i) {
    const auto& counter = kConntrackCounters[i];
    std::uint64_t sum = 0;
    for (std::size_t cpu = 0; cpu < cpus->size(); ++cpu) {
      sum += widener.widen(joined({counter.name, "/", std::to_string(cpu)}), (*cpus)[cpu][i]);
    }
    // Gauges, because node_exporter exports them as gauges.
    families.push_back(single(joined({"node_nf_conntrack_stat_", counter.name}),
                              std::string(counter.help), kGauge, static_cast<double>(sum)));
  }
  families.push_back(live_source("conntrack", std::string(source)));
  return families;
}

}  // namespace

Collector conntrack_collector() {
  return {.name = "conntrack",
          .help = "the connection tracking table and its statistics",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> {
            return [widener = std::make_shared<Widener>()](Scrape& scrape) {
              return collect_conntrack(*widener, scrape.node());
            };
          }};
}

}  // namespace hostnet
