import os
import subprocess

import pytest

from cluster import (BINARIES, CLUSTER, ROOT, SLOW, Cluster, DaemonSetAgent, render,
                     wait_until)
from control_plane import ControlPlane

AGENT = os.environ.get("HOSTNET_AGENT", str(ROOT / "build/gcc/agent/hostnet-agent"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    assert CLUSTER.is_file(), f"no cluster script at {CLUSTER}: HOSTNET_LAB says where it is"
    assert (BINARIES / "kubelet").is_file(), f"no Kubernetes in {BINARIES}: tests/run lab builds it"
    directory = tmp_path_factory.mktemp("lab")
    image = directory / "hostnet-agent.tar"
    done = subprocess.run([ROOT / "packaging/image", image, AGENT], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    made = Cluster(directory)
    try:
        made.load(image)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def daemonset(cluster):
    return DaemonSetAgent(cluster)


@pytest.fixture
def deploy(daemonset):
    """deploy(folder, change, components): the cluster runs the agent as those of deploy/ say, until a test wants
    another."""
    def apply(folder="deploy", change=None, components=()):
        manifest = render(folder, *components)
        daemonset.apply(change(manifest) if change else manifest)
        return daemonset
    return apply


@pytest.fixture
def agent(deploy):
    """The agent as `kubectl apply -k deploy` runs it."""
    return deploy()


@pytest.fixture
def control_plane(cluster):
    """To be stopped, started and configured; as it was when the test is over."""
    plane = ControlPlane(cluster)
    yield plane
    plane.settle()


@pytest.fixture
def node(cluster):
    """The cluster, for pods and processes that go with the test."""
    running = len(cluster.processes)
    yield cluster
    for process in cluster.processes[running:]:
        cluster.stop(process)
    for file in cluster.path("/run/lab/manifests").glob("*.json"):
        file.unlink()
    for kind in ("daemonset,deployment,service", "pod"):
        cluster.kubectl("delete", kind, "-n", "default", "-l", "lab=test", "--wait=false")
    wait_until(lambda: not cluster.list("pods", "-l", "lab=test"), SLOW,
               "the end of the test's pods")
    # The kubelet ends the containers of a pod without grace after the API server has forgotten it.
    wait_until(lambda: cluster.run("pgrep", "-x", "httpd", check=False).returncode == 1, SLOW,
               "the end of their servers")

