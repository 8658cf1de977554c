"""The product's promise, on a real kernel with real processes (issue: from bytes to /conflicts)."""

import pytest
from conftest import pod, wait_until
from machine import own_container, own_uid

POD_A, POD_B = own_uid("a"), own_uid("b")
CONTAINER = own_container("c0ffee")


def agent_with(machine, manifest, *flags):
    machine.file("pods/pod.yaml", manifest)
    return machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                         *flags)


def test_a_process_on_a_declared_port_is_named_within_a_tick_and_forgotten_when_it_stops(machine):
    agent = agent_with(machine, pod(port=8080))
    assert agent.findings() == []

    holder = machine.listen(8080, name="squatter")
    finding = wait_until(lambda: agent.findings(port=8080), 1.5, "the conflict")[0]
    assert finding["verdict"] == "unmanaged_process"
    assert finding["severity"] == "critical"
    assert finding["held_by"][0]["comm"] == "squatter"
    assert finding["held_by"][0]["local_address"] == "0.0.0.0"
    assert finding["declared_by"][0]["pod"] == "web"
    series = agent.metric(r"^hostnet_port_conflict\{")
    assert len(series) == 1 and 'holder="squatter"' in series[0] and series[0].endswith("} 1")
    assert "squatter" in agent.text("/conflicts")

    machine.stop(holder)
    wait_until(lambda: not agent.findings(), 1.5, "the end of the conflict")
    assert agent.metric(r"^hostnet_port_conflict\{") == []
    lines = wait_until(lambda: (said := [line for line in agent.log().splitlines() if "unmanaged_process" in line])[1:] and said,
                       what="a line of the end")
    assert len(lines) == 2


def test_the_declaring_pods_own_socket_is_no_conflict(machine):
    cgroup = machine.cgroup(f"kubepods/burstable/pod{POD_A}/{CONTAINER}")
    machine.listen(8080, cgroup=cgroup)
    agent = agent_with(machine, pod(port=8080, uid=POD_A))
    assert agent.findings() == []
    holder = agent.json("/ports/8080")["ports"][0]["holders"][0]
    assert (holder["kind"], holder["namespace"], holder["pod"]) == ("pod", "default", "web")
    assert holder["container_id"] == CONTAINER


def test_another_pods_socket_is_other_pod(machine):
    cgroup = machine.cgroup(f"kubepods/burstable/pod{POD_B}/{CONTAINER}")
    machine.listen(8080, cgroup=cgroup)
    agent = agent_with(machine, pod(port=8080, uid=POD_A))
    assert agent.verdicts() == ["other_pod"]


def test_loopback_53_does_not_disturb_a_pod_on_another_address(machine):
    machine.run("ip", "address", "add", "10.9.8.7/24", "dev", "lo")
    machine.listen(53, "127.0.0.53", name="resolved")
    agent = agent_with(machine, pod(port=53, host_ip="10.9.8.7"))
    assert agent.findings() == []


def test_loopback_53_disturbs_a_pod_on_every_address_until_the_pod_has_a_socket(machine):
    machine.listen(53, "127.0.0.53", name="resolved")
    agent = agent_with(machine, pod(port=53, uid=POD_A))
    assert agent.verdicts() == ["unmanaged_process"]
    machine.run("ip", "address", "add", "10.9.8.7/24", "dev", "lo")
    machine.listen(53, "10.9.8.7", cgroup=machine.cgroup(f"kubepods/pod{POD_A}/{CONTAINER}"))
    wait_until(lambda: not agent.findings(), 1.5, "satisfied")


def test_a_manifest_that_changes_is_seen(machine):
    machine.listen(8081, name="squatter")
    agent = agent_with(machine, pod(port=8080))
    assert agent.findings() == []
    machine.file("pods/pod.yaml", pod(port=8081))
    wait_until(lambda: agent.verdicts(port=8081) == ["unmanaged_process"], 1.5, "the new port")
    machine.file("pods/pod.yaml", "kind: [broken\n")
    wait_until(lambda: "pod.yaml" in agent.text("/conflicts") or "pod.yaml" in agent.log(), 2,
               "the complaint")


@pytest.mark.parametrize("protocol,code", [
    ("UDP", "import socket,signal; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
            "s.bind(('0.0.0.0',5353)); print('ready',flush=True); signal.pause()"),
])
def test_a_bound_udp_socket_is_a_holder(machine, protocol, code):
    import subprocess
    process = machine.python(code, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    agent = agent_with(machine, pod(port=5353, protocol=protocol))
    assert agent.verdicts() == ["unmanaged_process"]
    assert agent.findings()[0]["protocol"] == "udp"


def test_a_vxlan_device_is_the_kernels(machine):
    machine.run("ip", "link", "add", "vx0", "type", "vxlan", "id", "42", "dstport", "8472",
                "local", "127.0.0.1", "dev", "lo")
    machine.run("ip", "link", "set", "vx0", "up")
    agent = agent_with(machine, pod(port=8472, protocol="UDP"))
    finding = agent.findings()[0]
    assert finding["verdict"] == "kernel_socket"
    assert finding["held_by"][0]["name"] == "vx0"


def test_the_agents_own_port_is_never_a_conflict(machine):
    agent = agent_with(machine, pod(name="hostnet-agent", port=20000))
    assert agent.findings() == []


def test_the_exit_codes_of_a_single_look(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    flags = ("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    assert machine.once("conflicts", *flags).returncode == 0
    machine.listen(8080, name="squatter")
    done = machine.once("conflicts", *flags)
    assert done.returncode == 1 and "squatter" in done.stdout
    assert machine.once("check", "8080").returncode == 1
    assert machine.once("check", "8081").returncode == 0
    assert "squatter" in machine.once("ports", "8080").stdout.splitlines()[1]
