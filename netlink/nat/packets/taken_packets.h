#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "netlink/nat/packets/packet_scope.h"

namespace hostnet {

// Which packets no later rule sees, while a walk goes through chains. Levels
// nest: what was taken on a level is forgotten when the level is left.
class TakenPackets {
 public:
  static constexpr std::size_t kForGood = 0;  // the level that is never left

  void add(const PacketScope& scope, std::size_t level);
  // What no rule has of these packets; nothing when rules have all. Where one has
  // all but those of some interfaces, these.
  std::optional<PacketScope> rest_of(const PacketScope& scope) const;
  void leave(std::size_t level);  // this one and all inside it

 private:
  struct Entry {
    PacketScope scope;
    std::size_t level{};
  };
  using Entries = std::vector<Entry>;
  // Of one protocol, one port, and one address where it is about one.
  struct Key {
    std::uint8_t ip_protocol{};
    std::uint16_t port{};
    std::optional<IpAddress> address;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  static std::optional<Key> key_of(const PacketScope& scope);
  // Takes what an entry has away; false: nothing is left.
  static bool take_away(const Entry& entry, PacketScope& scope);
  bool take_away_at(const Key& key, PacketScope& scope) const;

  std::unordered_map<Key, Entries, Hash> by_port_;
  Entries wide_;
  std::vector<std::vector<Key>> to_forget_;  // by level
  bool wide_to_forget_{};
};

}  // namespace hostnet
