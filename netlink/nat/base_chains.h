#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "netlink/nat/packets/packet_rules.h"

namespace hostnet {

using ChainsByName = std::unordered_map<std::string_view, const PacketChain*>;

struct BaseChain {
  const PacketTable* table{};
  const PacketChain* chain{};
  const ChainsByName* chains{};  // of the table
};

// The base chains of `tables`, which must outlive this object.
class BaseChains {
 public:
  explicit BaseChains(std::span<const PacketTable* const> tables);

  // In the order in which the kernel calls them.
  std::vector<BaseChain> at(PacketHook hook) const;

 private:
  std::vector<const PacketTable*> tables_;
  std::unordered_map<const PacketTable*, ChainsByName> chains_;
};

// The limit of nested jumps: NFT_JUMP_STACK_SIZE; ip_tables allows more, but no one uses it.
inline constexpr std::size_t kDeepestChain = 16;

}  // namespace hostnet
