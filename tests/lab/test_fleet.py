"""`hostnet-agent fleet` through a real API server and kubelet, with the rights that deploy/reference/fleet.md names."""

import json
import re

import machine
import pytest
import yaml
from cluster import NAMESPACE, ROOT, SLOW, pod, serve, wait_until
from outside_agent import kubeconfig, token
from simulated_node import PKI, SimulatedNode
from test_rights import granted, used

DOCUMENT = (ROOT / "deploy/reference/fleet.md").read_text()
ACCOUNT = "fleet"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
HELD, FREE, WANTED = 8230, 8231, 8232


def documented(kind):
    """The object of that kind in the document."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    return next(thing for block in blocks for thing in yaml.safe_load_all(block) if thing.get("kind") == kind)


def binding(role):
    return {"apiVersion": role["apiVersion"], "kind": f"{role['kind']}Binding",
            "metadata": {"name": ACCOUNT, **({"namespace": NAMESPACE} if role["kind"] == "Role" else {})},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}]}


@pytest.fixture
def fleet(node, agent):
    """fleet(WORD…): (exit code, standard output), asked with a token of an account that may just that."""
    roles = [documented("Role"), documented("ClusterRole")]
    node.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}},
               *roles, *map(binding, roles))
    file = node.directory / "fleet-call.token"
    file.write_text(token(node, account=ACCOUNT))
    config = kubeconfig(node.directory / "fleet-call.config", "https://10.99.0.1:16443", f"{PKI}/ca.crt", file)

    def call(*words):
        done = node.run(machine.AGENT, "fleet", f"--kubeconfig={config}", "--timeout=60s", *words, check=False)
        assert done.returncode != 64, done.stderr
        return done.returncode, done.stdout + done.stderr
    return call


def test_every_node_is_asked_with_no_more_than_the_rights_of_the_document(node, agent, control_plane, fleet):
    audit = control_plane.audit(USER)
    control_plane.restart("apiserver", *audit.flags)
    control_plane.revive()
    node.listen(HELD, name="squatter")
    node.apply(pod("web", serve(HELD), ports=[HELD], nodeName="lab"))
    agent.conflict(HELD, "unmanaged_process")

    status, said = fleet("--format=json")
    answer = json.loads(said)
    assert status == 1 and answer["complete"], answer
    assert [(one["node"], one["answered"]) for one in answer["nodes"]] == [("lab", True)]
    (found,) = [f for f in answer["findings"] if f["port"] == HELD]
    assert (found["verdict"], found["declared_by"][0]["pod"]) == ("unmanaged_process", "web")
    assert found["held_by"][0]["comm"] == "squatter"

    assert fleet(f"--port={HELD}")[0] == 1
    status, said = fleet(f"--port={FREE}/tcp", "-o", "name")
    assert (status, said) == (0, "lab\n")
    fleet("--pod=default/web")

    resources, _ = used(audit.events())
    rights = granted(yaml.safe_dump_all([documented("Role"), documented("ClusterRole")]))
    # A port-forward over WebSocket is a GET; newer API servers ask for create besides.
    assert resources <= rights and rights - resources <= {("create", "", "pods/portforward"), ("get", "", "pods/portforward")}
    assert [e for e in audit.events() if e["annotations"].get("authorization.k8s.io/decision") != "allow"] == []


def test_a_pod_that_really_waits_for_a_free_port_is_explained_node_by_node(node, agent, fleet):
    node.apply(pod("first", serve(WANTED), ports=[WANTED], nodeName="lab"))
    wait_until(lambda: node.is_running("first"), SLOW, "the pod that has the port")
    node.apply(pod("second", serve(WANTED), ports=[WANTED]))

    def refused():
        conditions = node.get("pod", "second")["status"].get("conditions", [])
        return [c["message"] for c in conditions if c["type"] == "PodScheduled" and c["status"] == "False"]
    (message,) = wait_until(refused, SLOW, "the scheduler's word")
    assert "free ports" in message
    status, said = fleet("--pod=default/second")
    assert status == 1
    assert f"default/second is Pending: {message}" in said
    assert f"the scheduler does not place it here: default/first (main) declares {WANTED}/tcp" in said
    status, said = fleet("--pod=default/second", "--format=json")
    (row,) = json.loads(said)["rows"]
    assert (row["node"], row["verdict"], status) == ("lab", "declared", 1)


@pytest.fixture
def two_more(node):
    """One that has no agent by design, and one whose agent never starts."""
    made = [SimulatedNode(node, "virtual"), SimulatedNode(node, "broken", type="simulated")]
    yield
    for one in made:
        one.close()


def test_a_node_whose_agent_does_not_run_is_named_and_one_that_has_none_by_design_is_not(agent, fleet, two_more):
    wait_until(lambda: "broken" in [p["spec"].get("nodeName") for p in agent.pods()], SLOW, "an agent for the broken node")
    status, said = fleet()
    assert status == 2 and re.search(r"1 node did not answer: broken \(its agent hostnet-agent/\S+ is Pending\)", said), said
    assert "virtual" not in said and "1 of 2 nodes answered" in said
