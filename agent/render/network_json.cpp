#include "agent/render/network_json.h"

#include "agent/render/json_parts.h"
#include "agent/render/network_words.h"
#include "collectors/framework/route_labels.h"
#include "collectors/netclass_device.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

Json ip_or_null(const std::optional<IpAddress>& ip) {
  return ip ? Json(ip->to_string()) : Json(nullptr);
}

Json network_scan_json(const NetworkScan& scan) {
  return Json{{"api_version", kApiVersion},
              {"node", scan.node},
              {"generated_at", rfc3339(scan.generated_at)},
              {"complete", scan.problems.empty()},
              {"problems", json_array(scan.problems, problem_json)},
              {"limits", Json::array()},
              {"more", scan.stopped ? Json(nullptr) : Json(scan.more)}};
}

Json statistics_json(const LinkStats& stats) {
  return Json{{"rx_bytes", stats.rx_bytes},
              {"tx_bytes", stats.tx_bytes},
              {"rx_packets", stats.rx_packets},
              {"tx_packets", stats.tx_packets},
              {"rx_errors", stats.rx_errors},
              {"tx_errors", stats.tx_errors},
              {"rx_dropped", stats.rx_dropped},
              {"tx_dropped", stats.tx_dropped},
              {"rx_missed_errors", stats.rx_missed_errors},
              {"rx_fifo_errors", stats.rx_fifo_errors},
              {"rx_nohandler", stats.rx_nohandler},
              {"tx_carrier_errors", stats.tx_carrier_errors},
              {"multicast", stats.multicast},
              {"collisions", stats.collisions}};
}

Json interface_json(const Interface& interface) {
  const Link& link = interface.link;
  auto addresses = Json::array();
  for (const Address& address : interface.addresses) {
    addresses.push_back({{"address", address.ip.to_string()},
                         {"prefix_length", address.prefix_length},
                         {"scope", route_scope(address.scope)}});
  }
  return Json{{"index", link.index},
              {"name", link.name},
              {"alternative_names", link.alternative_names},
              {"alias", link.alias},
              {"kind", link.kind},
              {"switched_on", is_switched_on(link)},
              {"state", operational_state(link)},
              {"carrier", or_null(link.carrier)},
              {"carrier_changes", or_null(link.carrier_changes)},
              {"master", interface.master},
              {"lower", interface.lower},
              {"mtu", link.mtu},
              {"speed_mbit", or_null(interface.speed)},
              {"mac", hardware_address(link.address)},
              {"addresses", std::move(addresses)},
              {"network_id", or_null(interface.network_id)},
              {"tunnel_port", or_null(link.tunnel_port)},
              {"virtual_functions", link.virtual_functions.size()},
              {"statistics", statistics_json(link.stats)}};
}

Json route_json(const Routes& routes, const Route& route) {
  auto hops = Json::array();
  for (const NextHop& hop : route.next_hops) {
    hops.push_back({{"gateway", ip_or_null(hop.gateway)},
                    {"device", device_words(routes, hop)},
                    {"weight", hop.weight}});
  }
  return Json{{"family", to_string(route.family)},
              {"table", route_table_label(route.table)},
              {"destination", prefix_words(route.destination, route.prefix_length)},
              {"next_hops", std::move(hops)},
              {"protocol", route_protocol(route.protocol)},
              {"scope", route_scope(route.scope)},
              {"type", route_type(route.type)},
              {"metric", or_null(route.priority)},
              {"source", ip_or_null(route.preferred_source)}};
}

}  // namespace

std::string interfaces_json(const Interfaces& interfaces) {
  return line_with_list(network_scan_json(interfaces.scan), "interfaces", interfaces.rows,
                        interface_json);
}

std::string routes_json(const Routes& routes) {
  return line_with_list(network_scan_json(routes.scan), "routes", routes.rows,
                        [&](const Route& route) { return route_json(routes, route); });
}

}  // namespace hostnet
