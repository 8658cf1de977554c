#pragma once

#include <vector>

#include "netlink/nat/ipvs/ipvs.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// IPVS services as rules: packets that have come as far as this machine's
// sockets, and its own, are sent to a real server. They come after every
// translation, so they belong behind the rules of walk_nat(). A service none of
// whose servers takes connections (there is none, or all weigh 0) refuses them.
// `kube_proxy`: it keeps them. Pure.
std::vector<NatRule> ipvs_rules(const IpvsTable& table, bool kube_proxy);

}  // namespace hostnet
