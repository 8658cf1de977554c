#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pods/pod.h"

namespace hostnet {
namespace {

using testing::SizeIs;

Pod record(std::string source, std::string name, std::string uid = "", std::string hash = "") {
  Pod pod;
  pod.namespace_ = "kube-system";
  pod.name = std::move(name);
  pod.uid = std::move(uid);
  pod.config_hash = std::move(hash);
  pod.source = std::move(source);
  return pod;
}

Pod template_of(std::string kind, std::string name) {
  Pod pod = record("manifests", name);
  pod.workload = kind + "/" + name;
  return pod;
}

TEST(MergePods, AStaticPodAndItsMirrorAreOneByConfigHash) {
  const auto merged =
      merge_pods({record("kubelet", "etcd-n1", "36b6d6be73b1065af369b3985edafa09"),
                  record("apiserver", "etcd-n1", "1111-2222", "36b6d6be73b1065af369b3985edafa09")},
                 "n1");
  ASSERT_THAT(merged, SizeIs(1));
  EXPECT_EQ(merged[0].config_hash, "36b6d6be73b1065af369b3985edafa09");
}

TEST(MergePods, AManifestJoinsItsMirrorDespiteTheNodeSuffixAndTheLiveRecordWins) {
  Pod manifest = record("manifests", "etcd");
  manifest.containers.push_back({.name = "etcd", .ports = {{.container_port = 2379}}});
  manifest.dns_policy = "Default";
  Pod mirror = record("apiserver", "etcd-n1", "1111-2222", "abc");
  mirror.phase = "Running";
  for (const bool manifest_first : {true, false}) {
    const auto merged = manifest_first ? merge_pods({manifest, mirror}, "n1")
                                       : merge_pods({mirror, manifest}, "n1");
    ASSERT_THAT(merged, SizeIs(1));
    EXPECT_EQ(merged[0].source, "apiserver");
    EXPECT_EQ(merged[0].name, "etcd-n1");
    EXPECT_EQ(merged[0].phase, "Running");
    EXPECT_EQ(merged[0].dns_policy, "Default");
    ASSERT_THAT(merged[0].containers, SizeIs(1));
  }
}

TEST(MergePods, AnotherNodesSuffixIsAnotherPod) {
  EXPECT_THAT(merge_pods({record("manifests", "etcd"), record("apiserver", "etcd-n2", "1")}, "n1"),
              SizeIs(2));
}

TEST(MergePods, TwoPodsOfOneNameAndDifferentUidsStayTwo) {
  EXPECT_THAT(
      merge_pods({record("apiserver", "db-0", "1"), record("apiserver", "db-0", "2")}, "n1"),
      SizeIs(2));
}

TEST(MergePods, AStaticPodBeforeAndAfterAnEditStaysTwo) {
  EXPECT_THAT(merge_pods({record("apiserver", "etcd-n1", "1", "aaa"),
                          record("kubelet", "etcd-n1", "bbb", "bbb")},
                         "n1"),
              SizeIs(2));
}

TEST(MergePods, ATemplateJoinsTheRunningPodOfItsWorkload) {
  Pod running = record("apiserver", "web-7d4b9c6f5-x2k4z", "1");
  running.workload = "Deployment/web";
  Pod other = record("apiserver", "web-7d4b9c6f5-zzzzz", "2");
  other.workload = "Deployment/web";
  const auto merged = merge_pods({template_of("Deployment", "web"), running, other}, "n1");
  ASSERT_THAT(merged, SizeIs(2));
  EXPECT_EQ(merged[0].uid, "1");
  EXPECT_EQ(merged[1].uid, "2");
}

TEST(MergePods, WorkloadsOfOneNameAndDifferentKindsAndAPodSoNamedAreThree) {
  EXPECT_THAT(merge_pods({template_of("Deployment", "web"), template_of("DaemonSet", "web"),
                          record("manifests", "web")},
                         "n1"),
              SizeIs(3));
}

TEST(MergePods, OneManifestInTwoFilesIsOne) {
  EXPECT_THAT(merge_pods({template_of("DaemonSet", "web"), template_of("DaemonSet", "web"),
                          record("manifests", "a"), record("manifests", "a")},
                         ""),
              SizeIs(2));
}

TEST(MergePods, NamespacesAreApart) {
  Pod elsewhere = record("manifests", "etcd");
  elsewhere.namespace_ = "default";
  EXPECT_THAT(merge_pods({record("manifests", "etcd"), elsewhere}, ""), SizeIs(2));
}

}  // namespace
}  // namespace hostnet
