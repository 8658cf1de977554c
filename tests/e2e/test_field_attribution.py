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

from recording import NET_NAMESPACE, OTHER_NET_NAMESPACE, Node  # noqa: E402

TABLE = ROOT / "tests/fixtures/field/attribution.tsv"
CONTAINER = "4f1c0b7a2d9e83645f1c0b7a2d9e83645f1c0b7a2d9e83645f1c0b7a2d9e8364"
INNER = "b3d5a91e07c2f4688b3d5a91e07c2f4688b3d5a91e07c2f4688b3d5a91e07c2f"[:64]
STRANGER = "0f9c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f"
WEB, OTHER = "11111111-2222-4333-8444-555555555555", "99999999-8888-4777-8666-555555555555"
PORT = 8080


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
    # LXD's and Incus' proxies are in the network that they connect to.
    proxy = row["holder"] in ("lxd", "incus")
    if pid != 1:
        node.process(pid, row["comm"], row["exe"], path or "/", uid=int(row["uid"] or 0),
                     lines=lines.rstrip("\n") + "\n" if hybrid else None,
                     network=OTHER_NET_NAMESPACE if proxy else NET_NAMESPACE)
    node.listen(pid, "tcp", "0.0.0.0", PORT, cgroup=path or "/")
    return node


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["case"])
def test_a_holder_is_told_by_its_kind_and_name_and_its_remedy_harms_nobody(row, tmp_path):
    said, finding = conflicts(node_of(row), tmp_path / "node")
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["name"]) == (row["verdict"], filled(row["holder"]))
    for word in filter(None, row["never"].split(" | ")):
        assert filled(word) not in finding["remedy"]
    for word in filter(None, row["says"].split(" | ")):
        assert filled(word) in finding["remedy"]
    assert said["complete"], said["problems"]


# A .socket unit and what serves it: (unit, service's process, service, what the remedy says).
SOCKET_UNITS = [
    ("console.socket", None, "", "systemctl stop console.socket,"),  # systemd#14044
    ("console.socket", "console.service", "console.service",
     "systemctl stop console.socket console.service"),
    # Podman's API (podman-system-service(1))
    ("podman.socket", "podman.service", "podman.service",
     "systemctl stop podman.socket podman.service"),
    # Accept=yes: an instance for each connection, and the listener stays systemd's.
    ("cockpit.socket", None, "", "systemctl stop cockpit.socket,"),  # cockpit#7815
    ("ssh.socket", None, "", None),
    ("ssh.socket", "ssh.service", "ssh.service", None),
]


@pytest.mark.parametrize("unit,by,service,remedy", SOCKET_UNITS)
def test_a_socket_unit_is_the_holder_whoever_serves_it(unit, by, service, remedy, tmp_path):
    node = node_with_declared_port()
    inode = node.listen(1, "tcp", "0.0.0.0", PORT, cgroup=f"/system.slice/{unit}")
    if by:
        node.process(2718, "python3", "/usr/bin/python3.11", f"/system.slice/{by}")
        node.shares(2718, inode)
    said, finding = conflicts(node, tmp_path / "node")
    holder = finding["held_by"][0]
    assert (holder["kind"], holder["name"], holder["unit_service"]) == (
        "unmanaged_process", unit, service)
    if remedy:
        assert remedy in finding["remedy"]
    else:
        assert "stop" not in finding["remedy"]
    assert said["complete"], said["problems"]


def test_a_connection_of_an_instance_is_its_socket_units(tmp_path):
    node = node_with_declared_port()
    node.process(2718, "python3", "/usr/bin/python3.11",
                 "/system.slice/system-console.slice/console@7-10.0.0.1.service")
    node.listen(2718, "tcp", "10.0.0.1", PORT, state=1, peer="10.0.0.9", peer_port=4711,
                cgroup="/system.slice/console.socket")
    _, finding = conflicts(node, tmp_path / "node")
    holder = finding["held_by"][0]
    assert (holder["name"], holder["unit_service"]) == (
        "console.socket", "console@7-10.0.0.1.service")


# Sockets of the kernel that whoever loaded the module made: (protocol, port, made in).
@pytest.mark.parametrize("protocol,port,made_in", [
    ("tcp", 16385, "/system.slice/rds.service"),  # kernel:Documentation/networking/rds.rst
    ("udp", 1701, "/system.slice/xl2tpd.service"),  # kernel:Documentation/networking/l2tp.rst
    ("udp", 8848, "/user.slice/user-0.slice/session-1.scope"),  # ipvsadm(8), --start-daemon
    ("udp", 6118, "/system.slice/tipc.service"),  # kernel:net/tipc/udp_media.c
    ("udp", 51820, "/system.slice/system-wg\\x2dquick.slice/wg-quick@wg0.service")])
def test_a_socket_of_the_kernel_is_not_its_makers(protocol, port, made_in, tmp_path):
    node = node_with_declared_port()
    container = node.pods[0]["spec"]["containers"][0]
    container["ports"] = [{"containerPort": port, "hostPort": port, "protocol": protocol.upper()}]
    node.socket(protocol, "0.0.0.0", port, cgroup=made_in)
    node.write(tmp_path / "node")
    done = subprocess.run([AGENT, "conflicts", "--format=json", f"--replay={tmp_path}/node"],
                          capture_output=True, text=True, timeout=300)
    assert [finding["verdict"] for finding in json.loads(done.stdout)["findings"]] == [
        "kernel_socket"]


# Clients in the kernel, whoever mounted or connected: (its port, the server's, made in).
@pytest.mark.parametrize("port,peer_port,made_in", [
    (789, 2049, "/system.slice/mnt-nfs.mount"),  # ltsp#875
    (901, 2049, "/system.slice/kubelet.service"),
    (8080, 3260, "/system.slice/iscsid.service"),  # open-iscsi:usr/io.c
    (8080, 4420, "/system.slice/nvmf-autoconnect.service"),  # nvme-cli:nvmf-autoconnect
    (8080, 445, "/system.slice/mnt-cifs.mount"),  # kernel:fs/smb/client
    (8080, 6800, "/system.slice/kubelet.service"),  # kernel:net/ceph/messenger.c
    (8080, 7789, "/system.slice/drbd.service")])  # kernel:drivers/block/drbd
def test_a_connection_of_the_kernel_is_not_its_makers(port, peer_port, made_in, tmp_path):
    node = node_with_declared_port()
    container = node.pods[0]["spec"]["containers"][0]
    container["ports"] = [{"containerPort": port, "hostPort": port, "protocol": "TCP"}]
    node.socket("tcp", "10.0.0.1", port, state=1, peer="10.0.0.9", peer_port=peer_port,
                cgroup=made_in)
    node.write(tmp_path / "node")
    done = subprocess.run([AGENT, "conflicts", "--format=json", f"--replay={tmp_path}/node"],
                          capture_output=True, text=True, timeout=300)
    finding, = json.loads(done.stdout)["findings"]
    assert (finding["verdict"], finding["held_by"][0]["kind"]) == ("ephemeral_connection", "kernel")
    assert ("_resvport" in finding["remedy"]) == (peer_port == 2049)
    assert "systemctl stop" not in finding["remedy"]


def test_a_socket_units_port_is_not_the_containers_that_serves_it(tmp_path):
    """podman-systemd.unit(5): a quadlet's container with socket activation"""
    node = node_with_declared_port()
    inode = node.listen(1, "tcp", "0.0.0.0", PORT, cgroup="/system.slice/web.socket")
    for pid, comm, below in ((2718, "nginx", f"libpod-payload-{CONTAINER}"),
                             (2719, "conmon", "runtime")):
        node.process(pid, comm, f"/usr/bin/{comm}", f"/system.slice/web.service/{below}")
        node.shares(pid, inode)
    _, finding = conflicts(node, tmp_path / "node")
    holder = finding["held_by"][0]
    assert (holder["kind"], holder["name"], holder["unit_service"]) == (
        "unmanaged_process", "web.socket", "web.service")
    assert "systemctl stop web.socket web.service" in finding["remedy"]


def test_dockers_own_socket_unit_publishes_no_container(tmp_path):
    """moby:contrib/init/systemd/docker.socket, with a ListenStream of TCP"""
    node = node_with_declared_port()
    inode = node.listen(1, "tcp", "0.0.0.0", PORT, cgroup="/system.slice/docker.socket")
    node.process(2718, "dockerd", "/usr/bin/dockerd", "/system.slice/docker.service")
    node.shares(2718, inode)
    _, finding = conflicts(node, tmp_path / "node")
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["name"], holder["unit_service"]) == (
        "node_component", "docker.socket", "docker.service")
    assert "stop" not in finding["remedy"]


# Of an unprivileged container, with security.uid (incus:doc/reference/devices_proxy.md).
@pytest.mark.parametrize("exe,unit,name", [
    ("/opt/incus/bin/incusd", "incus.service", "incus"),
    ("/snap/lxd/29351/bin/lxd", "snap.lxd.daemon.service", "lxd")])
def test_a_proxy_device_of_another_uid_is_not_rootless(exe, unit, name, tmp_path):
    node = node_with_declared_port()
    node.process(2718, name, exe, f"/system.slice/{unit}", uid=1000000, network=OTHER_NET_NAMESPACE)
    node.listen(2718, "tcp", "0.0.0.0", PORT)
    _, finding = conflicts(node, tmp_path / "node")
    assert (finding["verdict"], finding["held_by"][0]["name"]) == ("unmanaged_container", name)


# The API of LXD and Incus, where core.https_address or core.dns_address has it
# (incus:doc/howto/server_expose.md): the daemon itself, which is not stopped.
@pytest.mark.parametrize("exe,unit,parent", [
    ("/opt/incus/bin/incusd", "incus.service", 1),
    ("/snap/lxd/29351/bin/lxd", "snap.lxd.daemon.service", 2700)])  # snap: daemon.start is a script
def test_the_api_of_a_container_daemon_is_no_containers(exe, unit, parent, tmp_path):
    node = node_with_declared_port()
    node.process(2700, "daemon.start", "/usr/bin/dash", f"/system.slice/{unit}")
    node.process(2718, exe.rsplit("/", 1)[1], exe, f"/system.slice/{unit}", parent=parent)
    node.listen(2718, "tcp", "0.0.0.0", PORT)
    _, finding = conflicts(node, tmp_path / "node")
    assert (finding["verdict"], finding["held_by"][0]["name"]) == ("unmanaged_process", unit)
    assert "core.https_address" in finding["remedy"] and "stop" not in finding["remedy"]
