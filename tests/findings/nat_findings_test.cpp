// The verdicts about NAT rules, sentence by sentence (interface.md, section 2).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/findings/check.h"
#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Pod web_pod(std::uint16_t port = 80) {
  Pod pod = cni_pod("web", "uid-web");
  pod.pod_ips = {"10.244.0.7", "fd00:244::7"};
  return with_port(pod, port);
}
Holder nginx(std::string_view address = "0.0.0.0", std::uint16_t port = 80) {
  return listener(address, port, unit_owner("nginx.service", "nginx", 8));
}

TEST(HijackByRule, TheRuleIsTheSecondHolder) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx());
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
  const Finding finding = scene.conflicts().front();
  ASSERT_EQ(finding.held_by.size(), 2U);
  EXPECT_EQ(finding.held_by[0].name, "nginx.service");
  EXPECT_EQ(finding.held_by[1].owner.kind, HolderKind::nat_rule);
  EXPECT_EQ(finding.held_by[1].name, "default/web");
  EXPECT_EQ(finding.explanation,
            "nginx.service (nginx, pid 8) listens on 0.0.0.0:80, but the hostPort of default/web "
            "(container main) sends what arrives on 80/tcp to the pod instead.");
}

TEST(HijackByRule, OfOneFamilyOnlyIsAHijackAndSaysWhich) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx("::"));
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
  EXPECT_THAT(scene.conflicts().front().explanation, HasSubstr("what arrives over IPv4 on 80/tcp"));
}

TEST(HijackByRule, LeavesAListenerOfTheOtherFamilyAlone) {
  NatScene scene;
  Holder six = nginx("::");
  six.socket.v6only = true;
  scene.add(web_pod()).hold(six);
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HijackByRule, NeedsANodeAddressThatTheListenerServes) {
  NatScene other;
  other.add(web_pod()).hold(nginx("10.0.0.1"));
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.scope.destination = AddressSpan{ip("10.0.0.2"), ip("10.0.0.2")};
  other.rule(rule);
  EXPECT_THAT(other.conflict_names(), IsEmpty());

  NatScene same;
  same.add(web_pod()).hold(nginx("10.0.0.1"));
  rule.scope.destination = AddressSpan{ip("10.0.0.0"), ip("10.0.0.255")};
  same.rule(rule);
  EXPECT_THAT(same.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
}

TEST(HijackByRule, ReachesLoopbackOnlyThroughTheOutputHook) {
  for (const bool output : {false, true}) {
    NatScene scene;
    scene.add(web_pod()).hold(nginx("127.0.0.1"));
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.output = output;
    scene.rule(rule);
    EXPECT_EQ(scene.conflict_names().size(), output ? 1U : 0U);
  }
}

TEST(HijackByRule, WithoutADeclarationNobodyIsDeclaring) {
  NatScene scene;
  scene.hold(nginx());
  scene.rule(host_port_rule(80, "10.244.0.9:80"));
  ASSERT_THAT(scene.conflict_names(),
              testing::Contains("80/tcp hostport_hijacks_listener critical"));
  const Finding finding = scene.of(Verdict::hostport_hijacks_listener).front();
  EXPECT_THAT(finding.declared_by, IsEmpty());
  EXPECT_EQ(finding.host_ip, "0.0.0.0");
  EXPECT_EQ(finding.explanation,
            "nginx.service (nginx, pid 8) listens on 0.0.0.0:80, but a hostPort rule sends what "
            "arrives on 80/tcp to 10.244.0.9:80 instead.");
  EXPECT_THAT(finding.remedy, HasSubstr("iptables -t nat -S | grep -e CNI-DN-1"));
}

TEST(HijackByRule, RulesOfDockerAndOthersAreShownAndNoVerdict) {
  for (const NatKeeper keeper : {NatKeeper::docker, NatKeeper::other}) {
    NatScene scene;
    scene.hold(nginx());
    NatRule rule = host_port_rule(80, "172.17.0.2:80");
    rule.keeper = keeper;
    scene.rule(rule);
    EXPECT_THAT(scene.conflict_names(), IsEmpty());
  }
}

TEST(HijackByRule, IsNotSaidWhereNobodyUnderstandsTheRule) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx());
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.scope.conditional = true;
  NatScene understood = scene;
  understood.rule(rule);
  ASSERT_THAT(understood.conflict_names(),
              ElementsAre("80/tcp hostport_hijacks_listener critical"));
  EXPECT_THAT(understood.conflicts().front().explanation, HasSubstr("some of what arrives"));
  rule.scope.unknown = true;
  scene.rule(rule);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HijackByRule, IsInformationWhileThePodTerminatesInItsGrace) {
  NatScene scene;
  Pod pod = web_pod();
  pod.deleted_at = kNow + 20s;
  pod.grace_seconds = 30;
  scene.add(pod).hold(nginx());
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener info"));
}

TEST(NodePortHijack, TakesAnUndeclaredListenersTraffic) {
  NatScene scene;
  scene.hold(listener("::", 30080, component_owner("containerd", 5)));
  scene.rule(node_port_rule(30080, {"10.244.0.7:80"}));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("30080/tcp nodeport_hijacks_listener critical"));
  const Finding finding = scene.conflicts().front();
  EXPECT_EQ(finding.explanation,
            "containerd.service (containerd, pid 5) listens on [::]:30080, but a NodePort of "
            "Service shop/web:http sends what arrives over IPv4 on 30080/tcp to 10.244.0.7:80 "
            "instead.");
  EXPECT_EQ(finding.remedy,
            "kubectl -n shop edit service web: give it another nodePort; or move the listener's "
            "port");
}

TEST(NodePortHijack, TakesWhatAHostNetworkPodListensFor) {
  NatScene scene;
  Pod encoder = host_pod("encoder", "uid-encoder");
  scene.add(with_port(encoder, 30003));
  scene.hold(listener("0.0.0.0", 30003, pod_owner("uid-encoder", "encoder", 5)));
  scene.rule(node_port_rule(30003, {"10.244.0.7:80"}));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("30003/tcp nodeport_hijacks_listener critical"));
  const Finding finding = scene.conflicts().front();
  EXPECT_EQ(finding.declared_by.front().pod, "encoder");
  EXPECT_EQ(finding.held_by.front().owner.kind, HolderKind::nat_rule);
  EXPECT_EQ(finding.explanation,
            "default/encoder (container main) listens on 0.0.0.0:30003, but a NodePort of Service "
            "shop/web:http sends what arrives on 30003/tcp to 10.244.0.7:80 instead.");
}

TEST(NodePortHijack, LeavesBackendsAlone) {
  // An ingress on the node's own network behind an externalIP that is the node's.
  NatScene ingress;
  ingress.hold(listener("0.0.0.0", 80, unit_owner("nginx.service", "nginx", 8)));
  ingress.rule(node_port_rule(80, {"10.0.0.7:80", "10.0.0.1:80"}));
  EXPECT_THAT(ingress.conflict_names(), IsEmpty());
  // One of another node only.
  NatScene elsewhere;
  elsewhere.hold(listener("0.0.0.0", 80, unit_owner("nginx.service", "nginx", 8)));
  elsewhere.rule(node_port_rule(80, {"10.0.0.7:80"}));
  EXPECT_EQ(elsewhere.conflict_names().size(), 1U);
  // Another port of the node.
  NatScene other_port;
  other_port.hold(listener("0.0.0.0", 30080, unit_owner("nginx.service", "nginx", 8)));
  other_port.rule(node_port_rule(30080, {"10.0.0.1:80"}));
  EXPECT_EQ(other_port.conflict_names().size(), 1U);
}

TEST(NodePortHijack, AServiceWithoutServersRefusesWhatArrives) {
  NatScene scene;
  scene.hold(nginx("0.0.0.0", 30080));
  NatRule rule = node_port_rule(30080, {"10.244.0.7:80"});
  rule.targets.clear();
  scene.rule(rule);  // they cannot be told: the listener may be one
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.no_rules();
  rule.refuses = true;
  scene.rule(rule);
  ASSERT_THAT(scene.conflict_names(), ElementsAre("30080/tcp nodeport_hijacks_listener critical"));
  EXPECT_THAT(scene.conflicts().front().explanation,
              HasSubstr("to nobody (it has no server, so that connections are refused) instead"));
}

TEST(NodePortHijack, KubeProxysOwnSocketsAreTheImplementation) {
  for (const char* name : {"kube-proxy", "k3s", "rke2", "kubelite"}) {
    NatScene scene;
    scene.hold(listener("127.0.0.1", 30080, component_owner(name, 8)));
    scene.rule(node_port_rule(30080, {"10.244.0.7:80"}));
    EXPECT_THAT(scene.conflict_names(), IsEmpty()) << name;
  }
}

TEST(NodePortHijack, ServiceAddressesOnDevicesOfTheirOwnAreNone) {
  NatScene scene;
  Link dummy;
  dummy.index = 5;
  dummy.name = "kube-ipvs0";
  scene.table.links.push_back(dummy);
  Address address;
  address.interface = 5;
  address.ip = ip("10.96.0.10");
  address.prefix_length = 32;
  scene.table.addresses.push_back(address);
  scene.hold(listener("10.96.0.10", 53, pod_owner("uid-dns", "node-cache", 8)));
  NatRule rule = node_port_rule(53, {"10.244.0.7:53"});
  rule.scope.destination = AddressSpan{ip("10.96.0.10"), ip("10.96.0.10")};
  scene.rule(rule);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HostportNotProgrammed, NeedsAKeeperWhoseRulesAreAllSeen) {
  const auto names = [](bool complete, bool keeper, bool ebpf) {
    NatScene scene;
    scene.complete = complete;
    scene.has_keeper = keeper;
    scene.table.ebpf_forwarding = ebpf;
    scene.add(web_pod());
    scene.no_rules();
    return scene.conflict_names();
  };
  EXPECT_THAT(names(true, true, false), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(names(false, true, false), IsEmpty());
  EXPECT_THAT(names(true, false, false), IsEmpty());
  EXPECT_THAT(names(true, true, true), IsEmpty());
}

TEST(HostportNotProgrammed, IsSaidWhereDockersRuleComesFirst) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx());
  NatRule docker = host_port_rule(80, "172.17.0.2:80");
  docker.keeper = NatKeeper::docker;
  docker.scope.arrives_on = InterfaceMatch{"docker0", false, true};
  NatRule behind = host_port_rule(80, "10.244.0.7:80");
  behind.scope.arrives_on = InterfaceMatch{"docker0"};
  behind.behind = true;
  behind.output = false;
  scene.rule(docker).rule(behind);
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(scene.conflicts().front().explanation,
              HasSubstr("the NAT rule for that port leads to 172.17.0.2:80"));
  // Of what arrives on other interfaces than the first rule's.
  behind.scope.arrives_on->other = true;
  NatScene served;
  served.add(web_pod());
  served.rule(docker).rule(behind);
  EXPECT_THAT(served.conflict_names(), IsEmpty());
}

TEST(HostportNotProgrammed, IsSaidInPlaceOfAHijack) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx());
  scene.no_rules();
  EXPECT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(scene.conflicts().front().remedy,
              HasSubstr("kubectl -n default delete pod web has them written anew"));
}

TEST(HostportNotProgrammed, WaitsForAPodThatRunsAndStays) {
  for (const char* phase : {"", "Pending"}) {
    NatScene scene;
    Pod pod = web_pod();
    pod.phase = phase;
    scene.add(pod).no_rules();
    EXPECT_THAT(scene.conflict_names(), IsEmpty()) << phase;
  }
  NatScene leaving;
  Pod pod = web_pod();
  pod.deleted_at = kNow + 10s;
  leaving.add(pod).no_rules();
  EXPECT_THAT(leaving.conflict_names(), IsEmpty());
}

// A rule for the pod's port that leads elsewhere is none of the pod's.
TEST(HostportNotProgrammed, IsSaidWhereTheRuleLeadsToAnotherPod) {
  NatScene scene;
  Pod other = cni_pod("other", "uid-other");
  other.pod_ips = {"10.244.0.8"};
  scene.add(web_pod()).add(other);
  scene.rule(host_port_rule(80, "10.244.0.8:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_EQ(scene.conflicts().front().explanation,
            "default/web (container main) declares hostPort 80/tcp, but the NAT rule for that port "
            "leads to pod default/other: nothing that arrives there reaches the pod.");
  EXPECT_EQ(scene.conflicts().front().held_by.front().name, "default/other");
}

// Some CNIs give a pod a second address, which its status does not tell.
TEST(HostportNotProgrammed, IsNotSaidWhereTheRuleNamesThePodsSandboxWhateverItsTarget) {
  NatScene scene;
  scene.add(web_pod());
  scene.containers = PodsByContainer{{"sandbox", "uid-web"}};
  scene.rule(host_port_rule(80, "10.244.0.99:80"));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HostportNotProgrammed, IsSaidWhereTheRuleLeadsToAnAddressThatNobodyHasToldOf) {
  NatScene scene;
  scene.add(web_pod());
  scene.containers = PodsByContainer{{"sandbox", "uid-other"}};
  scene.rule(host_port_rule(80, "10.244.0.99:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(scene.conflicts().front().explanation, HasSubstr("leads to 10.244.0.99:80"));
}

TEST(HostportNotProgrammed, IsNotSaidWhileAddressesDoNotTell) {
  const auto names = [](std::vector<std::string> pod_ips, const char* target,
                        std::optional<PodsByContainer> containers) {
    NatScene scene;
    Pod pod = web_pod();
    pod.pod_ips = std::move(pod_ips);
    scene.add(pod);
    scene.containers = std::move(containers);
    scene.rule(host_port_rule(80, target));
    return scene.conflict_names();
  };
  const PodsByContainer its_own{{"sandbox", "uid-web"}};
  EXPECT_THAT(names({"10.244.0.7", "fd00:244::7"}, "[fd00:244::7]:80", std::nullopt), IsEmpty());
  // No address yet.
  EXPECT_THAT(names({}, "10.244.0.7:80", its_own), IsEmpty());
  EXPECT_THAT(names({}, "10.244.0.7:80", std::nullopt), IsEmpty());
  // One whose other address the status does not tell.
  EXPECT_THAT(names({"10.244.0.7"}, "[fd00:244::7]:80", std::nullopt), IsEmpty());
}

TEST(HostportNotProgrammed, NeverIsWhereTheTargetCannotBeTold) {
  NatScene scene;
  scene.add(web_pod());
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.targets.clear();
  scene.rule(rule);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HijackByRule, OfAnotherPodsRuleIsNotTheDeclaringPods) {
  NatScene scene;
  Pod other = cni_pod("other", "uid-other");
  other.pod_ips = {"10.244.0.8"};
  scene.add(web_pod()).add(other).hold(nginx());
  scene.rule(host_port_rule(80, "10.244.0.8:80"));
  ASSERT_THAT(scene.conflict_names(),
              testing::UnorderedElementsAre("80/tcp hostport_hijacks_listener critical",
                                            "80/tcp hostport_not_programmed warning"));
  const Finding hijack = scene.of(Verdict::hostport_hijacks_listener).front();
  EXPECT_THAT(hijack.declared_by, IsEmpty());
  EXPECT_THAT(hijack.explanation, HasSubstr("to pod default/other instead"));
}

TEST(HijackByRule, KubeletsOwnPortIsHijackedLikeAnyOther) {
  NatScene scene;
  scene.add(web_pod(10250)).hold(listener("::", 10250, component_owner("kubelet", 5)));
  scene.rule(host_port_rule(10250, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("10250/tcp hostport_hijacks_listener critical"));
  const Finding finding = scene.conflicts().front();
  EXPECT_EQ(finding.explanation,
            "kubelet.service (kubelet, pid 5) listens on [::]:10250, but the hostPort of "
            "default/web (container main) sends what arrives over IPv4 on 10250/tcp to the pod "
            "instead.");
  EXPECT_EQ(finding.remedy, "move the pod's port; to look: systemctl status kubelet.service");
}

TEST(HijackByRule, OfKubeletsPortIsSeenWithoutADeclarationToo) {
  NatScene scene;
  scene.hold(listener("::", 10250, component_owner("kubelet", 5)));
  scene.containers = PodsByContainer{{"sandbox", "uid-of-somebody"}};
  scene.rule(host_port_rule(10250, "10.244.0.9:80"));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("10250/tcp hostport_hijacks_listener critical"));
}

TEST(HijackByRule, OfASocketThatARuntimeOpenedItselfDependsOnWhoseTheRuleIs) {
  const auto names = [](NatKeeper keeper, const char* name, std::uint16_t port) {
    NatScene scene;
    scene.add(web_pod(port)).hold(listener("0.0.0.0", port, component_owner(name, 8)));
    NatRule rule = host_port_rule(port, "10.244.0.7:80");
    rule.keeper = keeper;
    scene.rule(rule);
    return scene.conflict_names().size();
  };
  // dockershim and CRI-O open what they forward, CNI portmap's hostPorts are open to nobody.
  for (const char* name : {"kubelet", "crio"}) {
    EXPECT_EQ(names(NatKeeper::cri_hostport, name, 80), 0U) << name;
    EXPECT_EQ(names(NatKeeper::cni_portmap, name, 80), 1U) << name;
  }
  EXPECT_EQ(names(NatKeeper::cri_hostport, "kubelet", 10250), 1U);
}

TEST(HostportRuleStale, NamesThePodThatIsLeftWithoutItsPort) {
  NatScene scene;
  scene.add(web_pod());
  scene.containers = PodsByContainer{};
  scene.rule(host_port_rule(80, "10.244.0.99:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_rule_stale warning"));
  const Finding finding = scene.conflicts().front();
  EXPECT_EQ(finding.declared_by.front().pod, "web");
  EXPECT_EQ(finding.explanation,
            "A hostPort rule sends what arrives on 80/tcp to 10.244.0.99:80, which is no pod's "
            "address: its pod is gone. No rule leads to default/web (container main), which "
            "declares the port.");
}

TEST(HostportRuleStale, BesideTheRuleOfThePodItselfBlamesTheOldRuleOnly) {
  NatScene scene;
  scene.add(web_pod());
  scene.containers = PodsByContainer{};
  scene.rule(host_port_rule(80, "10.244.0.99:80"));
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_rule_stale warning"));
  EXPECT_THAT(scene.conflicts().front().explanation, testing::EndsWith("its pod is gone."));
}

TEST(HostportRuleStale, NeedsATargetAndASandboxThatNobodyHas) {
  const auto stale = [](const char* target, bool sandbox) {
    NatScene scene;
    scene.add(web_pod(81));
    scene.containers = PodsByContainer{};
    if (sandbox) scene.containers->emplace("sandbox", "uid-of-somebody");
    scene.rule(host_port_rule(80, target));
    return !scene.of(Verdict::hostport_rule_stale).empty();
  };
  EXPECT_TRUE(stale("10.244.0.99:80", false));
  EXPECT_FALSE(stale("10.244.0.99:80", true));
  EXPECT_FALSE(stale("10.244.0.7:80", false));
  EXPECT_FALSE(stale("[fd00:244::7]:80", false));  // its second address
  EXPECT_FALSE(stale("10.0.0.1:80", false));       // the node's own
}

TEST(HostportRuleStale, IsNeverSaidWhilePodsAreNotKnown) {
  const auto scene = [] {
    NatScene made;
    made.containers = PodsByContainer{};
    made.rule(host_port_rule(80, "10.244.0.99:80"));
    return made;
  };
  EXPECT_EQ(scene().conflict_names(),
            std::vector<std::string>{"80/tcp hostport_rule_stale warning"});
  NatScene not_synced = scene();
  not_synced.pods.synced = false;
  EXPECT_THAT(not_synced.conflict_names(), IsEmpty());
  NatScene stale = scene();
  stale.pods.stale = true;
  EXPECT_THAT(stale.conflict_names(), IsEmpty());
}

TEST(HostportRuleStale, NeedsCgroupsThatCanBeReadOrASourceThatKnowsEveryPod) {
  const auto stale = [](const char* source, const char* sandbox, bool cgroups) {
    NatScene scene;
    scene.pods.source = source;
    if (cgroups) scene.containers = PodsByContainer{};
    NatRule rule = host_port_rule(80, "10.244.0.99:80");
    rule.sandbox_id = sandbox;
    scene.rule(rule);
    return !scene.of(Verdict::hostport_rule_stale).empty();
  };
  EXPECT_TRUE(stale("manifests", "sandbox", true));
  EXPECT_FALSE(stale("manifests", "sandbox", false));
  EXPECT_FALSE(stale("manifests", "", true));
  EXPECT_TRUE(stale("kubelet", "", true));
  EXPECT_FALSE(stale("apiserver", "sandbox", false));
}

TEST(HostportRuleStale, OfCrioOverIptablesIsWhereItsPodHasNoContainer) {
  NatRule rule = host_port_rule(80, "10.244.0.99:80");
  rule.keeper = NatKeeper::cri_hostport;
  rule.sandbox_id.clear();
  rule.pod_uid = "uid-gone";
  const auto is_stale = [&](std::optional<PodsByContainer> containers) {
    NatScene scene;
    scene.containers = std::move(containers);
    scene.pods.source = "manifests";
    scene.rule(rule);
    return !scene.of(Verdict::hostport_rule_stale).empty();
  };
  EXPECT_TRUE(is_stale(PodsByContainer{{"c", "uid-other"}}));
  EXPECT_FALSE(is_stale(PodsByContainer{{"c", "uid-gone"}}));
  EXPECT_FALSE(is_stale(std::nullopt));
}

TEST(HostportRuleStale, RulesOfServicesAndDockerAreNone) {
  for (const NatKeeper keeper : {NatKeeper::kube_proxy, NatKeeper::docker, NatKeeper::other}) {
    NatScene scene;
    scene.containers = PodsByContainer{};
    NatRule rule = host_port_rule(80, "10.244.0.99:80");
    rule.keeper = keeper;
    scene.rule(rule);
    EXPECT_THAT(scene.conflict_names(), IsEmpty());
  }
}

TEST(HostportRuleUnguarded, IsARiskOfPortmapsRulesThatTakeEveryAddress) {
  NatScene scene;
  scene.add(web_pod());
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.scope.local_only = false;
  scene.rule(rule);
  ASSERT_EQ(scene.of(Verdict::hostport_rule_unguarded).size(), 1U);
  const Finding finding = scene.of(Verdict::hostport_rule_unguarded).front();
  EXPECT_EQ(finding.severity, Severity::info);
  EXPECT_EQ(finding.declared_by.front().pod, "web");
  EXPECT_THAT(finding.explanation, HasSubstr("CVE-2025-67499"));
  NatScene guarded;
  guarded.rule(host_port_rule(80, "10.244.0.7:80"));
  EXPECT_THAT(guarded.of(Verdict::hostport_rule_unguarded), IsEmpty());
}

CheckAnswer checked(const NatScene& scene, std::uint16_t port, std::string_view address) {
  return check_port({.protocol = Protocol::tcp, .port = port, .address = ip(address)}, scene.table,
                    scene.pods, scene.policy, kNow);
}

TEST(CheckWithRules, TrafficIsDivertedWhereARuleTakesIt) {
  NatScene scene;
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.output = false;
  scene.rule(rule);
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::diverted);
  EXPECT_EQ(checked(scene, 80, "10.0.0.1").verdict, CheckVerdict::diverted);
  EXPECT_EQ(checked(scene, 80, "127.0.0.1").verdict, CheckVerdict::free);
  EXPECT_EQ(checked(scene, 80, "fd00::1").verdict, CheckVerdict::free);
  EXPECT_EQ(checked(scene, 80, "::").verdict, CheckVerdict::diverted);
}

TEST(CheckWithRules, WhatPartOfTheTrafficIsTakenIsSaid) {
  const auto told = [](auto change) {
    NatScene scene;
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.keeper = NatKeeper::other;
    rule.output = false;
    rule.text = "R";
    change(rule);
    scene.rule(rule);
    const CheckAnswer answer = checked(scene, 80, "0.0.0.0");
    EXPECT_EQ(answer.bindable, true);
    return std::string(to_string(answer.verdict)) + ": " + answer.explanation;
  };
  const std::string but = "diverted: A server could bind 0.0.0.0:80, but NAT rule R ";
  EXPECT_EQ(told([](NatRule&) {}), but + "takes its traffic.");
  EXPECT_EQ(told([](NatRule& rule) { rule.scope.arrives_on = InterfaceMatch{"eth0"}; }),
            but + "takes what arrives on eth0.");
  EXPECT_EQ(told([](NatRule& rule) { rule.scope.arrives_on = InterfaceMatch{"veth", true, true}; }),
            but + "takes what arrives on interfaces other than veth*.");
  EXPECT_EQ(told([](NatRule& rule) {
              rule.scope.destination = AddressSpan{ip("10.0.0.1"), ip("10.0.0.1")};
            }),
            but + "takes what arrives at 10.0.0.1.");
  EXPECT_EQ(told([](NatRule& rule) { rule.scope.random = true; }), but + "takes its traffic.");
  EXPECT_EQ(told([](NatRule& rule) {
              rule.prerouting = false;
              rule.output = true;
            }),
            but + "takes what this node itself sends.");
}

TEST(CheckWithRules, NothingArrivesOnAnInterfaceThatIsNotThereOrLoopback) {
  for (const char* name : {"docker0", "lo"}) {
    NatScene scene;
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.output = false;
    rule.scope.arrives_on = InterfaceMatch{name};
    scene.rule(rule);
    EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::free) << name;
  }
}

TEST(CheckWithRules, WhatCannotBeToldOfARuleIsUnknown) {
  NatScene narrowed;
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.text = "R";
  rule.scope.conditional = true;
  narrowed.rule(rule);
  CheckAnswer answer = checked(narrowed, 80, "0.0.0.0");
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_EQ(answer.bindable, true);
  ASSERT_EQ(answer.holders.size(), 1U);
  EXPECT_EQ(answer.explanation,
            "A server could bind 0.0.0.0:80, but it may not get its traffic: NAT rule R asks more "
            "of a packet than can be told.");

  NatScene anywhere;
  rule.scope.conditional = false;
  rule.targets.clear();
  anywhere.rule(rule);
  answer = checked(anywhere, 80, "0.0.0.0");
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_THAT(answer.explanation, HasSubstr("takes packets to where that cannot be told"));
}

TEST(CheckWithRules, ARuleThatRefusesTakesTheTraffic) {
  NatScene scene;
  NatRule rule = node_port_rule(80, {"10.0.0.1:80"});
  rule.targets.clear();
  rule.refuses = true;
  scene.rule(rule);
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::diverted);
}

TEST(CheckWithRules, ABackendGetsItsTrafficBack) {
  NatScene scene;
  scene.rule(node_port_rule(80, {"10.0.0.1:80", "10.0.0.7:80"}));
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::free);
}

}  // namespace
}  // namespace hostnet
