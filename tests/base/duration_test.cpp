#include <gtest/gtest.h>

#include "netlink/base/times.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsWhatGoWrites) {
  EXPECT_EQ(parse_duration("0"), 0ns);
  EXPECT_EQ(parse_duration("0s"), 0ns);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1h30m0s"), 90min);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration(".25s"), 250ms);
  EXPECT_EQ(parse_duration("1us"), 1us);
  EXPECT_EQ(parse_duration("1\u00B5s2ns"), 1002ns);
  EXPECT_EQ(parse_duration("0.1234567891s"), 123456789ns);
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const auto* const wrong :
       {"", "1", "s", "1x", "-1s", "+1s", "1 s", " 1s", "1s ", ".s", "1.2.3s", "1d", "1S",
        "99999999999999999999s", "1000000000h", "1e3s"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(ParseDuration, ASumThatIsTooLongIsRefused) {
  EXPECT_TRUE(parse_duration("270000h"));
  EXPECT_FALSE(parse_duration("270000h270000h"));
}

}  // namespace
}  // namespace hostnet
