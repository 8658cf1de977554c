"""A node on which nothing stays as it is, until stdin closes:  churn.py FOLDER CGROUP

Pods come and go (manifests in FOLDER), so do processes, sockets, links, addresses, routes, policy rules and NAT
rules. In each round some declared ports are lost to somebody else for two seconds and two scans of the agent at
least, others get a socket of their own pod (in CGROUP) and must not be called lost.

Prints a line of JSON for each loss: what, port, protocol, begin and end (Unix time), and whether it was long
enough to be seen. Bounded: a few hundred sockets, 60 pods."""

import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request

FOLDER, CGROUP = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
AGENT = "http://127.0.0.1:20000/metrics?collect[]=ports"
PODS, LOST, OWN = 60, 3, 2
LEAST = 2.0  # seconds that a loss lasts
random.seed(7)  # the same churn each time
uids = itertools.count(1)


def uid():
    return f"00000000-0000-4000-8000-{next(uids):012d}"


class Pod:
    def __init__(self, name, port, protocol):
        self.name, self.port, self.protocol, self.uid = name, port, protocol, uid()
        self.used = False  # a port is held or lost once: what is seen of it is clear then
        self.file = FOLDER / f"{name}.json"

    def write(self):
        declared = {"containerPort": self.port, "protocol": self.protocol.upper()}
        made = {"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": self.name, "namespace": "soak", "uid": self.uid},
                "spec": {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet",
                         "containers": [{"name": "main", "image": "x", "ports": [declared]}]}}
        new = FOLDER / f".{self.name}.new"
        new.write_text(json.dumps(made))
        new.rename(self.file)


def run(*words, given=None):
    subprocess.run(words, input=given, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def open_socket(protocol, port):
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    if protocol == "tcp":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", port))
    if protocol == "tcp":
        made.listen(16)
    return made


def hold(protocol, port, cgroup=None):
    """The pid of a new process that has the port."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            if cgroup:
                (cgroup / "cgroup.procs").write_text("0")
            kept = open_socket(protocol, port)
            os.write(there, b"x")
            signal.pause()
            kept.close()
        os._exit(1)
    os.close(there)
    assert os.read(here, 1) == b"x", f"{port}/{protocol} was not free"
    os.close(here)
    return pid


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def scans():
    """How often the agent scanned until now."""
    text = urllib.request.urlopen(AGENT, timeout=120).read().decode()
    return int(re.search(r'^hostnet_scan_duration_seconds_count\{stage="findings"\} (\d+)', text, re.M).group(1))


def wait_for_scans(count=2):
    """Whole ones, from now on."""
    begun = scans()
    while scans() < begun + count + 1:
        time.sleep(0.1)


class Churn:
    def __init__(self):
        self.pods = {}
        self.ports = itertools.cycle(range(2000, 9000))  # below the ephemeral range
        self.others = itertools.cycle(range(10000, 19000))  # nobody declares these
        self.sockets = []
        self.own = []  # processes and their cgroups
        self.names = itertools.count()

    def round(self):
        self.churn_pods()
        self.churn_sockets()
        self.churn_network()
        self.own = [self.own_socket() for _ in range(OWN)]
        wait_for_scans()
        losses = [self.lose(random.choice(["squat", "squat", "duplicate"])) for _ in range(LOST)]
        begun = time.monotonic()
        self.churn_sockets()
        self.churn_network()
        self.brief()
        wait_for_scans()
        time.sleep(max(0, begun + LEAST - time.monotonic()))
        for undo, said in losses:
            undo()
            print(json.dumps({**said, "end": time.time(), "seen": True}), flush=True)
        self.end_own()
        wait_for_scans()

    def churn_pods(self):
        for name in random.sample(sorted(self.pods), len(self.pods) // 3):
            self.pods.pop(name).file.unlink()
        while len(self.pods) < PODS:
            pod = Pod(f"p{next(self.names)}", next(self.ports), random.choice(["tcp", "udp"]))
            pod.write()
            self.pods[pod.name] = pod

    def churn_sockets(self):
        """Of this process, on ports that nobody declared; connections, too."""
        for one in self.sockets:
            one.close()
        self.sockets = [open_socket(protocol, next(self.others)) for protocol in ("tcp", "udp") * 50]
        server = self.sockets[0].getsockname()[1]
        for _ in range(50):
            client = socket.create_connection(("127.0.0.1", server))
            self.sockets += [client, self.sockets[0].accept()[0]]

    def churn_network(self):
        n = random.randrange(1, 250)
        run("ip", "-force", "-batch", "-", given=f"""
link del soak0
link del soak2
link add soak0 type veth peer name soak1
link add soak2 type dummy
address add 10.77.{n}.1/24 dev soak0
address add fd77::{n:x}/64 dev soak2
link set soak0 up
link set soak1 up
link set soak2 up
route add 10.78.{n}.0/24 via 10.77.{n}.2
rule flush priority 777
rule add priority 777 from 10.79.{n}.0/24 table 77
""")
        run("nft", "-f", "-", given=f"""
table ip soak
delete table ip soak
table ip soak {{
  chain pre {{
    type nat hook prerouting priority dstnat;
    {"".join(f"tcp dport {19000 + (n + i) % 900} dnat to 10.77.{n}.2:80;" for i in range(20))}
  }}
}}
""")

    def own_socket(self):
        pod = self.unused_pod()
        group = CGROUP / f"pod{pod.uid}" / ("c0ffee" + "0" * 58)
        group.mkdir(parents=True)
        return hold(pod.protocol, pod.port, group), group

    def end_own(self):
        for pid, group in self.own:
            end(pid)
            group.rmdir()
            group.parent.rmdir()
        self.own = []

    def unused_pod(self):
        pod = random.choice([pod for pod in self.pods.values() if not pod.used])
        pod.used = True
        return pod

    def lose(self, kind):
        """What undoes it, and what was done."""
        pod = self.unused_pod()
        said = {"what": kind, "port": pod.port, "protocol": pod.protocol, "begin": time.time()}
        if kind == "squat":
            pid = hold(pod.protocol, pod.port)
            return lambda: end(pid), said
        twin = Pod(f"twin{next(self.names)}", pod.port, pod.protocol)
        twin.write()
        return twin.file.unlink, said

    def brief(self):
        """Too short to be seen each time: what is seen of it is true all the same."""
        pod = self.unused_pod()
        said = {"what": "squat", "port": pod.port, "protocol": pod.protocol, "begin": time.time()}
        pid = hold(pod.protocol, pod.port)
        time.sleep(0.3)
        end(pid)
        wait_for_scans(1)  # one that is under way may have seen it, and says so when it is over
        print(json.dumps({**said, "end": time.time(), "seen": False}), flush=True)

    def finish(self):
        self.end_own()
        for pod in self.pods.values():
            pod.file.unlink()
        for one in self.sockets:
            one.close()
        run("ip", "-force", "-batch", "-", given="link del soak0\nlink del soak2\nrule flush priority 777\n")
        run("nft", "delete", "table", "ip", "soak")


def main():
    churn = Churn()
    print("ready", flush=True)
    try:
        while not select.select([sys.stdin], [], [], 0)[0]:
            churn.round()
    finally:
        churn.finish()
    print(json.dumps({"finished": True}), flush=True)


if __name__ == "__main__":
    main()
