#pragma once

#include <functional>
#include <span>
#include <vector>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// Rules that follow each other and do the same to packets for different addresses, as one where
// one of them, as it is written (`whole`, of each rule), is about all of these addresses:
// kube-proxy writes a NodePort once for 127.0.0.0/8 and once for every address of the node.
// Addresses that are not this machine's (`is_for_us`) are nobody's loss.
std::vector<NatRule> join_addresses(std::vector<NatRule> rules, std::span<const PacketScope> whole,
                                    const std::function<bool(const PacketScope&)>& is_for_us);

}  // namespace hostnet
