"""What a healthy node does, and of which nothing must be said."""

import datetime
import time

from cluster import LOUD, NODE_IP, SLOW, pod, serve, service, wait_until


def test_an_ordinary_node_has_no_finding_and_is_seen_completely(node, agent):
    # The agent's own pod is ready for so long that its port must be found served.
    (own,) = agent.pods()
    (since,) = [c["lastTransitionTime"] for c in own["status"]["conditions"] if c["type"] == "Ready"]
    ready = datetime.datetime.fromisoformat(since.replace("Z", "+00:00")).timestamp()
    agent.look_for(max(0, ready + 62 - time.time()))
    answer = wait_until(lambda: (lambda a: a if a["complete"] else None)(agent.json("/conflicts")), 10,
                        "a complete look")
    assert answer["findings"] == [] and answer["problems"] == []
    assert answer["node"] == "lab"
    assert agent.findings("risks") == []
    holders = {h["exe"].rpartition("/")[2]: h["kind"] for p in agent.json("/ports")["ports"]
               for h in p["holders"] if h["state"] == "listen"}
    components = {"kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager",
                  "kube-scheduler", "etcd", "containerd"}
    assert {name for name, kind in holders.items() if kind == "node_component"} >= components, holders
    assert agent.metric('^hostnet_pod_source_up{source="apiserver"} 1$')


def test_services_that_only_look_like_trouble_are_quiet(node, agent):
    node.apply(pod("ingress", serve(8100), ports=[8100], labels={"app": "ingress"}),
               # The same port in a network namespace of its own.
               pod("apart", serve(8100), ports=[8100], host_network=False))
    wait_until(lambda: node.is_running("ingress") and node.is_running("apart"), SLOW, "ready pods")
    node.apply(
        # An external address that is the node's own, with a hostNetwork pod behind it.
        service("external", "ingress", 8100, externalIPs=[NODE_IP]),
        # kube-proxy itself listens on the health check's port.
        service("health", "ingress", 8100, type="LoadBalancer", externalTrafficPolicy="Local"),
        service("node-port", "ingress", 8100, type="NodePort"))
    health = node.get("service", "health")["spec"]["healthCheckNodePort"]
    of_node = node.get("service", "node-port")["spec"]["ports"][0]["nodePort"]

    def served(port):
        return node.run("curl", "-s", "-o", "/dev/null", "--max-time", "2",
                        f"http://{NODE_IP}:{port}/", check=False).returncode == 0
    for port in (8100, health, of_node):
        wait_until(lambda p=port: served(p), SLOW, f"a server on {port}")
    agent.look_for(7)  # rules are read again every five seconds
    assert agent.loud() == [], agent.text("/conflicts") + agent.text("/risks")


def test_a_rolling_update_is_nothing_above_info(node, agent):
    def daemonset(generation):
        template = pod("x", ["sh", "-c", "trap 'exit 0' TERM; httpd -f -p 8101 -h /tmp & wait"],
                       ports=[8101], labels={"app": "roller", "generation": str(generation)}, grace=5)
        return {"apiVersion": "apps/v1", "kind": "DaemonSet",
                "metadata": {"name": "roller", "namespace": "default", "labels": {"lab": "test"}},
                "spec": {"selector": {"matchLabels": {"app": "roller"}},
                         "template": {"metadata": {"labels": template["metadata"]["labels"]},
                                      "spec": template["spec"]}}}

    def served_by(generation):
        found = node.list("pods", "-l", f"app=roller,generation={generation}")
        return found and found[0]["status"].get("containerStatuses", [{}])[0].get("ready", False)

    before = len(agent.json("/history")["events"])
    for generation in range(3):
        node.apply(daemonset(generation))
        wait_until(lambda g=generation: served_by(g), SLOW, f"generation {generation}")
    events = agent.json("/history")["events"]
    assert before < 256 and len(events) >= before
    assert [e for e in events[: len(events) - before] if e["finding"]["severity"] in LOUD] == [], events
