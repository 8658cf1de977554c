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
PORT = 8123  # nobody's in the fleet
NODES = nodes()
VIEWS = [(name, view) for name in NODES for view in NODES[name].get("views", ["pod", "unit"])]

# Nodes of which the program does not name every holder right yet, and what of.
NOT_YET: dict[str, str] = {}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Makes a node for a view: (its builder, its recording). Its rules are loaded once."""
    known, rules = {}, {}

    def make(name, view="pod"):
        if (name, view) not in known:
            directory = tmp_path_factory.mktemp(f"{name}-{view}")
            builder = Builder(name, view == "pod")
            if name not in rules:
                rules[name] = builder.read_rules(AGENT, directory)
            builder.add_rules(rules[name])
            builder.node.write(directory / "node")
            known[name, view] = builder, directory / "node"
        return known[name, view]
    return make


def asked(recording, *words):
    done = subprocess.run([AGENT, *words, "--format=json", f"--replay={recording}"],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 1, 2), done.stderr
    return json.loads(done.stdout), done.returncode


@pytest.mark.parametrize("name,view", VIEWS)
def test_an_ordinary_node_is_quiet_and_complete(made, name, view, request):
    _, recording = made(name, view)
    conflicts, status = asked(recording, "conflicts")
    assert [finding["explanation"] for finding in conflicts["findings"]] == []
    ports, _ = asked(recording, "ports")
    warned = {port["port"]: WARNINGS.intersection(port["findings"]) for port in ports["ports"]}
    assert {port: verdicts for port, verdicts in warned.items() if verdicts} == {}
    assert conflicts["problems"] == ports["problems"] == []
    assert conflicts["complete"] and ports["complete"] and status == 0


@pytest.mark.parametrize("name,view", VIEWS)
def test_every_socket_is_held_by_whom_the_node_has_it_from(made, name, view):
    builder, recording = made(name, view)
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


@pytest.mark.parametrize("name", NODES)
def test_its_rules_are_in_the_recording(made, name):
    builder, recording = made(name)
    for port in builder.taken:
        said, _ = asked(recording, "check", str(port))
        assert "nat_rule" in [holder["kind"] for holder in said["holders"]], said


@pytest.mark.parametrize("name", NODES)
def test_one_trouble_on_it_is_one_conflict(name, tmp_path):
    builder = Builder(name, as_pod=True)
    builder.add_unit("/system.slice/nginx.service", "nginx.service",
                     {"nginx": ["/usr/sbin/nginx", f"tcp 0.0.0.0:{PORT}"]})
    builder.add_pod("demo/web", {"web": ["/app/web", f"declares {PORT}"]})
    builder.node.write(tmp_path / "node")
    found = asked(tmp_path / "node", "conflicts")[0]["findings"]
    assert [(each["port"], each["verdict"], each["held_by"][0]["name"]) for each in found] == [
        (PORT, "unmanaged_process", "nginx.service")]


def test_every_node_and_part_names_where_it_is_from():
    assert len(NODES) >= 30
    known = parts()
    assert {part for node in NODES.values() for part in node["parts"]} == set(known)
    for name, words in [*NODES.items(), *known.items()]:
        assert words.get("source"), name
