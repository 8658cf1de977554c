"""What the agent says about interfaces, routes and their changes."""

import re
import subprocess

from conftest import wait_until

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
    agent = machine.agent("--pods.source=none")
    assert agent.metric("^hostnet_ephemeral_ports_range 90$")
    client = machine.python(
        "import socket,signal; s=socket.create_server(('127.0.0.1',999),backlog=50);"
        "kept=[socket.create_connection(('127.0.0.1',999)) for _ in range(20)];"
        "print('ready',flush=True); signal.pause()", stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "ready\n"
    used = re.compile(r'^hostnet_ephemeral_ports_used\{address="127.0.0.1",protocol="tcp"\} (\d+)',
                      re.M)

    def count():
        found = used.search(agent.text("/metrics?collect[]=ephemeral_ports"))
        return int(found.group(1)) if found else 0
    # curl's own connections are there too.
    wait_until(lambda: 20 <= count() <= 60, 5, "twenty ports")
