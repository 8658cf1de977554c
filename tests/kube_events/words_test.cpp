#include "agent/kube_events/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "netlink/base/token_bucket.h"
#include "tests/kube_events/told_report.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

TEST(KubeMessage, IsOneLineOfUtf8WithinTheLimit) {
  EXPECT_EQ(kube_message("all of it"), "all of it");
  EXPECT_EQ(kube_message("a\nb\x1b[31m\xff"), R"(a\nb\x1b[31m\xff)");
  EXPECT_EQ(kube_message(std::string(1024, 'x')), std::string(1024, 'x'));
  EXPECT_EQ(kube_message(std::string(1025, 'x')), std::string(1021, 'x') + "...");
  EXPECT_EQ(kube_message("äöü", 5), "ä...") << "no half characters";
}

TEST(KubeTime, IsInWholeSeconds) {
  EXPECT_EQ(kube_time(kWallStart + 999ms), "2026-11-24T20:00:00Z");
}

TEST(MayBeTold, OnlyWhatIsKnownOfThisNode) {
  EXPECT_TRUE(is_publishable(told_report({})));
  Report report = told_report({});
  report.host_network_namespace = false;
  EXPECT_FALSE(is_publishable(report));
  PodSnapshot pods = *told_report({}).pods;
  pods.stale = true;
  report = told_report({});
  report.pods = std::make_shared<const PodSnapshot>(pods);
  EXPECT_FALSE(is_publishable(report));
  pods.stale = pods.synced = false;
  report.pods = std::make_shared<const PodSnapshot>(pods);
  EXPECT_FALSE(is_publishable(report));
}

TEST(TokenBucket, GivesABurstThenOneAtATime) {
  TokenBucket bucket(3, 10s);
  SteadyTime now = kSteadyStart;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(bucket.has(now));
    bucket.take(now);
  }
  EXPECT_FALSE(bucket.has(now));
  EXPECT_FALSE(bucket.has(now + 9s));
  now += 10s;
  EXPECT_TRUE(bucket.has(now));
  bucket.take(now);
  EXPECT_FALSE(bucket.has(now));
  EXPECT_FALSE(bucket.full(now + 29s));
  EXPECT_TRUE(bucket.full(now + 30s));
}

}  // namespace
}  // namespace hostnet
