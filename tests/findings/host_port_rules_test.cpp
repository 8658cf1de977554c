// The verdicts about the rules of hostPorts: missing, left over, unguarded, sentence by sentence.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(HostportNotProgrammed, NeedsAKeeperWhoseRulesAreAllSeen) {
  const auto names = [](bool complete, bool forwarder, bool ebpf) {
    NatScene scene;
    scene.complete = complete;
    scene.has_forwarder = forwarder;
    scene.table.coverage.ebpf_forwarding = ebpf;
    scene.add(web_pod());
    scene.no_rules();
    return scene.conflict_names();
  };
  EXPECT_THAT(names(true, true, false), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(names(false, true, false), IsEmpty());
  EXPECT_THAT(names(true, false, false), IsEmpty());
  EXPECT_THAT(names(true, true, true), IsEmpty());
}

// Docker's rule for port 80, before the pod's.
NatRule dockers_rule() {
  NatRule docker = host_port_rule(80, "172.17.0.2:80");
  docker.owner = RuleOwner::docker;
  docker.scope.arrives_on = {InterfaceMatch{"docker0", false, true}};
  return docker;
}

TEST(HijackedHostPort, IsSaidWhereDockersRuleComesFirst) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx_listener());
  NatRule shadowed = host_port_rule(80, "10.244.0.7:80");
  shadowed.scope.arrives_on = {InterfaceMatch{"docker0"}};
  shadowed.shadowed = true;
  shadowed.output = false;
  scene.rule(dockers_rule()).rule(shadowed);
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp nat_rule_hijacks_listener critical"));
  EXPECT_THAT(scene.conflicts().front().explanation, HasSubstr("to 172.17.0.2:80 instead"));
  EXPECT_EQ(scene.conflicts().front().remedy,
            "stop the container that docker ps --filter publish=80 shows, or change the pod's "
            "hostPort");
}

TEST(HijackedHostPort, IsSaidWhereOneOfTheNodesAddressesIsTaken) {
  NatRule docker = dockers_rule();
  const auto said = [&](const char* address) {
    docker.scope.destination = span_of_prefix(parse_ip(address).value(), 32);
    NatScene scene;
    scene.add(web_pod());
    scene.rule(docker).rule(host_port_rule(80, "10.244.0.7:80"));
    return scene.conflict_names();
  };
  EXPECT_THAT(said("10.0.0.1"), ElementsAre("80/tcp nat_rule_hijacks_listener critical"));
  EXPECT_THAT(said("192.0.2.1"), IsEmpty());  // none of them
}

TEST(HostportNotProgrammed, IsSaidInPlaceOfAHijack) {
  NatScene scene;
  scene.add(web_pod()).hold(nginx_listener());
  scene.no_rules();
  EXPECT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(scene.conflicts().front().remedy,
              HasSubstr("kubectl -n default delete pod web recreates them"));
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
  EXPECT_THAT(names({"fd00:244::7"}, "[fd00:244::7]:80", std::nullopt), IsEmpty());
  // No address yet.
  EXPECT_THAT(names({}, "10.244.0.7:80", its_own), IsEmpty());
  EXPECT_THAT(names({}, "10.244.0.7:80", std::nullopt), IsEmpty());
  // One whose other address the status does not tell.
  EXPECT_THAT(names({"10.244.0.7"}, "[fd00:244::7]:80", std::nullopt), IsEmpty());
}

// netavark#641
TEST(HostportNotProgrammed, IsSaidOfOneFamilyOfAPodThatHasBoth) {
  NatScene scene;
  Pod pod = web_pod();
  pod.pod_ips = {"10.244.0.7", "fd00:244::7"};
  scene.add(pod).rule(host_port_rule(80, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_not_programmed warning"));
  EXPECT_THAT(scene.conflicts().front().explanation,
              HasSubstr("no NAT rule forwards it over IPv6: nothing that arrives there over IPv6"));
  scene.rule(host_port_rule(80, "[fd00:244::7]:80"));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  NatScene one_address;
  pod.containers.front().ports.front().host_ip = "10.0.0.1";
  one_address.add(pod).rule(host_port_rule(80, "10.244.0.7:80"));
  EXPECT_THAT(one_address.conflict_names(), IsEmpty());
}

TEST(HostportNotProgrammed, OfASidecarSaysWhatHelps) {
  NatScene scene;
  Pod pod = web_pod();
  pod.containers.front().type = ContainerType::sidecar;
  scene.add(pod).no_rules();
  EXPECT_THAT(scene.conflicts().front().remedy, HasSubstr("declare the port in a main container"));
}

// nerdctl#543
TEST(HostportRuleStale, IsNotSaidWhileAContainerOutsideKubernetesHasTheSandbox) {
  NatScene scene;
  scene.containers = PodsByContainer{};
  NatRule rule = host_port_rule(80, "10.4.0.5:80");
  rule.sandbox_id = "default-0123abcd";
  scene.rule(rule);
  EXPECT_EQ(scene.of(Verdict::hostport_rule_stale).size(), 1U);
  scene.table.other_containers =
      std::make_shared<const RuntimesByContainer>(RuntimesByContainer{{"0123abcd", "nerdctl"}});
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
  EXPECT_EQ(holder_of_rule(scene.table, rule, Protocol::tcp, 80).name, "nerdctl 0123abcd");
}

TEST(HostportRuleStale, IsNotJudgedWithoutASourceOfPods) {
  NatScene scene;
  scene.containers = PodsByContainer{};
  scene.pods.source = "none";
  scene.rule(host_port_rule(80, "10.244.0.99:80"));
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
}

TEST(HostportNotProgrammed, NeverIsWhereTheTargetCannotBeTold) {
  NatScene scene;
  scene.add(web_pod());
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.targets.clear();
  scene.rule(rule);
  EXPECT_THAT(scene.conflict_names(), IsEmpty());
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
            "address: the pod is gone. No rule leads to default/web (container main), which "
            "declares the port.");
}

TEST(HostportRuleStale, BesideTheRuleOfThePodItselfBlamesTheOldRuleOnly) {
  NatScene scene;
  scene.add(web_pod());
  scene.containers = PodsByContainer{};
  scene.rule(host_port_rule(80, "10.244.0.99:80"));
  scene.rule(host_port_rule(80, "10.244.0.7:80"));
  ASSERT_THAT(scene.conflict_names(), ElementsAre("80/tcp hostport_rule_stale warning"));
  EXPECT_THAT(scene.conflicts().front().explanation, testing::EndsWith("the pod is gone."));
}

TEST(HostportRuleStale, NeedsATargetAndASandboxThatNobodyHas) {
  const auto stale = [](const char* target, bool sandbox) {
    NatScene scene;
    Pod web = web_pod(81);
    web.pod_ips = {"10.244.0.7", "fd00:244::7"};
    scene.add(web);
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
  const auto stale = [](bool every_pod, const char* sandbox, bool cgroups) {
    NatScene scene;
    scene.pods.every_pod = every_pod;
    if (cgroups) scene.containers = PodsByContainer{};
    NatRule rule = host_port_rule(80, "10.244.0.99:80");
    rule.sandbox_id = sandbox;
    scene.rule(rule);
    return !scene.of(Verdict::hostport_rule_stale).empty();
  };
  EXPECT_TRUE(stale(false, "sandbox", true));
  EXPECT_FALSE(stale(false, "sandbox", false));
  EXPECT_FALSE(stale(false, "", true));
  EXPECT_TRUE(stale(true, "", true));
  EXPECT_FALSE(stale(true, "sandbox", false));
}

TEST(HostportRuleStale, OfCrioOverIptablesIsWhereItsPodHasNoContainer) {
  NatRule rule = host_port_rule(80, "10.244.0.99:80");
  rule.owner = RuleOwner::cri_hostport;
  rule.sandbox_id.clear();
  rule.pod_uid = "uid-gone";
  const auto is_stale = [&](std::optional<PodsByContainer> containers) {
    NatScene scene;
    scene.containers = std::move(containers);
    scene.pods.every_pod = false;
    scene.rule(rule);
    return !scene.of(Verdict::hostport_rule_stale).empty();
  };
  EXPECT_TRUE(is_stale(PodsByContainer{{"c", "uid-other"}}));
  EXPECT_FALSE(is_stale(PodsByContainer{{"c", "uid-gone"}}));
  EXPECT_FALSE(is_stale(std::nullopt));
}

TEST(HostportRuleStale, RulesOfServicesAndDockerAreNone) {
  for (const RuleOwner owner : {RuleOwner::kube_proxy, RuleOwner::docker, RuleOwner::other}) {
    NatScene scene;
    scene.containers = PodsByContainer{};
    NatRule rule = host_port_rule(80, "10.244.0.99:80");
    rule.owner = owner;
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

}  // namespace
}  // namespace hostnet
