"""Who has a pod's port, on a real kubelet."""

from cluster import SLOW, pod, serve, wait_until


def state_of(finding):
    (declared,) = finding["declared_by"]
    return declared["container_state"], declared["reason"]


def test_an_outside_process_is_named_while_the_pod_crash_loops_and_forgotten_when_it_stops(node, agent):
    holder = node.listen(8080, name="squatter")
    node.apply(pod("web", serve(8080), ports=[8080]))

    def crash_looping():
        return [f for f in agent.findings(port=8080) if state_of(f) == ("waiting", "CrashLoopBackOff")]
    finding = wait_until(crash_looping, SLOW, "a finding that shows CrashLoopBackOff")[0]
    assert (finding["verdict"], finding["severity"]) == ("unmanaged_process", "critical")
    assert finding["held_by"][0]["comm"] == "squatter"
    assert finding["declared_by"][0]["source"] == "apiserver"
    assert finding["declared_by"][0]["restarts"] >= 1

    node.stop(holder)
    wait_until(lambda: not agent.findings(port=8080), 5, "the end of the finding")
    assert [f for f in agent.findings() if f["port"] == 8080] == []
