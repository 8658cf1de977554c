"""A machine with a pod behind a bridge and a client outside, and NAT rules as the programs that keep
them write them."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass

from machine import PATIENCE, own_container, own_uid, pod

UID = own_uid("a")
SANDBOX = own_container("5a5a")


@dataclass(frozen=True)
class Family:
    """Addresses of one family, and what its tools and tables are called."""
    table: str
    pod: str
    node: str
    client: str
    bridge: str
    length: int

    def fill(self, text, **more):
        """@POD@ and such in a script."""
        brackets = f"[{self.pod}]" if self.table == "ip6" else self.pod
        words = {"FAMILY": self.table, "POD": self.pod, "TO": brackets, "NODE": self.node,
                 "TYPE": "ipv6_addr" if self.table == "ip6" else "ipv4_addr", "LENGTH": self.length}
        for name, value in {**more, **{n: v for n, v in words.items() if n not in more}}.items():
            text = text.replace(f"@{name}@", str(value))
        return text


IPV4 = Family("ip", pod="10.55.3.5", node="10.9.0.1", client="10.9.0.2", bridge="10.55.3.1", length=24)
IPV6 = Family("ip6", pod="fd00:55::5", node="fd00:9::1", client="fd00:9::2", bridge="fd00:55::1",
              length=64)
FAMILIES = {"IPv4": IPV4, "IPv6": IPV6}
POD, NODE, CLIENT = IPV4.pod, IPV4.node, IPV4.client


def crio_hash(*parts):
    """As CRI-O names what belongs to a sandbox."""
    return base64.b32encode(hashlib.sha256("".join(parts).encode()).digest())[:16].decode()


SERVER = """
import pathlib, socket, sys
if sys.argv[4]: pathlib.Path(sys.argv[4], 'cgroup.procs').write_text('0')
family = socket.AF_INET6 if ':' in sys.argv[3] else socket.AF_INET
s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[3], int(sys.argv[1]))); s.listen(16); print('ready', flush=True)
while True:
    c, _ = s.accept(); c.sendall(sys.argv[2].encode())
    c.recv(1)  # who asks closes first, so that the kernel remembers nothing of it here
    c.close()
"""
# It closes first and waits for the server's part: what a rule then does to the port is no trouble for its last packets.
ASK = """
import contextlib, socket, sys
try:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])); print(s.recv(99).decode())
    with contextlib.suppress(OSError):
        s.shutdown(socket.SHUT_WR); s.recv(1)
except ConnectionRefusedError: print('refused')
except TimeoutError: print('nobody')
except OSError: print('unreachable')
"""

PORTMAP = """
d=$(mktemp -d); ln -s $(command -v @IPTABLES@) $d/iptables; ln -s $(command -v @IP6TABLES@) $d/ip6tables
PATH=$d:$PATH CNI_COMMAND=ADD CNI_CONTAINERID=@SANDBOX@ CNI_NETNS=/proc/self/ns/net CNI_IFNAME=eth0 \
CNI_PATH=/usr/lib/cni /usr/lib/cni/portmap >/dev/null <<'END'
{"cniVersion":"0.4.0","name":"k8s-pod-network","type":"portmap","capabilities":{"portMappings":true},
"conditionsV4":@CONDITIONS@,"conditionsV6":@CONDITIONS@,"runtimeConfig":{"portMappings":@MAPPINGS@},
"prevResult":{"cniVersion":"0.4.0","interfaces":[{"name":"eth0","sandbox":"/proc/self/ns/net"}],
"ips":[{"version":"@VERSION@","address":"@POD@/@LENGTH@","interface":0}]}}
END
rm -r $d
"""
HOOKS = """
  chain prerouting { type nat hook prerouting priority dstnat; policy accept; @GUARD@ jump hostports; }
  chain output { type nat hook output priority -100; policy accept; fib daddr type local jump hostports; }
}
"""
PORTMAP_NFT = """table @FAMILY@ cni_hostport {
  chain hostports { tcp dport 8080 dnat to @TO@:80 comment "@SANDBOX@"; }
""" + HOOKS
CRIO_NFT = """table @FAMILY@ crio-hostports {
  map hostports {
    type inet_proto . inet_service : @TYPE@ . inet_service
    elements = { tcp . 8080 comment "@CRIO_HASH@" : @POD@ . 80 }
  }
  map hostipports {
    type @TYPE@ . inet_proto . inet_service : @TYPE@ . inet_service
  }
  chain hostports {
    dnat @FAMILY@ addr . port to meta l4proto . th dport map @hostports
    dnat @FAMILY@ addr . port to @FAMILY@ daddr . meta l4proto . th dport map @hostipports
  }
""" + HOOKS
# internal/hostport/hostport_iptables.go: the chains made sure of, then one iptables-restore.
CRIO = """
i() { @IPTABLES@ -w -t nat "$@"; }
i -N KUBE-HOSTPORTS
for c in OUTPUT PREROUTING; do
  i -A $c -m comment --comment 'kube hostport portals' -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS
done
i -N CRIO-HOSTPORTS-MASQ
i -A POSTROUTING -m comment --comment 'kube hostport masquerading' -m conntrack --ctstate DNAT \
  -j CRIO-HOSTPORTS-MASQ
@IPTABLES@-restore -w --noflush --counters <<'END'
*nat
:KUBE-HP-@HASH@ - [0:0]
:CRIO-MASQ-@HASH@ - [0:0]
-I KUBE-HOSTPORTS @ABOUT@ -m tcp -p tcp --dport 8080 -j KUBE-HP-@HASH@
-I CRIO-HOSTPORTS-MASQ @ABOUT@ -j CRIO-MASQ-@HASH@
-A KUBE-HP-@HASH@ @ABOUT@ -m tcp -p tcp @ONLY@ -j DNAT --to-destination=@TO@:80
-A CRIO-MASQ-@HASH@ @ABOUT@ -m conntrack --ctorigdstport 8080 @HAIRPIN@ -j MASQUERADE
COMMIT
END
"""
CRIO_WORDS = {"ABOUT": '-m comment --comment "@NAME@ hostport 8080"', "ONLY": "",
              "NAME": f"k8s_web_default_{UID}_0", "HASH": crio_hash(SANDBOX, "8080", "TCP"),
              "HAIRPIN": "-m tcp -p tcp --dport 80 -s @POD@ -d @POD@"}
KUBE_PROXY_NFT = """table @FAMILY@ kube-proxy {
  set nodeport-ips { type @TYPE@; elements = { @NODE@ }; }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 : goto external-X-shop/web/tcp/http }
  }
  chain endpoint-A { meta l4proto tcp dnat to @TO@:80; }
  chain service-X-shop/web/tcp/http { numgen random mod 1 vmap { 0 : goto endpoint-A }; }
  chain external-X-shop/web/tcp/http { goto service-X-shop/web/tcp/http; }
  chain services { @FAMILY@ daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports; }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
}
"""
KUBE_PROXY = """
i() { @IPTABLES@ -w -t nat "$@"; }
for c in KUBE-SERVICES KUBE-NODEPORTS KUBE-EXT-X KUBE-SVC-X KUBE-SEP-X; do i -N $c; done
i -A PREROUTING -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES
i -A KUBE-SERVICES -m comment --comment 'kubernetes service nodeports' -m addrtype --dst-type LOCAL \
  -j KUBE-NODEPORTS
i -A KUBE-NODEPORTS -p tcp -m comment --comment shop/web:http -m tcp --dport 30080 -j KUBE-EXT-X
i -A KUBE-EXT-X -j KUBE-SVC-X
i -A KUBE-SVC-X -m comment --comment 'shop/web:http -> POD:80' -j KUBE-SEP-X
i -A KUBE-SEP-X -p tcp -m comment --comment shop/web:http -m tcp -j DNAT --to-destination @TO@:80
"""
# pkg/proxy/iptables/proxier.go since 1.27: a rule of its own for 127.0.0.0/8 (its nfacct match only
# counts), and backends that know their clients by "recent".
KUBE_PROXY_STICKY = """
i() { @IPTABLES@ -w -t nat "$@"; }
for c in KUBE-SERVICES KUBE-NODEPORTS KUBE-EXT-X KUBE-SVC-X KUBE-SEP-X KUBE-SEP-Y; do i -N $c; done
for c in PREROUTING OUTPUT; do
  i -A $c -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES
done
i -A KUBE-SERVICES -m comment --comment 'kubernetes service nodeports; NOTE: this must be the last rule in this chain' \
  -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
i -A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment shop/web:http -m tcp --dport 30080 -j KUBE-EXT-X
i -A KUBE-NODEPORTS -p tcp -m comment --comment shop/web:http -m tcp --dport 30080 -j KUBE-EXT-X
i -A KUBE-EXT-X -j KUBE-SVC-X
for s in X Y; do
  i -A KUBE-SVC-X -m comment --comment 'shop/web:http -> a' -m recent --rcheck --seconds 10800 --reap \
    --name KUBE-SEP-$s --rsource -j KUBE-SEP-$s
done
i -A KUBE-SVC-X -m comment --comment 'shop/web:http -> a' -m statistic --mode random --probability 0.5 -j KUBE-SEP-X
i -A KUBE-SVC-X -m comment --comment 'shop/web:http -> a' -j KUBE-SEP-Y
i -A KUBE-SEP-X -p tcp -m comment --comment shop/web:http -m recent --set --name KUBE-SEP-X --rsource -m tcp \
  -j DNAT --to-destination @TO@:80
i -A KUBE-SEP-Y -p tcp -m comment --comment shop/web:http -m recent --set --name KUBE-SEP-Y --rsource -m tcp \
  -j DNAT --to-destination @TO@:81
"""
DOCKER = """
i() { @IPTABLES@ -w -t nat "$@"; }
i -N DOCKER
i -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
i -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
i -A DOCKER -i docker0 -j RETURN
i -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination @TO@:80
"""


class Network:
    """One family of addresses; the other is not there."""

    def __init__(self, machine, family=IPV4):
        self.machine = machine
        self.family = family
        self.namespaces = {}
        setting = ("net.ipv4.ip_forward" if family is IPV4 else "net.ipv6.conf.all.forwarding")
        machine.run("sysctl", "-qw", f"{setting}=1")
        machine.run("ip", "link", "add", "br0", "type", "bridge")
        self.address(family.bridge, "br0")
        machine.run("ip", "link", "set", "br0", "up")
        self.join("pod", family.pod, family.bridge)
        machine.run("ip", "link", "set", "pod", "master", "br0")
        self.join("client", family.client, family.node)
        self.address(family.node, "client")

    def address(self, address, device, *enter):
        nodad = ["nodad"] if self.family is IPV6 else []
        self.machine.run(*enter, "ip", "addr", "add", f"{address}/{self.family.length}", "dev", device,
                         *nodad)

    def join(self, name, address, gateway):
        other = self.machine.start("unshare", "--net", "sh", "-c", "echo $$; exec sleep infinity",
                                   stdout=subprocess.PIPE, text=True)
        pid = self.namespaces[name] = other.stdout.readline().strip()
        self.machine.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pid)
        self.machine.run("ip", "link", "set", name, "up")
        for device in ("lo", "eth0"):
            self.machine.run(*self.inside(name), "ip", "link", "set", device, "up")
        self.address(address, "eth0", *self.inside(name))
        self.machine.run(*self.inside(name), "ip", "route", "add", "default", "via", gateway)

    def inside(self, name):
        return ["nsenter", "-t", self.namespaces[name], "--net"] if name else []

    def serve(self, port, answer, where=None, address=None, program=None, cgroup=""):
        """`program`: what the server's executable is called."""
        python, environment = "/usr/bin/python3", None
        if program:
            python = self.machine.directory / program
            shutil.copy(os.path.realpath("/usr/bin/python3"), python)
            environment = {**os.environ, "PYTHONHOME": "/usr"}
        process = self.machine.start(*self.inside(where), python, "-c", SERVER, port, answer,
                                     address or ("0.0.0.0" if self.family is IPV4 else "::"), cgroup,
                                     stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout.readline() == "ready\n"
        return process

    def ask(self, port, address=None, where="client", seconds=PATIENCE):
        """Who answers a connection from there ("" is the node itself), or "refused", "unreachable" or, after so many
        seconds, "nobody"."""
        return self.machine.run(*self.inside(where), "/usr/bin/python3", "-c", ASK,
                                address or self.family.node, port, seconds).stdout.strip()

    def nft(self, script, guard="fib daddr type local"):
        self.machine.run("nft", "-f", "-", input=self.family.fill(
            script, GUARD=guard, SANDBOX=SANDBOX, CRIO_HASH=crio_hash(SANDBOX)))

    def sh(self, script, iptables, **more):
        """`iptables`: -legacy or -nft."""
        tools = {"ip": f"iptables-{iptables}", "ip6": f"ip6tables-{iptables}"}
        words = {"IPTABLES": tools[self.family.table], "IP6TABLES": tools["ip6"], **CRIO_WORDS, **more}
        self.machine.run("sh", "-e", "-c", self.family.fill(script, **words))

    def portmap(self, iptables, mappings=None, sandbox=SANDBOX, conditions=(), **more):
        """Runs the real plugin."""
        mappings = mappings or [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]
        self.sh(PORTMAP.replace("@IPTABLES@", f"iptables-{iptables}"), iptables, SANDBOX=sandbox,
                MAPPINGS=json.dumps(mappings), CONDITIONS=json.dumps(conditions),
                VERSION=6 if self.family is IPV6 else 4, **more)


def running_pod(address=POD, **options):
    """A manifest of a pod with hostPort 8080, and a status as the API server has it; "": no address yet."""
    made = json.loads(pod(name="web", port=80, host_port=8080, dns="ClusterFirst", **options))
    made["status"] = {"phase": "Running", "podIPs": [{"ip": address}] if address else []}
    return json.dumps(made) + "\n"


def flags(machine, manifest):
    machine.file("pods/pod.yaml", manifest)
    return ("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")


HOST_PORTS = {
    "portmap over iptables-legacy": lambda n: n.portmap("legacy"),
    "portmap over iptables-nft": lambda n: n.portmap("nft"),
    "portmap over nftables": lambda n: n.nft(PORTMAP_NFT),
    "portmap over nftables before 1.9.0": lambda n: n.nft(PORTMAP_NFT, guard=""),
    "CRI-O over nftables": lambda n: n.nft(CRIO_NFT),
    "CRI-O over iptables-legacy": lambda n: n.sh(CRIO, "legacy"),
    "CRI-O over iptables-nft": lambda n: n.sh(CRIO, "nft"),
}
NODE_PORTS = {
    "kube-proxy over nftables": lambda n: n.nft(KUBE_PROXY_NFT),
    "kube-proxy over iptables-legacy": lambda n: n.sh(KUBE_PROXY, "legacy"),
    "kube-proxy over iptables-nft": lambda n: n.sh(KUBE_PROXY, "nft"),
}
