#pragma once

#include <vector>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// Merges the rules for arriving packets and those for this machine's own, each in the kernel's
// order, into one list that preserves both orders. A rule in both appears once, unless the order
// for some port differs between the two. Sets the text and owner of each.
std::vector<NatRule> merge_walks(std::vector<NatRule> arriving, std::vector<NatRule> own);

}  // namespace hostnet
