"""60,000 sockets of any kind, in the DaemonSet's 128 MiB, while four pages in JSON and four checks are
asked for at once: everything is answered in 64 MiB, and memory goes back."""

import concurrent.futures
import json
import pathlib
import subprocess

import pytest
from bounded import Bounded
from machine import Machine

CROWD = pathlib.Path(__file__).with_name("crowd.py")
PROGRAMS, EACH, FIRST = 6, 10_000, 2_000
SOCKETS = PROGRAMS * EACH


def crowd(machine, kind):
    programs = [machine.start("/usr/bin/python3", CROWD, kind, FIRST + at * EACH, EACH, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=None, text=True) for at in range(PROGRAMS)]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    return programs


@pytest.mark.parametrize("kind", ["udp", "listen", "connect"])
def test_a_crowd_of_sockets_fits(machine, kind):
    if kind != "udp":  # what asks the agent must not have one of those ports
        machine.run("sysctl", "-qw", f"net.ipv4.ip_local_port_range={FIRST + SOCKETS} 65500")
    bounded = Bounded(machine, Machine.agent, "--pods.source=none")
    agent = bounded.agent
    protocol = "udp" if kind == "udp" else "tcp"
    paths = ["/ports?format=json"] * 4 + [f"/check?port={FIRST + at * EACH}&protocol={protocol}&format=json"
                                          for at in range(4)]

    def ask_all():
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            return list(pool.map(agent.text, paths + ["/metrics", "/"]))

    ask_all()
    before = bounded.settled()
    programs = crowd(machine, kind)
    for _ in range(3):
        answers = ask_all()
    said = json.loads(answers[0])
    for answer in answers[4:8]:
        assert json.loads(answer)["verdict"] == "in_use", answer
    most = bounded.check_most()
    for program in programs:
        program.stdin.close()
        program.wait(timeout=120)
    after = bounded.check_as_before(before)
    print(f"{SOCKETS} {kind}: {before['resident']} KiB resident before, at most {most}, {after['resident']} "
          f"afterwards; {len(answers[0])} bytes of JSON, {len(said['ports'])} ports told singly")
