// The number of routes, counted while the kernel sends them (RTM_GETROUTE): a node
// with a million of them costs no memory.

#include <map>
#include <tuple>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/route_labels.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kRoutesPerClockRead = 4096;

std::string routes_protocol_label(std::uint8_t protocol) {
  const std::string_view name = route_protocol_name(protocol);
  return name.empty() ? std::to_string(protocol) : std::string(name);
}

Result<std::vector<MetricSource>> collect_routes(Scrape& scrape) {
  const Node& node = scrape.node();
  std::map<std::tuple<AddressFamily, std::uint32_t, std::uint8_t>, std::uint64_t> counts;
  std::uint64_t seen = 0;
  const auto on_message = [&](const NetlinkMessage& message) -> Result<> {
    const auto route = decode_route(message);
    if (!route) return std::unexpected(route.error());
    if (*route) ++counts[{(*route)->family, (*route)->table, (*route)->protocol}];
    if (++seen % kRoutesPerClockRead == 0 && node.clock->steady() > scrape.deadline()) {
      return failure(Reason::timeout, "counting routes: out of time");
    }
    return {};
  };
  if (auto done = node.netlink->dump(routes_request(), {[&] { counts.clear(); }, on_message});
      !done) {
    return std::unexpected(std::move(done).error());
  }
  FamilyList families;
  for (const auto& [key, count] : counts) {
    const auto& [family, table, protocol] = key;
    families.add("hostnet_routes", "Routes of every type, by who made them.", kGauge,
                 {{"family", to_string(family)},
                  {"protocol", routes_protocol_label(protocol)},
                  {"table", route_table_label(table)}},
                 static_cast<double>(count));
  }
  return families.take();
}

}  // namespace

Collector routes_collector() {
  return {.name = "routes",
          .help = "number of routes",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_routes; }};
}

}  // namespace hostnet
