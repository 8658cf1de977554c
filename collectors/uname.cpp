// The result of uname(2), read when the agent started.

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

Result<std::vector<MetricSource>> collect_uname(Scrape& scrape) {
  const Identity& identity = scrape.node().identity;
  FamilyList families;
  families.add("node_uname_info", "The system as uname(2) names it.", kGauge,
               {{"domainname", identity.domainname},
                {"machine", identity.machine},
                {"nodename", identity.nodename},
                {"release", identity.release},
                {"sysname", identity.sysname},
                {"version", identity.version}},
               1);
  return families.take();
}

}  // namespace

Collector uname_collector() {
  return {.name = "uname",
          .help = "kernel and node name",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_uname; }};
}

}  // namespace hostnet
