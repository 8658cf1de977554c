"""Events and the node condition, written to a server that keeps them as the API server does
(fake_apiserver.py), and to one that refuses, hangs and goes away."""

import re
import time

import pytest
from conftest import pod, wait_until
from pod_cluster import NODE, Cluster

BOTH = ("--report.events", "--report.node-condition")


@pytest.fixture
def cluster(machine):
    return Cluster(machine)


def condition(cluster):
    found = [c for c in cluster.tell("look")["conditions"] if c["type"] == "HostPortConflict"]
    return found[0] if found else {}


def events(cluster):
    return cluster.tell("look")["events"]


def writes(cluster, part, status=None):
    return [w for w in cluster.tell("look")["writes"]
            if part in w["path"] and status in (None, w["status"])]


def test_a_conflict_becomes_an_event_and_the_condition(machine, cluster):
    cluster.apply("web", 8080)
    agent = cluster.agent(*BOTH)
    wait_until(lambda: condition(cluster).get("status") == "False", 5, "the condition")
    assert condition(cluster)["reason"] == "NoHostPortConflict"
    assert events(cluster) == []

    squatter = machine.listen(8080, name="squatter")
    wait_until(lambda: condition(cluster)["status"] == "True", 5, "the conflict in the condition")
    said = condition(cluster)
    assert said["reason"] == "HostPortUnmanagedProcess"
    assert said["message"].startswith("1 host port conflict: 8080/tcp unmanaged_process default/web (")
    assert said["lastHeartbeatTime"] >= said["lastTransitionTime"]
    (event,) = wait_until(lambda: events(cluster), 5, "the Event")
    (finding,) = agent.findings()
    assert event["involvedObject"] == {
        "apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "web",
        "uid": "uid-web", "fieldPath": "spec.containers{main}"}
    assert event["metadata"] == {"name": f"web.{finding['id']}", "namespace": "default"}
    assert (event["type"], event["reason"]) == ("Warning", "HostPortUnmanagedProcess")
    assert (event["reportingComponent"], event["reportingInstance"]) == ("hostnet-agent", NODE)
    assert event["message"] == f"critical: {finding['explanation']} To do: {finding['remedy']}"
    assert event["count"] == 1 and len(event["message"].encode()) <= 1024

    machine.stop(squatter)
    wait_until(lambda: condition(cluster)["status"] == "False", 5, "its end in the condition")
    machine.listen(8080, name="squatter")
    wait_until(lambda: events(cluster)[0]["count"] == 2, 5, "the same Event, once more")
    assert len(events(cluster)) == 1

    assert agent.stop() == 0
    assert condition(cluster)["status"] == "False"
    assert condition(cluster)["reason"] == "AgentStopped"
    assert [c["type"] for c in cluster.tell("look")["conditions"]] == ["Ready", "HostPortConflict"]
    for write in writes(cluster, ""):
        assert write["type"] == ("application/json" if write["method"] == "POST" else
                                 "application/strategic-merge-patch+json"), write
        assert write["status"] in (200, 201)


def test_without_the_flags_nothing_is_written(machine, cluster):
    cluster.apply("web", 8080)
    machine.listen(8080, name="squatter")
    agent = cluster.agent()
    wait_until(agent.findings, 5, "the conflict")
    assert agent.stop() == 0
    assert writes(cluster, "") == []


def test_what_nobody_is_to_be_told_is_not(machine, cluster):
    """Ignored, informational, and of pods that the cluster does not know."""
    cluster.apply("ignored", 8080)
    cluster.apply("told", 8083)
    machine.file("static/pod.yaml", pod(name="static", port=8082))
    for port in (8080, 8082, 8083):
        machine.listen(port, name="squatter")
    config = machine.file("config.yaml", "ignore: [{port: '8080', reason: known}]\n")
    agent = cluster.agent(*BOTH, f"--config.file={config}", f"--pods.manifests={machine.directory}/static")
    wait_until(lambda: {f["port"] for f in agent.findings()} == {8082, 8083}, 5, "the conflicts")
    wait_until(lambda: events(cluster), 5, "an Event")
    assert agent.stop() == 0
    assert [e["involvedObject"]["name"] for e in events(cluster)] == ["told"]


def test_an_agent_that_starts_anew_takes_over_its_events_and_condition(machine, cluster):
    cluster.apply("web", 8080)
    machine.listen(8080, name="squatter")
    agent = cluster.agent(*BOTH)
    wait_until(lambda: events(cluster) and condition(cluster).get("status") == "True", 5, "both")
    machine.stop(agent.process)  # killed: nothing is taken back
    began = condition(cluster)["lastTransitionTime"]
    wait_until(lambda: time.strftime("%FT%TZ", time.gmtime()) > began, 3, "another second")
    heartbeat = condition(cluster)["lastHeartbeatTime"]
    agent = cluster.agent(*BOTH)
    wait_until(lambda: writes(cluster, "/events/", 200), 5, "the Event that is there, patched")
    wait_until(lambda: condition(cluster)["lastHeartbeatTime"] > heartbeat, 5, "the condition")
    assert condition(cluster)["lastTransitionTime"] == began, "the status did not change"
    assert len(events(cluster)) == 1 and events(cluster)[0]["count"] == 1
    assert [w["status"] for w in writes(cluster, "/events")] == [201, 409, 200]


def test_refusals_are_said_once_counted_and_hold_up_nothing(machine, cluster):
    cluster.apply("web", 8080)
    machine.listen(8080, name="squatter")
    cluster.tell("set", state={"forbidden": ["/events", "/status"]})
    agent = cluster.agent(*BOTH)
    wait_until(lambda: len(writes(cluster, "/status", 403)) >= 3, 10, "further attempts")
    assert [f["verdict"] for f in agent.findings()] == ["unmanaged_process"]

    def complaints():
        return len(re.findall("cannot report to the API server", agent.log()))
    wait_until(lambda: complaints() >= 2, 5, "word of both")
    log = agent.log()
    assert "it needs events: create, patch" in log and "it needs nodes/status: patch" in log
    for stage in ("events", "node_condition"):
        assert agent.metric(f'^hostnet_scan_errors_total.*reason="denied".*stage="{stage}"'
                            f'|^hostnet_scan_errors_total.*stage="{stage}".*reason="denied"')
    assert agent.json("/conflicts")["complete"], "what is written says nothing of what is seen"
    cluster.tell("set", state={"forbidden": []})
    wait_until(lambda: condition(cluster).get("status") == "True", 10, "the condition after all")
    wait_until(lambda: "reporting to the API server works again" in agent.log(), what="word of it")
    assert complaints() == 2, agent.log()
    assert "first" not in agent.log(), "the token"


def test_a_server_that_asks_for_a_pause_gets_it(machine, cluster):
    cluster.apply("web", 8080)
    machine.listen(8080, name="squatter")
    cluster.tell("set", state={"refusals": [{"match": "/events", "status": 429, "retry_after": 15},
                                            {"match": "/status", "status": 500}]})
    cluster.agent(*BOTH)
    wait_until(lambda: events(cluster), 10, "the Event")
    refusal, accepted = writes(cluster, "/events", 429)[0], writes(cluster, "/events", 201)[0]
    assert accepted["at"] - refusal["at"] >= 15
    condition_said = writes(cluster, "/status", 200)[0]
    assert condition_said["at"] < accepted["at"], "the other is not held up"
    assert events(cluster)[0]["count"] == 1


@pytest.mark.parametrize("away", ["hangs", "gone"])
def test_a_server_that_does_not_answer_holds_up_neither_the_watch_nor_the_end(machine, cluster, away):
    cluster.apply("web", 8080)
    agent = cluster.agent(*BOTH)
    wait_until(lambda: condition(cluster).get("status") == "False", 5, "the condition")
    cluster.tell("set", state={"hang": True})
    machine.listen(8080, name="squatter")
    wait_until(lambda: writes(cluster, "/status", 0), 5, "a write without an answer")
    ticks = agent.metric("^hostnet_last_scan")
    wait_until(lambda: agent.metric("^hostnet_last_scan") != ticks, 3, "another look")
    assert [f["verdict"] for f in agent.findings()] == ["unmanaged_process"]
    if away == "gone":
        machine.stop(cluster.process)
    began = time.monotonic()
    assert agent.stop() == 0
    assert time.monotonic() - began < 60, "an answer is waited for longer than that"
    if away == "hangs":  # the True may have arrived, so it is taken back
        last = writes(cluster, "/status")[-1]["body"]["status"]["conditions"][0]
        assert (last["status"], last["reason"]) == ("False", "AgentStopped")


def test_while_the_pods_are_stale_nothing_is_written(machine, cluster):
    cluster.apply("web", 8080)
    squatter = machine.listen(8080, name="squatter")
    agent = cluster.agent(*BOTH)
    wait_until(lambda: condition(cluster).get("status") == "True" and events(cluster), 5, "both")
    machine.stop(cluster.process)
    wait_until(lambda: agent.findings()[0]["stale"], 10, "the frozen finding")
    machine.stop(squatter)
    ticks = agent.metric("^hostnet_last_scan")
    wait_until(lambda: agent.metric("^hostnet_last_scan") != ticks, 3, "another look")
    failures = agent.metric("^hostnet_scan_errors_total.*node_condition")
    assert agent.metric("^hostnet_scan_errors_total.*node_condition") == failures == []


@pytest.mark.parametrize("flag", BOTH)
def test_without_a_server_the_flag_is_refused_at_the_start(machine, flag):
    done = machine.once("serve", flag, "--pods.source=none")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "--report.events and --report.node-condition need the API server" in done.stderr
    assert "--pods.kubeconfig" in done.stderr


def test_a_port_that_a_program_holds_is_a_label_of_the_node_that_outlives_the_agent(machine, cluster):
    labels = lambda: cluster.tell("look")["labels"]  # noqa: E731
    config = machine.file("config.yaml", "label_ports: [8080]\n")
    machine.listen(8080, name="squatter")
    agent = cluster.agent("--report.node-labels", f"--config.file={config}")
    wait_until(lambda: labels() == {"hostports.hostnet-agent.io/tcp-8080": "unmanaged"}, 60, "the label")
    assert {(w["method"], w["path"].split("?")[0]) for w in cluster.tell("look")["writes"]} == {
        ("PATCH", f"/api/v1/nodes/{NODE}/status")}
    assert agent.stop() == 0
    assert len(labels()) == 1
    # The next one knows it, and takes it away where that is wanted.
    agent = cluster.agent("--report.node-labels", "--report.node-labels-remove-on-exit")
    wait_until(lambda: cluster.tell("look")["writes"][-1]["path"].endswith("?dryRun=All"), 30, "what is there")
    assert agent.stop() == 0
    assert labels() == {}
