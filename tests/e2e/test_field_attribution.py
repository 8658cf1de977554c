"""Who holds a declared port, on nodes as people have them: a table of cgroups, executables and
the right answers (tests/fixtures/field/attribution.tsv). In it `{H}` and `{G}` are container ids,
`{U}` is the UID of a pod that nobody here knows, `{V}` that of demo/other, with `_` as slices write
them; `\\n` ends a line of a cgroup file. `never` and `says` are what a remedy never says, and what
it does; ` | ` stands between several. Each case names the report or the source that it is from."""

import json
import pathlib
import subprocess
import sys

import pytest
from conftest import AGENT, ROOT

sys.path.insert(0, str(ROOT / "tests/fleet"))

from recording import Node  # noqa: E402

TABLE = ROOT / "tests/fixtures/field/attribution.tsv"
CONTAINER = "4f1c0b7a2d9e83645f1c0b7a2d9e83645f1c0b7a2d9e83645f1c0b7a2d9e8364"
INNER = "b3d5a91e07c2f4688b3d5a91e07c2f4688b3d5a91e07c2f4688b3d5a91e07c2f"[:64]
STRANGER = "0f9c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f"
WEB, OTHER = "11111111-2222-4333-8444-555555555555", "99999999-8888-4777-8666-555555555555"
PORT = 8080

# Cases of the table that the program does not get right yet.
NOT_YET = {
    "k0s konnectivity (k0s#7901)",
    "podman quadlet (podman#23664)",
    "rootless podman (podman#9587)",
    "a cluster inside a container (k3d#284)",
    "podman container with the host's network, runc (podman:libpod/container_internal_linux.go)",
    "podman container with crun's child cgroup (crun:crun.1.md, run.oci.systemd.subgroup)",
    "podman's monitor keeps a published port (podman#210)",
    "a container of a podman pod (podman:test/system/200-pod.bats)",
    "the monitor of a podman pod's container (podman:test/system/200-pod.bats)",
    "podman with the cgroupfs manager (podman:libpod/container_internal_linux.go)",
    "the monitors of podman with the cgroupfs manager (podman:libpod/oci_conmon_linux.go)",
    "the monitor in a quadlet's unit (podman:libpod/oci_conmon_linux.go)",
    "systemd in a quadlet (qm.service, containers/qm)",
    "podman's name server (podman#23783)",
    "podman on cgroup version 1 (podman#1552)",
    "a rootless container (podman#9587)",
    "a rootless container of a pod (podman:test/system/200-pod.bats)",
    "a rootless container's monitor (podman#23686)",
    "a rootless quadlet (podman#23686)",
    "rootlessport in a rootless quadlet's unit (podman#23686)",
    "rootlessport in a unit of podman generate systemd (podman#8105)",
    "rootlessport of a session (podman#4935)",
    "podman 1's rootlessport is podman itself (podman#5249)",
    "slirp4netns as port handler (podman#6965)",
    "pasta of a rootless container (podman#23686)",
    "pasta under the name of passt (passt:arch.c)",
    "another user's rootless podman (podman#9587)",
    "a rootless container without systemd (podman:libpod/container_internal_linux.go)",
    "docker with the systemd driver (moby#45796)",
    "docker with the cgroupfs driver (moby#34469)",
    "docker on cgroup version 1 (moby#34469)",
    "docker-proxy (moby#11185)",
    "docker-proxy of Docker's snap (docker-snap:snap/snapcraft.yaml)",
    "dockerd keeps a published port itself (moby#28589)",
    "systemd in a docker container (kind#3947)",
    "docker in docker (docker-library/docker:dockerd-entrypoint.sh)",
    "docker below a parent that somebody chose (GitHub's hosted runners, /actions_job)",
    "rootless docker's containers (moby:daemon/rootless_cgroup_test.go)",
    "rootless docker's port driver (moby:contrib/dockerd-rootless.sh)",
    "pasta below rootless docker (rootlesskit#358)",
    "slirp4netns below rootless docker (moby#47076)",
    "nerdctl with the systemd driver (nerdctl#543)",
    "nerdctl with the cgroupfs driver (containerd:pkg/oci/spec.go)",
    "ctr run names its container (containerd#7076)",
    "containerd's namespace of docker (containerd:pkg/oci/spec.go)",
    "rootless nerdctl's containers (nerdctl#5182)",
    "rootless nerdctl's port driver (nerdctl#2832)",
    "buildkit's step with the host's network (moby#37644)",
    "LXC (lxc:src/lxc/cgroups/cgfsng.c)",
    "a service inside LXC (lxc#4347)",
    "LXC's second start of a name (lxc:src/lxc/cgroups/cgfsng.c)",
    "LXC's monitor (lxc:src/lxc/cgroups/cgfsng.c)",
    "LXC on cgroup version 1 (lxc#1275)",
    "Proxmox names LXC by number (pve-container:src/PVE/LXC.pm)",
    "LXD in a project (lxd:doc/explanation/projects.md)",
    "systemd-nspawn as a unit (systemd:units/systemd-nspawn@.service.in)",
    "systemd-nspawn by hand (systemd:src/nspawn/nspawn-register.c)",
    "systemd-nspawn with a name that systemd escapes (systemd:src/nspawn/nspawn-register.c)",
    "k0s's kine (k0s:docs/raspberry-pi.md)",
    "kine beside k3s (kine:README.md)",
    "microk8s's dqlite (microk8s#4361)",
    "microk8s's cluster agent (microk8s:snap/snapcraft.yaml)",
    "the k8s snap's daemon (k8s-snap:docs)",
    "the k8s snap's proxy of the API server (k8s-snap:docs)",
    "the k8s snap's dqlite (k8s-snap:docs)",
    "Bottlerocket's containerd of host containers (bottlerocket#1242)",
    "CRI-O's monitor outside the pod (microshift#697)",
    "MicroShift (microshift#697)",
    "MicroShift's etcd (microshift:docs)",
    "Open vSwitch (ovn-kubernetes#1981)",
    "Open vSwitch's database (ovn-kubernetes#1981)",
    "flanneld as a unit (flannel:Documentation/running.md)",
    "konnectivity's agent as a unit (apiserver-network-proxy:cmd/agent)",
    "Talos's API (talos#4602)",
    "Talos's trust daemon (talos#4602)",
    "Talos's init (talos#3950)",
    "a user's unit (systemd:user@.service)",
    "a user's unit below a slice of its own (systemd:user@.service)",
    "a user's unit that is called kubelet (systemd:user@.service)",
    "rootless k3s (k3s:k3s-rootless.service)",
    "a pod of rootless k3s (k3s:k3s-rootless.service)",
    "a terminal's scope (systemd:app.slice)",
    "root's session starts something called kubelet (node_component by name alone)",
    "a kind cluster of docker (kind#3947)",
    "kind's kubelet (kind#3947)",
    "a kind cluster of podman (kind#3947)",
    "a kind cluster of rootless podman (kind:site/content/docs/user/rootless.md)",
    "k3d's server (k3d#284)",
    "k3s in LXC (k3s#4249)",
    "microk8s in LXD (microk8s:docs/lxd)",
    "kubeadm in systemd-nspawn (kube-spawn)",
    "Talos in docker (talos#6071)",
    "a kubelet of rke in docker (rancher-archives/rke#3440)",
    "what lxc-attach runs (lxc#3373)",
    "a build of docker with the systemd driver (buildx#782)",
    "buildx's builder container (buildx#782)",
    "rootless podman in rootless podman (podman#22788)",
}


def rows():
    lines = TABLE.read_text().splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, (line + "\t" * len(names)).split("\t"))) for line in lines[1:] if line]


def filled(text):
    """The ids and UIDs in place of their letters; systemd's slices have '_' in UIDs."""
    for letter, value in (("{H}", CONTAINER), ("{G}", INNER), ("{U}", STRANGER), ("{V}", OTHER),
                          ("{U_}", STRANGER.replace("-", "_")), ("{V_}", OTHER.replace("-", "_"))):
        text = text.replace(letter, value)
    return text.replace("\\n", "\n")


def pod(name, uid, ports, state):
    return {"metadata": {"name": name, "namespace": "demo", "uid": uid},
            "spec": {"nodeName": "node-1", "hostNetwork": True,
                     "dnsPolicy": "ClusterFirstWithHostNet",
                     "containers": [{"name": name, "ports": [
                         {"containerPort": port, "hostPort": port, "protocol": "TCP"}
                         for port in ports]}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": name, "restartCount": 4, "ready": "running" in state, "state": state}]}}


def node_with_declared_port(**options):
    node = Node(**options)
    node.link("eth0", "", "10.0.0.1/24", "fd00::1/64")
    node.pods = [pod("web", WEB, [PORT], {"waiting": {"reason": "CrashLoopBackOff"}}),
                 pod("other", OTHER, [], {"running": {"startedAt": "2026-11-24T00:00:00Z"}})]
    return node


def conflicts(node, directory):
    """What the program says of that node: all of it, and the conflict on the declared port."""
    node.write(directory)
    done = subprocess.run([AGENT, "conflicts", "--format=json", f"--replay={directory}"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    said = json.loads(done.stdout)
    found = [finding for finding in said["findings"] if finding["port"] == PORT]
    assert len(found) == 1, said
    return said, found[0]


def version_2_path(lines):
    """The path that the socket's own cgroup has; None on version 1, where it has none."""
    for line in lines.splitlines():
        if line.startswith("0::"):
            return line.removeprefix("0::")
    return None


def node_of(row):
    lines = filled(row["cgroup"])
    path = version_2_path(lines)
    hybrid = path is None or lines.count("\n") > 0
    node = node_with_declared_port(unified=not hybrid)
    pid = 1 if row["comm"] == "systemd" else 2718
    if pid != 1:
        node.process(pid, row["comm"], row["exe"], path or "/", uid=int(row["uid"] or 0),
                     lines=lines.rstrip("\n") + "\n" if hybrid else None)
    node.listen(pid, "tcp", "0.0.0.0", PORT, cgroup=path or "/")
    return node


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["case"])
def test_a_holder_is_told_by_its_kind_and_name_and_its_remedy_harms_nobody(row, tmp_path, request):
    if row["case"] in NOT_YET:
        request.applymarker(pytest.mark.xfail(strict=True, reason="not yet"))
    said, finding = conflicts(node_of(row), tmp_path / "node")
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["name"]) == (row["verdict"], filled(row["holder"]))
    for word in filter(None, row["never"].split(" | ")):
        assert filled(word) not in finding["remedy"]
    for word in filter(None, row["says"].split(" | ")):
        assert filled(word) in finding["remedy"]
    assert said["complete"], said["problems"]
