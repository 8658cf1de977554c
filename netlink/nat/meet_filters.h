#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/nat/base_chains.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The first packet of a connection that arrives from another machine, whoever sent it.
struct ArrivingPacket {
  std::uint8_t ip_protocol{};
  std::uint16_t port{};
  IpAddress destination;  // of this machine
  std::string interface;
  // Where a hostPort's rule sends it; unset: to a server of this machine.
  std::optional<IpAddress> pod;
  std::uint16_t pod_port{};
  auto operator<=>(const ArrivingPacket&) const = default;
};

// The rule, or the policy of a chain, that certainly ends it on its way, from prerouting through
// input, or (to a pod) through forward; its scope is what it asks itself. None where the packet
// may get through: another rule before accepts some of them, on a condition or by their source, or
// translates them. What is done to it outside netfilter (tc, XDP, eBPF) is not known here.
std::optional<NatRule> meet_filters(const BaseChains& bases, const ArrivingPacket& packet);

}  // namespace hostnet
