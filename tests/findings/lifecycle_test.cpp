#include "agent/findings/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// A lifecycle and a clock that moves when told.
class Watched {
 public:
  explicit Watched(const Policy& policy = {}) { EXPECT_TRUE(lifecycle.set_policy(policy)); }
  FindingLifecycle::Update tick(std::vector<Finding> seen, std::chrono::milliseconds later = 1s,
                                const Unread& unread = {}) {
    steady += later;
    wall += later;
    auto update = lifecycle.update(std::move(seen), last, steady, wall, unread);
    last = update.findings;
    return update;
  }
  FindingLifecycle lifecycle;
  std::vector<Finding> last;
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

const Unread kPodsStale{.pods = true};

TEST(FindingLifecycle, SinceIsWhenAFindingCameAndStays) {
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

TEST(FindingLifecycle, AFindingThatGoesSaysHowLongItLastedAndHasANewSinceWhenItReturns) {
  Watched watched;
  watched.tick({conflict()});
  const auto gone = watched.tick({}, 90s);
  EXPECT_THAT(gone.findings, IsEmpty());
  ASSERT_THAT(gone.events, SizeIs(1));
  EXPECT_FALSE(gone.events[0].opened);
  EXPECT_EQ(gone.events[0].lasted, 90s);
  const auto back = watched.tick({conflict()});
  EXPECT_EQ(back.findings[0].since, watched.wall);
  EXPECT_THAT(back.events, SizeIs(1));
}

TEST(FindingLifecycle, GraceIsHowLongAVerdictHoldsBeforeItIsAFinding) {
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

TEST(FindingLifecycle, AGapStartsGraceAnew) {
  Policy policy;
  policy.grace[Verdict::unmanaged_process] = 10s;
  Watched watched(policy);
  watched.tick({conflict()});
  EXPECT_THAT(watched.tick({}, 9s).events, IsEmpty()) << "what never came does not go";
  EXPECT_THAT(watched.tick({conflict()}, 9s).findings, IsEmpty());
}

TEST(FindingLifecycle, StalePodDataFreezesFindingsAndMarksThem) {
  Watched watched;
  watched.tick({conflict("kept")});
  const auto frozen = watched.tick({conflict("new")}, 1s, kPodsStale);
  ASSERT_THAT(frozen.findings, SizeIs(1)) << "none opened, none closed";
  EXPECT_EQ(frozen.findings[0].id, "kept");
  EXPECT_TRUE(frozen.findings[0].stale);
  EXPECT_THAT(frozen.events, IsEmpty());
  const auto fresh = watched.tick({conflict("kept")});
  EXPECT_FALSE(fresh.findings[0].stale);
  EXPECT_NE(fresh.findings[0].since, watched.wall);
}

TEST(FindingLifecycle, WhatDoesNotDependOnPodsIsNotFrozen) {
  Finding node;
  node.id = "node";
  node.verdict = Verdict::node_port_range_in_ephemeral_range;
  Watched watched;
  EXPECT_THAT(watched.tick({node}, 1s, kPodsStale).findings, SizeIs(1));
  EXPECT_THAT(watched.tick({}, 1s, kPodsStale).findings, IsEmpty());
}

TEST(FindingLifecycle, TimeWithStaleDataIsNoGrace) {
  Policy policy;
  policy.grace[Verdict::unmanaged_process] = 10s;
  Watched watched(policy);
  watched.tick({conflict()});
  watched.tick({conflict()}, 1min, kPodsStale);
  EXPECT_THAT(watched.tick({conflict()}, 1s).findings, IsEmpty());
}

TEST(FindingLifecycle, AChangeOfSeverityKeepsSince) {
  Watched watched;
  watched.tick({conflict()});
  Finding warning = conflict();
  warning.severity = Severity::warning;
  const auto update = watched.tick({warning}, 5min);
  EXPECT_EQ(update.findings[0].severity, Severity::warning);
  EXPECT_EQ(watched.wall - *update.findings[0].since, 5min);
  EXPECT_THAT(update.events, IsEmpty());
}

TEST(FindingLifecycle, AnIgnoredFindingStaysVisibleAndMakesNoEvent) {
  Policy policy;
  policy.ignore = {
      {.matchers = {{.field = "unit", .pattern = "nginx.service"}}, .reason = "it is ours"}};
  Watched watched(policy);
  const auto update = watched.tick({conflict()});
  ASSERT_THAT(update.findings, SizeIs(1));
  EXPECT_TRUE(update.findings[0].ignored);
  EXPECT_EQ(update.findings[0].ignored_because, "it is ours");
  EXPECT_THAT(update.events, IsEmpty());
  EXPECT_TRUE(watched.lifecycle.set_policy({}));
  const auto told = watched.tick({conflict()});
  EXPECT_FALSE(told.findings[0].ignored);
  EXPECT_THAT(told.events, SizeIs(1)) << "a reload that lifts the rule tells it";
}

TEST(FindingLifecycle, ABadPolicyIsRefusedAndTheOldOneKept) {
  Policy policy;
  policy.ignore = {{.matchers = {{.field = "port", .pattern = "8080"}}, .reason = "r"}};
  Watched watched(policy);
  policy.ignore[0].matchers[0] = {.field = "port", .pattern = "(", .regex = true};
  const auto refused = watched.lifecycle.set_policy(policy);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::malformed);
  EXPECT_TRUE(watched.tick({conflict()}).findings[0].ignored);
}

// Of input that was read before: TCP sockets, UDP sockets, owners, NAT rules.
class UnreadInput : public testing::Test {
 protected:
  static Finding hijack() { return conflict("hijack", Verdict::nodeport_hijacks_listener); }
  static Unread of_tcp() { return {.sockets = {Protocol::tcp}}; }
  Watched watched;
};

TEST_F(UnreadInput, ThatWasReadBeforeFreezesFindings) {
  const auto opened = watched.tick({conflict(), hijack()});
  const auto failed = watched.tick({conflict("new")}, 1s, of_tcp());
  ASSERT_THAT(failed.findings, SizeIs(2)) << "none opened, none closed";
  EXPECT_TRUE(failed.findings[0].stale);
  EXPECT_THAT(failed.events, IsEmpty());
  const auto again = watched.tick({conflict(), hijack()});
  EXPECT_THAT(again.events, IsEmpty());
  EXPECT_EQ(again.findings, opened.findings) << "with its since, not stale";
}

TEST_F(UnreadInput, FreezesOnlyWhatIsConcludedFromIt) {
  watched.tick({conflict(), hijack()});
  EXPECT_THAT(watched.tick({}, 1s, {.sockets = {Protocol::udp}}).findings, IsEmpty());
  watched.tick({conflict(), hijack()});
  const auto without_rules = watched.tick({}, 1s, {.rules = true});
  ASSERT_THAT(without_rules.findings, SizeIs(1));
  EXPECT_EQ(without_rules.findings[0].id, "hijack");
}

TEST_F(UnreadInput, OfOwnersClosesNothingAndLetsFindingsOpen) {
  watched.tick({conflict()});
  const auto update = watched.tick({conflict("new")}, 1s, {.owners = true});
  ASSERT_THAT(update.findings, SizeIs(2));
  EXPECT_TRUE(update.findings[0].stale);
  EXPECT_FALSE(update.findings[1].stale);
}

TEST_F(UnreadInput, FreezesForFiveMinutesAndThenWhatIsJudgedCounts) {
  watched.tick({conflict()});
  EXPECT_THAT(watched.tick({}, 4min, of_tcp()).findings, SizeIs(1));
  const auto after = watched.tick({}, 1min, of_tcp());
  EXPECT_THAT(after.findings, IsEmpty());
  EXPECT_THAT(after.events, SizeIs(1));
  EXPECT_THAT(watched.tick({conflict()}, 1s, of_tcp()).findings, SizeIs(1));
}

TEST_F(UnreadInput, ThatWasNeverReadFreezesNothing) {
  const Unread least{.owners = true, .rules = true, .sockets = {Protocol::tcp}};
  EXPECT_THAT(watched.tick({conflict(), hijack()}, 1s, least).findings, SizeIs(2));
  EXPECT_THAT(watched.tick({}, 1s, least).findings, IsEmpty());
}

TEST(UnreadOf, AScanIsWhatItCouldNotRead) {
  Scene scene;
  const auto unread = [&] { return unread_of(scene.table, scene.pods); };
  EXPECT_TRUE(unread().rules) << "there are none";
  scene.table.nat = std::make_shared<const NatRules>(NatRules::Facts{});
  EXPECT_FALSE(unread().rules);
  scene.table.coverage.problems = {{.code = "nat_rules_failed", .message = "", .remedy = ""}};
  EXPECT_TRUE(unread().rules);
  EXPECT_FALSE(unread().owners);
  scene.table.coverage.every_owner = false;
  EXPECT_TRUE(unread().owners);
  scene.table.coverage.unread = {Protocol::udp};
  EXPECT_EQ(unread().sockets, scene.table.coverage.unread);
  EXPECT_FALSE(unread().pods);
  scene.pods.stale = true;
  EXPECT_TRUE(unread().pods);
}

}  // namespace
}  // namespace hostnet
