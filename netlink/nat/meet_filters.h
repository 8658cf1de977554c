#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/nat/base_chains.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The first packet of a connection that arrives from another machine, from any sender.
struct ArrivingPacket {
  std::uint8_t ip_protocol{};
  std::uint16_t port{};
  IpAddress destination;  // of this machine
  std::string interface;
  // Where a hostPort's rule sends it; unset: to a server on this machine.
  std::optional<IpAddress> pod;
  std::uint16_t pod_port{};
  auto operator<=>(const ArrivingPacket&) const = default;
};

// The rule, or the policy of a chain, that certainly ends the packet on its way from prerouting
// through input, or (to a pod) through forward; its scope is that of the rule alone. Unset where
// the packet may get through: an earlier rule accepts some such packets, on a condition or by
// source, or translates them. Filtering outside netfilter (tc, XDP, eBPF) is not known here.
std::optional<NatRule> meet_filters(const BaseChains& bases, const ArrivingPacket& packet);

}  // namespace hostnet
