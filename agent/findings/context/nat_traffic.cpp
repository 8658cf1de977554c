#include "agent/findings/context/nat_traffic.h"

#include <algorithm>
#include <vector>

#include "agent/ports/nat/service_addresses.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kLoopbackDevice = 772;  // ARPHRD_LOOPBACK
constexpr IpAddress kLoopback4{.family = AddressFamily::ipv4, .bytes = {127, 0, 0, 1}};
constexpr IpAddress kLoopback6{.family = AddressFamily::ipv6,
                               .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

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

// From other machines: not over loopback.
bool may_arrive_on(const InterfaceMatches& interfaces, const PortSnapshot& table) {
  return std::ranges::any_of(table.links, [&](const Link& link) {
    return link.type != kLoopbackDevice && contains(interfaces, link.name);
  });
}

bool takes_packets_to(const NatRule& rule, const IpAddress& address, const PortSnapshot& table) {
  if (rule.scope.family.value_or(address.family) != address.family) return false;
  if (rule.scope.destination && !rule.scope.destination->contains(address)) return false;
  if (rule.output) return true;
  if (!rule.prerouting || address.is_loopback()) return false;
  return rule.scope.arrives_on.empty() || may_arrive_on(rule.scope.arrives_on, table);
}

bool leads_to(const NatTarget& target, const Bind& server, std::uint16_t port,
              const PortSnapshot& table) {
  if (target.port != 0 && !PortSpan{target.port, target.last_port}.contains(port)) return false;
  if (!target.address) return true;
  const AddressSpan span{*target.address, target.last_address.value_or(*target.address)};
  return std::ranges::any_of(served_addresses(server, table),
                             [&](const IpAddress& address) { return span.contains(address); });
}

}  // namespace

TakenTraffic& TakenTraffic::operator|=(TakenTraffic other) {
  ipv4 = ipv4 || other.ipv4;
  ipv6 = ipv6 || other.ipv6;
  return *this;
}

TakenTraffic taken_traffic(const NatRule& rule, const Bind& server, const PortSnapshot& table) {
  TakenTraffic taken;
  for (const IpAddress& address : served_addresses(server, table)) {
    if (!takes_packets_to(rule, address, table)) continue;
    (address.family == AddressFamily::ipv4 ? taken.ipv4 : taken.ipv6) = true;
  }
  return taken;
}

std::optional<bool> leads_back(const NatRule& rule, const Bind& server, std::uint16_t port,
                               const PortSnapshot& table) {
  if (rule.effect == NatEffect::reject) return false;
  const bool leads = std::ranges::any_of(
      rule.targets, [&](const NatTarget& target) { return leads_to(target, server, port, table); });
  if (leads) return true;
  if (rule.targets.empty() || rule.targets.size() >= kMostTargets) return std::nullopt;
  return false;
}

TrafficLoss traffic_loss(const NatRule& rule, const Bind& server, std::uint16_t port,
                         const PortSnapshot& table) {
  if (!taken_traffic(rule, server, table).any()) return TrafficLoss::none;
  const auto back = leads_back(rule, server, port, table);
  if (back == true) return TrafficLoss::none;
  return back && !rule.scope.is_conditional() ? TrafficLoss::certain : TrafficLoss::possible;
}

}  // namespace hostnet
