#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/nat/nftables/nft_compile.h"
#include "netlink/nat/xtables/xt_extensions.h"
#include "tests/netlink/nft_messages.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::Pair;

const NftSetLookup kNoSets = [](std::string_view) -> Result<const NftSet*> { return nullptr; };

class NftRules : public ::testing::Test {
 protected:
  Result<PacketRule> compiled(const Bytes& expressions, const NftSetLookup& sets = kNoSets) {
    return compile_nft_rule(rule_of(expressions), sets, unknown_);
  }
  UnknownParts unknown_;
};

TEST_F(NftRules, AnExpressionThatNobodyKnowsMakesTheRuleConditional) {
  const auto rule = compiled(join(expression("novelty", {}), verdict_expression(NFT_JUMP, "x")));
  ASSERT_TRUE(rule);
  ASSERT_EQ(rule->alternatives.size(), 1U);
  EXPECT_TRUE(rule->alternatives[0].scope.is_conditional());
  EXPECT_EQ(rule->alternatives[0].action.chain, "x");
  EXPECT_THAT(unknown_, ElementsAre(Pair("novelty", 1U)));
}

TEST_F(NftRules, ARegisterThatDoesNotExistIsMalformed) {
  for (const std::uint32_t number : {5U, 7U, 24U, 0xFFFFFFFFU}) {
    const auto rule = compiled(load_port(number));
    ASSERT_FALSE(rule);
    EXPECT_EQ(rule.error().reason, Reason::malformed);
  }
}

TEST_F(NftRules, AValueLongerThanTheRegistersIsMalformed) {
  EXPECT_FALSE(compiled(compare_to(Bytes(65))));
  EXPECT_TRUE(compiled(compare_to(Bytes(64))));
}

TEST_F(NftRules, AnAttributeLongerThanTheRuleIsMalformed) {
  Bytes cut = load_port();
  cut.resize(cut.size() - 4);
  const auto rule = compiled(cut);
  ASSERT_FALSE(rule);
  EXPECT_THAT(rule.error().message, ::testing::HasSubstr("nf_tables rule in t c: "));
}

TEST_F(NftRules, ASetThatIsNotThereIsCountedAndConditional) {
  const Bytes lookup = expression("lookup", join(attribute(NFTA_LOOKUP_SET, text("gone")),
                                                 attribute(NFTA_LOOKUP_SREG, number(NFT_REG_1))));
  const auto rule = compiled(join(load_port(), lookup, verdict_expression(NFT_RETURN)));
  ASSERT_TRUE(rule);
  EXPECT_TRUE(rule->alternatives.at(0).scope.is_conditional());
  EXPECT_THAT(unknown_, ElementsAre(Pair("set gone", 1U)));
}

TEST_F(NftRules, AKeyOfAnotherLengthThanItsSetIsMalformed) {
  const NftSet set{.name = "s", .key_length = 2, .elements = {{.key = bytes({0, 80, 0, 0})}}};
  const NftSetLookup sets = [&](std::string_view) -> Result<const NftSet*> { return &set; };
  const Bytes lookup = expression("lookup", join(attribute(NFTA_LOOKUP_SET, text("s")),
                                                 attribute(NFTA_LOOKUP_SREG, number(NFT_REG_1))));
  const auto rule = compiled(join(load_port(), lookup, verdict_expression(NFT_RETURN)), sets);
  ASSERT_FALSE(rule);
  EXPECT_EQ(rule.error().reason, Reason::malformed);
}

TEST_F(NftRules, MasksOfPortsAreSpansWhereTheyArePrefixes) {
  const auto masked = [&](std::initializer_list<int> mask) {
    return compiled(
        join(load_port(),
             expression("bitwise", join(attribute(NFTA_BITWISE_SREG, number(NFT_REG_1)),
                                        attribute(NFTA_BITWISE_DREG, number(NFT_REG_1)),
                                        attribute(NFTA_BITWISE_LEN, number(2)),
                                        attribute(NFTA_BITWISE_MASK, data_of(bytes(mask))),
                                        attribute(NFTA_BITWISE_XOR, data_of(bytes({0, 0}))))),
             compare_to(bytes({0x1F, 0})), verdict_expression(NFT_RETURN)));
  };
  EXPECT_EQ(masked({0xFF, 0})->alternatives.at(0).scope.ports, (PortSpan{0x1F00, 0x1FFF}));
  EXPECT_FALSE(masked({0xFF, 0})->alternatives.at(0).scope.is_conditional());
  EXPECT_TRUE(masked({0xFF, 1})->alternatives.at(0).scope.is_conditional());
  EXPECT_TRUE(masked({0x0F, 0})->alternatives.empty());  // never: bits that the mask takes away
}

TEST_F(NftRules, NumbersChangeTheirByteOrder) {
  // nft 1.0.6 swaps even the one byte of the protocol that begins the key of a range.
  const auto swapped = [&](std::uint32_t size, std::uint32_t length,
                           std::initializer_list<int> value) {
    return compiled(
        join(load_port(),
             expression("byteorder", join(attribute(NFTA_BYTEORDER_SREG, number(NFT_REG_1)),
                                          attribute(NFTA_BYTEORDER_DREG, number(NFT_REG_1)),
                                          attribute(NFTA_BYTEORDER_LEN, number(length)),
                                          attribute(NFTA_BYTEORDER_SIZE, number(size)))),
             compare_to(bytes(value)), verdict_expression(NFT_RETURN)));
  };
  EXPECT_EQ(swapped(2, 1, {0x1F, 0x90})->alternatives.at(0).scope.ports, (PortSpan{8080, 8080}));
  EXPECT_FALSE(swapped(2, 1, {0x1F, 0x90})->alternatives.at(0).scope.is_conditional());
  EXPECT_TRUE(swapped(2, 2, {0x90, 0x1F})->alternatives.at(0).scope.is_conditional());
  EXPECT_EQ(swapped(0, 2, {0x1F, 0x90}).error().reason, Reason::malformed);
  EXPECT_EQ(swapped(2, 65, {0x1F, 0x90}).error().reason, Reason::malformed);
}

TEST_F(NftRules, ComparisonsAtTheEndsOfTheRange) {
  const auto spans = [&](std::uint32_t operation, std::initializer_list<int> value) {
    std::vector<PortSpan> out;
    const auto rule = compiled(
        join(load_port(), compare_to(bytes(value), operation), verdict_expression(NFT_RETURN)));
    for (const auto& one : rule->alternatives) out.push_back(one.scope.ports);
    return out;
  };
  EXPECT_THAT(spans(NFT_CMP_LT, {0, 0}), ElementsAre());
  EXPECT_THAT(spans(NFT_CMP_GT, {0xFF, 0xFF}), ElementsAre());
  EXPECT_THAT(spans(NFT_CMP_LT, {1, 0}), ElementsAre(PortSpan{0, 255}));
  EXPECT_THAT(spans(NFT_CMP_GT, {0, 0xFF}), ElementsAre(PortSpan{256, 65535}));
  EXPECT_THAT(spans(NFT_CMP_NEQ, {0, 0}), ElementsAre(PortSpan{1, 65535}));
  EXPECT_THAT(spans(NFT_CMP_NEQ, {0xFF, 0xFF}), ElementsAre(PortSpan{0, 65534}));
}

TEST(NftMessages, AHeaderThatIsTooShortIsMalformed) {
  const Bytes payload = bytes({2, 0, 0});
  const NetlinkMessage message{.payload = payload};
  EXPECT_EQ(decode_nft_rule(message).error().reason, Reason::malformed);
  EXPECT_EQ(decode_nft_elements(message).error().reason, Reason::malformed);
}

TEST(NftMessages, ACommentThatIsLongerThanItsUserDataIsNone) {
  const Bytes payload =
      join(bytes({2, 0, 0, 0}), attribute(NFTA_RULE_USERDATA, bytes({0, 9, 'x'})));
  EXPECT_EQ(decode_nft_rule({.payload = payload})->comment, "");
}

TEST(NftIntervals, AnIntervalEndsBeforeTheNextKey) {
  std::vector<NftElement> elements{
      {.key = bytes({0, 111}), .interval_end = true}, {.key = bytes({0, 100})},
      {.key = bytes({1, 0}), .interval_end = true},   {.key = bytes({0, 111})},
      {.key = bytes({0, 0}), .interval_end = true},   {.key = bytes({9, 0})}};
  close_intervals(elements);
  ASSERT_EQ(elements.size(), 3U);
  EXPECT_EQ(elements[0].key_end, bytes({0, 110}));
  EXPECT_EQ(elements[1].key_end, bytes({0, 255}));
  EXPECT_EQ(elements[2].key_end, bytes({255, 255}));  // without an end
}

TEST(XtExtensions, AStructThatIsCutIsMalformedWhereverItIs) {
  UnknownParts unknown;
  const Bytes info(64);
  for (const auto& [name, revision, size] :
       std::vector<std::tuple<std::string_view, int, std::size_t>>{
           {"tcp", 0, 12}, {"udp", 0, 10}, {"multiport", 1, 48}, {"addrtype", 1, 8}}) {
    const XtExtension match{.name = name, .revision = static_cast<std::uint8_t>(revision)};
    XtExtension whole = match, cut = match;
    whole.info = std::span(info).first(size);
    cut.info = std::span(info).first(size - 1);
    EXPECT_TRUE(decode_xt_match(whole, unknown)) << name;
    EXPECT_EQ(decode_xt_match(cut, unknown).error().reason, Reason::malformed) << name;
  }
  EXPECT_FALSE(decode_xt_target({.name = "DNAT", .revision = 2, .info = std::span(info).first(39)},
                                unknown));
  EXPECT_FALSE(decode_xt_target({.name = "REDIRECT", .info = std::span(info).first(19)}, unknown));
  EXPECT_TRUE(unknown.empty());
}

TEST(XtExtensions, MoreThanFifteenPortsOfMultiportAreMalformed) {
  UnknownParts unknown;
  Bytes info(48);
  info[0] = std::byte{1};
  info[1] = std::byte{16};
  EXPECT_FALSE(decode_xt_match({.name = "multiport", .revision = 1, .info = info}, unknown));
}

TEST(XtExtensions, WhatIsNotKnownIsCounted) {
  UnknownParts unknown;
  EXPECT_TRUE(decode_xt_match({.name = "novelty"}, unknown)->scopes.at(0).is_conditional());
  EXPECT_EQ(decode_xt_target({.name = "NOVELTY"}, unknown)->size(), 0U);
  EXPECT_THAT(unknown, ElementsAre(Pair("match novelty", 1U), Pair("target NOVELTY", 1U)));
}

}  // namespace
}  // namespace hostnet
