// A whole answer of nf_tables: whatever its messages say about sets, elements,
// chains and rules is compiled and walked.

#include <linux/netfilter/nf_tables.h>

#include <map>

#include "netlink/attributes.h"
#include "netlink/nat/nftables/nft_compile.h"
#include "netlink/nat/walk_nat.h"

namespace hostnet {
namespace {

struct FuzzedTables {
  std::map<std::string, NftSet, std::less<>> sets;
  PacketTable table;
  std::vector<NftRule> rules;

  Result<> take(const NetlinkMessage& message) {
    switch (message.type & 0xFFU) {
      case NFT_MSG_NEWTABLE: static_cast<void>(decode_nft_table(message)); break;
      case NFT_MSG_NEWGEN: static_cast<void>(decode_nft_generation(message)); break;
      case NFT_MSG_NEWCHAIN:
        if (auto chain = decode_nft_chain(message)) {
          table.chains.push_back({chain->name, chain->hook, chain->priority, {}});
        }
        break;
      case NFT_MSG_NEWRULE:
        if (auto rule = decode_nft_rule(message)) rules.push_back(*std::move(rule));
        break;
      case NFT_MSG_NEWSET:
        if (auto set = decode_nft_set(message)) sets.insert_or_assign(set->name, *set);
        break;
      case NFT_MSG_NEWSETELEM:
        if (auto elements = decode_nft_elements(message); elements && !sets.empty()) {
          NftSet& set = sets.begin()->second;
          set.elements = *std::move(elements);
          if (is_interval_set(set)) close_intervals(set.elements);
        }
        break;
      default: break;
    }
    return {};
  }
};

}  // namespace
}  // namespace hostnet

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hostnet;
  FuzzedTables all;
  static_cast<void>(
      walk_messages(std::as_bytes(std::span(data, size)),
                    [&](const NetlinkMessage& message) { return all.take(message); }));
  UnknownParts unknown;
  const NftSetLookup lookup = [&](std::string_view name) -> Result<const NftSet*> {
    const auto at = all.sets.find(name);
    return at == all.sets.end() ? nullptr : &at->second;
  };
  for (const NftRule& rule : all.rules) {
    auto compiled = compile_nft_rule(rule, lookup, unknown);
    if (!compiled) continue;
    for (PacketChain& chain : all.table.chains) {
      if (chain.name == rule.chain) chain.rules.push_back(*compiled);
    }
  }
  static_cast<void>(walk_nat({all.table}, {.most_rules = 1000, .most_steps = 10000}));
  return 0;
}
