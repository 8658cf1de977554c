#include "agent/kube_events/label_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/kube_events/told_report.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* kNodeStatus = "/api/v1/nodes/n1/status";

Holder listener(std::uint16_t port, HolderKind kind = HolderKind::unmanaged_process) {
  Holder holder;
  holder.socket.protocol = Protocol::tcp;
  holder.socket.state = SocketState::listen;
  holder.socket.local_port = port;
  holder.owner.kind = kind;
  return holder;
}

// A ledger, the node whose labels it keeps, and the time that passes for both.
struct KeptLabels {
  LabelLedger ledger{"n1"};
  json labels = json::object();
  std::vector<Holder> holders;
  std::vector<Finding> findings;
  std::vector<ReservedPorts> listed{{.ports = {8080, 8080}}};
  bool stale{}, every_owner{true};
  SteadyTime now = kSteadyStart;
  std::size_t writes{};

  // The next report, and all requests that it leads to.
  void after(std::chrono::seconds seconds) {
    now += seconds;
    Report report = told_report(findings);
    auto table = std::make_shared<PortSnapshot>();
    table->holders = holders;
    table->coverage.every_owner = every_owner;
    report.table = table;
    report.label_ports = listed;
    auto pods = std::make_shared<PodSnapshot>(*report.pods);
    pods->stale = stale;
    report.pods = pods;
    ledger.see(report, now);
    for (int request = 0; request < 4; ++request) {
      if (!answer()) return;
    }
  }
  bool answer(int status = 200) {
    const auto request = ledger.next(now);
    if (!request) return false;
    EXPECT_EQ(request->content_type, kStrategicMergePatch);
    const bool dry = request->path == std::string(kNodeStatus) + "?dryRun=All";
    if (!dry) {
      EXPECT_EQ(request->path, kNodeStatus);
      ++writes;
      if (status == 200) labels.merge_patch(body_of(*request)["metadata"]["labels"]);
    }
    EXPECT_EQ(
        ledger.answered(answer_of(status, json{{"metadata", {{"labels", labels}}}}.dump()), now),
        status == 200);
    return true;
  }
};

json label(std::uint16_t port, const char* value = "unmanaged") {
  return json{{"hostports.hostnet-agent.io/tcp-" + std::to_string(port), value}};
}

TEST(LabelLedger, APortThatIsHeldForHalfAMinuteIsLabelledAndOneThatIsFreeForFiveMinutesNoLonger) {
  KeptLabels kept;
  kept.after(0s);
  kept.holders = {listener(8080), listener(9090)};
  kept.after(1s);
  kept.after(29s);
  EXPECT_EQ(kept.labels, json::object());
  kept.after(1s);
  EXPECT_EQ(kept.labels, label(8080));  // 9090 is neither listed nor was it in conflict
  kept.holders.clear();
  kept.after(1s);
  kept.after(299s);
  EXPECT_EQ(kept.labels, label(8080));
  kept.after(1s);
  EXPECT_EQ(kept.labels, json::object());
  EXPECT_EQ(kept.writes, 2U);
}

TEST(LabelLedger, AHolderThatFlapsMakesNoWrites) {
  KeptLabels kept;
  for (int i = 0; i < 60; ++i) {
    kept.holders.clear();
    if (i % 2 == 0) kept.holders.push_back(listener(8080));
    kept.after(20s);
  }
  EXPECT_EQ(kept.writes, 0U);
}

TEST(LabelLedger, OnlyWhatIsOutsideKubernetesCounts) {
  for (const HolderKind kind : {HolderKind::pod, HolderKind::node_component, HolderKind::kernel,
                                HolderKind::unknown, HolderKind::nat_rule}) {
    KeptLabels kept;
    kept.holders = {listener(8080, kind)};
    kept.after(0s);
    kept.after(60s);
    EXPECT_EQ(kept.labels, json::object()) << to_string(kind);
  }
  KeptLabels container;
  container.holders = {listener(8080, HolderKind::unmanaged_container)};
  container.after(0s);
  container.after(60s);
  EXPECT_EQ(container.labels, label(8080));
}

TEST(LabelLedger, APortThatWasOnceInConflictIsLabelledWhileItIsHeld) {
  KeptLabels kept;
  kept.listed.clear();
  kept.holders = {listener(8080)};
  kept.findings = {told_finding()};
  kept.after(0s);
  kept.findings.clear();  // the pod went elsewhere
  kept.after(30s);
  EXPECT_EQ(kept.labels, label(8080));
}

TEST(LabelLedger, WhatIsNotKnownChangesNothing) {
  KeptLabels kept;
  kept.holders = {listener(8080)};
  kept.stale = true;
  kept.after(0s);
  kept.after(60s);
  EXPECT_EQ(kept.labels, json::object());
  kept.stale = false;
  kept.every_owner = false;
  kept.after(60s);
  EXPECT_EQ(kept.labels, json::object());
  kept.every_owner = true;
  kept.after(0s);
  kept.after(30s);
  EXPECT_EQ(kept.labels, label(8080));
  kept.holders.clear();
  kept.stale = true;
  kept.after(3600s);
  EXPECT_EQ(kept.labels, label(8080));
}

TEST(LabelLedger, LabelsOfOthersAreNotTouched) {
  KeptLabels kept;
  kept.labels = label(8080, "keep-off");
  kept.labels["hostports.hostnet-agent.io/note"] = "unmanaged";
  kept.labels["zone"] = "a";
  const json before = kept.labels;
  kept.holders = {listener(8080)};
  kept.after(0s);
  kept.after(60s);
  kept.holders.clear();
  kept.after(600s);
  EXPECT_EQ(kept.labels, before);
  EXPECT_EQ(kept.writes, 0U);
}

TEST(LabelLedger, OneThatSomebodySetsMeanwhileIsSeenBeforeTheWrite) {
  KeptLabels kept;
  kept.holders = {listener(8080)};
  kept.after(0s);
  kept.labels = label(8080, "mine");
  kept.after(60s);
  EXPECT_EQ(kept.labels, label(8080, "mine"));
}

TEST(LabelLedger, LabelsOutliveTheAgentAndTheNextOneKeepsThem) {
  KeptLabels next;
  next.listed.clear();
  next.labels = label(8080);
  next.labels.update(label(9090));
  next.holders = {listener(8080)};
  next.after(0s);
  EXPECT_EQ(next.writes, 0U);
  next.after(301s);
  EXPECT_EQ(next.labels, label(8080));
  const auto removal = next.ledger.removal();
  ASSERT_TRUE(removal);
  next.labels.merge_patch(body_of(*removal)["metadata"]["labels"]);
  EXPECT_EQ(next.labels, json::object());
}

TEST(LabelLedger, AtMostThirtyTwoAreWrittenAndTheFirstStay) {
  KeptLabels kept;
  kept.listed = {{.ports = {1, 65535}}};
  for (std::uint16_t port = 9000; port < 9040; ++port) kept.holders.push_back(listener(port));
  kept.after(0s);
  kept.after(30s);
  EXPECT_EQ(kept.labels.size(), LabelLedger::kMostLabels);
  const json first = kept.labels;
  kept.holders.push_back(listener(80));
  kept.after(1s);
  kept.after(30s);
  EXPECT_EQ(kept.labels, first);
}

TEST(LabelLedger, ARefusalIsTriedAgain) {
  KeptLabels kept;
  kept.holders = {listener(8080)};
  kept.after(0s);
  kept.now += 30s;
  EXPECT_TRUE(kept.answer());     // what is there
  EXPECT_TRUE(kept.answer(403));  // the write
  EXPECT_EQ(kept.labels, json::object());
  kept.after(1s);
  EXPECT_EQ(kept.labels, label(8080));
}

}  // namespace
}  // namespace hostnet
