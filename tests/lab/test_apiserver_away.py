"""The API server away for two minutes while the node and the cluster's state go on."""

import json
import time

from cluster import IDLE, NODE_IP, SLOW, pod, wait_until
from outside_agent import conflicts, source_up
from witness import Witness, only

AWAY = 120
HELD, LATE, NEXT = (8180, "unmanaged_process"), (8182, "unmanaged_process"), (8183, "unmanaged_process")


class Replica:
    """Another API server on the same etcd, which the agent and the kubelet do not know."""

    def __init__(self, node, control_plane):
        self.node = node
        self.process = node.start(
            "sh", "-c", 'cd /run/lab/pki; exec "$@"', "sh", *control_plane.words["apiserver"],
            "--secure-port=16444", "--endpoint-reconciler-type=none")
        wait_until(lambda: self.kubectl("get", "--raw", "/readyz", check=False) == "ok", SLOW,
                   "the other API server")

    def kubectl(self, *words, **options):
        return self.node.kubectl("--server", f"https://{NODE_IP}:16444", *words, **options)


def test_findings_are_frozen_until_it_is_back_with_its_history_compacted(node, agent, control_plane):
    squatter = node.listen(HELD[0], name="squatter")
    node.listen(NEXT[0], name="next")
    node.apply(pod("going", IDLE, ports=[HELD[0]], nodeName="lab"))
    node.apply(pod("staying", IDLE, ports=[LATE[0]], nodeName="lab"))
    wait_until(lambda: conflicts(agent) == {HELD}, SLOW, "the conflict before")
    allowed = only(HELD)
    with Witness(agent, lambda finding: allowed(finding)):
        began = time.monotonic()
        control_plane.stop("apiserver")
        # Three failed attempts, 0.8 and 1.6 s apart.
        wait_until(lambda: not source_up(agent), 20, "the source to be down")
        allowed = lambda finding: finding["stale"] and only(HELD)(finding)  # noqa: E731
        node.stop(squatter)
        node.listen(LATE[0], name="late")

        replica = Replica(node, control_plane)
        replica.kubectl("delete", "pod", "going", "--force", "--grace-period=0")
        replica.kubectl("apply", "-f", "-", stdin=json.dumps(pod("next", IDLE, ports=[NEXT[0]], nodeName="lab")))
        node.stop(replica.process)
        control_plane.compact()

        wait_until(lambda: time.monotonic() - began > AWAY, AWAY + 5, "two minutes")
        page = agent.json("/conflicts")
        assert [(f["port"], f["stale"]) for f in page["findings"]] == [(HELD[0], True)]
        assert not page["complete"]
        assert any("cannot connect" in p["message"] for p in page["problems"]), page["problems"]
        assert "(stale)" in agent.text("/conflicts")
        assert float(agent.metric("^hostnet_pod_source_last_success")[0].split()[1]) < time.time() - AWAY + 20
        assert agent.metric("^hostnet_pod_source_pods")[0].split()[1] != "0"

        allowed = lambda finding: (only(LATE, NEXT)(finding)  # noqa: E731
                                   or finding["stale"] and only(HELD)(finding))
        control_plane.start("apiserver")
        wait_until(lambda: conflicts(agent) == {LATE, NEXT}, SLOW, "the truth")
    page = agent.json("/conflicts")
    assert page["complete"] and not any(f["stale"] for f in page["findings"])
    assert source_up(agent)
    assert float(agent.metric("^hostnet_pod_source_last_success")[0].split()[1]) > time.time() - 60
