#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "netlink/nat/packet_scope.h"

namespace hostnet {

// Which packets no later rule sees, while a walk goes through chains. Levels
// nest: what was taken on a level is forgotten when the level is left.
class TakenPackets {
 public:
  static constexpr std::size_t kForGood = 0;  // the level that is never left

  void add(const PacketScope& scope, std::size_t level);
  bool contains(const PacketScope& scope) const;
  void leave(std::size_t level);  // this one and all inside it

 private:
  struct Entry {
    PacketScope scope;
    std::size_t level{};
  };
  using Entries = std::vector<Entry>;

  std::unordered_map<std::uint32_t, Entries> by_port_;  // of one protocol and one port
  Entries wide_;
  std::vector<std::vector<std::uint32_t>> to_forget_;  // keys, by level
  bool wide_to_forget_{};
};

}  // namespace hostnet
