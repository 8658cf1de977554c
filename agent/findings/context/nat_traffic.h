#pragma once

// What a NAT rule does to the traffic of a server on this node.

#include <cstdint>
#include <optional>

#include "agent/findings/context/overlap.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// Of what families a rule takes packets, of those that a server would get.
struct TakenTraffic {
  bool ipv4{}, ipv6{};
  bool any() const { return ipv4 || ipv6; }
  TakenTraffic& operator|=(TakenTraffic other);
  bool operator==(const TakenTraffic&) const = default;
};

// By the addresses of the node that the server serves, and its interfaces: packets
// to loopback never arrive from elsewhere, so that only a rule for this machine's
// own packets (OUTPUT) takes them. Addresses of Services on devices of their own are not the
// server's. The rule is about the server's port already.
TakenTraffic taken_traffic(const NatRule& rule, const Bind& server, const PortSnapshot& table);

// An address that the node has for Services, and not on a device of its own as well (k3s' servicelb
// gives Services the nodes' addresses).
bool is_only_a_services(const IpAddress& address, const PortSnapshot& table);

// Whether it takes packets to an address that this node has, from anywhere.
bool takes_packets_to(const NatRule& rule, const IpAddress& address, const PortSnapshot& table);

// Whether what the rule takes comes to that server after all: it is one of the backends
// (an ingress on the node's own network behind a NodePort), of what arrives and of what
// the node itself sends. Unset: where it goes is not known.
std::optional<bool> leads_back(const NatRule& rule, const Bind& server, std::uint16_t port,
                               const PortSnapshot& table);

// Whether a server loses traffic to the rule.
enum class TrafficLoss {
  none,
  possible,  // the rule has match conditions that cannot be evaluated, or its target is not known
  certain,   // of some of it or all
};
TrafficLoss traffic_loss(const NatRule& rule, const Bind& server, std::uint16_t port,
                         const PortSnapshot& table);

}  // namespace hostnet
