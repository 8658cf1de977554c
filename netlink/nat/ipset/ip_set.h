#pragma once

// Sets of ports and addresses that iptables rules refer to, over NETLINK_NETFILTER
// (NFNL_SUBSYS_IPSET, include/uapi/linux/netfilter/ipset/ip_set.h). Plain data
// and its decoder; read_ip_sets.h reads them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/messages.h"
#include "netlink/nat/packets/packet_scope.h"

namespace hostnet {

struct IpSetElement {
  // The type's first and second "ip" or "net".
  std::array<std::optional<AddressSpan>, 2> addresses;
  std::optional<PortSpan> ports;
  std::optional<std::uint8_t> ip_protocol;  // IPPROTO_*
  bool exception{};                         // "nomatch": its contents are not in the set
  bool operator==(const IpSetElement&) const = default;
};

struct IpSet {
  std::string name;
  std::string type;                     // "bitmap:port", "hash:ip,port"
  std::optional<std::uint8_t> netmask;  // each element's address stands for a prefix of this length
  std::vector<IpSetElement> elements;   // empty if there are too many
  bool too_large{};  // more than kMostIpSetElements, or all sets together more than twice that
  bool operator==(const IpSet&) const = default;
};
inline constexpr std::size_t kMostIpSetElements = 65536;  // a bitmap of all ports

// The parts of an element of that type: "ip,port" of "hash:ip,port".
std::vector<std::string_view> ip_set_parts(std::string_view type);

// Adds the contents of one IPSET_CMD_LIST message; the first has name and type.
// Lengths that do not fit are Reason::malformed.
Result<> decode_ip_set(const NetlinkMessage& message, IpSet& set);

// The name in a reply to IPSET_CMD_GET_BYINDEX; unset: another kind of message.
Result<std::optional<std::string>> decode_ip_set_name(const NetlinkMessage& message);

}  // namespace hostnet
