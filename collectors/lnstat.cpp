// Statistics of caches, one row for each CPU, from /proc/net/stat/* (arp_cache,
// ndisc_cache, nf_conntrack, rt_cache): a line of names, then hexadecimal.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/metric_name.h"
#include "collectors/framework/text_file.h"
#include "collectors/framework/widen.h"

namespace hostnet {
namespace {

Result<> add_lnstat(FamilyList& families, Widener& widener, const std::string& path,
                    std::string_view subsystem, std::string_view text) {
  LineReader reader(path, text);
  if (!reader.next() || reader.fields().empty()) return reader.malformed("no names");
  std::vector<std::string> names;
  for (const std::string_view name : reader.fields()) {
    if (!std::ranges::all_of(name, is_name_character))
      return reader.malformed("expected a line of names");
    names.push_back(fmt::format("node_lnstat_{}_total", name));
  }
  for (unsigned cpu = 0; reader.next(); ++cpu) {
    if (reader.fields().size() != names.size()) {
      return reader.malformed(
          fmt::format("has {} numbers, expected {}", reader.fields().size(), names.size()));
    }
    const std::string row = std::to_string(cpu);
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto value = reader.hex(i);
      if (!value) return std::unexpected(std::move(value).error());
      // Most are 32 bits wide and wrap; a value that falls is exported as it is.
      if (*value <= std::numeric_limits<std::uint32_t>::max()) {
        value = widener.widen(fmt::format("{} {} {}", subsystem, row, i),
                              static_cast<std::uint32_t>(*value));
      }
      families.add(names[i], "A statistic of a cache in /proc/net/stat.", kCounter,
                   {{"cpu", row}, {"subsystem", subsystem}}, static_cast<double>(*value));
    }
  }
  return {};
}

Result<std::vector<MetricSource>> collect_lnstat(const Scrape& scrape, Widener& widener) {
  const Files& files = *scrape.node().files;
  const std::string directory = net_path(files, "stat");
  const auto subsystems = or_unsupported(files.list(directory));
  if (!subsystems) return std::unexpected(subsystems.error());
  FamilyList families;
  for (const std::string& subsystem : *subsystems) {
    const std::string path = fmt::format("{}/{}", directory, subsystem);
    const auto text = files.read(path);
    if (!text) {
      if (text.error().reason == Reason::vanished) continue;  // its module was unloaded
      return std::unexpected(text.error());
    }
    if (auto done = add_lnstat(families, widener, path, subsystem, *text); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  return families.take();
}

}  // namespace

Collector lnstat_collector() {
  return {.name = "lnstat",
          .help = "statistics of the kernel's network caches",
          .enabled_by_default = false,
          .make = [](const CollectorOptions&) -> Result<Collect> {
            const auto widener = std::make_shared<Widener>();
            return [widener](Scrape& scrape) { return collect_lnstat(scrape, *widener); };
          }};
}

}  // namespace hostnet
