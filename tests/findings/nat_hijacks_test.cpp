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

TEST(HijackByRule, NamesItsRuleHoweverManyListenersThereAre) {
  NatScene scene;
  scene.add(web_pod());
  for (int pid = 1; pid <= 3'100; ++pid) {
    scene.hold(listener("0.0.0.0", 80, unit_owner("nginx.service", "nginx", pid)));
  }
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  const auto found = scene.of(Verdict::hostport_hijacks_listener);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].held_by.size(), 252U);
  EXPECT_THAT(found[0].explanation,
              testing::EndsWith(" 2849 more holders of the port are not listed."));
  EXPECT_EQ(found[0].held_by.back().owner.kind, HolderKind::nat_rule);
  EXPECT_EQ(found[0].held_by.front().owner.kind, HolderKind::unmanaged_process);
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

}  // namespace
}  // namespace hostnet
