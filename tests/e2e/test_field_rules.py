"""NAT rules as the programs that write them have them, over a port that pod demo/web declares and
listens on: who takes the traffic, or that nobody does. Each case names where its rules are from."""

import pytest
from rule_scene import HIJACKED, LOCAL, POD_SLICE, findings, iptables, nft, node_with_rules, prerouting, to, web
from test_field_attribution import CONTAINER

# (case and source, rules, verdict on 8080 or None, who has it)
LISTENING = [
    ("Docker's swarm (moby:libnetwork/service_linux.go)", iptables(
        f"-A PREROUTING {LOCAL} -j DOCKER-INGRESS",
        f"-A DOCKER-INGRESS {to('172.18.0.2:8080')}",
        "-A DOCKER-INGRESS -j RETURN"), HIJACKED, "docker"),
    ("Docker's nftables (moby:integration/network/bridge/nftablesdoc)", {"nft": (
        "table ip docker-bridges {\n chain nat-prerouting-and-output {\n"
        'iifname != "bridge1" tcp dport 8080 counter dnat to 192.0.2.2:80 comment "DNAT"\n }\n'
        " chain nat-PREROUTING {\n"
        + prerouting("fib daddr type local counter jump nat-prerouting-and-output")
        + "\n }\n}\n")}, HIJACKED, "docker"),
    ("Docker, published at another address (moby:libnetwork/portmapper)", iptables(
        f"-A PREROUTING {LOCAL} -j DOCKER",
        f"-A DOCKER -d 192.0.2.77/32 {to('172.17.0.2:80')}"), None, None),
    ("netavark's nftables (netavark:src/firewall/nft.rs)", nft(
        "inet", "netavark",
        nv_2f259bab_10_88_0_0_nm16_dnat="tcp dport 8080 dnat ip to 10.88.0.4:8080",
        hostports="tcp dport 8080 jump nv_2f259bab_10_88_0_0_nm16_dnat",
        PREROUTING=prerouting("fib daddr type local jump hostports")), HIJACKED, "podman"),
    ("firewalld, a zone (fedora-coreos-tracker#467)", nft(
        "inet", "firewalld", nat_PRE_public_allow="tcp dport 8080 redirect to :9000",
        nat_PRE_public="jump nat_PRE_public_allow",
        nat_PREROUTING=prerouting("jump nat_PRE_public", -90)), HIJACKED, "firewalld"),
    ("firewalld, a policy (firewalld:doc/xml/firewalld.policies.xml)", nft(
        "inet", "firewalld",
        nat_PRE_policy_edge_allow="meta nfproto ipv4 tcp dport 8080 dnat ip to 10.0.0.9:80",
        nat_PREROUTING=prerouting("jump nat_PRE_policy_edge_allow", -90)),
     HIJACKED, "firewalld"),
    ("firewalld's iptables (firewalld:src/firewall/core/ipXtables.py)", iptables(
        "-A PREROUTING -j PREROUTING_ZONES", "-A PREROUTING_ZONES -g PRE_public",
        "-A PRE_public -j PRE_public_allow",
        "-A PRE_public_allow -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 9000"),
     HIJACKED, "firewalld"),
    ("LXD's proxy with nat=true (lxd:drivers_nftables_templates.go)", nft(
        "inet", "lxd", prert__web__proxy=prerouting(
            "ip daddr 10.0.0.1 tcp dport 8080 dnat to 10.1.1.5:80")), HIJACKED, "lxd"),
    ("Incus' network forward (incus:drivers_nftables_templates.go)", nft(
        "inet", "incus", fwdprert__incusbr0=prerouting(
            "ip daddr 10.0.0.1 tcp dport 8080 dnat to 10.1.1.5:80")), HIJACKED, "incus"),
    ("LXD's network forward of another address (lxd:test/suites/network_forward.sh)", nft(
        "inet", "lxd", fwdprert__lxdbr0=prerouting(
            "ip daddr 198.51.100.1 tcp dport 8080 dnat to 10.1.1.5:80")), None, None),
    ("LXD's iptables (lxd:drivers_xtables.go)", iptables(
        "-A PREROUTING -d 10.0.0.1/32 -m comment --comment "
        f'"generated for LXD network-forward lxdbr0" {to("10.1.1.5:80")}'), HIJACKED, "lxd"),
    ("Antrea's NodePortLocal (antrea:pkg/agent/nodeportlocal/rules)", iptables(
        f"-A PREROUTING -p all {LOCAL} -j ANTREA-NODE-PORT-LOCAL",
        f"-A ANTREA-NODE-PORT-LOCAL {to('10.10.0.5:80')}"), HIJACKED, "antrea"),
    ("Calico's floating IP (calico:felix/rules/nat.go)", iptables(
        "-A PREROUTING -j cali-PREROUTING", "-A cali-PREROUTING -j cali-fip-dnat",
        "-A cali-fip-dnat -d 10.0.0.1/32 -j DNAT --to-destination 10.244.1.5"),
     HIJACKED, "calico"),
    ("Calico's floating IP of another node (calico:felix/rules/nat.go)", iptables(
        "-A PREROUTING -j cali-PREROUTING", "-A cali-PREROUTING -j cali-fip-dnat",
        "-A cali-fip-dnat -d 192.0.2.5/32 -j DNAT --to-destination 10.244.1.5"), None, None),
    ("OVN's external IP that is the node's (ovn-kubernetes:gateway_iptables.go)", iptables(
        "-A PREROUTING -j OVN-KUBE-EXTERNALIP",
        f"-A OVN-KUBE-EXTERNALIP -d 10.0.0.1/32 {to('10.96.113.4:80')}"),
     HIJACKED, "ovn_kubernetes"),
    ("Istio on a machine (istio:tools/istio-iptables)", iptables(
        "-A PREROUTING -p tcp -j ISTIO_INBOUND",
        "-A ISTIO_INBOUND -p tcp -m tcp --dport 22 -j RETURN",
        "-A ISTIO_INBOUND -p tcp -j REDIRECT --to-ports 15006"), HIJACKED, "istio"),
    ("Istio's nftables on a machine (istio:tools/istio-nftables)", nft(
        "inet", "istio-proxy-nat",
        istio_inbound="tcp dport 22 return\nmeta l4proto tcp redirect to :15006",
        prerouting=prerouting("meta l4proto tcp jump istio_inbound")), HIJACKED, "istio"),
    ("Linkerd's init (linkerd2-proxy-init:pkg/iptables)", iptables(
        "-A PREROUTING -j PROXY_INIT_REDIRECT",
        "-A PROXY_INIT_REDIRECT -p tcp -m multiport --dports 4190,4191 -j RETURN",
        "-A PROXY_INIT_REDIRECT -p tcp -j REDIRECT --to-ports 4143"),
     HIJACKED, "PROXY_INIT_REDIRECT"),
    ("sshuttle's own way out (sshuttle:sshuttle/methods/nat.py)", iptables(
        "-A OUTPUT -j sshuttle-12300", "-A PREROUTING -j sshuttle-12300",
        f"-A sshuttle-12300 {LOCAL} -j RETURN",
        "-A sshuttle-12300 -d 10.0.0.0/8 -p tcp -j REDIRECT --to-ports 12300"), None, None),
    ("Shorewall (shorewall.org: FAQ, port forwarding)", iptables(
        "-A PREROUTING -i eth0 -j net_dnat", f"-A net_dnat {to('192.168.1.5:80')}"),
     HIJACKED, "net_dnat"),
    ("GKE's metadata server (cloud.google.com: Workload Identity)", iptables(
        "-A PREROUTING -d 169.254.169.254/32 ! -i eth0 -p tcp -m tcp --dport 80 -j DNAT "
        "--to-destination 169.254.169.252:988"), None, None),
    ("the marks of the AWS VPC CNI (amazon-vpc-cni-k8s:pkg/networkutils)", iptables(
        "-A PREROUTING -i eni+ -j AWS-CONNMARK-CHAIN-0",
        "-A PREROUTING -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80",
        "-A AWS-CONNMARK-CHAIN-0 ! -d 192.168.0.0/16 -j CONNMARK --set-xmark 0x80/0x80"),
     None, None),
    ("OVN's internal traffic policy (ovn-kubernetes:gateway_iptables.go)", iptables(
        "-A PREROUTING -j OVN-KUBE-ITP", "-A OUTPUT -j OVN-KUBE-ITP",
        "-A OVN-KUBE-ITP -d 10.96.10.10/32 -p tcp -m tcp --dport 8080 -j REDIRECT "
        "--to-ports 9000"), None, None),
    ("OVN's NodePort (ovn-kubernetes#1981)", iptables(
        "-A PREROUTING -j OVN-KUBE-NODEPORT",
        f"-A OVN-KUBE-NODEPORT {LOCAL} {to('10.96.113.4:80')}"),
     "nodeport_hijacks_listener", "ovn_kubernetes"),
    ("Antrea's NodePort (antrea:pkg/agent/route)", iptables(
        "-A PREROUTING -j ANTREA-PREROUTING",
        '-A ANTREA-PREROUTING -m comment --comment "Antrea: DNAT external to NodePort packets" '
        f"-p tcp -m tcp --dport 8080 {LOCAL} -j DNAT --to-destination 169.254.0.252"),
     "nodeport_hijacks_listener", "antrea"),
    ("a firewalld rich rule for some senders (firewalld.richlanguage(5))", nft(
        "inet", "firewalld",
        nat_PRE_public_allow="ip saddr 10.0.0.0/8 tcp dport 8080 dnat ip to 192.168.1.5:80",
        nat_PREROUTING=prerouting("jump nat_PRE_public_allow", -90)), None, None),
    ("miniupnpd (miniupnpd:netfilter/iptables_init.sh)", iptables(
        "-A PREROUTING -i eth0 -j MINIUPNPD", f"-A MINIUPNPD {to('10.0.0.9:80')}"),
     HIJACKED, "MINIUPNPD"),
    ("OpenWrt's fw4 (openwrt:firewall4)", nft(
        "inet", "fw4",
        dstnat_wan="meta nfproto ipv4 tcp dport 8080 counter dnat ip to 192.168.1.5:80",
        dstnat=prerouting('iifname "eth0" jump dstnat_wan')), HIJACKED, "dstnat_wan"),
    ("a range of ports (iptables-extensions(8))", iptables(
        f"-A PREROUTING {to('10.0.0.9', '--dport 8000:8100')}"), HIJACKED, "PREROUTING"),
    ("all ports but one (iptables-extensions(8))", iptables(
        f"-A PREROUTING {to('10.0.0.9', '! --dport 22')}"), HIJACKED, "PREROUTING"),
    ("a map of nftables (nft(8))", nft(
        "ip", "edge", pre=prerouting("dnat to tcp dport map { 8080 : 10.0.0.9 }")),
     HIJACKED, "pre"),
    ("TPROXY (kernel:Documentation/networking/tproxy.rst)", iptables(
        "-A PREROUTING -p tcp -m tcp --dport 8080 -j TPROXY --on-port 50080 --on-ip 127.0.0.1 "
        "--tproxy-mark 0x1/0x1", table="mangle"), HIJACKED, "PREROUTING"),
    ("Cilium's TPROXY by mark (cilium:pkg/datapath/iptables)", iptables(
        "-A PREROUTING -j CILIUM_PRE_mangle",
        "-A CILIUM_PRE_mangle -p tcp -m mark --mark 0x42680200 -j TPROXY --on-port 17000 "
        "--on-ip 127.0.0.1 --tproxy-mark 0x200/0xffffffff", table="mangle"), None, None),
    ("Tailscale's masquerade (tailscale:util/linuxfw)", iptables(
        "-A POSTROUTING -j ts-postrouting",
        "-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE"), None, None),
    ("kiam's metadata address (kiam:cmd/kiam/iptables.go)", iptables(
        f"-A PREROUTING -d 169.254.169.254/32 -i cali+ {to('10.0.0.1:8181')}"), None, None),
    ("a redirect to the port itself (iptables-extensions(8))", iptables(
        "-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 8080"), None, None),
    ("a redirect of port 80 to the pod's (baremetal-runtimecfg#349)", iptables(
        "-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080"), None, None),
    ("the other protocol (iptables-extensions(8))", iptables(
        "-A PREROUTING -p udp -m udp --dport 8080 -j REDIRECT --to-ports 9000"), None, None),
    ("netavark's iptables (netavark:src/network/iptables.rs, podman 4)", iptables(
        f"-A PREROUTING {LOCAL} -j NETAVARK-HOSTPORT-DNAT",
        f"-A OUTPUT {LOCAL} -j NETAVARK-HOSTPORT-DNAT",
        "-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 8080 -m comment --comment "
        f'"dnat name: podman id: {CONTAINER}" -j NETAVARK-DN-1D8721804F16F',
        "-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000",
        "-A NETAVARK-DN-1D8721804F16F -s 10.88.0.0/16 -p tcp -m tcp --dport 8080 "
        "-j NETAVARK-HOSTPORT-SETMARK",
        f"-A NETAVARK-DN-1D8721804F16F {to('10.88.0.2:80')}"), HIJACKED, "podman"),
    ("Docker's published port (moby:libnetwork/drivers/bridge/setup_ip_tables.go)", iptables(
        f"-A PREROUTING {LOCAL} -j DOCKER", f"-A OUTPUT ! -d 127.0.0.0/8 {LOCAL} -j DOCKER",
        "-A DOCKER -i docker0 -j RETURN", f"-A DOCKER ! -i docker0 {to('172.17.0.2:80')}"),
     HIJACKED, "docker"),
    ("Calico's nftables, a floating IP (calico:felix/nftables)", nft(
        "ip", "calico", nat_cali_fip_dnat="ip daddr 10.0.0.1 dnat to 10.244.1.5",
        nat_cali_PREROUTING="jump nat_cali_fip_dnat",
        nat_PREROUTING=prerouting("jump nat_cali_PREROUTING", -90)), HIJACKED, "calico"),
    ("Istio ambient on the node (istio:cni/pkg/iptables)", iptables(
        "-A POSTROUTING -j ISTIO_POSTRT",
        "-A ISTIO_POSTRT -p tcp -m owner --socket-exists -j SNAT --to-source 169.254.7.127"),
     None, None),
    ("libvirt's networks, nftables (libvirt:src/network/network_nftables.c)", {"nft": (
        "table ip libvirt_network {\n chain guest_nat {\n"
        "type nat hook postrouting priority 100; policy accept;\n"
        "ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade\n }\n}\n")},
     None, None),
    ("only new connections (iptables-extensions(8), conntrack)", iptables(
        f"-A PREROUTING -m conntrack --ctstate NEW {to('10.0.0.9:80')}"), HIJACKED, "PREROUTING"),
    ("only new connections, as it was written once (iptables-extensions(8), state)", iptables(
        f"-A PREROUTING -m state --state NEW {to('10.0.0.9:80')}"), HIJACKED, "PREROUTING"),
    ("what is established already (nft(8), ct state)", nft(
        "ip", "edge", pre=prerouting("ct state established,related accept\n"
                                     "ct state new tcp dport 8080 dnat to 10.0.0.9:80")),
     HIJACKED, "pre"),
    ("established only (nft(8), ct state)", nft(
        "ip", "edge", pre=prerouting("ct state established tcp dport 8080 dnat to 10.0.0.9:80")),
     None, None),
    ("a port that nobody tracks (iptables-extensions(8), CT)", {"iptables": (
        "*raw\n-A PREROUTING -p tcp -m tcp --dport 8080 -j CT --notrack\nCOMMIT\n"
        f"*nat\n-A PREROUTING {to('10.0.0.9:80')}\nCOMMIT\n")}, None, None),
    ("the mark of a connection that nobody sets (iptables-extensions(8), connmark)", iptables(
        f"-A PREROUTING -m connmark --mark 0x1 {to('10.0.0.9:80')}"), None, None),
    ("no mark of an untracked connection (net/netfilter/xt_connmark.c)", {"iptables": (
        "*raw\n-A PREROUTING -p tcp -m tcp --dport 8080 -j NOTRACK\nCOMMIT\n"
        "*mangle\n-A PREROUTING -p tcp -m tcp --dport 8080 -m connmark ! --mark 0x1 -j TPROXY "
        "--on-port 50080 --on-ip 127.0.0.1\nCOMMIT\n")}, None, None),
    ("a proxy of what is untracked (net/netfilter/xt_conntrack.c)", {"iptables": (
        "*raw\n-A PREROUTING -p tcp -m tcp --dport 8080 -j NOTRACK\nCOMMIT\n"
        "*mangle\n-A PREROUTING -p tcp -m tcp --dport 8080 -m conntrack --ctstate UNTRACKED "
        "-j TPROXY --on-port 50080 --on-ip 127.0.0.1\nCOMMIT\n")}, HIJACKED, "PREROUTING"),
    ("a WireGuard device that is not there (wg-quick(8), PostUp)", iptables(
        f"-A PREROUTING -i wg0 {to('10.0.0.9:80')}"), None, None),
    ("localdns' and node-local-dns' untracked port 53 (AgentBaker:localdns.sh)", iptables(
        "-A PREROUTING -d 169.254.10.10/32 -p udp -m udp --dport 53 -j NOTRACK",
        "-A OUTPUT -d 169.254.10.10/32 -p tcp -m tcp --dport 53 -j NOTRACK", table="raw"),
     None, None),
]


@pytest.mark.parametrize("rules,verdict,owner", [row[1:] for row in LISTENING],
                         ids=[row[0] for row in LISTENING])
def test_a_rule_over_a_pods_listener_is_told_by_who_wrote_it(rules, verdict, owner, tmp_path):
    node = node_with_rules(rules, tmp_path)
    node.process(700, "web", "/web", f"{POD_SLICE}/cri-containerd-{'a' * 64}.scope")
    node.listen(700, "tcp", "0.0.0.0", 8080)
    node.pods = [web(8080, True, ["10.0.0.1"])]
    found = findings(node, tmp_path / "node")
    if verdict is None:
        assert found == []
        return
    finding, = found
    assert (finding["verdict"], finding["port"]) == (verdict, 8080)
    assert owner in [holder["name"] for holder in finding["held_by"]]
