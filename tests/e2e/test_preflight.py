"""What the agent may say where it does not see every process of the node: net-tools#12."""

import json
import pathlib
import subprocess

import pytest
from conftest import AGENT

LISTENER = """
import os, signal, socket, sys
if len(sys.argv) > 1: os.setuid(int(sys.argv[1]))
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
print(server.getsockname()[1], flush=True)
signal.pause()
"""
# The agent beside others, in a PID namespace and with a /proc of its own.
ALONE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
REMEDY = "set hostPID: true, or mount the host's /proc and name it with --path.procfs"


@pytest.fixture(scope="module")
def outside():
    """Listeners of root's and of nobody's, by their ports."""
    running = [subprocess.Popen(["/usr/bin/python3", "-c", LISTENER, *uid], text=True,
                                stdout=subprocess.PIPE) for uid in ([], ["65534"])]
    yield [int(process.stdout.readline()) for process in running]
    for process in running:
        process.kill()
        process.wait(timeout=120)


def said(before, *words):
    done = subprocess.run([*before, AGENT, *words, "--format=json", "--pods.source=none"],
                          capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def holders(answer, port):
    return [holder for each in answer["ports"] if each["port"] == port
            for holder in each["holders"]]


def test_sockets_of_processes_that_are_not_shown_are_nobodys(outside):
    answer = said(ALONE, "ports")
    for port in outside:
        kinds = {holder["kind"] for holder in holders(answer, port)}
        assert kinds == {"unknown"}, holders(answer, port)
    assert not answer["complete"]
    assert ("no_host_pid", REMEDY) in [(each["code"], each["remedy"])
                                       for each in answer["problems"]]


def test_doctor_names_the_remedy(outside):
    checks = {check["name"]: check for check in said(ALONE, "doctor")["checks"]}
    assert checks["PID namespace"]["level"] == "limited"
    assert checks["PID namespace"]["fix"] == REMEDY


def test_a_network_namespace_of_its_own_is_not_told_as_the_hosts():
    """The agent's own procfs compares the agent with itself."""
    before = [ALONE[0], "--net", *ALONE[1:]]
    checks = {check["name"]: check for check in said(before, "doctor")["checks"]}
    assert checks["network namespace"]["level"] == "limited"
    assert checks["network namespace"]["fix"] == REMEDY
    answer = said(before, "ports")
    assert not answer["complete"]
    assert ("network_namespace_unknown", REMEDY) in [(each["code"], each["remedy"])
                                                     for each in answer["problems"]]


def test_with_the_hosts_procfs_every_owner_is_known(outside, tmp_path):
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    proc = tmp_path / "proc"
    proc.mkdir()
    before = ["unshare", "--mount", "sh", "-c", script, "sh", "/proc", proc,
              "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    answer = said([*map(str, before)], "ports", f"--path.procfs={proc}")
    for port in outside:
        assert [holder["comm"] for holder in holders(answer, port)] == ["python3"]
    assert "no_host_pid" not in [each["code"] for each in answer["problems"]]


def test_a_node_that_is_a_container_is_complete(machine):
    """As kind's: a PID namespace of its own, its pid 1 in a cgroup of its own."""
    init = pathlib.Path(machine.cgroup(f"node-{machine.init}/init.scope"))
    (init / "cgroup.procs").write_text(str(machine.init))
    machine.listen(8081)
    answer = json.loads(machine.once("ports", "--format=json", "--pods.source=none").stdout)
    assert [holder["comm"] for holder in holders(answer, 8081)] == ["python3"]
    checks = json.loads(machine.once("doctor", "--format=json", "--pods.source=none").stdout)
    assert "no_host_pid" not in [each["code"] for each in answer["problems"]]
    fixes = {check["name"]: check["fix"] for check in checks["checks"]}
    assert fixes["PID namespace"] == ""
