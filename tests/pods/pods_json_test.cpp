#include "agent/pods/pods_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pods/manifest.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<Pod> without_origin(std::vector<Pod> pods) {
  for (Pod& pod : pods) pod.source = pod.origin = "";
  return pods;
}

WallTime at(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

TEST(PodsJson, IsReadBackToEqualPods) {
  Pod web;
  web.namespace_ = "prod";
  web.name = "web-7d4b9c6f5-x2k4z";
  web.uid = "u-1";
  web.workload = "Deployment/web";
  web.node_name = "n1";
  web.host_network = true;
  web.dns_policy = "ClusterFirstWithHostNet";
  web.phase = "Running";
  web.pod_ips = {"10.0.0.1", "fd00::1"};
  web.host_ips = {"10.0.0.1", "fd00::1"};
  web.deleted_at = at(1'763'755'200'123);
  web.grace_seconds = 30;
  web.containers = {
      {.name = "setup", .type = ContainerType::init, .state = "terminated", .reason = "Completed"},
      {.name = "proxy",
       .type = ContainerType::sidecar,
       .ports = {{.name = "dns",
                  .protocol = Protocol::udp,
                  .container_port = 53,
                  .host_port = 53,
                  .host_ip = "10.0.0.1"}}},
      {.name = "web",
       .ports = {{.container_port = 8080}, {.protocol = Protocol::sctp, .container_port = 9}},
       .id = std::string(64, 'a'),
       .state = "running",
       .restarts = 2,
       .ready = true,
       .ready_since = at(1'763'755'000'000)},
      {.name = "debug", .type = ContainerType::ephemeral},
  };
  Pod mirror;
  mirror.namespace_ = "kube-system";
  mirror.name = "etcd-n1";
  mirror.uid = "u-2";
  mirror.config_hash = "36b6d6be73b1065af369b3985edafa09";
  mirror.workload = "Node/etcd";
  mirror.node_name = "n1";
  mirror.containers = {{.name = "etcd",
                        .state = "waiting",
                        .reason = "CrashLoopBackOff",
                        .restarts = 0,
                        .ready = false}};
  Pod refused;
  refused.namespace_ = "default";
  refused.name = "r";
  refused.phase = "Failed";
  refused.status_reason = "NodePorts";
  refused.finished_at = at(1'763'755'300'000);
  refused.containers = {{.name = "c"}};
  const std::vector<Pod> pods{web, mirror, refused};

  const auto result = read_manifests(redacted_pods_json(pods), "pods.json");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(without_origin(result.pods()), pods);
}

TEST(PodsJson, KeepsNoSecretOfWhatWasRead) {
  const auto read = read_manifests(
      "kind: Pod\nmetadata: {name: a, annotations: {token: hunter2}}\nspec:\n  containers:\n"
      "  - {name: c, image: hunter2, command: [hunter2], env: [{name: P, value: hunter2}]}\n",
      "a.yaml");
  ASSERT_THAT(read.pods(), SizeIs(1));
  EXPECT_THAT(redacted_pods_json(read.pods()), Not(HasSubstr("hunter2")));
}

TEST(PodsJson, NoPodsAreAnEmptyList) {
  const auto result = read_manifests(redacted_pods_json({}), "pods.json");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(result.pods(), IsEmpty());
}

}  // namespace
}  // namespace hostnet
