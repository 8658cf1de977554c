"""What no list of listeners shows: connections, silent sockets and sharers on declared ports."""

import subprocess

import pytest
from conftest import pod, wait_until
from machine import own_container, own_uid

POD_A = own_uid("a")
CONTAINER = own_container("c0ffee")

# An outgoing connection of a process of that name, from a port of its own choice or not.
CLIENT = """
import pathlib, signal, socket, sys
port, name, peer = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
server = socket.socket(); server.bind(('127.0.0.1', peer)); server.listen(4)
pathlib.Path('/proc/self/comm').write_text(name)
client = socket.socket(); client.bind(('127.0.0.1', port)); client.connect(('127.0.0.1', peer))
print('ready', flush=True); signal.pause()
"""
SILENT = """
import signal, socket, sys
s = socket.socket()
if sys.argv[2] == '1': s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('0.0.0.0', int(sys.argv[1]))); print('ready', flush=True); signal.pause()
"""
SHARER = """
import pathlib, signal, socket, sys
if sys.argv[2]: pathlib.Path(sys.argv[2], 'cgroup.procs').write_text('0')
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('0.0.0.0', int(sys.argv[1]))); s.listen(4); print('ready', flush=True); signal.pause()
"""


def start(machine, code, *arguments):
    process = machine.python(code, *arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def agent_with(machine, *pods):
    machine.file("pods/pod.yaml", "---\n".join(pods))
    return machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")


def test_an_outgoing_connection_on_a_declared_port_is_found_with_its_process_and_peer(machine):
    agent = agent_with(machine, pod(port=45100))
    assert agent.findings() == []
    client = start(machine, CLIENT, 45100, "etcd-client", 2379)
    # A scan between its bind() and its connect() finds a process that only has the port.
    wait_until(lambda: agent.verdicts(port=45100) == ["ephemeral_connection"], 4.0, "the conflict")
    (finding,) = agent.findings(port=45100)
    assert finding["severity"] == "critical"
    holder = finding["held_by"][0]
    assert (holder["comm"], holder["state"]) == ("etcd-client", "established")
    assert holder["peer"] == "127.0.0.1:2379"
    assert "etcd-client" in finding["explanation"] and "127.0.0.1:2379" in finding["explanation"]
    assert "ip_local_reserved_ports" in finding["remedy"]
    assert [h["comm"] for h in agent.json("/ports/45100")["ports"][0]["holders"]] == ["etcd-client"]
    check = agent.json("/check?port=45100")
    assert (check["verdict"], check["bindable"]) == ("in_use", False)
    machine.stop(client)
    wait_until(lambda: "ephemeral_connection" not in agent.verdicts(port=45100), 2.0, "its end")


@pytest.mark.parametrize("reuse,verdicts", [("0", ["unmanaged_process"]), ("1", [])])
def test_a_silent_socket_is_in_the_way_unless_it_has_reuse_address(machine, reuse, verdicts):
    start(machine, SILENT, 8080, reuse)
    agent = agent_with(machine, pod(port=8080))
    assert agent.verdicts() == verdicts
    assert agent.json("/check?port=8080")["bindable"] == (reuse == "1")
    done = machine.once("conflicts", "--pods.source=manifests",
                        f"--pods.manifests={machine.directory}/pods")
    assert done.returncode == (0 if reuse == "1" else 1), done.stdout


def test_a_foreign_listener_beside_the_pods_own_is_a_shared_port(machine):
    start(machine, SHARER, 8080, machine.cgroup(f"kubepods/pod{POD_A}/{CONTAINER}"))
    agent = agent_with(machine, pod(port=8080, uid=POD_A))
    assert agent.findings() == []
    start(machine, SHARER, 8080, "")
    finding = wait_until(lambda: agent.findings(port=8080), 1.5, "the sharer")[0]
    assert (finding["verdict"], finding["severity"]) == ("shared_port", "warning")
    assert len(finding["held_by"]) == 1
