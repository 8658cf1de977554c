"""A machine of its own for each test: network, PID and mount namespaces with a fresh /proc, so that
pid 1 of that /proc is in the same network namespace as the agent, as on a real node."""

import collections
import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
AGENT = os.environ.get("HOSTNET_AGENT", str(ROOT / "build/gcc/agent/hostnet-agent"))


# How long anything may take on a machine that has much else to do; only a failure takes that long.
PATIENCE = 120.0
# How often a Prometheus of these tests scrapes: it drops the series of a target that takes longer than that.
SCRAPING = "scrape_interval: 10s, scrape_timeout: 10s"


def wait_until(condition, seconds=PATIENCE, what="the condition"):
    """Polls until condition() is truthy and returns that. `seconds` is what it takes on an idle
    machine; how busy this one is must decide nothing, so at least PATIENCE is waited."""
    end = time.monotonic() + max(seconds, PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {max(seconds, PATIENCE):g} s")
        time.sleep(0.02)


def status_kb(pid, field):
    """VmHWM, RssAnon... of a process."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(field + ":")[1].split()[0])


def open_files(pid):
    """How often each is open: files by path, and "socket" and such."""
    found = collections.Counter()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            name = os.readlink(descriptor)
        except FileNotFoundError:  # closed meanwhile
            continue
        found[name.partition(":")[0] if name.endswith("]") else name] += 1
    return found


def children(pid):
    """The pids of a process's children."""
    return [int(child) for child in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def own_uid(digit):
    """A pod's uid that no other run of tests has: they all share this machine's cgroups."""
    return f"{digit * 8}-1111-4222-8333-{os.getpid():012x}"


def own_container(begin):
    """A container's id, likewise."""
    return begin + f"{os.getpid():x}".zfill(64 - len(begin))


def remove_cgroup(path, above=()):
    """Waits until the last process of it is gone. What is `above` may have others' cgroups, who remove it then."""
    def gone():
        try:
            path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return path in above and any(one.is_dir() for one in path.iterdir())
        return True
    wait_until(gone, what=f"the end of {path}")


def descendants(pid):
    """A pidfd of each process below this one: nsenter itself ends before what it started."""
    found = []
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # one that is gone has none
        for child in children(pid):
            found.append(os.pidfd_open(child))
            found += descendants(child)
    return found


def wait_for_end(pidfds):
    for pidfd in pidfds:
        assert select.select([pidfd], [], [], PATIENCE)[0], "a process does not end"
        os.close(pidfd)


class Machine:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.processes = []
        self.cgroups, self.above = [], []
        self.shell = subprocess.Popen(
            ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", "ip link set lo up && mkdir -p /run/hostnet-agent &&"
             "mount -t tmpfs tmpfs /run/hostnet-agent && echo up && exec sleep infinity"],
            stdout=subprocess.PIPE, text=True)
        assert self.shell.stdout.readline() == "up\n"
        self.init = children(self.shell.pid)[0]

    def command(self, *words):
        return ["nsenter", "-t", str(self.init), "--net", "--pid", "--mount", "--", *map(str, words)]

    def run(self, *words, check=True, **options):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=2 * PATIENCE,
                              **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, *words, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(self.command(*words), start_new_session=True, **options)
        self.processes.append(process)
        return process

    @staticmethod
    def stop(process):
        """Ends what start() started, and what that started; they have no socket any more."""
        if process.poll() is None:
            started = descendants(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            wait_for_end(started)
        process.wait(timeout=PATIENCE)

    def python(self, code, *arguments, **options):
        return self.start("/usr/bin/python3", "-c", code, *arguments, **options)

    def listen(self, port, address="0.0.0.0", name=None, cgroup=None):
        """A TCP listener in a process of its own, which has its socket when this returns."""
        code = (
            "import socket,sys,pathlib,os\n"
            "a,p,c,n=sys.argv[1],int(sys.argv[2]),sys.argv[3],sys.argv[4]\n"
            "if c: pathlib.Path(c,'cgroup.procs').write_text('0')\n"
            "if n: pathlib.Path('/proc/self/comm').write_text(n)\n"
            "s=socket.socket(socket.AF_INET6 if ':' in a else socket.AF_INET)\n"
            "s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n"
            "s.bind((a,p)); s.listen(16); print('ready',flush=True)\n"
            "import signal; signal.pause()\n")
        process = self.python(code, address, port, cgroup or "", name or "",
                              stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    def cgroup(self, path):
        """A cgroup below the real cgroup2 mount, removed with the machine."""
        mount = pathlib.Path("/sys/fs/cgroup")
        if not (mount / "cgroup.procs").exists() or not (mount / "cgroup.controllers").exists():
            mount = mount / "unified"
        made = mount / path.lstrip("/")
        missing = [p for p in [made, *made.parents] if not p.exists()]
        while not made.exists():
            with contextlib.suppress(FileNotFoundError):  # another machine just removed what is above it
                made.mkdir(parents=True, exist_ok=True)
        self.cgroups += [p for p in missing if p == made]
        self.above += [p for p in missing if p != made]
        return str(made)

    def file(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text)
        temporary.rename(path)
        return path

    def agent(self, *flags, wait="/readyz", capabilities=None, **options):
        return Agent(self, flags, wait, capabilities, options)

    def once(self, *words, check=False):
        """A one-shot call of the program."""
        return self.run(AGENT, *words, check=check)

    def close(self):
        for process in self.processes:
            self.stop(process)
        self.shell.kill()
        self.shell.wait(timeout=PATIENCE)
        below = {pathlib.Path(path) for own in self.cgroups for path, _, _ in os.walk(own)}
        for path in sorted({*below, *self.cgroups, *self.above}, key=lambda path: len(path.parts), reverse=True):
            remove_cgroup(path, self.above)
        left = below - set(self.cgroups)
        assert not left, f"whoever made these cgroups left them behind: {left}"


class Client:
    """What a running agent on the machine answers."""
    PORT = 20000

    def __init__(self, machine):
        self.machine = machine

    def log(self):
        return ""

    def curl(self, path, *flags):
        """(status, body)"""
        done = self.machine.run("curl", "-sS", "-g", "--max-time", "60", "-w", "\n%{http_code}",
                                *flags, f"http://127.0.0.1:{self.PORT}{path}", check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def text(self, path, *flags):
        status, body = self.curl(path, *flags)
        assert status == 200, f"{path}: {status}\n{body}\n{self.log()}"
        return body

    def json(self, path):
        return json.loads(self.text(path + ("&" if "?" in path else "?") + "format=json"))

    def findings(self, kind="conflicts", port=None):
        found = self.json(f"/{kind}")["findings"]
        return [f for f in found if port is None or f["port"] == port]

    def verdicts(self, kind="conflicts", port=None):
        return sorted(f["verdict"] for f in self.findings(kind, port))

    def metric(self, pattern):
        return [line for line in self.text("/metrics").splitlines() if re.search(pattern, line)]


class Agent(Client):
    def __init__(self, machine, flags, wait, capabilities, options):
        super().__init__(machine)
        self.log_path = machine.directory / f"agent-{len(machine.processes)}.log"
        words = [*options.pop("before", ()), AGENT, *flags]
        if capabilities is not None:
            keep = ",".join(f"+{c}" for c in capabilities)
            words = ["setpriv", "--inh-caps=-all" + ("," + keep if keep else ""),
                     "--bounding-set=-all" + ("," + keep if keep else ""), *words]
        with open(self.log_path, "wb") as log:
            self.process = machine.start(*words, stderr=log, **options)
        if wait:
            wait_until(lambda: self.process.poll() is not None or self.curl(wait)[0] == 200, 10,
                       f"{wait}\n{self.log()}")
            assert self.process.poll() is None, self.log()

    @property
    def pid(self):
        """As this side of the PID namespace numbers it: nsenter's child."""
        return (children(self.process.pid) or [self.process.pid])[0]

    def log(self):
        return self.log_path.read_text()

    def stop(self):
        """SIGTERM to the agent itself; its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


def pod(name="web", port=8080, uid=None, host_ip=None, protocol=None, namespace="default",
        dns="ClusterFirstWithHostNet", host_port=None):
    """A pod manifest (JSON is YAML) that declares one host port."""
    declared = {"containerPort": port}
    if host_port:
        declared["hostPort"] = host_port
    if host_ip:
        declared["hostIP"] = host_ip
    if protocol:
        declared["protocol"] = protocol
    metadata = {"name": name, "namespace": namespace}
    if uid:
        metadata["uid"] = uid
    spec = {"dnsPolicy": dns, "containers": [{"name": "main", "image": "x", "ports": [declared]}]}
    if not host_port:
        spec["hostNetwork"] = True
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}) + "\n"


for program in ("unshare", "nsenter", "ip", "curl", "setpriv"):
    assert shutil.which(program), f"{program} is missing: run tests/run, which installs it"
