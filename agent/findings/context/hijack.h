#pragma once

// Servers whose traffic NAT rules take, and the rules of hostPorts.

#include <optional>
#include <string>
#include <vector>

#include "agent/findings/context/context.h"
#include "agent/findings/context/nat_traffic.h"

namespace hostnet {

// The conflict that a rule is to a listener whose traffic it takes; unset: none, or that of a
// container outside Kubernetes, which portmap serves, too.
std::optional<Verdict> hijack_verdict(const Holder& rule);

// What rules take of a server's traffic, and which of them do.
struct Hijack {
  TakenTraffic taken;
  Holders rules;
};
// Rules that may lead back to the server, and those that nobody understands, take nothing.
Hijack hijack_of(const Holder& server, const Holders& rules, const FindingContext& context);

// What the rules of a hijack take, as that one says it that takes the most: "what arrives".
std::string describe_traffic(const Holder& server, const Hijack& hijack,
                             const FindingContext& context);

// Whether a rule on a hostPort's port may be the one that serves it: it names the pod's
// sandbox (a pod may have addresses that its status does not tell), leads to the pod's
// address, or, where no address tells, is not another's.
bool may_serve(const Holder& rule, const Declaration& declaration);
// One that is the pod's own, by its sandbox or its address.
bool is_of_pod(const Holder& rule, const DeclaredPort& port);
// The rules on its port that serve it: hostPort rules that may_serve(), others that lead to the
// pod.
Holders rules_serving(const Declaration& declaration, const FindingContext& context);

// A hostPort that the runtime should have programmed by now.
bool is_running_host_port(const Declaration& declaration);

// The addresses at which clients expect a hostPort: its host IP, else those that the pod's status
// has of the node, else all of the node's.
std::vector<IpAddress> expected_addresses(const Declaration& declaration,
                                          const PortSnapshot& table);

// Whether it takes packets of other machines, not only what this node or (Docker's rule) its
// containers send.
bool takes_from_outside(const Holder& rule);

// What is known of the NAT rules of a hostPort.
enum class Forwarding {
  by_rules,  // there are some that may serve it and get what arrives from outside
  missing,   // there is none, although this node forwards ports by such rules
  not_seen,  // they may not be read, or (eBPF, an unknown owner) cannot
};
Forwarding forwarding_of(const Declaration& declaration, const FindingContext& context);
// The same of what arrives over one family.
Forwarding forwarding_of(const Declaration& declaration, AddressFamily family,
                         const FindingContext& context);

// The listeners and bound UDP sockets of others whose traffic a hostPort takes:
// by its rules where they are seen, else by the addresses of both.
Holders hijacked_listeners(const Declaration& declaration, const FindingContext& context);

// Whether hostPort rules (NodePort rules) can hijack it: not the agent's, not how the ports are
// implemented. `rules`: those on the port, none where they are not seen.
bool is_hijacked_by_host_ports(const Holder& server, const Holders& rules,
                               const FindingContext& context);
bool is_hijacked_by_node_ports(const Holder& server, const FindingContext& context);

}  // namespace hostnet
