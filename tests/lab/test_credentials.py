"""Tokens and authorities that are replaced while the agent runs, as the kubelet replaces its files."""

import os
import subprocess
import time

import outside_agent
import pytest
import yaml
from cluster import IDLE, NAMESPACE, SLOW, pod, wait_until
from control_plane import ServiceAccountFolder
from outside_agent import USER, OutsideAgent, conflicts, kubeconfig, source_up, token
from witness import Witness, only

# A name of its own for the API server, whose certificate changes; the others know it by its address.
NAME = "rotated.lab"
SERVER_PORT = 16443
HELD, LATER, LAST = ((port, "unmanaged_process") for port in (8190, 8191, 8192))


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def authority(folder, name):
    """A new authority and a certificate for NAME that it signed: (its certificate, the API server's flag)."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(folder, "req", "-x509", *key, "-keyout", f"{name}-ca.key", "-out", f"{name}-ca.crt",
            "-days", "2", "-subj", f"/CN={name}")
    openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={NAME}")
    (folder / "san").write_text(f"subjectAltName=DNS:{NAME}")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}-ca.crt", "-CAkey",
            f"{name}-ca.key", "-CAcreateserial", "-out", f"{name}.crt", "-days", "2", "-extfile", "san")
    return ((folder / f"{name}-ca.crt").read_text(),
            f"--tls-sni-cert-key={folder}/{name}.crt,{folder}/{name}.key:{NAME}")


@pytest.fixture
def account(node):
    """The files of the agent's account as a pod has them."""
    outside_agent.account(node)
    if NAME not in node.path("/etc/hosts").read_text():
        with node.path("/etc/hosts").open("a") as hosts:
            hosts.write(f"10.99.0.1 {NAME}\n")
    yield ServiceAccountFolder(node)
    node.kubectl("delete", "secret", "-n", NAMESPACE, "first", "second", "--ignore-not-found")


def in_a_pod(node, folder):
    return OutsideAgent(node, env={"KUBERNETES_SERVICE_HOST": NAME,
                                   "KUBERNETES_SERVICE_PORT": str(SERVER_PORT)})


def with_a_kubeconfig(node, folder):
    inside = "/run/secrets/kubernetes.io/serviceaccount"
    config = kubeconfig(node.directory / "outside.config", f"https://{NAME}:{SERVER_PORT}",
                        f"{inside}/ca.crt", f"{inside}/token")
    return OutsideAgent(node, f"--pods.kubeconfig={config}")


def says(agent, words):
    return any(words in p["message"] for p in agent.json("/conflicts")["problems"])


def declare(node, *conflict):
    for port, _ in conflict:
        node.apply(pod(f"web-{port}", IDLE, ports=[port], nodeName="lab"))


@pytest.mark.parametrize("start", [in_a_pod, with_a_kubeconfig])
def test_a_replaced_token_is_taken_from_its_file_and_an_old_one_freezes_what_was_found(
        node, account, control_plane, start):
    authority_text, flag = authority(node.directory, "steady")
    control_plane.restart("apiserver", flag)
    for port, _ in (HELD, LATER, LAST):
        node.listen(port, name="squatter")
    declare(node, HELD)
    account.write(token=token(node, "first"), ca_crt=authority_text)
    agent = start(node, account)
    wait_until(lambda: conflicts(agent) == {HELD}, 20, "the conflict")

    allowed = only(HELD, LATER)
    with Witness(agent, lambda finding: allowed(finding)):
        # In time, as the kubelet does it: nobody notices.
        account.write(token=token(node, "second"))
        node.kubectl("delete", "secret", "-n", NAMESPACE, "first")
        control_plane.restart("apiserver", flag)  # which forgets whom it knew, and ends the watch
        declare(node, LATER)
        wait_until(lambda: conflicts(agent) == {HELD, LATER}, SLOW, "the truth with the second token")

        # Too late.
        node.kubectl("delete", "secret", "-n", NAMESPACE, "second")
        control_plane.restart("apiserver", flag)
        wait_until(lambda: says(agent, "answers 401"), SLOW, "the refusal")
        wait_until(lambda: not source_up(agent), 60, "the source to be down")
        declare(node, LAST)
        found = agent.findings()
        assert {f["port"] for f in found} == {HELD[0], LATER[0]} and all(f["stale"] for f in found)
        allowed = only(HELD, LATER, LAST)
        third = token(node)
        account.write(token=third)
        wait_until(lambda: conflicts(agent) == {HELD, LATER, LAST}, 60, "the truth with the third token")
    assert source_up(agent) and agent.json("/conflicts")["problems"] == []
    assert third not in agent.log() and third not in agent.text("/conflicts")


@pytest.mark.parametrize("start", [in_a_pod, with_a_kubeconfig])
def test_a_replaced_authority_is_taken_from_its_file_and_no_token_goes_to_a_server_without_trust(
        node, account, control_plane, start):
    old, old_flag = authority(node.directory, "old")
    new, new_flag = authority(node.directory, "new")
    newest, newest_flag = authority(node.directory, "newest")
    audited = control_plane.audit(USER)
    control_plane.restart("apiserver", old_flag)
    for port, _ in (HELD, LATER, LAST):
        node.listen(port, name="squatter")
    declare(node, HELD)
    account.write(token=token(node), ca_crt=old)
    agent = start(node, account)
    wait_until(lambda: conflicts(agent) == {HELD}, 20, "the conflict")

    allowed = only(HELD, LATER)
    with Witness(agent, lambda finding: allowed(finding)):
        # Both, then the new one, as it is done in time.
        account.write(ca_crt=old + new)
        control_plane.restart("apiserver", new_flag)
        declare(node, LATER)
        wait_until(lambda: conflicts(agent) == {HELD, LATER}, SLOW, "the truth from a server of the new one")
        account.write(ca_crt=new)

        # Too late.
        control_plane.restart("apiserver", newest_flag, *audited.flags)
        wait_until(lambda: says(agent, "certificate is not accepted"), SLOW, "the refusal")
        wait_until(lambda: not source_up(agent), 60, "the source to be down")
        declare(node, LAST)
        found = agent.findings()
        assert {f["port"] for f in found} == {HELD[0], LATER[0]} and all(f["stale"] for f in found)
        assert audited.events() == [], "a token went to a server that nobody vouched for"
        allowed = only(HELD, LATER, LAST)
        account.write(ca_crt=newest)
        wait_until(lambda: conflicts(agent) == {HELD, LATER, LAST}, 60, "the truth from the newest")
    assert source_up(agent) and agent.json("/conflicts")["problems"] == []
    assert agent.stop() == 0
    wait_until(audited.events, 10, "what was asked once it was trusted")


def with_a_token_of_ten_minutes(manifest):
    """The shortest that there is, renewed by the kubelet when four fifths are over."""
    things = list(yaml.safe_load_all(manifest))
    (daemonset,) = (t for t in things if t["kind"] == "DaemonSet")
    spec = daemonset["spec"]["template"]["spec"]
    spec["automountServiceAccountToken"] = False
    spec["volumes"].append({"name": "account", "projected": {"sources": [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}})
    spec["containers"][0]["volumeMounts"].append(
        {"name": "account", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"})
    return yaml.safe_dump_all(things)


@pytest.mark.skipif("HOSTNET_LONG" not in os.environ, reason="no token lives less than ten minutes")
def test_a_token_that_the_kubelet_renewed_is_used_when_the_first_is_over(node, control_plane, deploy):
    began = time.monotonic()
    agent = deploy(change=with_a_token_of_ten_minutes)
    for port, _ in (HELD, LATER):
        node.listen(port, name="squatter")
    declare(node, HELD)
    wait_until(lambda: conflicts(agent) == {HELD}, SLOW, "the conflict")
    with Witness(agent, only(HELD, LATER)):
        over = 600 + 120  # and what its clock is allowed to be wrong
        wait_until(lambda: time.monotonic() - began > over, over, "the end of the first token")
        control_plane.restart("apiserver")
        declare(node, LATER)
        wait_until(lambda: conflicts(agent) == {HELD, LATER}, SLOW, "the truth with another token")
    assert source_up(agent)
