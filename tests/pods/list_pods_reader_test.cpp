#include "agent/pods/sources/list_pods_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/pods/pod_limits.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string message(const std::string& body) {
  std::string text(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(body.size() >> shift);
  return text + body;
}
std::string pod(const std::string& bytes) {
  std::string text = "\x0a";
  std::size_t size = bytes.size();
  for (; size > 0x7f; size >>= 7U) text += static_cast<char>((size & 0x7fU) | 0x80U);
  return text + static_cast<char>(size) + bytes;
}

struct Read {
  std::vector<std::string> pods;
  int too_long{};
  bool good{true}, whole{};
};
Read read(const std::string& text, std::size_t step) {
  Read read;
  ListPodsReader reader({.on_pod = [&](auto bytes) { read.pods.emplace_back(bytes); },
                         .on_too_long = [&] { ++read.too_long; }});
  for (std::size_t at = 0; at < text.size() && read.good; at += step) {
    read.good = reader.take(std::string_view(text).substr(at, step));
  }
  read.whole = reader.is_whole();
  return read;
}

TEST(ListPodsReader, GivesEachPodHoweverItIsCut) {
  const std::string text = message(pod("one") + pod("") + pod(std::string(300, 'x')));
  for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
    const Read all = read(text, step);
    EXPECT_TRUE(all.good && all.whole) << step;
    EXPECT_THAT(all.pods, ElementsAre("one", "", std::string(300, 'x'))) << step;
  }
}

TEST(ListPodsReader, AnEmptyListIsWhole) {
  EXPECT_TRUE(read(message(""), 1).whole);
  EXPECT_FALSE(read("", 1).whole);
}

TEST(ListPodsReader, WhatIsCutIsNotWhole) {
  const std::string text = message(pod("one") + pod("two"));
  for (std::size_t size = 1; size < text.size(); ++size) {
    const Read part = read(text.substr(0, size), 3);
    EXPECT_TRUE(part.good) << size;
    EXPECT_FALSE(part.whole) << size;
  }
}

TEST(ListPodsReader, ATooLongPodIsLeftOutAndNotKept) {
  const Read all = read(message(pod(std::string(kLongestPod + 1, 'x')) + pod("two")), 1 << 16);
  EXPECT_TRUE(all.whole);
  EXPECT_EQ(all.too_long, 1);
  EXPECT_THAT(all.pods, ElementsAre("two"));
}

TEST(ListPodsReader, RefusesWhatIsNoSuchMessage) {
  for (const std::string& text : {
           std::string("\x01\x00\x00\x00\x00", 5),  // compressed
           message("\x12\x01x"),                    // another field
           message("\x0a\x05x"),                    // longer than the message
           message(std::string(12, '\xff')),        // an endless varint
           message(pod("one")) + "more",            // something behind it
       }) {
    const Read all = read(text, 1);
    EXPECT_FALSE(all.good && all.whole) << testing::PrintToString(text);
  }
  EXPECT_THAT(read(std::string("\x01\x00\x00\x00\x00", 5), 5).pods, IsEmpty());
}

}  // namespace
}  // namespace hostnet
