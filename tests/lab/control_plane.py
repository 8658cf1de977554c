"""The cluster's control plane as something that ends, starts again and is configured otherwise."""

import base64
import json
import pathlib
import shutil

from cluster import SLOW, is_ready, wait_until

LAB = "/run/lab"
ETCD = "http://127.0.0.1:12379"
# In the order in which they need each other. Leader election ends kcm and scheduler with the API server.
COMPONENTS = ("etcd", "apiserver", "kcm", "scheduler", "proxy")


class ControlPlane:
    def __init__(self, cluster):
        self.cluster = cluster
        self.words = {name: self.process(name, "cmdline").split("\0")[:-1] for name in COMPONENTS}
        self.changed = set()

    def process(self, component, file):
        return self.cluster.path(f"/proc/{self.cluster.pid(component)}/{file}").read_text()

    def runs(self, component):
        try:
            state, threads = (self.process(component, "stat").rpartition(")")[2].split()[i]
                              for i in (0, 17))
        except OSError:
            return False
        # Nobody waits for those that ended; a thread that is still ending may hold the port.
        return state != "Z" or threads != "1"

    def stop(self, component):
        """At once, as on a machine that lost its power."""
        self.cluster.run("kill", "-9", self.cluster.pid(component), check=False)
        wait_until(lambda: not self.runs(component), SLOW, f"the end of {component}")

    def start(self, component, *flags):
        """With flags beside those it had; the last one counts."""
        (self.changed.add if flags else self.changed.discard)(component)
        self.cluster.run(
            "sh", "-c", f'cd {LAB}/pki; name=$0; setsid "$@" >>{LAB}/log/$name.log 2>&1 </dev/null &'
            f" echo $! >{LAB}/pid/$name", component, *self.words[component], *flags)
        if component == "apiserver":
            wait_until(lambda: self.answers() or not self.runs(component), 2 * SLOW, "a ready API server")
            assert self.runs(component), self.cluster.run("tail", "-n", "5", f"{LAB}/log/{component}.log").stdout

    def restart(self, component, *flags):
        self.stop(component)
        self.start(component, *flags)

    def answers(self):
        said = self.cluster.run("kubectl", "get", "--raw", "/readyz", "--request-timeout=5s", check=False)
        return said.returncode == 0

    def revive(self):
        """What gave up is started again, as the kubelet does it elsewhere; the node is ready."""
        for component in COMPONENTS:
            if not self.runs(component):
                self.start(component)
        wait_until(self.node_is_ready, SLOW, "a ready node")

    def settle(self):
        """As the cluster was found: every component runs, with its own flags."""
        for component in COMPONENTS:
            if component in self.changed:
                self.restart(component)
        self.revive()

    def node_is_ready(self):
        return is_ready(self.cluster.get("node", "lab"))

    def audit(self, user, **rule):
        return Audit(self.cluster, user, rule)

    def compact(self):
        """etcd forgets everything but the newest of each key."""
        def ask(call, **what):
            return json.loads(self.cluster.run("curl", "-sS", "--fail", f"{ETCD}/v3/kv/{call}", "-d",
                                               json.dumps(what)).stdout)
        now = ask("range", key=base64.b64encode(b"/").decode())["header"]["revision"]
        ask("compaction", revision=now, physical=True)


class Audit:
    """What the API server writes down of one user's requests, once it runs with these flags: of a
    watch when it is over. `rule` is of what (audit.k8s.io: level, resources); everything's metadata without one."""

    def __init__(self, cluster, user, rule):
        folder = f"{LAB}/audit"
        cluster.run("mkdir", "-p", folder)
        self.log = cluster.path(f"{folder}/log")
        self.log.unlink(missing_ok=True)
        cluster.path(f"{folder}/policy").write_text(json.dumps({
            "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata", "users": [user], **rule}, {"level": "None"}]}))
        self.passed = 0
        self.flags = [f"--audit-policy-file={folder}/policy", f"--audit-log-path={folder}/log"]

    def events(self):
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()][self.passed:]

    def forget(self):
        """What was written down until now."""
        self.passed += len(self.events())


class ServiceAccountFolder:
    """What the kubelet mounts into a pod, written as it writes it: a new folder, then one rename."""

    def __init__(self, cluster, folder="/run/secrets/kubernetes.io/serviceaccount"):
        self.folder = cluster.path(folder)  # /var/run is /run
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.generation = 0
        self.files = {}

    def write(self, **files):
        """write(token=…, ca_crt=…): replaces those, keeps the others."""
        self.files |= {name.replace("_", "."): text for name, text in files.items()}
        self.generation += 1
        data = self.folder / f"..{self.generation}"
        data.mkdir()
        for name, text in self.files.items():
            (data / name).write_text(text)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(pathlib.Path("..data", name))
        fresh = self.folder / "..data_tmp"
        fresh.symlink_to(data.name)
        fresh.rename(self.folder / "..data")
