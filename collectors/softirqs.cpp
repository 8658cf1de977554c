// Soft interrupts handled by each CPU, by kind, from /proc/softirqs.

#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/cpu_table.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

Result<std::vector<MetricSource>> collect_softirqs(Scrape& scrape, CpuCounters& counters) {
  std::string text;
  const auto table = read_cpu_table(*scrape.node().files, "proc/softirqs", text, counters);
  if (!table) return std::unexpected(table.error());
  FamilyList families;
  for (const CpuTable::Row& row : table->rows) {
    for (std::size_t i = 0; i < table->cpus.size(); ++i) {
      families.add("node_softirqs_functions_total", "Soft interrupts that a CPU handled.", kCounter,
                   {{"cpu", table->cpus[i]}, {"type", row.name}},
                   static_cast<double>(row.values[i]));
    }
  }
  return families.take();
}

}  // namespace

Collector softirqs_collector() {
  return {.name = "softirqs",
          .help = "soft interrupts by CPU and kind",
          .enabled_by_default = false,
          .make = [](const CollectorOptions&) -> Result<Collect> {
            const auto counters = std::make_shared<CpuCounters>();
            return [counters](Scrape& scrape) { return collect_softirqs(scrape, *counters); };
          }};
}

}  // namespace hostnet
