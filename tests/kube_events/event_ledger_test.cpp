#include "agent/kube_events/event_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/kube_events/told_report.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

constexpr const char* kEvents = "/api/v1/namespaces/default/events";
constexpr const char* kEvent = "/api/v1/namespaces/default/events/web-1.00000000000000aa";

// A ledger and the time that passes for it.
struct Told {
  EventLedger ledger{"n1"};
  SteadyTime now = kSteadyStart;

  void see(std::vector<Finding> findings) {
    ledger.see(told_report(std::move(findings), kWallStart + (now - kSteadyStart) / 1ms * 1ms),
               now);
  }
  std::optional<EventLedger::Write> next() { return ledger.next(now); }
  bool answer(int status, const std::string& body = "{}") {
    return ledger.answered("00000000000000aa", answer_of(status, body), now);
  }
  // The request that is due now, answered like this.
  KubeRequest write(int status, const std::string& body = "{}") {
    const auto made = next();
    if (!made) return {};
    ledger.answered(made->finding, answer_of(status, body), now);
    return made->request;
  }
};

TEST(EventLedger, AFindingBecomesOneEventOfItsPod) {
  Told told;
  told.see({told_finding()});
  const KubeRequest request = told.write(201);
  EXPECT_EQ(request.method, KubeMethod::post);
  EXPECT_EQ(request.path, kEvents);
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(body_of(request), nlohmann::json::parse(R"({
    "apiVersion": "v1", "kind": "Event",
    "metadata": {"name": "web-1.00000000000000aa", "namespace": "default"},
    "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "web-1",
                       "uid": "uid-web-1", "fieldPath": "spec.containers{web}"},
    "type": "Warning", "reason": "HostPortUnmanagedProcess",
    "message": "critical: default/web-1 (container web) cannot bind 8080/tcp. To do: systemctl stop nginx.service",
    "source": {"component": "hostnet-agent", "host": "n1"},
    "reportingComponent": "hostnet-agent", "reportingInstance": "n1",
    "firstTimestamp": "2026-11-24T20:00:00Z", "lastTimestamp": "2026-11-24T20:00:00Z",
    "count": 1})"));
  for (int i = 0; i < 100; ++i) {
    told.now += 1s;
    told.see({told_finding()});
    EXPECT_FALSE(told.next()) << "it is written";
  }
}

TEST(EventLedger, OpeningAgainAndAnotherSeverityPatchTheSameEvent) {
  Told told;
  told.see({told_finding()});
  told.write(201);
  told.see({});
  EXPECT_FALSE(told.next()) << "its end is no Event";
  told.now += 60s;
  Finding again = told_finding();
  again.since = kWallStart + 60s;
  told.see({again});
  KubeRequest request = told.write(200);
  EXPECT_EQ(request.method, KubeMethod::patch);
  EXPECT_EQ(request.path, kEvent);
  EXPECT_EQ(request.content_type, kStrategicMergePatch);
  EXPECT_EQ(body_of(request)["count"], 2);
  EXPECT_EQ(body_of(request)["lastTimestamp"], "2026-11-24T20:01:00Z");
  again.severity = Severity::warning;
  told.see({again});
  request = told.write(200);
  EXPECT_EQ(body_of(request)["count"], 3);
  EXPECT_THAT(body_of(request)["message"].get<std::string>(), StartsWith("warning: "));
  again.held_by.clear();
  told.see({again});
  EXPECT_FALSE(told.next()) << "another holder alone is not told";
}

TEST(EventLedger, AFindingThatReturnedBetweenTwoReportsIsSeenByItsTime) {
  Told told;
  told.see({told_finding()});
  told.write(201);
  Finding again = told_finding();
  again.since = kWallStart + 1s;
  told.see({again});
  EXPECT_EQ(body_of(told.write(200))["count"], 2);
}

TEST(EventLedger, NothingIsLostWhileTheServerIsAway) {
  Told told;
  Finding finding = told_finding();
  for (int i = 0; i < 5; ++i) {
    finding.since = kWallStart + i * 1s;
    told.see({finding});
    ASSERT_TRUE(told.next());
    EXPECT_FALSE(told.answer(0));
    told.now += 10s;
  }
  const KubeRequest request = told.write(201);
  EXPECT_EQ(request.method, KubeMethod::post);
  EXPECT_EQ(body_of(request)["count"], 5);
  EXPECT_FALSE(told.next());
}

TEST(EventLedger, WhatClosedUnwrittenIsNotWritten) {
  Told told;
  told.see({told_finding()});
  told.see({});
  EXPECT_FALSE(told.next());
  EXPECT_EQ(told.ledger.size(), 0U);
}

TEST(EventLedger, AnEventOfAnAgentBeforeThisOneIsTakenOver) {
  Told told;
  told.see({told_finding()});
  EXPECT_EQ(told.write(409).method, KubeMethod::post);
  const KubeRequest request = told.write(200, R"({"kind": "Event", "count": 7})");
  EXPECT_EQ(request.method, KubeMethod::patch);
  EXPECT_FALSE(body_of(request).contains("count")) << "it is not known";
  Finding again = told_finding();
  again.since = kWallStart + 1s;
  told.see({again});
  EXPECT_EQ(body_of(told.write(200))["count"], 8);
}

TEST(EventLedger, AnEventThatTheServerForgotIsWrittenAnew) {
  Told told;
  told.see({told_finding()});
  told.write(201);
  Finding again = told_finding();
  again.since = kWallStart + 1s;
  told.see({again});
  EXPECT_EQ(told.write(404).method, KubeMethod::patch);
  EXPECT_EQ(told.write(201).method, KubeMethod::post);
  EXPECT_FALSE(told.next());
}

TEST(EventLedger, WhatLastsIsWrittenAgainBeforeTheServerForgetsIt) {
  Told told;
  told.see({told_finding()});
  told.write(201);
  told.now += 29min;
  told.see({told_finding()});
  EXPECT_FALSE(told.next());
  told.now += 1min;
  told.see({told_finding()});
  EXPECT_EQ(body_of(told.write(200))["count"], 2);
  EXPECT_FALSE(told.next());
}

TEST(EventLedger, APodThatIsGoneIsNotToldAgain) {
  Told told;
  told.see({told_finding()});
  EXPECT_TRUE(told.next());
  EXPECT_TRUE(told.answer(404)) << "its namespace is gone";
  told.now += 1h;
  told.see({told_finding()});
  EXPECT_FALSE(told.next());
}

TEST(EventLedger, WhatIsRefusedHoldsUpNoOther) {
  Told told;
  Finding second = told_finding("web-2", "00000000000000bb");
  second.since = kWallStart + 1s;
  told.see({told_finding(), second});
  EXPECT_EQ(body_of(told.next()->request)["metadata"]["name"], "web-1.00000000000000aa");
  EXPECT_FALSE(told.answer(422));
  EXPECT_EQ(body_of(told.write(201))["metadata"]["name"], "web-2.00000000000000bb");
  EXPECT_FALSE(told.next());
  told.now += 5min;
  told.see({told_finding(), second});
  EXPECT_EQ(body_of(told.write(201))["metadata"]["name"], "web-1.00000000000000aa");
}

TEST(EventLedger, SomeFindingsAreNoEvents) {
  Finding ignored = told_finding();
  ignored.ignored = true;
  Finding info = told_finding();
  info.severity = Severity::info;
  Finding manifest = told_finding();
  manifest.declared_by[0].source = "manifests";
  Finding unknown = told_finding();
  unknown.declared_by[0].uid.clear();
  Finding of_nobody = told_finding();
  of_nobody.declared_by.clear();
  for (const Finding& finding : {ignored, info, manifest, unknown, of_nobody}) {
    Told told;
    told.see({finding});
    EXPECT_FALSE(told.next());
  }
}

TEST(EventLedger, WhileThePodsAreStaleNothingChanges) {
  Told told;
  Report report = told_report({told_finding()});
  PodSnapshot stale = *report.pods;
  stale.stale = true;
  report.pods = std::make_shared<const PodSnapshot>(stale);
  told.ledger.see(report, told.now);
  EXPECT_FALSE(told.next());
}

TEST(EventLedger, AStaticPodsEventIsWhereKubectlLooksForIt) {
  Told told;
  Finding finding = told_finding();
  finding.declared_by[0].config_hash = "0123456789abcdef";
  finding.declared_by[0].container_type = ContainerType::sidecar;
  told.see({finding});
  const auto object = body_of(told.write(201))["involvedObject"];
  EXPECT_EQ(object["uid"], "0123456789abcdef");
  EXPECT_EQ(object["fieldPath"], "spec.initContainers{web}");
}

TEST(EventLedger, NamesFitWhateverThePodIsCalled) {
  Told told;
  told.see({told_finding(std::string(230, 'a') + "-.-" + std::string(20, 'b'))});
  const std::string name = body_of(told.write(201))["metadata"]["name"];
  EXPECT_LE(name.size(), 253U);
  EXPECT_EQ(name, std::string(230, 'a') + "-.-" + "bbb.00000000000000aa");
}

TEST(EventLedger, AFlappingPodIsHeldToTheRateOfOnePod) {
  Told told;
  Finding flapping = told_finding();
  int written = 0;
  for (int i = 0; i < 600; ++i) {  // ten minutes
    flapping.since = kWallStart + i * 1s;
    told.see({flapping});
    while (const auto write = told.next()) {
      ++written;
      told.ledger.answered(write->finding,
                           answer_of(write->request.method == KubeMethod::post ? 201 : 200),
                           told.now);
    }
    told.now += 1s;
  }
  EXPECT_EQ(written, 26) << "25 at once, one more in five minutes";
  told.now += 10min;
  told.see({flapping});
  const auto last = told.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(body_of(last->request)["count"], 600) << "how often it happened is right in the end";
}

TEST(EventLedger, ManyPodsShareTheRateOfTheNodeAndTheWorstComesFirst) {
  Told told;
  std::vector<Finding> findings;
  for (int i = 0; i < 50; ++i) {
    findings.push_back(told_finding("web-" + std::to_string(i), "id" + std::to_string(i)));
    findings.back().severity = i < 40 ? Severity::warning : Severity::critical;
  }
  told.see(findings);
  std::set<std::string> first;
  while (const auto write = told.next()) {
    first.insert(body_of(write->request)["message"].get<std::string>().substr(0, 8));
    told.ledger.answered(write->finding, answer_of(201), told.now);
  }
  EXPECT_EQ(first, std::set<std::string>{"critical"});
  told.now += 10s;
  int more = 0;
  while (const auto write = told.next()) {
    ++more;
    told.ledger.answered(write->finding, answer_of(201), told.now);
  }
  EXPECT_EQ(more, 10);
}

}  // namespace
}  // namespace hostnet
