#pragma once

// iptables' matches and targets: the same bytes inside nf_tables' `match` and
// `target` expressions and in the entries of ip_tables
// (include/uapi/linux/netfilter/xt_*.h, nf_nat.h).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/nat/ipset/read_ip_sets.h"
#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

struct XtExtension {
  std::string_view name;  // "multiport", "DNAT"
  std::uint8_t revision{};
  std::span<const std::byte> info;
  std::optional<AddressFamily> family;  // of the table
};

struct XtMatch {
  std::vector<PacketScope> scopes;  // any of them; empty: no packet to this machine
  std::string comment;
};

// What a match asks. One that only narrows by what is not modelled (mark,
// conntrack, limit…) is conditional; one that is unknown is counted, too. An
// `info` that is shorter than what its revision has is Reason::malformed.
Result<XtMatch> decode_xt_match(const XtExtension& match, UnknownParts& unknown,
                                const IpSetLookup& sets = {});

// What a target does, in order; none of what is of no use here (counting, logging).
Result<std::vector<PacketAction>> decode_xt_target(const XtExtension& target,
                                                   UnknownParts& unknown);

}  // namespace hostnet
