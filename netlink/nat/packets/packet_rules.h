#pragma once

// Packet filter rules of nf_tables and of ip_tables in one form, reduced to what
// determines where a packet to a port of this machine goes. Plain data; decoders
// produce it, walk_nat() reads it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netlink/facts.h"
#include "netlink/nat/packets/packet_scope.h"

namespace hostnet {

// Where a translated packet goes.
struct NatTarget {
  std::optional<IpAddress> address;       // unset: unchanged (a redirect, or only the port changes)
  std::optional<IpAddress> last_address;  // of a range, if different from `address`
  std::uint16_t port{};                   // 0: the packet's port stays
  std::uint16_t last_port{};              // of a range, else same as `port`
  std::string to_string() const;  // "10.0.0.5:80", "[fd00::2]:81", ":4000", "10.0.0.1-10.0.0.9"
  auto operator<=>(const NatTarget&) const = default;
};

// How a rule changes a mark: (mark & keep) ^ (the other kind's mark & take) ^ value.
struct MarkChange {
  MarkKind kind{};
  std::uint32_t keep{}, take{}, value{};
  // A packet's mark takes bits of the connection's mark, any other kind those of the packet's.
  MarkKind other_kind() const {
    return kind == MarkKind::packet ? MarkKind::connection : MarkKind::packet;
  }
  // Whether it has no effect without a connection.
  bool needs_connection() const {
    return kind == MarkKind::connection || (kind == MarkKind::packet && take != 0);
  }
  bool operator==(const MarkChange&) const = default;
};

struct PacketAction {
  enum class Kind {
    go_on,     // to the next rule
    accept,    // leaves this base chain; a later base chain still sees the packet
    drop,      // no one sees it any more
    reject,    // … and its sender is notified
    leave,     // return to the chain that jumped here
    jump,      // to `chain`, and back at its end
    go_to,     // to `chain`, and at its end to where this chain would return
    dnat,      // to `target`; nothing else translates the packet
    redirect,  // to this machine's own address, at `target.port`
    tproxy,    // to a socket of this machine at `target`, untranslated; then the next rule
    notrack,   // no chain of type nat sees it; then the next rule
    set_mark,  // then the next rule
  };
  Kind kind{Kind::go_on};
  std::string chain;
  std::optional<NatTarget> target;  // of dnat, redirect, tproxy: unset when unknown
  MarkChange mark;
  bool operator==(const PacketAction&) const = default;
};

// One way to match a rule. A rule with a set or a list of ports has several.
struct PacketAlternative {
  PacketScope scope;
  PacketAction action;
  std::string comment;  // of the set's element
  bool operator==(const PacketAlternative&) const = default;
};

struct PacketRule {
  // The first that matches applies, unless its action continues.
  std::vector<PacketAlternative> alternatives;
  std::string comment;
  bool operator==(const PacketRule&) const = default;
};

enum class PacketHook { prerouting, input, forward, output };
// Chains of types other than nat matter for what they do before it.
enum class ChainType { nat, filter };

struct PacketChain {
  std::string name;
  std::optional<PacketHook> hook;  // of a base chain at one of these
  std::int32_t priority{};
  std::vector<PacketRule> rules;
  ChainType type{};
  bool drops{};  // its policy, for packets that reach the end of the base chain
  bool operator==(const PacketChain&) const = default;
};
inline constexpr std::int32_t kNatPriority = -100;        // NF_IP_PRI_NAT_DST
inline constexpr std::int32_t kConntrackPriority = -200;  // NF_IP_PRI_CONNTRACK
// Whether a base chain sees packets before the kernel has inspected their connection.
inline bool comes_before_conntrack(const PacketChain& chain) {
  return chain.type != ChainType::nat && chain.priority < kConntrackPriority;
}

enum class NatSource { nf_tables, ip_tables, ipvs };
std::string_view to_string(NatSource source);  // "nf_tables", "ip_tables", "ipvs"

struct PacketTable {
  NatSource source{};
  std::optional<AddressFamily> family;  // unset: both ("inet")
  std::string name;
  std::vector<PacketChain> chains;
  bool operator==(const PacketTable&) const = default;
};

// Expressions, matches and targets that are not understood, with the number of
// occurrences. A rule with one is conditional.
using UnknownParts = std::map<std::string, std::size_t>;

// The limit of alternatives of a rule with sets; further ones are left out and counted
// as unknown.
inline constexpr std::size_t kMostAlternatives = 65536;

}  // namespace hostnet
