#pragma once

// Servers that lose traffic to NAT rules, and the rules of hostPorts.

#include <optional>
#include <string>
#include <vector>

#include "agent/findings/context/context.h"
#include "agent/findings/context/nat_traffic.h"

namespace hostnet {

// The conflict verdict if the rule takes a listener's traffic. Unset: no such verdict, or the rule
// belongs to a container outside Kubernetes (portmap serves those, too).
std::optional<Verdict> hijack_verdict(const Holder& rule);

// The traffic that a server loses to rules, and the rules that take it.
struct Hijack {
  TakenTraffic taken;
  Holders rules;
};
// Rules that may lead back to the server, and rules that cannot be interpreted, do not count.
Hijack hijack_of(const Holder& server, const Holders& rules, const FindingContext& context);

// The traffic that a hijack takes, as described by its least restricted rule: "what arrives".
std::string describe_traffic(const Holder& server, const Hijack& hijack,
                             const FindingContext& context);

// Whether a rule on a hostPort's port may be the one that serves it: it names the pod's sandbox
// (the pod may have addresses that are not in its status), leads to the pod's address or, if the
// addresses do not decide, belongs to no other pod.
bool may_serve(const Holder& rule, const Declaration& declaration);
// Whether the rule belongs to the pod, by its sandbox or its address.
bool is_of_pod(const Holder& rule, const DeclaredPort& port);
// The rules that serve the hostPort: hostPort rules that may_serve() and others that lead to the
// pod.
Holders rules_serving(const Declaration& declaration, const FindingContext& context);

// Whether the runtime should have programmed this hostPort by now.
bool is_running_host_port(const Declaration& declaration);

// The addresses at which clients expect a hostPort: its host IP, else the node addresses in the
// pod's status, else all addresses of the node.
std::vector<IpAddress> expected_addresses(const Declaration& declaration,
                                          const PortSnapshot& table);

// Whether it takes packets from other machines, not only those that this node or (Docker's rule)
// its containers send.
bool takes_from_outside(const Holder& rule);

// What is known about the NAT rules of a hostPort.
enum class Forwarding {
  by_rules,  // a rule that may serve it takes packets from outside
  missing,   // there is none, although this node forwards ports by such rules
  not_seen,  // the rules are unreadable or (eBPF, an unknown owner) cannot be seen
};
Forwarding forwarding_of(const Declaration& declaration, const FindingContext& context);
// The same for one address family.
Forwarding forwarding_of(const Declaration& declaration, AddressFamily family,
                         const FindingContext& context);

// The listeners and bound UDP sockets of others that lose traffic to a hostPort: by its rules where
// they are visible, else by comparing addresses.
Holders hijacked_listeners(const Declaration& declaration, const FindingContext& context);

// Whether hostPort rules (NodePort rules) can hijack it: not the agent's socket, nor one that
// implements such ports. `rules`: those on the port, empty if they cannot be seen.
bool is_hijacked_by_host_ports(const Holder& server, const Holders& rules,
                               const FindingContext& context);
bool is_hijacked_by_node_ports(const Holder& server, const FindingContext& context);

}  // namespace hostnet
