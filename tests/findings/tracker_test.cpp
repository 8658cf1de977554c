#include "agent/findings/tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// A tracker and a clock that moves when told.
class Watched {
 public:
  explicit Watched(const Policy& policy = {}, std::size_t history = 256) : tracker(history) {
    EXPECT_TRUE(tracker.set_policy(policy));
  }
  FindingTracker::Update tick(std::vector<Finding> seen, std::chrono::milliseconds later = 1s,
                              bool stale = false) {
    steady += later;
    wall += later;
    return tracker.update(std::move(seen), steady, wall, stale);
  }
  FindingTracker tracker;
  SteadyTime steady{std::chrono::hours(10)};
  WallTime wall = kNow;
};

Finding conflict(const std::string& id = "a", Verdict verdict = Verdict::unmanaged_process) {
  Finding finding;
  finding.id = id;
  finding.verdict = verdict;
  finding.protocol = Protocol::tcp;
  finding.port = 8080;
  DeclaredPort port;
  port.namespace_ = "default";
  port.pod = "web";
  finding.declared_by = {port};
  finding.held_by = {listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", 8))};
  return finding;
}

TEST(FindingTracker, SinceIsWhenAFindingCameAndStays) {
  Watched watched;
  const auto opened = watched.tick({conflict()});
  const WallTime came = watched.wall;
  ASSERT_THAT(opened.events, SizeIs(1));
  EXPECT_TRUE(opened.events[0].opened);
  const auto later = watched.tick({conflict()}, 1min);
  EXPECT_THAT(later.events, IsEmpty());
  ASSERT_THAT(later.findings, SizeIs(1));
  EXPECT_EQ(later.findings[0].since, came);
}

TEST(FindingTracker, AFindingThatGoesSaysHowLongItLastedAndHasANewSinceWhenItReturns) {
  Watched watched;
  watched.tick({conflict()});
  const auto gone = watched.tick({}, 90s);
  EXPECT_THAT(gone.findings, IsEmpty());
  ASSERT_THAT(gone.events, SizeIs(1));
  EXPECT_FALSE(gone.events[0].opened);
  EXPECT_EQ(gone.events[0].lasted, 90s);
  const auto back = watched.tick({conflict()});
  EXPECT_EQ(back.findings[0].since, watched.wall);
  EXPECT_EQ(watched.tracker.opened_total(Verdict::unmanaged_process), 2U);
  EXPECT_EQ(watched.tracker.opened_total(Verdict::other_pod), 0U);
  EXPECT_THAT(watched.tracker.history(), SizeIs(3));
}

TEST(FindingTracker, GraceIsHowLongAVerdictHoldsBeforeItIsAFinding) {
  Policy policy;
  policy.grace[Verdict::unmanaged_process] = 10s;
  Watched watched(policy);
  EXPECT_THAT(watched.tick({conflict()}).findings, IsEmpty());
  const WallTime first_seen = watched.wall;
  EXPECT_THAT(watched.tick({conflict()}, 9s).findings, IsEmpty());
  const auto opened = watched.tick({conflict()}, 1s);
  ASSERT_THAT(opened.findings, SizeIs(1));
  EXPECT_EQ(opened.findings[0].since, first_seen);
  EXPECT_THAT(opened.events, SizeIs(1));
}

TEST(FindingTracker, AGapStartsGraceAnew) {
  Policy policy;
  policy.grace[Verdict::unmanaged_process] = 10s;
  Watched watched(policy);
  watched.tick({conflict()});
  EXPECT_THAT(watched.tick({}, 9s).events, IsEmpty()) << "what never came does not go";
  EXPECT_THAT(watched.tick({conflict()}, 9s).findings, IsEmpty());
}

TEST(FindingTracker, RulesOfHostPortsAreGivenSixtySecondsByDefault) {
  EXPECT_EQ(default_grace(Verdict::hostport_not_programmed), 60s);
  EXPECT_EQ(default_grace(Verdict::hostport_rule_stale), 60s);
  EXPECT_EQ(default_grace(Verdict::hostport_hijacks_listener), 0s);
  Policy policy;
  policy.grace[Verdict::hostport_rule_stale] = 5s;
  EXPECT_EQ(grace_of(Verdict::hostport_rule_stale, policy), 5s);
}

TEST(FindingTracker, StalePodDataFreezesFindingsAndMarksThem) {
  Watched watched;
  watched.tick({conflict("kept")});
  const auto frozen = watched.tick({conflict("new")}, 1s, true);
  ASSERT_THAT(frozen.findings, SizeIs(1)) << "none opened, none closed";
  EXPECT_EQ(frozen.findings[0].id, "kept");
  EXPECT_TRUE(frozen.findings[0].stale);
  EXPECT_THAT(frozen.events, IsEmpty());
  const auto fresh = watched.tick({conflict("kept")});
  EXPECT_FALSE(fresh.findings[0].stale);
  EXPECT_NE(fresh.findings[0].since, watched.wall);
}

TEST(FindingTracker, WhatDoesNotDependOnPodsIsNotFrozen) {
  Finding node;
  node.id = "node";
  node.verdict = Verdict::node_port_range_in_ephemeral_range;
  Watched watched;
  EXPECT_THAT(watched.tick({node}, 1s, true).findings, SizeIs(1));
  EXPECT_THAT(watched.tick({}, 1s, true).findings, IsEmpty());
}

TEST(FindingTracker, TimeWithStaleDataIsNoGrace) {
  Policy policy;
  policy.grace[Verdict::unmanaged_process] = 10s;
  Watched watched(policy);
  watched.tick({conflict()});
  watched.tick({conflict()}, 1min, true);
  EXPECT_THAT(watched.tick({conflict()}, 1s).findings, IsEmpty());
}

TEST(FindingTracker, AChangeOfSeverityKeepsSince) {
  Watched watched;
  watched.tick({conflict()});
  Finding warning = conflict();
  warning.severity = Severity::warning;
  const auto update = watched.tick({warning}, 5min);
  EXPECT_EQ(update.findings[0].severity, Severity::warning);
  EXPECT_EQ(watched.wall - *update.findings[0].since, 5min);
  EXPECT_THAT(update.events, IsEmpty());
}

TEST(FindingTracker, AnIgnoredFindingStaysVisibleAndMakesNoEvent) {
  Policy policy;
  policy.ignore = {
      {.matchers = {{.field = "unit", .pattern = "nginx.service"}}, .reason = "it is ours"}};
  Watched watched(policy);
  const auto update = watched.tick({conflict()});
  ASSERT_THAT(update.findings, SizeIs(1));
  EXPECT_TRUE(update.findings[0].ignored);
  EXPECT_EQ(update.findings[0].ignored_because, "it is ours");
  EXPECT_THAT(update.events, IsEmpty());
  EXPECT_EQ(watched.tracker.opened_total(Verdict::unmanaged_process), 0U);
  EXPECT_TRUE(watched.tracker.set_policy({}));
  const auto told = watched.tick({conflict()});
  EXPECT_FALSE(told.findings[0].ignored);
  EXPECT_THAT(told.events, SizeIs(1)) << "a reload that lifts the rule tells it";
}

TEST(FindingTracker, ABadPolicyIsRefusedAndTheOldOneKept) {
  Policy policy;
  policy.ignore = {{.matchers = {{.field = "port", .pattern = "8080"}}, .reason = "r"}};
  Watched watched(policy);
  policy.ignore[0].matchers[0] = {.field = "port", .pattern = "(", .regex = true};
  const auto refused = watched.tracker.set_policy(policy);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::malformed);
  EXPECT_TRUE(watched.tick({conflict()}).findings[0].ignored);
}

TEST(FindingTracker, HistoryIsBounded) {
  Watched watched({}, 10);
  for (int round = 0; round < 100; ++round) {
    watched.tick({conflict()});
    watched.tick({});
  }
  EXPECT_THAT(watched.tracker.history(), SizeIs(10));
  EXPECT_FALSE(watched.tracker.history().back().opened);
}

}  // namespace
}  // namespace hostnet
