"""The agent with fewer rights: it starts, says what it cannot see, and is never wrong."""

import pytest

from changes import KUBELET, changed, without
from cluster import NODE_IP, SLOW, pod, right_for_the_kubelets_pods, serve, wait_until


@pytest.fixture
def scene(node):
    """A port that an outside process holds, and one that its own pod has."""
    node.listen(8200, name="squatter")
    node.apply(pod("robbed", serve(8200), ports=[8200]), pod("content", serve(8201), ports=[8201]))
    wait_until(lambda: node.run("curl", "-s", f"http://{NODE_IP}:8201/", check=False).returncode == 0,
               SLOW, "the pod's server")


def looked(agent):
    """The first answer that knows the pods."""
    def known():
        declared = {p["port"] for p in agent.json("/ports")["ports"] if p["declared_by"]}
        return agent.json("/conflicts") if {8200, 8201} <= declared else None
    return wait_until(known, SLOW, "the pods")


def problems(answer):
    return {p["code"] for p in answer["problems"]}


SEEN = [("unmanaged_process", 8200)]


@pytest.mark.parametrize("folder,change,code,conflicts", [
    ("deploy", without("SYS_PTRACE"), "no_cap_sys_ptrace", []),
    # Root may read every descriptor folder here: it is there for other users' processes and for cgroups by id.
    ("deploy", without("DAC_READ_SEARCH"), None, SEEN),
    ("deploy", without("NET_ADMIN"), "no_cap_net_admin", SEEN),
    # The host's /proc is mounted: its processes are seen from any PID namespace.
    ("deploy", changed(lambda spec: spec.pop("hostPID")), None, SEEN),
    ("deploy/overlays/least", None, "no_cap_sys_ptrace", []),
    ("deploy/overlays/alongside-node-exporter", None, None, SEEN),
    ("deploy/overlays/limits", None, None, SEEN),
], ids=["no-SYS_PTRACE", "no-DAC_READ_SEARCH", "no-NET_ADMIN", "no-hostPID", "least",
        "alongside-node-exporter", "limits"])
def test_with_fewer_rights_it_says_so_and_is_not_wrong(scene, deploy, folder, change, code, conflicts):
    agent = deploy(folder, change)
    answer = looked(agent)
    found = [(f["verdict"], f["port"]) for f in agent.findings()]
    assert found == conflicts
    if code is None:
        assert answer["complete"] and answer["problems"] == []
    else:
        assert not answer["complete"] and code in problems(answer)
        assert code in agent.log()
    # The pod's socket is known by its cgroup at least.
    (port,) = agent.json("/ports/8201")["ports"]
    assert {h["pod"] for h in port["holders"] if h["state"] == "listen"} == {"content"}


def test_beside_a_node_exporter_no_family_is_there_twice(deploy):
    agent = deploy("deploy/overlays/alongside-node-exporter")
    names = {line.split()[2] for line in agent.text("/metrics").splitlines() if line.startswith("# TYPE")}
    assert {name for name in names if name.startswith("node_")} <= {
        "node_scrape_collector_success", "node_scrape_collector_duration_seconds"}
    assert "hostnet_port_conflict" in agent.text("/metrics") or "hostnet_findings" in names


def test_outside_of_the_hosts_network_it_refuses_and_judges_nothing(scene, node, deploy):
    node.apply(pod("risky", serve(30500), ports=[30500]))  # at once a risk, where it is judged

    def inside(spec):
        del spec["hostNetwork"]
        spec["containers"][0]["args"].append("--web.details=all")
        # The page must be asked at the pod's own address.
        spec["containers"][0]["ports"][0].pop("hostPort")
    agent = deploy("deploy", changed(inside))
    (running,) = agent.pods()
    address = running["status"]["podIP"]

    def ask(path):
        return node.run("curl", "-s", "-w", "\n%{http_code}", f"http://{address}:20000{path}").stdout
    wait_until(lambda: 'hostnet_pod_source_up{source="apiserver"} 1' in ask("/metrics"), SLOW, "pods")
    refused = ask("/conflicts")
    assert refused.endswith("\n503") and "hostNetwork: true" in refused
    metrics = ask("/metrics")
    assert "hostnet_host_netns 0" in metrics
    assert "hostnet_port_conflict{" not in metrics and "hostnet_port_risk{" not in metrics
    assert "finding opened" not in agent.log()


@pytest.mark.skipif("right_for_the_kubelets_pods() == 'nodes/pods'", reason="this kubelet knows the right")
def test_a_kubelet_that_does_not_know_the_right_is_told_and_nothing_is_guessed(scene, deploy):
    agent = deploy("deploy/overlays/kubelet", KUBELET)

    def refused():
        return [p for p in agent.json("/conflicts")["problems"] if p["code"] == "pod_source_error"]
    (problem,) = wait_until(refused, SLOW, "the kubelet's refusal")
    assert "403" in problem["message"] and "nodes/pods" in problem["message"], problem
    assert agent.findings() == [] and not agent.json("/conflicts")["complete"]
    assert agent.metric('^hostnet_pod_source_up{source="kubelet"} 0$')


def test_a_kubelet_that_may_be_asked_tells_the_same_as_the_api_server(scene, node, deploy):
    node.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": "lab-old-kubelet", "labels": {"lab": "test"}},
                "rules": [{"apiGroups": [""], "resources": [right_for_the_kubelets_pods()], "verbs": ["get"]}]},
               {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": "lab-old-kubelet", "labels": {"lab": "test"}},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                            "name": "lab-old-kubelet"},
                "subjects": [{"kind": "ServiceAccount", "name": "hostnet-agent",
                              "namespace": "hostnet-agent"}]})
    try:
        agent = deploy("deploy/overlays/kubelet", KUBELET)
        answer = looked(agent)
        assert answer["complete"] and [(f["verdict"], f["port"]) for f in agent.findings()] == SEEN
        (declared,) = agent.findings()[0]["declared_by"]
        assert (declared["pod"], declared["source"]) == ("robbed", "kubelet")
    finally:
        node.kubectl("delete", "clusterrole,clusterrolebinding", "-l", "lab=test")
