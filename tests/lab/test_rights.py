"""The rights that deploy/ grants are those that the agent uses, by what the API server wrote down."""

import pytest
import yaml
from cluster import IDLE, NAMESPACE, ROOT, SLOW, pod, render, wait_until
from outside_agent import conflicts, source_up

USER = f"system:serviceaccount:{NAMESPACE}:hostnet-agent"
# The others grant what one of these does, or to a kubelet that knows nodes/pods.
FOLDERS = [f for f in ("deploy", "deploy/overlays/events") if (ROOT / f).is_dir()]


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


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_right_is_used_and_every_use_is_granted(node, control_plane, deploy, folder):
    audit = control_plane.audit(USER)
    control_plane.restart("apiserver", *audit.flags)
    control_plane.revive()
    agent = deploy(folder)
    agent.restart()  # it may have listed before this test
    squatter = node.listen(8210, name="squatter")
    node.apply(pod("web", IDLE, ports=[8210], nodeName="lab"))
    wait_until(lambda: conflicts(agent) == {(8210, "unmanaged_process")}, SLOW, "the conflict")
    # Once more, for an Event that is there already.
    node.stop(squatter)
    wait_until(lambda: conflicts(agent) == set(), SLOW, "its end")
    node.listen(8210, name="squatter")
    wait_until(lambda: conflicts(agent) == {(8210, "unmanaged_process")}, SLOW, "the conflict again")
    rights = granted(render(folder))
    wait_until(lambda: used(audit.events())[0] >= {r for r in rights if r[0] != "watch"}, SLOW,
               f"a use of each right but watch, which is written down when it is over: {rights}")
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
