#pragma once

// The sentences and commands of findings about NAT rules. Internal to
// agent/findings/.

#include <string>

#include "agent/findings/look.h"
#include "agent/findings/nat_traffic.h"

namespace hostnet {

// "what arrives", "what arrives over IPv4" where the server has the rest.
std::string arriving_words(TakenTraffic taken, const Bind& server);
// Where a rule sends packets: "pod default/web", "10.0.0.5:80".
std::string destination_words(const Holder& rule);
// "the NodePort of Service default/web:http", without a name "a Service".
std::string service_words(const NatRule& rule);

// How to look at a rule: `iptables -t nat -S | grep -e CNI-DN-0507…`.
std::string look_at_rule(const NatRule& rule);
// How to get the traffic back from a rule. `mover`: what else may move, "the
// pod's port".
std::string remedy_against_rule(const Holder& rule, const std::string& mover);

}  // namespace hostnet
