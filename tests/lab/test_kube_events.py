"""What a real API server makes of the Events and of the node condition, with the rights of deploy/overlays/events."""

from cluster import SLOW, pod, serve, wait_until


def condition(node):
    (only,) = node.list("nodes")
    found = [c for c in only["status"]["conditions"] if c["type"] == "HostPortConflict"]
    return found[0] if found else {}


def events(node):
    return [e for e in node.list("events") if e["source"].get("component") == "hostnet-agent"]


def test_a_conflict_is_an_event_and_the_condition_until_it_ends(node, deploy):
    deploy("deploy/overlays/events")
    wait_until(lambda: condition(node).get("status") == "False", SLOW, "the condition")
    began = condition(node)["lastTransitionTime"]
    holder = node.listen(8080, name="squatter")
    # It never listens there, so the port is free again for the second time.
    node.apply(pod("web", serve(8081), ports=[8080]))
    wait_until(lambda: condition(node)["status"] == "True", SLOW, "the conflict in the condition")
    said = condition(node)
    assert said["reason"] == "HostPortUnmanagedProcess" and "default/web" in said["message"]
    assert said["lastTransitionTime"] >= began
    (event,) = wait_until(lambda: events(node), SLOW, "the Event")
    assert event["involvedObject"]["uid"] == node.get("pod", "web")["metadata"]["uid"]
    shown = node.kubectl("describe", "pod", "web")
    assert "HostPortUnmanagedProcess" in shown and "cannot bind 8080/tcp" in shown

    node.stop(holder)
    wait_until(lambda: condition(node)["status"] == "False", SLOW, "its end")
    node.listen(8080, name="squatter")
    wait_until(lambda: events(node)[0]["count"] >= 2, SLOW, "the same Event once more")
    assert len(events(node)) == 1
    wait_until(lambda: condition(node)["status"] == "True", SLOW, "the condition again")
    deploy()  # the agent is replaced by one that reports nothing
    last = condition(node)
    assert (last["status"], last["reason"]) == ("False", "AgentStopped")
