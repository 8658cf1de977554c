#include "agent/kube/backoff.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, DoublesFromBelowASecondToHalfAMinute) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(1.0), milliseconds(800));
  EXPECT_EQ(backoff.next(1.0), milliseconds(1600));
  for (int i = 0; i < 20; ++i) static_cast<void>(backoff.next(1.0));
  EXPECT_EQ(backoff.next(1.0), seconds(30));
  backoff.reset();
  EXPECT_EQ(backoff.next(1.0), milliseconds(800));
}

TEST(Backoff, JitterTakesUpToHalfOff) {
  EXPECT_EQ(Backoff().next(0.0), milliseconds(400));
  EXPECT_EQ(Backoff().next(0.5), milliseconds(600));
}

TEST(Backoff, WaitsAtLeastAsLongAsTheServerAsks) {
  EXPECT_EQ(Backoff().next(0.0, seconds(7)), seconds(7));
  EXPECT_EQ(Backoff().next(1.0, seconds(8)), seconds(10));
  EXPECT_EQ(Backoff().next(1.0, seconds(0)), milliseconds(800));
}

TEST(Backoff, AnAbsurdRetryAfterIsBounded) {
  EXPECT_EQ(Backoff().next(1.0, seconds(1'000'000'000)), Backoff::kLongestAskedFor);
  EXPECT_EQ(Backoff().next(1.0, seconds(-5)), milliseconds(800));
}

}  // namespace
}  // namespace hostnet
