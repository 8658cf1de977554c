"""A real one-node Kubernetes with the agent as a DaemonSet, and pods for it."""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from machine import ROOT, Client, Machine, children, wait_until  # noqa: E402

CLUSTER = pathlib.Path(os.environ.get("HOSTNET_LAB", ROOT / "tests/lab/cluster"))
BINARIES = pathlib.Path(os.environ.get("HOSTNET_LAB_BUILD", "/tmp/lab")) / "bin"
NODE_IP = "10.99.0.1"
NAMESPACE = "hostnet-agent"
# Two cores and, at times, a compiler beside us: a pod takes seconds to start, and some seconds more to go.
SLOW = 90
# Severities that wake somebody.
LOUD = ("warning", "critical")


class Cluster(Machine):
    """The node: what Machine has for processes outside Kubernetes, and kubectl."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.processes = []
        self.cgroups = []
        # The kernel ends the node with us, whatever ends us.
        self.shell = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", HERE / "node", CLUSTER, BINARIES],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.shell.stdout:
            if line == "up\n":
                break
            if line.startswith("cgroup "):
                self.cgroups.append(pathlib.Path(line.split(maxsplit=1)[1].rstrip("\n")))
            said.append(line)
        else:
            self.close()
            raise AssertionError("the cluster did not come up:\n" + "".join(said))
        self.init = children(self.shell.pid)[0]

    def command(self, *words):
        return [str(HERE / "enter"), str(self.init), *map(str, words)]

    def path(self, inside):
        """A file of the node as this process can open it."""
        return pathlib.Path(f"/proc/{self.init}/root") / str(inside).lstrip("/")

    def kubectl(self, *words, stdin=None, check=True):
        done = self.run("kubectl", *words, check=check, input=stdin)
        return done.stdout

    def get(self, kind, name, namespace="default"):
        """The object; None where there is none."""
        said = self.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(said) if said else None

    def list(self, kind, *selection):
        return json.loads(self.kubectl("get", kind, *selection, "-o", "json"))["items"]

    def apply(self, *objects):
        together = {"apiVersion": "v1", "kind": "List", "items": objects}
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(together))

    def is_running(self, pod):
        """Whether its container is ready."""
        return self.get("pod", pod)["status"].get("containerStatuses", [{}])[0].get("ready", False)

    def load(self, archive):
        self.run(CLUSTER, "import", archive)

    def pid(self, component):
        """The process of etcd, containerd, apiserver, kcm, scheduler, kubelet or proxy, as the node numbers it."""
        return int(self.path(f"/run/lab/pid/{component}").read_text())

    def static(self, manifest):
        """A pod that the kubelet reads from its folder; the file, to be removed again."""
        name = manifest["metadata"]["name"]
        file = self.path(f"/run/lab/manifests/{name}.json")
        hidden = file.with_name(f".{name}")
        hidden.write_text(json.dumps(manifest))
        hidden.rename(file)
        return file

    def close(self):
        for process in self.processes:
            self.stop(process)
        self.shell.kill()
        self.shell.wait(timeout=30)
        for top in self.cgroups:
            wait_until(lambda top=top: gone(top), 30, f"the end of what ran in {top}")


def gone(cgroup):
    """Removes it with what is below; true when that worked."""
    for path, _, _ in os.walk(cgroup, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            pass
    return not cgroup.exists()


def is_ready(pod_or_node):
    return any(condition["type"] == "Ready" and condition["status"] == "True"
               for condition in pod_or_node["status"].get("conditions", []))


class DaemonSetAgent(Client):
    """The agent that the cluster runs, and its rollout."""

    def __init__(self, cluster):
        super().__init__(cluster)
        self.applied = None

    def apply(self, manifest):
        """Makes the cluster run this one, and waits until it does."""
        if self.applied == manifest:
            return
        self.remove()
        self.machine.kubectl("apply", "-f", "-", stdin=manifest)
        wait_until(self.ready, SLOW, "a ready agent")
        self.applied = manifest

    def remove(self):
        self.applied = None
        self.machine.kubectl("delete", "daemonset", "-n", NAMESPACE, "--all", "--wait=false")
        wait_until(lambda: not self.pods(), SLOW, "the end of the agent")

    def restart(self):
        """Another one, that asks for everything anew."""
        before = {pod["metadata"]["uid"] for pod in self.pods()}
        self.machine.kubectl("delete", "pod", "-n", NAMESPACE, "--all", "--wait=false")
        wait_until(lambda: not before & {pod["metadata"]["uid"] for pod in self.pods()} and self.ready(),
                   SLOW, "the agent that follows")

    def pods(self):
        return self.machine.list("pods", "-n", NAMESPACE)

    def ready(self):
        daemonset = self.machine.get("daemonset", "hostnet-agent", NAMESPACE)
        status = daemonset.get("status", {})
        # The DaemonSet's count may still be that of pods which were replaced.
        return (status.get("observedGeneration") == daemonset["metadata"]["generation"]
                and status.get("desiredNumberScheduled") == 1 and status.get("numberReady") == 1
                and all(map(is_ready, self.pods())))

    def conflict(self, port, verdict, seconds=SLOW):
        """The finding, once it is there."""
        def found():
            return [f for f in self.findings(port=port) if f["verdict"] == verdict]
        return wait_until(found, seconds, f"{verdict} on {port}: {self.text('/conflicts')}")[0]

    def loud(self):
        """The findings that would wake somebody."""
        return [f for kind in ("conflicts", "risks") for f in self.findings(kind)
                if f["severity"] in LOUD]

    def look_for(self, seconds):
        """Waits until the agent's last look is that much later than now."""
        end = time.time() + seconds

        def later():
            (line,) = self.metric("^hostnet_last_scan_timestamp_seconds ")
            return float(line.split()[1]) > end
        wait_until(later, seconds + 30, "later looks")

    def log(self):
        return self.machine.kubectl("logs", "-n", NAMESPACE, "daemonset/hostnet-agent", check=False)


@functools.cache
def minor_version():
    """20, of Kubernetes 1.20."""
    said = subprocess.run([BINARIES / "kube-apiserver", "--version"], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    return int(re.search(r"v1\.(\d+)", said).group(1))


def right_for_the_kubelets_pods():
    """What a kubelet asks for before it lists its pods."""
    return "nodes/pods" if minor_version() >= 33 else "nodes/proxy"


def render(folder="deploy", *components):
    """What kubectl apply -k sends: that folder with components of deploy/, for the version of this cluster."""
    if minor_version() < 30 and "apparmor-annotation" not in folder:  # before the field
        components = [*components, "apparmor-annotation"]
    if not components:
        return kustomize(ROOT / folder)
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as made:
        pathlib.Path(made, "kustomization.yaml").write_text(json.dumps({
            "resources": [f"../../{folder}"], "components": [f"../../deploy/components/{one}" for one in components]}))
        return kustomize(made)


def kustomize(folder):
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def serve(port):
    """A container's command: an HTTP server on that port, which ends when it cannot have it."""
    return ["httpd", "-f", "-p", str(port), "-h", "/tmp"]


IDLE = ["sleep", "1000000"]


def pod(name, command, ports=(), host_network=True, labels=None, grace=0, **spec):
    """A Pod of one container. ports: containerPort objects, or numbers."""
    ports = [{"containerPort": p} if isinstance(p, int) else p for p in ports]
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"lab": "test", **(labels or {})}},
        "spec": {
            "hostNetwork": host_network, "terminationGracePeriodSeconds": grace,
            "containers": [{"name": "main", "image": "lab.local/busybox:1",
                            "imagePullPolicy": "Never", "command": command, "ports": ports}],
            **({"dnsPolicy": "ClusterFirstWithHostNet"} if host_network else {}), **spec}}


def service(name, selector, port, **spec):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "default", "labels": {"lab": "test"}},
            "spec": {"selector": {"app": selector},
                     "ports": [{"port": port, "targetPort": port, "protocol": "TCP"}], **spec}}


def holders(finding):
    return [(h["kind"], h["pod"] or h["comm"] or h["name"]) for h in finding["held_by"]]


def declaring(finding):
    return sorted(d["pod"] for d in finding["declared_by"])
