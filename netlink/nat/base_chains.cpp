#include "netlink/nat/base_chains.h"

#include <algorithm>

namespace hostnet {

BaseChains::BaseChains(std::span<const PacketTable* const> tables)
    : tables_(tables.begin(), tables.end()) {
  for (const PacketTable* table : tables) {
    for (const PacketChain& chain : table->chains) chains_[table].emplace(chain.name, &chain);
  }
}

// Among equal priorities the kernel calls the newest first.
std::vector<BaseChain> BaseChains::at(PacketHook hook) const {
  std::vector<BaseChain> out;
  for (const PacketTable* table : tables_) {
    for (const PacketChain& chain : table->chains) {
      if (chain.hook == hook) out.push_back({table, &chain, &chains_.at(table)});
    }
  }
  std::ranges::reverse(out);
  std::ranges::stable_sort(out, {}, [](const BaseChain& one) { return one.chain->priority; });
  return out;
}

}  // namespace hostnet
