#pragma once

#include <functional>
#include <span>
#include <vector>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// Joins adjacent rules that do the same to packets for different addresses, if one of them as
// written (`whole`, one per rule) covers all these addresses: kube-proxy writes a NodePort once for
// 127.0.0.0/8 and once for every address of the node. Addresses that are not this machine's
// (`is_for_us`) may be missing.
std::vector<NatRule> join_addresses(std::vector<NatRule> rules, std::span<const PacketScope> whole,
                                    const std::function<bool(const PacketScope&)>& is_for_us);

}  // namespace hostnet
