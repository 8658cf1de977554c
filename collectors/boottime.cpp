// The time at which the node was started: "btime" in /proc/stat (fs/proc/stat.c), the
// same for all containers of a node.

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

Result<std::vector<MetricSource>> collect_boot_time(Scrape& scrape) {
  constexpr std::string_view kPath = "proc/stat";
  const auto text = scrape.node().files->read(kPath);
  if (!text) return std::unexpected(text.error());
  LineReader reader(kPath, *text);
  while (reader.next()) {
    if (reader.fields().empty() || reader.fields()[0] != "btime") continue;
    const auto seconds = reader.u64(1);
    if (!seconds) return std::unexpected(seconds.error());
    return std::vector{single("node_boot_time_seconds", "When the node was started, Unix time.",
                              kGauge, static_cast<double>(*seconds))};
  }
  return failure(Reason::malformed, "proc/stat: no line begins with btime");
}

}  // namespace

Collector boottime_collector() {
  return {.name = "boottime",
          .help = "boot time of the node",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_boot_time; }};
}

}  // namespace hostnet
