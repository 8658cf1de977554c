#include "agent/fleet/agents/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostnet {
namespace {

using testing::ElementsAre;

Pod agent(const std::string& node, const std::string& name, const std::string& phase = "Running") {
  Pod pod;
  pod.namespace_ = "hostnet-agent";
  pod.name = name;
  pod.node_name = node;
  pod.phase = phase;
  pod.host_network = true;
  Container container;
  container.name = "hostnet-agent";
  container.ready = true;
  container.ports = {{.name = "metrics",
                      .protocol = Protocol::tcp,
                      .container_port = 20100,
                      .host_port = 20100,
                      .host_ip = {}}};
  pod.containers = {container};
  return pod;
}

ClusterNode node(const std::string& name,
                 std::vector<std::pair<std::string, std::string>> labels = {}) {
  return {.name = name, .labels = std::move(labels)};
}

std::string asked(const FleetNode& node) {
  return node.name + " " + (node.agent ? node.agent->pod : node.problem);
}

std::vector<std::string> matched(const std::vector<ClusterNode>& nodes,
                                 const std::vector<Pod>& agents) {
  std::vector<std::string> all;
  for (const FleetNode& one : match_agents(nodes, agents)) all.push_back(asked(one));
  return all;
}

TEST(MatchAgents, EveryNodeHasItsAgentAndItsPort) {
  const auto fleet = match_agents({node("b"), node("a")}, {agent("b", "agent-b"), agent("a", "x")});
  EXPECT_THAT(matched({node("b"), node("a")}, {agent("b", "agent-b"), agent("a", "x")}),
              ElementsAre("a x", "b agent-b"));
  EXPECT_EQ(fleet.front().agent->port, 20100);
}

TEST(MatchAgents, ANodeWithoutOneIsNamed) {
  EXPECT_THAT(
      matched({node("a"), node("b")}, {agent("a", "x"), agent("c", "z", "Pending")}),
      ElementsAre("a x", "b no agent runs there", "c its agent hostnet-agent/z is Pending"));
}

TEST(MatchAgents, OfTwoAgentsOfANodeTheOneThatStaysIsAsked) {
  Pod going = agent("a", "going");
  going.deleted_at = WallTime{};
  EXPECT_THAT(matched({node("a")}, {going, agent("a", "new")}), ElementsAre("a new"));
  EXPECT_THAT(matched({node("a")}, {agent("a", "new", "Pending"), going}), ElementsAre("a going"));
  Pod starting = agent("a", "a-first-by-name");
  starting.containers.front().ready = false;
  EXPECT_THAT(matched({node("a")}, {starting, agent("a", "ready")}), ElementsAre("a ready"));
}

TEST(MatchAgents, NodesThatTheDaemonSetLeavesOutAreNotMissed) {
  EXPECT_THAT(matched({node("win", {{"kubernetes.io/os", "windows"}}),
                       node("fargate", {{"eks.amazonaws.com/compute-type", "fargate"}}),
                       node("virtual", {{"type", "virtual-kubelet"}}),
                       node("linux", {{"kubernetes.io/os", "linux"}})},
                      {agent("linux", "x")}),
              ElementsAre("linux x"));
}

TEST(NamespaceOfAgents, TheUsualOneIsPreferredAndAmongOthersNoneIsGuessed) {
  Pod other = agent("b", "fake");
  other.namespace_ = "tenant";
  Pod third = other;
  third.namespace_ = "monitoring";
  EXPECT_EQ(namespace_of_agents({agent("a", "x"), other}), "hostnet-agent");
  EXPECT_EQ(namespace_of_agents({other}), "tenant");
  EXPECT_EQ(namespace_of_agents({other, third}), std::nullopt);
}

}  // namespace
}  // namespace hostnet
