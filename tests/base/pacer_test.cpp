#include "netlink/base/pacer.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime at(std::chrono::milliseconds time) {
  return SteadyTime(time);
}

TEST(Pacer, WorkIsDueAtFirstAndAgainAfterItsRest) {
  Pacer pacer(100);
  EXPECT_TRUE(pacer.due(at(0ms)));
  pacer.rest(at(10ms), 5ms);
  EXPECT_FALSE(pacer.due(at(509ms)));
  EXPECT_TRUE(pacer.due(at(510ms)));
}

TEST(Pacer, CheapWorkRestsTheLeastRest) {
  Pacer pacer(100, 1s);
  pacer.rest(at(0ms), 1ms);
  EXPECT_EQ(pacer.next(), at(1s));
}

TEST(Pacer, WhatTheWorkCostLaterCountsToo) {
  Pacer pacer(20);
  pacer.rest(at(0ms), 1ms);
  pacer.rest_more(2ms);
  EXPECT_EQ(pacer.next(), at(60ms));
}

}  // namespace
}  // namespace hostnet
