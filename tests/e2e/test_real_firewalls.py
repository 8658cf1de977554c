"""The rules of real firewalls beside the node's own: firewalld and ufw of Debian as they load them,
libvirt's as it publishes them. An ordinary node stays quiet, and a rule that takes the traffic of a
pod's port is told, for real connections do land elsewhere."""

import pytest

from declared import PORT, conflicts
from nat_network import NODE, POD, Network
from systemd_machine import need_second_machine

need_second_machine()

UID = "bbbbbbbb-1111-4222-8333-bbbbbbbbbbbb"
OTHER = 9000


@pytest.fixture
def node(booted):
    """A pod in the node's network that has its declared port, and a client that reaches it."""
    network = Network(booted)
    in_pod = booted.cgroup(f"kubepods/besteffort/pod{UID}/{'7c' * 32}")
    network.serve(PORT, "the pod", cgroup=in_pod)
    network.serve(OTHER, "another")
    network.serve(80, "a guest", "pod")
    return network


def findings(node):
    return conflicts(node.machine, uid=UID)


def is_quiet(node):
    assert findings(node) == []


def is_hijacked(finding, owner, rule):
    assert (finding["verdict"], finding["severity"]) == ("nat_rule_hijacks_listener", "critical")
    assert finding["declared_by"][0]["pod"] == "web"
    rules = [holder for holder in finding["held_by"] if holder["kind"] == "nat_rule"]
    assert any(rule in holder["rule"] for holder in rules), rules
    assert owner in " ".join(holder["name"] for holder in rules) + finding["explanation"]


@pytest.fixture
def firewalld(node):
    node.machine.run("systemctl", "start", "firewalld")

    def command(*words):
        return node.machine.run("firewall-cmd", *words)
    command(f"--add-port={PORT}/tcp")
    return command


def test_the_rules_of_firewalld_are_no_trouble(node, firewalld):
    assert node.ask(PORT) == "the pod"
    for words in (["--add-service=http"], ["--add-masquerade"], ["--add-rich-rule=rule family=ipv4 "
                  "source address=192.0.2.0/24 port port=8443 protocol=tcp reject"]):
        firewalld(*words)
    assert node.ask(PORT) == "the pod"
    is_quiet(node)


@pytest.mark.parametrize("to,answers,rule", [
    (f"toport={OTHER}", "another", "redirect"),
    (f"toport=80:toaddr={POD}", "a guest", f"dnat to {POD}:80")])
def test_a_forward_port_of_firewalld_over_a_pods_port_is_told(node, firewalld, to, answers, rule):
    firewalld(f"--add-forward-port=port={PORT}:proto=tcp:{to}")
    assert node.ask(PORT) == answers
    finding, = findings(node)
    is_hijacked(finding, "firewalld", rule)
    firewalld(f"--remove-forward-port=port={PORT}:proto=tcp:{to}")
    assert node.ask(PORT) == "the pod"
    is_quiet(node)


def test_a_forward_port_of_firewalld_for_another_address_is_no_trouble(node, firewalld):
    firewalld("--add-rich-rule=rule family=ipv4 destination address=10.9.0.77 forward-port "
              f"port={PORT} protocol=tcp to-port={OTHER}")
    assert node.ask(PORT) == "the pod"
    is_quiet(node)


# ufw-framework(8), "Port Redirections": rules of one's own for before.rules.
UFW_NAT = f"""
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp --dport {PORT} -j REDIRECT --to-port {OTHER}
COMMIT
"""


@pytest.fixture
def ufw(node):
    def enable(more=""):
        rules = node.machine.root("/etc/ufw/before.rules")
        rules.write_text(rules.read_text() + more)
        node.machine.run("ufw", "allow", f"{PORT}/tcp")
        node.machine.run("ufw", "allow", f"{OTHER}/tcp")
        node.machine.run("ufw", "--force", "enable")
    return enable


def test_the_rules_of_ufw_are_no_trouble(node, ufw):
    ufw()
    assert "Status: active" in node.machine.run("ufw", "status").stdout
    assert node.ask(PORT) == "the pod"
    is_quiet(node)


def test_a_redirection_among_ufws_rules_is_told(node, ufw):
    ufw(UFW_NAT)
    assert node.ask(PORT) == "another"
    finding, = findings(node)
    is_hijacked(finding, "PREROUTING", "redirect")


# libvirt, src/network/network_iptables.c and tests/networkxml2firewalldata/nat-default-linux.iptables.
LIBVIRT_IPTABLES = """
for c in INP:INPUT OUT:OUTPUT FWO:FORWARD FWI:FORWARD FWX:FORWARD; do
  iptables -N LIBVIRT_${c%:*}; iptables -I ${c#*:} -j LIBVIRT_${c%:*}
done
iptables -t nat -N LIBVIRT_PRT; iptables -t nat -I POSTROUTING -j LIBVIRT_PRT
iptables -t mangle -N LIBVIRT_PRT; iptables -t mangle -I POSTROUTING -j LIBVIRT_PRT
for p in tcp udp; do for d in 67 53; do
  iptables -I LIBVIRT_INP -i virbr0 -p $p --dport $d -j ACCEPT
  iptables -I LIBVIRT_OUT -o virbr0 -p $p --dport $((d == 67 ? 68 : 53)) -j ACCEPT
done; done
iptables -I LIBVIRT_FWO -i virbr0 -j REJECT
iptables -I LIBVIRT_FWI -o virbr0 -j REJECT
iptables -I LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
iptables -I LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -j ACCEPT
iptables -I LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
n() { iptables -t nat -I LIBVIRT_PRT -s 192.168.122.0/24 "$@"; }
n ! -d 192.168.122.0/24 -j MASQUERADE
for p in udp tcp; do n -p $p ! -d 192.168.122.0/24 -j MASQUERADE --to-ports 1024-65535; done
for d in 255.255.255.255/32 224.0.0.0/24; do n -d $d -j RETURN; done
"""
# libvirt 10.4 and later, tests/networkxml2firewalldata/nat-default-linux.nftables.
LIBVIRT_NFTABLES = """table ip libvirt_network {
  chain forward { type filter hook forward priority filter; policy accept;
    counter jump guest_cross; counter jump guest_input; counter jump guest_output; }
  chain guest_output { ip saddr 192.168.122.0/24 iif "virbr0" counter accept; iif "virbr0" counter reject; }
  chain guest_input { oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept;
    oif "virbr0" counter reject; }
  chain guest_cross { iif "virbr0" oif "virbr0" counter accept; }
  chain guest_nat { type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
"""


@pytest.fixture(params=["iptables", "nftables"])
def libvirt(node, request):
    """The default network of libvirt."""
    for words in ("add virbr0 type bridge", "set virbr0 up"):
        node.machine.run("ip", "link", *words.split())
    node.machine.run("ip", "addr", "add", "192.168.122.1/24", "dev", "virbr0")
    if request.param == "nftables":
        node.nft(LIBVIRT_NFTABLES)
    else:
        node.machine.run("bash", "-ec", LIBVIRT_IPTABLES)
    return node


def test_the_rules_of_libvirts_networks_are_no_trouble(libvirt):
    assert libvirt.ask(PORT) == "the pod"
    is_quiet(libvirt)


def test_a_guests_port_beside_libvirts_rules_is_told(libvirt):
    """wiki.libvirt.org/Networking.html, "Forwarding Incoming Connections": a hook's rule"""
    libvirt.machine.run("iptables", "-t", "nat", "-I", "PREROUTING", "-p", "tcp", "--dport", PORT,
                        "-d", NODE, "-j", "DNAT", "--to", f"{POD}:80")
    assert libvirt.ask(PORT) == "a guest"
    finding, = findings(libvirt)
    is_hijacked(finding, "PREROUTING", f"dnat to {POD}:80")
