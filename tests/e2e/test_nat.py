"""NAT rules as the programs that keep them write them, real connections that land where they say, and
what the agent tells of both."""

import base64
import hashlib
import json
import os
import shutil
import subprocess

import pytest
from conftest import AGENT, pod, wait_until

UID = "aaaaaaaa-1111-4222-8333-aaaaaaaaaaaa"
SANDBOX = "5a" * 32
CRIO_HASH = base64.b32encode(hashlib.sha256(SANDBOX.encode()).digest())[:16].decode()
POD, NODE, CLIENT = "10.55.3.5", "10.9.0.1", "10.9.0.2"

SERVER = """
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('0.0.0.0', int(sys.argv[1]))); s.listen(16); print('ready', flush=True)
while True:
    c, _ = s.accept(); c.sendall(sys.argv[2].encode()); c.close()
"""
ASK = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5); print(s.recv(99).decode())
"""
PORTMAP = """
d=$(mktemp -d); ln -s $(command -v {0}) $d/iptables; ln -s $(command -v ip6{1}) $d/ip6tables
PATH=$d:$PATH CNI_COMMAND=ADD CNI_CONTAINERID={sandbox} CNI_NETNS=/proc/self/ns/net CNI_IFNAME=eth0 \
CNI_PATH=/usr/lib/cni /usr/lib/cni/portmap >/dev/null <<'END'
{{"cniVersion":"0.4.0","name":"k8s-pod-network","type":"portmap","capabilities":{{"portMappings":true}},
"runtimeConfig":{{"portMappings":[{{"hostPort":8080,"containerPort":80,"protocol":"tcp"}}]}},
"prevResult":{{"cniVersion":"0.4.0","interfaces":[{{"name":"eth0","sandbox":"/proc/self/ns/net"}}],
"ips":[{{"version":"4","address":"{pod}/24","interface":0}}]}}}}
END
rm -r $d
"""
HOOKS = """
  chain prerouting { type nat hook prerouting priority dstnat; policy accept; GUARD jump hostports; }
  chain output { type nat hook output priority -100; policy accept; fib daddr type local jump hostports; }
}
"""
PORTMAP_NFT = """table ip cni_hostport {
  chain hostports { tcp dport 8080 dnat to POD:80 comment "SANDBOX"; }
""" + HOOKS
CRIO_NFT = """table ip crio-hostports {
  map hostports {
    type inet_proto . inet_service : ipv4_addr . inet_service
    elements = { tcp . 8080 comment "CRIO_HASH" : POD . 80 }
  }
  map hostipports {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
  }
  chain hostports {
    dnat ip addr . port to meta l4proto . th dport map @hostports
    dnat ip addr . port to ip daddr . meta l4proto . th dport map @hostipports
  }
""" + HOOKS
KUBE_PROXY_NFT = """table ip kube-proxy {
  set nodeport-ips { type ipv4_addr; elements = { NODE }; }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 : goto external-X-shop/web/tcp/http }
  }
  chain endpoint-A { meta l4proto tcp dnat to POD:80; }
  chain service-X-shop/web/tcp/http { numgen random mod 1 vmap { 0 : goto endpoint-A }; }
  chain external-X-shop/web/tcp/http { goto service-X-shop/web/tcp/http; }
  chain services { ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports; }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
}
"""
KUBE_PROXY = """
i() {{ {0} -w -t nat "$@"; }}
for c in KUBE-SERVICES KUBE-NODEPORTS KUBE-EXT-X KUBE-SVC-X KUBE-SEP-X; do i -N $c; done
i -A PREROUTING -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES
i -A KUBE-SERVICES -m comment --comment 'kubernetes service nodeports' -m addrtype --dst-type LOCAL \
  -j KUBE-NODEPORTS
i -A KUBE-NODEPORTS -p tcp -m comment --comment shop/web:http -m tcp --dport 30080 -j KUBE-EXT-X
i -A KUBE-EXT-X -j KUBE-SVC-X
i -A KUBE-SVC-X -m comment --comment 'shop/web:http -> POD:80' -j KUBE-SEP-X
i -A KUBE-SEP-X -p tcp -m comment --comment shop/web:http -m tcp -j DNAT --to-destination {pod}:80
"""
DOCKER = """
i() {{ {0} -w -t nat "$@"; }}
i -N DOCKER
i -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
i -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination {pod}:80
"""


class Network:
    """A machine with a pod behind a bridge and a client outside."""

    def __init__(self, machine):
        self.machine = machine
        self.namespaces = {}
        machine.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        machine.run("ip", "link", "add", "br0", "type", "bridge")
        machine.run("ip", "addr", "add", "10.55.3.1/24", "dev", "br0")
        machine.run("ip", "link", "set", "br0", "up")
        self.join("pod", f"{POD}/24", "10.55.3.1")
        machine.run("ip", "link", "set", "pod", "master", "br0")
        self.join("client", f"{CLIENT}/24", NODE)
        machine.run("ip", "addr", "add", f"{NODE}/24", "dev", "client")

    def join(self, name, address, gateway):
        other = self.machine.start("unshare", "--net", "sh", "-c", "echo $$; exec sleep 3600",
                                   stdout=subprocess.PIPE, text=True)
        pid = self.namespaces[name] = other.stdout.readline().strip()
        self.machine.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pid)
        self.machine.run("ip", "link", "set", name, "up")
        for words in (["link", "set", "lo", "up"], ["link", "set", "eth0", "up"],
                      ["addr", "add", address, "dev", "eth0"],
                      ["route", "add", "default", "via", gateway]):
            self.machine.run("nsenter", "-t", pid, "--net", "ip", *words)

    def serve(self, port, answer, where=None):
        enter = ["nsenter", "-t", self.namespaces[where], "--net"] if where else []
        process = self.machine.start(*enter, "/usr/bin/python3", "-c", SERVER, port, answer,
                                     stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    def ask(self, port, address=NODE):
        return self.machine.run("nsenter", "-t", self.namespaces["client"], "--net",
                                "/usr/bin/python3", "-c", ASK, address, port).stdout.strip()

    def nft(self, script, guard="fib daddr type local"):
        for name, value in {"CRIO_HASH": CRIO_HASH, "SANDBOX": SANDBOX, "POD": POD, "NODE": NODE,
                            "GUARD": guard}.items():
            script = script.replace(name, value)
        self.machine.run("nft", "-f", "-", input=script)

    def sh(self, script, iptables, sandbox=SANDBOX):
        self.machine.run("sh", "-e", "-c", script.format(iptables, iptables.removeprefix("ip"),
                                                         pod=POD, sandbox=sandbox))


@pytest.fixture
def network(machine):
    return Network(machine)


def running_pod(address=POD, **options):
    """A manifest of a pod with hostPort 8080, and a status as the API server has it; "": no address yet."""
    made = json.loads(pod(name="web", port=80, host_port=8080, dns="ClusterFirst", **options))
    made["status"] = {"phase": "Running", "podIPs": [{"ip": address}] if address else []}
    return json.dumps(made) + "\n"


def flags(machine, manifest):
    machine.file("pods/pod.yaml", manifest)
    return ("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")


HOST_PORTS = {
    "portmap over iptables-legacy": lambda n: n.sh(PORTMAP, "iptables-legacy"),
    "portmap over iptables-nft": lambda n: n.sh(PORTMAP, "iptables-nft"),
    "portmap over nftables": lambda n: n.nft(PORTMAP_NFT),
    "portmap over nftables before 1.9.0": lambda n: n.nft(PORTMAP_NFT, guard=""),
    "CRI-O over nftables": lambda n: n.nft(CRIO_NFT),
}
NODE_PORTS = {
    "kube-proxy over nftables": lambda n: n.nft(KUBE_PROXY_NFT),
    "kube-proxy over iptables-legacy": lambda n: n.sh(KUBE_PROXY, "iptables-legacy"),
    "kube-proxy over iptables-nft": lambda n: n.sh(KUBE_PROXY, "iptables-nft"),
}


@pytest.mark.parametrize("by", ["address", "sandbox"])
@pytest.mark.parametrize("keeper", HOST_PORTS)
def test_a_host_port_takes_the_traffic_of_a_listener(network, keeper, by):
    machine = network.machine
    network.serve(80, "the pod", "pod")
    network.serve(8080, "the listener")
    assert network.ask(8080) == "the listener"
    HOST_PORTS[keeper](network)
    assert network.ask(8080) == "the pod"

    if by == "sandbox":
        machine.cgroup(f"kubepods/burstable/pod{UID}/{SANDBOX}")
        agent = machine.agent(*flags(machine, running_pod("", uid=UID)))
    else:
        agent = machine.agent(*flags(machine, running_pod(uid=UID)))
    finding, = agent.findings(port=8080)
    assert (finding["verdict"], finding["severity"]) == ("hostport_hijacks_listener", "critical")
    assert finding["declared_by"][0]["pod"] == "web"
    listener, *rules = finding["held_by"]
    # Without the guard in one of its two hooks it is two rules.
    assert (listener["comm"], len(rules)) == ("python3", 2 if "before" in keeper else 1)
    for rule in rules:
        assert (rule["kind"], rule["name"]) == ("nat_rule", "default/web")
        assert (rule["namespace"], rule["pod"]) == ("default", "web")
        assert f"dnat to {POD}:80" in rule["rule"]
    shown = [h["kind"] for h in agent.json("/ports/8080")["ports"][0]["holders"]
             if h["state"] != "time_wait"]  # of the questions above
    assert shown == ["unmanaged_process"] + ["nat_rule"] * len(rules)
    said = agent.json("/conflicts")
    assert said["complete"] is True, said["problems"]
    unguarded = ["hostport_rule_unguarded"] if "before" in keeper else []
    assert [v for v in agent.verdicts("risks") if v.startswith("hostport")] == unguarded


@pytest.mark.parametrize("keeper", NODE_PORTS)
def test_a_node_port_takes_the_traffic_of_a_listener_that_nobody_declares(network, keeper):
    network.serve(80, "the service", "pod")
    network.serve(30080, "the listener")
    assert network.ask(30080) == "the listener"
    NODE_PORTS[keeper](network)
    assert network.ask(30080) == "the service"

    agent = network.machine.agent("--pods.source=none")
    finding, = agent.findings()
    assert (finding["verdict"], finding["severity"]) == ("nodeport_hijacks_listener", "critical")
    assert finding["declared_by"] == []
    assert [h["name"] for h in finding["held_by"]] == ["python3", "shop/web:http"]
    assert "kubectl -n shop edit service web" in finding["remedy"]
    check = agent.json(f"/check?port=30080&address={NODE}")
    assert (check["verdict"], check["bindable"]) == ("in_use", False)


@pytest.mark.parametrize("iptables", ["iptables-legacy", "iptables-nft"])
def test_a_port_that_docker_publishes_is_held_by_its_rule(network, iptables):
    network.serve(80, "the container", "pod")
    network.sh(DOCKER, iptables)
    assert network.ask(8080) == "the container"
    agent = network.machine.agent("--pods.source=none")
    holder, = agent.json("/ports/8080")["ports"][0]["holders"]
    assert (holder["kind"], holder["name"]) == ("nat_rule", "docker")
    check = agent.json("/check?port=8080")
    assert (check["verdict"], check["bindable"]) == ("diverted", True)
    assert agent.findings() == []


def test_rules_that_come_and_go_are_seen(network):
    agent = network.machine.agent("--pods.source=none")
    assert agent.json("/ports/8080")["ports"] == []
    network.nft(PORTMAP_NFT)

    def rules():
        return [h["rule"] for p in agent.json("/ports/8080")["ports"] for h in p["holders"]]
    wait_until(rules, 15, "the rule")
    network.machine.run("nft", "flush", "ruleset")
    wait_until(lambda: not rules(), 15, "its end")


def found(machine, flags):
    done = machine.once("conflicts", "--format=json", *flags)
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == (1 if findings else 0)
    return findings


def test_a_rule_whose_pod_is_gone_is_stale(network):
    machine = network.machine
    network.sh(PORTMAP, "iptables-nft")
    machine.cgroup(f"kubepods/burstable/pod{UID}/{SANDBOX}")
    known = flags(machine, running_pod(uid=UID))
    assert machine.once("conflicts", *known).returncode == 0
    # The rule's address is not the status', but the sandbox that it names is the pod's.
    other = flags(machine, running_pod("192.0.2.1", uid=UID))
    assert found(machine, other) == []
    network.sh(PORTMAP.replace("8080", "8081"), "iptables-nft", sandbox="6b" * 32)
    finding, = found(machine, other)
    assert (finding["verdict"], finding["severity"]) == ("hostport_rule_stale", "warning")
    assert (finding["port"], finding["declared_by"]) == (8081, [])
    assert "iptables -t nat -S | grep -e CNI-DN-" in finding["remedy"]


def test_a_pod_whose_port_an_old_rule_sends_elsewhere_is_told_so(network):
    network.sh(PORTMAP, "iptables-nft", sandbox="6b" * 32)
    network.machine.cgroup(f"kubepods/burstable/pod{UID}/{SANDBOX}")
    finding, = found(network.machine, flags(network.machine, running_pod("192.0.2.1", uid=UID)))
    assert (finding["verdict"], finding["severity"]) == ("hostport_rule_stale", "warning")
    assert [d["pod"] for d in finding["declared_by"]] == ["web"]
    assert "No rule leads to default/web" in finding["explanation"]


def test_kubelets_own_port_is_lost_to_a_host_port_like_any_other(network):
    machine = network.machine
    kubelet = machine.directory / "kubelet"  # its executable's name is what counts
    shutil.copy(os.path.realpath("/usr/bin/python3"), kubelet)
    server = machine.start(kubelet, "-c", SERVER, 10250, "kubelet", stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "PYTHONHOME": "/usr"})
    assert server.stdout.readline() == "ready\n"
    assert network.ask(10250) == "kubelet"
    network.serve(80, "the pod", "pod")
    network.sh(PORTMAP.replace("8080", "10250"), "iptables-nft")
    assert network.ask(10250) == "the pod"
    manifest = running_pod(uid=UID).replace('"hostPort": 8080', '"hostPort": 10250')
    finding, = found(machine, flags(machine, manifest))
    assert (finding["verdict"], finding["severity"]) == ("hostport_hijacks_listener", "critical")
    assert [h["kind"] for h in finding["held_by"]] == ["node_component", "nat_rule"]


def test_a_host_port_without_a_rule_is_not_programmed(network):
    machine = network.machine
    network.sh(KUBE_PROXY, "iptables-nft")
    done = machine.once("conflicts", "--format=json", *flags(machine, running_pod(uid=UID)))
    finding, = json.loads(done.stdout)["findings"]
    assert (finding["verdict"], finding["severity"]) == ("hostport_not_programmed", "warning")
    network.nft(PORTMAP_NFT)
    assert machine.once("conflicts", *flags(machine, running_pod(uid=UID))).returncode == 0


@pytest.mark.parametrize("keeper", ["portmap over iptables-legacy", "portmap over nftables"])
def test_rules_are_recorded(network, keeper, tmp_path):
    HOST_PORTS[keeper](network)
    machine = network.machine
    network.serve(8080, "the listener")
    words = ("conflicts", "--format=json")
    live = machine.once(*words, *flags(machine, running_pod(uid=UID)))
    recording = tmp_path / "recording"
    machine.once("record", recording, *flags(machine, running_pod(uid=UID)), check=True)
    replayed = subprocess.run([AGENT, *words, f"--replay={recording}"], capture_output=True, text=True,
                              timeout=30)
    assert json.loads(replayed.stdout)["findings"] == json.loads(live.stdout)["findings"]
    assert json.loads(replayed.stdout)["limits"] == []


def test_without_net_admin_it_is_said_once(network):
    network.nft(PORTMAP_NFT)
    network.serve(8080, "the listener")
    agent = network.machine.agent(*flags(network.machine, running_pod(uid=UID)),
                                  capabilities=["sys_ptrace", "dac_read_search"])
    said = agent.json("/conflicts")
    assert [p["code"] for p in said["problems"]] == ["no_cap_net_admin"]
    assert [f["verdict"] for f in said["findings"]] == ["hostport_hijacks_listener"]
