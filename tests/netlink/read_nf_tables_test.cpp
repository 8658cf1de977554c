#include "netlink/nat/nftables/read_nf_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "tests/netlink/nft_messages.h"
#include "tests/support/fake_netlink.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::uint16_t type_of(unsigned message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | message);
}

Bytes nft_message(unsigned type, const Bytes& attributes) {
  nfgenmsg about{};
  about.nfgen_family = NFPROTO_IPV4;
  return message(type_of(type), join(raw(about), attributes));
}

// One nat chain at prerouting with so many rules.
FakeNetlink kernel_with(std::size_t rules) {
  const Bytes hook =
      join(attribute(NFTA_HOOK_HOOKNUM, number(0)), attribute(NFTA_HOOK_PRIORITY, number(0)));
  const Bytes rule =
      nft_message(NFT_MSG_NEWRULE,
                  join(attribute(NFTA_RULE_TABLE, text("t")), attribute(NFTA_RULE_CHAIN, text("c")),
                       attribute(NFTA_RULE_EXPRESSIONS, verdict_expression(NFT_JUMP, "x"))));
  Bytes all;
  for (std::size_t n = 0; n < rules; ++n) all.insert(all.end(), rule.begin(), rule.end());
  FakeNetlink kernel;
  const auto answer = [&](unsigned asked, Bytes bytes) {
    kernel.answers[{NETLINK_NETFILTER, type_of(asked)}] = {std::move(bytes)};
  };
  answer(NFT_MSG_GETTABLE, nft_message(NFT_MSG_NEWTABLE, attribute(NFTA_TABLE_NAME, text("t"))));
  answer(NFT_MSG_GETCHAIN,
         nft_message(
             NFT_MSG_NEWCHAIN,
             join(attribute(NFTA_CHAIN_TABLE, text("t")), attribute(NFTA_CHAIN_NAME, text("c")),
                  attribute(NFTA_CHAIN_HOOK, hook), attribute(NFTA_CHAIN_TYPE, text("nat")))));
  answer(NFT_MSG_GETRULE, std::move(all));
  return kernel;
}

TEST(ReadNfTables, AsManyRulesAsMayBeAreReadAndOneMoreIsAnError) {
  constexpr std::size_t kTableAndChain = 2;
  FakeNetlink full = kernel_with(kMostNftParts - kTableAndChain);
  const auto read = read_nf_tables(full);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->tables.size(), 1U);
  EXPECT_EQ(read->tables[0].chains[0].rules.size(), kMostNftParts - kTableAndChain);

  FakeNetlink too_full = kernel_with(kMostNftParts - kTableAndChain + 1);
  const auto refused = read_nf_tables(too_full);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("more than 80000 rules"));
}

}  // namespace
}  // namespace hostnet
