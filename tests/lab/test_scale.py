"""What the pod sources of many nodes cost an API server: the product's own, against the real one.

The figures are printed (`pytest -s`) and go into deploy/README.md; asserted is what does not depend
on the machine: how many requests there are, and that nothing is polled."""

import collections
import json
import os
import pathlib
import re
import subprocess
import time

import machine
import pytest
from cluster import NAMESPACE, NODE_IP, ROOT, SLOW, right_for_the_kubelets_pods, wait_until
from outside_agent import ACCOUNT, USER, OutsideAgent, account, kubeconfig, source_up, token

LONG = bool(os.environ.get("HOSTNET_LONG"))
NODES = int(os.environ.get("HOSTNET_LAB_NODES", 1000 if LONG else 100))
PODS = 10  # of each node
PER_MINUTE = 5000
PROGRAM = pathlib.Path(machine.AGENT).parents[1] / "tests/lab/many_sources"
PKI = "/run/lab/pki"
SERVER = f"{NODE_IP}:16443"
TICKS = os.sysconf("SC_CLK_TCK")


class Fleet:
    """The sources, behind a link of their own that counts their bytes."""

    def __init__(self, node, config):
        self.node = node
        for words in ("netns add fleet", "link add fleet0 type veth peer name eth0 netns fleet",
                      "address add 10.98.0.1/24 dev fleet0", "link set fleet0 up",
                      "-n fleet address add 10.98.0.2/24 dev eth0", "-n fleet link set eth0 up",
                      "-n fleet route add default via 10.98.0.1"):
            node.run("ip", *words.split())
        self.process = node.start("ip", "netns", "exec", "fleet", PROGRAM, config, text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def grow(self, nodes):
        self.process.stdin.write(f"{nodes}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def look(self):
        return self.grow(0)

    def bytes(self):
        folder = self.node.path("/sys/class/net/fleet0/statistics")
        return sum(int((folder / f"{way}_bytes").read_text()) for way in ("rx", "tx"))

    def close(self):
        self.node.stop(self.process)
        # The server learns of it over the link.
        wait_until(lambda: not self.node.run("ss", "-Htn", "state", "established", "dst", "10.98.0.2").stdout,
                   SLOW, "the end of its connections")
        self.node.run("ip", "link", "del", "fleet0", check=False)
        self.node.run("ip", "netns", "del", "fleet", check=False)


class Meter:
    """What was spent since the last reading."""

    def __init__(self, control_plane, fleet):
        self.control_plane, self.fleet = control_plane, fleet
        self.last = self.now()

    def now(self):
        stat = self.control_plane.process("apiserver", "stat").rpartition(")")[2].split()
        return collections.Counter(
            server_cpu=(int(stat[11]) + int(stat[12])) / TICKS, bytes=self.fleet.bytes(),
            client_cpu=self.fleet.look()["cpu"], seconds=time.monotonic())

    def read(self):
        last, self.last = self.last, self.now()
        return {key: self.last[key] - last[key] for key in self.last}

    def server_memory(self):
        status = self.control_plane.process("apiserver", "status")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def load(node, *words):
    done = node.start("/usr/bin/python3", ROOT / "tests/lab/api_load.py", SERVER, f"{PKI}/admin.crt",
                      f"{PKI}/admin.key", *words, stdout=subprocess.PIPE, text=True)
    said = json.loads(done.communicate(timeout=600)[0])
    assert not said["failures"], said
    return said


@pytest.fixture
def audit(control_plane):
    made = control_plane.audit(USER)
    control_plane.restart("apiserver", *made.flags)
    # It would take away pods of nodes that do not exist.
    control_plane.stop("kcm")
    return made


@pytest.fixture
def fleet(node, audit):
    account(node)
    file = node.directory / "fleet.token"
    file.write_text(token(node))
    made = Fleet(node, kubeconfig(node.directory / "fleet.config", f"https://{SERVER}", f"{PKI}/ca.crt", file))
    yield made
    made.close()
    # Of ten thousand it deletes as many as it can in the time that a request has.
    pods = "/api/v1/namespaces/default/pods?labelSelector=lab%3Dfleet&gracePeriodSeconds=0"
    wait_until(lambda: node.run("kubectl", "delete", "--raw", pods, check=False).returncode == 0, 4 * SLOW,
               "the end of its pods")


def requests(audit):
    """How often which verb, resource or path, and status; of watches those that are over."""
    return collections.Counter(
        (event["verb"], event.get("objectRef", {}).get("resource", event["requestURI"]),
         event["responseStatus"]["code"])
        for event in audit.events() if event["stage"] == "ResponseComplete")


def watches(node):
    """How many watches of pods are open."""
    # The second name is that of 1.23 and newer.
    pattern = r'^apiserver_longrunning_(?:gauge|requests)\{.*resource="pods".*verb="WATCH".*\} (\S+)$'
    said = node.kubectl("get", "--raw", "/metrics")
    return sum(int(float(n)) for n in re.findall(pattern, said, re.MULTILINE))


def say(what, **figures):
    print(f"\n{what}: " + ", ".join(
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in figures.items()), flush=True)


def test_what_many_nodes_cost_the_api_server(node, control_plane, audit, fleet):
    said = load(node, "make", NODES, PODS)
    say("pods", made=said["done"], seconds=said["seconds"])
    assert said["done"] == NODES * PODS
    meter = Meter(control_plane, fleet)
    memory = [meter.server_memory()]
    load(node, "restart", NODES, PODS, PER_MINUTE, 30, 1)
    alone = meter.read()
    say("events that nobody watches", **alone)

    resident = [fleet.look()["resident"]]
    others, began = watches(node), time.monotonic()
    for half in (1, 2):
        meter.read()
        # As a rollout does it: a tenth at a time.
        for nodes in range(NODES // 2 * (half - 1) + NODES // 10, NODES // 2 * half + 1, NODES // 10):
            fleet.grow(nodes)
            wait_until(lambda nodes=nodes: fleet.look()["synced"] == nodes, 2 * SLOW, "the lists")
        wait_until(lambda half=half: watches(node) >= others + NODES // 2 * half, 2 * SLOW, "the watches")
        say(f"start of {NODES // 2} sources", **meter.read())
        resident.append(fleet.look()["resident"])
        memory.append(meter.server_memory())
    assert fleet.look()["pods"] == NODES * PODS
    started = requests(audit)
    say("requests at the start", **{" ".join(map(str, key)): n for key, n in started.items()})
    say("memory", client_kib_per_source=(resident[2] - resident[1]) / 1024 / (NODES - NODES // 2),
        server_kib_per_source=(memory[2] - memory[0]) / NODES, server_kib_before=memory[0],
        server_kib=memory[2])
    list_times = sorted(event["requestReceivedTimestamp"] for event in audit.events()
                        if event["verb"] == "list")
    say("lists came", first=list_times[0], half=list_times[NODES // 2], last=list_times[-1])

    meter.read()
    idle = 130 if LONG else 20
    end = time.monotonic() + idle
    wait_until(lambda: time.monotonic() > end, idle + 5, "the end of the quiet time")
    say("nothing happens", **meter.read())
    # A watch without a byte for 90 s is asked for again, a list never.
    assert requests(audit)["list", "pods", 200] == NODES, "somebody polls lists"

    told = fleet.look()["told"]
    meter.read()
    said = load(node, "restart", NODES, PODS, PER_MINUTE, 30, 1_000_000)
    wait_until(lambda: fleet.look()["told"] - told >= said["done"], SLOW, "all events")
    watched = meter.read()
    say("the same events, each watched by one node", **watched)
    say("one event", server_cpu_ms=(watched["server_cpu"] - alone["server_cpu"]) * 1000 / said["done"],
        client_cpu_ms=watched["client_cpu"] * 1000 / said["done"], bytes=watched["bytes"] / said["done"])
    state = fleet.look()
    assert (state["synced"], state["failing"], state["pods"]) == (NODES, 0, NODES * PODS), state
    # Not by the gauge: others' watches come and go, too.
    over = requests(audit)["watch", "pods", 200]
    fleet.close()
    wait_until(lambda: requests(audit)["watch", "pods", 200] >= over + NODES, SLOW, "the end of the watches")
    asked = requests(audit)
    say("requests in all", **{" ".join(map(str, key)): n for key, n in asked.items()})
    # One list, and for each watch at most one question for the version.
    assert asked["list", "pods", 200] == NODES
    rounds = 1 + int(time.monotonic() - began) // 85
    assert sum(asked.values()) <= NODES * (1.5 + 2 * rounds), asked


def test_what_polling_the_kubelet_costs_the_api_server(node, control_plane):
    audit = control_plane.audit("system:node:lab")
    control_plane.restart("apiserver", *audit.flags)
    account(node)
    # Before 1.33 that is more than a list of pods. For this measurement only.
    node.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": "poll"},
                "rules": [{"apiGroups": [""], "resources": [right_for_the_kubelets_pods()], "verbs": ["get"]}]})
    node.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": "poll"}, "subjects": [
                    {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                            "name": "poll"}})
    file = node.directory / "poll.token"
    file.write_text(token(node))
    config = kubeconfig(node.directory / "poll.config", f"https://{SERVER}", f"{PKI}/ca.crt", file)

    def reviews():
        return collections.Counter(of for (_, of, _), n in requests(audit).items()
                                   if of.endswith("reviews") for _ in range(n))
    wait_until(control_plane.node_is_ready, SLOW, "a ready node")
    before, began = reviews(), time.monotonic()
    agent = OutsideAgent(node, f"--pods.kubeconfig={config}", "--pods.kubelet-insecure-skip-verify",
                         f"--pods.kubelet-url=https://{NODE_IP}:10250", "--pods.interval=5s",
                         source="kubelet")
    wait_until(lambda: source_up(agent), 20, "the first poll")
    seconds = 630 if LONG else 20
    wait_until(lambda: time.monotonic() - began > seconds, seconds + 5, "the time of the measurement")
    asked = reviews() - before
    say(f"reviews of a kubelet that is polled each 5 s for {seconds} s", **asked)
    # It remembers an account for two minutes and what that may do for five, once it was answered: a
    # second poll may come before.
    assert 1 <= asked["tokenreviews"] <= 2 + seconds // 110
    assert 1 <= asked["subjectaccessreviews"] <= 2 + seconds // 280
