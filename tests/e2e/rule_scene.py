"""A node with pod demo/web and NAT rules as the programs that write them have them."""

import json
import subprocess

from conftest import AGENT
from test_field_attribution import CONTAINER, WEB

import nat
from recording import Node

POD_SLICE = ("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
             + WEB.replace("-", "_") + ".slice")
HIJACKED = "nat_rule_hijacks_listener"


def iptables(*rules, table="nat", tool="iptables"):
    """A table of these rules, with the chains that they are in."""
    chains = sorted({rule.split()[1] for rule in rules} - {"PREROUTING", "OUTPUT", "POSTROUTING"})
    lines = [f":{chain} - [0:0]" for chain in chains] + list(rules)
    return {tool: f"*{table}\n" + "\n".join(lines) + "\nCOMMIT\n"}


def nft(family, table, **chains):
    """A table of these chains; "__" is a dot."""
    text = "".join(f" chain {name.replace('__', '.')} {{\n{body}\n }}\n"
                   for name, body in chains.items())
    return {"nft": f"table {family} {table} {{\n{text}}}\n"}


def prerouting(body, priority=-100):
    return f"type nat hook prerouting priority {priority}; policy accept;\n{body}"


def to(target, port="--dport 8080"):
    """The end of a rule of iptables."""
    return f"-p tcp -m tcp {port} -j DNAT --to-destination {target}"


LOCAL = "-m addrtype --dst-type LOCAL"


def portmap(port, sandbox=CONTAINER):
    return iptables(
        f"-A PREROUTING {LOCAL} -j CNI-HOSTPORT-DNAT", f"-A OUTPUT {LOCAL} -j CNI-HOSTPORT-DNAT",
        f'-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: '
        f'\\"{sandbox}\\"" -m multiport --dports {port} -j CNI-DN-a',
        f"-A CNI-DN-a {to('10.244.0.7:80', f'--dport {port}')}")


def web(port, host_network, ips):
    container = {"name": "web", "ports": [{"containerPort": port if host_network else 80,
                                           "hostPort": port, "protocol": "TCP"}]}
    return {"metadata": {"name": "web", "namespace": "demo", "uid": WEB},
            "spec": {"nodeName": "node-1", "hostNetwork": host_network,
                     "dnsPolicy": "ClusterFirstWithHostNet", "containers": [container]},
            "status": {"phase": "Running", "podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips],
                       "containerStatuses": [{
                           "name": "web", "restartCount": 0, "ready": True,
                           "state": {"running": {"startedAt": "2026-11-24T00:00:00Z"}}}]}}


def node_with_rules(rules, directory):
    node = Node()
    node.link("eth0", "", "10.0.0.1/24", "fd00::1/64")
    dumps, answers, files = nat.read_back(AGENT, [rules], directory)
    node.dumps += dumps
    node.answers |= answers
    for path, contents in files.items():
        node.file(path, contents)
    return node


def findings(node, directory):
    node.write(directory)
    done = subprocess.run([AGENT, "conflicts", "--format=json", f"--replay={directory}"],
                          capture_output=True, text=True, timeout=300)
    said = json.loads(done.stdout)
    assert said["complete"], said["problems"]
    return said["findings"]


def in_front(*rules, port=8080):
    """Rules of iptables that come before portmap's."""
    return iptables(*rules, *[line for line in portmap(port)["iptables"].splitlines()
                              if line.startswith("-A")])
