#!/usr/bin/python3
"""How far the agent is from the least that its works can cost. Needs root; prints one table: CPU
milliseconds of the agent, of the floor (tests/bench/floor.cpp: the kernel's interfaces and nothing
else) and of the peer, in turn on the same machine, and how they grow with the input.

    tests/bench/limits.py AGENT [WORK...]        see WORKS

The floor and the crowd are built beside the agent: BUILD/agent/hostnet-agent, BUILD/tests/bench.
Each work and size has network, PID and mount namespaces of its own. It judges no run: a goal
that is missed is marked in the table. CPU is /proc/<pid>/task/*/schedstat of servers and rusage of
commands; medians. The exponent is that of the growth from the smallest size to the largest.
"""

import argparse
import http.client
import json
import math
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from scrape_cost import NETWORK, PEER, Server, batch

ROUNDS = int(os.environ.get("HOSTNET_BENCH_ROUNDS", "21"))
TICKS = 20  # seconds of them
YOUNG = 120  # seconds: how long the agent sees again soon what a new process is
ROUND = 90  # seconds: in which it checks once every process that is older
HOUSEKEEPING = 10  # seconds: how often it gives memory back that nothing uses


class Floor(Server):
    def __init__(self, tools):
        super().__init__("floor", 20001, [tools / "floor", "20001"])


class Agent(Server):
    def __init__(self, agent, *flags):
        super().__init__("hostnet-agent", 20000,
                         [agent, "--pods.source=none", "--log.level=error", *flags])
        end = time.monotonic() + 60
        while True:
            try:
                self.scrape(path="/readyz")
                return
            except AssertionError:
                assert time.monotonic() < end, "the agent does not get ready"
                self.connection = None
                time.sleep(0.1)

    def ticks(self):
        """How many there were, and the CPU seconds of the watch's thread."""
        self.scrape()
        wanted = b'hostnet_scan_duration_seconds_count{stage="findings"} '
        count = int(self.buffer.split(wanted, 1)[1].split(b"\n", 1)[0])
        watches = [task for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
                   if (task / "comm").read_text() == "watch\n"]
        # Threads inherit the name of who starts them.
        return count, max(int((task / "schedstat").read_text().split()[0])
                          for task in watches) / 1e9

    def cpu_of_a_tick(self, seconds):
        count, used = self.ticks()
        time.sleep(seconds)
        count_then, used_then = self.ticks()
        return (used_then - used) / (count_then - count) * 1e3


class Crowd:
    def __init__(self, tools, *words):
        self.process = subprocess.Popen([tools / "crowd", *map(str, words)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n", words


def cpu_of(*asked):
    """Median CPU milliseconds of each (server, path), asked in turn."""
    taken = [[] for _ in asked]
    for count in range(ROUNDS + 2):
        order = list(enumerate(asked))
        for at, (server, path) in order if count % 2 else reversed(order):
            one = server.scrape(path=path)[1] * 1e3
            if count >= 2:
                taken[at].append(one)
    return [statistics.median(one) for one in taken]


def cpu_in_rhythm(server, path):
    """Median CPU milliseconds of one that is asked once a second, as the watch ticks: what it needs
    is no longer in the processor's caches then."""
    server.scrape(path=path)
    taken = []
    for _ in range(TICKS):
        time.sleep(1)
        taken.append(server.scrape(path=path)[1] * 1e3)
    return statistics.median(taken)


def cpu_of_command(words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def scrapes(agent, tools, path, collectors):
    chosen = ["--collector.disable-defaults", *(f"--collector.{name}" for name in collectors)]
    asked = [(Agent(agent, *chosen), "/metrics"), (Floor(tools), path)]
    if PEER:
        words = [PEER, "--web.listen-address=127.0.0.1:9100", "--collector.netdev.device-exclude="]
        asked.append((Server("node_exporter", 9100, [*words, *chosen]), "/metrics"))
    return dict(zip(("ours", "floor", "peer"), cpu_of(*asked)))


def interfaces(agent, tools, size):
    pairs = size // 2
    batch(f"link add v{n}a type veth peer name v{n}b" for n in range(pairs))
    batch(f"link set v{n}{end} up" for n in range(pairs) for end in "ab")
    return scrapes(agent, tools, "/links", NETWORK)


def small(agent, tools, _size):
    batch(["link add va type veth peer name vb", "link set va up", "link set vb up"])
    return scrapes(agent, tools, "/small", NETWORK)


def states(agent, tools, size):
    crowd = Crowd(tools, "connections", 8, size // 8)
    result = scrapes(agent, tools, "/states", ["tcpstat"])
    del crowd
    return result


def one_port(agent, tools, size):
    crowd = Crowd(tools, "connections", 8, size // 16)
    ours, floor = cpu_of((Agent(agent), "/check?port=9&format=json"), (Floor(tools), "/one_port"))
    del crowd
    return {"ours": ours, "floor": floor}


def big_node(tools, listeners):
    return Crowd(tools, "listeners", 5 * listeners, listeners, 50)


def young_tick(agent, tools, size):
    return tick(agent, tools, size, 3, TICKS)


def old_tick(agent, tools, size):
    return tick(agent, tools, size, YOUNG + 5, ROUND)


def tick(agent, tools, size, after, seconds):
    crowd = big_node(tools, size)
    watched = Agent(agent, "--watch.bpf=off")
    time.sleep(after)
    ours = watched.cpu_of_a_tick(seconds)
    result = {"ours": ours, "floor": cpu_in_rhythm(Floor(tools), "/listeners")}
    del crowd
    return result


def first_scan(agent, tools, size, *flags):
    crowd = big_node(tools, size)
    floor = Floor(tools)
    works = {"ours": lambda: cpu_of_command([agent, "ports", "--pods.source=none", *flags]),
             "floor": lambda: floor.scrape(path="/descriptors")[1] * 1e3,
             "peer": lambda: cpu_of_command(["ss", "-tlnpH"])}
    taken = {name: [] for name in works}
    for _ in range(5):
        for name, work in works.items():
            taken[name].append(work())
    del crowd
    return {name: statistics.median(one) for name, one in taken.items()}


def first_scan_procfs(agent, tools, size):
    return first_scan(agent, tools, size, "--watch.bpf=off")


def wall_until(agent, path):
    """Milliseconds from the start of an agent to the first 200 there."""
    begin = time.monotonic()
    process = subprocess.Popen([agent, "--pods.source=none", "--log.level=error"])
    while True:
        assert time.monotonic() < begin + 60, path
        connection = http.client.HTTPConnection("127.0.0.1", 20000, timeout=60)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                break
        except OSError:
            pass
        time.sleep(0.002)
    took = time.monotonic() - begin
    process.terminate()
    process.wait()
    return took * 1e3


def first_answer(agent, tools, size):
    crowd = big_node(tools, size)
    result = {"ours": statistics.median(wall_until(agent, "/ports?format=json") for _ in range(5))}
    del crowd
    return result


def ready(agent, tools, size):
    crowd = big_node(tools, size)
    result = {"ours": statistics.median(wall_until(agent, "/readyz") for _ in range(5))}
    del crowd
    return result


def address(rule):
    return f"10.1.{rule // 256}.{rule % 256}"


def feed(words, text):
    subprocess.run(words, input=text, text=True, check=True)


def rules_in_a_chain(size):
    rules = "".join(f"tcp dport {n} dnat to {address(n)}:80\n" for n in range(1, size + 1))
    feed(["nft", "-f", "-"], "table ip cni_hostport {\nchain hostports {\n" + rules + """}
chain prerouting { type nat hook prerouting priority -100; fib daddr type local jump hostports; }
}
""")


def nf_tables(agent, tools, size):
    rules_in_a_chain(size)
    ours, floor = cpu_of((Agent(agent), "/check?port=9&format=json"), (Floor(tools), "/nf_tables"))
    return {"ours": ours, "floor": floor}


def changed_nf_tables(agent, tools, size):
    """Each time another rule came: what was known does not hold."""
    rules_in_a_chain(size)
    server, floor = Agent(agent), Floor(tools)
    ours, least = [], []
    for count in range(ROUNDS):
        feed(["nft", "-f", "-"], "add rule ip cni_hostport hostports "
             f"tcp dport {10_000 + count} dnat to 10.2.0.1:80\n")
        ours.append(server.scrape(path="/check?port=9&format=json")[1] * 1e3)
        least.append(floor.scrape(path="/nf_tables")[1] * 1e3)
    return {"ours": statistics.median(ours), "floor": statistics.median(least)}


def ip_tables(agent, tools, size):
    rules = "".join(f"-A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport {n} -j DNAT "
                    f"--to-destination {address(n)}:80\n" for n in range(1, size + 1))
    feed(["iptables-legacy-restore"], "*nat\n:CNI-HOSTPORT-DNAT -\n"
         "-A PREROUTING -j CNI-HOSTPORT-DNAT\n" + rules + "COMMIT\n")
    ours, floor = cpu_of((Agent(agent), "/check?port=9&format=json"), (Floor(tools), "/ip_tables"))
    return {"ours": ours, "floor": floor}


def memory(agent):
    server = Agent(agent)
    for _ in range(3):
        for path in ("/metrics", "/conflicts", "/ports?format=json"):
            server.scrape(path=path)
    time.sleep(HOUSEKEEPING + 2)
    return {"ours": server.status("VmRSS"), "anon": server.status("RssAnon")}


def memory_idle(agent, _tools, _size):
    return memory(agent)


def memory_rules(agent, _tools, size):
    rules_in_a_chain(size)
    return memory(agent)


def memory_listeners(agent, tools, size):
    crowd = Crowd(tools, "listeners", size, size, 5)
    result = memory(agent)
    del crowd
    return result


def idle(agent, tools, size):
    """Of a core, in percent, with the flags that it has by default."""
    crowd = Crowd(tools, "listeners", size, size, 8)
    server = Agent(agent)
    time.sleep(5)
    before, begin = server.cpu(), time.monotonic()
    time.sleep(TICKS * 2)
    result = {"ours": (server.cpu() - before) / (time.monotonic() - begin) * 100}
    del crowd
    return result


# name: (what, unit, sizes, what measures one, most times the floor, most)
WORKS = {
    "interfaces": ("scrape, {} interfaces", "ms", (63, 251, 1001), interfaces, 2, None),
    "small": ("scrape, small host", "ms", (3,), small, 2, 0.5),
    "states": ("{} connections by state", "ms", (1250, 5000, 20000), states, 1.2, None),
    "one_port": ("full-state scan, {} sockets", "ms", (6250, 25000, 100000), one_port, 1.2, None),
    "young_tick": ("tick, {} listeners, at first", "ms", (62, 250, 1000), young_tick, None, None),
    "tick": ("tick, {} listeners", "ms", (1000,), old_tick, None, 0.6),
    "first_scan": ("first scan, {} listeners", "ms", (62, 250, 1000), first_scan, None, None),
    "first_scan_procfs": ("… without BPF, {} listeners", "ms", (62, 250, 1000), first_scan_procfs, None, None),
    "first_answer": ("wall to the first answer, {}", "ms", (1000,), first_answer, None, 100),
    "ready": ("wall to ready, {} listeners", "ms", (1000,), ready, None, None),
    "nf_tables": ("{} rules of nf_tables", "ms", (312, 1250, 5000), nf_tables, 2, None),
    "changed_nf_tables": ("{} rules, one of them new", "ms", (5000,), changed_nf_tables, 2, None),
    "ip_tables": ("{} rules of iptables", "ms", (312, 1250, 5000), ip_tables, 2, None),
    "memory_idle": ("memory", "MiB", (0,), memory_idle, None, 10),
    "memory_rules": ("memory, {} rules", "MiB", (5000,), memory_rules, None, 14),
    "memory_listeners": ("memory, {} listeners", "MiB", (5000,), memory_listeners, None, 16),
    "idle": ("idle, {} listeners", "% CPU", (100,), idle, None, 0.1),
}


def inside(agent, tools, name, size):
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.nice(-19)  # whatever else runs on the machine counts little, for all of them
    print(json.dumps(WORKS[name][3](agent, tools, size)), flush=True)


def measured(agent, name, size):
    words = ["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc",
             sys.executable, __file__, "--inside", agent, name, str(size)]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def print_row(what, unit, figures, times, most):
    ours, floor, peer = (figures.get(key) for key in ("ours", "floor", "peer"))
    cells = [f"{value:.2f}" if value else "" for value in (ours, floor, peer)]
    ratios = [f"{ours / other:.2f}" if other else "" for other in (floor, peer)]
    missed = (most and ours > most) or (times and floor and ours > times * floor)
    goals = [f"{times} x floor"] if times else []
    goals += [f"{most} {unit}"] if most else []
    print_cells(what, unit, *cells, *ratios, ", ".join(goals) + (": missed" if missed else ""))


def print_growth(sizes, all_figures):
    steps = math.log(sizes[-1] / sizes[0])
    words = []
    for key in ("ours", "floor", "peer"):
        known = all(figures.get(key) for figures in all_figures)
        growth = math.log(all_figures[-1][key] / all_figures[0][key]) / steps if known else None
        words.append(f"{growth:.2f}" if known else "")
    print_cells("… grows with the power", "", *words)


def print_cells(*cells):
    """A row of a Markdown table."""
    cells = [*cells, *[""] * (8 - len(cells))]
    widths = (32, 5, 9, 9, 9, 8, 8, 0)
    row = " | ".join(f"{cell:{width}}" for cell, width in zip(cells, widths))
    print(f"| {row} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("agent")
    parser.add_argument("work", nargs="*", metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    agent = os.path.abspath(given.agent)
    if given.inside:
        tools = pathlib.Path(agent).parents[1] / "tests/bench"
        return inside(agent, tools, given.work[0], int(given.work[1]))
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} processors at the start, "
          f"Linux {os.uname().release}\n")
    print_cells("work", "", "ours", "floor", "peer", "of floor", "of peer", "goal")
    print_cells(*["---"] * 8)
    for name in given.work or WORKS:
        what, unit, sizes, _, times, most = WORKS[name]
        found = []
        for size in sizes:
            found.append(measured(agent, name, size))
            last = size == sizes[-1]
            goals = (times, most) if last else (None, None)
            print_row(what.format(size), unit, found[-1], *goals)
        if len(sizes) > 1:
            print_growth(sizes, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
