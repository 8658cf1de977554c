#include "netlink/reply.h"

#include <gtest/gtest.h>

#include "tests/netlink/message_builder.h"

namespace hostnet {
namespace {

using testing::attribute;
using testing::Bytes;
using testing::join;
using testing::message;
using testing::raw;
using testing::text;
using State = ReplyReader::State;

constexpr std::uint32_t kSequence = 7;
constexpr std::uint32_t kPortId = 4242;

NetlinkRequest dump_request() {
  return {.family = NETLINK_ROUTE, .type = 18, .flags = NLM_F_DUMP, .doing = "listing links"};
}

Bytes ours(unsigned type, const Bytes& payload, unsigned flags = NLM_F_MULTI) {
  return message(type, payload, flags, kSequence, kPortId);
}

struct Outcome {
  Result<State> state;
  std::vector<unsigned> types;
};

Outcome take(const Bytes& datagram, const NetlinkRequest& request = dump_request()) {
  std::vector<unsigned> types;
  ReplyReader reader(request, kSequence, kPortId);
  Result<State> state = reader.take(datagram, {nullptr, [&](const NetlinkMessage& one) -> Result<> {
                                                 types.push_back(one.type);
                                                 return {};
                                               }});
  return {std::move(state), types};
}

nlmsgerr error_of(std::int32_t code, std::uint32_t request_length = 0) {
  nlmsgerr error{};
  error.error = code;
  error.msg.nlmsg_len = request_length;
  return error;
}

TEST(Reply, ADumpGoesOnUntilDone) {
  EXPECT_EQ(take(join(ours(16, Bytes(4)), ours(16, Bytes(4)))).state, State::more);
  const Outcome outcome = take(join(ours(16, Bytes(4)), ours(NLMSG_DONE, raw(std::int32_t{0}))));
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.types, std::vector<unsigned>{16});
}

TEST(Reply, WhatFollowsDoneIsNotRead) {
  const Outcome outcome = take(join(ours(NLMSG_DONE, raw(std::int32_t{0})), ours(16, Bytes(4))));
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_TRUE(outcome.types.empty());
}

TEST(Reply, AnErrnoInsideDoneIsAnError) {
  const auto state = take(ours(NLMSG_DONE, raw(std::int32_t{-EPERM}))).state;
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().reason, Reason::denied);
  EXPECT_EQ(state.error().message, "listing links: Operation not permitted");
}

TEST(Reply, DoneWithoutANumberIsTheEnd) {
  EXPECT_EQ(take(ours(NLMSG_DONE, {})).state, State::done);
}

TEST(Reply, AShortErrorStillCounts) {
  const auto state = take(ours(NLMSG_ERROR, raw(std::int32_t{-ENODEV}))).state;
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().system_error, ENODEV);
}

TEST(Reply, AnErrorWithoutItsNumberIsMalformed) {
  for (const std::size_t size : {0U, 1U, 3U}) {
    const auto state = take(ours(NLMSG_ERROR, Bytes(size))).state;
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().reason, Reason::malformed);
  }
}

TEST(Reply, AnImpossibleErrnoIsMalformed) {
  for (const std::int32_t code : {1, 4096, -4096, INT32_MIN}) {
    const auto state = take(ours(NLMSG_ERROR, raw(error_of(code)))).state;
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().reason, Reason::malformed) << code;
  }
}

TEST(Reply, TheKernelsExplanationIsInTheMessage) {
  const Bytes reason = attribute(NLMSGERR_ATTR_MSG, text("Unknown device type"));
  const Bytes capped = join(raw(error_of(-EOPNOTSUPP, 500)), reason);
  EXPECT_EQ(take(ours(NLMSG_ERROR, capped, NLM_F_CAPPED | NLM_F_ACK_TLVS)).state.error().message,
            "listing links: Operation not supported (Unknown device type)");
  const Bytes whole = join(raw(error_of(-EOPNOTSUPP, 16 + 8)), Bytes(8), reason);
  EXPECT_EQ(take(ours(NLMSG_ERROR, whole, NLM_F_ACK_TLVS)).state.error().message,
            "listing links: Operation not supported (Unknown device type)");
}

TEST(Reply, AnExplanationThatLiesAboutItsLengthIsLeftOut) {
  Bytes reason = attribute(NLMSGERR_ATTR_MSG, text("x"));
  reason[0] = std::byte{0xff};
  for (const std::uint32_t request_length : {0U, 16U, 0xffffffffU}) {
    const Bytes payload = join(raw(error_of(-EINVAL, request_length)), reason);
    EXPECT_EQ(take(ours(NLMSG_ERROR, payload, NLM_F_ACK_TLVS)).state.error().message,
              "listing links: Invalid argument");
  }
}

TEST(Reply, AnInterruptedDumpIsToBeAskedAgain) {
  const Outcome outcome = take(join(ours(16, Bytes(4)), ours(16, Bytes(4), NLM_F_DUMP_INTR)));
  EXPECT_EQ(outcome.state, State::interrupted);
  EXPECT_EQ(outcome.types.size(), 1U);
  EXPECT_EQ(take(ours(NLMSG_DONE, raw(std::int32_t{0}), NLM_F_DUMP_INTR)).state,
            State::interrupted);
  EXPECT_EQ(take(ours(NLMSG_OVERRUN, {})).state, State::interrupted);
}

TEST(Reply, AnswersToOthersAreSkipped) {
  const Bytes foreign = join(message(16, Bytes(4), NLM_F_MULTI, kSequence + 1, kPortId),
                             message(16, Bytes(4), NLM_F_MULTI, kSequence, kPortId + 1),
                             message(NLMSG_DONE, {}, 0, kSequence + 1, kPortId));
  const Outcome outcome = take(foreign);
  EXPECT_EQ(outcome.state, State::more);
  EXPECT_TRUE(outcome.types.empty());
}

TEST(Reply, ASingleAnswerEndsWithItsAcknowledgement) {
  NetlinkRequest request = dump_request();
  request.flags = 0;
  const Outcome outcome =
      take(join(ours(16, Bytes(4), 0), ours(NLMSG_ERROR, raw(error_of(0)), 0)), request);
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.types.size(), 1U);
}

TEST(Reply, AnErrorOfTheSinkEndsTheDump) {
  const NetlinkRequest request = dump_request();
  ReplyReader reader(request, kSequence, kPortId);
  const auto state =
      reader.take(ours(16, Bytes(4)), {nullptr, [](const NetlinkMessage&) -> Result<> {
                                         return failure(Reason::internal, "full");
                                       }});
  EXPECT_EQ(state.error().message, "full");
}

TEST(Reply, ADatagramOfHostileLengthsIsMalformed) {
  Bytes bytes = ours(16, Bytes(4));
  bytes[3] = std::byte{0x80};
  EXPECT_EQ(take(bytes).state.error().reason, Reason::malformed);
}

}  // namespace
}  // namespace hostnet
