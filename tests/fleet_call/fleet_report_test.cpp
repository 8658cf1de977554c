#include "agent/fleet/fleet_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/fleet/port_report.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kFinding = R"({"id":"8f","class":"conflict","verdict":"other_pod",
  "severity":"critical","protocol":"tcp","port":8080,"host_ip":"0.0.0.0",
  "since":"2026-11-21T20:00:00.000Z","stale":false,"node":"a lie",
  "declared_by":[{"namespace":"default","pod":"web-1","container":"web","workload":"DaemonSet/web"},
                 {"namespace":"default","pod":"web-1","container":"web"}],
  "held_by":[{"kind":"pod","name":"db/redis-0","pid":7,"comm":"redis","uid":999,"state":"listen"},
             {"kind":"unmanaged_process","name":"curl","pid":9,"comm":"curl","uid":0,
              "state":"established","peer":"10.0.0.1:443"},
             {"kind":"nat_rule","rule":"tcp dport 8080 dnat"},
             {"kind":"kernel","name":"flannel.1"}],
  "explanation":"why","remedy":"do it"})";

NodeAnswer answered(const std::string& name, bool complete = true) {
  return {.node = name,
          .agent = "hostnet-agent/" + name,
          .answered = true,
          .error = {},
          .complete = complete,
          .problems = {}};
}

FleetFinding finding(const std::string& node, const std::string& severity,
                     const std::string& of_class = "conflict", const std::string& port = "80/tcp") {
  FleetFinding made;
  made.node = node;
  made.class_ = of_class;
  made.verdict = "other_pod";
  made.severity = severity;
  made.port = port;
  made.json = "{}";
  return made;
}

FleetReport report_of(std::vector<NodeAnswer> nodes, std::vector<FleetFinding> findings = {}) {
  FleetReport report;
  report.from = "agents";
  report.nodes = std::move(nodes);
  report.findings = std::move(findings);
  sort_findings(report);
  return report;
}

TEST(FleetFinding, IsSaidAsTheAgentsOwnTablesDo) {
  const auto read = read_fleet_finding("n1", kFinding);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->port, "8080/tcp");
  EXPECT_EQ(read->declared_by, "default/web-1 (web)");
  EXPECT_EQ(read->held_by,
            "db/redis-0 redis[7] uid 999, curl[9] root (established to 10.0.0.1:443), "
            "NAT rule: tcp dport 8080 dnat, flannel.1 kernel");
  EXPECT_EQ(read->workload, "DaemonSet/web");
  EXPECT_TRUE(read->since);
  EXPECT_THAT(read->json, Not(HasSubstr("a lie")));
}

TEST(FleetFinding, WhatIsNoneIsRefused) {
  EXPECT_FALSE(read_fleet_finding("n1", "[]"));
  EXPECT_FALSE(read_fleet_finding("n1", R"({"verdict":7})"));
  EXPECT_FALSE(read_fleet_finding("n1", "{"));
  const std::string deep =
      R"({"verdict":"x","a":)" + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_FALSE(read_fleet_finding("n1", deep));
}

TEST(FindingsReader, AnAnswerInPiecesIsItsNodesFindings) {
  const std::string text = R"({"api_version":"v1","complete":false,"problems":[{"code":"x",)"
                           R"("message":"NAT rules cannot be read","remedy":"add NET_ADMIN"}],)"
                           R"("findings":[)" +
                           std::string(kFinding) + "," + std::string(kFinding) + "]}";
  FindingsReader reader("n1");
  for (const char byte : text) ASSERT_TRUE(reader.feed({&byte, 1}));
  EXPECT_TRUE(reader.whole());
  NodeAnswer node = answered("n1");
  std::vector<FleetFinding> findings;
  std::move(reader).give(node, findings);
  EXPECT_EQ(findings.size(), 2U);
  EXPECT_FALSE(node.complete);
  EXPECT_EQ(node.problems.front(), "NAT rules cannot be read (add NET_ADMIN)");
}

TEST(FindingsReader, AnAnswerThatIsNoneOrCutShortIsNotWhole) {
  for (const std::string text : {"{}", R"({"complete":true,"findings":[)", "[]", ""}) {
    FindingsReader reader("n1");
    reader.feed(text);
    EXPECT_FALSE(reader.whole()) << text;
  }
}

TEST(FindingsReader, MoreFindingsThanAnAgentHasAreLeftOutAndSaid) {
  // Whatever the agent says of itself, and before them.
  std::string text = R"({"complete":false,"problems":[],"findings":[)";
  for (std::size_t i = 0; i <= kMostFindingsOfANode; ++i) {
    text += (i == 0 ? "" : ",") + std::string(R"({"verdict":"other_pod"})");
  }
  FindingsReader reader("n1");
  ASSERT_TRUE(reader.feed(text + "]}"));
  NodeAnswer node = answered("n1");
  std::vector<FleetFinding> findings;
  std::move(reader).give(node, findings);
  EXPECT_EQ(findings.size(), kMostFindingsOfANode);
  EXPECT_FALSE(node.complete);
  ASSERT_EQ(node.problems.size(), 1U);
  EXPECT_EQ(node.problems.front(), "it has too many findings, the rest is left out");
}

TEST(FleetReport, IsNotCompleteWhereFindingsAreCut) {
  auto report = report_of({answered("a")}, {});
  EXPECT_EQ(exit_code_of(report), 0);
  report.findings_cut = 1;
  EXPECT_EQ(exit_code_of(report), 2);
  EXPECT_THAT(fleet_json(report), HasSubstr(R"("complete":false)"));
}

TEST(FleetReport, TheWorstComesFirstAndConflictsBeforeRisks) {
  const auto report = report_of(
      {answered("a")}, {finding("a", "info"), finding("b", "warning", "risk", "9/tcp"),
                        finding("b", "critical", "conflict", "443/tcp"), finding("a", "critical"),
                        finding("a", "warning", "conflict", "1000/tcp")});
  std::string order;
  for (const auto& one : report.findings) order += one.severity + one.port + " ";
  EXPECT_EQ(order, "critical80/tcp critical443/tcp warning1000/tcp warning9/tcp info80/tcp ");
}

TEST(FleetReport, NamesWhoDidNotAnswerAndWhatIsIncomplete) {
  NodeAnswer partial = answered("n2", false);
  partial.problems = {"NAT rules cannot be read (add NET_ADMIN)"};
  const NodeAnswer silent{.node = "n3",
                          .agent = {},
                          .answered = false,
                          .error = "no agent runs there",
                          .complete = false,
                          .problems = {}};
  NodeAnswer silent_too = silent;
  silent_too.node = "n4";
  const auto report =
      report_of({answered("n1"), partial, silent, silent_too}, {finding("n1", "critical")});
  EXPECT_EQ(fleet_text(report, {}),
            "NODE  PORT    VERDICT    SEVERITY  DECLARED BY  HELD BY  SINCE  WHAT TO DO\n"
            "n1    80/tcp  other_pod  critical  -            -        -      -\n"
            "incomplete on 1 node: n2 (NAT rules cannot be read (add NET_ADMIN))\n"
            "2 nodes did not answer: n3, n4 (no agent runs there)\n"
            "1 conflict, 0 risks on 1 node; 2 of 4 nodes answered; incomplete\n");
  EXPECT_EQ(fleet_text(report, {.names = true}), "n1\n");
  EXPECT_THAT(fleet_json(report),
              StartsWith(R"({"api_version":"v1","generated_at":"1970-01-01T00:00:00.000Z",)"
                         R"("from":"agents","complete":false,"nodes":[{"node":"n1",)"));
}

TEST(FleetReport, HostileNamesStayInTheirCells) {
  FleetFinding hostile = finding("n1", "critical");
  hostile.held_by = "\x1b[31mred\nline\xff";
  const NodeAnswer silent{.node = "n\n2",
                          .agent = {},
                          .answered = false,
                          .error = "\x1b]0;x\x07",
                          .complete = false,
                          .problems = {}};
  const std::string text = fleet_text(report_of({answered("n1"), silent}, {hostile}), {});
  EXPECT_THAT(text, HasSubstr(R"(\x1b[31mred\nline\xff)"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);
}

TEST(FleetReport, EndsWithTwoWhereANodeDidNotAnswer) {
  const NodeAnswer silent{.node = "n2",
                          .agent = {},
                          .answered = false,
                          .error = "why",
                          .complete = false,
                          .problems = {}};
  EXPECT_EQ(exit_code_of(report_of({answered("n1")})), 0);
  EXPECT_EQ(exit_code_of(report_of({answered("n1")}, {finding("n1", "info")})), 0);
  EXPECT_EQ(exit_code_of(report_of({answered("n1")}, {finding("n1", "warning", "risk")})), 1);
  EXPECT_EQ(exit_code_of(report_of({answered("n1", false)})), 2);
  EXPECT_EQ(exit_code_of(report_of({answered("n1", false)}, {finding("n1", "critical")})), 1);
  EXPECT_EQ(exit_code_of(report_of({answered("n1"), silent}, {finding("n1", "critical")})), 2);
}

TEST(PortReport, FreeNodesComeFirstAndItEndsByTheWorst) {
  PortReport report{.from = "agents",
                    .generated_at = {},
                    .port = 8080,
                    .protocol = Protocol::tcp,
                    .nodes = {answered("a"), answered("b"), answered("c", false)},
                    .checks = {*read_port_check(R"({"verdict":"in_use","explanation":"why",
                                 "holders":[{"name":"x.service","pid":1,"comm":"x"}]})"),
                               *read_port_check(R"({"verdict":"free"})"), PortCheck{}},
                    .limit = {}};
  report.nodes[2].problems = {"its agent does not know"};
  EXPECT_EQ(port_report_text(report, {}),
            "NODE  VERDICT  HELD BY         DECLARED BY  EXPLANATION\n"
            "b     free     -               -            -\n"
            "a     in_use   x.service x[1]  -            why\n"
            "c     unknown  -               -            -\n"
            "incomplete on 1 node: c (its agent does not know)\n"
            "8080/tcp is free on 1 of 3 nodes; 3 of 3 nodes answered; incomplete\n");
  EXPECT_EQ(exit_code_of(report), 2);
  EXPECT_EQ(port_report_text(report, {.names = true}), "b\n");
  report.nodes.pop_back();
  report.checks.pop_back();
  EXPECT_EQ(exit_code_of(report), 1);
}

}  // namespace
}  // namespace hostnet
