#include "netlink/base/text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace hostnet {
namespace {

TEST(Text, TrimTakesBlanksFromBothEndsAndNoneFromTheMiddle) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("a b"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(" a\n", kBlanks), "a\n");
}

TEST(Text, TakeUntilLeavesWhatIsBehindTheSeparator) {
  std::string_view rest = "a,,b";
  EXPECT_EQ(take_until(rest, ','), "a");
  EXPECT_EQ(take_until(rest, ','), "");
  EXPECT_EQ(take_until(rest, ','), "b");
  EXPECT_TRUE(rest.empty());
}

TEST(Text, TakeWordSkipsTheBlanksBefore) {
  std::string_view rest = "  tcp  80 ";
  EXPECT_EQ(take_word(rest), "tcp");
  EXPECT_EQ(take_word(rest), "80");
  EXPECT_EQ(take_word(rest), "");
}

TEST(Text, ANumberIsTheWholeText) {
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_number<int>("-7"), -7);
  EXPECT_EQ(parse_number<unsigned>("ff", 16), 255U);
  EXPECT_EQ(parse_number<double>("0.5"), 0.5);
  for (const auto* const wrong : {"", " 1", "1 ", "+1", "0x1", "1.", "65536", "-1", "one"}) {
    EXPECT_FALSE(parse_number<std::uint16_t>(wrong)) << wrong;
  }
  EXPECT_FALSE(parse_number<double>("1e3", std::chars_format::fixed));
}

TEST(Text, ANumberThatIsNotThereTakesNothing) {
  std::string_view rest = "6.8.0-rc1";
  EXPECT_EQ(take_number<unsigned>(rest), 6U);
  EXPECT_FALSE(take_number<unsigned>(rest));
  EXPECT_EQ(rest, ".8.0-rc1");
}

}  // namespace
}  // namespace hostnet
