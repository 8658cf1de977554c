"""Scrapes while interfaces come and go, many scrapers at once, and one too many. A few seconds each;
HOSTNET_LONG=1 gives them the time that a real trial takes (tests/run bench does)."""

import ctypes
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest
from conftest import wait_until
from machine import open_files, status_kb

LONG = bool(os.environ.get("HOSTNET_LONG"))
SCRAPERS = pathlib.Path(__file__).with_name("scrapers.py")


def threads_named(pid, name):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            if (task / "comm").read_text().strip() == name:
                found.append(int(task.name))
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            pass
    return found


def left_over(pid, before):
    """What is open now and was not before. A file of /proc may stay open to be read again, once."""
    return {name: count for name, count in (open_files(pid) - before).items()
            if not (name.startswith("/proc/") and open_files(pid)[name] == 1)}


def scrapers(machine, clients, scrapes, seconds, every=0):
    return machine.start("/usr/bin/python3", SCRAPERS, "20000", clients, scrapes, seconds, every,
                         stdout=subprocess.PIPE, text=True)


class Churn:
    """Makes and deletes a veth pair 50 times a second until it is stopped."""

    def __init__(self, machine):
        self.pairs = 0
        self.ip = machine.start("ip", "-batch", "-", stdin=subprocess.PIPE, text=True)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        begun = time.monotonic()
        while not self.stopping.wait(max(0, begun + self.pairs / 50 - time.monotonic())):
            self.ip.stdin.write(f"link add gone{self.pairs} type veth peer name over{self.pairs}\n"
                                f"link delete gone{self.pairs}\n")
            self.ip.stdin.flush()
            self.pairs += 1

    def stop(self):
        """How many pairs there were; the batch ends at its first failure."""
        self.stopping.set()
        self.thread.join()
        self.ip.stdin.close()
        assert self.ip.wait(timeout=600) == 0
        return self.pairs


def test_no_scrape_loses_a_family_or_a_device_while_others_come_and_go(machine):
    machine.run("mount", "-t", "sysfs", "sysfs", "/sys")
    for n in range(5):
        machine.run("ip", "link", "add", f"keep{n}", "type", "veth", "peer", "name", f"keep{n}p")
        machine.run("ip", "link", "set", f"keep{n}", "up")
        machine.run("ip", "link", "set", f"keep{n}p", "up")
    agent = machine.agent("--pods.source=none", "--collector.qdisc", "--collector.network_route")
    def links_gone():
        (line,) = agent.metric(r'^hostnet_network_changes_total\{change="del",object="link"\}')
        return float(line.split()[1])

    links_gone()  # the first look at each link is at leisure
    churn = Churn(machine)
    wait_until(lambda: churn.pairs > 10, 10, "the churn")
    # Over twenty seconds, so that a thousand pairs come and go meanwhile.
    scrapes, every = (500, 0.04) if LONG else (100, 0.02)
    before = links_gone()

    def scraped_meanwhile():
        said = json.loads(scrapers(machine, 1, scrapes, 600, every).communicate(timeout=610)[0])
        assert said["errors"] == [] and said["statuses"] == {"200": scrapes}
        assert said["lost"] == {} and said["outline"] > 400, said
        return links_gone() - before > scrapes / 2

    wait_until(scraped_meanwhile, 60, "so much churn while they scrape")
    churn.stop()


def scrape_together(machine, pid, clients, scrapes):
    """What so many scrapers see; with how many threads the agent collected for them."""
    running = scrapers(machine, clients, 1e9 if LONG else scrapes, 60 if LONG else 600)
    collecting = set()
    while running.poll() is None:
        collecting.add(len(threads_named(pid, "collectors")))
        time.sleep(0.05)
    said = json.loads(running.stdout.read())
    assert said["errors"] == [] and set(said["statuses"]) == {"200"}, said
    assert said["statuses"]["200"] >= clients and said["lost"] == {}, said
    return collecting


@pytest.mark.parametrize("limit", [40, 64])
def test_as_many_scrapers_as_are_allowed_see_no_error_and_leave_nothing(machine, limit):
    agent = machine.agent("--pods.source=none", f"--web.max-requests={limit}")
    pid = agent.pid
    agent.text("/metrics")
    before = open_files(pid)
    grown = []
    # What is kept for so many at once is reached at the latest in the second round: what leaks, if
    # ever so little, grows in each.
    while len(grown) < 4 and (not grown or grown[-1] >= 1024):
        memory = status_kb(pid, "RssAnon")
        assert scrape_together(machine, pid, limit, 10) == {1}
        grown.append(status_kb(pid, "RssAnon") - memory)
    assert grown[-1] < 1024, f"kB in each round: {grown}"
    wait_until(lambda: not left_over(pid, before), 10,
               f"the end of the clients' connections: {left_over(pid, before)}")


class Stopped:
    """Stops one thread of another process, as a debugger does, and lets it go on."""

    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, thread):
        self.thread = thread
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.ptrace(self.SEIZE)
        self.ptrace(self.INTERRUPT)
        assert os.waitpid(thread, self.WALL)[0] == thread

    def ptrace(self, request):
        done = self.libc.ptrace(ctypes.c_long(request), ctypes.c_long(self.thread), None, None)
        assert done == 0, os.strerror(ctypes.get_errno())

    def go_on(self):
        self.ptrace(self.DETACH)


# One too many: all ask, each with words of its own, as equal ones that wait together count as one;
# one is refused; on the word, the rest read their answers.
ASK_TOGETHER = r"""
import select, socket, sys
count = int(sys.argv[1])
clients = [socket.create_connection(('127.0.0.1', 20000)) for _ in range(count)]
for number, client in enumerate(clients):
    client.sendall(b'GET /metrics?client=%d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' % number)
def answer(client):
    text = b''
    while got := client.recv(1 << 18): text += got
    return text.decode()
refused, _, _ = select.select(clients, [], [], 120)
texts = [answer(client) for client in refused]
print(len(texts), texts[0].split()[1], texts[0].splitlines()[-1], flush=True)
sys.stdin.readline()
rest = [answer(client) for client in clients if client not in refused]
good = sum('HTTP/1.1 200' in text and 'success{collector="netdev"} 1' in text for text in rest)
print(len(rest), good, flush=True)
"""


@pytest.mark.parametrize("limit", [40, 64])
def test_one_scraper_too_many_is_refused_and_the_others_are_answered(machine, limit):
    agent = machine.agent("--pods.source=none", f"--web.max-requests={limit}")
    (collector,) = threads_named(agent.pid, "collectors")
    stopped = Stopped(collector)
    try:
        asking = machine.python(ASK_TOGETHER, limit + 1, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        assert asking.stdout.readline() == (
            f"1 503 Limit of concurrent requests reached ({limit}), try again later.\n")
        assert agent.curl("/healthz")[0] == 200  # does not wait behind them
    finally:
        stopped.go_on()
    asking.stdin.write("\n")
    asking.stdin.flush()
    assert asking.stdout.readline() == f"{limit} {limit}\n"
    assert agent.metric(r'^promhttp_metric_handler_requests_total\{code="503"\} 1$')
    assert agent.metric(r'^promhttp_metric_handler_errors_total\{cause="gathering"\} 0$')
