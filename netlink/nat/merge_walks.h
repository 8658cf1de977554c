#pragma once

#include <vector>

#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The rules for packets that arrive and those for this machine's own, each in the order in which
// the kernel tries them, as one list in which both orders hold. A rule that is in both stands there
// once, unless the order for one port is another for each. Each gets its words and its owner.
std::vector<NatRule> merge_walks(std::vector<NatRule> arriving, std::vector<NatRule> own);

}  // namespace hostnet
