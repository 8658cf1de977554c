// Received packets processed by each CPU, from /proc/net/softnet_stat
// (net/core/net-procfs.c): hexadecimal columns without names, 32 bits each.

#include <fmt/format.h>

#include <array>
#include <limits>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"
#include "collectors/framework/widen.h"

namespace hostnet {
namespace {

struct SoftnetColumn {
  std::string_view name;
  std::string_view help;
  std::size_t column;
};

constexpr std::array<SoftnetColumn, 6> kSoftnetCounters = {{
    {"node_softnet_processed_total", "Packets that each CPU took from its devices.", 0},
    {"node_softnet_dropped_total", "Packets dropped because the CPU's backlog was full.", 1},
    {"node_softnet_times_squeezed_total", "Times that receiving stopped with packets left.", 2},
    {"node_softnet_cpu_collision_total", "Times that a transmit lock was held by another CPU.", 8},
    {"node_softnet_received_rps_total",
     "Times that the CPU was woken to receive another CPU's packets.", 9},
    {"node_softnet_flow_limit_count_total", "Packets dropped by the flow limit.", 10},
}};
constexpr std::size_t kSoftnetBacklog = 11;
constexpr std::size_t kSoftnetCpu = 12;
constexpr std::size_t kSoftnetLeast = 9;  // columns of the oldest kernels

Result<std::vector<MetricSource>> collect_softnet(Widener& widener, const Files& files) {
  const std::string path = net_path(files, "softnet_stat");
  const auto text = or_unsupported(files.read(path));
  if (!text) return std::unexpected(text.error());
  FamilyList families;
  LineReader reader(path, *text);
  for (std::uint64_t row = 0; reader.next(); ++row) {
    const std::size_t columns = reader.fields().size();
    if (columns < kSoftnetLeast) {
      return reader.malformed(
          fmt::format("has {} columns, expected at least {}", columns, kSoftnetLeast));
    }
    // A column that an older kernel lacks counts as 0, as in node_exporter.
    const auto number = [&](std::size_t column) -> Result<std::uint32_t> {
      if (column >= columns) return std::uint32_t{0};
      const auto value = reader.hex(column);
      if (!value) return std::unexpected(value.error());
      if (*value > std::numeric_limits<std::uint32_t>::max()) {
        return reader.malformed(
            fmt::format("\"{}\" has more than 32 bits", reader.fields()[column]));
      }
      return static_cast<std::uint32_t>(*value);
    };
    const auto index = number(kSoftnetCpu);
    if (!index) return std::unexpected(index.error());
    const std::string cpu = std::to_string(columns > kSoftnetCpu ? *index : row);
    for (const auto& counter : kSoftnetCounters) {
      const auto value = number(counter.column);
      if (!value) return std::unexpected(value.error());
      const auto wide = widener.widen(joined({counter.name, "/", cpu}), *value);
      families.add(counter.name, counter.help, kCounter, {{"cpu", cpu}}, static_cast<double>(wide));
    }
    // Older kernels without the column of the CPU's number have no backlog either.
    const auto backlog = columns > kSoftnetCpu ? number(kSoftnetBacklog) : std::uint32_t{0};
    if (!backlog) return std::unexpected(backlog.error());
    families.add("node_softnet_backlog_len", "Packets that wait in each CPU's backlog.", kGauge,
                 {{"cpu", cpu}}, *backlog);
  }
  return families.take();
}

}  // namespace

Collector softnet_collector() {
  return {.name = "softnet",
          .help = "packets processed, dropped and deferred by CPU",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> {
            return [widener = std::make_shared<Widener>()](Scrape& scrape) {
              return collect_softnet(*widener, *scrape.node().files);
            };
          }};
}

}  // namespace hostnet
