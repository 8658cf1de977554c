#include "agent/render/html/html_network.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

#include "agent/render/html/html_parts.h"
#include "agent/render/network_text.h"
#include "agent/render/network_words.h"
#include "collectors/framework/route_labels.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

// "1.2 GiB".
std::string bytes_words(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= kStep && unit + 1 < kUnits.size()) {
    amount /= kStep;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

std::string small_words(const std::string& words) {
  return words.empty() ? "" : "<small>" + html_text(words) + "</small>";
}

std::string state_badge(const Link& link) {
  const auto words = state_words(link);
  if (words == "up") return html_badge("good", "✓", words);
  // Loopback and TUN devices report no state, but work.
  if (words == "unknown") return html_badge("", "•", words);
  return html_badge(words == "off" ? "" : "warning", words == "off" ? "–" : "▲", words);
}

std::string labelled(std::string_view what, std::uint64_t received, std::uint64_t sent) {
  const auto words = both_ways(received, sent);
  return words.empty() ? "" : fmt::format("{} {}", what, words);
}

// The script draws the rates: it knows the previous counters.
std::string traffic_cell(const LinkStats& stats) {
  return fmt::format(
      "<td role=\"cell\" data-label=\"Traffic\"><div class=\"traffic nowrap\" data-received=\"{}\" "
      "data-sent=\"{}\">{}</div></td>",
      stats.rx_bytes, stats.tx_bytes,
      html_text(
          fmt::format("rx {} tx {}", bytes_words(stats.rx_bytes), bytes_words(stats.tx_bytes))));
}

std::string interface_row(const Interface& interface) {
  const Link& link = interface.link;
  std::vector<std::string> addresses;
  for (const Address& address : interface.addresses) {
    addresses.push_back("<span class=\"mono\">" +
                        html_text(prefix_words(address.ip, address.prefix_length)) + "</span>");
  }
  std::vector<std::string> trouble;
  for (const auto& words : {labelled("errors", link.stats.rx_errors, link.stats.tx_errors),
                            labelled("drops", link.stats.rx_dropped, link.stats.tx_dropped),
                            link.carrier_changes.value_or(0) > 2
                                ? fmt::format("{} carrier changes", *link.carrier_changes)
                                : std::string()}) {
    if (!words.empty()) trouble.push_back(html_text(words));
  }
  return "<tr role=\"row\">" +
         html_cell("Interface", "<span class=\"port name\">" + html_text(link.name) + "</span>" +
                                    small_words(kind_words(link))) +
         html_cell("State", state_badge(link)) + html_cell("Addresses", html_list(addresses)) +
         html_cell("Master", html_text(interface.master)) +
         html_cell("MTU", std::to_string(link.mtu) + small_words(speed_words(interface.speed)),
                   "nowrap") +
         traffic_cell(link.stats) + html_cell("Errors, drops", html_list(trouble)) +
         html_cell("Details", html_text(interface_details(interface))) + "</tr>\n";
}

std::string route_row(const Routes& routes, const Route& route) {
  const auto mono = [](const std::string& words) {
    return words.empty() ? "" : "<span class=\"mono\">" + html_text(words) + "</span>";
  };
  auto destination = mono(prefix_words(route.destination, route.prefix_length));
  if (route.preferred_source) {
    destination += small_words("from " + route.preferred_source->to_string());
  }
  std::vector<std::string> gateways, devices;
  for (const NextHop& hop : route.next_hops) {
    if (hop.gateway) {
      gateways.push_back(mono(hop.gateway->to_string()) +
                         (hop.weight == 1 ? "" : fmt::format(" weight {}", hop.weight)));
    }
    devices.push_back(html_text(device_words(routes, hop)));
  }
  return "<tr role=\"row\">" + html_cell("Destination", destination) +
         html_cell("Gateway", html_list(gateways)) + html_cell("Device", html_list(devices)) +
         html_cell("Table", html_text(route_table_label(route.table))) +
         html_cell("Protocol", html_text(route_protocol(route.protocol))) +
         html_cell("Scope", html_text(route_scope(route.scope))) +
         html_cell("Metric", route.priority ? std::to_string(*route.priority) : "") +
         html_cell("Type", html_text(route_type(route.type))) + "</tr>\n";
}

// Below a table that does not show everything.
std::string more_rows(const NetworkScan& scan, std::string_view path, std::string_view hint,
                      bool brief) {
  if (scan.more == 0 && !scan.stopped) return "";
  const auto count = scan.stopped ? std::string("More") : fmt::format("{} more", scan.more);
  if (brief) return fmt::format("<p class=\"empty\"><a href=\"{}\">{}</a></p>", path, count);
  return fmt::format("<p class=\"empty\">{}: <code>{}</code></p>", count, html_text(hint));
}

std::string nothing_there(const NetworkScan& scan, std::string_view title, std::string_view words) {
  return fmt::format("<h2>{}</h2><p class=\"empty\">{}</p>", title,
                     scan.problems.empty() ? words : "They could not be read.");
}

}  // namespace

std::string html_interfaces(const Interfaces& interfaces, bool brief) {
  if (interfaces.rows.empty()) {
    return html_card("interfaces",
                     nothing_there(interfaces.scan, "Interfaces", "There is no such interface."));
  }
  std::string rows;
  for (const Interface& row : interfaces.rows) rows += interface_row(row);
  return html_card("interfaces",
                   "<table role=\"table\">" +
                       html_caption("Interfaces", interfaces.rows.size() + interfaces.scan.more) +
                       html_header_row({"Interface", "State", "Addresses", "Master", "MTU",
                                        "Traffic", "Errors, drops", "Details"}) +
                       "<tbody>" + rows + "</tbody></table>" +
                       more_rows(interfaces.scan, "interfaces", kMoreInterfaces, brief));
}

std::string html_routes(const Routes& routes, bool brief) {
  if (routes.rows.empty()) {
    return html_card("routes", nothing_there(routes.scan, "Routes", "There is no such route."));
  }
  std::string rows;
  for (const Route& row : routes.rows) rows += route_row(routes, row);
  return html_card("routes", "<table role=\"table\">" +
                                 html_caption("Routes", routes.rows.size() + routes.scan.more) +
                                 html_header_row({"Destination", "Gateway", "Device", "Table",
                                                  "Protocol", "Scope", "Metric", "Type"}) +
                                 "<tbody>" + rows + "</tbody></table>" +
                                 more_rows(routes.scan, "routes", kMoreRoutes, brief));
}

}  // namespace hostnet
