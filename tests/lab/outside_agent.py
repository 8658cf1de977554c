"""The agent as a process of the node, beside the one that the cluster runs, and as whom it comes."""

import json
import os

import machine
from cluster import NAMESPACE, ROOT

ACCOUNT = "outside"  # what is written down of it is not of the DaemonSet's
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


# As a unit of the node: in one cgroup with its first process it would be in a container of its own.
IN_A_UNIT = ["sh", "-c", "tree=/sys/fs/cgroup/systemd; [ -d $tree ] || tree=/sys/fs/cgroup; unit=$tree/system.slice/agent.service;"
             'mkdir -p $unit && echo $$ >$unit/cgroup.procs && exec "$@"', "sh"]


class OutsideAgent(machine.Agent):
    PORT = 20001

    def __init__(self, cluster, *flags, env=None, source="apiserver"):
        super().__init__(cluster, [f"--web.listen-address=127.0.0.1:{self.PORT}",
                                   f"--pods.source={source}", "--pods.node-name=lab",
                                   "--pods.start-spread=1ms", *flags],
                         "/readyz", None, {"before": IN_A_UNIT, "env": {**os.environ, **(env or {})}})

    def memory(self):
        """Resident, in KiB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def source_up(agent):
    return agent.metric("^hostnet_pod_source_up")[0].endswith(" 1")


def account(cluster):
    """An account with the rights that the agent's has in deploy/, and no DaemonSet."""
    for file in ("namespace", "rbac"):
        cluster.kubectl("apply", "-f", ROOT / f"deploy/base/{file}.yaml")
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "hostnet-agent"}
    who = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount",
                   "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}})
    cluster.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                   "metadata": {"name": ACCOUNT}, "roleRef": role, "subjects": [who]})


def token(cluster, secret=None, account=ACCOUNT):
    """A new token of the agent's account; with a secret, valid until that is deleted."""
    spec = {"expirationSeconds": 3600}
    if secret:
        cluster.apply({"apiVersion": "v1", "kind": "Secret",
                       "metadata": {"name": secret, "namespace": NAMESPACE}})
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Secret", "name": secret}
    said = cluster.kubectl(
        "create", "-f", "-", "--raw",
        f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token",
        stdin=json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                          "spec": spec}))
    return json.loads(said)["status"]["token"]


def kubeconfig(file, server, authority, token_file):
    file.write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server,
                                               "certificate-authority": str(authority)}}],
        "users": [{"name": "u", "user": {"tokenFile": str(token_file)}}]}))
    return file


def conflicts(agent):
    return {(f["port"], f["verdict"]) for f in agent.findings()}
