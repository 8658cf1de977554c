"""A pod whose port an outside process holds, the scheduler, and the node that is free: --report.node-labels with the
rights of deploy/components/node-labels."""

import pytest
from changes import with_flags
from cluster import SLOW, pod, serve, wait_until
from simulated_node import SimulatedNode

PORT, KEPT_PORT, FOREIGN_PORT = 8220, 8221, 8222
PREFIX = "hostports.hostnet-agent.io/"
LABEL, KEPT, FOREIGN = (f"{PREFIX}tcp-{port}" for port in (PORT, KEPT_PORT, FOREIGN_PORT))
OVERLAY = "deploy/overlays/node-labels"
# The node that the scheduler takes as long as it may: the one with the process.
RATHER_THERE = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": {
    "matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["lab"]}]}}]}
# As deploy/reference/pods.md has it.
NOT_WHERE_IT_IS_HELD = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
    {"matchExpressions": [{"key": LABEL, "operator": "DoesNotExist"}]}]}}


@pytest.fixture
def spare(node):
    made = SimulatedNode(node, "spare")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_labels(node, daemonset):
    yield
    daemonset.remove()
    for label in ours(node):
        node.kubectl("label", "node", "lab", f"{label}-")


def ours(node):
    labels = node.get("node", "lab")["metadata"]["labels"]
    return {key: value for key, value in labels.items() if key.startswith(PREFIX)}


def deployment(name, **affinity):
    template = pod(name, serve(PORT), ports=[PORT], labels={"app": name},
                   affinity={"nodeAffinity": {**RATHER_THERE, **affinity}})
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default", "labels": {"lab": "test"}},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": template["metadata"]["labels"]}, "spec": template["spec"]}}}


def placed(node, name, but=""):
    """The pod of a Deployment, once it is on a node; `but` is the one before it."""
    def found():
        return [p for p in node.list("pods", "-l", f"app={name}")
                if p["metadata"]["name"] != but and p["spec"].get("nodeName")]
    return wait_until(found, SLOW, f"a node for {name}")[0]


def placed_anew(node, name):
    """Deletes it; where its successor is placed."""
    before = placed(node, name)["metadata"]["name"]
    node.kubectl("delete", "pod", before, "--wait=false")
    return placed(node, name, but=before)["spec"]["nodeName"]


def test_a_crash_looping_pod_that_is_deleted_is_placed_on_the_free_node(node, deploy, spare):
    node.listen(PORT, name="squatter")
    node.apply(deployment("wary", **NOT_WHERE_IT_IS_HELD))
    # Nobody has told the scheduler of the process yet.
    assert placed(node, "wary")["spec"]["nodeName"] == "lab"
    assert placed_anew(node, "wary") == "lab"
    agent = deploy(OVERLAY)

    def crash_looping():
        return [f for f in agent.findings(port=PORT)
                if f["verdict"] == "unmanaged_process" and f["declared_by"][0]["reason"] == "CrashLoopBackOff"]
    wait_until(crash_looping, SLOW, "a crash loop, and why")
    wait_until(lambda: ours(node) == {LABEL: "unmanaged"}, SLOW, "the label")
    # Affinity is ignored during execution.
    assert placed(node, "wary")["spec"]["nodeName"] == "lab"

    assert placed_anew(node, "wary") == "spare"
    # One that does not ask for the label is put where it fails, as before.
    node.apply(deployment("blind"))
    assert placed(node, "blind")["spec"]["nodeName"] == "lab"
    assert placed_anew(node, "blind") == "lab"
    assert spare.is_free()  # it has no label and no taint of ours


def test_the_label_outlives_the_agent_and_one_that_others_wrote_is_not_touched(node, deploy, daemonset):
    node.kubectl("label", "node", "lab", f"{FOREIGN}=reserved", "example.com/color=green")
    for port in (KEPT_PORT, FOREIGN_PORT):
        node.listen(port, name="squatter")
        node.apply(pod(f"web-{port}", serve(port), ports=[port], nodeName="lab"))
    expected = {KEPT: "unmanaged", FOREIGN: "reserved"}
    deploy(OVERLAY)
    wait_until(lambda: ours(node) == expected, SLOW, "the label")

    # SIGTERM, as an upgrade sends it: there is no moment without the label.
    daemonset.restart()
    assert ours(node) == expected
    daemonset.remove()
    assert ours(node) == expected

    deploy(OVERLAY, with_flags("--report.node-labels-remove-on-exit"))
    wait_until(lambda: daemonset.conflict(FOREIGN_PORT, "unmanaged_process"), SLOW, "the other conflict")
    assert ours(node) == expected
    daemonset.remove()
    wait_until(lambda: ours(node) == {FOREIGN: "reserved"}, SLOW, "the end of the label")
    assert node.get("node", "lab")["metadata"]["labels"]["example.com/color"] == "green"
    node.kubectl("label", "node", "lab", "example.com/color-")
