#pragma once

// nf_tables over NETLINK_NETFILTER (include/uapi/linux/netfilter/nf_tables.h):
// requests, and their answers as plain data. By hand: libnftnl 1.2.4 aborts the
// process, or reads beyond the message, on input that it does not know.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/nat/packets/packet_rules.h"
#include "netlink/netlink.h"

namespace hostnet {

using NftBytes = std::vector<std::byte>;

struct NftTableId {
  std::uint8_t family{};  // NFPROTO_*
  std::string name;
  auto operator<=>(const NftTableId&) const = default;
};

struct NftTable {
  NftTableId id;
  bool dormant{};  // present, but not in force
};

struct NftChain {
  NftTableId table;
  std::string name;
  std::optional<PacketHook> hook;  // of base chains at one of these
  ChainType type{};
  std::int32_t priority{};
  bool drops{};  // the policy of a base chain
};

struct NftRule {
  NftTableId table;
  std::string chain;
  NftBytes expressions;  // NFTA_RULE_EXPRESSIONS, validated when the rule is compiled
  std::string comment;
};

struct NftVerdict {
  std::int32_t code{};  // NFT_JUMP…, NF_ACCEPT, NF_DROP
  std::string chain;
  bool operator==(const NftVerdict&) const = default;
};

struct NftElement {
  NftBytes key;
  NftBytes key_end;  // the last key of a range; empty: only `key`
  NftBytes data;     // the value in a map
  std::optional<NftVerdict> verdict;
  std::string comment;
  bool interval_end{};  // only until close_intervals()
  bool catch_all{};
};

struct NftSet {
  NftTableId table;
  std::string name;
  std::uint32_t flags{};  // NFT_SET_*
  std::uint32_t key_length{};
  std::vector<NftElement> elements;
};

enum class NftList { tables, chains, rules, sets };
// Of one table; unset: of all tables.
NetlinkRequest nft_list_request(NftList what, const std::optional<NftTableId>& table);
NetlinkRequest nft_elements_request(const NftTableId& table, const std::string& set);
// The number of the current generation of rules, which grows with every change.
NetlinkRequest nft_generation_request();

// The contents of one message of the answer. Lengths that do not fit are
// Reason::malformed; unknown attributes are skipped.
Result<std::uint32_t> decode_nft_generation(const NetlinkMessage& message);
Result<NftTable> decode_nft_table(const NetlinkMessage& message);
Result<NftChain> decode_nft_chain(const NetlinkMessage& message);
Result<NftRule> decode_nft_rule(const NetlinkMessage& message);
Result<NftSet> decode_nft_set(const NetlinkMessage& message);  // without elements
Result<std::vector<NftElement>> decode_nft_elements(const NetlinkMessage& message);
Result<NftVerdict> decode_nft_verdict(std::span<const std::byte> bytes);

// The kernel sends an interval as two elements, its first key and the key after
// its last. Joins them into one element with `key` and `key_end`.
void close_intervals(std::vector<NftElement>& elements);
// Whether the set's elements are such pairs.
bool is_interval_set(const NftSet& set);

}  // namespace hostnet
