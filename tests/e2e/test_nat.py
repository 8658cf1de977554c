"""What hostPorts and NodePorts do to the node's ports: rules as the programs that keep them write them,
real connections that land where they say, and the findings of both."""

import json
import subprocess

import pytest
from conftest import AGENT, wait_until
from nat_network import (DOCKER, FAMILIES, HOST_PORTS, KUBE_PROXY, KUBE_PROXY_STICKY, NODE, NODE_PORTS,
                         POD, PORTMAP_NFT, SANDBOX, UID, flags, running_pod)


@pytest.mark.parametrize("network,by", [("IPv4", "address"), ("IPv4", "sandbox"), ("IPv6", "address")],
                         indirect=["network"])
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
        agent = machine.agent(*flags(machine, running_pod(network.family.pod, uid=UID)))
    finding, = agent.findings(port=8080)
    assert (finding["verdict"], finding["severity"]) == ("hostport_hijacks_listener", "critical")
    assert finding["declared_by"][0]["pod"] == "web"
    listener, *rules = finding["held_by"]
    # Without the guard in one of its two hooks it is two rules.
    assert (listener["comm"], len(rules)) == ("python3", 2 if "before" in keeper else 1)
    for rule in rules:
        assert (rule["kind"], rule["name"]) == ("nat_rule", "default/web")
        assert (rule["namespace"], rule["pod"]) == ("default", "web")
        assert network.family.fill("dnat to @TO@:80") in rule["rule"]
    shown = [h["kind"] for h in agent.json("/ports/8080")["ports"][0]["holders"]]
    assert shown == ["unmanaged_process"] + ["nat_rule"] * len(rules)
    said = agent.json("/conflicts")
    assert said["complete"] is True, said["problems"]
    unguarded = ["hostport_rule_unguarded"] if "before" in keeper else []
    assert [v for v in agent.verdicts("risks") if v.startswith("hostport")] == unguarded


@pytest.mark.parametrize("network", FAMILIES, indirect=True)
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
    check = agent.json(f"/check?port=30080&address={network.family.node}")
    assert (check["verdict"], check["bindable"]) == ("in_use", False)


@pytest.mark.parametrize("iptables", ["legacy", "nft"])
def test_a_node_port_is_one_holder_with_all_its_backends(network, iptables):
    network.serve(80, "a backend", "pod")
    network.serve(81, "a backend", "pod")
    network.sh(KUBE_PROXY_STICKY, iptables)
    assert network.ask(30080) == network.ask(30080) == "a backend"
    agent = network.machine.agent("--pods.source=none")
    holder, = agent.json("/ports/30080")["ports"][0]["holders"]
    assert (holder["name"], holder["local_address"]) == ("shop/web:http", "0.0.0.0")
    backends = f"dnat to {network.family.pod}:80, {network.family.pod}:81"
    assert holder["rule"] == f"ip nat KUBE-SVC-X: fib daddr type local tcp dport 30080 {backends}"
    # A listener there is certainly without its traffic.
    assert agent.json("/check?port=30080")["verdict"] == "diverted"


def test_a_rule_for_a_prefix_is_shown_at_its_addresses(network):
    network.sh("@IPTABLES@ -w -t nat -A OUTPUT -d 127.0.0.0/8 -p tcp --dport 8080 -j DNAT --to @TO@:80", "nft")
    shown = network.machine.once("ports", "8080", "--pods.source=none").stdout
    assert " 127.0.0.0/8 " in shown.splitlines()[1], shown


@pytest.mark.parametrize("iptables", ["legacy", "nft"])
def test_a_port_that_docker_publishes_is_held_by_its_rule(network, iptables):
    network.serve(80, "the container", "pod")
    network.sh(DOCKER, iptables)
    assert network.ask(8080) == "the container"
    agent = network.machine.agent("--pods.source=none")
    # One rule for what arrives, and what the node itself sends to its other addresses.
    holders = agent.json("/ports/8080")["ports"][0]["holders"]
    assert {(h["kind"], h["name"]) for h in holders} == {("nat_rule", "docker")}
    check = agent.json("/check?port=8080")
    assert (check["verdict"], check["bindable"]) == ("diverted", True)
    assert agent.findings() == []


def test_manifests_are_read_where_no_other_source_is_wanted_and_without_pods_no_rule_is_stale(network):
    machine = network.machine
    network.portmap("nft")
    assert found(machine, ["--pods.source=none"]) == []
    network.serve(8080, "the listener")
    alone = found(machine, ["--pods.source=none", *flags(machine, running_pod(uid=UID))[1:]])
    assert [(f["verdict"], f["declared_by"][0]["source"]) for f in alone] == [
        ("hostport_hijacks_listener", "manifests")]


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
    network.portmap("nft")
    machine.cgroup(f"kubepods/burstable/pod{UID}/{SANDBOX}")
    known = flags(machine, running_pod(uid=UID))
    assert machine.once("conflicts", *known).returncode == 0
    # The rule's address is not the status', but the sandbox that it names is the pod's.
    other = flags(machine, running_pod("192.0.2.1", uid=UID))
    assert found(machine, other) == []
    network.portmap("nft", [{"hostPort": 8081, "containerPort": 80, "protocol": "tcp"}], sandbox="6b" * 32)
    finding, = found(machine, other)
    assert (finding["verdict"], finding["severity"]) == ("hostport_rule_stale", "warning")
    assert (finding["port"], finding["declared_by"]) == (8081, [])
    assert "iptables -t nat -S | grep -e CNI-DN-" in finding["remedy"]


def test_a_pod_whose_port_an_old_rule_sends_elsewhere_is_told_so(network):
    network.portmap("nft", sandbox="6b" * 32)
    network.machine.cgroup(f"kubepods/burstable/pod{UID}/{SANDBOX}")
    finding, = found(network.machine, flags(network.machine, running_pod("192.0.2.1", uid=UID)))
    assert (finding["verdict"], finding["severity"]) == ("hostport_rule_stale", "warning")
    assert [d["pod"] for d in finding["declared_by"]] == ["web"]
    assert "No rule leads to default/web" in finding["explanation"]


def test_kubelets_own_port_is_lost_to_a_host_port_like_any_other(network):
    machine = network.machine
    network.serve(10250, "kubelet", program="kubelet")
    assert network.ask(10250) == "kubelet"
    network.serve(80, "the pod", "pod")
    network.portmap("nft", [{"hostPort": 10250, "containerPort": 80, "protocol": "tcp"}])
    assert network.ask(10250) == "the pod"
    manifest = running_pod(uid=UID).replace('"hostPort": 8080', '"hostPort": 10250')
    finding, = found(machine, flags(machine, manifest))
    assert (finding["verdict"], finding["severity"]) == ("hostport_hijacks_listener", "critical")
    assert [h["kind"] for h in finding["held_by"]] == ["node_component", "nat_rule"]


def test_a_host_port_without_a_rule_is_not_programmed(network):
    machine = network.machine
    network.sh(KUBE_PROXY, "nft")
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
                              timeout=300)
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
