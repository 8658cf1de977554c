"""A hostPort that the real portmap plugin programs for a container which is no pod's: its sandbox is
<namespace>-<id>, as nerdctl calls it, and the container lives (nerdctl#543)."""

import pytest

from declared import PORT, conflicts, said
from machine import own_container, own_uid
from nat_network import SANDBOX

SHAPES = {
    "nerdctl with systemd": f"system.slice/nerdctl-{SANDBOX}.scope",
    "nerdctl with cgroupfs": f"default/{SANDBOX}",
}


def holders(machine):
    ports = said(machine, "ports", PORT, port=1)["ports"]
    return [(holder["kind"], holder["name"]) for port in ports for holder in port["holders"]]


@pytest.fixture(params=SHAPES)
def published(network, request):
    """The port of a container that has processes, in the pod's place behind the bridge."""
    machine = network.machine
    in_container = machine.cgroup(SHAPES[request.param])
    network.serve(80, "the container", "pod", cgroup=in_container)
    network.portmap("nft", [{"hostPort": PORT, "containerPort": 80, "protocol": "tcp"}],
                    sandbox=f"default-{SANDBOX}")
    assert network.ask(PORT) == "the container"
    return network


def test_the_rule_is_the_living_containers_and_not_stale(published):
    assert conflicts(published.machine, port=1) == []


def test_it_has_the_living_containers_name(published):
    assert [name for _, name in holders(published.machine)] == [f"nerdctl {SANDBOX}"]


def test_over_a_pods_listener_it_is_told_with_the_containers_name(published):
    machine = published.machine
    uid = own_uid("c")
    published.serve(PORT, "the pod", cgroup=machine.cgroup(f"kubepods/pod{uid}/{own_container('7c')}"))
    assert published.ask(PORT) == "the container"
    finding, = conflicts(machine, uid=uid)
    assert (finding["verdict"], finding["severity"]) == ("nat_rule_hijacks_listener", "critical")
    assert f"nerdctl {SANDBOX}" in [holder["name"] for holder in finding["held_by"]]


def test_when_the_container_is_gone_the_rule_is_stale(network):
    network.portmap("nft", [{"hostPort": PORT, "containerPort": 80, "protocol": "tcp"}],
                    sandbox=f"default-{SANDBOX}")
    finding, = conflicts(network.machine, port=1)
    assert (finding["verdict"], finding["severity"]) == ("hostport_rule_stale", "warning")
