"""Whom `fleet` believes: servers and agents whose certificate, token or labels are wrong, and hostile answers."""

import base64
import copy
import json

import pytest
from conftest import AGENT, wait_until
from fleet_cluster import agent_pod, frame, node
from fleet_scene import CONFLICT, IN_USE, PATIENT, Fleet, agent
from pod_cluster import certificate, issue


@pytest.fixture
def fleet(machine):
    return Fleet(machine)


def test_an_agent_that_speaks_tls_is_asked_over_tls(machine, fleet):
    config = machine.file("web.yaml", "tls_server_config: {cert_file: pki/server.crt, key_file: pki/server.key}\n")
    machine.agent("--pods.source=none", f"--web.config.file={config}", wait=None)
    fleet.add("n1", {"tcp": ["127.0.0.1", 20000]})
    fleet.start()
    wait_until(lambda: fleet.json()[0]["nodes"][0]["answered"], 10, "the agent over TLS")


def test_a_tenants_pods_with_the_agents_label_are_not_believed(fleet):
    fleet.add("n1", agent())
    fleet.told["pods"].append(agent_pod("n2", namespace="tenant"))
    fleet.told["nodes"].append(node("n2"))
    done = fleet.call()
    assert "1 pods with the agents' label are not in hostnet-agent and are not asked" in done.stderr
    assert "1 node did not answer: n2 (no agent runs there)" in done.stdout
    assert "hostnet-agent-n2" in json.dumps(fleet.json("--namespace=tenant")[0]["nodes"])


def test_no_agents_no_kubeconfig_or_a_wrong_token_end_with_two_and_a_sentence(fleet, machine):
    fleet.told["nodes"].append(node("n1"))
    done = fleet.call()
    assert done.returncode == 2 and "are the agents installed?" in done.stderr and done.stdout == ""
    done = machine.run("env", "-i", "HOME=/nonexistent", AGENT, "fleet", check=False)
    assert done.returncode == 2 and "give --kubeconfig=FILE" in done.stderr
    (machine.directory / "pki/token").write_text("another")
    done = fleet.call()
    assert done.returncode == 2 and "answers 401" in done.stderr


def test_the_server_must_be_whom_the_kubeconfig_names(fleet, machine):
    fleet.add("n1", agent())
    fleet.start()
    certificate(machine.directory / "pki", "another")
    machine.file("kubeconfig", fleet.config.read_text().replace("ca.crt", "another.crt"))
    done = fleet.call()
    assert done.returncode == 2 and "its certificate is not accepted" in done.stderr


def test_a_server_with_another_name_than_its_host_is_asked_by_that_name(fleet, machine):
    fleet.add("n1", agent([CONFLICT]))
    issue(machine.directory / "pki", "ca", "DNS:api.example")
    fleet.start()
    assert "it is for another name" in fleet.call().stderr
    text = fleet.config.read_text()
    machine.file("kubeconfig", text.replace("cluster: {server", "cluster: {tls-server-name: api.example, server"))
    assert fleet.call().returncode == 1
    assert "its certificate is not accepted" not in fleet.call().stderr
    machine.file("kubeconfig", text.replace("cluster: {server", "cluster: {tls-server-name: another.example, server"))
    assert "it is for another name" in fleet.call().stderr
    # Lists and streams alike; an address is no name to ask for.
    assert set(fleet.counted()["names"]) == {None, "api.example", "another.example"}


def test_kubectl_proxy_is_asked_without_a_kubeconfig(fleet, machine):
    fleet.add("n1", agent([CONFLICT], check=IN_USE))
    fleet.told.update(plain=True, token=None)
    fleet.start()
    server = f"--server=http://127.0.0.1:{fleet.port}"
    done = machine.once("fleet", server, PATIENT)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.endswith("1 conflict, 0 risks on 1 node; 1 of 1 node answered; complete\n")
    assert machine.once("fleet", server, PATIENT, "--port=8080").returncode == 1


HOSTILE = {
    "endless frames": b"\x02\x7e\xff\xff" + bytes(65535) + (b"\x00\x7e\xff\xff" + bytes(65535)) * 20,
    "a frame of 2^63 bytes": b"\x82\x7f" + b"\x7f" + b"\xff" * 7,
    "a masked frame": b"\x82\x81abcdx",
    "an endless head": b"".join(frame(b"\x00HTTP/1.1 200 OK\r\n" if i == 0 else b"\x00x: y\r\n" * 4000)
                                for i in range(40)),
    "a body without end": frame(b"\x00HTTP/1.1 200 OK\r\n\r\n") + frame(b"\x00" + b"[" * 60000) * 400,
    "no HTTP": frame(b"\x00SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing": b"\x88\x00",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_agent_that_answers_nonsense_is_named_and_costs_little(fleet, what):
    fleet.add("n1", agent([CONFLICT]))
    fleet.add("n2", {"raw": base64.b64encode(HOSTILE[what]).decode()})
    fleet.start()
    done = fleet.machine.run("prlimit", f"--as={2 << 30}", AGENT, "fleet", f"--kubeconfig={fleet.config}",
                             PATIENT, check=False)
    assert done.returncode == 2, done.stderr
    assert "1 node did not answer: n2 (" in done.stdout and "1 of 2 nodes answered" in done.stdout


def test_hostile_names_stay_in_their_cells(fleet):
    nasty = copy.deepcopy(CONFLICT)
    nasty["held_by"][0]["name"] = "\u001b[31mred\nline\u202e" + "x" * 10000
    nasty["remedy"] = ["not a text"]
    fleet.add("n1", agent([nasty, CONFLICT]))
    done = fleet.call()
    assert done.returncode == 1 and "\x1b" not in done.stdout and done.stdout.count("\n") == 4
    assert fleet.json()[0]["findings"][0]["held_by"][0]["name"].startswith("\u001b[31mred\nline")
