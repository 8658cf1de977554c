// The verdicts about listeners whose traffic a NAT rule takes, sentence by sentence.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

// kubernetes#76892: a nodePort of 6443.
TEST(NodePortHijack, WhereK3sServesItsApiANodePortTakesIt) {
  for (const char* name : {"k3s", "rke2", "k0s", "kubelite"}) {
    NatScene scene;
    scene.hold(listener("::", 6443, component_owner(name, 8)));
    scene.rule(node_port_rule(6443, {"10.244.0.7:80"}));
    EXPECT_THAT(scene.conflict_names(), ElementsAre("6443/tcp nodeport_hijacks_listener critical"))
        << name;
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

}  // namespace
}  // namespace hostnet
