"""The rights that deploy/ grants are those that the agent uses, by what the API server wrote down."""

import pytest
import yaml
from changes import KUBELET
from cluster import IDLE, NAMESPACE, SLOW, pod, render, right_for_the_kubelets_pods, wait_until
from outside_agent import conflicts, source_up

USER = f"system:serviceaccount:{NAMESPACE}:hostnet-agent"
# Components with rights of their own, and those that come with none; `kubelet` below.
COMPONENTS = [(), ("events",), ("node-labels",), ("pods-api",), ("events", "node-labels", "pods-api", "bpf")]
PORT = 8210
HELD = (PORT, "unmanaged_process")
LABEL = f"hostports.hostnet-agent.io/tcp-{PORT}"


def granted(manifest):
    """(verb, group, resource) of every role."""
    return {(verb, group, resource)
            for thing in yaml.safe_load_all(manifest) if thing["kind"] in ("ClusterRole", "Role")
            for rule in thing["rules"] for verb in rule["verbs"]
            for group in rule["apiGroups"] for resource in rule["resources"]}


def used(events):
    """The same of the requests, and the paths that are no resources."""
    resources, paths = set(), set()
    for event in events:
        if "objectRef" in event:
            of = event["objectRef"]
            name = "/".join(filter(None, (of["resource"], of.get("subresource"))))
            resources.add((event["verb"], of.get("apiGroup", ""), name))
        else:
            paths.add((event["verb"], event["requestURI"]))
    return resources, paths


@pytest.fixture
def empty_folder(node):
    """Where a kubelet with the Pods API has its socket. This one has none: the API server is asked in its place."""
    node.path("/var/lib/kubelet/pods-api").mkdir(parents=True, exist_ok=True)


@pytest.fixture
def label(node):
    yield lambda: node.get("node", "lab")["metadata"]["labels"].get(LABEL)
    node.kubectl("label", "nodes", "--all", f"{LABEL}-")


@pytest.mark.parametrize("components", COMPONENTS, ids=lambda names: "+".join(names) or "base")
def test_every_right_is_used_and_every_use_is_granted(
        node, control_plane, deploy, empty_folder, label, components):
    audit = control_plane.audit(USER)
    control_plane.restart("apiserver", *audit.flags)
    control_plane.revive()
    agent = deploy(components=components)
    # It may have listed before this test, and a server that just started knows no rights for a moment.
    wait_until(lambda: source_up(agent), SLOW, "its pods")
    audit.forget()
    agent.restart()
    squatter = node.listen(PORT, name="squatter")
    node.apply(pod("web", IDLE, ports=[PORT], nodeName="lab"))
    wait_until(lambda: conflicts(agent) == {HELD}, SLOW, "the conflict")
    # Once more, for an Event that is there already.
    node.stop(squatter)
    wait_until(lambda: conflicts(agent) == set(), SLOW, "its end")
    node.listen(PORT, name="squatter")
    wait_until(lambda: conflicts(agent) == {HELD}, SLOW, "the conflict again")
    rights = granted(render("deploy", *components))
    wait_until(lambda: used(audit.events())[0] >= {r for r in rights if r[0] != "watch"}, SLOW,
               f"a use of each right but watch, which is written down when it is over: {rights}")
    wait_until(lambda: label() == ("unmanaged" if "node-labels" in components else None), SLOW, "the label")
    agent.restart()
    wait_until(lambda: used(audit.events())[0] >= rights, SLOW, "the end of its watch")
    wait_until(lambda: source_up(agent), SLOW, "its pods")

    events = audit.events()
    resources, paths = used(events)
    assert resources == rights
    # Everybody may who has an account: system:public-info-viewer.
    assert paths == {("get", "/version")}
    refused = [e for e in events if e["annotations"].get("authorization.k8s.io/decision") != "allow"]
    assert refused == []
    pods = [e for e in events if e.get("objectRef", {}).get("resource") == "pods"]
    assert all("fieldSelector=spec.nodeName%3Dlab" in e["requestURI"] for e in pods)
    assert all("resourceVersion=0" in e["requestURI"] for e in pods if e["verb"] == "list")
    # RBAC has no way to narrow this one.
    assert {e["objectRef"]["name"] for e in events if e.get("objectRef", {}).get("resource") == "nodes"} <= {"lab"}


def test_with_the_kubelet_as_source_that_one_right_is_asked_for_and_the_api_server_is_not(node, control_plane, deploy):
    """The kubelet asks, of the agent's account. An old one asks for more than `kubelet` grants, and refuses."""
    reviews = control_plane.audit("system:node:lab", level="RequestResponse", resources=[
        {"group": "authorization.k8s.io", "resources": ["subjectaccessreviews"]}])
    control_plane.restart("apiserver", *reviews.flags)
    control_plane.revive()
    agent = deploy("deploy", KUBELET, ["kubelet"])

    def asked():
        found = {}
        for event in reviews.events():
            spec = event["requestObject"]["spec"]
            if spec["user"] == USER:
                of = spec["resourceAttributes"]
                right = (of["verb"], of.get("group", ""), f"{of['resource']}/{of['subresource']}")
                found[right] = event["responseObject"]["status"]["allowed"]
        return found
    wait_until(asked, SLOW, "the kubelet's question")
    rights = granted(render("deploy", "kubelet"))
    assert rights == {("get", "", "nodes/pods")}
    known = right_for_the_kubelets_pods() == "nodes/pods"
    assert asked() == {("get", "", right_for_the_kubelets_pods()): known}

    audit = control_plane.audit(USER)
    control_plane.restart("apiserver", *audit.flags)
    control_plane.revive()
    agent.restart()
    wait_until(lambda: source_up(agent) if known else "answers 403" in agent.text("/conflicts"), SLOW,
               "its pods, or the refusal")
    assert used(audit.events())[0] == set()
