"""What the running agent has given away, and that it still does its work."""

import contextlib
import json
import pathlib
import re

import pytest

from conftest import wait_until

NEEDED = 1 << 19 | 1 << 2 | 1 << 12  # SYS_PTRACE, DAC_READ_SEARCH, NET_ADMIN


def status_of_tasks(agent):
    pid = agent.pid
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            yield dict(re.findall(r"^(\w+):\s+(\S+)", (task / "status").read_text(), re.M))


def test_every_thread_of_the_daemon_has_only_what_scans_need(machine):
    agent = machine.agent("--pods.source=none")
    wait_until(lambda: all(task["Seccomp"] == "2" for task in status_of_tasks(agent)), 5, "the filter")
    tasks = list(status_of_tasks(agent))
    assert len(tasks) > 3
    for task in tasks:
        assert int(task["CapEff"], 16) == int(task["CapPrm"], 16) == NEEDED, task["Name"]
        assert int(task["CapBnd"], 16) == NEEDED and int(task["CapAmb"], 16) == 0
        assert task["NoNewPrivs"] == "1"


def test_owners_are_named_and_every_answer_is_given_under_the_filter(machine):
    machine.start("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c",
                  "import socket,signal; s=socket.socket(); s.bind(('',8123)); s.listen(); signal.pause()")
    agent = machine.agent("--pods.source=none")
    wait_until(lambda: all(task["Seccomp"] == "2" for task in status_of_tasks(agent)), 5, "the filter")
    wait_until(lambda: "python3" in agent.text("/ports/8123"), 5, "the owner")
    for path in ("/", "/ports", "/conflicts", "/risks", "/interfaces", "/routes", "/check?port=8123", "/history"):
        assert agent.curl(path)[0] == 200, path
    assert agent.metric("^hostnet_attribution_complete 1$")
    assert agent.metric("^hostnet_syscalls_refused_total 0$")
    assert "hardening" not in agent.log() and "refused" not in agent.log()
    assert agent.stop() == 0


def test_each_measure_can_be_switched_off(machine):
    agent = machine.agent("--pods.source=none", "--no-security.seccomp", "--no-security.drop-capabilities",
                          "--no-security.no-new-privileges", "--no-security.no-memory-dumps", "--no-security.landlock")
    for task in status_of_tasks(agent):
        assert task["Seccomp"] == "0" and task["NoNewPrivs"] == "0"
        assert int(task["CapEff"], 16) & ~NEEDED


def test_doctor_says_what_holds(machine):
    checks = json.loads(machine.once("doctor", "--pods.source=none", "--format=json").stdout)["checks"]
    found = {check["name"]: check["found"] for check in checks}
    assert found["hardening: no_new_privs"] == "on"
    assert found["hardening: capabilities kept"].startswith("SYS_PTRACE, DAC_READ_SEARCH, NET_ADMIN, ")
    assert found["hardening: landlock"] in (
        "on, for the HTTP loop and the Kubernetes client",
        "not available: the kernel (Linux 5.13 with Landlock) or a filter says no")
    assert found["hardening: memory dumps"] == "no core dumps, not dumpable"
    assert re.fullmatch(r"on, \d+ system calls allowed", found["hardening: seccomp"])


@pytest.mark.parametrize("port, kept", [(80, 1 << 10), (8080, 0)])
def test_a_port_below_1024_keeps_the_capability_to_bind_it(machine, port, kept):
    agent = machine.agent("--pods.source=none", f"--web.listen-address=127.0.0.1:{port}", wait=None)
    wait_until(lambda: "listening" in agent.log(), 5, "the listener")
    for task in status_of_tasks(agent):
        assert int(task["CapEff"], 16) == NEEDED | kept
