"""What the agent says about interfaces, routes and their changes."""

import re
import subprocess

from conftest import pod, wait_until

CHANGES = re.compile(r'^hostnet_network_changes_total\{change="(\w+)",object="(\w+)"\} (\d+)', re.M)


def changes(agent):
    return {(thing, change): int(count)
            for change, thing, count in CHANGES.findall(agent.text("/metrics"))}


def test_a_flap_between_two_scrapes_is_counted(machine):
    agent = machine.agent("--pods.source=none", "--collector.network_changes.neighbours")
    before = changes(agent)
    assert set(before) == {(thing, change) for change in ("new", "del")
                           for thing in ("link", "address", "route", "rule", "neighbour")}
    machine.run("sh", "-ec", """
        ip link add d0 type bridge; ip addr add 10.9.0.1/24 dev d0; ip link set d0 up
        ip route add 10.8.0.0/16 via 10.9.0.2; ip rule add from 10.9.0.1 table 100
        ip rule del from 10.9.0.1 table 100; ip route del 10.8.0.0/16
        ip addr del 10.9.0.1/24 dev d0; ip link del d0""")

    def counted():
        now = changes(agent)
        # The last event came last.
        return now if now["link", "del"] > before["link", "del"] else None
    after = wait_until(counted, 5, "the link's end is counted")
    for thing in ("link", "address", "route", "rule"):
        for change in ("new", "del"):
            assert after[thing, change] > before[thing, change], (thing, change)
    assert agent.metric('^hostnet_netlink_overruns_total{family="route"} 0$')


def test_neighbours_are_counted_only_on_request_and_all_can_be_switched_off(machine):
    agent = machine.agent("--pods.source=none")
    assert not agent.metric('^hostnet_network_changes_total.*neighbour')
    agent.stop()
    agent = machine.agent("--pods.source=none", "--no-collector.network_changes")
    assert not agent.metric("^hostnet_network_changes_total")


def test_ephemeral_ports_are_counted_by_address(machine):
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40099",
                "net.ipv4.ip_local_reserved_ports=40000-40009,8080")
    path = machine.directory / "agent.sock"
    agent = machine.agent("--pods.source=none", "--web.listen-address=:20000", f"--web.listen-address=unix:{path}")
    assert agent.metric("^hostnet_ephemeral_ports_range 90$")
    client = machine.python(
        "import socket,signal; s=socket.create_server(('127.0.0.1',999),backlog=50);"
        "kept=[socket.create_connection(('127.0.0.1',999)) for _ in range(20)];"
        "print('ready',flush=True); signal.pause()", stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "ready\n"
    used = re.compile(r'^hostnet_ephemeral_ports_used\{address="127.0.0.1",protocol="tcp"\} (\d+)',
                      re.M)

    def count():
        found = used.search(agent.text("/metrics?collect[]=ephemeral_ports", "--unix-socket", path))
        return int(found.group(1)) if found else 0
    # Those of curl that waited for the agent are there for a minute, too.
    wait_until(lambda: count() == 20, 60, "twenty ports")


def test_interfaces_and_routes_are_read_afresh_in_every_form(machine):
    agent = machine.agent("--pods.source=none")
    machine.run("sh", "-ec", """
        ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up
        ip addr add 10.9.0.1/24 dev d0; ip link add vx7 type vxlan id 7 dstport 4789 dev d0
        ip link add br0 type bridge; ip link set d1 master br0
        ip route add 10.8.0.0/16 via 10.9.0.2 metric 50 table 100
        ip route add 10.7.0.0/16 nexthop via 10.9.0.2 weight 2 nexthop via 10.9.0.3""")
    answer = agent.json("/interfaces")
    assert answer["complete"] and answer["problems"] == [] and answer["more"] == 0
    links = {link["name"]: link for link in answer["interfaces"]}
    assert set(links) == {"lo", "d0", "d1", "vx7", "br0"}
    assert {"address": "10.9.0.1", "prefix_length": 24, "scope": "global"} in links["d0"]["addresses"]
    assert (links["vx7"]["network_id"], links["vx7"]["tunnel_port"]) == (7, 4789)
    assert (links["vx7"]["kind"], links["vx7"]["lower"]) == ("vxlan", "d0")
    assert (links["d1"]["master"], links["d1"]["state"]) == ("br0", "up")
    assert not links["vx7"]["switched_on"]

    route, = agent.json("/routes?table=100")["routes"]
    assert route == {
        "family": "ipv4", "table": "100", "destination": "10.8.0.0/16",
        "next_hops": [{"gateway": "10.9.0.2", "device": "d0", "weight": 1}],
        "protocol": "boot", "scope": "global", "type": "unicast", "metric": 50, "source": None}
    route, = agent.json("/routes?to=10.7.1.1&table=main")["routes"]
    assert [hop["weight"] for hop in route["next_hops"]] == [2, 1]
    assert "10.8.0.0/16  10.9.0.2  d0      100" in agent.text("/routes?table=100")
    first = agent.json("/routes?limit=1")
    assert len(first["routes"]) == 1 and first["more"] > 1
    page = agent.text("/routes", "-H", "Accept: text/html")
    assert page.startswith("<!doctype html>") and "10.7.0.0/16" in page
    status, body = agent.curl("/routes?table=mian&format=json")
    assert (status, "main, local, default" in body) == (400, True)


def test_a_huge_routing_table_is_cut_and_memory_stays(machine):
    agent = machine.agent("--pods.source=none", "--no-collector.network_changes")
    machine.run("sh", "-ec", "ip link add d0 type bridge; ip link set d0 up")
    batch = "".join(f"route add 20.{i >> 8}.{i & 255}.0/24 dev d0 table 100\n" for i in range(50000))
    machine.run("ip", "-batch", "-", input=batch)
    resident = re.compile(r"^process_resident_memory_bytes (\S+)", re.M)
    before = float(resident.search(agent.text("/metrics")).group(1))
    answer = agent.json("/routes?family=ipv4")
    assert answer["complete"] and len(answer["routes"]) == 1000
    assert answer["more"] > 49000
    # The first of the order, whatever the kernel begins with.
    assert [r["destination"] for r in answer["routes"][:2]] == ["20.0.0.0/24", "20.0.1.0/24"]
    assert "49" in agent.text("/routes").splitlines()[-1]
    agent.text("/", "-H", "Accept: text/html")
    after = float(resident.search(agent.text("/metrics")).group(1))
    assert after - before < 8 << 20


def test_the_history_keeps_a_conflict_that_is_over(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    squatter = machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    wait_until(lambda: agent.findings(port=8080), 5, "the conflict")
    machine.stop(squatter)
    wait_until(lambda: not agent.findings(port=8080), 5, "its end")
    closed, opened = agent.json("/history")["events"][:2]
    assert (closed["event"], opened["event"]) == ("closed", "opened")
    assert closed["finding"]["id"] == opened["finding"]["id"]
    assert closed["lasted_seconds"] > 0
    assert "squatter" in agent.text("/history")


def test_names_that_differ_only_in_invalid_bytes_make_no_duplicate_series(machine):
    """An interface may have any byte in its name but '/' and space; Prometheus refuses a page on
    which a series comes twice, or that is not UTF-8."""
    machine.run("bash", "-ec", r"""
        ip link add $'a\xff' type veth peer name $'a\xfe'
        ip link add 'a\xff' type veth peer name 'b"c'
        ip link add $'e\xc3' type veth peer name $'e\xc3\xa9'""")
    agent = machine.agent("--pods.source=none")
    for accept in ("text/plain", "application/openmetrics-text"):
        page = agent.text("/metrics", "-H", f"Accept: {accept}")
        series = [line.rsplit(" ", 1)[0] for line in page.splitlines()
                  if line and not line.startswith("#")]
        assert len(series) == len(set(series))
        for device in ("a\ufffd", r"a\\xff", r"b\"c", "e\ufffd", "e\u00e9"):
            assert f'node_network_mtu_bytes{{device="{device}"}}' in series
    names = [each["name"] for each in agent.json("/interfaces")["interfaces"]]
    assert sorted(names) == sorted(
        ["lo", "a\ufffd", "a\ufffd", r"a\xff", 'b"c', "e\ufffd", "e\u00e9"])
