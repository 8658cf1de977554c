"""The kubelet as the source of pods: polling it, whom its certificate must name, and choosing between it and
the others."""

import json

import pytest
from conftest import pod, wait_until
from pod_cluster import NODE, QUICK, Cluster, conflicts, issue, said, self_signed, source_up


@pytest.fixture
def cluster(machine):
    return Cluster(machine)


def test_the_kubelet_is_polled_and_its_certificate_looked_at(machine, cluster):
    machine.listen(8080, name="squatter")
    machine.listen(8081, name="squatter")
    cluster.apply("web", 8080)
    flags = ("--pods.source=kubelet", *QUICK, f"--pods.kubeconfig={cluster.config}",
             "--pods.kubelet-url=https://127.0.0.1:6443", f"--pods.node-name={NODE}")
    refused = machine.once("conflicts", *flags)
    assert refused.returncode == 2 and "certificate is not accepted" in refused.stdout
    assert cluster.tell("look")["requests"] == []
    assert machine.once("conflicts", *flags, "--pods.kubelet-insecure-skip-verify").returncode == 1

    agent = machine.agent(*flags, f"--pods.kubelet-ca-file={cluster.pki}/ca.crt",
                          "--pods.interval=200ms")
    wait_until(lambda: conflicts(agent) == {(8080, "unmanaged_process")}, 5, "the first poll")
    cluster.apply("web", 8081)
    wait_until(lambda: conflicts(agent) == {(8081, "unmanaged_process")}, 3, "another poll")
    assert set(cluster.tell("look")["requests"]) == {"/pods"}
    machine.stop(cluster.process)
    wait_until(lambda: not source_up(agent), 5, "three failed polls")
    assert agent.findings()[0]["stale"]


def asked_of_the_kubelet(cluster, pinned):
    """One look at a kubelet that is asked by its address, with these certificates in the file."""
    path = cluster.machine.file("pki/pinned.crt", "".join((cluster.pki / name).read_text()
                                                          for name in pinned))
    seen = len(cluster.tell("reload")["requests"])
    done = cluster.machine.once(
        "conflicts", "--pods.source=kubelet", f"--pods.kubeconfig={cluster.config}",
        "--pods.kubelet-url=https://127.0.0.1:6443", f"--pods.node-name={NODE}",
        f"--pods.kubelet-ca-file={path}")
    asked = len(cluster.tell("look")["requests"]) > seen
    assert asked == (done.returncode == 1), "a token went to an unknown server"
    return "accepted" if asked else done.stdout


def test_a_certificate_that_is_in_the_file_itself_needs_no_name_and_every_other_does(machine, cluster):
    machine.listen(8080, name="squatter")
    cluster.apply("web", 8080)
    # As a kubelet makes its own: for the node's name, with the authority that signed it behind it.
    self_signed(cluster.pki, "once")
    issue(cluster.pki, "once", "DNS:node-1")
    assert asked_of_the_kubelet(cluster, ["server.crt", "once.crt"]) == "accepted"
    # The authority alone vouches for names only.
    assert "it is for another name" in asked_of_the_kubelet(cluster, ["once.crt"])
    (cluster.pki / "server.crt").rename(cluster.pki / "first.crt")
    issue(cluster.pki, "once", "DNS:node-1")
    assert "it is for another name" in asked_of_the_kubelet(cluster, ["first.crt", "once.crt"])
    issue(cluster.pki, "once", "IP:127.0.0.1")
    assert asked_of_the_kubelet(cluster, ["first.crt", "once.crt"]) == "accepted"

    self_signed(cluster.pki, "server", "-addext", "subjectAltName=DNS:node-1")
    assert asked_of_the_kubelet(cluster, ["server.crt"]) == "accepted"
    (cluster.pki / "server.crt").rename(cluster.pki / "second.crt")
    self_signed(cluster.pki, "server", "-addext", "subjectAltName=IP:127.0.0.1")
    assert "certificate is not accepted" in asked_of_the_kubelet(cluster, ["second.crt"])


def pod_source(machine, *flags):
    """What doctor says of it."""
    checks = json.loads(machine.once("doctor", "--format=json", *flags).stdout)["checks"]
    (check,) = [c for c in checks if c["name"] == "pod source"]
    return check["level"], check["found"]


def test_auto_takes_what_answers_and_says_why_not_the_others(machine, cluster):
    flags = [*QUICK, f"--pods.kubeconfig={cluster.config}", f"--pods.node-name={NODE}"]
    cluster.apply("web", 8080)
    machine.listen(8080, name="squatter")
    assert machine.once("conflicts", *flags).returncode == 1
    cluster.tell("set", state={"answers": [{"status": 403}]})
    agent = machine.agent(*flags, "--pods.kubelet-url=https://127.0.0.1:6443",
                          f"--pods.kubelet-ca-file={cluster.pki}/ca.crt")
    wait_until(lambda: conflicts(agent), 5, "the API server at the second attempt")
    agent.stop()
    cluster.tell("set", state={"answers": [{"status": 403}]})
    by_kubelet = ["--pods.kubelet-url=https://127.0.0.1:6443",
                  f"--pods.kubelet-ca-file={cluster.pki}/ca.crt"]
    assert pod_source(machine, *flags, *by_kubelet) == (
        "ok", "kubelet: 1 pods; passed over: apiserver: 127.0.0.1:6443 answers 403: the account may "
              "not do this; it needs pods: list, watch")
    cluster.tell("set", state={"answers": [{"status": 403}] * 3})
    agent = machine.agent(*flags, *by_kubelet)
    (known,) = wait_until(lambda: said(agent, "pods synced"), 5, "the kubelet's pods")
    assert "source=kubelet pods=1 " in known and "passed_over=\"apiserver: 127.0.0.1:6443" in known
    wait_until(lambda: agent.json("/conflicts")["complete"], 5, "a complete look at them")
    agent.stop()

    machine.stop(cluster.process)
    machine.file("pods/pod.yaml", pod(name="web", port=8080))
    flags += ["--pods.kubelet-url=https://127.0.0.1:6444",
              f"--pods.manifests={machine.directory}/pods"]
    agent = machine.agent(*flags)
    wait_until(lambda: agent.metric('^hostnet_pod_source_up{source="manifests"} 1'), 10, "manifests")
    problems = " ".join(p["message"] for p in agent.json("/conflicts")["problems"])
    assert "apiserver: 127.0.0.1:6443: cannot connect" in problems
    assert "kubelet: 127.0.0.1:6444: cannot connect" in problems
    assert conflicts(agent) == {(8080, "unmanaged_process")}
    assert pod_source(machine, *flags) == (
        "limited", "manifests: 1 pods; 2 errors: apiserver: 127.0.0.1:6443: cannot connect; "
                   "kubelet: 127.0.0.1:6444: cannot connect")


def test_doctor_says_which_sources_auto_does_not_even_ask(machine):
    machine.file("pods/pod.yaml", pod(name="web", port=8080))
    flag = f"--pods.manifests={machine.directory}/pods"
    assert pod_source(machine, flag) == (
        "ok", "manifests: 1 pods; not asked: apiserver: this is not a pod, and no --pods.kubeconfig says "
              "where it is; kubelet: no --pods.kubelet-* flag is given")
    assert pod_source(machine, flag, "--pods.source=manifests") == ("ok", "manifests: 1 pods")
