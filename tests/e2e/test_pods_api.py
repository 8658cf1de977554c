"""The kubelet's Pods API as the source of pods, against a real gRPC server."""

import json
import socket
import subprocess

import pytest
from conftest import ROOT, pod, wait_until

QUICK = ("--pods.retry=10ms", "--pods.start-spread=1ms", "--pods.interval=100ms")


class Kubelet:
    def __init__(self, machine):
        self.machine = machine
        self.socket = machine.directory / "pods-api.sock"
        self.process = machine.start("/usr/bin/python3", ROOT / "tests/e2e/fake_pods_api.py", self.socket,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, **order):
        """The field masks that were asked for so far."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def agent(self, *flags):
        return self.machine.agent("--pods.source=pods-api", *QUICK, f"--pods.kubelet-socket={self.socket}", *flags)


@pytest.fixture
def kubelet(machine):
    return Kubelet(machine)


def one_pod(name, port, **more):
    made = json.loads(pod(name=name, port=port, uid=f"uid-{name}"))
    made["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]
    made["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}
    made["status"] = {"phase": "Running"}
    return made | more


def conflicts(agent):
    return {(f["port"], f["verdict"]) for f in agent.findings()}


def problems(agent):
    return " ".join(p["message"] for p in agent.json("/conflicts")["problems"])


def test_what_the_kubelet_says_is_declared(machine, kubelet):
    for port in (8080, 8081):
        machine.listen(port, name="squatter")
    kubelet.tell(pods=[one_pod("web", 8080), one_pod("other", 9090)])
    agent = kubelet.agent()
    wait_until(lambda: conflicts(agent) == {(8080, "unmanaged_process")}, 30, "what the list says")
    assert agent.findings()[0]["declared_by"][0]["source"] == "pods-api"
    assert agent.metric("^hostnet_pod_source_pods") == ['hostnet_pod_source_pods{source="pods-api"} 2']
    kubelet.tell(pods=[one_pod("late", 8081)])
    wait_until(lambda: conflicts(agent) == {(8081, "unmanaged_process")}, 30, "another list")
    assert agent.json("/conflicts")["complete"]
    assert agent.stop() == 0


def test_environments_and_annotations_are_never_asked_for(machine, kubelet):
    kubelet.tell(pods=[one_pod("web", 8080)])
    agent = kubelet.agent()
    wait_until(lambda: kubelet.tell(look=True), 30, "a question")
    paths = kubelet.tell(look=True)[0].split(",")
    assert "spec.containers.ports" in paths and "spec.hostNetwork" in paths
    assert not [path for path in paths if path in ("spec", "spec.containers", "metadata") or "env" in path.split(".")
                or "annotations" in path or "message" in path]
    assert "hunter2" not in agent.log()


def test_a_kubelet_that_has_not_synced_is_no_empty_node(machine, kubelet):
    machine.listen(8080, name="squatter")
    kubelet.tell(refuse=["FAILED_PRECONDITION", "pods are\nnot synced"], pods=[one_pod("web", 8080)])
    agent = kubelet.agent()
    wait_until(lambda: "FAILED_PRECONDITION: pods are\\nnot synced" in problems(agent), 30, "the refusal")
    assert not agent.json("/conflicts")["complete"]
    kubelet.tell(refuse=None)
    wait_until(lambda: conflicts(agent) == {(8080, "unmanaged_process")}, 30, "the pods")
    assert agent.json("/conflicts")["complete"]


def test_auto_goes_on_to_the_next_source_where_the_socket_is_dead(machine, kubelet):
    machine.stop(kubelet.process)
    agent = machine.agent("--pods.source=auto", *QUICK, f"--pods.kubelet-socket={kubelet.socket}",
                          "--pods.kubelet-url=https://127.0.0.1:1")
    wait_until(lambda: "pods-api.sock: connecting: Connection refused" in problems(agent) and
               "127.0.0.1:1: cannot connect" in problems(agent), 60, "both to be tried")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 4096, b""], ids=["http1", "zeros", "nothing"])
def test_what_speaks_something_else_is_a_problem(machine, answer):
    path = machine.directory / "other.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    listener.settimeout(120)
    agent = machine.agent("--pods.source=pods-api", *QUICK, f"--pods.kubelet-socket={path}")
    connection, _ = listener.accept()
    connection.sendall(answer)
    connection.close()
    wait_until(lambda: f"{path}: " in problems(agent), 30, "it to be told")
    assert agent.text("/healthz")
    listener.close()
