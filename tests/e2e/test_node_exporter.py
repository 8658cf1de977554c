"""The network metrics of a real node_exporter, in the same network namespace, beside ours: every
series it has we have, with the same type and labels, and the same value unless it moves."""

import re
import shutil
import subprocess
import time

import pytest

from conftest import wait_until

EXPORTER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
PORT = 9100
FAMILIES = re.compile(r"node_(network|netstat|sockstat|softnet|arp|udp|nf_conntrack|bonding|ipvs|"
                      r"infiniband|ethtool|qdisc|tcp|lnstat|interrupts|softirqs|processes|sysctl|timex)_")
COLLECTORS = ("netdev", "netclass", "netstat", "sockstat", "softnet", "arp", "udp_queues",
              "conntrack", "bonding", "ipvs", "infiniband")
# Off by default in both, and what is of the machine whatever the files say.
MORE = ("network_route", "qdisc", "tcpstat", "lnstat", "interrupts", "softirqs", "processes",
        "sysctl", "ethtool", "timex")

# What may differ, and why. Each: does it concern this series, with this value of node_exporter's?
# Such a series may be missing here or have another value.
ALLOWED_DIFFERENCES = {
    "an unknown speed is left out, not shown as -125000 bytes per second":
        lambda name, labels, value: name == "node_network_speed_bytes" and value < 0,
    "what a listener could queue is not shown as bytes that are queued":
        lambda name, labels, value: name == "node_tcp_connection_states"
        and labels["state"] in ("tx_queued_bytes", "rx_queued_bytes"),
    "which states processes are in is another with every look":
        lambda name, labels, value: name in ("node_processes_state",
                                             "node_processes_threads_state"),
}

# Labels that newer versions of node_exporter add to series that older ones have too.
ADDED_LABELS = {
    "node_network_info": {"adminstate"},
    # The same route in two tables is two series here, and one lost there.
    "node_network_route_info": {"table"},
}

# Levels that the two scrapes themselves, or sockets that come and go with them, move; compared
# by name, type and labels only. Every other gauge must be equal.
MOVING = re.compile(
    r"node_sockstat_(sockets_used|TCP6?_(inuse|orphan|tw|alloc|mem|mem_bytes)|UDP_mem(_bytes)?)$"
    r"|node_netstat_Tcp_CurrEstab$|node_tcp_connection_states$|node_processes_(pids|threads)$"
    r"|node_timex_(offset|maxerror|estimated_error)_seconds$|node_timex_frequency_adjustment_ratio$"
    r"|node_softnet_backlog_len$|node_nf_conntrack_(entries$|stat_)"
    r"|node_lnstat_entries_total$")  # called a counter: route cache entries of all namespaces
# Untyped, and levels all the same.
LEVELS = {"node_netstat_Ip_Forwarding"}


def parse(page):
    """({family: type}, {(name, frozenset of labels): value})"""
    types, series = {}, {}
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"([a-zA-Z_:0-9]+)(?:\{(.*)\})? (\S+)",
                                               line).groups()
            pairs = re.findall(r'([a-zA-Z_0-9]+)="((?:[^"\\]|\\.)*)"', labels or "")
            key = (name, frozenset(pairs))
            assert key not in series, f"twice: {line}"
            series[key] = float(value)
    return types, series


def without_added(key):
    name, labels = key
    return name, frozenset(p for p in labels if p[0] not in ADDED_LABELS.get(name, ()))


def differences(before, theirs, after):
    """What node_exporter has that we have not, or have otherwise. `before` and `after` are our
    pages around its own."""
    (our_types, _), (their_types, their_series) = map(parse, (before, theirs))
    first, last = ({without_added(k): v for k, v in parse(page)[1].items()}
                   for page in (before, after))
    found, used, compared = [], set(), 0
    for (name, labels), value in sorted(their_series.items(), key=str):
        if not FAMILIES.match(name):
            continue
        compared += 1
        reason = next((reason for reason, concerns in ALLOWED_DIFFERENCES.items()
                       if concerns(name, dict(labels), value)), None)
        if reason:
            used.add(reason)
            continue
        shown = f"{name}{dict(sorted(labels))}"
        key = without_added((name, labels))
        if our_types.get(name) != their_types[name]:
            found.append(f"{shown}: type {our_types.get(name)}, theirs {their_types[name]}")
        elif key not in first or key not in last:
            found.append(f"{shown}: missing, theirs {value}")
        elif MOVING.match(name):
            continue
        elif their_types[name] == "gauge" or name in LEVELS:
            if not first[key] == value == last[key]:
                found.append(f"{shown}: {first[key]}, {last[key]}, theirs {value}")
        elif not first[key] <= value <= last[key]:
            found.append(f"{shown}: {value} is not in {first[key]} to {last[key]}")
    return found, used, compared


@pytest.fixture
def rich_machine(machine):
    """Links of every kind that this kernel makes, with its own /sys."""
    machine.run("mount", "-t", "sysfs", "sysfs", "/sys")
    made = set()

    def link(name, *words):
        if machine.run("ip", "link", "add", name, *words, check=False).returncode == 0:
            made.add(name)

    def ip(*words):
        machine.run("ip", *words)

    link("va", "type", "veth", "peer", "name", "vb")
    link("vc", "type", "veth", "peer", "name", "vd")
    link("ve", "type", "veth", "peer", "name", "vf")
    assert {"va", "vc", "ve"} <= made
    link("br0", "type", "bridge")
    link("vlan7", "link", "va", "type", "vlan", "id", "7")
    link("mac0", "link", "vb", "type", "macvlan", "mode", "bridge")
    link("vx0", "type", "vxlan", "id", "5", "dstport", "4789", "local", "10.9.0.1")
    link("bond0", "type", "bond")
    link("ifb7", "type", "ifb")
    link("gre7", "type", "gre", "local", "10.9.0.1", "remote", "10.9.0.9")
    link("sit7", "type", "sit", "local", "10.9.0.1", "remote", "10.9.0.9")
    link("ipip7", "type", "ipip", "local", "10.9.0.1", "remote", "10.9.0.9")
    link("vrf7", "type", "vrf", "table", "77")
    link("tap7", "link", "vd", "type", "macvtap")
    link("geneve7", "type", "geneve", "id", "7", "remote", "10.9.0.9")
    link("dummy7", "type", "dummy")
    machine.run("ip", "tuntap", "add", "tap0", "mode", "tap", check=False)
    ip("link", "set", "va", "alias", 'uplink "one" \\ two')
    ip("link", "set", "va", "mtu", "1400", "group", "5", "txqueuelen", "333")
    ip("link", "property", "add", "dev", "va", "altname", "an-alternative-name-of-va")
    ip("link", "set", "vc", "promisc", "on")
    ip("link", "set", "ve", "allmulticast", "on")
    ip("link", "set", "vd", "address", "02:00:00:00:00:0d")
    ip("link", "set", "ve", "name", "renamed")
    if "br0" in made:
        ip("link", "set", "vc", "master", "br0")  # a port: promiscuous without the flag
        ip("link", "set", "br0", "up")
    for name in ("va", "vb", "vc", "vd"):  # `renamed` and its peer stay down
        ip("link", "set", name, "up")
    for name in made & {"mac0", "vlan7", "bond0", "vx0"}:
        ip("link", "set", name, "up")
    ip("address", "add", "10.9.0.1/24", "dev", "va")
    ip("address", "add", "10.8.0.1/24", "dev", "vb")
    ip("-6", "address", "add", "fd00::1/64", "dev", "va", "nodad")
    add_routes(ip)
    add_queues(machine)
    for last in range(2, 7):
        ip("neigh", "add", f"10.9.0.{last}", "lladdr", f"02:00:00:00:00:{last:02x}", "dev", "va")
    ip("neigh", "add", "10.8.0.2", "lladdr", "02:00:00:00:01:02", "dev", "vb")
    ip("neigh", "add", "10.9.0.99", "lladdr", "02:00:00:00:00:99", "nud", "noarp", "dev", "va")
    # Something to count: datagrams to nobody, and UDP bytes that wait in a queue.
    machine.run("/usr/bin/python3", "-c",
                "import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                "[s.sendto(b'x'*100,('127.0.0.1',9)) for _ in range(5)] if not s.connect_ex("
                "('127.0.0.1',9999)) else 0", check=False)
    waiting = machine.python(
        "import socket,signal\nr=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
        "r.bind(('127.0.0.1',5353))\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
        "s.sendto(b'x'*1000,('127.0.0.1',5353))\nprint('ready',flush=True)\nsignal.pause()\n",
        stdout=-1, text=True)
    assert waiting.stdout.readline() == "ready\n"

    def settled():
        """Router solicitations, duplicate detection and carriers are done: two readings agree."""
        first = links_state(machine)
        time.sleep(0.2)
        return "tentative" not in first and first == links_state(machine)

    wait_until(settled, 20, "the links' states to settle")
    return machine


def add_routes(ip):
    """Several tables, one prefix in two of them, several next hops, and routes to nowhere."""
    ip("route", "add", "10.20.0.0/16", "via", "10.9.0.2", "metric", "7", "src", "10.9.0.1")
    ip("route", "add", "10.20.0.0/16", "via", "10.9.0.2", "metric", "7", "src", "10.9.0.1",
       "table", "100")
    ip("route", "add", "default", "via", "10.9.0.3", "proto", "static")
    ip("route", "add", "default", "via", "10.8.0.2", "table", "200")
    ip("rule", "add", "from", "10.8.0.1", "table", "200")
    ip("route", "add", "10.21.0.0/16", "nexthop", "via", "10.9.0.4", "weight", "2",
       "nexthop", "via", "10.8.0.2", "weight", "3")
    ip("route", "add", "10.22.0.0/16", "dev", "vb", "scope", "link", "proto", "186")
    ip("route", "add", "blackhole", "10.23.0.0/16")
    ip("route", "add", "unreachable", "10.24.0.0/16", "metric", "4278198272")
    ip("route", "add", "prohibit", "10.25.0.0/16")
    ip("-6", "route", "add", "fd20::/64", "via", "fd00::2", "dev", "va", "metric", "9")
    ip("-6", "route", "add", "fd21::/64", "nexthop", "via", "fd00::3", "dev", "va",
       "nexthop", "via", "fd00::4", "dev", "va")
    ip("-6", "route", "add", "default", "via", "fd00::5", "dev", "va", "table", "300")
    ip("-6", "route", "add", "blackhole", "fd22::/64")


def add_queues(machine):
    """Root queueing disciplines with children, and one that is for what arrives."""
    machine.run("tc", "qdisc", "add", "dev", "va", "root", "tbf", "rate", "1mbit", "burst", "10k",
                "latency", "50ms")
    machine.run("tc", "qdisc", "add", "dev", "vb", "root", "handle", "1:", "htb", "default", "10")
    machine.run("tc", "class", "add", "dev", "vb", "parent", "1:", "classid", "1:10", "htb", "rate",
                "10mbit")
    machine.run("tc", "qdisc", "add", "dev", "vb", "parent", "1:10", "handle", "10:", "pfifo",
                "limit", "7")
    machine.run("tc", "qdisc", "add", "dev", "vc", "root", "pfifo_fast")
    machine.run("tc", "qdisc", "add", "dev", "vc", "ingress")


def links_state(machine):
    shown = machine.run("ip", "address").stdout
    return re.sub(r"(valid|preferred)_lft \S+", "", shown) + machine.run("ip", "neigh").stdout


def known_to_exporter(flag):
    """Older versions lack some collectors."""
    said = subprocess.run([EXPORTER, "--help"], capture_output=True, text=True, check=False)
    return flag.split("=")[0].replace("--no-", "--") in re.findall(r"--(?:\[no-\])?[\w.-]+",
                                                                   said.stdout + said.stderr)


def exporter_page(machine, *flags):
    flags = [flag for flag in flags if known_to_exporter(flag)]
    words = [EXPORTER, f"--web.listen-address=127.0.0.1:{PORT}", "--collector.disable-defaults",
             "--collector.netdev.device-exclude=",  # Debian's leaves lo out
             *(f"--collector.{name}" for name in COLLECTORS), *flags]
    machine.start(*words)

    def fetch():
        done = machine.run("curl", "-sf", "--max-time", "60", f"http://127.0.0.1:{PORT}/metrics",
                           check=False)
        return done.stdout if done.returncode == 0 else None

    wait_until(fetch, 15, "node_exporter to answer")
    return fetch


ASKED = {
    "netlink": [],
    "procfs": ["--no-collector.netdev.netlink"],
    "all": [*(f"--collector.{name}" for name in MORE), "--collector.netdev.address-info",
            "--collector.netdev.enable-detailed-metrics", "--collector.sysctl.include=net.ipv4.tcp_rmem",
            "--collector.sysctl.include=kernel.threads-max"],
}


@pytest.mark.skipif(EXPORTER is None, reason="prometheus-node-exporter is not installed")
@pytest.mark.parametrize("asked", ASKED)
def test_every_series_of_node_exporter_is_ours_too(rich_machine, asked):
    theirs = exporter_page(rich_machine, *ASKED[asked])
    agent = rich_machine.agent("--pods.source=none", "--web.listen-address=:20000", *ASKED[asked])
    agent.text("/metrics")  # the first look at each link is at leisure
    found, used, compared = differences(agent.text("/metrics"), theirs(), agent.text("/metrics"))
    assert not found, "\n".join(found)
    assert compared > 400, compared
    assert used <= set(ALLOWED_DIFFERENCES)
