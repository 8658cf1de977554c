"""Nodes from the field whose trouble is more than one process in one cgroup: sockets that systemd
keeps for others, processes that the agent's procfs does not show, containers that a rule or a
neighbouring cgroup names. Each names the report that it is from."""

import json
import subprocess

import pytest
from conftest import AGENT
from rule_scene import findings
from test_field_attribution import CONTAINER, INNER, PORT, conflicts, node_with_declared_port

import nat
from recording import Node

def socket_unit(unit, folder="/system.slice", keeper=1, **fields):
    """A node on which systemd listens on that port for the unit, and the socket's inode."""
    node = node_with_declared_port()
    inode = node.listen(keeper, "tcp", "::", PORT, cgroup=f"{folder}/{unit}", **fields)
    return node, inode


def test_a_socket_units_port_is_told_by_that_unit(tmp_path):
    """systemd#14044"""
    node, _ = socket_unit("console.socket")
    _, finding = conflicts(node, tmp_path / "node")
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["name"]) == ("unmanaged_process", "console.socket")
    assert "systemctl stop console.socket" in finding["remedy"]


def test_a_service_that_took_over_a_socket_is_named_beside_the_unit(tmp_path):
    """cockpit#7815"""
    node, inode = socket_unit("cockpit.socket")
    node.process(700, "cockpit-tls", "/usr/lib/cockpit/cockpit-tls",
                 "/system.slice/cockpit.service", uid=995)
    node.shares(700, inode)
    _, finding = conflicts(node, tmp_path / "node")
    holder = finding["held_by"][0]
    assert (holder["name"], holder["unit_service"]) == ("cockpit.socket", "cockpit.service")
    assert "systemctl stop cockpit.socket" in finding["remedy"]


def test_a_socket_unit_with_accept_is_still_the_holder_while_it_serves(tmp_path):
    """systemd.socket(5), Accept=yes: a service of a template for each connection"""
    node, _ = socket_unit("echo.socket")
    node.process(700, "cat", "/usr/bin/cat",
                 "/system.slice/system-echo.slice/echo@1-10.0.0.1:8080-10.0.0.9:40022.service")
    node.listen(700, "tcp", "10.0.0.1", PORT, state=1, peer="10.0.0.9", peer_port=40022)
    _, finding = conflicts(node, tmp_path / "node")
    assert finding["held_by"][0]["name"] == "echo.socket"
    assert "systemctl stop echo.socket" in finding["remedy"]


@pytest.mark.parametrize("unit", ["ssh.socket", "sshd.socket"])
def test_the_nodes_ssh_socket_is_never_told_to_stop(tmp_path, unit):
    """flatcar/init, openssh of Ubuntu 22.10 and later"""
    node, _ = socket_unit(unit)
    _, finding = conflicts(node, tmp_path / "node")
    assert finding["held_by"][0]["name"] == unit
    assert "stop" not in finding["remedy"] and "kill" not in finding["remedy"]


def test_a_users_socket_unit_is_the_users(tmp_path):
    """systemd#14475: the user's manager has sockets too"""
    node = node_with_declared_port()
    manager = "/user.slice/user-1000.slice/user@1000.service"
    node.process(900, "systemd", "/usr/lib/systemd/systemd", f"{manager}/init.scope", uid=1000)
    node.listen(900, "tcp", "::", PORT, cgroup=f"{manager}/app.slice/web.socket")
    _, finding = conflicts(node, tmp_path / "node")
    assert finding["held_by"][0]["name"] == "web.socket"
    for word in ("user@1000.service", "systemctl stop", "init.scope"):
        assert word not in finding["remedy"]


def test_a_socket_of_systemd_on_cgroup_version_1_harms_nobody(tmp_path):
    """There the socket does not say where it was made."""
    node = node_with_declared_port(unified=False)
    node.listen(1, "tcp", "::", PORT, cgroup="/system.slice/console.socket")
    _, finding = conflicts(node, tmp_path / "node")
    assert finding["verdict"] == "unmanaged_process"
    for word in ("systemctl stop", "kill"):
        assert word not in finding["remedy"]


AGENTS_POD = ("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-"
              "pod7d2a1c04_5b1e_4f0c_9b6e_0d6f5d1e2c3b.slice")


@pytest.mark.parametrize("init,beside", [("/usr/bin/hostnet-agent", CONTAINER), ("/pause", INNER)])
def test_without_the_hosts_processes_no_owner_is_known(tmp_path, init, beside):
    """net-tools#12: a pod without hostPID; its pid 1 is the agent, or pause (a shared namespace)"""
    scope = f"{AGENTS_POD}/cri-containerd-{CONTAINER}.scope"
    node = Node(init=init, init_cgroup=f"{AGENTS_POD}/cri-containerd-{beside}.scope",
                agent_cgroup=scope, private_cgroups=True, is_container=True)
    node.link("eth0", "", "10.0.0.1/24")
    node.socket("tcp", "0.0.0.0", 8082, cgroup=1)
    node.socket("tcp", "0.0.0.0", 8081, uid=65534, cgroup=1)
    node.write(tmp_path / "node")
    done = subprocess.run([AGENT, "ports", "--format=json", f"--replay={tmp_path}/node"],
                          capture_output=True, text=True, timeout=300)
    said = json.loads(done.stdout)
    kinds = {port["port"]: [holder["kind"] for holder in port["holders"]] for port in said["ports"]}
    assert kinds == {8081: ["unknown"], 8082: ["unknown"]}
    assert (said["complete"], done.returncode) == (False, 2)
    assert "hostPID" in " ".join(problem["remedy"] for problem in said["problems"])


def test_a_monitor_in_a_quadlets_unit_is_told_by_the_container_beside_it(tmp_path):
    """podman#23686: conmon in /runtime, the container in /libpod-payload-<id> of the same unit"""
    node = node_with_declared_port()
    node.cgroup(f"/system.slice/web.service/libpod-payload-{CONTAINER}")
    node.process(700, "conmon", "/usr/bin/conmon", "/system.slice/web.service/runtime")
    node.listen(700, "tcp", "0.0.0.0", PORT)
    _, finding = conflicts(node, tmp_path / "node")
    assert (finding["verdict"], finding["held_by"][0]["name"]) == (
        "unmanaged_container", f"podman {CONTAINER}")


NETAVARK = f"""*nat
:NETAVARK-DN-1D8721804F16F - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A NETAVARK-DN-1D8721804F16F -p tcp -m tcp --dport {PORT} -j DNAT --to-destination 10.88.0.5:80
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport {PORT} -m comment --comment \
"dnat name: podman id: {CONTAINER}" -j NETAVARK-DN-1D8721804F16F
COMMIT
"""
DOCKER = f"""*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport {PORT} -j DNAT --to-destination 172.17.0.2:80
COMMIT
"""
PORTMAP = f"""*nat
:CNI-DN-3f1c2d0b5a6e7f8091a2b - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment \
"dnat name: \\"bridge\\" id: \\"default-{CONTAINER}\\"" -m multiport --dports {PORT} \
-j CNI-DN-3f1c2d0b5a6e7f8091a2b
-A CNI-DN-3f1c2d0b5a6e7f8091a2b -p tcp -m tcp --dport {PORT} -j DNAT --to-destination 10.4.0.5:80
COMMIT
"""


def with_rules(node, text, directory):
    dumps, answers, files = nat.read_back(AGENT, [{"iptables": text}], directory)
    node.dumps += dumps
    node.answers |= answers
    for path, contents in files.items():
        node.file(path, contents)


def test_a_published_port_of_podman_is_told_by_the_container_that_its_rule_names(tmp_path):
    """podman#9587, netavark: conmon keeps the port, the rule's comment has the id"""
    node = node_with_declared_port()
    node.process(700, "conmon", "/usr/bin/conmon",
                 f"/machine.slice/libpod-conmon-{CONTAINER}.scope")
    node.listen(700, "tcp", "0.0.0.0", PORT)
    with_rules(node, NETAVARK, tmp_path)
    _, finding = conflicts(node, tmp_path / "node")
    assert (finding["verdict"], finding["held_by"][0]["name"]) == (
        "unmanaged_container", f"podman {CONTAINER}")


def test_a_port_that_docker_proxy_keeps_is_told_by_docker(tmp_path):
    """moby#11185: the proxy and the rule are one container's"""
    node = node_with_declared_port()
    node.process(700, "docker-proxy", "/usr/bin/docker-proxy", "/system.slice/docker.service")
    node.listen(700, "tcp", "0.0.0.0", PORT)
    node.listen(700, "tcp", "::", PORT, v6only=True)
    with_rules(node, DOCKER, tmp_path)
    _, finding = conflicts(node, tmp_path / "node")
    assert (finding["verdict"], finding["severity"]) == ("unmanaged_container", "critical")
    assert finding["held_by"][0]["name"] == "docker"
    assert f"docker ps --filter publish={PORT}" in finding["remedy"]


def test_a_rule_of_nerdctls_container_is_not_stale_while_that_container_lives(tmp_path):
    """nerdctl#543: its sandbox is <namespace>-<id>"""
    node = Node()
    node.link("eth0", "", "10.0.0.1/24")
    node.process(700, "nginx", "/usr/sbin/nginx", f"/system.slice/nerdctl-{CONTAINER}.scope")
    with_rules(node, PORTMAP, tmp_path)
    node.write(tmp_path / "node")

    def said(*words):
        done = subprocess.run([AGENT, *words, "--format=json", f"--replay={tmp_path}/node"],
                              capture_output=True, text=True, timeout=300)
        return json.loads(done.stdout)
    assert said("conflicts")["findings"] == [] and said("conflicts")["complete"]
    holders = said("ports", str(PORT))["ports"][0]["holders"]
    assert [holder["name"] for holder in holders] == [f"nerdctl {CONTAINER}"]


# Below no pod's folder a container of the CRI is told by its id (kubelet --cgroups-per-qos=false).
# (whose status has it, what is said)
@pytest.mark.parametrize("whose,said", [
    ("web", []), ("other", [("other_pod", "demo/other")]), (None, [("other_pod", "nginx")])])
@pytest.mark.parametrize("cgroup", [
    f"/k8s.io/{CONTAINER}", f"/system.slice/cri-containerd-{CONTAINER}.scope",
    f"/system.slice/crio-{CONTAINER}.scope"])
def test_a_container_below_no_pod_is_the_pods_whose_status_has_it(cgroup, whose, said, tmp_path):
    node = node_with_declared_port()
    for pod in node.pods:
        status = pod["status"]["containerStatuses"][0]
        status["containerID"] = "containerd://" + (
            CONTAINER if pod["metadata"]["name"] == whose else INNER[::-1])
    node.process(700, "nginx", "/usr/sbin/nginx", cgroup)
    node.listen(700, "tcp", "0.0.0.0", PORT)
    found = findings(node, tmp_path / "node")
    assert [(f["verdict"], f["held_by"][0]["name"]) for f in found] == said
