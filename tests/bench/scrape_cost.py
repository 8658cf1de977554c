#!/usr/bin/python3
"""What a scrape costs, beside Debian's prometheus-node-exporter: the same machine, the same network
namespace, the same client, in turn. Needs root; prints a table and fails where a target is missed.

    tests/bench/scrape_cost.py AGENT [SCENARIO...]        interfaces connections small

Each scenario has network, PID and mount namespaces of its own with a fresh /proc and /sys. One
client per server keeps its connection; the servers are asked in turn, so that a machine whose speed
drifts is unfair to neither, and the ratio is the median of the pairs'. All three have a high
priority, so that other work on the machine counts little. CPU is the server's own
(/proc/<pid>/task/*/schedstat).
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

NETWORK = ("arp", "bonding", "conntrack", "infiniband", "ipvs", "netclass", "netdev", "netstat",
           "sockstat", "softnet", "udp_queues")
PEER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
ROUNDS = int(os.environ.get("HOSTNET_BENCH_ROUNDS", "21"))


class Server:
    """One of the two programs and a client of it that keeps its connection."""

    def __init__(self, name, port, words):
        self.name, self.port = name, port
        self.process = subprocess.Popen([*words], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.connection = None  # made with the first request: servers drop who asks nothing
        end = time.monotonic() + 20
        while True:
            try:
                self.connect().close()
                break
            except OSError:
                assert self.process.poll() is None, f"{name} ended: {words}"
                assert time.monotonic() < end, f"{name} does not listen"
                time.sleep(0.05)
        self.buffer = bytearray(1 << 22)
        self.idle_rss = self.status("VmRSS")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def scrape(self, gzip=False, path="/metrics"):
        """(seconds, CPU seconds, bytes) of one answer, from the request to the last byte."""
        request = (f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
                   + ("Accept-Encoding: gzip\r\n" if gzip else "") + "\r\n").encode()
        self.connection = self.connection or self.connect()
        view, size = memoryview(self.buffer), 0
        before, start = self.cpu(), time.perf_counter()
        self.connection.sendall(request)
        while not size or not self.has_ended(size):
            got = self.connection.recv_into(view[size:])
            assert got > 0, f"{self.name} closed the connection"
            size += got
        wall = time.perf_counter() - start
        assert bytes(view[:12]) == b"HTTP/1.1 200", bytes(view[:80])
        return wall, self.cpu() - before, size

    def has_ended(self, size):
        end = self.buffer.find(b"\r\n\r\n", 0, size)
        length = re.search(rb"\r\nContent-Length: ([0-9]+)", self.buffer[:max(end, 0)])
        if length:
            return size >= end + 4 + int(length[1])
        return self.buffer.endswith(b"\r\n0\r\n\r\n", size - 7, size)

    def series(self):
        self.scrape()
        return sum(1 for line in bytes(self.buffer).split(b"\r\n0\r\n\r\n")[0].split(b"\n")
                   if line.startswith(b"node_"))

    def cpu(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0])
                   for task in tasks.iterdir()) / 1e9

    def status(self, field):
        """MiB"""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split(field + ":")[1].split()[0]) / 1024

    def stop(self):
        if self.connection:
            self.connection.close()
        self.process.terminate()
        self.process.wait(timeout=20)


def both(agent, extra=(), own=()):
    chosen = ["--collector.disable-defaults",
              *(f"--collector.{name}" for name in (*NETWORK, *extra))]
    ours = Server("hostnet-agent", 20000, [agent, "--pods.source=none", *chosen, *own])
    theirs = Server("node_exporter", 9100, [PEER, "--web.listen-address=127.0.0.1:9100",
                                            "--collector.netdev.device-exclude=", *chosen])
    return ours, theirs


def measure(scenario, servers, gzip=False, rounds=ROUNDS):
    """Rounds in turn after two that do not count; prints a row each; returns the figures."""
    taken = {server.name: [] for server in servers}
    for count in range(rounds + 2):
        for server in servers if count % 2 else reversed(servers):
            one = server.scrape(gzip)
            if count >= 2:
                taken[server.name].append(one)
    figures = {}
    for server in servers:
        walls, cpus, sizes = zip(*taken[server.name])
        figures[server.name] = {
            "wall": statistics.median(walls), "cpu": statistics.median(cpus),
            "idle": server.idle_rss, "peak": server.status("VmHWM"),
            "anon": server.status("RssAnon"), "rss": server.status("VmRSS")}
        f = figures[server.name]
        print(f"{scenario + (', gzip' if gzip else ''):28} {server.name:14} "
              f"{f['wall'] * 1e3:8.2f} {min(walls) * 1e3:8.2f} {f['cpu'] * 1e3:8.2f} "
              f"{sizes[-1] / 1e6:8.3f} {f['idle']:7.1f} {f['peak']:7.1f} {f['anon']:7.1f}",
              flush=True)
    if len(servers) == 2:
        ours, theirs = (taken[server.name] for server in servers)
        for what, column in (("wall", 0), ("cpu", 1)):
            figures[what] = statistics.median(b[column] / a[column] for a, b in zip(ours, theirs))
        print(f"{'':28} node_exporter takes {figures['wall']:.1f} times our wall time, "
              f"{figures['cpu']:.1f} times our CPU time", flush=True)
    return figures


class Targets:
    def __init__(self):
        self.missed = []

    def at_most(self, what, value, limit):
        good = value <= limit
        print(f"  {'holds ' if good else 'MISSED'} {what}: {value:.2f}, at most {limit}")
        if not good:
            self.missed.append(what)

    def at_least(self, what, value, limit):
        good = value >= limit
        print(f"  {'holds ' if good else 'MISSED'} {what}: {value:.2f}, at least {limit}")
        if not good:
            self.missed.append(what)


def batch(lines):
    done = subprocess.run(["ip", "-batch", "-"], input="".join(f"{line}\n" for line in lines),
                          text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def interfaces(agent, targets):
    """1,001 interfaces: 500 veth pairs, all up, and lo."""
    batch(f"link add v{n}a type veth peer name v{n}b" for n in range(500))
    batch(f"link set v{n}{end} up" for n in range(500) for end in "ab")
    servers = both(agent)
    found = measure("1,001 interfaces", servers)
    targets.at_least("1,001 interfaces, node_exporter's wall time over ours", found["wall"], 10)
    targets.at_most("1,001 interfaces, peak RSS in MiB", found["hostnet-agent"]["peak"], 18)
    targets.at_most("1,001 interfaces, RssAnon in MiB", found["hostnet-agent"]["anon"], 8)
    measure("1,001 interfaces", servers, gzip=True)
    for server in servers:
        print(f"  {server.name}: {server.series()} node_ series")
        server.stop()


def hold_connections(port, count):
    """A child with both ends of `count` loopback connections; it says when it has them."""
    ready, done = os.pipe()
    child = os.fork()
    if child:
        os.close(done)
        assert os.read(ready, 1) == b"x"
        return child
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    kept = []
    for _ in range(count):
        kept.append(socket.create_connection(("127.0.0.1", port)))
        kept.append(listener.accept()[0])
    os.write(done, b"x")
    signal.pause()


def connections(agent, targets):
    """20,000 loopback connections: 40,000 sockets in ESTABLISHED."""
    servers = both(agent, extra=["tcpstat"])
    for server in servers:
        for _ in range(10):
            server.scrape()
    before = servers[0].status("VmHWM")
    children = [hold_connections(7000 + n, 5000) for n in range(4)]
    found = measure("20,000 connections, tcpstat", servers)
    targets.at_least("20,000 connections, node_exporter's wall time over ours", found["wall"], 2.5)
    targets.at_most("20,000 connections, growth of the peak RSS in MiB",
                    found["hostnet-agent"]["peak"] - before, 0.5)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for server in servers:
        server.stop()


def small(agent, targets):
    """A few interfaces, the network collectors; then all that is on by default."""
    batch(["link add va type veth peer name vb", "link set va up", "link set vb up"])
    servers = both(agent)
    found = measure("a small host", servers, rounds=ROUNDS * 5)
    targets.at_most("a small host, wall ms", found["hostnet-agent"]["wall"] * 1e3, 1)
    for server in servers:
        server.stop()
    alone = Server("hostnet-agent", 20000, [agent, "--pods.source=none"])
    found = measure("a small host, our defaults", [alone], rounds=ROUNDS * 5)
    targets.at_most("a small host, our defaults, wall ms", found["hostnet-agent"]["wall"] * 1e3, 1)
    alone.stop()


SCENARIOS = {"interfaces": interfaces, "connections": connections, "small": small}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("agent")
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not PEER:
        sys.exit("scrape_cost: prometheus-node-exporter is not installed")
    agent = os.path.abspath(given.agent)
    if given.inside:
        subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:  # Whatever else runs on the machine does not count, for either.
            os.nice(-19)
        except OSError as error:
            print(f"without a high priority: {error}", file=sys.stderr)
        targets = Targets()
        SCENARIOS[given.scenario[0]](agent, targets)
        sys.exit(1 if targets.missed else 0)
    print(f"{'':28} {'':14} {'wall ms':>8} {'best ms':>8} {'CPU ms':>8} {'MB':>8} "
          f"{'idle':>7} {'peak':>7} {'anon MiB':>7}", flush=True)
    failed = False
    for name in given.scenario or SCENARIOS:
        failed |= 0 != subprocess.run(
            ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc",
             sys.executable, __file__, "--inside", agent, name]).returncode
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
