#include "agent/render/network_words.h"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <array>

#include "agent/render/words.h"
#include "collectors/framework/route_labels.h"
#include "collectors/netclass_device.h"
#include "netlink/base/text.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

// RTN_*, include/uapi/linux/rtnetlink.h.
constexpr std::array<std::string_view, 12> kRouteTypes{
    "unspec",    "unicast",     "local",    "broadcast", "anycast", "multicast",
    "blackhole", "unreachable", "prohibit", "throw",     "nat",     "xresolve"};

template <class Words>
std::string hops_joined(const Route& route, const Words& words) {
  std::string joined;
  for (const NextHop& hop : route.next_hops) {
    const std::string one = words(hop);
    if (one.empty()) continue;
    if (!joined.empty()) joined += ", ";
    joined += one;
  }
  return joined;
}

}  // namespace

bool is_switched_on(const Link& link) {
  return (link.flags & IFF_UP) != 0;
}

std::string_view state_words(const Link& link) {
  return is_switched_on(link) ? operational_state(link) : "off";
}

std::string kind_words(const Link& link) {
  if (!link.kind.empty()) return link.kind;
  return is_loopback(link) ? "loopback" : "hardware";
}

std::string prefix_words(const IpAddress& ip, unsigned length) {
  return fmt::format("{}/{}", ip.to_string(), length);
}

std::string speed_words(const std::optional<std::uint32_t>& mbit) {
  if (!mbit) return "";
  if (*mbit >= 1000 && *mbit % 100 == 0) return fmt::format("{} Gbit/s", *mbit / 1000.0);
  return fmt::format("{} Mbit/s", *mbit);
}

std::string interface_details(const Interface& interface) {
  std::string words;
  const auto add = [&words](const std::string& more) {
    if (!words.empty() && !more.empty()) words += " ";
    words += more;
  };
  if (interface.network_id) add(fmt::format("id {}", *interface.network_id));
  if (interface.link.tunnel_port) add(fmt::format("port {}", *interface.link.tunnel_port));
  if (!interface.lower.empty()) {
    add((interface.link.kind == "veth" ? "peer " : "on ") + interface.lower);
  }
  const auto functions = interface.link.virtual_functions.size();
  if (functions > 0) add(counted(functions, "VF", "VFs"));
  if (!interface.link.alias.empty()) add("\"" + interface.link.alias + "\"");
  return words;
}

std::string both_ways(std::uint64_t received, std::uint64_t sent) {
  return received == 0 && sent == 0 ? "" : fmt::format("rx {} tx {}", received, sent);
}

std::string_view route_type(std::uint8_t type) {
  return type < kRouteTypes.size() ? kRouteTypes.at(type) : std::string_view{};
}

std::string route_scope(std::uint8_t scope) {
  switch (scope) {  // RT_SCOPE_*, include/uapi/linux/rtnetlink.h
    case 0: return "global";
    case 200: return "site";
    case 253: return "link";
    case 254: return "host";
    case 255: return "nowhere";
    default: return std::to_string(scope);
  }
}

std::string route_protocol(std::uint8_t number) {
  const auto name = route_protocol_name(number);
  return name.empty() ? std::to_string(number) : std::string(name);
}

std::string device_words(const Routes& routes, const NextHop& hop) {
  if (hop.interface == 0) return "";
  const auto found = routes.devices.find(hop.interface);
  return found == routes.devices.end() ? fmt::format("if{}", hop.interface) : found->second;
}

std::string gateways_words(const Route& route) {
  return hops_joined(route, [](const NextHop& hop) -> std::string {
    if (!hop.gateway) return "";
    return hop.weight == 1 ? hop.gateway->to_string()
                           : fmt::format("{} weight {}", hop.gateway->to_string(), hop.weight);
  });
}

std::string devices_words(const Routes& routes, const Route& route) {
  return hops_joined(route, [&](const NextHop& hop) { return device_words(routes, hop); });
}

std::optional<std::uint8_t> parse_route_type(std::string_view word) {
  const auto* const found = std::ranges::find(kRouteTypes, word);
  if (found == kRouteTypes.end()) return parse_number<std::uint8_t>(word);
  return static_cast<std::uint8_t>(found - kRouteTypes.begin());
}

std::optional<std::uint8_t> parse_route_protocol(std::string_view word) {
  for (unsigned number = 0; number < 256; ++number) {
    const auto protocol = static_cast<std::uint8_t>(number);
    if (!word.empty() && route_protocol_name(protocol) == word) return protocol;
  }
  return parse_number<std::uint8_t>(word);
}

std::optional<std::uint32_t> parse_route_table(std::string_view word) {
  for (const std::uint32_t table : {253U, 254U, 255U}) {  // default, main, local
    if (route_table_label(table) == word) return table;
  }
  return parse_number<std::uint32_t>(word);
}

std::string rows_words(const NetworkScan& scan, std::size_t shown, std::string_view one,
                       std::string_view many, std::string_view hint) {
  std::string words = counted(shown, one, many);
  if (scan.stopped) {
    words += fmt::format(", and more: {}", hint);
  } else if (scan.more > 0) {
    words += fmt::format(", {} more: {}", scan.more, hint);
  }
  if (scan.problems.empty()) return words + "; complete";
  words += "; incomplete";
  std::string_view before = ": ";
  for (const Problem& problem : scan.problems) {
    words += fmt::format("{}{}", before, problem.message);
    before = ", ";
  }
  return words;
}

}  // namespace hostnet
