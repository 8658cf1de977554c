// The kind and the master of each interface, from the scrape's link dump.

#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/link_names.h"

namespace hostnet {
namespace {

struct InterfaceFacts {
  explicit InterfaceFacts(std::shared_ptr<const std::vector<Link>> dump)
      : links(std::move(dump)), names(*links) {}
  std::shared_ptr<const std::vector<Link>> links;
  LinkNames names;
};

Result<std::vector<MetricSource>> collect_interfaces(Scrape& scrape) {
  auto links = scrape.links();
  if (!links) return std::unexpected(std::move(links).error());
  const auto facts = std::make_shared<const InterfaceFacts>(std::move(*links));
  std::vector<MetricSource> families;
  families.push_back(per_item(
      "hostnet_interface_info",
      "An interface, its kind (veth, bridge; empty for hardware) and its bridge, bond or VRF.",
      kGauge, facts->links, [facts](Samples& family, const Link& link) {
        add_sample(family,
                   {{"device", link.name},
                    {"kind", link.kind},
                    {"master", facts->names.of(link.master.value_or(0))}},
                   1);
      }));
  return families;
}

}  // namespace

Collector interfaces_collector() {
  return {.name = "interfaces",
          .help = "kind and master of each interface",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_interfaces; }};
}

}  // namespace hostnet
