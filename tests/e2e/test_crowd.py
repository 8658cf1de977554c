"""Programs with tens of thousands of sockets: what the agent needs for them is bounded, and no port
is called free that one of them has."""

import concurrent.futures
import json
import subprocess

import pytest
from machine import status_kb

PROGRAMS, EACH = 3, 16_000  # 20,000 files for one is the limit of some machines
SOCKETS = PROGRAMS * EACH
FIRST = 2_000
ROOM = 64 * 1024  # KiB
CROWD = """
import resource, signal, socket, sys
first, count = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100,
                   max(count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
sockets = []
for port in range(first, first + count):
    each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    each.bind(("0.0.0.0", port))
    sockets.append(each)
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def crowded(machine):
    programs = [machine.python(CROWD, FIRST + at * EACH, EACH, stdout=subprocess.PIPE, text=True)
                for at in range(PROGRAMS)]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    return machine


def test_a_crowd_of_sockets_is_counted_and_costs_little(crowded):
    agent = crowded.agent("--pods.source=none")
    pid = agent.pid
    assert status_kb(pid, "VmHWM") < ROOM, status_kb(pid, "VmHWM")
    said = json.loads(agent.text("/ports?format=json"))
    folded = [group for group in said["folded"] if group["protocol"] == "udp"]
    shown = [port for port in said["ports"] if port["protocol"] == "udp"]
    assert sum(group["count"] for group in folded) + len(shown) == SOCKETS
    assert folded[0]["holder"]["comm"] == "python3"
    assert "more udp sockets of python3" in agent.text("/ports")

    paths = ["/ports?format=json"] * 4 + [f"/check?port={FIRST + SOCKETS - at}&protocol=udp&format=json"
                                          for at in range(1, 5)]
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(agent.text, paths))
    for answer in answers[4:]:
        assert json.loads(answer)["verdict"] == "in_use", answer
    assert status_kb(pid, "VmHWM") < ROOM, status_kb(pid, "VmHWM")
