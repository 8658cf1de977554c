"""The moment of a refused bind() in real pods, with the right that deploy/components/bpf gives."""

import datetime

import pytest
from cluster import IDLE, SLOW, holders, pod, serve, wait_until

BUSY, RACED, RETRIED, FAILED = 8240, 8241, 8242, 8243


@pytest.fixture
def agent(deploy):
    """The agent with bind events; where the kernel refuses them it says why, and there is nothing to test."""
    deployed = deploy("deploy/overlays/bpf")
    if not deployed.metric("^hostnet_bind_events 1$"):
        pytest.skip(f"no bind events here: {deployed.json('/conflicts')['limits']}")
    return deployed


def refused(agent, port):
    return [f for f in agent.findings(port=port) if f["verdict"] == "bind_refused"]


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def history(agent, port):
    """What happened to what was refused there, the oldest first."""
    events = [e for e in agent.json("/history")["events"]
              if (e["finding"]["port"], e["finding"]["verdict"]) == (port, "bind_refused")]
    return [(e["event"], e["finding"]["severity"], e) for e in reversed(events)]


def test_a_pod_that_declares_nothing_beside_a_busy_port_is_named_as_it_happens(node, agent):
    holder = node.listen(BUSY, name="squatter")
    node.apply(pod("blind", serve(BUSY), nodeName="lab"))
    found = wait_until(lambda: [f for f in refused(agent, BUSY) if f["severity"] == "critical"], SLOW,
                       "the refusal, and that its container ended")[0]
    assert [d["pod"] for d in found["declared_by"]] == ["blind"]
    assert holders(found) == [("unmanaged_process", "squatter")]
    # Newer kernels tell the name to CAP_PERFMON only, and by now the process is gone.
    assert found["observed"]["errno"] == "EADDRINUSE" and found["observed"]["comm"] in ("httpd", "")
    assert "declare containerPort" in found["remedy"]
    (event, severity, opened), *_ = history(agent, BUSY)
    assert (event, severity) == ("opened", "info")
    late = seconds(opened["at"]) - seconds(opened["finding"]["observed"]["first"])
    print(f"named {late * 1000:.0f} ms after the bind()")
    assert late >= 0

    node.stop(holder)
    wait_until(lambda: refused(agent, BUSY) == [], SLOW, "its end, when the pod has the port")
    assert history(agent, BUSY)[-1][0] == "closed"


def test_of_a_daemonset_and_a_deployment_that_race_for_a_port_the_loser_is_named_and_the_winner_held_for_it(
        node, agent):
    def workload(kind, name, ports, **more):
        made = pod(name, serve(RACED), ports=ports, labels={"app": name})
        return {"apiVersion": "apps/v1", "kind": kind,
                "metadata": {"name": name, "namespace": "default", "labels": {"lab": "test"}},
                "spec": {"selector": {"matchLabels": {"app": name}}, **more,
                         "template": {"metadata": {"labels": made["metadata"]["labels"]}, "spec": made["spec"]}}}
    # Were it declared by both, the scheduler would start one of them only.
    node.apply(workload("DaemonSet", "each", [RACED]), workload("Deployment", "one", [], replicas=1))
    found = wait_until(lambda: [f for f in agent.findings(port=RACED) if f["severity"] == "critical"], SLOW,
                       "the loser's finding")[0]
    (loser,) = found["declared_by"]
    ((kind, winner),) = holders(found)
    assert kind == "pod" and sorted(p.split("-")[0] for p in (loser["pod"], winner)) == ["each", "one"]
    if loser["pod"].startswith("one"):  # it declares nothing
        assert found["verdict"] == "bind_refused" and loser["workload"] == "Deployment/one"
    else:
        assert found["verdict"] == "other_pod" and loser["workload"] == "DaemonSet/each"
    wait_until(lambda: agent.findings(port=RACED)[0]["observed"], SLOW, "what was seen of it")

    node.kubectl("delete", "deployment", "one", "--wait=false")
    wait_until(lambda: agent.findings(port=RACED) == [], 2 * SLOW, "the end of it, with one of the two gone")


def with_init(name, command, port):
    made = pod(name, IDLE, nodeName="lab")
    made["spec"]["initContainers"] = [{**made["spec"]["containers"][0], "name": "init",
                                       "command": ["sh", "-c", command.format(port=port)]}]
    return made


def test_an_init_container_that_fails_once_and_then_has_the_port_is_information_and_over(node, agent):
    holder = node.listen(RETRIED, name="squatter")
    node.apply(with_init("patient", "httpd -p {port} -h /tmp || "
                         "{{ while [ ! -e /tmp/again ]; do sleep 0.1; done; httpd -p {port} -h /tmp; }}", RETRIED))
    # At first the API server does not know the container's id.
    found = wait_until(lambda: [f for f in refused(agent, RETRIED) if f["declared_by"][0]["container"] == "init"], SLOW,
                       "the refusal")[0]
    assert found["severity"] == "info"
    node.stop(holder)
    node.kubectl("exec", "patient", "-c", "init", "--", "sh", "-c", ": >/tmp/again")
    wait_until(lambda: refused(agent, RETRIED) == [], SLOW, "its end")
    assert [(event, severity) for event, severity, _ in history(agent, RETRIED)] == [
        ("opened", "info"), ("closed", "info")]
    wait_until(lambda: node.is_running("patient"), SLOW, "the pod itself")


def test_an_init_container_that_ended_for_it_is_critical_until_its_next_run_has_the_port(node, agent):
    holder = node.listen(FAILED, name="squatter")
    node.apply(with_init("restarted", "httpd -p {port} -h /tmp", FAILED))
    wait_until(lambda: [f for f in refused(agent, FAILED) if f["severity"] == "critical"], SLOW, "the refusal")
    node.stop(holder)
    wait_until(lambda: refused(agent, FAILED) == [], SLOW, "its end")
    wait_until(lambda: node.is_running("restarted"), SLOW, "the pod itself")
