"""NAT rules as the programs that write them have them, beside those of a hostPort of pod demo/web: who takes
the traffic, or that nobody does. Each case names where its rules are from."""

import pytest
from rule_scene import (HIJACKED, LOCAL, POD_SLICE, findings, in_front, iptables, node_with_rules, portmap,
                        prerouting, to, web)
from test_field_attribution import CONTAINER


def crio(others):
    """CRI-O's map (cri-o:internal/hostport), and others' tables."""
    return {"nft": others + """table ip crio-hostports {
 map hostports {
  type inet_proto . inet_service : ipv4_addr . inet_service
  elements = { tcp . 8080 : 10.244.0.7 . 80 }
 }
 chain hostports {
  dnat ip addr . port to meta l4proto . th dport map @hostports
 }
 chain prerouting {
  type nat hook prerouting priority -100; policy accept;
  fib daddr type local goto hostports
 }
}
"""}


NODE_PORT = (f"-A PREROUTING {LOCAL} -j KUBE-NODEPORTS",
             "-A KUBE-NODEPORTS -p tcp -m comment --comment demo/api:http -m tcp --dport 8080 "
             "-j KUBE-SVC-A", f"-A KUBE-SVC-A {to('10.244.0.9:80')}")
# The pod has hostPort 8080. (case and source, rules, verdict or None, who has it)
HOST_PORTS = [
    ("nobody but portmap", portmap(8080), None, None),
    ("Docker's rule before portmap's (moby:libnetwork/iptables)", in_front(
        f"-A PREROUTING {LOCAL} -j DOCKER",
        f"-A DOCKER ! -i docker0 {to('172.17.0.2:80')}"), HIJACKED, "docker"),
    ("Docker's rule for the node's address (moby:libnetwork/portmapper)", in_front(
        f"-A PREROUTING {LOCAL} -j DOCKER",
        f"-A DOCKER -d 10.0.0.1/32 ! -i docker0 {to('172.17.0.2:80')}"), HIJACKED, "docker"),
    ("Docker's rule for another address (moby:libnetwork/portmapper)", in_front(
        f"-A PREROUTING {LOCAL} -j DOCKER",
        f"-A DOCKER -d 192.0.2.9/32 ! -i docker0 {to('172.17.0.2:80')}"), None, None),
    ("Docker's rule behind portmap's", iptables(
        *[line for line in portmap(8080)["iptables"].splitlines() if line.startswith("-A")],
        f"-A PREROUTING {LOCAL} -j DOCKER",
        f"-A DOCKER ! -i docker0 {to('172.17.0.2:80')}"), None, None),
    ("firewalld's forward-port (fedora-coreos-tracker#467)", in_front(
        "-A PREROUTING -j PREROUTING_ZONES", "-A PREROUTING_ZONES -g PRE_public",
        "-A PRE_public -j PRE_public_allow",
        f"-A PRE_public_allow {to('192.168.1.5:80')}"), HIJACKED, "firewalld"),
    ("a redirect of ufw's before.rules (ufw-framework(8))", in_front(
        "-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3000"), HIJACKED,
     "PREROUTING"),
    ("a hook of libvirt (libvirt wiki: Networking, qemu hook)", in_front(
        f"-A PREROUTING -d 10.0.0.1/32 {to('192.168.122.10:80')}"), HIJACKED, "PREROUTING"),
    ("a Service's load balancer at the node's address (k3s#1969)", in_front(
        "-A PREROUTING -j KUBE-SERVICES",
        "-A KUBE-SERVICES -d 10.0.0.1/32 -p tcp -m comment --comment \"demo/web:http loadbalancer "
        "IP\" -m tcp --dport 8080 -j KUBE-EXT-A", f"-A KUBE-EXT-A {to('10.244.0.9:80')}"),
     None, None),
    ("podman's rule before CRI-O's map (netavark:src/firewall/nft.rs)", crio(
        "table inet netavark {\nchain PREROUTING {\n" + prerouting(
            "fib daddr type local tcp dport 8080 dnat ip to 10.88.0.4:80", -110) + "\n}\n}\n"),
     HIJACKED, "podman"),
    ("podman's rule behind it", crio(
        "table inet netavark {\nchain PREROUTING {\n" + prerouting(
            "fib daddr type local tcp dport 8080 dnat ip to 10.88.0.4:80", -90) + "\n}\n}\n"),
     None, None),
    ("everything to a DMZ host (OpenWrt: DMZ)", crio(
        "table ip edge {\nchain dmz {\n" + prerouting(
            'iifname "eth0" dnat to 192.168.1.99', -110) + "\n}\n}\n"), HIJACKED, "dmz"),
    ("a proxy's TPROXY (kernel:Documentation/networking/tproxy.rst)", crio(
        "table ip edge {\nchain divert {\ntype filter hook prerouting priority -150;\n"
        "tcp dport 8080 tproxy to :9000 meta mark set 1\n}\n}\n"), HIJACKED, "divert"),
    ("what the node itself sends only", crio(
        "table ip edge {\nchain out {\ntype nat hook output priority -110;\n"
        "tcp dport 8080 dnat to 10.1.1.1:80\n}\n}\n"), None, None),
    ("a NodePort of that number (kubernetes#76892)", in_front(*NODE_PORT),
     "nodeport_hijacks_listener", "demo/api:http"),
]


@pytest.mark.parametrize("rules,verdict,owner", [row[1:] for row in HOST_PORTS],
                         ids=[row[0] for row in HOST_PORTS])
def test_a_rule_before_a_host_ports_own_is_told_by_who_wrote_it(rules, verdict, owner, tmp_path):
    node = node_with_rules(rules, tmp_path)
    node.cgroup(f"{POD_SLICE}/cri-containerd-{CONTAINER}.scope")
    node.pods = [web(8080, False, ["10.244.0.7"])]
    found = findings(node, tmp_path / "node")
    assert [finding["verdict"] for finding in found] == ([verdict] if verdict else [])
    if verdict:
        assert owner in [holder["name"] for holder in found[0]["held_by"]]


# Where a kube-proxy or a DNS cache has the Services' addresses: kubernetes#72522.
@pytest.mark.parametrize("device", ["kube-ipvs0", "kube-dummy-if", "nodelocaldns", "localdns"])
def test_a_host_port_that_takes_a_services_address_is_told_so(device, tmp_path):
    node = node_with_rules(portmap(443), tmp_path)
    node.link(device, "dummy", "10.96.0.1/32")
    node.cgroup(f"{POD_SLICE}/cri-containerd-{CONTAINER}.scope")
    node.pods = [web(443, False, ["10.244.0.7"])]
    finding, = findings(node, tmp_path / "node")
    assert finding["verdict"] == "hostport_hijacks_service"
    assert "10.96.0.1" in finding["explanation"]


def test_a_services_address_that_is_the_nodes_own_is_expected_to_be_taken(tmp_path):
    """k3s' servicelb gives a Service the nodes' addresses, and kube-proxy puts them on its device
    (docs.k3s.io/networking/networking-services)"""
    node = node_with_rules(portmap(443), tmp_path)
    node.link("kube-ipvs0", "dummy", "10.0.0.1/32")
    node.cgroup(f"{POD_SLICE}/cri-containerd-{CONTAINER}.scope")
    node.pods = [web(443, False, ["10.244.0.7"])]
    assert findings(node, tmp_path / "node") == []


# netavark#641: a family without the rule. (the pod's addresses, verdict)
@pytest.mark.parametrize("ips,verdicts", [
    (["10.244.0.7"], []), (["10.244.0.7", "fd00:10:244::7"], ["hostport_not_programmed"])])
def test_a_family_without_its_rule_is_told(ips, verdicts, tmp_path):
    node = node_with_rules(portmap(8080), tmp_path)
    node.cgroup(f"{POD_SLICE}/cri-containerd-{CONTAINER}.scope")
    node.pods = [web(8080, False, ips)]
    assert [f["verdict"] for f in findings(node, tmp_path / "node")] == verdicts


# nerdctl#543: whose sandbox lives has no stale rule. (its cgroup; none lives)
@pytest.mark.parametrize("cgroup,verdicts", [
    (f"/system.slice/docker-{CONTAINER}.scope", []), (f"/default/{CONTAINER}", []),
    (f"/machine.slice/libpod-{CONTAINER}.scope/container", []),
    (f"/machine.slice/machine-libpod_pod_{'b' * 64}.slice/libpod-{CONTAINER}.scope", []),
    (f"/system.slice/web.service/libpod-payload-{CONTAINER}", []),
    (f"/system.slice/cri-containerd-{CONTAINER}.scope", []), (f"/k8s.io/{CONTAINER}", []),
    ("/system.slice/other.service", ["hostport_rule_stale"])])
def test_a_rule_is_stale_when_no_container_has_its_sandbox(cgroup, verdicts, tmp_path):
    node = node_with_rules(portmap(8080), tmp_path)
    node.process(800, "nginx", "/usr/sbin/nginx", cgroup)
    other = web(8081, False, ["10.244.0.99"])
    other["spec"]["containers"][0]["ports"] = []
    node.pods = [other]
    assert [f["verdict"] for f in findings(node, tmp_path / "node")] == verdicts


def test_the_rule_of_an_allocation_of_nomad_is_not_stale(tmp_path):
    """nomad:client/allocrunner/networking_cni.go: its sandbox is the allocation's id"""
    rules = portmap(8080, "0f9c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f")
    node = node_with_rules(rules, tmp_path)
    other = web(8081, False, ["10.244.0.99"])
    other["spec"]["containers"][0]["ports"] = []
    node.pods = [other]
    assert findings(node, tmp_path / "node") == []
