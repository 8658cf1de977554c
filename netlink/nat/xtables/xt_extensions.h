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

// The conditions of a match. One that only narrows by something not modelled (limit,
// owner…) is conditional; an unknown one is also counted. An `info` that is shorter than
// its revision requires is Reason::malformed.
Result<XtMatch> decode_xt_match(const XtExtension& match, UnknownParts& unknown,
                                const IpSetLookup& sets = {});

// A target's actions, in order; empty if they do not matter here (counting, logging).
Result<std::vector<PacketAction>> decode_xt_target(const XtExtension& target,
                                                   UnknownParts& unknown);

}  // namespace hostnet
