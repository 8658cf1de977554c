"""A node that is an object only: what the scheduler may choose besides the one that runs."""

import json
import threading
import time

from cluster import NODE_IP, SLOW, wait_until

PKI = "/run/lab/pki"


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())


class SimulatedNode:
    """Ready for as long as the test runs; nobody starts what is placed on it."""

    def __init__(self, cluster, name, **labels):
        self.cluster, self.name = cluster, name
        # DaemonSets of ours leave virtual nodes out: none would run there.
        self.cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "virtual-kubelet", **labels}}})
        self.over = threading.Event()
        self.heart = threading.Thread(target=self.beat, daemon=True)
        self.heart.start()
        wait_until(self.is_free, SLOW, f"{name}, ready")

    def beat(self):
        """As a kubelet every ten seconds: after 40 without, nothing is placed there."""
        while True:
            room = {"cpu": "1", "memory": "1Gi", "pods": "10"}
            status = {"capacity": room, "allocatable": room, "conditions": [
                {"type": "Ready", "status": "True", "reason": "Simulated", "lastHeartbeatTime": now()}]}
            self.cluster.run("curl", "-sS", "--cacert", f"{PKI}/ca.crt", "--cert", f"{PKI}/admin.crt", "--key",
                             f"{PKI}/admin.key", "-X", "PATCH", "-H", "Content-Type: application/strategic-merge-patch+json",
                             "-d", json.dumps({"status": status}),
                             f"https://{NODE_IP}:16443/api/v1/nodes/{self.name}/status", check=False)
            if self.over.wait(10):
                return

    def is_free(self):
        """The node controller has taken what it puts on a new node, and the scheduler may choose it."""
        found = self.cluster.get("node", self.name)
        return found["status"].get("allocatable") and not found["spec"].get("taints")

    def close(self):
        self.over.set()
        self.heart.join()
        self.cluster.kubectl("delete", "node", self.name)
        self.cluster.kubectl("delete", "pods", "--all-namespaces", f"--field-selector=spec.nodeName={self.name}",
                             "--force", "--grace-period=0")
