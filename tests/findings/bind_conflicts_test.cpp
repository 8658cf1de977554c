#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Pod web(std::uint16_t port = 8080, const std::string& host_ip = "") {
  Pod pod = host_pod("web-1", "uid-web");
  return with_port(pod, port, Protocol::tcp, host_ip);
}
Owner nginx() {
  return unit_owner("nginx.service", "nginx", 812);
}

TEST(BindConflict, AnUnmanagedProcessOnADeclaredPortIsCritical) {
  Scene scene;
  scene.add(web()).hold(listener("0.0.0.0", 8080, nginx()));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
  const Finding finding = scene.conflicts().front();
  EXPECT_EQ(finding.host_ip, "0.0.0.0");
  ASSERT_EQ(finding.declared_by.size(), 1U);
  EXPECT_EQ(finding.declared_by.front().pod, "web-1");
  ASSERT_EQ(finding.held_by.size(), 1U);
  EXPECT_EQ(finding.held_by.front().owner, nginx());
  EXPECT_EQ(finding.explanation,
            "default/web-1 (container main) cannot bind 8080/tcp: nginx.service (nginx, pid 812) "
            "listens on 0.0.0.0:8080.");
  EXPECT_EQ(finding.remedy, "systemctl stop nginx.service, or change the pod's port");
}

TEST(BindConflict, EveryKindOfHolderHasItsVerdict) {
  const std::vector<std::pair<Owner, std::string>> cases{
      {component_owner("kubelet", 7), "8080/tcp node_component critical"},
      {pod_owner("uid-other", "app", 8), "8080/tcp other_pod critical"},
      {container_owner("docker", std::string(64, 'b'), "app", 9),
       "8080/tcp unmanaged_container critical"},
      {nginx(), "8080/tcp unmanaged_process critical"},
      {kernel_owner(), "8080/tcp kernel_socket critical"},
      {unknown_owner(), "8080/tcp owner_unknown warning"}};
  for (const auto& [owner, expected] : cases) {
    Scene scene;
    scene.add(web()).hold(listener("0.0.0.0", 8080, owner));
    EXPECT_THAT(scene.conflict_names(), ElementsAre(expected));
  }
}

TEST(BindConflict, ASatisfiedDeclarationHasNone) {
  Scene scene;
  scene.add(web())
      .hold(listener("10.0.0.1", 8080, nginx()))
      .hold(listener("127.0.0.1", 8080, pod_owner("uid-web", "app", 9)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(BindConflict, AnUnconnectedUdpSocketOfThePodSatisfiesItsUdpPortOnly) {
  Pod pod = host_pod("dns", "uid-dns");
  with_port(pod, 53, Protocol::udp);
  with_port(pod, 53, Protocol::tcp);
  Scene scene;
  scene.add(pod)
      .hold(udp("10.0.0.1", 53, pod_owner("uid-dns", "coredns", 5)))
      .hold(udp("127.0.0.53", 53, unit_owner("systemd-resolved.service", "systemd-resolve", 6)))
      .hold(
          listener("127.0.0.53", 53, unit_owner("systemd-resolved.service", "systemd-resolve", 6)));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("53/tcp unmanaged_process critical"));
}

TEST(BindConflict, AConnectionOfThePodDoesNotSatisfyAndDoesNotCount) {
  Scene scene;
  scene.add(web()).hold(
      connection("10.0.0.1", 8080, "10.0.0.9", 443, pod_owner("uid-web", "app", 9)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.hold(listener("0.0.0.0", 8080, nginx()));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
}

TEST(BindConflict, TheAgentsOwnSocketNeverCounts) {
  Owner agent = unit_owner("hostnet-agent.service", "hostnet-agent", 99);
  agent.self = true;
  Scene scene;
  scene.add(web(20000)).hold(listener("::", 20000, agent));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(BindConflict, AConnectionThatAServerClosesMeanwhileIsTheServers) {
  Owner agent = unit_owner("hostnet-agent.service", "hostnet-agent", 99);
  agent.self = true;
  Scene scene;
  scene.add(web(20000)).hold(connection("10.0.0.1", 20000, "10.0.0.9", 33594, unknown_owner()));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("20000/tcp ephemeral_connection critical"));
  scene.hold(listener("::", 20000, agent));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(BindConflict, AStaticPodsProcessIsKnownByItsConfigHash) {
  Pod pod = web(6443);
  pod.config_hash = "36b6d6be73b1065af369b3985edafa09";
  Scene scene;
  scene.add(pod).hold(listener("::", 6443, pod_owner(pod.config_hash, "kube-apiserver", 4)));
  EXPECT_THAT(scene.findings(), IsEmpty());
}

TEST(BindConflict, ACgroupsUnderscoresAreAUidsDashes) {
  Pod pod = web();
  pod.uid = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340";
  Scene scene;
  scene.add(pod).hold(
      listener("::", 8080, pod_owner("2fc932ce_fdcc_454b_97bd_aadfdeb4c340", "app", 4)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

// Addresses decide, not "53 is used".
TEST(BindConflict, TheStubResolverStopsAWildcardAndNotANodeAddress) {
  const Owner resolved = unit_owner("systemd-resolved.service", "systemd-resolve", 6);
  Scene wildcard;
  wildcard.add(web(53)).hold(listener("127.0.0.53", 53, resolved));
  EXPECT_THAT(wildcard.conflict_names(), ElementsAre("53/tcp unmanaged_process critical"));
  EXPECT_THAT(wildcard.conflicts().front().remedy, HasSubstr("DNSStubListener=no"));
  Scene specific;
  specific.add(web(53, "10.0.0.1")).hold(listener("127.0.0.53", 53, resolved));
  EXPECT_THAT(specific.conflict_names(), IsEmpty());
  wildcard.hold(listener("10.0.0.1", 53, pod_owner("uid-web", "coredns", 9)));
  EXPECT_THAT(wildcard.conflict_names(), IsEmpty());
}

TEST(BindConflict, AnIpv6OnlyListenerCountsOnceTheServerFails) {
  Scene scene;
  scene.add(web()).hold(listener("::1", 8080, nginx()));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  crash_looping(scene.pods.pods.front());
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
}

TEST(BindConflict, AHostIpOfColonColonIsDualStack) {
  Scene scene;
  scene.add(web(8080, "::")).hold(listener("127.0.0.1", 8080, nginx()));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
}

TEST(BindConflict, AnotherProtocolIsAnotherPort) {
  Scene scene;
  scene.add(web()).hold(udp("0.0.0.0", 8080, nginx()));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(WhichOne, ListeningComesBeforeConnectedBeforeTimeWaitAndThenTheKind) {
  Scene scene;
  scene.table.recent_listeners.emplace();
  scene.add(web())
      .hold(time_wait("10.0.0.1", 8080))
      .hold(connection("10.0.0.1", 8080, "10.0.0.9", 443, component_owner("kubelet", 3)))
      .hold(listener("127.0.0.1", 8080, kernel_owner()))
      .hold(listener("127.0.0.2", 8080, nginx()))
      .hold(listener("127.0.0.3", 8080, pod_owner("uid-other", "app", 8)));
  const auto conflicts = scene.conflicts();
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts.front().verdict, Verdict::other_pod);
  std::vector<std::string> order;
  for (const Holder& holder : conflicts.front().held_by) {
    order.emplace_back(std::string(to_string(holder.owner.kind)) + " " +
                       std::string(to_string(holder.socket.state)));
  }
  EXPECT_THAT(order, ElementsAre("pod listen", "unmanaged_process listen", "kernel listen",
                                 "node_component established", "unknown time_wait"));
}

TEST(WhichOne, AnOutgoingConnectionIsNamedWithItsPeer) {
  Scene scene;
  scene.add(web(40000))
      .hold(connection("10.0.0.1", 40000, "10.0.0.9", 2379, component_owner("kube-apiserver", 3)));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("40000/tcp ephemeral_connection critical"));
  EXPECT_THAT(scene.conflicts().front().explanation,
              HasSubstr("has a connection from 10.0.0.1:40000 to 10.0.0.9:2379"));
  EXPECT_THAT(scene.conflicts().front().remedy,
              HasSubstr("sysctl -w net.ipv4.ip_local_reserved_ports=40000"));
}

TEST(WhichOne, WhatAServerLeftBehindIsNoConnectionInTheWay) {
  Holder orphan = connection("10.0.0.1", 8080, "10.0.0.9", 443, unknown_owner());
  orphan.socket.state = SocketState::fin_wait2;
  orphan.socket.inode = 0;
  Holder request = connection("10.0.0.1", 8080, "10.0.0.9", 444, unknown_owner());
  request.socket.state = SocketState::syn_recv;
  Scene scene;
  scene.add(web()).hold(orphan).hold(request);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(WhichOne, TimeWaitIsInfoAndOnlyWhereNobodyListenedLately) {
  Scene scene;
  scene.add(web()).hold(time_wait("10.0.0.1", 8080));
  EXPECT_THAT(scene.conflict_names(), IsEmpty()) << "nobody kept count";
  scene.table.recent_listeners.emplace();
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp time_wait info"));
  EXPECT_EQ(scene.conflicts().front().remedy, "wait 42 s: the kernel frees it by itself");
  scene.table.recent_listeners = {{Protocol::tcp, 8080}};
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(When, AnUnknownOwnerNeedsCompleteAttribution) {
  Scene scene;
  scene.table.coverage.every_owner = false;
  scene.add(web()).hold(listener("0.0.0.0", 8080, unknown_owner()));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.hold(listener("10.0.0.1", 8080, nginx()));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
  EXPECT_EQ(scene.conflicts().front().held_by.size(), 2U);
}

TEST(HowBad, FiveMinutesReadyMakeItAWarningAndACrashLoopDoesNot) {
  Scene scene;
  scene.add(web()).hold(listener("0.0.0.0", 8080, nginx()));
  Pod& pod = scene.pods.pods.front();
  ready_since(pod, 4min);
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
  ready_since(pod, 5min);
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process warning"));
  crash_looping(pod);
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
  ready_since(pod, 10s);
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp unmanaged_process critical"));
}

TEST(HowBad, ARollingUpdateIsInfoWhileTheOldPodIsWithinItsGrace) {
  Pod old = host_pod("web-0", "uid-old");
  with_port(old, 8080);
  of_workload(old, "DaemonSet/web");
  old.deleted_at = kNow + 20s;
  old.grace_seconds = 30;
  Pod young = web();
  of_workload(young, "DaemonSet/web");
  Scene scene;
  scene.add(old).add(young).hold(listener("0.0.0.0", 8080, pod_owner("uid-old", "app", 5)));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("8080/tcp other_pod info"));
  EXPECT_THAT(scene.conflicts().front().remedy, HasSubstr("wait"));
  scene.pods.pods.front().deleted_at = kNow - 5min;
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp duplicate_declaration warning"))
      << "stuck past its grace it still holds its declaration";
}

TEST(Doubt, AHolderInAPodOfUnknownUidIsAPodsWithFreshDataAndNothingWithStale) {
  Scene scene;
  scene.add(web()).hold(listener("0.0.0.0", 8080, pod_owner("uid-never-seen", "app", 5)));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("8080/tcp other_pod critical"));
  EXPECT_THAT(scene.conflicts().front().explanation, HasSubstr("uid-never-seen"));
  scene.pods.stale = true;
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.pods.stale = false;
  scene.pods.synced = false;
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(Doubt, ADeclarationWithoutUidMayBeTheUnknownPods) {
  Pod pod = web();
  pod.uid.clear();
  ready_since(pod, 10min);
  Scene scene;
  scene.add(pod).hold(listener("0.0.0.0", 8080, pod_owner("uid-never-seen", "app", 5)));
  EXPECT_THAT(scene.findings(), IsEmpty());
}

TEST(Doubt, ALivePodOfTheSameWorkloadIsTheDeclaredOne) {
  Pod manifest = host_pod("web", "");
  with_port(manifest, 8080);
  of_workload(manifest, "Deployment/web");
  Pod live = host_pod("web-6c9f-x2x", "uid-live");
  of_workload(live, "Deployment/web");
  live.phase = "Running";
  with_port(live, 8080);
  Scene scene;
  scene.add(manifest).add(live).hold(listener("::", 8080, pod_owner("uid-live", "app", 5)));
  EXPECT_THAT(scene.findings(), IsEmpty());
}

TEST(Doubt, AStaticPodsManifestIsTheLivePodWithTheNodesNameBehind) {
  Pod manifest = host_pod("etcd", "");
  with_port(manifest, 2379);
  Pod live = host_pod("etcd-n1", "uid-live");
  Scene scene;
  scene.add(manifest).add(live).hold(listener("::", 2379, pod_owner("uid-live", "etcd", 5)));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(Doubt, AnotherNamedPodIsForeignToADeclarationWithoutUid) {
  Pod pod = web();
  pod.uid.clear();
  Pod other = host_pod("db", "uid-db");
  Scene scene;
  scene.add(pod).add(other).hold(listener("::", 8080, pod_owner("uid-db", "db", 5)));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("8080/tcp other_pod critical"));
}

}  // namespace
}  // namespace hostnet
