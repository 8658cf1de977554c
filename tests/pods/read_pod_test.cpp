#include "agent/pods/read_pod.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "netlink/base/times.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

WallTime at(std::string_view text) {
  return parse_rfc3339(text).value();
}

Pod read_json(std::string_view text) {
  auto pod = read_pod_json(text);
  EXPECT_TRUE(pod.has_value());
  return pod.value_or(Pod{});
}

std::string workload_for(std::string_view metadata, std::string_view node = "n1") {
  return read_json(R"({"metadata":)" + std::string(metadata) + R"(,"spec":{"nodeName":")" +
                   std::string(node) + R"("}})")
      .workload;
}

TEST(ReadPod, StatusSaysWhatTheContainersDo) {
  const Pod pod = read_json(R"({"metadata":{"name":"web-1","namespace":"d","uid":"u-1",
    "deletionTimestamp":"2026-11-21T20:00:00Z","deletionGracePeriodSeconds":30,
    "annotations":{"kubernetes.io/config.hash":"abc","other":"x"}},
    "spec":{"nodeName":"n1","hostNetwork":true,"dnsPolicy":"ClusterFirst",
      "containers":[{"name":"web","env":[{"name":"SECRET","value":"s"}]},{"name":"log"}]},
    "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
      "hostIP":"10.0.0.2",
      "conditions":[{"type":"ContainersReady","status":"True",
                     "lastTransitionTime":"2026-11-21T10:00:05Z"}],
      "containerStatuses":[
       {"name":"web","ready":true,"restartCount":2,"containerID":"containerd://0123",
        "state":{"running":{"startedAt":"2026-11-21T10:00:00Z"}}},
       {"name":"log","ready":false,"restartCount":4,
        "state":{"waiting":{"reason":"CrashLoopBackOff","message":"..."}}}]}})");
  EXPECT_EQ(pod.uid, "u-1");
  EXPECT_EQ(pod.config_hash, "abc");
  EXPECT_EQ(pod.node_name, "n1");
  EXPECT_EQ(pod.deleted_at, at("2026-11-21T20:00:00Z"));
  EXPECT_EQ(pod.grace_seconds, 30);
  EXPECT_THAT(pod.pod_ips, ElementsAre("10.0.0.1", "fd00::1"));
  EXPECT_THAT(pod.host_ips, ElementsAre("10.0.0.2"));
  ASSERT_THAT(pod.containers, SizeIs(2));
  EXPECT_EQ(pod.containers[0].id, "0123");
  EXPECT_EQ(pod.containers[0].state, "running");
  EXPECT_EQ(pod.containers[0].restarts, 2);
  EXPECT_EQ(pod.containers[0].ready, true);
  EXPECT_EQ(pod.containers[0].ready_since, at("2026-11-21T10:00:05Z"));
  EXPECT_EQ(pod.containers[1].state, "waiting");
  EXPECT_EQ(pod.containers[1].reason, "CrashLoopBackOff");
  EXPECT_EQ(pod.containers[1].ready, false);
  EXPECT_FALSE(pod.containers[1].ready_since.has_value());
}

TEST(ReadPod, APodThatTheKubeletRefusedFinishedWhenItStarted) {
  const Pod pod = read_json(R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]},
    "status":{"phase":"Failed","reason":"NodePorts","startTime":"2026-11-21T10:00:00Z"}})");
  EXPECT_TRUE(pod.terminal());
  EXPECT_EQ(pod.status_reason, "NodePorts");
  EXPECT_EQ(pod.finished_at, at("2026-11-21T10:00:00Z"));
}

TEST(ReadPod, TheWorkloadIsWhatAPersonWouldName) {
  const auto owned = [](std::string_view name, std::string_view kind, std::string_view owner) {
    return workload_for(R"({"name":")" + std::string(name) +
                        R"(","ownerReferences":[{"kind":"Other","name":"o"},{"kind":")" +
                        std::string(kind) + R"(","name":")" + std::string(owner) +
                        R"(","controller":true}]})");
  };
  EXPECT_EQ(owned("web-7d4b9c6f5-x2k4z", "ReplicaSet", "web-7d4b9c6f5"), "Deployment/web");
  EXPECT_EQ(owned("frontend-x2k4z", "ReplicaSet", "frontend"), "ReplicaSet/frontend");
  EXPECT_EQ(owned("front-end-x2k4z", "ReplicaSet", "front-end"), "ReplicaSet/front-end");
  EXPECT_EQ(owned("web-x2k4z", "DaemonSet", "web"), "DaemonSet/web");
  EXPECT_EQ(owned("b-29384756-x", "Job", "b-29384756"), "CronJob/b");
  EXPECT_EQ(owned("b-x", "Job", "b"), "Job/b");
  EXPECT_EQ(owned("etcd-n1", "Node", "n1"), "Node/etcd");
  EXPECT_EQ(workload_for(R"({"name":"x"})"), "");
  EXPECT_EQ(
      workload_for(R"({"name":"t-1108333573-11wbl","labels":{"pod-template-hash":"1108333573"},
      "ownerReferences":[{"kind":"ReplicaSet","name":"t-1108333573"}]})"),
      "Deployment/t");
}

// In-place resize, PodReadyToStartContainers, Multus, restart rules, user namespaces, claims.
TEST(ReadPod, WhatHasNothingToDoWithPortsChangesNothing) {
  const Pod before = read_json(R"({"metadata":{"name":"a","namespace":"d","uid":"u"},
    "spec":{"nodeName":"n1","hostNetwork":true,"containers":[{"name":"c","ports":[
      {"containerPort":8080,"hostPort":8080}]}]},
    "status":{"phase":"Running","containerStatuses":[{"name":"c","ready":true,"restartCount":0,
      "containerID":"containerd://01","state":{"running":{"startedAt":"2026-11-21T10:00:00Z"}}}]}})");
  const Pod after = read_json(R"({"metadata":{"name":"a","namespace":"d","uid":"u","generation":7,
    "annotations":{"k8s.v1.cni.cncf.io/networks":"sriov-a","k8s.v1.cni.cncf.io/network-status":
      "[{\"name\":\"sriov-a\",\"interface\":\"net1\",\"ips\":[\"192.168.1.5\"],\"dns\":{}}]"}},
    "spec":{"nodeName":"n1","hostNetwork":true,"hostUsers":false,"resources":{"limits":{"cpu":"2"}},
      "resourceClaims":[{"name":"nic","resourceClaimName":"nic-1"}],
      "containers":[{"name":"c","ports":[{"containerPort":8080,"hostPort":8080}],
        "resizePolicy":[{"resourceName":"cpu","restartPolicy":"NotRequired"}],
        "restartPolicy":"Never","restartPolicyRules":[{"action":"Restart","exitCodes":
          {"operator":"In","values":[42]}}]}]},
    "status":{"phase":"Running","observedGeneration":7,"resize":"InProgress","conditions":[
        {"type":"PodReadyToStartContainers","status":"False"},
        {"type":"PodResizePending","status":"True","reason":"Deferred"},
        {"type":"PodResizeInProgress","status":"True"}],
      "containerStatuses":[{"name":"c","ready":true,"restartCount":0,"containerID":"containerd://01",
        "allocatedResources":{"cpu":"1"},"resources":{"limits":{"cpu":"1"}},
        "state":{"running":{"startedAt":"2026-11-21T10:00:00Z"}}}]}})");
  EXPECT_EQ(before, after);
  EXPECT_THAT(declared_ports(after), SizeIs(1));
}

TEST(ReadPod, WhatIsNoObjectIsAnError) {
  for (const char* text : {"", "[]", "{", "1", "{}{}", "\xff"}) {
    const auto pod = read_pod_json(text);
    ASSERT_FALSE(pod.has_value()) << text;
    EXPECT_EQ(pod.error().reason, Reason::malformed);
  }
}

TEST(Rfc3339, TakesFractionsAndOffsetsAndNothingElse) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.5Z"), WallTime(milliseconds(1500)));
  EXPECT_EQ(parse_rfc3339("1970-01-01T02:00:00.123456789+02:00"), WallTime(milliseconds(123)));
  EXPECT_EQ(parse_rfc3339("1969-12-31T22:30:00-01:30"), WallTime(milliseconds(0)));
  for (const char* text :
       {"", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.Z", "1970-01-01T24:00:00Z", "1970-01-01T00:00:00Zx", "null"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace hostnet
