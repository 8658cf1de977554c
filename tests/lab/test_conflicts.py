"""Who has a pod's port, on a real kubelet."""

import subprocess

from cluster import NODE_IP, SLOW, declaring, holders, pod, serve, wait_until


def listening(agent, port):
    """Who listens on a port, once somebody does."""
    def found():
        return [h for p in agent.json(f"/ports/{port}")["ports"] for h in p["holders"]
                if h["state"] == "listen"]
    return wait_until(found, SLOW, f"a listener on {port}")


def test_an_outside_process_is_named_while_the_pod_crash_loops_and_forgotten_when_it_stops(node, agent):
    holder = node.listen(8080, name="squatter")
    node.apply(pod("web", serve(8080), ports=[8080]))

    def crash_looping():
        return [f for f in agent.findings(port=8080)
                if f["declared_by"][0]["reason"] == "CrashLoopBackOff"]
    finding = wait_until(crash_looping, SLOW, "a finding that shows CrashLoopBackOff")[0]
    assert (finding["verdict"], finding["severity"]) == ("unmanaged_process", "critical")
    assert holders(finding) == [("unmanaged_process", "squatter")]
    (declared,) = finding["declared_by"]
    assert (declared["container_state"], declared["source"]) == ("waiting", "apiserver")
    assert declared["restarts"] >= 1 and not declared["ready"]

    node.stop(holder)
    wait_until(lambda: not agent.findings(port=8080), 5, "the end of the finding")
    # And the pod gets what it asked for, of which nothing is said.
    assert listening(agent, 8080)[0]["pod"] == "web"
    assert agent.findings() == []


def test_a_pod_that_declared_nothing_is_the_other_pod(node, agent):
    node.apply(pod("thief", serve(8081)))
    listening(agent, 8081)
    node.apply(pod("web", serve(8081), ports=[8081]))
    finding = agent.conflict(8081, "other_pod")
    assert finding["severity"] == "critical"
    assert holders(finding) == [("pod", "thief")] and declaring(finding) == ["web"]


def test_a_static_pod_that_declared_nothing_is_the_other_pod(node, agent):
    node.static(pod("thief", serve(8082)))
    listening(agent, 8082)
    node.apply(pod("web", serve(8082), ports=[8082]))
    finding = agent.conflict(8082, "other_pod")
    # The kubelet's mirror of it is what the API server knows.
    assert holders(finding) == [("pod", "thief-lab")] and declaring(finding) == ["web"]


def test_the_kubelet_is_a_component_of_the_node(node, agent):
    node.apply(pod("web", serve(10250), ports=[10250]))
    finding = agent.conflict(10250, "node_component")
    assert finding["severity"] == "critical"
    assert holders(finding) == [("node_component", "kubelet")]
    assert finding["held_by"][0]["local_address"] == NODE_IP
    assert "stop" not in finding["remedy"] and "kill" not in finding["remedy"]


def test_an_outgoing_connection_holds_the_port(node, agent):
    connect = (
        "import signal,socket,sys\n"
        "open('/proc/self/comm','w').write('caller')\n"
        f"s=socket.socket(); s.bind(('{NODE_IP}',38083)); s.connect(('{NODE_IP}',16443))\n"
        "print('ready',flush=True); signal.pause()\n")
    caller = node.python(connect, stdout=subprocess.PIPE, text=True)
    assert caller.stdout.readline() == "ready\n"
    node.apply(pod("web", serve(38083), ports=[38083]))
    finding = agent.conflict(38083, "ephemeral_connection")
    assert finding["severity"] == "critical"
    assert holders(finding) == [("unmanaged_process", "caller")]
    assert finding["held_by"][0]["peer"] == f"{NODE_IP}:16443"

    node.stop(caller)
    # The kernel keeps the port for a minute more: the caller's socket did not allow others to reuse it.
    wait_until(lambda: agent.verdicts(port=38083) in (["time_wait"], []), 30, "the end of the finding")


def test_of_two_pods_put_on_the_node_with_one_port_the_kubelet_rejects_the_second(node, agent):
    node.apply(pod("first", serve(8084), ports=[8084], nodeName="lab"))
    listening(agent, 8084)
    assert agent.findings(port=8084) == []
    node.apply(pod("second", serve(8084), ports=[8084], nodeName="lab"))
    finding = agent.conflict(8084, "duplicate_declaration")
    assert finding["severity"] == "warning"
    rejected = node.get("pod", "second")["status"]
    assert (rejected["phase"], rejected["reason"]) == ("Failed", "NodePorts")
    assert declaring(finding) == ["second"] or declaring(finding) == ["first", "second"], finding


def test_a_pod_put_beside_a_static_pod_with_its_port_is_rejected(node, agent):
    node.static(pod("first", serve(8085), ports=[8085]))
    listening(agent, 8085)
    assert agent.findings(port=8085) == []
    node.apply(pod("second", serve(8085), ports=[8085], nodeName="lab"))
    finding = agent.conflict(8085, "duplicate_declaration")
    assert "second" in declaring(finding)


def test_a_pod_that_is_going_is_no_more_than_information(node, agent):
    node.apply(pod("old", ["sh", "-c", "trap '' TERM; httpd -f -p 8086 -h /tmp & while :; do wait; done"],
                   grace=30))
    listening(agent, 8086)
    node.kubectl("delete", "pod", "old", "--wait=false")
    node.apply(pod("new", serve(8086), ports=[8086]))
    finding = agent.conflict(8086, "other_pod")
    assert finding["severity"] == "info"
    assert holders(finding) == [("pod", "old")]
    node.kubectl("delete", "pod", "old", "--force", "--grace-period=0")


def test_a_host_port_over_a_busy_port_takes_the_listeners_traffic(node, agent):
    node.listen(8087, name="robbed")
    node.apply(pod("web", serve(80), ports=[{"containerPort": 80, "hostPort": 8087}],
                   host_network=False))
    finding = agent.conflict(8087, "hostport_hijacks_listener")
    assert finding["severity"] == "critical"
    assert holders(finding)[0] == ("unmanaged_process", "robbed") and declaring(finding) == ["web"]
    # It is true: who asks for the port gets the pod's answer, not the listener's.
    wait_until(lambda: "404" in node.run("curl", "-sS", "--max-time", "5", "-o", "/dev/null", "-w",
                                         "%{http_code}", f"http://{NODE_IP}:8087/",
                                         check=False).stdout, SLOW, "an answer of the pod")
