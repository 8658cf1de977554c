#include "agent/config/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace hostnet {
namespace {

TEST(DefaultPolicy, ReservesThePortsOfTheContractEachWithAReason) {
  const auto policy = default_policy();
  std::set<PortRange> covered;
  for (const auto& reserved : policy.reserved_ports) {
    covered.insert(reserved.ports);
    EXPECT_FALSE(reserved.reason.empty()) << reserved.ports.first;
  }
  const auto is_reserved = [&covered](unsigned port) {
    for (const auto& range : covered) {
      if (range.contains(port)) return true;
    }
    return false;
  };
  for (const unsigned port : {6443U, 2379U, 2380U, 10248U, 10249U, 10250U, 10255U, 10256U, 10257U,
                              10259U, 9099U, 9890U, 22U, 53U, 80U, 443U}) {
    EXPECT_TRUE(is_reserved(port)) << port;
  }
  for (const unsigned port : {10251U, 10254U, 10258U, 10260U, 8080U, 20000U, 2381U}) {
    EXPECT_FALSE(is_reserved(port)) << port;
  }
}

TEST(DefaultPolicy, KnowsTheNodesOwnComponentsAndTheNodePortRange) {
  const auto policy = default_policy();
  for (const char* name : {"kubelet", "containerd", "crio", "dockerd", "k3s", "k3s-*", "rke2-*",
                           "k0scontroller", "snap.microk8s.*", "kube-proxy", "etcd", "kine"}) {
    EXPECT_THAT(policy.node_components, testing::Contains(name));
  }
  EXPECT_EQ(policy.node_port_range, (PortRange{30000, 32767}));
  EXPECT_TRUE(policy.ignore.empty());
  EXPECT_TRUE(policy.grace.empty());
}

}  // namespace
}  // namespace hostnet
