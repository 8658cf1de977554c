#pragma once

// Packet filter rules of nf_tables and of ip_tables in one form, with only what
// says where a packet to a port of this machine goes. Plain data; decoders make
// it, walk_nat() reads it.

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
  std::optional<IpAddress> address;       // none: stays (a redirect, or only the port changes)
  std::optional<IpAddress> last_address;  // of a range, when it is another than `address`
  std::uint16_t port{};                   // 0: the port that the packet has
  std::uint16_t last_port{};              // of a range, else as `port`
  std::string to_string() const;  // "10.0.0.5:80", "[fd00::2]:81", ":4000", "10.0.0.1-10.0.0.9"
  auto operator<=>(const NatTarget&) const = default;
};

// What a rule makes of a mark: (mark & keep) ^ (the other kind's mark & take) ^ value.
struct MarkChange {
  MarkKind kind{};
  std::uint32_t keep{}, take{}, value{};
  // A packet takes from its connection, anything else from the packet.
  MarkKind other_kind() const {
    return kind == MarkKind::packet ? MarkKind::connection : MarkKind::packet;
  }
  // Without one it changes nothing.
  bool needs_connection() const {
    return kind == MarkKind::connection || (kind == MarkKind::packet && take != 0);
  }
  bool operator==(const MarkChange&) const = default;
};

struct PacketAction {
  enum class Kind {
    go_on,     // to the next rule
    accept,    // leaves this base chain; a later base chain still sees the packet
    drop,      // nobody sees it any more
    reject,    // … and its sender is told
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
  std::optional<NatTarget> target;  // of dnat, redirect, tproxy: none when it is not known
  MarkChange mark;
  bool operator==(const PacketAction&) const = default;
};

// One way to satisfy a rule. A rule over a set or a list of ports has several.
struct PacketAlternative {
  PacketScope scope;
  PacketAction action;
  std::string comment;  // of the set's element
  bool operator==(const PacketAlternative&) const = default;
};

struct PacketRule {
  // The first that matches counts, unless its action goes on.
  std::vector<PacketAlternative> alternatives;
  std::string comment;
  bool operator==(const PacketRule&) const = default;
};

enum class PacketHook { prerouting, input, forward, output };
// Chains of other types than nat are of use for what they do before it.
enum class ChainType { nat, filter };

struct PacketChain {
  std::string name;
  std::optional<PacketHook> hook;  // of a base chain at one of these
  std::int32_t priority{};
  std::vector<PacketRule> rules;
  ChainType type{};
  bool drops{};  // its policy: what comes to the end of the base chain
  bool operator==(const PacketChain&) const = default;
};
inline constexpr std::int32_t kNatPriority = -100;        // NF_IP_PRI_NAT_DST
inline constexpr std::int32_t kConntrackPriority = -200;  // NF_IP_PRI_CONNTRACK
// Whether the kernel has not yet inspected the connection of what comes to a base chain.
inline bool comes_before_conntrack(const PacketChain& chain) {
  return chain.type != ChainType::nat && chain.priority < kConntrackPriority;
}

enum class NatSource { nf_tables, ip_tables, ipvs };
std::string_view to_string(NatSource source);  // "nf_tables", "ip_tables", "ipvs"

struct PacketTable {
  NatSource source{};
  std::optional<AddressFamily> family;  // none: both ("inet")
  std::string name;
  std::vector<PacketChain> chains;
  bool operator==(const PacketTable&) const = default;
};

// Expressions, matches and targets that are not understood, with how often they
// were met. A rule with one is conditional.
using UnknownParts = std::map<std::string, std::size_t>;

// A rule over sets has at most so many alternatives; others are left out and
// counted as unknown.
inline constexpr std::size_t kMostAlternatives = 65536;

}  // namespace hostnet
