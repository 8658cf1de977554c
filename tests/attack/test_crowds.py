"""60,000 sockets of any kind, in the DaemonSet's 128 MiB, while four pages in JSON and four checks are
asked for at once: everything is answered in 64 MiB, and memory goes back."""

import concurrent.futures
import json
import pathlib
import subprocess

import pytest
from bounded import Bounded
from machine import Machine, pod, wait_until

CROWD = pathlib.Path(__file__).with_name("crowd.py")
FLOOD = pathlib.Path(__file__).with_name("flood.py")
PROGRAMS, EACH, FIRST = 6, 10_000, 2_000
SOCKETS = PROGRAMS * EACH


def crowd(machine, kind):
    programs = [machine.start("/usr/bin/python3", CROWD, kind, FIRST + at * EACH, EACH, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=None, text=True) for at in range(PROGRAMS)]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    return programs


REUSED = """
import resource, socket, sys
kind, port, count = getattr(socket, sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
sockets = []
for _ in range(count):
    sockets.append(socket.socket(socket.AF_INET, kind))
    sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sockets[-1].bind(("0.0.0.0", port))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["SOCK_DGRAM", "SOCK_STREAM"])
def test_a_crowd_on_a_declared_port_fits(machine, kind):
    folder = machine.directory / "pods"
    machine.file("pods/web.json", pod("web", 5000, protocol="UDP" if kind == "SOCK_DGRAM" else "TCP"))
    bounded = Bounded(machine, Machine.agent, "--pods.source=manifests", f"--pods.manifests={folder}")
    for _ in range(3):
        program = machine.python(REUSED, kind, 5000, EACH, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert program.stdout.readline() == "ready\n"
    protocol = "udp" if kind == "SOCK_DGRAM" else "tcp"
    wait_until(lambda: bounded.agent.findings(port=5000), what="a finding")
    for path in ("/ports?format=json", "/ports", "/ports/5000", "/conflicts?format=json", "/metrics"):
        bounded.agent.text(path)
    assert bounded.agent.json(f"/check?port=5000&protocol={protocol}")["verdict"] == "in_use"
    print(f"{3 * EACH} {protocol} sockets on a declared port: at most {bounded.check_most()} KiB")


PROGRAM = """
import os, shutil, socket, sys
folder, count = sys.argv[1], int(sys.argv[2])
os.chdir(folder)
for _ in range(15):
    os.mkdir("z" * 250)
    os.chdir("z" * 250)
shutil.copy("/bin/sleep", "holder")
for at in range(count):
    if os.fork() == 0:
        for port in range(2000 + at * 100, 2100 + at * 100):
            if port == 20000:  # the agent's
                continue
            made = socket.socket()
            made.bind(("0.0.0.0", port))
            made.listen(1)
            made.set_inheritable(True)
            made.detach()
        os.execv("./holder", ["holder", "600"])
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_crowd_of_programs_with_long_paths_fits(machine):
    """300 processes of one user, each with a hundred listeners, and a program whose path has 3,800 bytes."""
    bounded = Bounded(machine, Machine.agent, "--pods.source=none")
    machine.python(PROGRAM, machine.directory, 300, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: "30000 listening sockets" in bounded.agent.text("/conflicts"), what="all listeners")
    for path in ("/", "/ports", "/ports?format=json", "/ports/5000", "/check?port=5001&format=json", "/metrics"):
        bounded.agent.text(path)
    assert bounded.agent.json("/check?port=31999&protocol=tcp")["verdict"] == "in_use"
    print(f"30,000 listeners of 300 processes: at most {bounded.check_most()} KiB")


def test_pods_that_declare_one_port_fit(machine):
    """2,000 pods on one port, with names as long as Kubernetes allows, and a thousand sockets there."""
    folder = machine.directory / "pods"
    for at in range(2000):
        machine.file(f"pods/{at}.json", pod(f"{at:04}" + "p" * 249, 5000, namespace="n" * 63))
    program = machine.python(REUSED, "SOCK_STREAM", 5000, 1000, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "ready\n"
    bounded = Bounded(machine, Machine.agent, "--pods.source=manifests", f"--pods.manifests={folder}")
    found = wait_until(lambda: bounded.agent.findings(port=5000), what="findings")
    assert {finding["verdict"] for finding in found} == {"duplicate_declaration"}
    assert not bounded.agent.json("/conflicts")["complete"]
    for path in ("/", "/ports?format=json", "/ports/5000", "/conflicts", "/risks?format=json", "/metrics"):
        bounded.agent.text(path)
    print(f"{len(found)} findings about one port: at most {bounded.check_most()} KiB")


def test_pages_of_many_findings_fit(machine):
    """3,000 findings, and 400 clients that ask for pages of them with heads of 15 KB."""
    folder = machine.directory / "pods"
    for at in range(60):
        ports = [{"containerPort": 80, "hostPort": FIRST + at * 50 + each} for each in range(50)]
        machine.file(f"pods/{at}.json", json.dumps(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{at}", "namespace": "flood"},
             "spec": {"containers": [{"name": "c", "ports": ports}]}}))
    program = machine.start("/usr/bin/python3", CROWD, "listen", FIRST, 3000, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "ready\n"
    bounded = Bounded(machine, Machine.agent, "--pods.source=manifests", f"--pods.manifests={folder}")
    wait_until(lambda: len(bounded.agent.findings()) == 3000, what="3,000 findings")
    flood = machine.start("setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", FLOOD, "pages",
                          "127.0.0.1", 20000, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert flood.stdout.readline() == "ready\n"
    for _ in range(40):
        assert bounded.agent.text("/healthz") == "ok\n"
        assert bounded.agent.curl("/metrics")[0] == 200
    flood.stdin.close()
    print(f"{flood.stdout.readline()}at most {bounded.check_most()} KiB")


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
