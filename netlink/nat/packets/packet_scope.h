#pragma once

// Which packets a rule matches, as far as ports of this machine are concerned. Other
// conditions of the rule (source, limits) are only remembered as `certainty`: it may
// or may not match.

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/facts.h"

namespace hostnet {

// Inclusive.
struct PortSpan {
  std::uint16_t first{0}, last{65535};
  bool contains(unsigned port) const { return port >= first && port <= last; }
  bool is_everything() const { return first == 0 && last == 65535; }
  auto operator<=>(const PortSpan&) const = default;
};

// Inclusive; both of one family.
struct AddressSpan {
  IpAddress first, last;
  bool contains(const IpAddress& ip) const { return ip >= first && ip <= last; }
  // "10.0.0.1", "10.0.0.0/8" or "10.0.0.1-10.0.0.9".
  std::string to_string() const;
  auto operator<=>(const AddressSpan&) const = default;
};

// The addresses of a prefix; unset when it is longer than an address.
std::optional<AddressSpan> span_of_prefix(const IpAddress& ip, unsigned prefix_length);

// Interfaces by name. This machine's own packets arrive on none, whose name is "".
struct InterfaceMatch {
  std::string name;
  bool prefix{};  // the beginning of the name ("eth+", "eth*")
  bool other{};   // any interface except these
  bool contains(std::string_view interface) const;
  std::string to_string() const;  // "eth0", != "veth*"
  auto operator<=>(const InterfaceMatch&) const = default;
};
// All must hold; at most one is not `other`. Empty: every interface.
using InterfaceMatches = std::vector<InterfaceMatch>;
bool matches_interface(const InterfaceMatches& matches, std::string_view interface);

// A packet's firewall mark, or that of its connection.
// Two more numbers of a packet are treated as marks: the status of its connection (IPS_*), 0 at
// first and DNAT after a rule translated it, and its state, one bit of those below.
enum class MarkKind : std::uint8_t { packet, connection, status, state };
inline constexpr std::size_t kMarkKinds = 4;
inline constexpr std::uint32_t kStatusDnat = 0x20;  // IPS_DST_NAT
// NF_CT_STATE_*: invalid until the kernel has inspected the connection; its first packet is new.
inline constexpr std::uint32_t kStateInvalid = 0x01, kStateNew = 0x08, kStateUntracked = 0x40;
struct MarkMatch {
  MarkKind kind{};
  std::uint32_t mask{0xFFFFFFFF}, value{};  // (mark & mask) == value
  bool other{};                             // negates the comparison
  auto operator<=>(const MarkMatch&) const = default;
};
// Requires a tracked connection: without one the kernel has no mark and no status of it.
inline constexpr MarkMatch kTracked{.kind = MarkKind::state, .mask = kStateNew, .value = kStateNew};

// Whether all packets that a scope names match. In rising order of doubt.
enum class Certainty : std::uint8_t {
  certain,
  random,       // one of several that together take all, chosen by chance or a hash
  conditional,  // something that is not modelled narrows it further
  unknown,      // … and it is not known what
};

// A conjunction: every member that is set must hold.
struct PacketScope {
  std::optional<AddressFamily> family;
  std::optional<std::uint8_t> ip_protocol;  // IPPROTO_*
  PortSpan ports;                           // destination
  std::optional<AddressSpan> destination;
  InterfaceMatches arrives_on, leaves_on;
  std::vector<MarkMatch> marks;
  bool local_only{};  // only addresses of this machine (fib type local, addrtype LOCAL)
  bool elsewhere{};   // only other addresses: packets that are forwarded
  Certainty certainty{};
  bool is_conditional() const { return certainty >= Certainty::conditional; }
  void doubt(Certainty at_least) { certainty = std::max(certainty, at_least); }
  bool operator==(const PacketScope&) const = default;
};

// The packets in both; unset when no packet can be in both.
std::optional<PacketScope> intersection(const PacketScope& one, const PacketScope& other);

// The packets of `scope` outside `other`, which is certain: disjoint scopes. Only
// packets to this machine and of protocols that have ports (TCP, UDP, SCTP) count.
std::vector<PacketScope> difference(const PacketScope& scope, const PacketScope& other);

std::vector<PacketScope> difference(const std::vector<PacketScope>& scopes,
                                    const PacketScope& other);

// Whether every packet of `inner` certainly satisfies `outer`.
bool covers(const PacketScope& outer, const PacketScope& inner);

// "ip daddr 10.0.0.1 tcp dport 80-90", in nft's words; "" for no condition.
std::string to_string(const PacketScope& scope);

}  // namespace hostnet
