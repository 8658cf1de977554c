#pragma once

// Puts nf_tables messages together for tests.

#include <linux/netfilter/nf_tables.h>

#include <bit>

#include "netlink/nat/nftables/nft_messages.h"
#include "netlink/nat/packets/netfilter.h"
#include "tests/netlink/message_builder.h"

namespace hostnet::testing {

inline Bytes number(std::uint32_t value) {
  return raw(std::endian::native == std::endian::little ? __builtin_bswap32(value) : value);
}
inline Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}
inline Bytes data_of(const Bytes& value) {
  return attribute(NFTA_DATA_VALUE, value);
}
inline Bytes verdict_of(int code, std::string_view chain = "") {
  Bytes verdict = attribute(NFTA_VERDICT_CODE, number(static_cast<std::uint32_t>(code)));
  if (!chain.empty()) verdict = join(verdict, attribute(NFTA_VERDICT_CHAIN, text(chain)));
  return attribute(NFTA_DATA_VERDICT, verdict);
}
inline Bytes expression(std::string_view name, const Bytes& data) {
  return attribute(NFTA_LIST_ELEM,
                   join(attribute(NFTA_EXPR_NAME, text(name)), attribute(NFTA_EXPR_DATA, data)));
}
inline Bytes load_port(std::uint32_t into = NFT_REG_1) {
  return expression(
      "payload",
      join(attribute(NFTA_PAYLOAD_DREG, number(into)),
           attribute(NFTA_PAYLOAD_BASE, number(NFT_PAYLOAD_TRANSPORT_HEADER)),
           attribute(NFTA_PAYLOAD_OFFSET, number(2)), attribute(NFTA_PAYLOAD_LEN, number(2))));
}
inline Bytes compare_to(const Bytes& value, std::uint32_t operation = NFT_CMP_EQ) {
  return expression("cmp", join(attribute(NFTA_CMP_SREG, number(NFT_REG_1)),
                                attribute(NFTA_CMP_OP, number(operation)),
                                attribute(NFTA_CMP_DATA, data_of(value))));
}
inline Bytes verdict_expression(int code, std::string_view chain = "") {
  return expression("immediate", join(attribute(NFTA_IMMEDIATE_DREG, number(NFT_REG_VERDICT)),
                                      attribute(NFTA_IMMEDIATE_DATA, verdict_of(code, chain))));
}
inline NftRule rule_of(const Bytes& expressions) {
  return {.table = {.family = NFPROTO_IPV4, .name = "t"},
          .chain = "c",
          .expressions = expressions,
          .comment = {}};
}

}  // namespace hostnet::testing
