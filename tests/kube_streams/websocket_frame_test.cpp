#include "agent/kube/streams/websocket_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kube_streams/scripted_stream.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

std::optional<Frame> decoded(std::string_view text) {
  FrameDecoder decoder;
  decoder.feed(text);
  const auto frame = decoder.next();
  return frame ? *frame : std::nullopt;
}

std::string refusal(std::string_view text) {
  FrameDecoder decoder;
  decoder.feed(text);
  const auto frame = decoder.next();
  return frame ? "" : frame.error().message;
}

// RFC 6455 section 5.7.
TEST(WebSocketFrame, IsMaskedAsTheStandardsExample) {
  EXPECT_EQ(encode_frame(FrameKind::text, "Hello", 0x37fa213d),
            bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
}

TEST(WebSocketFrame, ItsLengthTakesTwoOrEightBytesWhereItMust) {
  EXPECT_EQ(encode_frame(FrameKind::binary, std::string(125, 'x'), 0).size(), 2 + 4 + 125U);
  const std::string two = encode_frame(FrameKind::binary, std::string(126, 'x'), 0);
  EXPECT_EQ(two.substr(0, 4), bytes({0x82, 0xfe, 0x00, 0x7e}));
  const std::string eight = encode_frame(FrameKind::binary, std::string(65536, 'x'), 0);
  EXPECT_EQ(eight.substr(0, 10), bytes({0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(WebSocketFrame, AServersIsRead) {
  EXPECT_EQ(decoded(bytes({0x81, 0x05}) + "Hello"),
            (Frame{.kind = FrameKind::text, .final = true, .payload = "Hello"}));
  EXPECT_EQ(decoded(bytes({0x02, 0x00})),
            (Frame{.kind = FrameKind::binary, .final = false, .payload = ""}));
  const std::string long_one(300, 'x');
  EXPECT_EQ(decoded(server_frame(long_one))->payload, long_one);
}

TEST(WebSocketFrame, PiecesOfAnySizeMakeIt) {
  const std::string text = server_frame("first") + server_frame(std::string(200, 'y'));
  for (std::size_t size = 1; size < text.size(); ++size) {
    FrameDecoder decoder;
    std::vector<std::string> payloads;
    for (const std::string& piece : in_pieces(text, size)) {
      decoder.feed(piece);
      while (const auto frame = *decoder.next()) payloads.push_back(frame->payload);
    }
    EXPECT_THAT(payloads, testing::ElementsAre("first", std::string(200, 'y'))) << size;
  }
}

TEST(WebSocketFrame, WhatNoServerSendsIsRefused) {
  EXPECT_THAT(refusal(bytes({0x81, 0x85})), HasSubstr("masked"));
  EXPECT_THAT(refusal(bytes({0xc1, 0x00})), HasSubstr("reserved"));
  EXPECT_THAT(refusal(bytes({0x83, 0x00})), HasSubstr("unknown kind"));
  EXPECT_THAT(refusal(bytes({0x89, 0x7e, 0x01, 0x00})), HasSubstr("control"));
  EXPECT_THAT(refusal(bytes({0x09, 0x00})), HasSubstr("control"));
}

TEST(WebSocketFrame, OneThatIsTooLongIsRefusedBeforeItIsThere) {
  EXPECT_THAT(refusal(bytes({0x82, 0x7f, 0, 0, 0, 0, 0, 0x10, 0, 1})), HasSubstr("too long"));
  EXPECT_THAT(refusal(bytes({0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})),
              HasSubstr("too long"));
}

TEST(WebSocketFrame, WaitsForTheRest) {
  EXPECT_EQ(decoded(bytes({0x82})), std::nullopt);
  EXPECT_EQ(decoded(bytes({0x82, 0x7e, 0x01})), std::nullopt);
  EXPECT_EQ(decoded(bytes({0x82, 0x02}) + "x"), std::nullopt);
}

}  // namespace
}  // namespace hostnet
