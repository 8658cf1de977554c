#include "netlink/messages.h"

#include <gtest/gtest.h>

#include "netlink/attributes.h"
#include "tests/netlink/message_builder.h"

namespace hostnet {
namespace {

using testing::attribute;
using testing::Bytes;
using testing::join;
using testing::message;
using testing::raw;

Result<std::vector<std::size_t>> payload_sizes(const Bytes& bytes) {
  std::vector<std::size_t> sizes;
  Result<> walked = for_each_message(bytes, [&](const NetlinkMessage& one) -> Result<> {
    sizes.push_back(one.payload.size());
    return {};
  });
  if (!walked) return std::unexpected(walked.error());
  return sizes;
}

Bytes with_length(Bytes bytes, std::uint32_t length) {
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes;
}

Bytes with_attribute_length(Bytes bytes, std::uint16_t length) {
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes;
}

TEST(Messages, AreSplitAtTheirPaddedLengths) {
  const Bytes bytes = join(message(16, Bytes(5)), message(17, Bytes(0)), message(18, Bytes(8)));
  EXPECT_EQ(payload_sizes(bytes).value(), (std::vector<std::size_t>{5, 0, 8}));
}

TEST(Messages, TheLastOneNeedsNoPadding) {
  Bytes bytes = message(16, Bytes(5));
  bytes.resize(16 + 5);
  EXPECT_EQ(payload_sizes(bytes).value(), (std::vector<std::size_t>{5}));
}

TEST(Messages, AnEmptyBufferHasNone) {
  EXPECT_TRUE(payload_sizes({}).value().empty());
}

TEST(Messages, ALengthThatLiesIsMalformed) {
  const Bytes good = message(16, Bytes(8));
  for (const std::uint32_t length : {0U, 1U, 15U, 25U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    const auto sizes = payload_sizes(with_length(good, length));
    ASSERT_FALSE(sizes) << length;
    EXPECT_EQ(sizes.error().reason, Reason::malformed);
  }
}

TEST(Messages, ATruncatedHeaderIsMalformed) {
  const Bytes good = message(16, Bytes(8));
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_FALSE(payload_sizes(Bytes(good.begin(), good.begin() + static_cast<long>(size))))
        << size;
  }
}

TEST(Messages, AnErrorOfTheCallbackEndsTheWalk) {
  int calls = 0;
  const Result<> walked = for_each_message(join(message(1, {}), message(2, {})),
                                           [&](const NetlinkMessage&) -> Result<> {
                                             ++calls;
                                             return failure(Reason::internal, "enough");
                                           });
  EXPECT_EQ(walked.error().message, "enough");
  EXPECT_EQ(calls, 1);
}

TEST(Attributes, LoseTheirFlagsInTheType) {
  const Bytes bytes = attribute(NLA_F_NESTED | NLA_F_NET_BYTEORDER | 7U, Bytes(3));
  Result<> walked = for_each_attribute(bytes, [](const NetlinkAttribute& one) -> Result<> {
    EXPECT_EQ(one.type, 7);
    EXPECT_EQ(one.value.size(), 3U);
    return {};
  });
  EXPECT_TRUE(walked);
}

TEST(Attributes, ALengthThatLiesIsMalformed) {
  for (const unsigned length : {0U, 1U, 3U, 9U, 0x7fffU, 0xffffU}) {
    const Bytes bytes =
        with_attribute_length(attribute(1, Bytes(4)), static_cast<std::uint16_t>(length));
    const auto walked =
        for_each_attribute(bytes, [](const NetlinkAttribute&) -> Result<> { return {}; });
    ASSERT_FALSE(walked) << length;
    EXPECT_EQ(walked.error().reason, Reason::malformed);
  }
}

TEST(Attributes, NestedOnesStayInsideTheirParent) {
  Bytes inner = attribute(1, Bytes(4));
  inner = with_attribute_length(inner, 64);  // more than its parent holds, less than the buffer
  const Bytes bytes = join(attribute(9, inner), attribute(2, Bytes(100)));
  const auto outer = AttributeTable<9>::of(bytes);
  ASSERT_TRUE(outer);
  EXPECT_FALSE(AttributeTable<9>::of((*outer)[9]));
}

TEST(AttributeTable, TellsAbsentFromEmptyAndKeepsTheLast) {
  const Bytes bytes = join(attribute(1, raw(std::uint32_t{5})), attribute(1, raw(std::uint32_t{6})),
                           attribute(2, {}), attribute(200, Bytes(4)));
  const auto table = AttributeTable<3>::of(bytes).value();
  EXPECT_EQ(table.get<std::uint32_t>(1), 6U);
  EXPECT_TRUE(table.has(2));
  EXPECT_EQ(table.get<std::uint32_t>(2), 0U);
  EXPECT_FALSE(table.has(3));
  EXPECT_EQ(table.get<std::uint32_t>(3), std::nullopt);
}

TEST(AttributeTable, TakesWhatAShorterOrLongerStructHas) {
  struct Three {
    std::uint32_t a, b, c;
  };
  const Bytes bytes = join(attribute(1, raw(std::uint32_t{7})), attribute(2, Bytes(64)));
  const auto table = AttributeTable<2>::of(bytes).value();
  EXPECT_EQ(table.get<Three>(1)->a, 7U);
  EXPECT_EQ(table.get<Three>(1)->c, 0U);
  EXPECT_EQ(table.get<Three>(2)->c, 0U);
}

}  // namespace
}  // namespace hostnet
