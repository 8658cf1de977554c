// Interrupts handled by each CPU, from /proc/interrupts.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <memory>
#include <span>

#include "collectors/framework/collector.h"
#include "collectors/framework/cpu_table.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 3> kInterruptsFlags = {{
    {"interrupts.name-include", CollectorFlag::Kind::text, "",
     "show only interrupts whose \"type;info;devices\" the expression is found in"},
    {"interrupts.name-exclude", CollectorFlag::Kind::text, "",
     "leave out interrupts whose \"type;info;devices\" the expression is found in"},
    {"interrupts.include-zeros", CollectorFlag::Kind::boolean, "true",
     "also show interrupts that a CPU never had"},
}};

struct Interrupts {
  DeviceFilter filter;
  bool zeros{};
  CpuCounters counters;

  Result<std::vector<MetricSource>> collect(Scrape& scrape);
};

Result<std::vector<MetricSource>> Interrupts::collect(Scrape& scrape) {
  std::string text;
  const auto table = read_cpu_table(*scrape.node().files, "proc/interrupts", text, counters);
  if (!table) return std::unexpected(table.error());
  FamilyList families;
  for (const CpuTable::Row& row : table->rows) {
    if (row.rest.empty()) continue;  // "ERR: 0" on a machine with one CPU
    // A device's interrupt is a number: its controller follows, then its devices.
    const bool of_device = parse_number<std::uint64_t>(row.name).has_value();
    const std::size_t words = of_device ? 1 : row.rest.size();
    const std::span<const std::string_view> rest(row.rest);
    const auto info = fmt::format("{}", fmt::join(rest.first(words), " "));
    const auto devices = fmt::format("{}", fmt::join(rest.subspan(words), " "));
    if (!filter.keeps(fmt::format("{};{};{}", row.name, info, devices))) continue;
    for (std::size_t i = 0; i < table->cpus.size(); ++i) {
      if (!zeros && row.values[i] == 0) continue;
      families.add(
          "node_interrupts_total", "Interrupts that a CPU handled.", kCounter,
          {{"cpu", table->cpus[i]}, {"devices", devices}, {"info", info}, {"type", row.name}},
          static_cast<double>(row.values[i]));
    }
  }
  return families.take();
}

Result<Collect> make_interrupts(const CollectorOptions& options) {
  auto filter =
      DeviceFilter::make("interrupts.name-include", options.text("interrupts.name-include"),
                         "interrupts.name-exclude", options.text("interrupts.name-exclude"));
  if (!filter) return std::unexpected(std::move(filter).error());
  const auto interrupts = std::make_shared<Interrupts>();
  interrupts->filter = std::move(*filter);
  interrupts->zeros = options.boolean("interrupts.include-zeros");
  return [interrupts](Scrape& scrape) { return interrupts->collect(scrape); };
}

}  // namespace

Collector interrupts_collector() {
  return {.name = "interrupts",
          .help = "interrupts by CPU and device",
          .enabled_by_default = false,
          .flags = kInterruptsFlags,
          .make = make_interrupts};
}

}  // namespace hostnet
