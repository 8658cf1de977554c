"""What a real user has, below a real user@N.service, on a port that a pod declares: containers of
rootless podman, whose ports rootlessport or slirp4netns keeps, and units of the user's own."""

import pytest

from declared import PORT, conflicts
from podman import Podman, wait_for_listener
from systemd_machine import need_second_machine

need_second_machine()

UID = 4242
RUNTIME = f"/run/user/{UID}"
AS_USER = ["runuser", "-u", "someone", "--", "env", "-C", "/", "HOME=/home/someone",
           f"XDG_RUNTIME_DIR={RUNTIME}", f"DBUS_SESSION_BUS_ADDRESS=unix:path={RUNTIME}/bus"]


@pytest.fixture
def user(booted):
    """A user who may open /dev/net/tun, as everywhere but here, and has a manager of systemd."""
    booted.run("mknod", "-m", "666", "/run/tun", "c", "10", "200")
    booted.run("mount", "--bind", "/run/tun", "/dev/net/tun")
    booted.run("mount", "--make-rshared", "/")
    booted.run("useradd", "--uid", UID, "--create-home", "someone")
    booted.run("systemctl", "start", f"user@{UID}.service")
    return booted


@pytest.fixture
def podman(user):
    made = Podman(user, enter=AS_USER)
    user.write("/home/someone/.config/containers/storage.conf", '[storage]\ndriver = "vfs"\n')
    user.run("chown", "-R", "someone", "/home/someone", "/srv/rootfs")
    return made


def is_the_users(finding):
    for never in ("user@", "user.slice", "kill"):
        assert never not in finding["remedy"]
    return finding["held_by"][0]


def is_podmans(finding, names):
    holder = is_the_users(finding)
    assert (finding["verdict"], holder["kind"]) == ("unmanaged_container", "unmanaged_container")
    assert holder["name"] in names
    assert f"XDG_RUNTIME_DIR={RUNTIME} podman " in finding["remedy"]


def test_a_users_container_in_the_nodes_network_is_named_with_its_user(podman):
    identifier = podman.run(PORT, "shop", "--network=host")
    wait_for_listener(podman.machine, PORT)
    finding, = conflicts(podman.machine)
    is_podmans(finding, [f"podman {identifier} of uid {UID}"])


@pytest.mark.parametrize("how", ["slirp4netns", "slirp4netns:port_handler=slirp4netns"])
def test_a_published_port_of_a_users_container_is_the_users_podmans(podman, how):
    identifier = podman.run(80, "shop", "--network", how, "--publish", f"{PORT}:80")
    wait_for_listener(podman.machine, PORT)
    finding, = conflicts(podman.machine)
    is_podmans(finding, [f"podman of uid {UID}", f"podman {identifier} of uid {UID}"])


def test_a_users_service_goes_by_its_own_name(user):
    user.run(*AS_USER, "systemd-run", "--user", "--unit=shop", "busybox", "httpd", "-f", "-p", PORT)
    wait_for_listener(user, PORT)
    finding, = conflicts(user)
    holder = is_the_users(finding)
    assert (finding["verdict"], holder["unit"]) == ("unmanaged_process", "shop.service")
    assert "systemctl --user" in finding["remedy"] and "stop shop.service" in finding["remedy"]


def test_a_users_socket_unit_is_the_managers_and_that_is_never_told_to_stop(user):
    """systemd makes a socket in its unit's cgroup only where it may load BPF programs, as root's
    manager does: the kernel does not know the user's unit."""
    user.write("/home/someone/.config/systemd/user/shop.socket", f"[Socket]\nListenStream={PORT}\n")
    user.write("/home/someone/.config/systemd/user/shop.service", "[Service]\nExecStart=/bin/true\n")
    user.run("chown", "-R", "someone", "/home/someone")
    user.run(*AS_USER, "systemctl", "--user", "start", "shop.socket")
    finding, = conflicts(user)
    holder = is_the_users(finding)
    assert (finding["verdict"], holder["comm"], holder["uid"]) == ("unmanaged_process", "systemd", UID)
    assert "systemctl stop" not in finding["remedy"]
