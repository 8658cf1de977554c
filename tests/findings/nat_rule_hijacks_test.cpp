// The verdicts about listeners whose traffic a NAT rule takes, sentence by sentence.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

// docker service update --publish-rm takes the target port: dockerd publishes another one.
TEST(NatRuleHijack, OfASwarmsServiceIsRemovedByItsTargetPort) {
  NatRule rule = docker_rule("172.18.0.2:8080");
  rule.chains = {"PREROUTING", "DOCKER-INGRESS"};
  NatScene scene = listening_pod();
  scene.rule(rule);
  EXPECT_THAT(scene.conflicts().front().remedy,
              testing::StartsWith("docker service update --publish-rm TARGET_PORT SERVICE (docker "
                                  "service ls shows them: *:8080->TARGET_PORT), or change "));
}

// nft's tables may have the names of iptables'; iptables' have its base chains (nft(8)).
TEST(NatRuleHijack, IsShownByTheToolThatWroteTheRule) {
  const auto remedy_for = [](std::string base_chain, NatSource source, bool of_inet) {
    NatRule rule = docker_rule();
    rule.owner = RuleOwner::other;
    rule.table = "nat";
    rule.chains = {std::move(base_chain), "web"};
    rule.source = source;
    rule.of_inet = of_inet;
    NatScene scene = listening_pod();
    scene.rule(rule);
    return scene.conflicts().front().remedy;
  };
  EXPECT_THAT(remedy_for("PREROUTING", NatSource::nf_tables, false),
              HasSubstr("iptables -t nat -S | grep -e web"));
  EXPECT_THAT(remedy_for("PREROUTING", NatSource::ip_tables, false),
              HasSubstr("iptables-legacy -t nat -S | grep -e web"));
  EXPECT_THAT(remedy_for("prerouting", NatSource::nf_tables, false),
              HasSubstr("nft -a list table ip nat"));
  EXPECT_THAT(remedy_for("PREROUTING", NatSource::nf_tables, true),
              HasSubstr("nft -a list table inet nat"));
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

// A Service of this node's address and another's, as kube-proxy with IPVS has it.
NatScene load_balanced_node(const std::string& server, const std::string& own_server) {
  NatScene made;
  Link dummy;
  dummy.index = 5;
  dummy.name = "kube-ipvs0";
  made.table.links.push_back(dummy);
  const auto add = [&](std::uint32_t interface, const char* text, const std::string& to) {
    Address address;
    address.interface = interface;
    address.ip = ip(text);
    made.table.addresses.push_back(address);
    NatRule ipvs = node_port_rule(80, {to});
    ipvs.source = NatSource::ipvs;
    ipvs.scope.destination = AddressSpan{ip(text), ip(text)};
    made.rule(ipvs);
  };
  made.add(web_pod(80)).rule(host_port_rule(80, "10.244.0.7:80"));
  add(2, "192.0.2.1", own_server);
  add(5, "192.0.2.2", server);
  return made;
}

// k3s --kube-proxy-arg=proxy-mode=ipvs: the addresses of all nodes are the LoadBalancer's, and
// svclb's hostPort stands before it (docs.k3s.io/networking/networking-services).
TEST(ServiceHijack, APodThatStandsBeforeItsServiceOnEveryNodesAddressTakesNothingFromIt) {
  EXPECT_THAT(load_balanced_node("10.244.1.4:8000", "10.244.1.4:8000").conflict_names(), IsEmpty());
  EXPECT_THAT(load_balanced_node("10.244.1.4:8000", "10.244.1.5:8000").conflict_names(),
              ElementsAre("80/tcp hostport_hijacks_service critical"))
      << "the node's own address has another Service";
}

// An ingress controller with a hostPort and externalIPs (kubernetes/ingress-nginx, bare metal).
TEST(ServiceHijack, AServerOfTheServiceAnswersForIt) {
  EXPECT_THAT(load_balanced_node("10.244.0.7:80", "10.244.1.5:8000").conflict_names(), IsEmpty());
}

}  // namespace
}  // namespace hostnet
