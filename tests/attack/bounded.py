"""The agent in a memory cgroup of its own, and what it uses there."""

import collections
import os
import pathlib
import re
import time

from machine import children, open_files, wait_until

LIMIT = 128 << 20  # as deploy/ has it
ROOM = 64 << 10  # KiB: what it may take at most, under any attack
# A netlink socket is kept for the next reader; two that met leave one more.
KEPT = collections.Counter(socket=1)
LEFT_BEHIND = 3 << 10  # KiB more than before, when an attack is over


def memory_cgroup(name):
    """A new cgroup with the limit, of version 2 or 1; the processes of the machine may enter it."""
    root = pathlib.Path("/sys/fs/cgroup")
    own = pathlib.Path("/proc/self/cgroup").read_text()
    controllers = root / "cgroup.controllers"
    if controllers.exists() and "memory" in controllers.read_text().split():
        made, limit = root / name, "memory.max"
    else:
        path = re.search(r"^\d+:memory:(.*)$", own, re.M).group(1)
        made, limit = root / "memory" / path.lstrip("/") / name, "memory.limit_in_bytes"
    made.mkdir()
    (made / limit).write_text(str(LIMIT))
    return made


class Bounded:
    """An agent under attack: started in the cgroup, held against what it was before."""

    def __init__(self, machine, start, *flags, **options):
        self.machine = machine
        self.group = memory_cgroup(f"hostnet-attack-{os.getpid()}-{id(self)}")
        machine.cgroups.append(self.group)
        self.agent = start(machine, *flags, before=("sh", "-c", 'echo 0 >"$0/cgroup.procs"; exec "$@"', self.group),
                           **options)
        self.pid = (children(self.agent.process.pid) or [self.agent.process.pid])[0]

    def status(self, field):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.M).group(1))

    def used(self):
        return {"resident": self.status("VmRSS"), "threads": self.status("Threads"),
                "files": self.open_files()}

    def open_files(self):
        """Files of /proc that stay open to be read again aside."""
        return collections.Counter({name: count for name, count in open_files(self.pid).items()
                                    if not name.startswith("/proc/")})

    def alive(self):
        return self.agent.process.poll() is None

    def settled(self):
        """What it uses once it no longer changes its threads and descriptors."""
        return max((self.used() for _ in range(5) if not time.sleep(0.2)), key=lambda one: one["resident"])

    def check_most(self, room=ROOM):
        most = self.status("VmHWM")
        assert self.alive(), self.agent.log()
        assert most < room, f"{most} KiB"
        return most

    def check_as_before(self, before):
        """Waits until nothing differs from before."""
        def same():
            now = self.used()
            more = now["files"] - before["files"]
            return (now["threads"] <= before["threads"] and not more - KEPT and
                    now["resident"] <= before["resident"] + LEFT_BEHIND)
        try:
            wait_until(same, 180, "what was before")  # what listened is remembered for 120 s
        except AssertionError:
            raise AssertionError(f"before {before}, now {self.used()}\n{self.agent.log()[-2000:]}") from None
        return self.used()
