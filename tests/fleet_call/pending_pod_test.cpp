#include "agent/fleet/pending_pod.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostnet {
namespace {

using testing::HasSubstr;

WantedPod wanted(const std::string& more = "", const std::string& spec = "") {
  return *read_wanted_pod(R"({"metadata":{"name":"web-2","namespace":"default"},"spec":{)" + spec +
                          R"("hostNetwork":true,"containers":[{"name":"web","ports":[
                          {"containerPort":8080,"hostPort":8080}]}]},
                          "status":{"phase":"Pending","conditions":[
                          {"type":"PodScheduled","status":"False","reason":"Unschedulable",
                          "message":"0/2 nodes are available"}]}})" +
                          more);
}

Pod other(const std::string& node, std::uint16_t port, const std::string& host_ip = "",
          ContainerType type = ContainerType::container) {
  Pod pod;
  pod.namespace_ = "default";
  pod.name = "web-1";
  pod.node_name = node;
  pod.phase = "Running";
  Container container;
  container.name = "web";
  container.type = type;
  container.ports = {{.name = {},
                      .protocol = Protocol::tcp,
                      .container_port = port,
                      .host_port = port,
                      .host_ip = host_ip}};
  pod.containers = {container};
  return pod;
}

std::size_t declared_on_n1(const Pod& pod, const std::optional<std::vector<int>>& version = {}) {
  DeclaredByNode found;
  add_declared(wanted(), pod, version, found);
  return found["n1"].size();
}

TEST(WantedPod, SaysWhatTheSchedulerSaidAndWhichPorts) {
  const WantedPod pod = wanted();
  EXPECT_EQ(pod.scheduler_says, "0/2 nodes are available");
  ASSERT_EQ(pod.ports.size(), 1U);
  EXPECT_EQ(pod.ports.front().port, 8080);
}

TEST(WantedPod, OfADaemonSetGoesToItsNodeOnly) {
  const WantedPod pod = wanted("", R"("affinity":{"nodeAffinity":{
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[
      {"key":"metadata.name","operator":"In","values":["n2"]}]}]}}},)");
  EXPECT_FALSE(may_go_to(pod, {.name = "n1", .labels = {}}));
  EXPECT_TRUE(may_go_to(pod, {.name = "n2", .labels = {}}));
}

TEST(WantedPod, GoesWhereItsNodeSelectorSays) {
  const WantedPod pod = wanted("", R"("nodeSelector":{"disk":"ssd"},)");
  EXPECT_FALSE(may_go_to(pod, {.name = "n1", .labels = {{"disk", "hdd"}}}));
  EXPECT_TRUE(may_go_to(pod, {.name = "n2", .labels = {{"a", "b"}, {"disk", "ssd"}}}));
  EXPECT_TRUE(may_go_to(wanted(), {.name = "n1", .labels = {}}));
}

TEST(DeclaredThere, IsWhatTheSchedulerKeepsApart) {
  EXPECT_EQ(declared_on_n1(other("n1", 8080)), 1U);
  EXPECT_EQ(declared_on_n1(other("n1", 8080, "10.0.0.1")), 1U);
  EXPECT_EQ(declared_on_n1(other("n1", 8081)), 0U);
  EXPECT_EQ(declared_on_n1(other("", 8080)), 0U);
  Pod over = other("n1", 8080);
  over.phase = "Succeeded";
  EXPECT_EQ(declared_on_n1(over), 0U);
  Pod itself = other("n1", 8080);
  itself.name = "web-2";
  EXPECT_EQ(declared_on_n1(itself), 0U);
}

TEST(DeclaredThere, SidecarsCountFromTheVersionOnThatCountsThem) {
  const Pod sidecar = other("n1", 8080, "", ContainerType::sidecar);
  EXPECT_EQ(declared_on_n1(sidecar, std::vector<int>{1, 34, 0}), 1U);
  EXPECT_EQ(declared_on_n1(sidecar, std::vector<int>{1, 32, 1}), 0U);
}

std::vector<PodRow> rows_of(std::vector<PortCheck> checks) {
  WantedPod pod = wanted();
  while (pod.ports.size() < checks.size()) {
    pod.ports.push_back(pod.ports.front());
    pod.ports.back().port++;
  }
  return rows_of_checks(pod, {.node = "n1", .answered = true, .complete = true}, checks);
}

TEST(RowsOfChecks, APodWithAllItsPortsOrFreeOnesHasOneRow) {
  PortCheck own;
  own.verdict = "in_use";
  own.pods = {"default/web-2"};
  PortCheck free;
  free.verdict = "free";
  ASSERT_EQ(rows_of({free, free}).size(), 1U);
  EXPECT_EQ(rows_of({free, free}).front().verdict, "free");
  ASSERT_EQ(rows_of({own, free}).size(), 1U);
  EXPECT_EQ(rows_of({own, free}).front().verdict, "own");
  EXPECT_EQ(rows_of({own, free}).front().port, "8080/tcp, 8081/tcp");
}

TEST(RowsOfChecks, APortThatAnotherHasTooIsNotThePodsOwn) {
  PortCheck own;
  own.verdict = "in_use";
  own.pods = {"default/web-2"};
  PortCheck taken = own;
  taken.pods = {"default/web-2", ""};
  const auto rows = rows_of({own, taken});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows.front().verdict, "in_use");
  EXPECT_EQ(rows.front().port, "8081/tcp");
}

TEST(PodReport, SaysWhoDeclaresItAndWhoHoldsIt) {
  PodReport report{.generated_at = {},
                   .wanted = wanted(),
                   .nodes = {{.node = "n1",
                              .agent = {},
                              .answered = true,
                              .error = {},
                              .complete = true,
                              .problems = {}}},
                   .rows = {}};
  report.rows.push_back({.node = "n1",
                         .verdict = "declared",
                         .port = "8080/tcp",
                         .declared_by = "default/web-1 (web)",
                         .held_by = {},
                         .explanation = "why"});
  EXPECT_EQ(pod_report_text(report, {}),
            "NODE  VERDICT   PORT      DECLARED BY          HELD BY  EXPLANATION\n"
            "n1    declared  8080/tcp  default/web-1 (web)  -        why\n"
            "default/web-2 is Pending: 0/2 nodes are available\n"
            "of 1 node: its ports are free on 0, declared by another pod on 1, held by "
            "something else on 0, unknown on 0; taints, affinity and resources are not judged\n");
  EXPECT_EQ(exit_code_of(report), 1);
  EXPECT_THAT(pod_report_json(report), HasSubstr(R"("scheduler":"0/2 nodes are available")"));
  report.rows.push_back({.node = "n2",
                         .verdict = "unknown",
                         .port = {},
                         .declared_by = {},
                         .held_by = {},
                         .explanation = {}});
  EXPECT_EQ(exit_code_of(report), 2);
  report.rows.back().verdict = "free";
  EXPECT_EQ(exit_code_of(report), 0);
}

}  // namespace
}  // namespace hostnet
