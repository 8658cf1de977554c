#include "agent/render/json/network_json.h"

#include "agent/ports/protocols.h"
#include "agent/render/json/finding_json.h"
#include "agent/render/json/json_fields.h"
#include "agent/render/json_parts.h"
#include "agent/render/network_words.h"
#include "collectors/framework/route_labels.h"
#include "collectors/netclass_device.h"
#include "netlink/base/times.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

Json ip_or_null(const std::optional<IpAddress>& ip) {
  return ip ? Json(ip->to_string()) : Json(nullptr);
}

constexpr JsonField<NetworkScan> kNetworkScanFields[]{
    {"api_version", []() -> Json { return {{"const", kApiVersion}}; },
     [](const NetworkScan& /*of*/) { return Json(kApiVersion); }},
    {"node", a_string, [](const NetworkScan& it) { return Json(it.node); }},
    {"generated_at", a_time, [](const NetworkScan& it) { return Json(rfc3339(it.generated_at)); }},
    {"complete", a_boolean, [](const NetworkScan& it) { return Json(it.problems.empty()); }},
    {"problems", list_of<ref<"Problem">>,
     [](const NetworkScan& it) { return Json(json_array(it.problems, problem_json)); }},
    {"limits", list_of<ref<"Problem">>,
     [](const NetworkScan& /*of*/) { return Json(Json::array()); }},
    {"more", or_nothing<an_integer>,
     [](const NetworkScan& it) { return Json(it.stopped ? Json(nullptr) : Json(it.more)); },
     "rows that the limit left out; null: not counted"},
};

constexpr JsonField<LinkStats> kStatisticsFields[]{
    {"rx_bytes", an_integer, [](const LinkStats& it) { return Json(it.rx_bytes); }},
    {"tx_bytes", an_integer, [](const LinkStats& it) { return Json(it.tx_bytes); }},
    {"rx_packets", an_integer, [](const LinkStats& it) { return Json(it.rx_packets); }},
    {"tx_packets", an_integer, [](const LinkStats& it) { return Json(it.tx_packets); }},
    {"rx_errors", an_integer, [](const LinkStats& it) { return Json(it.rx_errors); }},
    {"tx_errors", an_integer, [](const LinkStats& it) { return Json(it.tx_errors); }},
    {"rx_dropped", an_integer, [](const LinkStats& it) { return Json(it.rx_dropped); }},
    {"tx_dropped", an_integer, [](const LinkStats& it) { return Json(it.tx_dropped); }},
    {"rx_missed_errors", an_integer, [](const LinkStats& it) { return Json(it.rx_missed_errors); }},
    {"rx_fifo_errors", an_integer, [](const LinkStats& it) { return Json(it.rx_fifo_errors); }},
    {"rx_nohandler", an_integer, [](const LinkStats& it) { return Json(it.rx_nohandler); }},
    {"tx_carrier_errors", an_integer,
     [](const LinkStats& it) { return Json(it.tx_carrier_errors); }},
    {"multicast", an_integer, [](const LinkStats& it) { return Json(it.multicast); }},
    {"collisions", an_integer, [](const LinkStats& it) { return Json(it.collisions); }},
};

constexpr JsonField<Address> kAddressFields[]{
    {"address", a_string, [](const Address& it) { return Json(it.ip.to_string()); }},
    {"prefix_length", an_integer, [](const Address& it) { return Json(it.prefix_length); }},
    {"scope", a_string, [](const Address& it) { return Json(route_scope(it.scope)); }},
};

constexpr JsonField<Interface> kInterfaceFields[]{
    {"index", an_integer, [](const Interface& it) { return Json(it.link.index); }},
    {"name", a_string, [](const Interface& it) { return Json(it.link.name); }},
    {"alternative_names", list_of<a_string>,
     [](const Interface& it) { return Json(it.link.alternative_names); }},
    {"alias", a_string, [](const Interface& it) { return Json(it.link.alias); }},
    {"kind", a_string, [](const Interface& it) { return Json(it.link.kind); }},
    {"switched_on", a_boolean, [](const Interface& it) { return Json(is_switched_on(it.link)); }},
    {"state", a_string, [](const Interface& it) { return Json(operational_state(it.link)); }},
    {"carrier", or_nothing<a_boolean>,
     [](const Interface& it) { return Json(or_null(it.link.carrier)); }},
    {"carrier_changes", or_nothing<an_integer>,
     [](const Interface& it) { return Json(or_null(it.link.carrier_changes)); }},
    {"master", a_string, [](const Interface& it) { return Json(it.master); }},
    {"lower", a_string, [](const Interface& it) { return Json(it.lower); }},
    {"mtu", an_integer, [](const Interface& it) { return Json(it.link.mtu); }},
    {"speed_mbit", or_nothing<an_integer>,
     [](const Interface& it) { return Json(or_null(it.speed)); }},
    {"mac", a_string, [](const Interface& it) { return Json(hardware_address(it.link.address)); }},
    {"addresses", list_of<ref<"Address">>,
     [](const Interface& it) {
       return Json(json_array(it.addresses, [](const Address& address) {
         return object_of<Address>(kAddressFields, address);
       }));
     }},
    {"network_id", or_nothing<an_integer>,
     [](const Interface& it) { return Json(or_null(it.network_id)); }, "VLAN id or VNI"},
    {"tunnel_port", or_nothing<a_port>,
     [](const Interface& it) { return Json(or_null(it.link.tunnel_port)); }},
    {"virtual_functions", an_integer,
     [](const Interface& it) { return Json(it.link.virtual_functions.size()); }},
    {"statistics", ref<"Statistics">,
     [](const Interface& it) {
       return Json(object_of<LinkStats>(kStatisticsFields, it.link.stats));
     }},
};

// A route needs the names of its devices.
struct NamedRoute {
  const Routes& routes;
  const Route& route;
};
struct NamedHop {
  const Routes& routes;
  const NextHop& hop;
};

constexpr JsonField<NamedHop> kHopFields[]{
    {"gateway", or_nothing<a_string>,
     [](const NamedHop& it) { return Json(ip_or_null(it.hop.gateway)); }},
    {"device", a_string, [](const NamedHop& it) { return Json(device_words(it.routes, it.hop)); }},
    {"weight", an_integer, [](const NamedHop& it) { return Json(it.hop.weight); }},
};

Json hops_json(const NamedRoute& named) {
  return json_array(named.route.next_hops, [&](const NextHop& hop) {
    return object_of<NamedHop>(kHopFields, {named.routes, hop});
  });
}

constexpr JsonField<NamedRoute> kRouteFields[]{
    {"family", one_of<kAddressFamilies>,
     [](const NamedRoute& it) { return Json(to_string(it.route.family)); }},
    {"table", a_string,
     [](const NamedRoute& it) { return Json(route_table_label(it.route.table)); }},
    {"destination", a_string,
     [](const NamedRoute& it) {
       return Json(prefix_words(it.route.destination, it.route.prefix_length));
     }},
    {"next_hops", list_of<ref<"NextHop">>,
     [](const NamedRoute& it) { return Json(hops_json(it)); }},
    {"protocol", a_string,
     [](const NamedRoute& it) { return Json(route_protocol(it.route.protocol)); }},
    {"scope", a_string, [](const NamedRoute& it) { return Json(route_scope(it.route.scope)); }},
    {"type", a_string, [](const NamedRoute& it) { return Json(route_type(it.route.type)); }},
    {"metric", or_nothing<an_integer>,
     [](const NamedRoute& it) { return Json(or_null(it.route.priority)); }},
    {"source", or_nothing<a_string>,
     [](const NamedRoute& it) { return Json(ip_or_null(it.route.preferred_source)); }},
};

}  // namespace

std::string interfaces_json(const Interfaces& interfaces) {
  return line_with_list(
      object_of<NetworkScan>(kNetworkScanFields, interfaces.scan), "interfaces", interfaces.rows,
      [](const Interface& interface) { return object_of<Interface>(kInterfaceFields, interface); });
}

std::string routes_json(const Routes& routes) {
  return line_with_list(
      object_of<NetworkScan>(kNetworkScanFields, routes.scan), "routes", routes.rows,
      [&](const Route& route) { return object_of<NamedRoute>(kRouteFields, {routes, route}); });
}

void add_network_schemas(Json& schemas) {
  schemas["Statistics"] = schema_of<LinkStats>(kStatisticsFields);
  schemas["Address"] = schema_of<Address>(kAddressFields);
  schemas["Interface"] = schema_of<Interface>(kInterfaceFields);
  schemas["NextHop"] = schema_of<NamedHop>(kHopFields);
  schemas["Route"] = schema_of<NamedRoute>(kRouteFields);
  const std::span<const JsonField<NetworkScan>> scan = kNetworkScanFields;
  schemas["Interfaces"] = schema_of_list(scan, "interfaces", ref<"Interface">());
  schemas["Routes"] = schema_of_list(scan, "routes", ref<"Route">());
}

}  // namespace hostnet
