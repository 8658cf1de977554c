#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Pod web(std::uint16_t port, Protocol protocol = Protocol::tcp) {
  Pod pod = host_pod("web", "uid-web");
  return with_port(pod, port, protocol);
}
Scene with(Pod pod) {
  Scene scene;
  scene.add(std::move(pod));
  return scene;
}
std::vector<std::string_view> names(const Scene& scene) {
  std::vector<std::string_view> verdicts;
  for (const Finding& finding : scene.findings()) verdicts.push_back(to_string(finding.verdict));
  return verdicts;
}

TEST(DeclaredNotListening, NeedsSixtySecondsReadyAndCompleteAttribution) {
  Scene scene = with(web(8080));
  EXPECT_THAT(names(scene), IsEmpty());
  ready_since(scene.pods.pods.front(), 59s);
  EXPECT_THAT(names(scene), IsEmpty());
  ready_since(scene.pods.pods.front(), 60s);
  ASSERT_THAT(names(scene), ElementsAre("declared_not_listening"));
  EXPECT_EQ(scene.findings().front().severity, Severity::info);
  scene.table.coverage.every_owner = false;
  EXPECT_THAT(names(scene), IsEmpty());
}
TEST(DeclaredNotListening, NobodySaysSoWhileSocketsCannotBeListed) {
  Scene scene = with(web(8080));
  ready_since(scene.pods.pods.front(), 10min);
  scene.table.coverage.unread = {Protocol::tcp};
  EXPECT_THAT(names(scene), IsEmpty());
  scene.table.coverage.unread = {Protocol::udp};
  EXPECT_THAT(names(scene), ElementsAre("declared_not_listening"));
}
TEST(DeclaredNotListening, AListenerOfThePodAtAnyAddressEndsIt) {
  Scene scene = with(web(8080));
  ready_since(scene.pods.pods.front(), 10min);
  scene.hold(listener("127.0.0.1", 8080, pod_owner("uid-web", "app", 3)));
  EXPECT_THAT(names(scene), IsEmpty());
}
TEST(DeclaredNotListening, IsLeftOutWhereAConflictOfTheSamePortSaysWhy) {
  Scene scene = with(web(8080));
  Pod other = host_pod("other", "uid-other");
  scene.add(with_port(other, 9090));
  for (Pod& pod : scene.pods.pods) ready_since(pod, 10min);
  scene.hold(listener("0.0.0.0", 8080, unit_owner("nginx.service", "nginx", 812)));
  ASSERT_THAT(names(scene), ElementsAre("unmanaged_process", "declared_not_listening"));
  EXPECT_EQ(scene.findings().back().port, 9090);
}
TEST(DeclaredNotListening, TheAgentsOwnListenerSatisfiesItsOwnPodOnly) {
  Scene scene = with(web(20000));
  ready_since(scene.pods.pods.front(), 10min);
  Owner agent = pod_owner("uid-web", "hostnet-agent", 3);
  agent.self = true;
  scene.hold(listener("::", 20000, agent));
  EXPECT_THAT(names(scene), IsEmpty());
  scene.pods.pods.front().uid = "uid-other";
  EXPECT_THAT(names(scene), ElementsAre("declared_not_listening"));
}

TEST(UndeclaredListener, AHostNetworkPodsListenerThatNobodyDeclared) {
  Scene scene = with(host_pod("web", "uid-web"));
  scene.hold(listener("0.0.0.0", 9000, pod_owner("uid-web", "app", 3)))
      .hold(listener("::", 9000, pod_owner("uid-web", "app", 3)));
  const auto found = scene.findings();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::undeclared_listener);
  EXPECT_EQ(found[0].severity, Severity::info);
  EXPECT_THAT(found[0].declared_by, IsEmpty());
  EXPECT_THAT(found[0].held_by, SizeIs(2)) << "both families in one";
  EXPECT_EQ(found[0].remedy,
            "declare containerPort 9000 (TCP) in the pod, or bind it to 127.0.0.1");
}
TEST(UndeclaredListener, NeverOnLoopbackNeverAClientNeverDeclaredNeverANodeComponent) {
  Scene scene = with(web(8080));
  scene.hold(listener("127.0.0.1", 9000, pod_owner("uid-web", "app", 3)))
      .hold(listener("::1", 9001, pod_owner("uid-web", "app", 3)))
      .hold(udp("0.0.0.0", 45000, pod_owner("uid-web", "app", 3)))
      .hold(listener("0.0.0.0", 8080, pod_owner("uid-web", "app", 3)))
      .hold(listener("0.0.0.0", 10250, component_owner("kubelet", 5)))
      .hold(listener("0.0.0.0", 9002, unit_owner("x.service", "x", 6)));
  EXPECT_THAT(names(scene), IsEmpty());
}
TEST(UndeclaredListener, APodThatNobodyKnowsIsNotAccused) {
  Scene scene;
  scene.hold(listener("0.0.0.0", 9000, pod_owner("uid-unknown", "app", 3)));
  EXPECT_THAT(names(scene), IsEmpty());
}

TEST(ReservedPort, IsSaidWhileUnsatisfiedAndNothingElseIs) {
  Scene scene = with(web(80));
  ASSERT_THAT(names(scene), ElementsAre("reserved_port"));
  EXPECT_EQ(scene.findings().front().severity, Severity::info);
  EXPECT_THAT(scene.findings().front().explanation, HasSubstr("HTTP"));
  Scene taken = with(web(80));
  taken.hold(listener("0.0.0.0", 80, unit_owner("nginx.service", "nginx", 4)));
  EXPECT_THAT(names(taken), ElementsAre("unmanaged_process"));
  scene.hold(listener("0.0.0.0", 80, pod_owner("uid-web", "app", 3)));
  EXPECT_THAT(names(scene), IsEmpty());
}
TEST(ReservedPort, CountsForItsProtocolOnly) {
  EXPECT_THAT(names(with(web(80, Protocol::udp))), IsEmpty());
  EXPECT_THAT(names(with(web(53, Protocol::udp))), ElementsAre("reserved_port"));
}

// The flagship of the first documents: 30003 lies in the NodePort range.
TEST(InNodePortRange, IsAWarning) {
  Scene scene = with(web(30003));
  ASSERT_THAT(names(scene), ElementsAre("in_node_port_range"));
  EXPECT_EQ(scene.findings().front().severity, Severity::warning);
  scene.policy.node_port_range = {20000, 22767};
  EXPECT_THAT(names(scene), IsEmpty());
}

TEST(InEphemeralRange, IsAWarningWithTheSysctlThatCuresEveryDeclaredPort) {
  Scene scene = with(web(41000));
  Pod other = cni_pod("other", "uid-other");
  with_port(other, 41001);
  with_port(other, 50000, Protocol::udp);
  with_port(other, 8080);
  scene.add(other);
  scene.table.ranges.reserved = {{9100, 9100}, {40990, 40999}};
  const auto found = scene.of(Verdict::in_ephemeral_range);
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[0].severity, Severity::warning);
  for (const Finding& finding : found) {
    EXPECT_EQ(finding.remedy, "sysctl -w net.ipv4.ip_local_reserved_ports=9100,40990-41001,50000");
  }
}
TEST(InEphemeralRange, AReservedPortIsSafe) {
  Scene scene = with(web(41000));
  scene.table.ranges.reserved = {{40000, 42000}};
  EXPECT_THAT(names(scene), IsEmpty());
}
TEST(InEphemeralRange, TheRangeIsTheKernels) {
  Scene scene = with(web(9090));
  scene.table.ranges.ephemeral = {1025, 65000};  // as one distribution ships it
  EXPECT_THAT(scene.of(Verdict::in_ephemeral_range), SizeIs(1));
}

TEST(DnsPolicy, HostNetworkWithClusterFirstIsOneInfoForThePod) {
  Pod pod = web(80);
  with_port(pod, 443);
  pod.dns_policy = "ClusterFirst";
  const auto found = with(pod).of(Verdict::dns_policy);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].severity, Severity::info);
  EXPECT_EQ(found[0].port, std::nullopt);
  EXPECT_THAT(found[0].declared_by, SizeIs(2));
  EXPECT_EQ(found[0].remedy, "dnsPolicy: ClusterFirstWithHostNet");
  EXPECT_THAT(with(pod).of(Verdict::reserved_port), SizeIs(2)) << "DNS does not cover the ports";
}
TEST(DnsPolicy, TheDefaultIsClusterFirstAndAnUnknownOneIsNamed) {
  Pod pod = web(8080);
  pod.dns_policy = "";
  EXPECT_THAT(with(pod).of(Verdict::dns_policy), SizeIs(1));
  pod.dns_policy = "ClusterFirstWithHostNetwork";
  const auto found = with(pod).of(Verdict::dns_policy);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].explanation,
            "default/web has dnsPolicy ClusterFirstWithHostNetwork, which does not exist.");
}
TEST(DnsPolicy, APodNetworkMayUseClusterFirst) {
  Pod pod = cni_pod("web", "uid-web");
  with_port(pod, 8080);
  EXPECT_THAT(names(with(pod)), IsEmpty());
}

TEST(UnsupportedProtocol, ADeclaredSctpPortIsInfoWhereTheKernelHasNone) {
  Scene scene = with(web(3868, Protocol::sctp));
  ASSERT_THAT(names(scene), ElementsAre("unsupported_protocol"));
  EXPECT_EQ(scene.findings().front().severity, Severity::info);
  scene.table.coverage.sctp = true;
  EXPECT_THAT(names(scene), IsEmpty());
}

TEST(SchedulerBlind, AHostIpOfColonColonIsJustATextToIt) {
  Pod pod = host_pod("web", "uid-web");
  with_port(pod, 8080, Protocol::tcp, "::");
  Scene scene = with(pod);
  ASSERT_THAT(names(scene), ElementsAre("scheduler_blind"));
  const Finding finding = scene.findings().front();
  EXPECT_EQ(finding.severity, Severity::info);
  EXPECT_THAT(finding.explanation, HasSubstr("declares 8080/tcp on host IP ::"));
  EXPECT_THAT(finding.remedy, HasSubstr("remove hostIP"));
}
TEST(SchedulerBlind, SidecarsWereNotCountedBefore1336) {
  Pod pod = web(8080);
  pod.containers.front().type = ContainerType::sidecar;
  Scene scene = with(pod);
  EXPECT_THAT(names(scene), IsEmpty()) << "the version is not known";
  for (const auto& version : {std::vector<int>{1, 33, 5}, {1, 29, 10}}) {
    scene.pods.server_version = version;
    ASSERT_THAT(names(scene), ElementsAre("scheduler_blind"));
    EXPECT_THAT(scene.findings().front().explanation, HasSubstr("is a sidecar"));
    EXPECT_THAT(scene.findings().front().remedy, HasSubstr("upgrade Kubernetes to 1.33.6"));
  }
  for (const auto& version :
       {std::vector<int>{1, 33, 6}, {1, 34, 0}, {2, 0, 0}, {1, 33}, {1}, {}}) {
    scene.pods.server_version = version;
    EXPECT_THAT(names(scene), IsEmpty());
  }
}

TEST(NodePortRangeInEphemeralRange, IsAboutTheNodeAndHasNoPort) {
  Scene scene;
  EXPECT_THAT(names(scene), IsEmpty());
  scene.table.ranges.ephemeral = {1025, 65000};
  const auto found = scene.findings();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::node_port_range_in_ephemeral_range);
  EXPECT_EQ(found[0].port, std::nullopt);
  EXPECT_EQ(found[0].protocol, std::nullopt);
  EXPECT_EQ(found[0].remedy, "sysctl -w net.ipv4.ip_local_reserved_ports=30000-32767");
  scene.table.ranges.reserved = {{30000, 31000}, {31001, 32767}};
  EXPECT_THAT(names(scene), IsEmpty());
}

}  // namespace
}  // namespace hostnet
