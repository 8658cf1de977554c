#include "agent/ports/nat_rules.h"

#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "agent/ports/protocols.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

unsigned count_of_ports(const PortSpan& ports) {
  return ports.last - ports.first + 1U;
}

}  // namespace

NatRules::NatRules(Facts facts) : facts_(std::move(facts)) {
  for (std::uint32_t place = 0; place < facts_.rules.size(); ++place) {
    const NatRule& rule = facts_.rules[place];
    if (count_of_ports(rule.scope.ports) > kMostListedPorts) {
      wide_.push_back(place);
      continue;
    }
    for (const Protocol protocol : protocols_of(rule)) {
      for (unsigned port = rule.scope.ports.first; port <= rule.scope.ports.last; ++port) {
        by_port_.push_back({protocol, static_cast<std::uint16_t>(port), place});
      }
    }
  }
  std::ranges::sort(by_port_);
}

std::vector<const NatRule*> NatRules::on_port(Protocol protocol, std::uint16_t port) const {
  std::vector<std::uint32_t> places;
  const auto wanted = std::pair(protocol, port);
  const auto listed = std::ranges::equal_range(
      by_port_, wanted, {}, [](const Listed& one) { return std::pair(one.protocol, one.port); });
  for (const Listed& one : listed) places.push_back(one.place);
  for (const std::uint32_t place : wide_) {
    const PacketScope& scope = facts_.rules[place].scope;
    if (scope.ip_protocol.value_or(ip_protocol(protocol)) != ip_protocol(protocol)) continue;
    if (scope.ports.contains(port)) places.push_back(place);
  }
  std::ranges::sort(places);
  std::vector<const NatRule*> found;
  for (const std::uint32_t place : places) found.push_back(&facts_.rules[place]);
  return found;
}

std::vector<Protocol> protocols_of(const NatRule& rule) {
  std::vector<Protocol> protocols;
  for (const Protocol protocol : kProtocols) {
    if (rule.scope.ip_protocol.value_or(ip_protocol(protocol)) == ip_protocol(protocol)) {
      protocols.push_back(protocol);
    }
  }
  return protocols;
}

}  // namespace hostnet
