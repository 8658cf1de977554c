// Slaves of each bond, and the number of them with a link, from sysfs
// (drivers/net/bonding/bond_sysfs.c, bond_sysfs_slave.c).

#include <fmt/format.h>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

// Kernels before 3.19 name the slave's directory differently.
Result<std::string> slave_status(const Files& files, std::string_view bond,
                                 std::string_view slave) {
  auto status = read_value(
      files, fmt::format("sys/class/net/{}/lower_{}/bonding_slave/mii_status", bond, slave));
  if (status || status.error().reason != Reason::vanished) return status;
  return read_value(files,
                    fmt::format("sys/class/net/{}/slave_{}/bonding_slave/mii_status", bond, slave));
}

Result<std::vector<MetricSource>> collect_bonding(Scrape& scrape) {
  const Files& files = *scrape.node().files;
  const auto bonds = or_unsupported(files.read("sys/class/net/bonding_masters"));
  if (!bonds) return std::unexpected(bonds.error());
  FamilyList families;
  LineReader names("sys/class/net/bonding_masters", *bonds);
  if (!names.next()) return families.take();
  for (const std::string_view bond : names.fields()) {
    const auto list = read_value(files, fmt::format("sys/class/net/{}/bonding/slaves", bond));
    if (!list) continue;  // gone, or in another network namespace
    std::size_t slaves = 0;
    std::size_t active = 0;
    LineReader slave_names("slaves", *list);
    slave_names.next();
    for (const std::string_view slave : slave_names.fields()) {
      const auto status = slave_status(files, bond, slave);
      if (!status && status.error().reason == Reason::vanished) continue;  // released since
      ++slaves;
      if (status && *status == "up") ++active;
    }
    families.add("node_bonding_slaves", "Slaves of each bond.", kGauge, {{"master", bond}},
                 static_cast<double>(slaves));
    families.add("node_bonding_active", "Slaves of each bond that have a link.", kGauge,
                 {{"master", bond}}, static_cast<double>(active));
  }
  return families.take();
}

}  // namespace

Collector bonding_collector() {
  return {.name = "bonding",
          .help = "bonding slaves, configured and active",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_bonding; }};
}

}  // namespace hostnet
