#include "agent/kube_events/condition_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kube_events/told_report.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

constexpr const char* kStatus = "/api/v1/nodes/n1/status";
constexpr const char* kNoCondition = R"({"status":{"conditions":[{"type":"Ready"}]}})";

std::string node_with(const std::string& status, const std::string& transition) {
  return R"({"kind":"Node","status":{"conditions":[{"type":"Ready","status":"True"},)"
         R"({"type":"HostPortConflict","status":")" +
         status + R"(","lastTransitionTime":")" + transition + R"("}]}})";
}

// A ledger and the time that passes for it.
struct Kept {
  ConditionLedger ledger{"n1", 1.0};
  SteadyTime now = kSteadyStart;

  // After the dry run, which found `node`.
  explicit Kept(const std::string& node = kNoCondition) {
    ledger.see(told_report({}));
    const auto asked = next();
    EXPECT_TRUE(asked && asked->path == std::string(kStatus) + "?dryRun=All");
    EXPECT_TRUE(ledger.answered(answer_of(200, node), now));
  }

  WallTime wall() const { return kWallStart + (now - kSteadyStart) / 1ms * 1ms; }
  std::optional<KubeRequest> next() { return ledger.next(now, wall()); }
  // The condition in the write that is due now; null: none.
  nlohmann::json write(int status = 200) {
    const auto request = next();
    if (!request) return nullptr;
    EXPECT_EQ(request->method, KubeMethod::patch);
    EXPECT_EQ(request->path, kStatus);
    EXPECT_EQ(request->content_type, kStrategicMergePatch);
    EXPECT_EQ(ledger.answered(answer_of(status), now), status == 200);
    return body_of(*request)["status"]["conditions"][0];
  }
};

TEST(NodeCondition, CountsConflictsAndNamesTheFirst) {
  std::vector<Finding> findings;
  for (int i = 1; i <= 5; ++i) findings.push_back(told_finding("web-" + std::to_string(i)));
  findings[1].verdict = Verdict::hostport_rule_stale;
  findings[1].declared_by.clear();
  findings[1].held_by.clear();
  findings.push_back(told_finding("ignored"));
  findings.back().ignored = true;
  findings.push_back(told_finding("harmless"));
  findings.back().severity = Severity::info;
  findings.push_back(told_finding("risk"));
  findings.back().verdict = Verdict::in_node_port_range;
  EXPECT_EQ(
      condition_of(told_report(findings)),
      (NodeCondition{.holds = true,
                     .reason = "HostPortUnmanagedProcess",
                     .message = "5 host port conflicts: 8080/tcp unmanaged_process default/web-1 "
                                "(nginx.service); 8080/tcp hostport_rule_stale; 8080/tcp "
                                "unmanaged_process default/web-3 (nginx.service); and 2 more"}));
}

TEST(NodeCondition, IsFalseWithoutAndSaysWhenNotEverythingWasSeen) {
  Report report = told_report({});
  const NodeCondition complete = condition_of(report);
  EXPECT_FALSE(complete.holds);
  EXPECT_EQ(complete.reason, "NoHostPortConflict");
  report.complete = false;
  EXPECT_FALSE(condition_of(report).holds);
  EXPECT_THAT(condition_of(report).message, HasSubstr("not everything"));
}

TEST(ConditionLedger, FirstAsksByADryRunThatChangesNothing) {
  ConditionLedger ledger("n 1", 0);
  EXPECT_FALSE(ledger.next(kSteadyStart, kWallStart)) << "nothing was seen";
  ledger.see(told_report({}));
  const auto request = ledger.next(kSteadyStart, kWallStart);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/api/v1/nodes/n%201/status?dryRun=All");
  EXPECT_EQ(body_of(*request)["status"]["conditions"],
            nlohmann::json::parse(R"([{"type": "HostPortConflict",
                                       "lastHeartbeatTime": "2026-11-24T20:00:00Z"}])"));
}

TEST(ConditionLedger, IsWrittenOnChangeAndAsAHeartbeat) {
  Kept kept;
  EXPECT_EQ(kept.write(), nlohmann::json::parse(R"({
    "type": "HostPortConflict", "status": "False", "reason": "NoHostPortConflict",
    "message": "Nothing else holds a port that a pod here declares",
    "lastHeartbeatTime": "2026-11-24T20:00:00Z",
    "lastTransitionTime": "2026-11-24T20:00:00Z"})"));
  EXPECT_EQ(kept.write(), nullptr);
  kept.now += 60s;
  kept.ledger.see(told_report({told_finding()}));
  auto condition = kept.write();
  EXPECT_EQ(condition["status"], "True");
  EXPECT_EQ(condition["lastTransitionTime"], "2026-11-24T20:01:00Z");
  kept.now += 60s;
  kept.ledger.see(told_report({told_finding(), told_finding("web-2")}));
  condition = kept.write();
  EXPECT_THAT(condition["message"].get<std::string>(), HasSubstr("web-2"));
  EXPECT_EQ(condition["lastHeartbeatTime"], "2026-11-24T20:02:00Z");
  EXPECT_EQ(condition["lastTransitionTime"], "2026-11-24T20:01:00Z") << "the status stayed";
  kept.now += 5min - 1s;
  EXPECT_EQ(kept.write(), nullptr);
  kept.now += 1s;
  condition = kept.write();
  EXPECT_EQ(condition["lastHeartbeatTime"], "2026-11-24T20:07:00Z");
  EXPECT_EQ(condition["lastTransitionTime"], "2026-11-24T20:01:00Z");
}

TEST(ConditionLedger, HeartbeatsOfManyAgentsAreSpread) {
  ConditionLedger ledger("n1", 0.5);
  ledger.see(told_report({}));
  ledger.next(kSteadyStart, kWallStart);
  ledger.answered(answer_of(200, kNoCondition), kSteadyStart);
  ledger.next(kSteadyStart, kWallStart);
  ledger.answered(answer_of(200), kSteadyStart);
  EXPECT_FALSE(ledger.next(kSteadyStart + 149s, kWallStart));
  EXPECT_TRUE(ledger.next(kSteadyStart + 150s, kWallStart));
}

TEST(ConditionLedger, AStatusThatIsThereKeepsItsTransitionTimeOverAStart) {
  Kept same(node_with("False", "2026-11-01T00:00:00Z"));
  EXPECT_EQ(same.write()["lastTransitionTime"], "2026-11-01T00:00:00Z");
  Kept other(node_with("True", "2026-11-01T00:00:00Z"));
  EXPECT_EQ(other.write()["lastTransitionTime"], "2026-11-24T20:00:00Z");
}

TEST(ConditionLedger, AFailedWriteIsMadeAgainAndAFailedQuestionAsked) {
  ConditionLedger ledger("n1", 0);
  ledger.see(told_report({}));
  for (const int status : {0, 401, 403, 404, 429, 500}) {
    ASSERT_THAT(ledger.next(kSteadyStart, kWallStart)->path, EndsWith("dryRun=All"));
    EXPECT_FALSE(ledger.answered(answer_of(status), kSteadyStart)) << status;
  }
  ASSERT_THAT(ledger.next(kSteadyStart, kWallStart)->path, EndsWith("dryRun=All"));
  EXPECT_TRUE(ledger.answered(answer_of(400), kSteadyStart)) << "a webhook without dry runs";
  EXPECT_EQ(ledger.next(kSteadyStart, kWallStart)->path, kStatus);
  EXPECT_FALSE(ledger.answered(answer_of(500), kSteadyStart));
  EXPECT_EQ(ledger.next(kSteadyStart, kWallStart)->path, kStatus);
  EXPECT_TRUE(ledger.answered(answer_of(200), kSteadyStart));
}

TEST(ConditionLedger, AnAnswerThatIsNoNodeTeachesNothing) {
  ConditionLedger ledger("n1", 0);
  ledger.see(told_report({}));
  for (const char* body : {"", "{}", "[]", R"({"status":{"conditions":7}})", "{\"status\":"}) {
    ASSERT_TRUE(ledger.next(kSteadyStart, kWallStart));
    EXPECT_FALSE(ledger.answered(answer_of(200, body), kSteadyStart)) << body;
  }
}

TEST(ConditionLedger, WhileThePodsAreStaleItIsLeftAsItIs) {
  Kept kept;
  kept.write();
  Report report = told_report({told_finding()});
  PodSnapshot stale = *report.pods;
  stale.stale = true;
  report.pods = std::make_shared<const PodSnapshot>(stale);
  kept.ledger.see(report);
  kept.now += 1h;
  EXPECT_FALSE(kept.next()) << "no change, no heartbeat";
  kept.ledger.see(told_report({}));
  EXPECT_EQ(kept.write()["status"], "False");
}

TEST(ConditionLedger, AFlappingConflictDoesNotWriteWithoutEnd) {
  Kept kept;
  int written = 0;
  for (int i = 0; i < 300; ++i) {  // five minutes
    kept.ledger.see(told_report(i % 2 == 0 ? std::vector{told_finding()} : std::vector<Finding>{}));
    if (kept.write() != nullptr) ++written;
    kept.now += 1s;
  }
  EXPECT_LE(written, 5 + 300 / 30);
  EXPECT_GE(written, 10);
}

TEST(ConditionLedger, TheLastWordTakesATrueBackAndNothingElse) {
  Kept kept;
  EXPECT_FALSE(kept.ledger.last_word(kWallStart)) << "nothing was written";
  kept.write();
  EXPECT_FALSE(kept.ledger.last_word(kWallStart)) << "False";
  kept.ledger.see(told_report({told_finding()}));
  kept.write();
  const auto request = kept.ledger.last_word(kWallStart + 1h);
  ASSERT_TRUE(request);
  const auto condition = body_of(*request)["status"]["conditions"][0];
  EXPECT_EQ(condition["status"], "False");
  EXPECT_EQ(condition["reason"], "AgentStopped");
  EXPECT_EQ(condition["lastTransitionTime"], "2026-11-24T21:00:00Z");
}

TEST(ConditionLedger, ATrueThatMayHaveArrivedIsTakenBackToo) {
  Kept unanswered;
  unanswered.ledger.see(told_report({told_finding()}));
  unanswered.write(0);
  EXPECT_TRUE(unanswered.ledger.last_word(kWallStart));
  Kept left_behind(node_with("True", "2026-11-01T00:00:00Z"));
  EXPECT_TRUE(left_behind.ledger.last_word(kWallStart)) << "of an agent that crashed";
}

}  // namespace
}  // namespace hostnet
