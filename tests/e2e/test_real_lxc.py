"""Containers of a real LXC in the node's network, on a port that a pod declares."""

import shutil

import pytest

from declared import PORT, conflicts
from podman import wait_for_listener
from systemd_machine import need_second_machine

need_second_machine()

# lxc.container.conf(5): "none" is the network of the node.
CONFIG = """lxc.uts.name = {name}
lxc.rootfs.path = dir:/var/lib/lxc/{name}/rootfs
lxc.net.0.type = none
lxc.apparmor.profile = unconfined
lxc.init.cmd = /bin/busybox httpd -f -p {port}
"""


@pytest.fixture
def lxc(booted):
    def start(name, port=PORT):
        root = booted.root(f"/var/lib/lxc/{name}/rootfs")
        for folder in ("bin", "dev", "proc", "sys"):
            (root / folder).mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin")
        booted.write(f"/var/lib/lxc/{name}/config", CONFIG.format(name=name, port=port))
        booted.run("lxc-start", "--name", name)
        wait_for_listener(booted, port)
        return booted
    return start


@pytest.mark.parametrize("name", ["shop", "shop-2.old"])
def test_a_container_is_named_with_its_remedy(lxc, name):
    machine = lxc(name)
    finding, = conflicts(machine)
    holder = finding["held_by"][0]
    assert (finding["verdict"], holder["kind"]) == ("unmanaged_container", "unmanaged_container")
    assert holder["name"] == f"lxc {name}"
    assert finding["remedy"].startswith(f"lxc-stop -n {name}")
    machine.run("lxc-stop", "--name", name, "--kill")
    assert conflicts(machine) == []


def test_a_container_whose_port_nobody_declares_is_no_trouble(lxc):
    assert conflicts(lxc("shop", port=9001)) == []
