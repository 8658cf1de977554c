#include "agent/findings/context/nat_traffic.h"

#include <algorithm>
#include <vector>

#include "agent/ports/nat/service_addresses.h"
#include "netlink/base/ranges.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

constexpr IpAddress kLoopback4{.family = AddressFamily::ipv4, .bytes = {127, 0, 0, 1}};
constexpr IpAddress kLoopback6{.family = AddressFamily::ipv6,
                               .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

bool serves_family(const Bind& server, AddressFamily family) {
  const IpAddress local = server.address.unmapped();
  if (local.family == family) return true;
  return local.family == AddressFamily::ipv6 && local.is_wildcard() && server.v6only != true;
}

std::vector<IpAddress> served_addresses(const Bind& server, const PortSnapshot& table) {
  const IpAddress local = server.address.unmapped();
  if (local.is_multicast()) return {};
  if (!local.is_wildcard()) {
    if (is_only_a_services(local, table)) return {};
    return {local};
  }
  const auto services = service_devices(table.links);
  std::vector<IpAddress> served;
  for (const IpAddress& loopback : {kLoopback4, kLoopback6}) {
    if (serves_family(server, loopback.family)) served.push_back(loopback);
  }
  for (const Address& row : table.addresses) {
    if (serves_family(server, row.ip.family) && !is_service_address(row, services)) {
      served.push_back(row.ip);
    }
  }
  return served;
}

// Packets from other machines never arrive on loopback.
bool may_arrive_on(const InterfaceMatches& interfaces, const PortSnapshot& table) {
  return std::ranges::any_of(table.links, [&](const Link& link) {
    return !is_loopback(link) && matches_interface(interfaces, link.name);
  });
}

// Where packets come from: other machines, or this one.
enum class Origin { elsewhere, here };

bool takes_packets_to(const NatRule& rule, const IpAddress& address, Origin origin,
                      const PortSnapshot& table) {
  if (rule.scope.family.value_or(address.family) != address.family) return false;
  if (rule.scope.destination && !rule.scope.destination->contains(address)) return false;
  if (origin == Origin::here) return rule.output;
  if (!rule.prerouting || address.is_loopback()) return false;
  return rule.scope.arrives_on.empty() || may_arrive_on(rule.scope.arrives_on, table);
}

bool takes_any(const NatRule& rule, const Bind& server, Origin origin, const PortSnapshot& table) {
  return std::ranges::any_of(served_addresses(server, table), [&](const IpAddress& address) {
    return takes_packets_to(rule, address, origin, table);
  });
}

// Whether the kernel routes packets that arrive on the rule's interfaces to 127.0.0.0/8; it never
// does for ::1.
std::optional<bool> reaches_loopback(const NatRule& rule, const PortSnapshot& table) {
  if (rule.scope.family == AddressFamily::ipv6) return false;
  if (!table.route_localnet) return std::nullopt;
  return std::ranges::any_of(*table.route_localnet, [&](const std::string& interface) {
    return matches_interface(rule.scope.arrives_on, interface);
  });
}

// A redirect sends local packets to loopback, others to the address of the interface on which they
// arrive.
bool leads_to_redirected(const NatRule& rule, const Bind& server, Origin origin,
                         const PortSnapshot& table) {
  const auto served = served_addresses(server, table);
  if (origin == Origin::here) return std::ranges::any_of(served, &IpAddress::is_loopback);
  return std::ranges::any_of(table.addresses, [&](const Address& row) {
    const Link* link = find_link(table.links, row.interface);
    return link != nullptr && matches_interface(rule.scope.arrives_on, link->name) &&
           contains(served, row.ip);
  });
}

std::optional<bool> leads_to(const NatTarget& target, const NatRule& rule, const Bind& server,
                             std::uint16_t port, Origin origin, const PortSnapshot& table) {
  if (target.port != 0 && !PortSpan{target.port, target.last_port}.contains(port)) return false;
  if (!target.address) {
    return rule.effect != NatEffect::redirect || leads_to_redirected(rule, server, origin, table);
  }
  const AddressSpan span{*target.address, target.last_address.value_or(*target.address)};
  const bool serves = std::ranges::any_of(
      served_addresses(server, table), [&](const auto& address) { return span.contains(address); });
  const bool strays = origin == Origin::elsewhere && target.address->is_loopback();
  return serves && strays ? reaches_loopback(rule, table) : serves;
}

std::optional<bool> leads_back(const NatRule& rule, const Bind& server, std::uint16_t port,
                               Origin origin, const PortSnapshot& table) {
  if (rule.effect == NatEffect::reject) return false;
  bool known = !rule.targets.empty() && rule.targets.size() < kMostTargets;
  for (const NatTarget& target : rule.targets) {
    const auto leads = leads_to(target, rule, server, port, origin, table);
    if (leads == true) return true;
    known = known && leads.has_value();
  }
  return known ? std::optional(false) : std::nullopt;
}

}  // namespace

bool is_only_a_services(const IpAddress& address, const PortSnapshot& table) {
  const auto services = service_devices(table.links);
  bool found = false;
  for (const Address& row : table.addresses) {
    if (row.ip != address) continue;
    if (!is_service_address(row, services)) return false;
    found = true;
  }
  return found;
}

bool takes_packets_to(const NatRule& rule, const IpAddress& address, const PortSnapshot& table) {
  return takes_packets_to(rule, address, Origin::elsewhere, table) ||
         takes_packets_to(rule, address, Origin::here, table);
}

TakenTraffic& TakenTraffic::operator|=(TakenTraffic other) {
  ipv4 = ipv4 || other.ipv4;
  ipv6 = ipv6 || other.ipv6;
  return *this;
}

TakenTraffic taken_traffic(const NatRule& rule, const Bind& server, const PortSnapshot& table) {
  TakenTraffic taken;
  for (const IpAddress& address : served_addresses(server, table)) {
    if (!takes_packets_to(rule, address, Origin::elsewhere, table) &&
        !takes_packets_to(rule, address, Origin::here, table)) {
      continue;
    }
    (address.family == AddressFamily::ipv4 ? taken.ipv4 : taken.ipv6) = true;
  }
  return taken;
}

std::optional<bool> leads_back(const NatRule& rule, const Bind& server, std::uint16_t port,
                               const PortSnapshot& table) {
  std::optional<bool> all = true;
  for (const Origin origin : {Origin::elsewhere, Origin::here}) {
    if (!takes_any(rule, server, origin, table)) continue;
    const auto back = leads_back(rule, server, port, origin, table);
    if (back == false) return false;
    if (!back) all.reset();
  }
  return all;
}

TrafficLoss traffic_loss(const NatRule& rule, const Bind& server, std::uint16_t port,
                         const PortSnapshot& table) {
  if (!taken_traffic(rule, server, table).any()) return TrafficLoss::none;
  const auto back = leads_back(rule, server, port, table);
  if (back == true) return TrafficLoss::none;
  return back && !rule.scope.is_conditional() ? TrafficLoss::certain : TrafficLoss::possible;
}

}  // namespace hostnet
