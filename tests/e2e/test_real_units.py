"""Sockets that a real systemd keeps for its .socket units, on a port that a pod declares."""

import subprocess

import pytest

from conftest import wait_until
from declared import conflicts
from systemd_machine import need_second_machine

need_second_machine()

PORT = 9090
SOCKET = "[Socket]\nListenStream={listen}\nAccept={accept}\n"
# Serves each connection on the socket that systemd hands over.
SERVICE = """[Service]
ExecStart=/usr/bin/python3 -c "import socket; s = socket.socket(fileno=3); \\
c = [s.accept()[0]]; c[0].sendall(b'served'); c.append(s.accept()[0])"
"""
# One process for each connection, which stays as long as its client.
EACH = "[Service]\nStandardInput=socket\nExecStart=/usr/bin/cat\n"
CLIENT = """
import signal, socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); s.sendall(b'served'); s.recv(6)
print('connected', flush=True); signal.pause()
"""


@pytest.fixture
def console(booted):
    """console.socket, started; by it, or by each of its connections, a service."""
    def start(accept="no", listen=PORT):
        booted.write("/etc/systemd/system/console.socket", SOCKET.format(listen=listen, accept=accept))
        booted.write("/etc/systemd/system/console.service", SERVICE)
        booted.write("/etc/systemd/system/console@.service", EACH)
        booted.run("systemctl", "daemon-reload")
        booted.run("systemctl", "start", "console.socket")
        return booted
    return start


def connect(machine):
    """A client that has been served and stays."""
    client = machine.python(CLIENT, PORT, stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "connected\n"
    return client


def is_the_socket_units(finding):
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["kind"]) == ("unmanaged_process", "unmanaged_process")
    assert (holder["name"], holder["unit"]) == ("console.socket", "console.socket")
    assert "systemctl stop console.socket" in finding["remedy"]
    assert "init.scope" not in finding["explanation"] and "kill" not in finding["remedy"]
    return holder


@pytest.mark.parametrize("listen", [PORT, f"0.0.0.0:{PORT}", f"[::]:{PORT}"])
def test_an_idle_socket_is_its_units(console, listen):
    finding, = conflicts(console(listen=listen), port=PORT)
    assert not is_the_socket_units(finding).get("unit_service")


def test_an_activated_socket_is_its_units_with_the_service_beside_it(console):
    machine = console()
    connect(machine)
    finding, = conflicts(machine, port=PORT)
    holder = is_the_socket_units(finding)
    assert (holder["comm"], holder["unit_service"]) == ("python3", "console.service")


def test_a_socket_whose_service_has_ended_is_its_units(console):
    machine = console()
    connect(machine)
    machine.run("systemctl", "stop", "console.service")
    finding, = conflicts(machine, port=PORT)
    assert not is_the_socket_units(finding).get("unit_service")


def test_a_socket_with_a_service_for_each_connection_is_its_units(console):
    machine = console(accept="yes")
    finding, = conflicts(machine, port=PORT)
    is_the_socket_units(finding)
    connect(machine)
    services = ("systemctl", "list-units", "--state=running", "--plain", "--no-legend", "console@*")
    wait_until(lambda: machine.run(*services).stdout, 20, "the connection's service")
    finding, = conflicts(machine, port=PORT)
    is_the_socket_units(finding)


def test_the_remedy_frees_the_port(console):
    machine = console()
    connect(machine)
    machine.run("systemctl", "stop", "console.service", "console.socket")
    assert conflicts(machine, port=PORT) == []
