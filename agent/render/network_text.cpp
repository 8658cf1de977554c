#include "agent/render/network_text.h"

#include "agent/render/network_words.h"
#include "agent/render/table/fold.h"
#include "agent/render/table/table.h"
#include "collectors/framework/route_labels.h"
#include "netlink/base/escape.h"

namespace hostnet {

std::string interfaces_text(const Interfaces& interfaces, const TextStyle& style) {
  TextTable table({"NAME", "KIND", "STATE", "MASTER", "MTU", "SPEED", "ADDRESSES", "ERRORS",
                   "DROPS", "CARRIER CHANGES", "DETAILS"});
  for (const Interface& row : interfaces.rows) {
    const LinkStats& stats = row.link.stats;
    std::string addresses;
    for (const Address& address : row.addresses) {
      if (!addresses.empty()) addresses += ", ";
      addresses += prefix_words(address.ip, address.prefix_length);
    }
    table.add({row.link.name, kind_words(row.link), std::string(state_words(row.link)), row.master,
               std::to_string(row.link.mtu), speed_words(row.speed), std::move(addresses),
               both_ways(stats.rx_errors, stats.tx_errors),
               both_ways(stats.rx_dropped, stats.tx_dropped),
               row.link.carrier_changes ? std::to_string(*row.link.carrier_changes) : "",
               interface_details(row)});
  }
  return table.text(style) +
         folded(terminal_text(rows_words(interfaces.scan, interfaces.rows.size(), "interface",
                                         "interfaces", kMoreInterfaces)),
                style.width);
}

std::string routes_text(const Routes& routes, const TextStyle& style) {
  TextTable table({"DESTINATION", "GATEWAY", "DEVICE", "TABLE", "PROTOCOL", "SCOPE", "METRIC",
                   "TYPE", "SOURCE"});
  for (const Route& route : routes.rows) {
    table.add({prefix_words(route.destination, route.prefix_length), gateways_words(route),
               devices_words(routes, route), route_table_label(route.table),
               route_protocol(route.protocol), route_scope(route.scope),
               route.priority ? std::to_string(*route.priority) : "",
               std::string(route_type(route.type)),
               route.preferred_source ? route.preferred_source->to_string() : ""});
  }
  return table.text(style) + folded(terminal_text(rows_words(routes.scan, routes.rows.size(),
                                                             "route", "routes", kMoreRoutes)),
                                    style.width);
}

}  // namespace hostnet
