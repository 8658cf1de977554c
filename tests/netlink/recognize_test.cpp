// Whose a rule is, by the names that programs give their tables, chains and comments.

#include "netlink/nat/recognize.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

struct Case {
  RuleOwner owner;
  const char* table;
  std::vector<std::string> chains;
  const char* comment;
  const char* source;  // where these names are from
};

const Case kCases[] = {
    {RuleOwner::cni_portmap,
     "nat",
     {"PREROUTING", "CNI-HOSTPORT-DNAT", "CNI-DN-0507678813aaa"},
     "",
     "containernetworking/plugins plugins/meta/portmap/portmap_iptables.go"},
    {RuleOwner::cni_portmap,
     "cni_hostport",
     {"prerouting", "hostports_all", "hostports"},
     "",
     "containernetworking/plugins plugins/meta/portmap/portmap_nftables.go"},
    {RuleOwner::cri_hostport,
     "nat",
     {"PREROUTING", "KUBE-HOSTPORTS", "KUBE-HP-4YVONL46AKYWSKS3"},
     "",
     "cri-o/cri-o internal/hostport/hostport_manager.go"},
    {RuleOwner::cri_hostport,
     "crio-hostports",
     {"prerouting", "hostports"},
     "",
     "cri-o/cri-o internal/hostport/hostport_manager_nftables.go"},
    {RuleOwner::kube_proxy,
     "nat",
     {"PREROUTING", "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-SVC-X"},
     "",
     "kubernetes/kubernetes pkg/proxy/iptables/proxier.go"},
    {RuleOwner::kube_proxy,
     "kube-proxy",
     {"nat-prerouting", "services", "external-ULMVA6XW"},
     "",
     "kubernetes/kubernetes pkg/proxy/nftables/proxier.go"},
    {RuleOwner::docker,
     "nat",
     {"PREROUTING", "DOCKER"},
     "",
     "moby/moby daemon/libnetwork/drivers/bridge/internal/iptabler"},
    {RuleOwner::docker,
     "nat",
     {"PREROUTING", "DOCKER-INGRESS"},
     "",
     "moby/moby daemon/libnetwork/service_linux.go"},
    {RuleOwner::docker,
     "docker-bridges",
     {"nat-PREROUTING", "nat-prerouting-and-output"},
     "",
     "moby/moby daemon/libnetwork/drivers/bridge/internal/nftabler/nftabler.go"},
    {RuleOwner::podman,
     "nat",
     {"PREROUTING", "NETAVARK-HOSTPORT-DNAT", "NETAVARK-DN-1D8721804F"},
     "",
     "containers/netavark src/firewall/varktables/types.rs"},
    {RuleOwner::podman,
     "netavark",
     {"PREROUTING", "NETAVARK-HOSTPORT-DNAT", "nv_2f259bab_dnat"},
     "",
     "containers/netavark src/firewall/nft.rs"},
    {RuleOwner::firewalld,
     "firewalld",
     {"nat_PREROUTING", "nat_PRE_public", "nat_PRE_public_allow"},
     "",
     "os-autoinst-distri-opensuse tests/console/firewalld.pm"},
    {RuleOwner::firewalld,
     "nat",
     {"PREROUTING", "PREROUTING_ZONES", "PRE_public", "PRE_public_allow"},
     "",
     "firewalld/firewalld src/firewall/core/ipXtables.py"},
    {RuleOwner::firewalld,
     "nat",
     {"PREROUTING", "PREROUTING_direct"},
     "",
     "firewalld/firewalld src/firewall/core/ipXtables.py"},
    {RuleOwner::ufw, "nat", {"PREROUTING", "ufw-before-prerouting"}, "", "ufw(8), before.rules"},
    {RuleOwner::libvirt,
     "nat",
     {"PREROUTING", "LIBVIRT_PRT"},
     "",
     "libvirt src/network/network_iptables.c"},
    {RuleOwner::libvirt,
     "libvirt_network",
     {"guest_nat"},
     "",
     "libvirt src/network/network_nftables.c"},
    {RuleOwner::lxd,
     "lxd",
     {"fwdprert.lxdbr0"},
     "",
     "canonical/lxd test/suites/network_forward.sh"},
    {RuleOwner::lxd,
     "nat",
     {"PREROUTING"},
     "generated for LXD network-forward lxdbr0",
     "canonical/lxd test/suites/network_forward.sh"},
    {RuleOwner::incus,
     "incus",
     {"prert.nattest.validNAT"},
     "",
     "lxc/incus test/suites/container_devices_proxy.sh"},
    {RuleOwner::incus,
     "nat",
     {"PREROUTING"},
     "generated for Incus container nattest (validNAT)",
     "lxc/incus test/suites/container_devices_proxy.sh"},
    {RuleOwner::ovn_kubernetes,
     "nat",
     {"PREROUTING", "OVN-KUBE-NODEPORT"},
     "",
     "ovn-org/ovn-kubernetes go-controller/pkg/node/gateway_iptables.go"},
    {RuleOwner::ovn_kubernetes,
     "nat",
     {"PREROUTING", "OVN-KUBE-EXTERNALIP"},
     "",
     "ovn-org/ovn-kubernetes go-controller/pkg/node/gateway_iptables.go"},
    {RuleOwner::ovn_kubernetes,
     "ovn-kubernetes",
     {"ovn-kube-local-gw-masq"},
     "",
     "ovn-org/ovn-kubernetes go-controller/pkg/node/nftables"},
    {RuleOwner::calico,
     "nat",
     {"PREROUTING", "cali-PREROUTING", "cali-fip-dnat"},
     "cali:r6XmIziWUJsdOK6Z",
     "projectcalico/calico felix/rules/static_test.go"},
    {RuleOwner::calico,
     "calico",
     {"nat-PREROUTING", "nat-cali-PREROUTING"},
     "",
     "projectcalico/calico felix/nftables/table.go"},
    {RuleOwner::kube_router,
     "nat",
     {"PREROUTING", "KUBE-ROUTER-SERVICES"},
     "",
     "cloudnativelabs/kube-router pkg/controllers/proxy/network_services_controller.go"},
    {RuleOwner::kube_router,
     "kube-router-filter-ipv4",
     {"KUBE-NWPLCY-DEFAULT"},
     "",
     "cloudnativelabs/kube-router pkg/controllers/netpol"},
    {RuleOwner::antrea,
     "nat",
     {"PREROUTING", "ANTREA-PREROUTING"},
     "Antrea: DNAT external to NodePort packets",
     "antrea-io/antrea pkg/agent/route/route_linux.go"},
    {RuleOwner::antrea,
     "nat",
     {"PREROUTING", "ANTREA-NODE-PORT-LOCAL"},
     "",
     "antrea-io/antrea pkg/agent/nodeportlocal/rules/iptable_rule.go"},
    {RuleOwner::cilium,
     "nat",
     {"PREROUTING", "CILIUM_PRE_nat"},
     "",
     "cilium/cilium pkg/datapath/iptables/iptables.go"},
    {RuleOwner::cilium,
     "mangle",
     {"PREROUTING", "OLD_CILIUM_PRE_mangle"},
     "",
     "cilium/cilium pkg/datapath/iptables/iptables.go"},
    {RuleOwner::istio,
     "nat",
     {"PREROUTING", "ISTIO_INBOUND", "ISTIO_IN_REDIRECT"},
     "",
     "istio/istio tools/istio-iptables/pkg/constants/constants.go"},
    {RuleOwner::istio,
     "nat",
     {"PREROUTING", "ISTIO_PRERT"},
     "",
     "istio/istio cni/pkg/iptables/iptables.go"},
    {RuleOwner::tailscale,
     "nat",
     {"PREROUTING", "ts-input"},
     "",
     "tailscale/tailscale util/linuxfw/iptables_runner.go"},
    // The innermost chain with an owner decides.
    {RuleOwner::docker, "nat", {"PREROUTING", "PREROUTING_direct", "DOCKER", "mine"}, "", ""},
    {RuleOwner::other, "nat", {"PREROUTING"}, "my comment", ""},
    {RuleOwner::other, "mine", {"prerouting"}, "", ""},
};

NatRule recognized(const Case& one) {
  NatRule rule{.table = one.table, .chains = one.chains};
  if (*one.comment != '\0') rule.comments = {one.comment};
  recognize_owner(rule);
  return rule;
}

TEST(RecognizeOwner, ByTheNamesThatProgramsGive) {
  for (const Case& one : kCases) {
    EXPECT_EQ(to_string(recognized(one).owner), to_string(one.owner))
        << one.table << " " << one.chains.back() << " " << one.source;
  }
}

// ovn-kubernetes#1981: OVN-KUBE-NODEPORT -m addrtype --dst-type LOCAL --dport 31405 -j DNAT.
TEST(RecognizeOwner, NodePortsOfOvnAndAntreaAreNodePorts) {
  NatRule ovn = recognized({RuleOwner::ovn_kubernetes, "nat", {"OVN-KUBE-NODEPORT"}, "", ""});
  ovn.scope.local_only = true;
  EXPECT_TRUE(is_node_port(ovn));
  NatRule external =
      recognized({RuleOwner::ovn_kubernetes, "nat", {"OVN-KUBE-EXTERNALIP"}, "", ""});
  EXPECT_FALSE(is_node_port(external));
  const auto antreas = [](const char* comment) {
    return is_node_port(recognized({RuleOwner::antrea, "nat", {"ANTREA-PREROUTING"}, comment, ""}));
  };
  EXPECT_TRUE(antreas("Antrea: DNAT external to NodePort packets"));
  EXPECT_TRUE(antreas("Antrea: DNAT local to NodePort packets"));
  EXPECT_FALSE(antreas("Antrea: DNAT something else"));
}

TEST(RecognizeOwner, CrioOverIptablesNamesItsPodsUid) {
  const auto uid = [](const char* comment) {
    NatRule rule{.table = "nat", .chains = {"PREROUTING", "KUBE-HOSTPORTS", "KUBE-HP-X"}};
    rule.comments = {comment};
    recognize_owner(rule);
    EXPECT_EQ(rule.owner, RuleOwner::cri_hostport);
    return rule.pod_uid;
  };
  EXPECT_EQ(uid("k8s_web_default_2fc932ce-fdcc-454b-97bd-aadfdeb4c340_0 hostport 8080"),
            "2fc932ce-fdcc-454b-97bd-aadfdeb4c340");
  EXPECT_EQ(uid("k8s_web_default_2fc932ce_0_ hostport 8080"), "2fc932ce");  // before 1.29
  EXPECT_EQ(uid("web_default hostport 8080"), "");
  EXPECT_EQ(uid("k8s_web_default hostport 8080"), "");
  EXPECT_EQ(uid(""), "");
}

}  // namespace
}  // namespace hostnet
