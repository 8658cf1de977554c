// The node's time, its time zone and the kernel's clock source
// (Documentation/ABI/testing/sysfs-devices-system: clocksource).

#include <fmt/format.h>

#include <ctime>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

void add_clocksources(FamilyList& families, const Files& files) {
  constexpr std::string_view kDirectory = "sys/devices/system/clocksource";
  constexpr std::string_view kPrefix = "clocksource";
  const auto names = files.list(kDirectory);
  if (!names) return;  // an architecture, or a fixture, without clock sources
  for (std::string_view device : *names) {
    if (!device.starts_with(kPrefix)) continue;
    const auto base = fmt::format("{}/{}/", kDirectory, device);
    device.remove_prefix(kPrefix.size());
    const auto available = files.read(base + "available_clocksource");
    const auto current = files.read(base + "current_clocksource");
    if (!available || !current) continue;
    LineReader reader(base, *available);
    if (reader.next()) {
      for (const std::string_view name : reader.fields()) {
        families.add("node_time_clocksource_available_info",
                     "The clock sources that the kernel could use.", kGauge,
                     {{"clocksource", name}, {"device", device}}, 1);
      }
    }
    families.add("node_time_clocksource_current_info", "The clock source that the kernel uses.",
                 kGauge, {{"clocksource", trim(*current)}, {"device", device}}, 1);
  }
}

Result<std::vector<MetricSource>> collect_time(Scrape& scrape) {
  const Node& node = scrape.node();
  const auto since_epoch = node.clock->wall().time_since_epoch();
  FamilyList families;
  families.add("node_time_seconds", "The node's clock, Unix time.", kGauge, {},
               static_cast<double>(since_epoch.count()) / 1000);
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
  std::tm local{};
  if (::localtime_r(&seconds, &local) != nullptr) {
    families.add("node_time_zone_offset_seconds", "How far the agent's time zone is ahead of UTC.",
                 kGauge, {{"time_zone", local.tm_zone}}, static_cast<double>(local.tm_gmtoff));
  }
  add_clocksources(families, *node.files);
  return families.take();
}

}  // namespace

Collector time_collector() {
  return {.name = "time",
          .help = "time, time zone and clock source",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_time; }};
}

}  // namespace hostnet
