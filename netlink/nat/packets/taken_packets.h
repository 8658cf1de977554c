#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "netlink/nat/packets/packet_scope.h"

namespace hostnet {

// Which packets no later rule sees, while a walk goes through chains. Levels nest:
// leaving a level forgets the packets that were taken on it.
class TakenPackets {
 public:
  static constexpr std::size_t kForGood = 0;  // the level that is never left

  // Packets already taken on a deeper level stay on that level only. Scopes that are not
  // certain are not added: it is not known which packets they take.
  void add(const PacketScope& scope, std::size_t level);
  // Whether a single entry has all of these packets. Much cheaper than the rest.
  bool has_all(const PacketScope& scope) const;
  // The packets that no entry has: disjoint scopes, ordered by port. Unset: too many parts
  // (more than kMostParts).
  std::optional<std::vector<PacketScope>> rest_of(const PacketScope& scope) const;
  void leave(std::size_t level);  // this one and all deeper ones

  static constexpr std::size_t kMostParts = 4096;

 private:
  struct Entry {
    PacketScope scope;
    std::size_t level{};
  };
  using Entries = std::vector<Entry>;
  // Of one protocol and one port.
  struct Key {
    std::uint16_t port{};
    std::uint8_t ip_protocol{};
    auto operator<=>(const Key&) const = default;
  };
  static std::optional<Key> key_of(const PacketScope& scope);
  // `scope` without the entries that `counts` selects; stops when there are too many parts.
  template <class Counts>
  std::vector<PacketScope> without(const PacketScope& scope, Counts counts) const;
  void insert(const PacketScope& scope, std::size_t level);

  std::map<Key, Entries> by_port_;
  Entries wide_;
  std::vector<std::vector<Key>> to_forget_;  // by level
};

}  // namespace hostnet
