"""What packet filters keep from a port: whether a real connection from another machine gets through, and
whether /check and the risk port_filtered say the same."""

import json

import pytest
from conftest import wait_until
from machine import PATIENCE
from nat_network import NODE, UID, flags, running_pod

SILENCE = 3  # seconds without an answer that is not to come
IPTABLES = {
    # rules: who answers the other machine, what /check says
    "-A INPUT -p tcp --dport 8080 -j DROP": ("nobody", "filtered"),
    "-A INPUT -p tcp --dport 8080 -j REJECT": ("refused", "filtered"),
    "-A INPUT -i client -p tcp -m multiport --dports 80,8080 -j REJECT": ("refused", "filtered"),
    "-A INPUT -d @NODE@ -p tcp -j DROP": ("nobody", "filtered"),
    "-P INPUT DROP": ("nobody", "filtered"),
    "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT":
        ("nobody", "filtered"),
    "-N A\n-A INPUT -m conntrack --ctstate NEW -j A\n-A A -p tcp --dport 22 -j ACCEPT\n-A A -j REJECT":
        ("refused", "filtered"),
    "-A INPUT -s 203.0.113.0/24 -j ACCEPT\n-A INPUT -p tcp --dport 8080 -j DROP": ("nobody", "free"),
    "-A INPUT -s 203.0.113.0/24 -p tcp --dport 8080 -j DROP": ("listener", "free"),
    "-A INPUT -m conntrack --ctstate INVALID -j DROP": ("listener", "free"),
    "-P INPUT DROP\n-A INPUT -p tcp --dport 8080 -j ACCEPT": ("listener", "free"),
    "-P INPUT DROP\n-A INPUT -m mark ! --mark 0x7 -j ACCEPT": ("listener", "free"),
    "-A INPUT -i lo -p tcp --dport 8080 -j DROP": ("listener", "free"),
    "-A INPUT -p udp --dport 8080 -j DROP": ("listener", "free"),
    "-A FORWARD -p tcp --dport 8080 -j DROP": ("listener", "free"),
    "-N A\n-A INPUT -j A\n-A A -p tcp --dport 8080 -j RETURN\n-A A -j DROP": ("listener", "free"),
    "-N KUBE-EXTERNAL-SERVICES\n"
    "-A INPUT -m conntrack --ctstate NEW -m comment --comment 'kubernetes externally-visible service portals'"
    " -j KUBE-EXTERNAL-SERVICES\n"
    "-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment 'shop/web:http has no endpoints' -m addrtype"
    " --dst-type LOCAL -m tcp --dport 8080 -j REJECT --reject-with icmp-port-unreachable":
        ("refused", "filtered"),
}
KUBE_PROXY = """table ip kube-proxy {
  set nodeport-ips { type ipv4_addr; elements = { 10.9.0.1 }; }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 8080 comment "shop/web:http" : goto reject-chain }
  }
  chain reject-chain { reject; }
  chain nodeport-endpoints-check { ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports; }
  chain filter-input {
    type filter hook input priority -110; policy accept;
    ct state new jump nodeport-endpoints-check
  }
}
"""
FIREWALLD = """table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_POLICIES {
    iifname "client" jump filter_IN_public
    iifname "client" reject with icmpx admin-prohibited
  }
  chain filter_IN_public { jump filter_IN_public_allow; meta l4proto { icmp, ipv6-icmp } accept; }
  chain filter_IN_public_allow { tcp dport 22 accept; @MORE@; }
}
"""
NFT = {
    KUBE_PROXY: ("refused", "filtered"),
    FIREWALLD.replace("@MORE@", "tcp dport 23 accept"): ("unreachable", "filtered"),
    FIREWALLD.replace("@MORE@", "tcp dport 8000-8100 accept"): ("listener", "free"),
    FIREWALLD.replace("@MORE@", "ip saddr 203.0.113.0/24 tcp dport 8080 accept"): ("unreachable", "free"),
    "table ip f { chain p { type filter hook prerouting priority raw; tcp dport { 80, 8080 } drop; }\n}":
        ("nobody", "filtered"),
    "table ip f { chain i { type filter hook input priority 0; policy drop; tcp dport 22 accept; }\n}":
        ("nobody", "filtered"),
    "table ip6 f { chain i { type filter hook input priority 0; policy drop; }\n}": ("listener", "free"),
    "table ip f { chain i { type filter hook input priority 0; tcp dport 8080 limit rate 9/second drop; }\n}":
        (None, "free"),
    "table ip f { chain i { type filter hook input priority 0; fib daddr type local tcp dport 8080 drop; }\n}":
        ("nobody", "filtered"),
    "table ip f { chain i { type filter hook input priority 0; fib daddr type != local tcp dport 8080 drop; }\n}":
        ("listener", "free"),
}


def check(network):
    return json.loads(network.machine.once("check", "8080", "--address=0.0.0.0", "--format=json",
                                           "--pods.source=none").stdout)


def compare(network, listener, answers, verdict):
    if answers:
        assert network.ask(8080, seconds=SILENCE if answers == "nobody" else PATIENCE) == answers
    machine = network.machine
    machine.stop(listener)
    wait_until(lambda: not machine.run("ss", "-Htln", "sport = :8080").stdout, 5, "its end")
    said = check(network)
    assert (said["verdict"], said["bindable"]) == (verdict, True), said
    assert bool(said["filtered_by"]) == (verdict == "filtered") == ("port_filtered" in said["risks"])
    return said


@pytest.mark.parametrize("tool", ["legacy", "nft"])
@pytest.mark.parametrize("rules", IPTABLES)
def test_iptables_filters_are_what_check_says(network, rules, tool):
    listener = network.serve(8080, "listener")
    network.sh("".join(f"@IPTABLES@ -w -t filter {line}\n" for line in rules.splitlines()), tool)
    compare(network, listener, *IPTABLES[rules])


@pytest.mark.parametrize("rules", NFT)
def test_nft_filters_are_what_check_says(network, rules):
    listener = network.serve(8080, "listener")
    network.nft(rules)
    compare(network, listener, *NFT[rules])


def test_a_service_without_endpoints_is_named(network):
    network.nft(KUBE_PROXY)
    said = check(network)
    by, = said["filtered_by"]
    assert (by["owner"], by["service"], by["effect"]) == ("kube_proxy", "shop/web:http", "reject")
    assert "nothing from outside reaches it" in said["explanation"]
    done = network.machine.once("check", "8080", "--address=0.0.0.0", "--pods.source=none")
    assert done.returncode == 1 and "filtered" in done.stdout
    # A server on loopback has nothing to lose.
    assert network.machine.once("check", "8080", "--address=127.0.0.1", "--pods.source=none").returncode == 0


def test_a_node_port_without_local_endpoints_is_filtered(network):
    """externalTrafficPolicy: Local (kubernetes:pkg/proxy/iptables/proxier.go): pods reach the Service,
    others nobody"""
    listener = network.serve(8080, "listener")
    network.sh("\n".join([
        *(f"@IPTABLES@ -w -t nat -N KUBE-{chain}" for chain in ("NODEPORTS", "EXT-A", "SVC-A", "SVL-A")),
        "@IPTABLES@ -w -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
        "@IPTABLES@ -w -t nat -A KUBE-NODEPORTS -p tcp -m comment --comment shop/web:http --dport 8080 -j KUBE-EXT-A",
        "@IPTABLES@ -w -t nat -A KUBE-EXT-A -s 10.244.0.0/16 -j KUBE-SVC-A",
        "@IPTABLES@ -w -t nat -A KUBE-EXT-A -m addrtype --src-type LOCAL -j KUBE-SVC-A",
        "@IPTABLES@ -w -t nat -A KUBE-EXT-A -j KUBE-SVL-A",
        "@IPTABLES@ -w -t nat -A KUBE-SVC-A -p tcp -j DNAT --to-destination 10.244.3.5:80",
        "@IPTABLES@ -w -t filter -A INPUT -p tcp -m comment --comment 'shop/web:http has no local endpoints'"
        " -m addrtype --dst-type LOCAL --dport 8080 -j DROP"]), "nft")
    compare(network, listener, "nobody", "filtered")


def host_network_pod():
    manifest = json.loads(running_pod(uid=UID))
    manifest["spec"].update(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    manifest["spec"]["containers"][0]["ports"] = [{"containerPort": 8080}]
    return json.dumps(manifest) + "\n"


def test_a_declared_port_that_is_filtered_is_a_risk_of_no_weight(network):
    network.sh("@IPTABLES@ -w -t filter -A INPUT -p tcp --dport 8080 -j DROP", "nft")
    agent = network.machine.agent(*flags(network.machine, host_network_pod()))
    assert agent.findings() == []
    risk, = [f for f in agent.json("/risks")["findings"] if f["verdict"] == "port_filtered"]
    assert (risk["severity"], risk["port"], risk["held_by"]) == ("info", 8080, [])
    assert 'rule "ip filter INPUT: tcp dport 8080 drop" drops it' in risk["explanation"]
    assert risk["remedy"].endswith("iptables -t filter -S | grep -e INPUT")
    network.machine.run("iptables-nft", "-F", "INPUT")
    wait_until(lambda: "port_filtered" not in agent.verdicts("risks"), 15, "its end")


@pytest.mark.parametrize("rule,filtered", [("-d 10.55.3.5 -p tcp --dport 80 -j DROP", True),
                                           ("-p tcp --dport 8080 -j DROP", False),
                                           ("-m conntrack --ctstate DNAT -j REJECT", True),
                                           ("-s 203.0.113.0/24 -j DROP", False)])
def test_a_host_port_is_filtered_where_it_is_forwarded(network, rule, filtered):
    network.serve(80, "the pod", "pod")
    network.portmap("nft")
    network.sh(f"@IPTABLES@ -w -t filter -A INPUT ! -i lo -j DROP; @IPTABLES@ -w -t filter -A FORWARD {rule}", "nft")
    answers = network.ask(8080, seconds=SILENCE if filtered else PATIENCE)
    assert (answers == "the pod") is not filtered
    agent = network.machine.agent(*flags(network.machine, running_pod(uid=UID)))
    assert agent.findings() == []
    risks = [f for f in agent.json("/risks")["findings"] if f["verdict"] == "port_filtered"]
    assert [f["port"] for f in risks] == ([8080] if filtered else [])


def test_what_a_rule_leads_to_the_port_is_not_filtered(network):
    """firewalld accepts what was translated: a server behind a redirect is reached."""
    network.serve(8080, "listener")
    network.nft(FIREWALLD.replace("@MORE@", "tcp dport 23 accept"))
    network.sh("@IPTABLES@ -w -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080", "nft")
    assert network.ask(80, NODE) == "listener"
    assert check(network)["filtered_by"] == []
