#pragma once

// Sentences and commands for findings about NAT rules.

#include <string>

#include "agent/findings/context/context.h"
#include "agent/findings/context/nat_traffic.h"

namespace hostnet {

// The traffic of a server that a rule takes: "what arrives", or, if the server keeps the rest,
// "what arrives over IPv4", "what arrives on eth0", "what arrives at 10.0.0.1", "what this node
// itself sends" or "some of what arrives".
std::string arriving_words(const NatRule& rule, TakenTraffic taken, const Bind& server);
// Where a rule sends packets: "pod default/web", "10.0.0.5:80", "nobody".
std::string destination_words(const Holder& rule);
// The owner of a rule: "a hostPort rule", "a NodePort of Service default/web:http", "an externalIP
// of …", "the rule … of docker".
std::string taker_words(const Holder& rule, const FindingContext& context);

// The same for a packet filter: "kube-proxy's rule for Service default/web:http, which has no
// endpoints,", "rule "…" of ufw".
std::string filter_words(const NatRule& rule);
struct ServiceName {
  std::string_view in_namespace, name;
};
// "default/web:http" → default, web.
ServiceName service_name(std::string_view service);

// The command to show a rule: `iptables -t nat -S | grep -e CNI-DN-0507…`.
std::string show_rule_command(const NatRule& rule);
// How to get the traffic back from a rule. `mover`: what could be changed instead, "the pod's
// port".
std::string remedy_against_rule(const Holder& rule, const std::string& mover,
                                const FindingContext& context);

}  // namespace hostnet
