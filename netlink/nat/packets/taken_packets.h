#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "netlink/nat/packets/packet_scope.h"

namespace hostnet {

// Which packets no later rule sees, while a walk goes through chains. Levels
// nest: what was taken on a level is forgotten when the level is left.
class TakenPackets {
 public:
  static constexpr std::size_t kForGood = 0;  // the level that is never left

  // Packets that are taken on a level inside this one stay that level's alone. Of scopes that
  // are not certain nobody knows which packets they take: they count as none.
  void add(const PacketScope& scope, std::size_t level);
  // Whether one entry has all of these packets. Much cheaper than the rest.
  bool has_all(const PacketScope& scope) const;
  // What no entry has of these packets: scopes that have none in common, in the order of
  // their ports. None: it is in too many parts (more than kMostParts).
  std::optional<std::vector<PacketScope>> rest_of(const PacketScope& scope) const;
  void leave(std::size_t level);  // this one and all inside it

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
  // `scope` without what entries that `counts` have; too many parts: as it was then.
  template <class Counts>
  std::vector<PacketScope> without(const PacketScope& scope, Counts counts) const;
  void insert(const PacketScope& scope, std::size_t level);

  std::map<Key, Entries> by_port_;
  Entries wide_;
  std::vector<std::vector<Key>> to_forget_;  // by level
};

}  // namespace hostnet
