"""Podman of Debian on a machine with systemd: containers of one static program, without images."""

import shutil

from machine import wait_until

# runc, as crun refuses a machine with both versions of cgroups.
ENGINE = '[engine]\nruntime = "runc"\n[network]\nnetwork_backend = "{backend}"\n'
STORAGE = '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/srv/containers"\n'
# No limits that need a controller of version 2, or a right that root has not inside another container.
LIMITS = ["--pids-limit", "0", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


class Podman:
    """`enter`: the words that run a command as another user."""

    def __init__(self, machine, backend="netavark", enter=()):
        self.machine = machine
        self.enter = list(enter)
        machine.write("/etc/containers/containers.conf", ENGINE.format(backend=backend))
        machine.write("/etc/containers/storage.conf", STORAGE)
        root = machine.root("/srv/rootfs")
        for folder in ("bin", "dev", "etc", "proc", "sys"):
            (root / folder).mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin")

    def words(self, *words):
        return [*self.enter, "podman", *words]

    def serve(self, port, name, *options):
        """The words of `podman run` for an HTTP server on that port."""
        return self.words("run", *LIMITS, "--name", name, *options, "--rootfs", "/srv/rootfs",
                          "/bin/busybox", "httpd", "-f", "-p", str(port))

    def run(self, port, name, *options):
        """Starts the server in the background; the container's id."""
        return self.machine.run(*self.serve(port, name, "--detach", *options)).stdout.strip()

    def id(self, name):
        found = self.machine.run(*self.words("ps", "--no-trunc", "--quiet", "--filter", f"name=^{name}$"))
        return found.stdout.strip()


def listeners(machine, port, protocol="tcp"):
    return machine.run("ss", "-Hln", f"--{protocol}", f"sport = :{port}").stdout


def wait_for_listener(machine, port, protocol="tcp"):
    wait_until(lambda: listeners(machine, port, protocol), 30, f"a listener on {port}/{protocol}")
