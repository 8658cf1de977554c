#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/nat/ipset/read_ip_sets.h"
#include "netlink/nat/nftables/nft_messages.h"
#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

// A set of the rule's table, with its elements (intervals closed); nullptr when
// there is none of that name. Called only where the elements matter.
using NftSetLookup = std::function<Result<const NftSet*>(std::string_view name)>;

// Runs the rule's expressions over registers that represent the fields of a packet,
// and returns every path. Unknown expressions make the rule conditional and are counted
// by name; lengths that do not fit are Reason::malformed.
Result<PacketRule> compile_nft_rule(const NftRule& rule, const NftSetLookup& sets,
                                    UnknownParts& unknown, const IpSetLookup& ip_sets = {});

}  // namespace hostnet
