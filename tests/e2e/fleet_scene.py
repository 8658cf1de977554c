"""What the agents of a fleet answer, and the call that asks them (fleet_cluster.py)."""

import json
import re
import subprocess

from conftest import ROOT
from fleet_cluster import agent_pod, node
from machine import PATIENCE
from pod_cluster import certificate, kubeconfig

CONFLICT = {
    "id": "8f3c", "class": "conflict", "verdict": "unmanaged_process", "severity": "critical",
    "protocol": "tcp", "port": 8080, "host_ip": "0.0.0.0", "since": "2026-11-21T20:00:00.000Z",
    "stale": False, "ignored": False, "observed": None, "explanation": "nginx has it",
    "declared_by": [{"namespace": "default", "pod": "web-NODE", "workload": "DaemonSet/web", "container": "web"}],
    "held_by": [{"kind": "unmanaged_process", "name": "nginx.service", "pid": 812, "comm": "nginx", "uid": 0,
                 "state": "listen"}],
    "remedy": "systemctl stop nginx.service"}
RISK = {**CONFLICT, "class": "risk", "verdict": "in_node_port_range", "severity": "warning", "port": 30080,
        "held_by": [], "remedy": "another port"}
INFO = {**RISK, "verdict": "dns_policy", "severity": "info", "port": 9100}
FREE = {"protocol": "tcp", "port": 8080, "address": "::", "verdict": "free", "bindable": True, "holders": [],
        "declared_by": [], "risks": [], "explanation": "nothing holds it"}
IN_USE = {**FREE, "verdict": "in_use", "bindable": False, "holders": CONFLICT["held_by"],
          "explanation": "nginx has it"}
PATIENT = f"--timeout={PATIENCE:g}s"  # for what answers at once on a machine that has time
REFUSED = "error forwarding port 20000 to pod x, uid : failed: dial tcp4 127.0.0.1:20000: connect: " \
          "connection refused"
TOKEN = "first"


def said(findings, complete=True, problems=()):
    return [200, {"api_version": "v1", "node": "NODE", "generated_at": "2026-11-21T20:00:00.000Z",
                  "complete": complete, "problems": list(problems), "limits": [], "findings": findings}]


def agent(conflicts=(), risks=(), check=None, **more):
    answers = {"/conflicts": said(list(conflicts)), "/risks": said(list(risks))}
    if check:
        answers[f"/check?port={check['port']}&protocol={check['protocol']}"] = [200, check]
    return {"answers": answers, **more}


class Fleet:
    """Nodes by name, each with what its agent does."""

    def __init__(self, machine, port=16443):
        self.machine, self.port, self.told = machine, port, {"token": TOKEN, "nodes": [], "pods": [], "agents": {}}
        pki = machine.directory / "pki"
        certificate(pki)
        (pki / "token").write_text(TOKEN)
        self.config = kubeconfig(machine, port)
        self.process = None

    def add(self, name, does, **pod):
        self.told["nodes"].append(node(name))
        self.told["pods"].append(agent_pod(name, **pod))
        self.told["agents"][f"hostnet-agent-{name}"] = does

    def start(self, processes=1):
        self.process = self.machine.start(
            "/usr/bin/python3", ROOT / "tests/e2e/fleet_cluster.py", self.machine.directory / "pki", self.port,
            processes, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True)
        self.process.stdin.write(json.dumps(self.told) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"

    def counted(self):
        self.process.stdin.close()
        return json.loads(self.process.stdout.readline())

    def call(self, *words):
        if not self.process:
            self.start()
        patience = [] if any(word.startswith("--timeout") for word in words) else [PATIENT]
        return self.machine.once("fleet", f"--kubeconfig={self.config}", *patience, *words)

    def json(self, *words):
        done = self.call("--format=json", *words)
        assert done.stdout, done.stderr
        return json.loads(done.stdout), done.returncode


def rows(text):
    return [re.split(r"  +", line) for line in text.splitlines()]
