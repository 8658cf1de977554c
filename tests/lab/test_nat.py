"""The rules that a real kube-proxy and a real portmap leave: who gets a port's traffic, and of which
nothing must be said."""

import contextlib

from cluster import NODE_IP, SLOW, declaring, holders, pod, serve, service, wait_until
from portmap import portmap

# A rule that must be missing or left over for a minute, on a busy machine.
HELD = 60 + SLOW
KUBE_DNS = "10.96.0.10"  # as the cluster's kubelet gives it to pods
NODE_LOCAL_DNS = "169.254.20.10"


def answers(node, port, address=NODE_IP):
    """The HTTP status of who answers there; "000" when nobody does."""
    return node.run("curl", "-sS", "-o", "/dev/null", "--max-time", "2", "-w", "%{http_code}",
                    f"http://{address}:{port}/", check=False).stdout


def is_served(node, port, address=NODE_IP):
    """A pod's server has no pages, and says so."""
    wait_until(lambda: answers(node, port, address) == "404", SLOW, f"an answer at {address}:{port}")


def published(name, port):
    return pod(name, serve(80), ports=[{"containerPort": 80, "hostPort": port}], host_network=False)


def test_a_node_port_takes_the_traffic_of_a_listener(node, agent, control_plane):
    port = 30120
    node.apply(pod("shop", serve(80), host_network=False, labels={"app": "shop"}))
    exposed = service("shop", "shop", 80, type="NodePort")
    exposed["spec"]["ports"][0]["nodePort"] = port
    node.apply(exposed)
    is_served(node, port)
    # A kube-proxy before 1.27 has a socket there. Newer ones have none, as an old one after its end.
    control_plane.stop("proxy")
    node.listen(port, name="robbed")

    finding = agent.conflict(port, "nodeport_hijacks_listener")
    assert (finding["severity"], finding["declared_by"]) == ("critical", [])
    assert holders(finding) == [("unmanaged_process", "robbed"), ("nat_rule", "shop")]
    assert answers(node, port) == "404"  # the listener would not say anything


def test_rules_that_the_cni_left_behind_are_stale(node, agent):
    node.apply(published("web", 8121))
    is_served(node, 8121)
    with broken_portmap(node):
        node.kubectl("delete", "pod", "web", "--force", "--grace-period=0", "--wait=false")
        wait_until(lambda: answers(node, 8121) == "000", SLOW, "the end of the pod's server")
        finding = agent.conflict(8121, "hostport_rule_stale", HELD)
        assert (finding["severity"], finding["declared_by"]) == ("warning", [])
        ((kind, _),) = holders(finding)
        assert kind == "nat_rule"
    # The kubelet asks the plugin again.
    wait_until(lambda: agent.findings(port=8121) == [], SLOW, "the end of the finding")


@contextlib.contextmanager
def broken_portmap(node):
    """The plugin that adds and removes the rules fails at both."""
    plugin = "/usr/lib/cni/portmap"
    node.run("mount", "--bind", "/bin/false", plugin)
    try:
        yield
    finally:
        node.run("umount", plugin)


def test_a_host_port_whose_rules_were_flushed_is_not_programmed(node, agent):
    node.apply(published("web", 8122), published("other", 8123))
    for port in (8122, 8123):
        is_served(node, port)
    agent.look_for(7)
    assert agent.loud() == []
    portmap(node).forget(8122)
    assert answers(node, 8122) == "000"

    finding = agent.conflict(8122, "hostport_not_programmed", HELD)
    assert (finding["severity"], declaring(finding)) == ("warning", ["web"])
    assert agent.findings(port=8123) == []


def test_a_cache_for_dns_on_the_node_is_quiet_though_its_address_is_a_service(node, agent):
    dns = service("kube-dns", "dns", 53, clusterIP=KUBE_DNS)
    node.apply(pod("dns", serve(53), host_network=False, labels={"app": "dns"}), dns)
    is_served(node, 53, KUBE_DNS)
    with interface(node, "nodelocaldns", NODE_LOCAL_DNS, KUBE_DNS), not_tracked(node, KUBE_DNS, 53):
        cache = pod("cache", serve(f"{NODE_LOCAL_DNS}:53"), ports=[53])
        # A second server for the service's address, as the cache has one per address.
        cache["spec"]["containers"].append(
            {**cache["spec"]["containers"][0], "name": "service", "command": serve(f"{KUBE_DNS}:53"), "ports": []})
        node.apply(cache)
        is_served(node, 53, NODE_LOCAL_DNS)
        agent.look_for(7)
        assert agent.loud() == [], agent.text("/conflicts") + agent.text("/risks")


def test_the_virtual_addresses_of_ipvs_are_quiet(node, agent):
    node.apply(pod("shop", serve(8124), host_network=False, labels={"app": "shop"}),
               service("shop", "shop", 8124),
               pod("ingress", serve(8124), ports=[8124]))
    wait_until(lambda: node.is_running("ingress") and node.is_running("shop"), SLOW, "ready pods")
    address = node.get("service", "shop")["spec"]["clusterIP"]
    is_served(node, 8124, address)
    with interface(node, "kube-ipvs0", address):
        agent.look_for(7)
        assert answers(node, 8124, address) == "404"
        assert agent.loud() == [], agent.text("/conflicts") + agent.text("/risks")


@contextlib.contextmanager
def interface(node, name, *addresses):
    # A bridge without ports does what the dummy does that these have elsewhere.
    node.run("ip", "link", "add", name, "type", "bridge")
    try:
        for address in addresses:
            node.run("ip", "address", "add", f"{address}/32", "dev", name)
        node.run("ip", "link", "set", name, "up")
        yield
    finally:
        node.run("ip", "link", "delete", name)


@contextlib.contextmanager
def not_tracked(node, address, port):
    """As the cache does it: what is for it does not come to kube-proxy's rules."""
    chains = "".join(f"chain {hook} {{ type filter hook {hook} priority raw; ip daddr {address} tcp dport {port} notrack; }};"
                     for hook in ("prerouting", "output"))
    node.run("nft", f"table ip node_local_dns {{ {chains} }}")
    try:
        yield
    finally:
        node.run("nft", "delete", "table", "ip", "node_local_dns")


def test_the_second_address_of_a_pod_is_quiet(node, agent):
    node.apply(published("web", 8125))
    is_served(node, 8125)
    first = wait_until(lambda: node.get("pod", "web")["status"].get("podIP"), SLOW, "the pod's address")
    second = "10.244.0.250"
    # As a CNI does it that gives a pod two addresses, of which the API server is told one.
    node.run("nsenter", "-t", pid_at(node, first), "--net", "ip", "address", "add", f"{second}/24", "dev", "eth0")
    portmap(node).send_elsewhere(first, second)
    is_served(node, 8125)
    agent.look_for(67)
    assert agent.loud() == [], agent.text("/conflicts") + agent.text("/risks")


def pid_at(node, address):
    """A process in the network namespace that has the address."""
    return next(pid for pid in node.run("pgrep", "-x", "httpd").stdout.split()
                if f"inet {address}/" in node.run("nsenter", "-t", pid, "--net", "ip", "address").stdout)
