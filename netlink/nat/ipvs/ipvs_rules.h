#pragma once

#include <vector>

#include "netlink/nat/ipvs/ipvs.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// IPVS services as rules: packets that have reached this machine's sockets, and its own
// packets, are sent to a real server. IPVS runs after every translation, so these rules
// belong after those of walk_nat(). A service without a server that accepts connections
// (none exists, or all have weight 0) refuses them. `kube_proxy`: it owns them. Pure.
std::vector<NatRule> ipvs_rules(const IpvsTable& table, bool kube_proxy);

}  // namespace hostnet
