"""The rules for hostPorts that the cluster's portmap wrote, by iptables or by nftables."""

import re

CHAIN, TABLE = "CNI-HOSTPORT-DNAT", ("inet", "cni_hostport")


def portmap(node):
    listed = node.run("nft", "list", "table", *TABLE, check=False)
    return Nftables(node) if listed.returncode == 0 else Iptables(node)


class Iptables:
    def __init__(self, node):
        self.node = node

    def forget(self, port):
        """Takes the port's rule away, as who flushes a table does it."""
        (rule,) = [line for line in self.node.run("iptables", "-t", "nat", "-S", CHAIN).stdout.splitlines()
                   if f"--dports {port} " in line]
        self.node.run("sh", "-c", "exec iptables -t nat -D " + rule.removeprefix("-A "))

    def send_elsewhere(self, first, second):
        """What goes to the pod's one address goes to the other."""
        self.node.run("sh", "-c",
                      f"iptables-save -t nat | sed 's/--to-destination {first}:/--to-destination {second}:/'"
                      " | iptables-restore -T nat")
        assert f"--to-destination {second}:80" in self.node.run("iptables", "-t", "nat", "-S").stdout


class Nftables:
    RULE = re.compile(r"(?P<text>.+) # handle (?P<handle>\d+)$")

    def __init__(self, node):
        self.node = node

    def rules(self):
        """(chain, handle, text) of each."""
        chain = ""
        for line in self.node.run("nft", "-a", "list", "table", *TABLE).stdout.splitlines():
            if (words := line.split())[:1] == ["chain"]:
                chain = words[1]
            elif " dnat " in line and (found := self.RULE.search(line)):
                yield chain, found["handle"], found["text"].strip()

    def forget(self, port):
        (rule,) = [(chain, handle) for chain, handle, text in self.rules() if f"dport {port} dnat" in text]
        self.node.run("nft", "delete", "rule", *TABLE, rule[0], "handle", rule[1])

    def send_elsewhere(self, first, second):
        (rule,) = [(chain, handle, text) for chain, handle, text in self.rules() if f" {first}:" in text]
        text = rule[2].replace(f" {first}:", f" {second}:")
        self.node.run("nft", f"replace rule {' '.join(TABLE)} {rule[0]} handle {rule[1]} {text}")
        assert any(f" {second}:80" in text for _, _, text in self.rules())
