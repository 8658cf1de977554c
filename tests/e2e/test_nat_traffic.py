"""Where a real connection to a port goes under the rules that people write, and whether /check and /ports
say the same; what cannot be told is said to be unknown."""

import json

import pytest
from conftest import wait_until
from nat_network import DOCKER, IPV4, KUBE_PROXY, NODE, UID, flags, running_pod

DNAT = "-p tcp --dport 8080 -j DNAT --to-destination @POD@:80"
# rule: who answers from outside, who answers the node itself, what /check says, and in what words.
RULES = {
    f"-A PREROUTING {DNAT}": ("pod", "listener", "diverted", "takes its traffic"),
    f"-A PREROUTING -i client {DNAT}": ("pod", "listener", "diverted", "takes what arrives on client"),
    f"-A PREROUTING ! -i client {DNAT}":
        ("listener", "listener", "diverted", "takes what arrives on interfaces other than client"),
    f"-A PREROUTING -i absent0 {DNAT}": ("listener", "listener", "free", "Nothing stands in the way"),
    f"-A PREROUTING -s 203.0.113.0/24 {DNAT}": ("listener", "listener", "unknown", "has match conditions"),
    f"-A PREROUTING ! -s 203.0.113.0/24 {DNAT}": ("pod", "listener", "unknown", "has match conditions"),
    f"-A PREROUTING -d @NODE@ {DNAT}": ("pod", "listener", "diverted", "takes what arrives at @NODE@"),
    f"-A PREROUTING ! -d @NODE@ {DNAT}": ("listener", "listener", "diverted", "takes what arrives at"),
    f"-A PREROUTING -d 192.0.2.9 {DNAT}": ("listener", "listener", "free", "Nothing stands in the way"),
    f"-A PREROUTING -m addrtype --dst-type LOCAL {DNAT}":
        ("pod", "listener", "diverted", "takes its traffic"),
    f"-A PREROUTING -m addrtype ! --dst-type LOCAL {DNAT}":
        ("listener", "listener", "free", "Nothing stands in the way"),
    f"-A PREROUTING -m mark --mark 7 {DNAT}": ("listener", "listener", "free", "Nothing stands in the way"),
    f"-A PREROUTING -m conntrack --ctstate NEW {DNAT}": ("pod", "listener", "diverted", "its traffic"),
    f"-A PREROUTING -m conntrack --ctstate ESTABLISHED {DNAT}":
        ("listener", "listener", "free", "Nothing stands in the way"),
    f"-A PREROUTING -m statistic --mode nth --every 2 --packet 1 {DNAT}":
        ("listener", "listener", "unknown", "has match conditions"),
    "-A PREROUTING -p tcp --syn --dport 8080 -j DNAT --to-destination @POD@:80":
        ("pod", "listener", "diverted", "takes its traffic"),
    f"-A PREROUTING -i cli+ {DNAT}": ("pod", "listener", "diverted", "takes what arrives on cli*"),
    f"-A OUTPUT {DNAT}": ("listener", "pod", "diverted", "takes what this node itself sends"),
    f"-A OUTPUT -m owner --uid-owner 4242 {DNAT}":
        ("listener", "listener", "unknown", "has match conditions"),
    f"-A PREROUTING -p tcp --dport 8080 -j ACCEPT\n-A PREROUTING {DNAT}":
        ("listener", "listener", "free", "Nothing stands in the way"),
    f"-N A\n-N B\n-A PREROUTING -j A\n-A A -g B\n-A A {DNAT}\n-A B -p tcp --dport 9 -j ACCEPT":
        ("listener", "listener", "free", "Nothing stands in the way"),
    f"-N A\n-N B\n-N C\n-A PREROUTING -j A\n-A A -p tcp -j B\n-A B -g C\n-A C {DNAT}":
        ("pod", "listener", "diverted", "takes its traffic"),
    "-A PREROUTING -p tcp -m multiport --dports 22,8000:8100 -j DNAT --to-destination @POD@:80":
        ("pod", "listener", "diverted", "dport 8000-8100"),
    "-A PREROUTING -p tcp -m multiport ! --dports 22,8000:8100 -j DNAT --to-destination @POD@:80":
        ("listener", "listener", "free", "Nothing stands in the way"),
    "-A PREROUTING -p tcp --dport 8000:8100 -j DNAT --to-destination @POD@:80":
        ("pod", "listener", "diverted", "dport 8000-8100"),
    "-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 9090":
        ("other", "listener", "diverted", "redirect to :9090"),
    "-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination @NODE@:9090":
        ("other", "listener", "diverted", "takes its traffic"),
    "-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination @NODE@:8080":
        ("listener", "listener", "free", "Nothing stands in the way"),
    "-A OUTPUT -p tcp --dport 8080 -j DNAT --to-destination 127.0.0.1:9090":
        ("listener", "other", "diverted", "takes what this node itself sends"),
    "-A PREROUTING -p tcp --dport 9090 -j REDIRECT --to-ports 8080":
        ("listener", "listener", "free", "Nothing stands in the way"),
    "-A PREROUTING -p udp --dport 8080 -j REDIRECT --to-ports 9090":
        ("listener", "listener", "free", "Nothing stands in the way"),
}


def serve_all(network):
    network.serve(80, "pod", "pod")
    network.serve(9090, "other")
    return network.serve(8080, "listener")


@pytest.mark.parametrize("tool", ["legacy", "nft"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.replace(DNAT, "…").replace("\n", "; "))
def test_where_a_connection_goes_is_what_check_says(network, rule, tool):
    outside, inside, verdict, words = RULES[rule]
    listener = serve_all(network)
    network.sh("".join(f"@IPTABLES@ -w -t nat {line}\n" for line in rule.splitlines()), tool)
    assert (network.ask(8080), network.ask(8080, where="")) == (outside, inside)

    machine = network.machine
    machine.stop(listener)
    # Connections that close are not known to be nobody's; those in TIME_WAIT are.
    wait_until(lambda: all(line.startswith("TIME-WAIT") for line in
                           machine.run("ss", "-Htan", "sport = :8080").stdout.splitlines()), 60, "its end")
    said = json.loads(machine.once("check", "8080", "--address=0.0.0.0", "--format=json",
                                   "--pods.source=none").stdout)
    assert (said["verdict"], network.family.fill(words) in said["explanation"]) == (verdict, True), said


def test_a_host_port_on_a_condition_takes_some_of_what_arrives(network):
    """portmap's conditionsV4."""
    serve_all(network)
    network.portmap("nft", conditions=["-s", "203.0.113.0/24"])
    assert network.ask(8080) == "listener"
    agent = network.machine.agent(*flags(network.machine, running_pod(uid=UID)))
    finding, = agent.findings(port=8080)
    assert "sends some of what arrives on 8080/tcp to the pod" in finding["explanation"]


@pytest.mark.parametrize("tool", ["legacy", "nft"])
def test_docker_proxy_and_dockers_rule_are_one_published_port(network, tool):
    machine = network.machine
    network.serve(80, "the container", "pod")
    network.serve(8080, "docker-proxy", program="docker-proxy")
    network.sh(DOCKER, tool)
    assert network.ask(8080) == "the container"
    assert network.ask(8080, "127.0.0.1", where="") == "docker-proxy"
    agent = machine.agent("--pods.source=none")
    assert agent.findings() == [] and agent.verdicts("risks") == []
    proxy, *rules = agent.json("/ports/8080")["ports"][0]["holders"]
    assert (proxy["kind"], proxy["comm"]) == ("unmanaged_container", "docker-proxy")
    assert {(rule["kind"], rule["name"]) for rule in rules} == {("nat_rule", "docker")}
    assert agent.json("/conflicts")["complete"] is True


def test_a_host_network_pod_on_a_port_that_docker_publishes_is_told_of_the_container(network):
    machine = network.machine
    network.serve(8080, "docker-proxy", program="docker-proxy")
    network.sh(DOCKER, "nft")
    manifest = json.loads(running_pod(uid=UID))
    manifest["spec"].update(hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    manifest["spec"]["containers"][0]["ports"] = [{"containerPort": 8080}]
    finding, = machine.agent(*flags(machine, json.dumps(manifest) + "\n")).findings()
    assert (finding["verdict"], finding["severity"]) == ("unmanaged_container", "critical")
    assert "docker ps --filter publish=8080" in finding["remedy"]


def test_a_host_port_behind_dockers_rule_gets_nothing_and_says_whose_it_is(network):
    """portmap appends its rule, so that Docker's comes first."""
    machine = network.machine
    network.serve(80, "the container", "pod")
    network.serve(8080, "docker-proxy", program="docker-proxy")
    network.sh(DOCKER, "nft")
    network.portmap("nft", POD="10.55.3.6")
    assert network.ask(8080) == "the container"
    done = machine.once("conflicts", "--format=json", *flags(machine, running_pod("10.55.3.6", uid=UID)))
    finding, = json.loads(done.stdout)["findings"]
    assert (finding["verdict"], finding["severity"]) == ("nat_rule_hijacks_listener", "critical")
    assert {h["name"] for h in finding["held_by"]} >= {"docker"}


def test_the_node_port_of_health_checks_is_kube_proxys_own(network):
    """A listener of kube-proxy's, and a rule in the table filter that lets packets to it pass."""
    machine = network.machine
    network.serve(32080, "healthy", program="kube-proxy")
    network.sh(KUBE_PROXY + """
f() { @IPTABLES@ -w -t filter "$@"; }
f -N KUBE-NODEPORTS
f -A INPUT -m comment --comment 'kubernetes health check service ports' -j KUBE-NODEPORTS
f -A KUBE-NODEPORTS -m comment --comment 'shop/web:http health check node port' -m tcp -p tcp \\
  --dport 32080 -j ACCEPT
""", "nft")
    assert network.ask(32080) == "healthy"
    agent = machine.agent("--pods.source=none")
    assert agent.findings() == [] and agent.verdicts("risks") == []
    holder, = agent.json("/ports/32080")["ports"][0]["holders"]
    assert holder["kind"] == "node_component"


EXTERNAL = """
i() { @IPTABLES@ -w -t nat "$@"; }
for c in KUBE-SERVICES KUBE-NODEPORTS KUBE-EXT-I KUBE-SVC-I KUBE-SEP-I KUBE-SEP-J; do i -N $c; done
for c in PREROUTING OUTPUT; do
  i -A $c -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES
done
i -A KUBE-SERVICES -d @NODE@/32 -p tcp -m comment --comment 'edge/ingress:http external IP' -m tcp \\
  --dport 8080 -j KUBE-EXT-I
i -A KUBE-EXT-I -j KUBE-SVC-I
i -A KUBE-SVC-I -m comment --comment 'edge/ingress:http -> a' -m statistic --mode random \\
  --probability 0.5 -j KUBE-SEP-I
i -A KUBE-SVC-I -m comment --comment 'edge/ingress:http -> b' -j KUBE-SEP-J
i -A KUBE-SEP-I -p tcp -m tcp -j DNAT --to-destination @BACKEND@:8080
i -A KUBE-SEP-J -p tcp -m tcp -j DNAT --to-destination @POD@:8080
"""


@pytest.mark.parametrize("tool", ["legacy", "nft"])
def test_an_external_address_that_is_the_nodes_own_is_quiet_where_the_ingress_is_behind_it(network, tool):
    network.serve(8080, "the ingress")
    network.serve(8080, "the ingress elsewhere", "pod")
    network.sh(EXTERNAL, tool, BACKEND=NODE)
    answered = set()

    def both():
        answered.add(network.ask(8080))
        return len(answered) > 1
    wait_until(both, what="answers of both")
    assert answered == {"the ingress", "the ingress elsewhere"}
    agent = network.machine.agent("--pods.source=none")
    assert agent.findings() == []
    rule, = [h for h in agent.json("/ports/8080")["ports"][0]["holders"] if h["kind"] == "nat_rule"]
    assert rule["name"] == "edge/ingress:http"


def test_an_external_address_that_is_the_nodes_own_is_a_hijack_where_it_is_not(network):
    network.serve(8080, "the listener")
    network.serve(8080, "the service", "pod")
    network.sh(EXTERNAL, "nft", BACKEND="@POD@")
    assert network.ask(8080) == "the service"
    finding, = network.machine.agent("--pods.source=none").findings()
    assert (finding["verdict"], finding["port"]) == ("nodeport_hijacks_listener", 8080)
    assert f"sends what arrives at {NODE} on 8080/tcp to" in finding["explanation"]


def test_a_host_port_of_one_address_takes_that_addresss_traffic_only(network):
    machine = network.machine
    network.serve(80, "the pod", "pod")
    network.serve(8080, "everywhere")
    network.portmap("legacy", [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": NODE}])
    assert (network.ask(8080), network.ask(8080, IPV4.bridge)) == ("the pod", "everywhere")
    agent = machine.agent(*flags(machine, running_pod(uid=UID, host_ip=NODE)))
    finding, = agent.findings()
    assert (finding["verdict"], finding["host_ip"]) == ("hostport_hijacks_listener", NODE)
    assert f"what arrives at {NODE} on 8080/tcp" in finding["explanation"]


def test_a_host_port_of_one_address_leaves_a_listener_at_another_alone(network):
    machine = network.machine
    network.serve(80, "the pod", "pod")
    network.serve(8080, "elsewhere", address=IPV4.bridge)
    network.portmap("nft", [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": NODE}])
    assert (network.ask(8080), network.ask(8080, IPV4.bridge)) == ("the pod", "elsewhere")
    agent = machine.agent(*flags(machine, running_pod(uid=UID, host_ip=NODE)))
    assert agent.findings() == []
    assert agent.json(f"/check?port=8080&address={IPV4.bridge}")["verdict"] == "in_use"
    assert agent.json(f"/check?port=8080&address={NODE}")["verdict"] == "diverted"


@pytest.mark.parametrize("tool", ["legacy", "nft"])
def test_each_of_a_pods_many_host_ports_is_found(network, tool):
    """More than fifteen: portmap writes several multiport rules."""
    machine = network.machine
    ports = range(8080, 8100)
    network.serve(80, "the pod", "pod")
    network.serve(8099, "the listener")
    network.portmap(tool, [{"hostPort": p, "containerPort": 80, "protocol": "tcp"} for p in ports])
    assert {network.ask(p) for p in (8080, 8094, 8095, 8099)} == {"the pod"}
    manifest = json.loads(running_pod(uid=UID))
    manifest["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": p} for p in ports]
    agent = machine.agent(*flags(machine, json.dumps(manifest) + "\n"))
    finding, = agent.findings()
    assert (finding["verdict"], finding["port"]) == ("hostport_hijacks_listener", 8099)
    for port in (8080, 8094, 8095):
        holder, = agent.json(f"/ports/{port}")["ports"][0]["holders"]
        assert (holder["kind"], holder["name"]) == ("nat_rule", "default/web")


def test_rules_that_are_flushed_and_written_all_the_time_never_make_a_false_finding(network):
    """kube-proxy and the CNI write their rules anew while they are read."""
    machine = network.machine
    network.serve(80, "the pod", "pod")
    network.portmap("nft")
    agent = machine.agent(*flags(machine, running_pod(uid=UID)))
    writing = machine.start("sh", "-c", """
        while :; do
          iptables-nft -w -t nat -N OTHER; iptables-nft -w -t nat -A OTHER -p tcp --dport 9 -j RETURN
          iptables-nft -w -t nat -F OTHER; iptables-nft -w -t nat -X OTHER
        done""")
    looks = 0

    def looked():
        nonlocal looks
        looks += 1
        assert agent.findings() == [] and agent.verdicts("risks") == []
        shown = [h["name"] for p in agent.json("/ports/8080")["ports"] for h in p["holders"]]
        assert shown == ["default/web"]
        return looks > 60
    wait_until(looked, 30, "sixty looks")
    machine.stop(writing)
