#include "agent/watch/pod_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/watch/scan.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

std::vector<Address> node_with(const std::vector<std::string>& ips) {
  std::vector<Address> addresses;
  for (const std::string& text : ips) {
    Address address;
    address.ip = parse_ip(text).value();
    addresses.push_back(address);
  }
  return addresses;
}

Pod running(const std::string& name, std::vector<std::string> host_ips,
            std::vector<std::string> pod_ips = {}) {
  Pod pod;
  pod.namespace_ = "default";
  pod.name = name;
  pod.phase = "Running";
  pod.host_ips = std::move(host_ips);
  pod.pod_ips = std::move(pod_ips);
  return pod;
}

Pod on_the_nodes_network(Pod pod) {
  pod.host_network = true;
  return pod;
}

const std::vector<std::string> kNode{"127.0.0.1", "10.0.0.1", "fd00::1"};

TEST(PodsOfAnotherNode, AreToldByTheirNodesAddresses) {
  const std::vector pods{running("web", {"10.0.0.9"}), running("db", {"10.0.0.9"})};
  const auto problem = pods_of_another_node(pods, node_with(kNode));
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code, "pods_of_another_node");
  EXPECT_THAT(problem->message, HasSubstr("(10.0.0.9 of default/web)"));
  EXPECT_THAT(problem->remedy, HasSubstr("--pods.node-name"));
}

TEST(PodsOfAnotherNode, AreNoneAsSoonAsOnePodIsOfThisNode) {
  const std::vector mixed{running("old", {"10.0.0.9"}), running("web", {"10.0.0.1"})};
  EXPECT_FALSE(pods_of_another_node(mixed, node_with(kNode)));
  // The second of a dual-stack node's addresses; an IPv4 address written as IPv6.
  for (const char* ip : {"fd00::1", "::ffff:10.0.0.1"}) {
    const std::vector dual{running("web", {"10.0.0.9", ip})};
    EXPECT_FALSE(pods_of_another_node(dual, node_with(kNode))) << ip;
  }
}

TEST(PodsOfAnotherNode, AreKnownByAPodOnTheNodesNetworkToo) {
  const Pod pod = on_the_nodes_network(running("proxy", {}, {"10.0.0.9"}));
  EXPECT_TRUE(pods_of_another_node({&pod, 1}, node_with(kNode)));
  const Pod own_network = running("web", {}, {"10.244.0.7"});
  EXPECT_FALSE(pods_of_another_node({&own_network, 1}, node_with(kNode)));
}

TEST(PodsOfAnotherNode, AreNotSaidOfPodsThatTellNothing) {
  Pod pending = running("pending", {"10.0.0.9"});
  pending.phase = "Pending";
  Pod leaving = running("leaving", {"10.0.0.9"});
  leaving.deleted_at = WallTime{};
  Pod over = running("over", {"10.0.0.9"});
  over.phase = "Succeeded";
  const std::vector pods{pending, leaving, over, running("new", {}), running("odd", {"nonsense"})};
  EXPECT_FALSE(pods_of_another_node(pods, node_with(kNode)));
  EXPECT_FALSE(pods_of_another_node({}, node_with(kNode)));
  // The node's own could not be read.
  const Pod elsewhere = running("web", {"10.0.0.9"});
  EXPECT_FALSE(pods_of_another_node({&elsewhere, 1}, {}));
}

TEST(PodsWithFormerAddresses, AreOnesOfThisNodeWhosePodAddressItHasNoMore) {
  const std::vector pods{on_the_nodes_network(running("proxy", {"10.0.0.1"}, {"10.0.0.9"})),
                         on_the_nodes_network(running("late", {"10.0.0.1"}, {"10.0.0.1"})),
                         on_the_nodes_network(running("cni", {"10.0.0.1"}, {"10.0.0.9"}))};
  EXPECT_FALSE(pods_of_another_node(pods, node_with(kNode)));
  const auto problem = pods_with_former_addresses(pods, node_with(kNode));
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code, "pods_with_former_addresses");
  EXPECT_EQ(problem->message,
            "default/proxy and 1 more are on the node's own network, but 10.0.0.9 is none of this "
            "node's addresses any more: Services and clients are sent there");
}

TEST(PodsWithFormerAddresses, AreNoneOnANetworkOfTheirOwnWithoutAnAddressOrWithOneOfTwo) {
  Pod leaving = on_the_nodes_network(running("leaving", {"10.0.0.1"}, {"10.0.0.9"}));
  leaving.deleted_at = WallTime{};
  const std::vector pods{
      running("web", {"10.0.0.1"}, {"10.244.0.7"}),
      on_the_nodes_network(running("new", {"10.0.0.1"})),
      on_the_nodes_network(running("dual", {"10.0.0.1"}, {"10.0.0.9", "fd00::1"})),
      on_the_nodes_network(running("other", {"10.0.0.9"}, {"10.0.0.9"})), leaving};
  EXPECT_FALSE(pods_with_former_addresses(pods, node_with(kNode)));
}

std::vector<std::string> codes(const Report& report) {
  std::vector<std::string> codes;
  for (const Problem& problem : report.problems) codes.push_back(problem.code);
  return codes;
}

// What a report makes of them, by how far the pods and the agent's own place are known.
struct Case {
  std::optional<bool> host_network_namespace{true};
  bool synced{true}, stale{};
};
Report report_of(Pod pod, Case known) {
  auto pods = std::make_shared<PodSnapshot>();
  pods->source = "apiserver";
  pods->synced = known.synced;
  pods->stale = known.stale;
  pods->pods = {std::move(pod)};
  PortSnapshot table;
  table.addresses = node_with(kNode);
  const NodeContext node_context{.node = std::make_shared<const Node>(NodeBuilder().build()),
                                 .node_name = "n1",
                                 .problems = {},
                                 .limits = {},
                                 .host_network_namespace = known.host_network_namespace};
  return make_report(node_context, std::make_shared<const PortSnapshot>(std::move(table)), pods,
                     {});
}

TEST(PodAddresses, ThatAreNotTheNodesAreSaidOfACompleteReport) {
  const Report another = report_of(running("web", {"10.0.0.9"}), {});
  EXPECT_THAT(codes(another), testing::ElementsAre("pods_of_another_node"));
  EXPECT_TRUE(another.complete);
  const Report former =
      report_of(on_the_nodes_network(running("web", {"10.0.0.1"}, {"10.0.0.9"})), {});
  EXPECT_THAT(codes(former), testing::ElementsAre("pods_with_former_addresses"));
  EXPECT_TRUE(former.complete);
}

TEST(PodAddresses, AreLeftAloneWhilePodsOrTheAgentsPlaceAreNotKnown) {
  const Pod pod = running("web", {"10.0.0.9"});
  for (const Case& known : {Case{.host_network_namespace = std::nullopt},
                            Case{.host_network_namespace = false}, Case{.stale = true}}) {
    EXPECT_THAT(codes(report_of(pod, known)),
                testing::Not(testing::Contains("pods_of_another_node")));
  }
}

}  // namespace
}  // namespace hostnet
