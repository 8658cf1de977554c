"""API servers and kubelets that answer with more than anybody can take: each answer is given up, in time
and in little memory, and it is said why."""

import pathlib
import re
import subprocess
import time

import pytest
from conftest import ROOT, wait_until
from machine import status_kb
from pod_cluster import QUICK, certificate, kubeconfig

ROOM = 48 * 1024  # KiB
TOO_LONG = "its head, or a line between two chunks, is too long"
LONG_LINE = "a line of its head is too long"


class Hostile:
    def __init__(self, machine, kind, port=6443):
        self.machine = machine
        pki = machine.directory / "pki"
        certificate(pki)
        machine.file("pki/token", "t")
        self.process = machine.start("/usr/bin/python3", ROOT / "tests/e2e/hostile_server.py", pki, port, kind,
                                     stdout=subprocess.PIPE, stderr=None, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.config = kubeconfig(machine, port)

    def sent(self):
        """Of the next answer that has ended; when that was is kept."""
        self.at, sent = map(float, self.process.stdout.readline().split()[-2:])
        return int(sent)

    def flags(self, source="apiserver"):
        if source == "kubelet":
            return ["--pods.source=kubelet", "--pods.kubelet-url=https://127.0.0.1:6443",
                    "--pods.kubelet-insecure-skip-verify", *QUICK]
        return [f"--pods.source={source}", f"--pods.kubeconfig={self.config}", "--pods.node-name=n1", *QUICK]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def problems(agent):
    return " ".join(p["message"] for p in agent.json("/conflicts")["problems"])


ENDLESS = [
    ("status_line", LONG_LINE), ("long_status_line", LONG_LINE), ("long_interim_answer", LONG_LINE),
    ("header_line", LONG_LINE), ("headers", TOO_LONG), ("interim_answers", TOO_LONG),
    ("chunk_line", TOO_LONG), ("trailer", ""), ("key", ""), ("depth", ""), ("value", ""), ("pods", ""),
    ("ports", "")]


@pytest.mark.parametrize("kind, why, source", [
    (kind, why, source) for kind, why in ENDLESS for source in ("apiserver", "kubelet")
    # The same reader takes the pods of both, 64 MiB of them.
    if source == "apiserver" or kind not in ("pods", "ports")])
def test_an_endless_answer_is_given_up(machine, kind, why, source):
    server = Hostile(machine, kind)
    agent = machine.agent(*server.flags(source), wait="/healthz")
    # A list of 64 MiB of good pods is read to its end, which takes a while.
    sent = [server.sent() for _ in range(1 if kind in ("pods", "ports") else 3)]
    wait_until(lambda: re.search(f"{source}: .*{why}", problems(agent)), 5, f"the problem, and {why}")
    most = status_kb(agent.pid, "VmHWM")
    print(f"{source}, {kind}: {sent} bytes sent, at most {most} KiB resident")
    assert most < ROOM


@pytest.mark.parametrize("kind", ["dripping_head", "dripping_list"])
def test_an_answer_that_drips_is_given_up_in_time(machine, kind):
    server = Hostile(machine, kind)
    begun = time.monotonic()
    said = machine.once("conflicts", *server.flags())  # somebody waits: 10 s
    assert "the answer was given up: it did not end in time" in said.stdout + said.stderr
    assert said.returncode == 2
    assert time.monotonic() - begun > 9


def test_a_watch_that_is_cut_again_and_again_costs_little(machine):
    server = Hostile(machine, "cut_watch")
    agent = machine.agent(*server.flags())
    for _ in range(4):  # a list, and watches
        server.sent()
    before, begun = cpu_seconds(agent.pid), server.at
    for _ in range(8):
        server.sent()
    used, took = cpu_seconds(agent.pid) - before, server.at - begun
    print(f"{8 / took:.1f} watches and {used / took:.3f} s of CPU a second, {len(agent.log().splitlines())} lines")
    assert took > 1.5  # at least half of 40, 80, ... 1280, 2000, 2000 ms
    assert len(agent.log().splitlines()) < 40
