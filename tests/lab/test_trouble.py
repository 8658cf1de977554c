"""A connection to the API server that fails in every way but one, and many events."""

import json
import os
import subprocess

import pytest
from cluster import IDLE, NODE_IP, ROOT, SLOW, pod, wait_until
from outside_agent import OutsideAgent, account, conflicts, kubeconfig, source_up, token
from witness import Witness, only

LONG = bool(os.environ.get("HOSTNET_LONG"))
PROXY_PORT = 16500
PKI = "/run/lab/pki"
SERVER = f"{NODE_IP}:16443"
STEADY, MOVED, TRAP = ((port, "unmanaged_process") for port in (8200, 8201, 8202))
PER_MINUTE = 5000
# Resident memory before and after, once everything was asked for; it was 8 KiB.
GROWTH_KIB = 1024


class Proxy:
    def __init__(self, node):
        self.process = node.start(
            "/usr/bin/python3", ROOT / "tests/lab/bad_proxy.py", PROXY_PORT, f"{PKI}/apiserver.crt",
            f"{PKI}/apiserver.key", SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def set(self, **state):
        self.process.stdin.write(json.dumps(state) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def cut(self, **state):
        """Ends what is under way; `state` is for what comes then."""
        before = self.set(cut_after=0)["cuts"]
        wait_until(lambda: self.set()["cuts"] > before, 20, "an answer under way that was cut")
        return self.set(cut_after=None, **state)


@pytest.fixture
def proxy(node):
    return Proxy(node)


@pytest.fixture
def agent(node, proxy):
    account(node)
    token_file = node.directory / "trouble.token"
    token_file.write_text(token(node))
    config = kubeconfig(node.directory / "trouble.config", f"https://127.0.0.1:{PROXY_PORT}",
                        f"{PKI}/ca.crt", token_file)
    return OutsideAgent(node, f"--pods.kubeconfig={config}")


@pytest.fixture
def scene(node, agent):
    """A conflict that stays, a pod that may come and go beside a squatter, and a port with a pod of its own."""
    for port, _ in (STEADY, MOVED):
        node.listen(port, name="squatter")
    node.apply(pod("steady", IDLE, ports=[STEADY[0]], nodeName="lab"))
    node.apply(pod("innocent", ["httpd", "-f", "-p", str(TRAP[0]), "-h", "/tmp"], ports=[TRAP[0]],
                   nodeName="lab"))
    wait_until(lambda: listens(agent, TRAP[0]), SLOW, "a pod on its own port")
    wait_until(lambda: conflicts(agent) == {STEADY}, SLOW, "the conflict")


def listens(agent, port):
    return any(h["pod"] == "innocent" for p in agent.json(f"/ports/{port}")["ports"]
               for h in p["holders"])


def move(node, agent, present, seconds=SLOW, why=""):
    """A pod that declares the squatter's port comes or goes, and the agent knows."""
    if present:
        node.apply(pod("moved", IDLE, ports=[MOVED[0]], nodeName="lab"))
    else:
        node.kubectl("delete", "pod", "moved", "--force", "--grace-period=0")
    expected = {STEADY, MOVED} if present else {STEADY}
    wait_until(lambda: conflicts(agent) == expected, seconds, f"the truth {why}")


def events(node, seconds):
    names = ["steady", "innocent", *[f"busy-{i}" for i in range(4)]]
    for name in names[2:]:
        node.apply(pod(name, IDLE, nodeName="lab"))
    return node.start("/usr/bin/python3", ROOT / "tests/lab/api_load.py", SERVER, f"{PKI}/admin.crt",
                      f"{PKI}/admin.key", "annotate", PER_MINUTE, seconds, *names,
                      stdout=subprocess.PIPE, text=True)


def test_a_watch_that_is_cut_every_second(node, agent, proxy, scene):
    with Witness(agent, only(STEADY, MOVED)):
        proxy.set(cut_after=1)
        for _ in range(3):
            move(node, agent, True, why="while the watch is cut")
            move(node, agent, False, why="while the watch is cut")
        assert wait_until(lambda: proxy.set()["cuts"] >= 6 and proxy.set(), 60)["requests"] < 200
    # Each of them went on where the one before ended: nobody lists again, nothing is stale.
    assert source_up(agent)


def test_too_many_requests_are_waited_out(node, agent, proxy, scene):
    with Witness(agent, only(STEADY, MOVED)):
        proxy.set(refuse=2, retry_after=3)
        proxy.cut()
        wait_until(lambda: proxy.set()["refuse"] == 0, 30, "both refusals")
        move(node, agent, True, why="after 429")
        said = proxy.set()
        assert said["too_soon"] == 0, "it did not wait as it was asked to"


def test_streams_that_end_in_the_middle_of_an_event_and_lists_in_the_middle_of_a_pod(
        node, agent, proxy, scene, control_plane):
    with Witness(agent, only(STEADY, MOVED)):
        for at in (1, 300, 2500):
            proxy.cut(truncate=1, truncate_at=at)
            wait_until(lambda: proxy.set()["truncate"] == 0, 30, "the watch that will be short")
            move(node, agent, True, why=f"after a watch of {at} bytes")
            move(node, agent, False)
        # A server that has forgotten its history: it is listed again, and the answers are short.
        proxy.set(truncate=4, truncate_at=4000)
        control_plane.restart("apiserver")
        move(node, agent, True, why="after lists that were cut")
        assert proxy.set()["truncate"] == 0
    assert source_up(agent)


def test_five_thousand_events_a_minute(node, agent, proxy, scene):
    seconds = 60 if LONG else 15
    # Once through everything that it allocates once.
    json.loads(events(node, 2).communicate(timeout=60)[0])
    before = agent.memory()
    with Witness(agent, only(STEADY, MOVED)) as witness:
        load = events(node, seconds)
        move(node, agent, True, why="while events come")
        move(node, agent, False, why="while events come")
        done = json.loads(load.communicate(timeout=seconds + 60)[0])
        move(node, agent, True, why="after the events")
    after = agent.memory()
    print(f"{done['done']} events in {done['seconds']:.0f} s, {witness.looks} looks, "
          f"RSS {before} to {after} KiB")
    assert not done["failures"] and done["done"] == PER_MINUTE * seconds // 60
    assert done["seconds"] < 2 * seconds, "that was not 5,000 a minute"
    assert after - before < GROWTH_KIB
