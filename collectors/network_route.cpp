// Every unicast route, one series for each of its next hops (RTM_GETROUTE).
// node_exporter's labels and a `table`: without it, the same prefix in two tables would
// be the same series twice.

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <map>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/link_names.h"
#include "collectors/framework/route_labels.h"
#include "netlink/base/ranges.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

// Compact, because a node may have very many; formatted when the page is written.
struct RouteHop {
  std::string_view device;  // view into the link dump
  IpAddress destination;
  std::optional<IpAddress> gateway, source;
  std::uint32_t priority{}, table{};
  std::uint32_t weight{};  // 0: the route has only one next hop
  std::uint8_t prefix_length{}, protocol{};
  auto operator<=>(const RouteHop&) const = default;
};

struct RouteFacts {
  std::shared_ptr<const std::vector<Link>> links;
  std::vector<RouteHop> hops;
  std::map<std::string_view, std::uint64_t> by_device;
};

std::string address_or_empty(const std::optional<IpAddress>& ip) {
  return ip ? ip->to_string() : std::string();
}

void add_route_info(Samples& family, const RouteHop& hop) {
  const std::string_view protocol = route_protocol_name(hop.protocol);
  add_sample(family,
             {{"dest", hop.prefix_length == 0
                           ? "default"
                           : fmt::format("{}/{}", hop.destination.to_string(), hop.prefix_length)},
              {"device", hop.device},
              {"gw", address_or_empty(hop.gateway)},
              {"priority", std::to_string(hop.priority)},
              {"proto", protocol.empty() ? "unknown" : protocol},
              {"src", address_or_empty(hop.source)},
              {"table", route_table_label(hop.table)},
              {"weight", hop.weight == 0 ? std::string() : std::to_string(hop.weight)}},
             1);
}

void add_hops(const Route& route, const LinkNames& names, RouteFacts& facts) {
  const auto add = [&](const NextHop& next, bool one_of_several) {
    const RouteHop hop{.device = names.of(next.interface),
                       .destination = route.destination,
                       .gateway = next.gateway,
                       .source = route.preferred_source,
                       .priority = route.priority.value_or(0),
                       .table = route.table,
                       .weight = one_of_several ? next.weight : 0,
                       .prefix_length = route.prefix_length,
                       .protocol = route.protocol};
    ++facts.by_device[hop.device];
    facts.hops.push_back(hop);
  };
  if (route.next_hops.empty()) add({}, false);
  for (const NextHop& next : route.next_hops) add(next, route.next_hops.size() > 1);
}

Result<std::vector<MetricSource>> collect_network_route(Scrape& scrape) {
  const auto links = scrape.links();
  if (!links) return std::unexpected(links.error());
  const auto facts = std::make_shared<RouteFacts>();
  facts->links = *links;
  const LinkNames names(**links);
  const auto on_message = [&](const NetlinkMessage& message) -> Result<> {
    const auto route = decode_route(message);
    if (!route) return std::unexpected(route.error());
    if (*route && (*route)->type == RTN_UNICAST) add_hops(**route, names, *facts);
    return {};
  };
  const auto forget = [&] {
    facts->hops.clear();
    facts->by_device.clear();
  };
  if (auto done = scrape.node().netlink->dump(routes_request(), {forget, on_message}); !done) {
    return std::unexpected(std::move(done).error());
  }

  // Routes that differ only in properties without a label (TOS, metrics) are one series.
  sort_unique(facts->hops);
  std::vector<MetricSource> families;
  families.push_back(
      per_item("node_network_route_info", "A unicast route and one next hop of it.", kGauge,
               std::shared_ptr<const std::vector<RouteHop>>(facts, &facts->hops), add_route_info));
  families.push_back({.name = "node_network_routes",
                      .help = "Unicast routes through each device, by next hop.",
                      .type = kGauge,
                      .stream = [facts](Samples& family) {
                        for (const auto& [device, count] : facts->by_device) {
                          add_sample(family, {{"device", device}}, static_cast<double>(count));
                        }
                      }});
  return families;
}

}  // namespace

Collector network_route_collector() {
  return {.name = "network_route",
          .help = "every unicast route",
          .enabled_by_default = false,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_network_route; }};
}

}  // namespace hostnet
