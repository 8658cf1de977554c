"""An ordinary node is quiet (tests/fleet). Each is replayed with the agent as a pod, which sees
cgroups from its own, and as a unit; and once more with one real trouble: quiet is not blind."""

import json
import subprocess
import sys

import pytest
from conftest import AGENT, ROOT

sys.path.insert(0, str(ROOT / "tests/fleet"))

from fleet import Builder, nodes, parts  # noqa: E402

WARNINGS = {"in_node_port_range", "in_ephemeral_range"}  # the risks that are warnings
VIEWS = ["pod", "unit"]
PORT = 8123  # nobody's in the fleet

# Nodes of which the program does not name every holder right yet, and what of.
NOT_YET = {
    "kubeadm-cilium": "socket units",
    "kubeadm-kube-vip": "socket units",
    "k3s-beside-quadlets": "podman's monitor in a quadlet's unit",
    "rke1-worker": "a kubelet in a container of docker",
    "k0s-controller": "konnectivity and kine of k0s, socket units",
    "microk8s": "dqlite and the cluster agent",
    "k8s-snap": "k8sd and dqlite, socket units",
    "openshift-control-plane": "socket units",
    "openshift-worker": "socket units",
    "microshift": "MicroShift's units",
    "talos-control-plane": "Talos's services",
    "talos-worker-cilium": "Talos's services",
    "flatcar-calico-ebpf": "socket units",
}


@pytest.fixture(scope="module", params=nodes())
def made(request, tmp_path_factory):
    """A node in both views: (its builder, its recording). Its rules are loaded once."""
    views = {}
    rules = None
    for view in VIEWS:
        directory = tmp_path_factory.mktemp(f"{request.param}-{view}")
        builder = Builder(request.param, view == "pod")
        if rules is None:
            rules = builder.read_rules(AGENT, directory)
        builder.add_rules(rules)
        builder.node.write(directory / "node")
        views[view] = builder, directory / "node"
    return views


def asked(recording, *words):
    done = subprocess.run([AGENT, *words, "--format=json", f"--replay={recording}"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1, 2), done.stderr
    return json.loads(done.stdout), done.returncode


@pytest.mark.parametrize("view", VIEWS)
def test_an_ordinary_node_is_quiet_and_complete(made, view):
    _, recording = made[view]
    conflicts, status = asked(recording, "conflicts")
    assert [finding["explanation"] for finding in conflicts["findings"]] == []
    ports, _ = asked(recording, "ports")
    warned = {port["port"]: WARNINGS.intersection(port["findings"]) for port in ports["ports"]}
    assert {port: verdicts for port, verdicts in warned.items() if verdicts} == {}
    assert conflicts["problems"] == ports["problems"] == []
    assert conflicts["complete"] and ports["complete"] and status == 0


@pytest.mark.parametrize("view", VIEWS)
def test_every_socket_is_held_by_whom_the_node_has_it_from(made, view, request):
    builder, recording = made[view]
    if builder.name in NOT_YET:
        request.applymarker(pytest.mark.xfail(strict=True, reason=NOT_YET[builder.name]))
    held = {}
    for port in asked(recording, "ports")[0]["ports"]:
        for holder in port["holders"]:
            place = port["protocol"], holder["local_address"], port["port"]
            held.setdefault(place, []).append((holder["kind"], holder["name"]))
    wrong = []
    for wanted in builder.expected:
        found = held.get((wanted.protocol, wanted.ip, wanted.port), [])
        if not any(kind == wanted.kind and name.startswith(wanted.name) for kind, name in found):
            wrong.append((wanted, found))
    assert wrong == []


def test_its_rules_are_in_the_recording(made):
    builder, recording = made["pod"]
    for port in builder.taken:
        said, _ = asked(recording, "check", str(port))
        assert "nat_rule" in [holder["kind"] for holder in said["holders"]], said


def test_one_trouble_on_it_is_one_conflict(made, tmp_path):
    name = made["pod"][0].name
    builder = Builder(name, as_pod=True)
    builder.add_unit("/system.slice/nginx.service", "nginx.service",
                     {"nginx": ["/usr/sbin/nginx", f"tcp 0.0.0.0:{PORT}"]})
    builder.add_pod("demo/web", {"web": ["/app/web", f"declares {PORT}"]})
    builder.node.write(tmp_path / "node")
    found = asked(tmp_path / "node", "conflicts")[0]["findings"]
    assert [(each["port"], each["verdict"], each["held_by"][0]["name"]) for each in found] == [
        (PORT, "unmanaged_process", "nginx.service")]


def test_every_node_and_part_names_where_it_is_from():
    assert len(nodes()) >= 30
    known = parts()
    assert {part for node in nodes().values() for part in node["parts"]} == set(known)
    for name, words in [*nodes().items(), *known.items()]:
        assert words.get("source"), name
