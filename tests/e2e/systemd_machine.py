"""A machine with systemd as its first process: this machine's files, what is written gone with it."""

import os
import pathlib
import shutil
import subprocess

import pytest

from machine import AGENT, Machine, children, wait_until

HERE = pathlib.Path(__file__).resolve().parent


# What an operator's shell runs in; another test's machine never sees it.
SESSION = "user.slice/user-0.slice/session-1.scope"
NAMESPACES = ["--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--kill-child"]
BOOT = 'echo 0 >"$1/cgroup.procs"; exec unshare --cgroup "$2" "$3"'
ENTER = f'echo 0 >/sys/fs/cgroup/{SESSION}/cgroup.procs && exec "$@"'


class SystemdMachine(Machine):
    """This machine's files, and a systemd that starts its services below a cgroup of its own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.processes = []
        self.cgroups, self.above = [], []
        self.top = pathlib.Path(super().cgroup(f"test-{os.getpid()}-{self.directory.name}"))
        (self.top / SESSION).mkdir(parents=True)
        root = self.directory / "machine"
        root.mkdir()
        self.shell = subprocess.Popen(
            ["unshare", *NAMESPACES, "sh", "-ec", BOOT, "sh", self.top, HERE / "boot-systemd", root],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.init = wait_until(lambda: children(self.shell.pid), 60, "the first process")[0]
        wait_until(lambda: self.shell.poll() is not None or self.running(), 120, "a running systemd")

    def running(self):
        return self.run("systemctl", "is-system-running", check=False).stdout in ("running\n", "degraded\n")

    def command(self, *words):
        return ["nsenter", "-t", str(self.init), "--all", "--", "sh", "-c", ENTER, "sh",
                *map(str, words)]

    def cgroup(self, path):
        (self.top / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return f"/sys/fs/cgroup/{path.lstrip('/')}"

    def root(self, path):
        """Where this side finds a file of the machine."""
        return pathlib.Path(f"/proc/{self.init}/root{path}")

    def write(self, path, text):
        file = self.root(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def file(self, name, text):
        self.write(f"/srv/{name}", text)
        return f"/srv/{name}"

    def once(self, *words, check=False):
        """The program, which may lie where the machine has files of its own."""
        if not self.root("/srv/hostnet-agent").exists():
            shutil.copy(AGENT, self.root("/srv/hostnet-agent"))
        return self.run("/srv/hostnet-agent", *words, check=check)

    def close(self):
        (self.top / "cgroup.kill").write_text("1")
        wait_until(lambda: "populated 0" in (self.top / "cgroup.events").read_text(), what="the end of all processes")
        self.cgroups = [pathlib.Path(path) for path, _, _ in os.walk(self.top)]
        super().close()


def refused_mounts():
    """Why this machine's files cannot be another's too, as inside a container; "" where they can."""
    done = subprocess.run(
        ["unshare", "--mount", "--cgroup", "sh", "-ec",
         "mount -t tmpfs tmpfs /mnt; cd /mnt; mkdir upper work root cgroup; mount -t cgroup2 cgroup2 cgroup;"
         "mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay root"],
        capture_output=True, text=True, timeout=300)
    return done.stderr


def need_second_machine():
    """Skips the module of tests that calls it where there can be none."""
    if refused := refused_mounts():
        pytest.skip(f"no second machine of these files: {refused}", allow_module_level=True)
