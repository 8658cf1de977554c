#include "agent/pods/sources/pod_reflector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr SteadyTime kStart{1h};

std::string pod_text(const std::string& name, int port, const std::string& version) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"default","uid":"uid-)" + name +
         R"(","resourceVersion":")" + version +
         R"("},"spec":{"hostNetwork":true,"nodeName":"n1","containers":[{"name":"c","ports":[{"containerPort":)" +
         std::to_string(port) + "}]}]}}";
}

void list(PodReflector& watch, const std::vector<std::string>& pods, const std::string& version,
          SteadyTime now) {
  watch.list_metadata(R"({"resourceVersion":")" + version + R"("})");
  for (const auto& pod : pods) watch.listed(pod);
  ASSERT_TRUE(watch.list_done(now));
  EXPECT_EQ(watch.ended(200, {}, "", 1.0, now), 0ms);
}

std::vector<std::string> names(const PodReflector& watch) {
  std::vector<std::string> found;
  for (const auto& [key, pod] : watch.pods()) found.push_back(pod.name);
  return found;
}

PodReflector watching(SteadyTime now = kStart) {
  PodReflector watch("n1");
  list(watch, {pod_text("a", 80, "5"), pod_text("b", 81, "6")}, "10", now);
  return watch;
}

TEST(PodReflector, ListsFromTheCacheThenWatchesFromThere) {
  PodReflector watch("n 1");
  EXPECT_EQ(watch.path(0), "/api/v1/pods?fieldSelector=spec.nodeName%3Dn%201&resourceVersion=0");
  EXPECT_FALSE(watch.freshness().last_heard);
  list(watch, {pod_text("a", 80, "5")}, "10", kStart);
  EXPECT_TRUE(watch.freshness().last_heard);
  EXPECT_THAT(names(watch), ElementsAre("a"));
  EXPECT_THAT(watch.path(0), HasSubstr("&watch=1&allowWatchBookmarks=true&resourceVersion=10&"
                                       "timeoutSeconds=300"));
  EXPECT_THAT(watch.path(1), HasSubstr("timeoutSeconds=600"));
}

TEST(PodReflector, EventsChangeThePodsAndWhereToGoOn) {
  PodReflector watch = watching();
  watch.accepted(kStart);
  EXPECT_TRUE(watch.event("\"ADDED\"", pod_text("c", 82, "11"), kStart));
  EXPECT_TRUE(watch.event("\"MODIFIED\"", pod_text("a", 90, "12"), kStart));
  EXPECT_TRUE(watch.event("\"DELETED\"", pod_text("b", 81, "13"), kStart));
  EXPECT_THAT(names(watch), ElementsAre("a", "c"));
  EXPECT_EQ(watch.pods().at("uid-a").containers[0].ports[0].container_port, 90);
  EXPECT_TRUE(watch.event("\"BOOKMARK\"", R"({"metadata":{"resourceVersion":"99"}})", kStart));
  watch.ended(200, {}, "cut", 1.0, kStart);
  EXPECT_THAT(watch.path(0), HasSubstr("resourceVersion=99&"));
}

TEST(PodReflector, AnEventThatChangesNothingIsNoChange) {
  PodReflector watch = watching();
  const auto before = watch.changes();
  watch.accepted(kStart);
  watch.event("\"MODIFIED\"", pod_text("a", 80, "11"), kStart);
  watch.event("\"DELETED\"", pod_text("unknown", 80, "12"), kStart);
  EXPECT_EQ(watch.changes(), before);
  watch.event("\"DELETED\"", pod_text("a", 80, "13"), kStart);
  EXPECT_EQ(watch.changes(), before + 1);
}

TEST(PodReflector, GoneMeansListAgainAndWhatIsKnownStaysMeanwhile) {
  PodReflector watch = watching();
  watch.accepted(kStart);
  EXPECT_FALSE(
      watch.event("\"ERROR\"", R"({"kind":"Status","code":410,"message":"too old"})", kStart));
  EXPECT_GT(watch.ended(200, {}, "enough", 1.0, kStart), 0ms);
  EXPECT_TRUE(watch.listing());
  EXPECT_THAT(names(watch), ElementsAre("a", "b"));
  EXPECT_FALSE(watch.freshness().stale(kStart));
  list(watch, {pod_text("b", 81, "20")}, "21", kStart + 1s);
  EXPECT_THAT(names(watch), ElementsAre("b"));

  watch.ended(410, {}, "the server answers 410", 1.0, kStart);
  EXPECT_TRUE(watch.listing());
}

TEST(PodReflector, AnotherErrorGoesOnFromWhereItWas) {
  PodReflector watch = watching();
  watch.accepted(kStart);
  watch.event("\"ERROR\"", R"({"code":500,"message":"etcd\u0007 is away"})", kStart);
  watch.ended(200, {}, "enough", 1.0, kStart);
  EXPECT_FALSE(watch.listing());
  EXPECT_THAT(watch.freshness().problem, HasSubstr("500"));
  EXPECT_EQ(watch.freshness().failures, 1U);
}

TEST(PodReflector, ATruncatedListCountsForNothing) {
  PodReflector watch("n1");
  watch.list_metadata(R"({"resourceVersion":"10"})");
  watch.listed(pod_text("a", 80, "5"));
  EXPECT_GT(watch.ended(200, {}, "the answer was cut short", 1.0, kStart), 0ms);
  EXPECT_FALSE(watch.freshness().last_heard);
  EXPECT_TRUE(watch.pods().empty());
  EXPECT_TRUE(watch.listing());
  list(watch, {pod_text("b", 80, "5")}, "11", kStart);
  EXPECT_THAT(names(watch), ElementsAre("b"));
}

TEST(PodReflector, AListWithoutAVersionIsNone) {
  PodReflector watch("n1");
  watch.listed(pod_text("a", 80, "5"));
  EXPECT_FALSE(watch.list_done(kStart));
  EXPECT_FALSE(watch.freshness().last_heard);
}

TEST(PodReflector, ThreeFailuresInARowMakeItStaleUntilItAnswersAndHasCaughtUp) {
  PodReflector watch = watching();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(watch.freshness().stale(kStart + 1s));
    watch.ended(0, {}, "refused", 1.0, kStart + 1s);
  }
  EXPECT_TRUE(watch.freshness().stale(kStart + 1s));
  EXPECT_EQ(watch.freshness().failing_since, kStart + 1s);
  EXPECT_THAT(watch.freshness().problem, HasSubstr("refused"));
  watch.accepted(kStart + 5s);
  EXPECT_TRUE(watch.freshness().stale(kStart + 5s));
  EXPECT_EQ(watch.freshness().next_change(kStart + 5s), kStart + 7s);
  EXPECT_FALSE(watch.freshness().stale(kStart + 7s));
  EXPECT_FALSE(watch.freshness().failing_since);
}

TEST(PodReflector, SilenceMakesItStaleAndABookmarkEndsThat) {
  PodReflector watch = watching();
  watch.accepted(kStart);
  EXPECT_EQ(watch.freshness().next_change(kStart), kStart + 3min);
  EXPECT_FALSE(watch.freshness().stale(kStart + 2min));
  EXPECT_TRUE(watch.freshness().stale(kStart + 3min));
  watch.event("\"BOOKMARK\"", R"({"metadata":{"resourceVersion":"11"}})", kStart + 4min);
  EXPECT_FALSE(watch.freshness().stale(kStart + 4min));
}

TEST(PodReflector, AnotherSourceHasItsTurnAfterThreeAttemptsOrFiveMinutes) {
  PodReflector fresh("n1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(fresh.freshness().turn_is_over(kStart));
    fresh.ended(0, {}, "refused", 1.0, kStart);
  }
  EXPECT_TRUE(fresh.freshness().turn_is_over(kStart));

  PodReflector known = watching();
  EXPECT_FALSE(known.freshness().turn_is_over(kStart + 1h));
  for (int i = 0; i < 9; ++i) known.ended(0, {}, "refused", 1.0, kStart + 1min);
  EXPECT_FALSE(known.freshness().turn_is_over(kStart + 5min));
  EXPECT_TRUE(known.freshness().turn_is_over(kStart + 6min));
}

TEST(PodReflector, AnotherSourceHasItsTurnAfterWatchesInWhichNothingIsHeard) {
  PodReflector watch = watching();
  watch.accepted(kStart);
  EXPECT_FALSE(watch.says_nothing(kStart + 179s));
  EXPECT_TRUE(watch.says_nothing(kStart + 3min));
  watch.ended(200, {}, "given up", 1.0, kStart + 3min);
  watch.accepted(kStart + 3min);
  EXPECT_FALSE(watch.says_nothing(kStart + 4min)) << "it has its three minutes";
  watch.ended(200, {}, "given up", 1.0, kStart + 5min);
  EXPECT_TRUE(watch.freshness().turn_is_over(kStart + 5min));

  watch.accepted(kStart + 5min);
  watch.event("\"BOOKMARK\"", R"({"metadata":{"resourceVersion":"11"}})", kStart + 6min);
  EXPECT_FALSE(watch.says_nothing(kStart + 8min));
  watch.ended(200, {}, "cut", 1.0, kStart + 8min);
  EXPECT_FALSE(watch.freshness().turn_is_over(kStart + 8min));
}

TEST(PodReflector, AWatchThatIsCutAgainAndAgainIsNotStaleButSlowsDown) {
  PodReflector watch = watching();
  Backoff::Duration last{};
  for (int i = 0; i < 6; ++i) {
    watch.accepted(kStart);
    const auto pause = watch.ended(200, {}, "cut", 1.0, kStart + 1s);
    EXPECT_GT(pause, last);
    last = pause;
  }
  EXPECT_FALSE(watch.freshness().stale(kStart + 1s));
  EXPECT_EQ(watch.freshness().problem, "");
  watch.accepted(kStart);
  EXPECT_LT(watch.ended(200, {}, "", 1.0, kStart + 2min), 1s);
}

TEST(PodReflector, AWatchThatIsCutWithinASecondSlowsDownWhateverItSaid) {
  PodReflector watch = watching();
  SteadyTime now = kStart;
  Backoff::Duration pause{};
  for (int i = 0; i < 5; ++i) {
    watch.accepted(now);
    watch.event("\"ADDED\"", pod_text("c", 82, std::to_string(11 + i)), now + 900ms);
    pause = watch.ended(200, {}, "cut", 1.0, now + 900ms);
    now += 900ms + pause;
  }
  EXPECT_EQ(pause, 2s) << "as much as it slows down";
  watch.accepted(now);
  watch.event("\"ADDED\"", pod_text("d", 83, "20"), now + 1s);
  EXPECT_EQ(watch.ended(200, {}, "cut", 1.0, now + 1s), Backoff::kFirst);
}

TEST(PodReflector, WhatIsBeyondTheLimitsIsCounted) {
  PodReflector watch("n1");
  watch.list_metadata(R"({"resourceVersion":"1"})");
  for (std::size_t i = 0; i < kMostPods + 3; ++i)
    watch.listed(pod_text(std::to_string(i), 80, "1"));
  watch.left_out();
  watch.listed("{}");
  ASSERT_TRUE(watch.list_done(kStart));
  EXPECT_EQ(watch.pods().size(), kMostPods);
  EXPECT_EQ(watch.pods_cut(), 5U);
}

TEST(PodReflector, HonoursRetryAfter) {
  PodReflector watch = watching();
  EXPECT_EQ(watch.ended(429, 20s, "too many requests", 0.0, kStart), 20s);
}

TEST(PodReflector, WhatIsNoPodIsLeftOutAndCounted) {
  PodReflector watch = watching();
  watch.accepted(kStart);
  for (const char* object : {"{}", "[]", "{\"metadata\":{}}", "{\"metadata\":7}", "nonsense", ""}) {
    EXPECT_TRUE(watch.event("\"ADDED\"", object, kStart));
  }
  EXPECT_TRUE(watch.event("\"WHATEVER\"", pod_text("z", 1, "77"), kStart));
  EXPECT_THAT(names(watch), ElementsAre("a", "b"));
  EXPECT_EQ(watch.pods_cut(), 6U);
  EXPECT_THAT(watch.path(0), HasSubstr("resourceVersion=10&"));
  EXPECT_THAT(watch.path(0), Not(HasSubstr("77")));
}

}  // namespace
}  // namespace hostnet
