"""Live pod sources against a TLS server that fails in every way we know (fake_apiserver.py): what is
found is right in the end, and nothing is found in between that is not so."""

import os
import time

import pytest
from conftest import pod, wait_until
from machine import status_kb
from pod_cluster import NODE, QUICK, Cluster, api_pod, certificate, conflicts, said, source_up
from witness import Witness, only


@pytest.fixture
def cluster(machine):
    return Cluster(machine)


def test_a_list_and_its_watch_are_followed_without_another_list(machine, cluster):
    for port in (8080, 8081):
        machine.listen(port, name="squatter")
    cluster.apply("web", 8080)
    began = time.time()
    agent = cluster.agent()
    wait_until(lambda: conflicts(agent) == {(8080, "unmanaged_process")}, 5, "what the list says")
    assert agent.findings()[0]["declared_by"][0]["source"] == "apiserver"
    assert source_up(agent)
    assert agent.metric("^hostnet_pod_source_pods") == ['hostnet_pod_source_pods{source="apiserver"} 1']
    heard = float(agent.metric("^hostnet_pod_source_last_success_timestamp_seconds")[0].split()[1])
    assert began - 1 < heard < time.time() + 1
    cluster.apply("late", 8081)
    wait_until(lambda: (8081, "unmanaged_process") in conflicts(agent), 2, "an added pod")
    cluster.apply("web", 9090)
    wait_until(lambda: conflicts(agent) == {(8081, "unmanaged_process")}, 2, "a modified pod")
    cluster.tell("delete", pod=api_pod("late", 8081))
    wait_until(lambda: not conflicts(agent), 2, "a deleted pod")
    assert cluster.requests(watch=False) == [
        f"/api/v1/pods?fieldSelector=spec.nodeName%3D{NODE}&resourceVersion=0"]
    assert "allowWatchBookmarks=true" in cluster.requests(watch=True)[0]
    assert agent.json("/conflicts")["complete"]
    assert agent.stop() == 0, "an open watch, of five minutes at least, must not hold it up"
    assert "first" not in agent.log()


def trouble(cluster):
    yield "the watch is cut", lambda: cluster.tell("cut")
    yield "410", lambda: cluster.tell("compact", in_stream=False)
    yield "410 in the stream", lambda: cluster.tell("compact", in_stream=True)

    def answer(**state):
        cluster.tell("set", state=state)
        cluster.tell("cut")
    yield "an error in the stream", lambda: answer(errors=[{"code": 500, "message": "etcd"}])
    yield "too many requests", lambda: answer(answers=[{"status": 429, "retry_after": 1}])

    def truncated():
        cluster.tell("set", state={"truncate": 2})
        cluster.tell("compact", in_stream=True)
    yield "truncated lists", truncated
    yield "a new token", lambda: (cluster.machine.file("pki/token", "second\n"),
                                  answer(token="second"))


def test_findings_are_right_after_each_trouble_and_never_wrong_in_between(machine, cluster):
    ports = range(8080, 8087)
    for port in ports:
        machine.listen(port, name="squatter")
    machine.listen(8070, name="squatter")
    cluster.apply("steady", 8070)
    agent = cluster.agent()
    wait_until(lambda: conflicts(agent), 5, "the first list")
    with Witness(agent, only(*((p, "unmanaged_process") for p in [8070, *ports]))):
        for port, (name, cause) in zip(ports, trouble(cluster), strict=True):
            cause()
            cluster.apply("moving", port)
            expected = {(8070, "unmanaged_process"), (port, "unmanaged_process")}
            wait_until(lambda: conflicts(agent) == expected, 8, f"the truth after: {name}")
            assert cluster.tell("look")["pending"] == 0, name
    assert len(cluster.requests(watch=False)) == 6  # the first, 3 times gone, 2 cut
    assert "second" not in agent.log()


def test_a_server_that_is_away_freezes_what_was_found(machine, cluster):
    squatter = machine.listen(8080, name="squatter")
    cluster.apply("web", 8080)
    cluster.apply("other", 8081)
    agent = cluster.agent()
    wait_until(lambda: conflicts(agent) == {(8080, "unmanaged_process")}, 5, "the conflict")
    machine.stop(cluster.process)
    wait_until(lambda: not source_up(agent), 8, "the source to be down")
    machine.stop(squatter)
    machine.listen(8081, name="squatter")
    ticks = agent.metric("^hostnet_last_scan")
    wait_until(lambda: agent.metric("^hostnet_last_scan") != ticks, 3, "another look")
    frozen = agent.json("/conflicts")
    assert [(f["port"], f["stale"]) for f in frozen["findings"]] == [(8080, True)]
    assert not frozen["complete"]
    assert any("127.0.0.1:6443: cannot connect" in p["message"] for p in frozen["problems"])
    assert "(stale)" in agent.text("/conflicts")

    cluster.start()  # its history is gone: it counts from another version
    cluster.tell("set", state={"oldest": 1000, "version": 1000})
    cluster.apply("other", 8081)
    wait_until(lambda: conflicts(agent) == {(8081, "unmanaged_process")}, 25, "the truth again")
    assert source_up(agent) and agent.json("/conflicts")["complete"]


def test_a_replaced_authority_is_refused_until_its_file_says_so(machine, cluster):
    cluster.apply("web", 8080)
    agent = cluster.agent()
    wait_until(lambda: source_up(agent), 5, "the first list")
    certificate(cluster.pki, "new")
    seen = len(cluster.tell("reload")["requests"])
    wait_until(lambda: any("certificate is not accepted" in p["message"]
                           for p in agent.json("/conflicts")["problems"]), 8, "the refusal")
    assert len(cluster.tell("look")["requests"]) == seen, "a token went to an unknown server"
    machine.file("pki/ca.crt", (cluster.pki / "new.crt").read_text())
    wait_until(lambda: source_up(agent), 10, "the new authority")


def test_the_systems_authorities_are_not_even_read_where_one_is_named(machine, cluster):
    system = machine.directory / "system.crt"
    os.mkfifo(system)  # who opens it waits for a writer
    cluster.apply("web", 8080)
    agent = cluster.agent(env={**os.environ, "SSL_CERT_FILE": str(system)})
    wait_until(lambda: source_up(agent), 5, "the first list")


def test_a_large_list_does_not_show_in_memory(machine, cluster):
    for i in range(100):
        big = api_pod(f"big-{i}", 10000 + i)
        big["metadata"]["managedFields"] = [{"manager": "m" * 1000}] * 200
        cluster.tell("apply", pod=big)
    agent = cluster.agent()
    wait_until(lambda: agent.metric('^hostnet_pod_source_pods{source="apiserver"} 100'), 10, "them")
    assert status_kb(agent.pid, "VmHWM") < 40_000, "20 MB went through, they must not have been kept"


def test_a_static_pod_and_its_mirror_are_one(machine, cluster):
    mirror = api_pod(f"etcd-{NODE}", 2379)
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.hash": "0123456789abcdef" * 2,
                                         "kubernetes.io/config.mirror": "0123456789abcdef" * 2}
    cluster.tell("apply", pod=mirror)
    machine.file("static/etcd.yaml", pod(name="etcd", port=2379))
    agent = cluster.agent(f"--pods.manifests={machine.directory}/static")
    wait_until(lambda: source_up(agent), 5, "the list")
    (port,) = agent.json("/ports/2379")["ports"]
    assert [d["source"] for d in port["declared_by"]] == ["apiserver"]
    assert agent.findings() == []


def test_the_servers_version_says_whether_its_scheduler_counts_sidecars(machine, cluster):
    made = api_pod("web", 8080)
    sidecar = {**made["spec"]["containers"].pop(), "restartPolicy": "Always"}
    made["spec"]["initContainers"] = [sidecar]
    made["spec"]["containers"] = [{"name": "app", "image": "x"}]
    cluster.tell("apply", pod=made)
    flags = ["--pods.source=apiserver", *QUICK, f"--pods.kubeconfig={cluster.config}",
             f"--pods.node-name={NODE}"]

    def risks(*words):
        agent = machine.agent(*words)
        wait_until(lambda: source_up(agent), 5, "the list")
        wait_until(lambda: agent.json("/ports/8080")["ports"], 5, "the declaration")
        found = agent.verdicts("risks")
        agent.stop()
        return found
    assert risks(*flags) == [], "the server does not say its version"
    cluster.tell("set", state={"server_version": {"major": "1", "minor": "33+",
                                                  "gitVersion": "v1.33.4+k3s1"}})
    assert risks(*flags) == ["scheduler_blind"]
    assert machine.once("record", machine.directory / "recording", *flags).returncode == 0
    cluster.tell("set", state={"server_version": {"gitVersion": "v1.34.1"}})
    assert risks(*flags) == []
    agent = machine.agent(f"--replay={machine.directory}/recording")
    assert agent.verdicts("risks") == ["scheduler_blind"]


def test_at_the_start_the_api_server_is_left_alone_for_a_while_and_the_node_is_told_of(machine, cluster):
    machine.listen(8080, name="squatter")
    cluster.apply("web", 8080)
    # Its random share is longer than the test with all but certainty.
    agent = cluster.agent("--pods.start-spread=1000h")  # it is ready
    (port,) = agent.json("/ports/8080")["ports"]
    assert [h["comm"] for h in port["holders"]] == ["squatter"]
    waiting = agent.json("/conflicts")
    assert [p["code"] for p in waiting["problems"]] == ["pods_not_synced"]
    assert not waiting["complete"] and waiting["findings"] == []
    ticks = agent.metric("^hostnet_last_scan")
    wait_until(lambda: agent.metric("^hostnet_last_scan") != ticks, 3, "another look")
    assert cluster.tell("look")["requests"] == []
    assert agent.stop() == 0, "the wait must not hold it up"
    assert "level=warn" not in agent.log() and said(agent, "pods synced") == []

    agent = cluster.agent()
    wait_until(lambda: conflicts(agent) == {(8080, "unmanaged_process")}, 5, "what the list says")
    (known,) = said(agent, "pods synced")
    assert "level=info" in known and "source=apiserver pods=1 took=" in known
    assert "limited visibility" not in agent.log()


def test_a_kubeconfig_that_would_run_a_program_is_refused(machine):
    config = machine.file("config", """
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: u, user: {exec: {command: aws}}}]
""")
    done = machine.once("conflicts", "--pods.source=apiserver", f"--pods.kubeconfig={config}")
    assert done.returncode == 2
    assert "exec would run a program, which the agent never does" in done.stdout
