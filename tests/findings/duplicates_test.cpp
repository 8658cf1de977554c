#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Pod declaring(const std::string& name, const std::string& host_ip = "") {
  Pod pod = cni_pod(name, "uid-" + name);
  return with_port(pod, 8080, Protocol::tcp, host_ip);
}

Pod refused(const std::string& name, std::chrono::milliseconds ago) {
  Pod pod = declaring(name);
  pod.phase = "Failed";
  pod.status_reason = "NodePorts";
  pod.finished_at = kNow - ago;
  return pod;
}

TEST(DuplicateDeclaration, EachDeclaringContainerHasAWarningThatListsBothPods) {
  Scene scene;
  scene.add(declaring("a")).add(declaring("b"));
  const auto found = scene.of(Verdict::duplicate_declaration);
  ASSERT_THAT(found, SizeIs(2));
  for (const Finding& finding : found) {
    EXPECT_EQ(finding.severity, Severity::warning);
    EXPECT_THAT(finding.declared_by, SizeIs(2));
  }
  EXPECT_NE(found[0].declared_by[0].pod, found[1].declared_by[0].pod) << "its own comes first";
  EXPECT_THAT(found[0].explanation, HasSubstr("both declare 8080/tcp"));
}

TEST(DuplicateDeclaration, ManyDeclarationsOfAPortAreNotAllListedInEach) {
  Scene scene;
  for (int i = 0; i < 500; ++i) scene.add(declaring(std::to_string(i)));
  const auto found = scene.of(Verdict::duplicate_declaration);
  ASSERT_THAT(found, SizeIs(500));
  std::size_t listed = 0;
  for (const Finding& finding : found) listed += finding.declared_by.size();
  EXPECT_EQ(listed, 3'000U);
  EXPECT_THAT(found[0].explanation, HasSubstr("and 498 more both declare 8080/tcp"));
}

TEST(DuplicateDeclaration, DeclarationsAreAllListedWhereOtherPortsAreMany) {
  Scene scene;
  for (const std::string name : {"a", "b", "c"}) scene.add(declaring(name));
  for (int i = 0; i < 1'600; ++i) {
    Pod pod = host_pod("p" + std::to_string(i), "uid-" + std::to_string(i));
    scene.add(with_port(pod, static_cast<std::uint16_t>(10'000 + i)));
  }
  const auto found = scene.of(Verdict::duplicate_declaration);
  ASSERT_THAT(found, SizeIs(3));
  for (const Finding& finding : found) EXPECT_THAT(finding.declared_by, SizeIs(3));
}

TEST(DuplicateDeclaration, HoldersOfAPortThatManyDeclareAreNotAllListedInEach) {
  Scene scene;
  for (int i = 0; i < 500; ++i) {
    Pod pod = host_pod("p" + std::to_string(i), "uid-" + std::to_string(i));
    scene.add(with_port(pod, 8080));
  }
  for (int pid = 1; pid <= 100; ++pid) {
    scene.hold(listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", pid)));
  }
  std::size_t listed = 0;
  const auto found = scene.of(Verdict::duplicate_declaration);
  for (const Finding& finding : found) {
    listed += finding.held_by.size();
    const std::size_t left_out = 100 - finding.held_by.size();
    EXPECT_THAT(finding.explanation,
                testing::EndsWith(left_out == 0 ? "give only once."
                                                : " " + std::to_string(left_out) +
                                                      " more holders of the port are not listed."));
  }
  EXPECT_EQ(listed, 250U + (500 * 2));
}

TEST(DuplicateDeclaration, ComesBeforeEveryHolder) {
  Pod one = host_pod("a", "uid-a");
  Pod two = host_pod("b", "uid-b");
  Scene scene;
  scene.add(with_port(one, 8080)).add(with_port(two, 8080));
  scene.hold(listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", 8)));
  const auto conflicts = scene.conflicts();
  ASSERT_THAT(conflicts, SizeIs(2));
  EXPECT_EQ(conflicts[0].verdict, Verdict::duplicate_declaration);
  EXPECT_EQ(conflicts[1].verdict, Verdict::duplicate_declaration);
  EXPECT_THAT(conflicts[0].held_by, SizeIs(1));
}

TEST(DuplicateDeclaration, TheOneThatListensIsSatisfiedAndTheOtherIsTold) {
  Pod one = host_pod("a", "uid-a");
  Pod two = host_pod("b", "uid-b");
  Scene scene;
  scene.add(with_port(one, 8080)).add(with_port(two, 8080));
  scene.hold(listener("0.0.0.0", 8080, pod_owner("uid-a", "app", 8)));
  const auto conflicts = scene.conflicts();
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_EQ(conflicts[0].declared_by[0].pod, "b");
  EXPECT_EQ(conflicts[0].held_by[0].pod, "a");
}

TEST(DuplicateDeclaration, HostIpsAreComparedAsTheSchedulerDoes) {
  Scene apart;
  apart.add(declaring("a", "127.0.0.1")).add(declaring("b", "10.0.0.1"));
  EXPECT_THAT(apart.conflict_names(), IsEmpty());
  Scene blind;
  blind.add(declaring("a", "::")).add(declaring("b", "fd00::1"));
  EXPECT_THAT(blind.of(Verdict::duplicate_declaration), IsEmpty());
  Scene met;
  met.add(declaring("a", "0.0.0.0")).add(declaring("b", "10.0.0.1"));
  EXPECT_THAT(met.of(Verdict::duplicate_declaration), SizeIs(2));
}

TEST(DuplicateDeclaration, ATerminalPodHoldsNothing) {
  Pod done = declaring("a");
  done.phase = "Succeeded";
  Scene scene;
  scene.add(done).add(declaring("b"));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(DuplicateDeclaration, ContainersOfOnePodAreNoDuplicates) {
  Pod pod = declaring("a", "10.0.0.1");
  Container second = pod.containers.front();
  second.name = "proxy";
  second.ports.front().host_ip = "";
  pod.containers.push_back(second);
  Scene scene;
  scene.add(pod);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(DuplicateDeclaration, APodRefusedByKubeletCountsForTenMinutes) {
  Scene scene;
  scene.add(declaring("static")).add(refused("late", 9min));
  const auto found = scene.of(Verdict::duplicate_declaration);
  ASSERT_THAT(found, SizeIs(2));
  for (const Finding& one : found) {
    EXPECT_THAT(one.explanation, HasSubstr("kubelet refused default/late (NodePorts)"));
  }
  scene.pods.pods[1] = refused("late", 10min);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.pods.pods[1].finished_at.reset();
  EXPECT_THAT(scene.conflict_names(), IsEmpty()) << "nobody knows when";
}

TEST(DuplicateDeclaration, ARefusedPodIsOnlyEvidenceAndNeverBlockedItself) {
  Scene scene;
  scene.add(refused("late", 1min));
  scene.hold(listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", 8)));
  EXPECT_THAT(scene.findings(), IsEmpty());
}

TEST(DuplicateDeclaration, OfAHundredRefusedPodsOfAWorkloadTheLastOneSpeaks) {
  Scene scene;
  scene.add(declaring("static"));
  for (int number = 0; number < 100; ++number) {
    Pod pod = refused("web-" + std::to_string(number), 1min + std::chrono::seconds(number));
    scene.add(of_workload(pod, "DaemonSet/web"));
  }
  const auto found = scene.of(Verdict::duplicate_declaration);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].declared_by.size(), 2U);
}

TEST(DuplicateDeclaration, ARollingUpdateIsNone) {
  Pod old = declaring("web-0");
  of_workload(old, "DaemonSet/web");
  old.deleted_at = kNow + 10s;
  Pod young = declaring("web-1");
  of_workload(young, "DaemonSet/web");
  Scene scene;
  scene.add(old).add(young);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(DuplicateDeclaration, ThePodThatCameAfterARefusedOneOfItsWorkloadIsNone) {
  Pod early = refused("web-0", 2min);
  of_workload(early, "DaemonSet/web");
  Pod young = declaring("web-1");
  of_workload(young, "DaemonSet/web");
  Scene scene;
  scene.add(early).add(young);
  EXPECT_THAT(scene.conflict_names(), IsEmpty()) << "it is only starting";
  ready_since(scene.pods.pods[1], 1min);
  EXPECT_THAT(scene.conflict_names(), IsEmpty()) << "it became ready afterwards";
  ready_since(scene.pods.pods[1], 10min);
  EXPECT_THAT(scene.conflict_names(), SizeIs(2)) << "it was there before: the reason";
}

}  // namespace
}  // namespace hostnet
