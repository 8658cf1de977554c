"""The program on a node whose hardware this machine lacks (tests/fixtures/hardware): a bond,
InfiniBand, IPVS, IPsec. After an intended change: HOSTNET_UPDATE_GOLDEN=1 tests/run e2e, then read
the difference."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT
from test_golden import same_as_golden
from test_node_exporter import COLLECTORS, EXPORTER, differences, exporter_page

# Those whose families depend on nothing but this node's files,
FROM_FILES = ["bonding", "boottime", "conntrack", "infiniband", "interrupts", "ipvs", "lnstat",
              "netstat", "sockstat", "softirqs", "softnet", "sysctl", "udp_queues", "xfrm"]
# where netlink is not used,
FROM_FILES_TOO = ["arp", "netdev"]
# and those that ask netlink too, or that node_exporter does not have.
ALL = [*FROM_FILES, *FROM_FILES_TOO, "ethtool", "interfaces", "multicast", "netclass",
       "network_route", "processes", "qdisc", "routes", "sriov", "tcpstat", "timex", "uname", "wifi"]
SYSCTLS = ["--collector.sysctl.include=net.ipv4.tcp_rmem:min,default,max",
           "--collector.sysctl.include-info=net.ipv4.tcp_congestion_control"]
WITHOUT_NETLINK = ["--no-collector.netdev.netlink", "--no-collector.arp.netlink"]

# What promlint has against names that are node_exporter's and stay as they are.
NODE_EXPORTERS = [r"node_netstat_\w+ metric names should be written in 'snake_case' not 'camelCase'$",
                  r'node_wifi_\w+ use base unit "bytes" instead of "bits"$']


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hardware")
    subprocess.run([sys.executable, "-B", ROOT / "tests/fixtures/hardware/write.py", directory],
                   check=True)
    return directory


def page_of(machine, collectors, *flags):
    agent = machine.agent("--pods.source=none", "--web.disable-exporter-metrics",
                          "--collector.disable-defaults", *SYSCTLS, *flags,
                          *(f"--collector.{name}" for name in collectors))
    page = agent.text("/metrics")
    agent.stop()
    # Not the agent's own families, and nothing that says how long something took.
    return "".join(line for line in page.splitlines(keepends=True)
                   if re.match(r"(# (HELP|TYPE) )?(node_|"
                               r"hostnet_(interface_info|multicast|routes|sriov|collector_))", line)
                   and "duration_seconds" not in line)


def test_its_metrics_are_golden_and_promtool_takes_them(machine, node):
    page = page_of(machine, ALL, f"--replay={node}")
    failed = re.findall(r'^node_scrape_collector_success\{collector="(\w+)"\} 0$', page, re.M)
    assert failed == []
    same_as_golden("hardware.txt", page)
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True,
                          text=True, timeout=300)
    complaints = [line for line in (done.stdout + done.stderr).splitlines()
                  if not any(re.match(known, line) for known in NODE_EXPORTERS)]
    assert complaints == [], "\n".join(complaints)


def test_its_files_give_the_same_under_path_procfs_and_sysfs(machine, node):
    chosen = [*FROM_FILES, *FROM_FILES_TOO]
    replayed = page_of(machine, chosen, f"--replay={node}", *WITHOUT_NETLINK)
    mounted = page_of(machine, chosen, f"--path.procfs={node}/proc", f"--path.sysfs={node}/sys",
                      *WITHOUT_NETLINK)
    # Sockets are asked for where the network namespace is known to be the files'.
    source = 'hostnet_collector_source{collector="udp_queues",source="%s"} 1\n'
    assert source % "procfs" in mounted
    assert mounted.replace(source % "procfs", source % "netlink") == replayed
    assert 'node_bonding_active{master="bond0"} 1\n' in mounted


@pytest.mark.skipif(EXPORTER is None, reason="prometheus-node-exporter is not installed")
def test_node_exporter_sees_the_same_hardware(machine, node):
    chosen = [*FROM_FILES, *FROM_FILES_TOO, "netclass"]
    ours = page_of(machine, chosen, f"--replay={node}", *WITHOUT_NETLINK)
    theirs = exporter_page(machine, f"--path.procfs={node}/proc", f"--path.sysfs={node}/sys",
                           *WITHOUT_NETLINK,
                           *(f"--collector.{name}" for name in chosen if name not in COLLECTORS))()
    found, _, compared = differences(ours, theirs, ours)
    # Versions before 1.6 number the rows of softnet_stat, which have their processors' numbers: the
    # one that is not online (2) shifts those behind it.
    found = [line for line in found if not re.match(r"node_softnet_\w+\{'cpu': '2'\}", line)]
    assert not found, "\n".join(found)
    assert compared > 700, compared
