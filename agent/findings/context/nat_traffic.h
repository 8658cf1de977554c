#pragma once

// Effects of a NAT rule on the traffic of a server on this node.

#include <cstdint>
#include <optional>

#include "agent/findings/context/overlap.h"
#include "agent/ports/port_snapshot.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The address families in which a rule takes packets meant for a server.
struct TakenTraffic {
  bool ipv4{}, ipv6{};
  bool any() const { return ipv4 || ipv6; }
  TakenTraffic& operator|=(TakenTraffic other);
  bool operator==(const TakenTraffic&) const = default;
};

// Judged by the node addresses that the server serves and by its interfaces: packets to loopback
// never arrive from other machines, so only a rule for local packets (OUTPUT) takes them. Service
// addresses on dedicated devices do not belong to the server. The rule already matches the server's
// port.
TakenTraffic taken_traffic(const NatRule& rule, const Bind& server, const PortSnapshot& table);

// Whether the node has the address for Services only, on their dedicated devices and no other (k3s'
// servicelb gives Services the nodes' addresses).
bool is_only_a_services(const IpAddress& address, const PortSnapshot& table);

// Whether it takes packets to this address of the node, from any source.
bool takes_packets_to(const NatRule& rule, const IpAddress& address, const PortSnapshot& table);

// Whether the packets that the rule takes still reach that server: it is a backend (an ingress on
// the host network behind a NodePort), for packets that arrive and for those that the node itself
// sends. Unset: the target is not known.
std::optional<bool> leads_back(const NatRule& rule, const Bind& server, std::uint16_t port,
                               const PortSnapshot& table);

// Whether a server loses traffic to the rule.
enum class TrafficLoss {
  none,
  possible,  // the rule has match conditions that cannot be evaluated, or its target is not known
  certain,   // some or all of it
};
TrafficLoss traffic_loss(const NatRule& rule, const Bind& server, std::uint16_t port,
                         const PortSnapshot& table);

}  // namespace hostnet
