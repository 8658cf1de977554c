// The verdicts about listeners whose traffic a NAT rule takes, sentence by sentence.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HijackByRule, TheRuleIsTheSecondHolder) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx_listener());
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
  scene.add(web_pod()).hold(nginx_listener("::"));
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
  EXPECT_THAT(scene.conflicts().front().explanation, HasSubstr("what arrives over IPv4 on 80/tcp"));
}

TEST(HijackByRule, LeavesAListenerOfTheOtherFamilyAlone) {
  NatScene scene;
  Holder six = nginx_listener("::");
  six.socket.v6only = true;
  scene.add(web_pod()).hold(six);
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HijackByRule, NeedsANodeAddressThatTheListenerServes) {
  NatScene other;
  other.add(web_pod()).hold(nginx_listener("10.0.0.1"));
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.scope.destination = AddressSpan{ip("10.0.0.2"), ip("10.0.0.2")};
  other.rule(rule);
  EXPECT_THAT(other.conflict_names(), IsEmpty());

  NatScene same;
  same.add(web_pod()).hold(nginx_listener("10.0.0.1"));
  rule.scope.destination = AddressSpan{ip("10.0.0.0"), ip("10.0.0.255")};
  same.rule(rule);
  EXPECT_THAT(same.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener critical"));
}

TEST(HijackByRule, ReachesLoopbackOnlyThroughTheOutputHook) {
  for (const bool output : {false, true}) {
    NatScene scene;
    scene.add(web_pod()).hold(nginx_listener("127.0.0.1"));
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.output = output;
    scene.rule(rule);
    EXPECT_EQ(scene.conflict_names().size(), output ? 1U : 0U);
  }
}

TEST(HijackByRule, WithoutADeclarationNobodyIsDeclaring) {
  NatScene scene;
  scene.hold(nginx_listener());
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
  for (const RuleOwner owner : {RuleOwner::docker, RuleOwner::other}) {
    NatScene scene;
    scene.hold(nginx_listener());
    NatRule rule = host_port_rule(80, "172.17.0.2:80");
    rule.owner = owner;
    scene.rule(rule);
    EXPECT_THAT(scene.conflict_names(), IsEmpty());
  }
}

TEST(HijackByRule, IsNotSaidWhereNobodyUnderstandsTheRule) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx_listener());
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.scope.doubt(Certainty::conditional);
  NatScene understood = scene;
  understood.rule(rule);
  ASSERT_THAT(understood.conflict_names(),
              ElementsAre("80/tcp hostport_hijacks_listener critical"));
  EXPECT_THAT(understood.conflicts().front().explanation, HasSubstr("some of what arrives"));
  rule.scope.certainty = Certainty::unknown;
  scene.rule(rule);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HijackByRule, IsInformationWhileThePodTerminatesInItsGrace) {
  NatScene scene;
  Pod pod = web_pod();
  pod.deleted_at = kNow + 20s;
  pod.grace_seconds = 30;
  scene.add(pod).hold(nginx_listener());
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_hijacks_listener info"));
}

TEST(HijackByRule, OfAnotherPodsRuleIsNotTheDeclaringPods) {
  NatScene scene;
  Pod other = cni_pod("other", "uid-other");
  other.pod_ips = {"10.244.0.8"};
  scene.add(web_pod()).add(other).hold(nginx_listener());
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
  EXPECT_EQ(finding.remedy,
            "change the pod's port; inspect with: systemctl status kubelet.service");
}

TEST(HijackByRule, OfKubeletsPortIsSeenWithoutADeclarationToo) {
  NatScene scene;
  scene.hold(listener("::", 10250, component_owner("kubelet", 5)));
  scene.containers = PodsByContainer{{"sandbox", "uid-of-somebody"}};
  scene.rule(host_port_rule(10250, "10.244.0.9:80"));
  EXPECT_THAT(scene.conflict_names(), ElementsAre("10250/tcp hostport_hijacks_listener critical"));
}

TEST(HijackByRule, OfASocketThatARuntimeOpenedItselfDependsOnWhoseTheRuleIs) {
  const auto names = [](RuleOwner owner, const char* name, std::uint16_t port) {
    NatScene scene;
    scene.add(web_pod(port)).hold(listener("0.0.0.0", port, component_owner(name, 8)));
    NatRule rule = host_port_rule(port, "10.244.0.7:80");
    rule.owner = owner;
    scene.rule(rule);
    return scene.conflict_names().size();
  };
  // dockershim and CRI-O open what they forward, CNI portmap's hostPorts are open to nobody.
  for (const char* name : {"kubelet", "crio"}) {
    EXPECT_EQ(names(RuleOwner::cri_hostport, name, 80), 0U) << name;
    EXPECT_EQ(names(RuleOwner::cni_portmap, name, 80), 1U) << name;
  }
  EXPECT_EQ(names(RuleOwner::cri_hostport, "kubelet", 10250), 1U);
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
            "kubectl -n shop edit service web: give it another nodePort, or change the listener's "
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
  scene.hold(nginx_listener("0.0.0.0", 30080));
  NatRule rule = node_port_rule(30080, {"10.244.0.7:80"});
  rule.targets.clear();
  scene.rule(rule);  // they cannot be told: the listener may be one
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  scene.no_rules();
  rule.effect = NatEffect::reject;
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

TEST(NodePortHijack, OfAServiceWithOneBackendIsRemediedByTheService) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx_listener("0.0.0.0", 30080));
  scene.rule(node_port_rule(30080, {"10.244.0.7:80"}));
  const Finding finding = scene.of(Verdict::nodeport_hijacks_listener).front();
  EXPECT_THAT(finding.explanation, HasSubstr("to pod default/web instead"));
  EXPECT_THAT(finding.remedy, HasSubstr("kubectl -n shop edit service web: give it another"));
}

TEST(NodePortHijack, AnExternalAddressIsNamedAsWhatItIs) {
  const auto said = [](std::uint16_t port, std::string comment) {
    NatScene scene;
    scene.hold(nginx_listener("0.0.0.0", port));
    NatRule rule = node_port_rule(port, {"10.244.0.7:80"});
    rule.chains = {"PREROUTING", "KUBE-SERVICES", "KUBE-EXT-X"};
    rule.scope.destination = AddressSpan{ip("10.0.0.1"), ip("10.0.0.1")};
    rule.comments = {std::move(comment)};
    scene.rule(rule);
    return scene.of(Verdict::nodeport_hijacks_listener).front();
  };
  EXPECT_THAT(said(80, "shop/web:http external IP").explanation,
              HasSubstr("an externalIP of Service shop/web:http"));
  EXPECT_THAT(said(80, "shop/web:http loadbalancer IP").explanation,
              HasSubstr("a load balancer's address of Service shop/web:http"));
  EXPECT_THAT(said(80, "").remedy, HasSubstr("give it another port or address"));
  EXPECT_THAT(said(30080, "").explanation, HasSubstr("a NodePort of Service"));
}

TEST(NodePortHijack, SocketsThatClaimNodePortsAreTheImplementation) {
  NatScene scene;
  Owner ovnkube = pod_owner("uid-ovn", "ovnkube", 8);
  ovnkube.exe = "/usr/bin/ovnkube";
  scene.hold(listener("0.0.0.0", 30080, ovnkube));
  NatRule rule = node_port_rule(30080, {"10.96.0.9:80"});
  rule.owner = RuleOwner::ovn_kubernetes;
  scene.rule(rule);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  NatScene robbed;
  robbed.hold(nginx_listener("0.0.0.0", 30080)).rule(rule);
  EXPECT_THAT(robbed.conflict_names(), ElementsAre("30080/tcp nodeport_hijacks_listener critical"));
}

// A hostNetwork pod that listens on its declared 8080, ready.
NatScene listening_pod() {
  NatScene scene;
  Pod web = host_pod("web", "uid-web");
  web.pod_ips = web.host_ips = {"10.0.0.1"};
  scene.add(with_port(web, 8080));
  scene.hold(listener("0.0.0.0", 8080, pod_owner("uid-web", "web", 5)));
  return scene;
}
NatRule docker_rule(const char* target = "172.17.0.2:80") {
  NatRule rule = host_port_rule(8080, target);
  rule.owner = RuleOwner::docker;
  rule.sandbox_id.clear();
  rule.text = "R";
  return rule;
}

TEST(NatRuleHijack, OfAnybodyTakesWhatADeclaredPortListensFor) {
  NatScene scene = listening_pod();
  scene.rule(docker_rule());
  ASSERT_THAT(scene.conflict_names(), ElementsAre("8080/tcp nat_rule_hijacks_listener critical"));
  const Finding finding = scene.conflicts().front();
  EXPECT_EQ(finding.held_by.front().name, "docker");
  EXPECT_EQ(finding.explanation,
            "default/web (container main) listens on 0.0.0.0:8080, but the rule \"R\" of docker "
            "sends what arrives on 8080/tcp to 172.17.0.2:80 instead.");
  EXPECT_THAT(finding.remedy, HasSubstr("docker ps --filter publish=8080"));
}

TEST(NatRuleHijack, ARedirectToAnotherPortIsOneUnlessThePodHasThat) {
  NatRule redirect = docker_rule();
  redirect.owner = RuleOwner::other;
  redirect.targets = {
      NatTarget{.address = {}, .last_address = {}, .port = 9000, .last_port = 9000}};
  NatScene scene = listening_pod();
  EXPECT_THAT(scene.rule(redirect).conflict_names(),
              ElementsAre("8080/tcp nat_rule_hijacks_listener critical"));
  NatScene own = listening_pod();
  own.hold(listener("0.0.0.0", 9000, pod_owner("uid-web", "web", 5)));
  EXPECT_THAT(own.rule(redirect).conflict_names(), IsEmpty());
}

// baremetal-runtimecfg#349: haproxy before the API server, by a virtual address.
TEST(NatRuleHijack, IsQuietForAnotherAddressForAConditionAndForWhatTheNodeSends) {
  NatRule virtual_address = docker_rule();
  virtual_address.scope.destination = AddressSpan{ip("10.0.0.100"), ip("10.0.0.100")};
  NatScene keepalived = listening_pod();
  Address address;
  address.interface = 2;
  address.ip = ip("10.0.0.100");
  address.prefix_length = 32;
  keepalived.table.addresses.push_back(address);
  EXPECT_THAT(keepalived.rule(virtual_address).conflict_names(), IsEmpty());
  NatRule conditional = docker_rule();
  conditional.scope.doubt(Certainty::conditional);
  EXPECT_THAT(listening_pod().rule(conditional).conflict_names(), IsEmpty());
  NatRule output = docker_rule();
  output.prerouting = false;
  EXPECT_THAT(listening_pod().rule(output).conflict_names(), IsEmpty());
}

// kubernetes#72522
TEST(ServiceHijack, AHostPortAnswersAtTheAddressOfAServiceOnTheNode) {
  const auto scene = [](std::uint16_t service_port) {
    NatScene made;
    Link dummy;
    dummy.index = 5;
    dummy.name = "kube-ipvs0";
    made.table.links.push_back(dummy);
    Address address;
    address.interface = 5;
    address.ip = ip("10.96.0.1");
    made.table.addresses.push_back(address);
    made.add(web_pod(443));
    made.rule(host_port_rule(443, "10.244.0.7:443"));
    if (service_port != 0) {
      NatRule ipvs = node_port_rule(service_port, {"10.0.0.1:6443"});
      ipvs.source = NatSource::ipvs;
      ipvs.scope.destination = AddressSpan{ip("10.96.0.1"), ip("10.96.0.1")};
      made.rule(ipvs);
    }
    return made;
  };
  for (const std::uint16_t port : {std::uint16_t{0}, std::uint16_t{443}}) {
    ASSERT_THAT(scene(port).conflict_names(),
                ElementsAre("443/tcp hostport_hijacks_service critical"));
    EXPECT_THAT(scene(port).conflicts().front().explanation, HasSubstr("sent to 10.96.0.1 on"));
  }
  EXPECT_THAT(scene(80).conflict_names(), IsEmpty()) << "no Service has that port";
}

}  // namespace
}  // namespace hostnet
