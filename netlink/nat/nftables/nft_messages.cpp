#include "netlink/nat/nftables/nft_messages.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "netlink/nat/packets/netfilter.h"
#include "netlink/nfnetlink_attributes.h"
#include "netlink/request.h"

namespace hostnet {
namespace {

constexpr std::uint8_t kCommentOfUserData = 0;  // nft's and iptables' own numbering

constexpr std::uint16_t nft_type(unsigned message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | message);
}

std::span<const std::byte> with_nul(const std::string& text) {
  return std::as_bytes(std::span(text.c_str(), text.size() + 1));
}

nfgenmsg header_of(unsigned family) {
  nfgenmsg header{};
  header.nfgen_family = static_cast<std::uint8_t>(family);
  header.version = NFNETLINK_V0;
  return header;
}

// nft's user data: type and length, one byte each, then the value.
std::string comment_in(std::span<const std::byte> bytes) {
  while (bytes.size() >= 2) {
    const auto type = std::to_integer<std::uint8_t>(bytes[0]);
    const auto length = std::to_integer<std::size_t>(bytes[1]);
    if (length > bytes.size() - 2) return "";
    if (type == kCommentOfUserData) {
      return AttributeTable<0>::text_of(bytes.subspan(2, length));
    }
    bytes = bytes.subspan(2 + length);
  }
  return "";
}

NftBytes copied(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

template <std::size_t Maximum>
Result<std::pair<std::uint8_t, AttributeTable<Maximum>>> family_and_attributes(
    const NetlinkMessage& message) {
  const auto rest = after_nfgenmsg(message.payload);
  if (!rest) return std::unexpected(rest.error());
  auto table = AttributeTable<Maximum>::of(*rest);
  if (!table) return std::unexpected(std::move(table).error());
  return std::pair(copy_of<nfgenmsg>(message.payload).nfgen_family, *table);
}

Result<> decode_hook(std::span<const std::byte> bytes, NftChain& chain) {
  const auto hook = AttributeTable<NFTA_HOOK_MAX>::of(bytes);
  if (!hook) return std::unexpected(hook.error());
  chain.priority = static_cast<std::int32_t>(nft_number(*hook, NFTA_HOOK_PRIORITY));
  switch (nft_number(*hook, NFTA_HOOK_HOOKNUM, NF_INET_NUMHOOKS)) {
    case NF_INET_PRE_ROUTING: chain.hook = PacketHook::prerouting; break;
    case NF_INET_LOCAL_IN: chain.hook = PacketHook::input; break;
    case NF_INET_FORWARD: chain.hook = PacketHook::forward; break;
    case NF_INET_LOCAL_OUT: chain.hook = PacketHook::output; break;
    default: break;
  }
  return {};
}

// NFTA_DATA_VALUE inside NFTA_SET_ELEM_KEY and similar.
Result<NftBytes> value_in(std::span<const std::byte> bytes) {
  const auto data = AttributeTable<NFTA_DATA_MAX>::of(bytes);
  if (!data) return std::unexpected(data.error());
  return copied((*data)[NFTA_DATA_VALUE]);
}

Result<NftElement> decode_element(std::span<const std::byte> bytes) {
  const auto table = AttributeTable<NFTA_SET_ELEM_MAX>::of(bytes);
  if (!table) return std::unexpected(table.error());
  NftElement element;
  const std::uint32_t flags = nft_number(*table, NFTA_SET_ELEM_FLAGS);
  element.interval_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
  element.catch_all = (flags & NFT_SET_ELEM_CATCHALL) != 0;
  element.comment = comment_in((*table)[NFTA_SET_ELEM_USERDATA]);
  auto key = value_in((*table)[NFTA_SET_ELEM_KEY]);
  auto key_end = value_in((*table)[NFTA_SET_ELEM_KEY_END]);
  const auto data = nft_nested<NFTA_DATA_MAX>(*table, NFTA_SET_ELEM_DATA);
  if (!key) return std::unexpected(std::move(key).error());
  if (!key_end) return std::unexpected(std::move(key_end).error());
  if (!data) return std::unexpected(data.error());
  element.key = *std::move(key);
  element.key_end = *std::move(key_end);
  element.data = copied((*data)[NFTA_DATA_VALUE]);
  if (data->has(NFTA_DATA_VERDICT)) {
    auto verdict = decode_nft_verdict((*data)[NFTA_DATA_VERDICT]);
    if (!verdict) return std::unexpected(std::move(verdict).error());
    element.verdict = *std::move(verdict);
  }
  return element;
}

// The preceding key, as a big-endian number. Not for zero.
NftBytes one_less(NftBytes key) {
  for (std::size_t at = key.size(); at-- > 0;) {
    const auto value = std::to_integer<unsigned>(key[at]);
    key[at] = static_cast<std::byte>(value - 1);
    if (value != 0) break;
  }
  return key;
}

}  // namespace

NetlinkRequest nft_list_request(NftList what, const std::optional<NftTableId>& table) {
  static constexpr const char* kDoing[] = {"listing nf_tables tables", "listing nf_tables chains",
                                           "listing nf_tables rules", "listing nf_tables sets"};
  static constexpr unsigned kTypes[] = {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE,
                                        NFT_MSG_GETSET};
  static constexpr std::uint16_t kTableAttributes[] = {NFTA_TABLE_NAME, NFTA_CHAIN_TABLE,
                                                       NFTA_RULE_TABLE, NFTA_SET_TABLE};
  const auto which = static_cast<std::size_t>(what);
  RequestBuilder request(NETLINK_NETFILTER, nft_type(kTypes[which]), NLM_F_DUMP,
                         table ? std::string(kDoing[which]) + " of " + table->name : kDoing[which]);
  request.fixed(header_of(table ? table->family : 0U));
  if (table) request.attribute(kTableAttributes[which], with_nul(table->name));
  return std::move(request).build();
}

NetlinkRequest nft_elements_request(const NftTableId& table, const std::string& set) {
  RequestBuilder request(NETLINK_NETFILTER, nft_type(NFT_MSG_GETSETELEM), NLM_F_DUMP,
                         "listing elements of nf_tables set " + table.name + " " + set);
  request.fixed(header_of(table.family));
  request.attribute(NFTA_SET_ELEM_LIST_TABLE, with_nul(table.name));
  request.attribute(NFTA_SET_ELEM_LIST_SET, with_nul(set));
  return std::move(request).build();
}

NetlinkRequest nft_generation_request() {
  RequestBuilder request(NETLINK_NETFILTER, nft_type(NFT_MSG_GETGEN), 0,
                         "asking for nf_tables' generation");
  request.fixed(header_of(NFPROTO_UNSPEC));
  return std::move(request).build();
}

Result<std::uint32_t> decode_nft_generation(const NetlinkMessage& message) {
  const auto decoded = family_and_attributes<NFTA_GEN_MAX>(message);
  if (!decoded) return std::unexpected(decoded.error());
  return nft_number(decoded->second, NFTA_GEN_ID);
}

Result<NftTable> decode_nft_table(const NetlinkMessage& message) {
  const auto decoded = family_and_attributes<NFTA_TABLE_MAX>(message);
  if (!decoded) return std::unexpected(decoded.error());
  const auto& [family, table] = *decoded;
  return NftTable{.id = {.family = family, .name = table.text(NFTA_TABLE_NAME)},
                  .dormant = (nft_number(table, NFTA_TABLE_FLAGS) & NFT_TABLE_F_DORMANT) != 0};
}

Result<NftChain> decode_nft_chain(const NetlinkMessage& message) {
  const auto decoded = family_and_attributes<NFTA_CHAIN_MAX>(message);
  if (!decoded) return std::unexpected(decoded.error());
  const auto& [family, table] = *decoded;
  NftChain chain{.table = {.family = family, .name = table.text(NFTA_CHAIN_TABLE)},
                 .name = table.text(NFTA_CHAIN_NAME)};
  // Other families number their hooks differently.
  const bool of_packets =
      family == NFPROTO_IPV4 || family == NFPROTO_IPV6 || family == NFPROTO_INET;
  if (table.text(NFTA_CHAIN_TYPE) != "nat") chain.type = ChainType::filter;
  chain.drops = nft_number(table, NFTA_CHAIN_POLICY, NF_ACCEPT) == NF_DROP;
  if (table.has(NFTA_CHAIN_HOOK) && of_packets) {
    if (auto done = decode_hook(table[NFTA_CHAIN_HOOK], chain); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  return chain;
}

Result<NftRule> decode_nft_rule(const NetlinkMessage& message) {
  const auto decoded = family_and_attributes<NFTA_RULE_MAX>(message);
  if (!decoded) return std::unexpected(decoded.error());
  const auto& [family, table] = *decoded;
  return NftRule{.table = {.family = family, .name = table.text(NFTA_RULE_TABLE)},
                 .chain = table.text(NFTA_RULE_CHAIN),
                 .expressions = copied(table[NFTA_RULE_EXPRESSIONS]),
                 .comment = comment_in(table[NFTA_RULE_USERDATA])};
}

Result<NftSet> decode_nft_set(const NetlinkMessage& message) {
  const auto decoded = family_and_attributes<NFTA_SET_MAX>(message);
  if (!decoded) return std::unexpected(decoded.error());
  const auto& [family, table] = *decoded;
  return NftSet{.table = {.family = family, .name = table.text(NFTA_SET_TABLE)},
                .name = table.text(NFTA_SET_NAME),
                .flags = nft_number(table, NFTA_SET_FLAGS),
                .key_length = nft_number(table, NFTA_SET_KEY_LEN),
                .elements = {}};
}

Result<std::vector<NftElement>> decode_nft_elements(const NetlinkMessage& message) {
  const auto decoded = family_and_attributes<NFTA_SET_ELEM_LIST_MAX>(message);
  if (!decoded) return std::unexpected(decoded.error());
  std::vector<NftElement> elements;
  const auto on_element = [&](const NetlinkAttribute& attribute) -> Result<> {
    auto element = decode_element(attribute.value);
    if (!element) return std::unexpected(std::move(element).error());
    elements.push_back(*std::move(element));
    return {};
  };
  auto walked = walk_attributes(decoded->second[NFTA_SET_ELEM_LIST_ELEMENTS], on_element);
  if (!walked) return std::unexpected(std::move(walked).error());
  return elements;
}

Result<NftVerdict> decode_nft_verdict(std::span<const std::byte> bytes) {
  const auto table = AttributeTable<NFTA_VERDICT_MAX>::of(bytes);
  if (!table) return std::unexpected(table.error());
  return NftVerdict{.code = static_cast<std::int32_t>(nft_number(*table, NFTA_VERDICT_CODE)),
                    .chain = table->text(NFTA_VERDICT_CHAIN)};
}

bool is_interval_set(const NftSet& set) {
  // An element of several fields has both of its ends, unless it is a single key.
  return (set.flags & NFT_SET_INTERVAL) != 0 && (set.flags & NFT_SET_CONCAT) == 0;
}

void close_intervals(std::vector<NftElement>& elements) {
  // By key; where one interval ends and another begins, the end comes first.
  std::ranges::sort(elements, [](const NftElement& one, const NftElement& other) {
    if (one.catch_all != other.catch_all) return other.catch_all;
    if (one.key != other.key) return one.key < other.key;
    return one.interval_end && !other.interval_end;
  });
  for (std::size_t at = 0; at < elements.size(); ++at) {
    NftElement& element = elements[at];
    if (element.interval_end || element.catch_all || !element.key_end.empty()) continue;
    const bool last = at + 1 == elements.size() || elements[at + 1].catch_all;
    if (last) {
      element.key_end.assign(element.key.size(), std::byte{0xFF});
    } else if (elements[at + 1].key != element.key) {
      element.key_end = one_less(elements[at + 1].key);
    }
  }
  std::erase_if(elements, [](const NftElement& element) { return element.interval_end; });
}

}  // namespace hostnet
