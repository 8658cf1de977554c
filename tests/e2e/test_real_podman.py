"""Containers of a real podman that have a port which a pod declares: their own sockets in the node's
network, and ports that are published, which conmon keeps and a rule leads to them."""

import shlex

import pytest

from conftest import wait_until
from declared import PORT, conflicts
from podman import Podman, listeners, wait_for_listener
from systemd_machine import need_second_machine

need_second_machine()


@pytest.fixture
def podman(booted):
    return Podman(booted)


def is_the_containers(finding, identifier, name):
    """The finding tells podman's container, and what podman does about it."""
    holder = finding["held_by"][0]
    assert (finding["verdict"], finding["severity"]) == ("unmanaged_container", "critical")
    assert holder["kind"] == "unmanaged_container"
    assert holder["name"] in (f"podman {identifier}", f"podman {name}")
    assert finding["remedy"].startswith("podman stop ")
    for never in ("systemctl", "kill", "conmon"):
        assert never not in finding["remedy"]


def frees_the_port(finding, machine, protocol="tcp"):
    """What the remedy says first does it."""
    machine.run(*shlex.split(finding["remedy"].partition(", or ")[0]))
    wait_until(lambda: not listeners(machine, PORT, protocol), 30, "a free port")
    assert conflicts(machine, protocol=protocol.upper()) == []


def test_a_container_in_the_nodes_network_is_named_with_its_remedy(podman):
    identifier = podman.run(PORT, "shop", "--network=host")
    wait_for_listener(podman.machine, PORT)
    finding, = conflicts(podman.machine)
    is_the_containers(finding, identifier, "shop")
    frees_the_port(finding, podman.machine)


@pytest.mark.parametrize("published,protocol", [(f"{PORT}:80", "tcp"), (f"127.0.0.1:{PORT}:80", "tcp"),
                                                (f"{PORT}:80/udp", "udp")])
@pytest.mark.parametrize("backend", ["netavark", "cni"])
def test_a_published_port_is_its_containers(booted, backend, published, protocol):
    podman = Podman(booted, backend)
    identifier = podman.run(80, "shop", "--publish", published)
    wait_for_listener(booted, PORT, protocol)
    finding, = conflicts(booted, protocol=protocol.upper())
    is_the_containers(finding, identifier, "shop")
    frees_the_port(finding, booted, protocol)


def test_a_container_in_a_unit_of_its_own_is_told_as_quadlet_starts_it(podman):
    """podman-systemd.unit(5): --cgroups=split, conmon and the container below the unit"""
    machine = podman.machine
    machine.run("systemd-run", "--unit=shop", *podman.serve(PORT, "shop", "--network=host",
                                                             "--cgroups=split"))
    wait_for_listener(machine, PORT)
    finding, = conflicts(machine)
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["kind"]) == ("unmanaged_container", "unmanaged_container")
    assert holder["name"] in (f"podman {podman.id('shop')}", "podman shop")
    # The unit may start the container again: it is the unit that must stop, or podman's container.
    assert finding["remedy"].startswith(("podman stop ", "systemctl stop shop.service"))
    frees_the_port(finding, machine)


def test_containers_whose_ports_nobody_declares_are_no_trouble(podman):
    podman.run(9001, "near", "--network=host")
    podman.run(80, "far", "--publish", "9002:80")
    for port in (9001, 9002):
        wait_for_listener(podman.machine, port)
    assert conflicts(podman.machine) == []
