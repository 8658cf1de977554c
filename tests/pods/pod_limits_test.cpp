#include "agent/pods/pod_limits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "agent/pods/read_pod.h"

namespace hostnet {
namespace {

// A pod as an API server has it, with that many ports; `more` is in each.
std::string pod_with_ports(int ports, const std::string& more, const std::string& spec = "") {
  std::string text = R"({"metadata":{"name":"many","namespace":"d","uid":"u"},"spec":{)" + spec +
                     R"("containers":[{"name":"c","image":"x","ports":[)";
  for (int i = 1; i <= ports; ++i) {
    text += fmt::format(R"({}{{"containerPort":{},"protocol":"TCP"{}}})", i == 1 ? "" : ",", i,
                        more.empty() ? "" : fmt::format(R"(,"{}":{})", more, i));
  }
  return text + "]}]}}";
}

// AddressSanitizer's quarantine counts what was given back.
#ifdef __clang__
constexpr bool kKeepsWhatIsFreed = __has_feature(address_sanitizer);
#else
constexpr bool kKeepsWhatIsFreed = false;
#endif

long peak_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(PodLimits, PortsThatDeclareNothingAreNotKept) {
  const auto pod = read_pod_json(pod_with_ports(3, ""));
  ASSERT_TRUE(pod);
  EXPECT_EQ(kept_ports(*pod), 0U);
  EXPECT_EQ(pod->ports_cut, 0U);
  EXPECT_EQ(kept_ports(*read_pod_json(pod_with_ports(3, "", R"("hostNetwork":true,)"))), 3U);
  EXPECT_EQ(kept_ports(*read_pod_json(pod_with_ports(3, "hostPort"))), 3U);
}

TEST(PodLimits, SeventyThousandPortsCostNoMoreThanTheirText) {
  const std::string text = pod_with_ports(70'000, "");
  const long before = peak_kib();
  for (int i = 0; i < 20; ++i) {
    const auto pod = read_pod_json(text);
    ASSERT_TRUE(pod);
    EXPECT_EQ(kept_ports(*pod), 0U);
    EXPECT_EQ(pod->ports_cut, 0U) << "nothing is declared by them";
  }
  if (!kKeepsWhatIsFreed) {
    EXPECT_LT(peak_kib() - before, 8 * 1024);
  }
}

TEST(PodLimits, AHostPortAfterThousandsOfOthersCounts) {
  std::string text = pod_with_ports(5000, "");
  text.insert(text.rfind(']', text.rfind(']') - 1), R"(,{"containerPort":80,"hostPort":8080})");
  const auto pod = read_pod_json(text);
  ASSERT_TRUE(pod);
  ASSERT_EQ(declared_ports(*pod).size(), 1U);
  EXPECT_EQ(declared_ports(*pod)[0].port, 8080);
}

TEST(PodLimits, HostPortsBeyondTheLimitAreCountedAsCut) {
  const auto pod = read_pod_json(pod_with_ports(5000, "hostPort"));
  ASSERT_TRUE(pod);
  EXPECT_EQ(kept_ports(*pod), kMostPortsOfAPod);
  EXPECT_EQ(pod->ports_cut, 4000U);
  const auto network = read_pod_json(pod_with_ports(5000, "", R"("hostNetwork":true,)"));
  ASSERT_TRUE(network);
  EXPECT_EQ(network->ports_cut, 4000U);
}

TEST(PodLimits, LongTextsContainersAndForeignFieldsAreCut) {
  std::string containers;
  for (int i = 0; i < 5000; ++i) {
    containers += fmt::format(R"({{"name":"c{}","env":[{{"name":"A","value":"{}"}}]}},)", i,
                              std::string(100, 'x'));
  }
  const auto pod = read_pod_json(
      R"({"metadata":{"name":"a","labels":{"pod-template-hash":"1","x":"y"},"annotations":{)"
      R"("kubernetes.io/config.hash":")" +
      std::string(10'000, 'h') + R"("},"managedFields":[{"manager":"m"}]},"spec":{"containers":[)" +
      containers + R"({"name":"last","ports":[{"containerPort":1,"hostPort":1}]}]}})");
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_EQ(pod->config_hash.size(), kLongestPodText);
  EXPECT_EQ(pod->containers.size(), kMostContainersOfAPod + 1);
  EXPECT_EQ(declared_ports(*pod).size(), 1U);
  EXPECT_EQ(pod->ports_cut, 0U);
}

TEST(PodLimits, AllPodsTogetherHaveABudget) {
  PortBudget budget;
  const Pod full = *read_pod_json(pod_with_ports(1000, "hostPort"));
  for (std::size_t i = 0; i < kMostPortsOfANode / 1000; ++i) {
    Pod pod = full;
    budget.take(pod);
    EXPECT_EQ(pod.ports_cut, 0U);
  }
  Pod beyond = full;
  budget.take(beyond);
  EXPECT_EQ(beyond.ports_cut, 1000U);
  EXPECT_EQ(kept_ports(beyond), 0U);
  budget.give_back(full);
  Pod again = full;
  budget.take(again);
  EXPECT_EQ(again.ports_cut, 0U);
}

TEST(PodLimits, PortsOfPodsWithLongNamesCountForMore) {
  PortBudget budget;
  Pod pod = *read_pod_json(pod_with_ports(1000, "hostPort"));
  pod.name = pod.workload = std::string(253, 'n');
  const Pod full = pod;
  budget.take(pod);
  EXPECT_EQ(pod.ports_cut, 1000U);
  Pod fewer = full;
  fewer.containers[0].ports.resize(500);
  const Pod taken = fewer;
  budget.take(fewer);
  EXPECT_EQ(fewer.ports_cut, 0U);
  Pod other = taken;
  budget.take(other);
  EXPECT_EQ(other.ports_cut, 500U);
  budget.give_back(fewer);
  other = taken;
  budget.take(other);
  EXPECT_EQ(other.ports_cut, 0U);
}

TEST(PodLimits, TwoThousandPortsOfOrdinaryPodsAreRead) {
  PortBudget budget;
  Pod pod = *read_pod_json(pod_with_ports(10, "hostPort"));
  pod.namespace_ = "ingress-nginx";
  pod.name = "ingress-nginx-controller-7d8f9b6c5d-x7k2p";
  pod.uid = "6f1c9b1e-2a7d-4f0b-9a55-0c3d8e7f1a2b";
  pod.workload = "Deployment/ingress-nginx-controller";
  pod.phase = "Running";
  pod.dns_policy = "ClusterFirstWithHostNet";
  pod.containers[0].name = "controller";
  pod.containers[0].state = "running";
  for (std::size_t i = 0; i < 200; ++i) {
    Pod one = pod;
    budget.take(one);
    ASSERT_EQ(one.ports_cut, 0U) << i;
  }
}

TEST(PodLimits, TextsOfKeptPodsAreAsLongAsKubernetesAllows) {
  Pod pod;
  pod.namespace_ = pod.name = std::string(10'000, 'n');
  pod.pod_ips.resize(1'000);
  pod.containers.resize(1);
  pod.containers[0].name = pod.name;
  PortBudget budget;
  budget.take(pod);
  EXPECT_EQ(pod.namespace_.size(), 63U);
  EXPECT_EQ(pod.name.size(), 253U);
  EXPECT_EQ(pod.pod_ips.size(), 8U);
  EXPECT_EQ(pod.containers[0].name.size(), 63U);
}

TEST(PodLimits, AllPodsTogetherHaveABudgetOfContainers) {
  PortBudget budget;
  Pod full, late;
  full.containers.resize(kMostContainersOfANode);
  late.containers.resize(1);
  budget.take(full);
  budget.take(late);
  EXPECT_TRUE(late.containers.empty());
  budget.give_back(full);
  late.containers.resize(1);
  budget.take(late);
  EXPECT_EQ(late.containers.size(), 1U);
}

}  // namespace
}  // namespace hostnet
