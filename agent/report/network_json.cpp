#include "agent/report/network_json.h"

#include <nlohmann/json.hpp>

#include "agent/report/network_words.h"
#include "agent/report/times.h"
#include "collectors/framework/route_labels.h"

namespace hostnet {
namespace {

using NetworkJson = nlohmann::ordered_json;

template <class T>
NetworkJson value_or_null(const std::optional<T>& value) {
  return value ? NetworkJson(*value) : NetworkJson(nullptr);
}

NetworkJson ip_or_null(const std::optional<IpAddress>& ip) {
  return ip ? NetworkJson(ip->to_string()) : NetworkJson(nullptr);
}

NetworkJson network_look_json(const NetworkLook& look) {
  auto problems = NetworkJson::array();
  for (const Problem& problem : look.problems) {
    problems.push_back(
        {{"code", problem.code}, {"message", problem.message}, {"remedy", problem.remedy}});
  }
  return NetworkJson{{"api_version", "v1"},
                     {"node", look.node},
                     {"generated_at", rfc3339(look.generated_at)},
                     {"complete", look.problems.empty()},
                     {"problems", std::move(problems)},
                     {"limits", NetworkJson::array()},
                     {"more", look.stopped ? NetworkJson(nullptr) : NetworkJson(look.more)}};
}

NetworkJson statistics_json(const LinkStats& stats) {
  return NetworkJson{{"rx_bytes", stats.rx_bytes},
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

NetworkJson interface_json(const Interface& interface) {
  const Link& link = interface.link;
  auto addresses = NetworkJson::array();
  for (const Address& address : interface.addresses) {
    addresses.push_back({{"address", address.ip.to_string()},
                         {"prefix_length", address.prefix_length},
                         {"scope", route_scope(address.scope)}});
  }
  return NetworkJson{{"index", link.index},
                     {"name", link.name},
                     {"alternative_names", link.alternative_names},
                     {"alias", link.alias},
                     {"kind", link.kind},
                     {"switched_on", is_switched_on(link)},
                     {"state", operational_state(link)},
                     {"carrier", value_or_null(link.carrier)},
                     {"carrier_changes", value_or_null(link.carrier_changes)},
                     {"master", interface.master},
                     {"lower", interface.lower},
                     {"mtu", link.mtu},
                     {"speed_mbit", value_or_null(interface.speed)},
                     {"mac", mac_words(link)},
                     {"addresses", std::move(addresses)},
                     {"network_id", value_or_null(interface.network_id)},
                     {"tunnel_port", value_or_null(link.tunnel_port)},
                     {"virtual_functions", link.virtual_functions.size()},
                     {"statistics", statistics_json(link.stats)}};
}

NetworkJson route_json(const Routes& routes, const Route& route) {
  auto hops = NetworkJson::array();
  for (const NextHop& hop : route.next_hops) {
    hops.push_back({{"gateway", ip_or_null(hop.gateway)},
                    {"device", device_words(routes, hop)},
                    {"weight", hop.weight}});
  }
  return NetworkJson{{"family", to_string(route.family)},
                     {"table", route_table_label(route.table)},
                     {"destination", prefix_words(route.destination, route.prefix_length)},
                     {"next_hops", std::move(hops)},
                     {"protocol", route_protocol(route.protocol)},
                     {"scope", route_scope(route.scope)},
                     {"type", route_type(route.type)},
                     {"metric", value_or_null(route.priority)},
                     {"source", ip_or_null(route.preferred_source)}};
}

std::string in_utf8(const NetworkJson& json) {
  return json.dump(-1, ' ', false, NetworkJson::error_handler_t::replace);
}

// Row by row: as one tree, ten thousand rows would take many times their text.
template <class Rows, class Convert>
std::string with_rows(const NetworkLook& look, std::string_view name, const Rows& rows,
                      const Convert& convert) {
  std::string text = in_utf8(network_look_json(look));
  text.pop_back();
  text += ",\"";
  text += name;
  text += "\":[";
  std::string_view before;
  for (const auto& row : rows) {
    text += before;
    text += in_utf8(convert(row));
    before = ",";
  }
  return text + "]}\n";
}

}  // namespace

std::string interfaces_json(const Interfaces& interfaces) {
  return with_rows(interfaces.look, "interfaces", interfaces.rows, interface_json);
}

std::string routes_json(const Routes& routes) {
  return with_rows(routes.look, "routes", routes.rows,
                   [&](const Route& route) { return route_json(routes, route); });
}

}  // namespace hostnet
