"""Builds the nodes that nodes.yaml tells of, from the parts in parts/.

A part has `units` (of systemd), `services` (by cgroup), `activated` (.socket units), `pods`,
`containers` (of another runtime), `kernel` (sockets of no process), `outside` (sockets of a process
that this PID namespace does not show), `links`, `addresses`, `nat` (texts for the tools that write
rules), `ipvs`, and `takes`: ports whose traffic those take. A process is [executable, words...];
Process explains the words."""

import functools
import hashlib
import pathlib
import re
import uuid
from dataclasses import dataclass, field

import yaml

import generic
import nat
from recording import Node

HERE = pathlib.Path(__file__).resolve().parent
NODE_IP = "10.0.0.1"
CGROUP_OF_ANOTHER = 4_000_017  # above the root of the node's cgroup namespace
SOCKET = re.compile(r"(?P<protocol>tcp|udp) (?P<ip>\*|\[[^]]+\]|[0-9.]+)(?:%(?P<device>\w+))?"
                    r":(?P<port>\d+)(?P<v6only> v6only)?$")
CONNECTION = re.compile(r"connects ([0-9.]+):(\d+) to ([0-9.]+):(\d+)$")
PORT = re.compile(r"(?:(\d+)->)?(\d+)(?:/(\w+))?$")


@functools.cache
def read_yaml(path):
    with open(path) as file:
        return yaml.safe_load(file)


def parts():
    found = {}
    for path in sorted((HERE / "parts").glob("*.yaml")):
        found |= read_yaml(path)
    return found


def nodes():
    return read_yaml(HERE / "nodes.yaml")["nodes"]


def digits(*words, length=64):
    """An id that nobody else has, and always the same."""
    return hashlib.sha512("/".join(words).encode()).hexdigest()[:length]


@dataclass
class Process:
    """`component` (the node's own), `uid N`, `at FOLDER` (below its unit's cgroup), `runtime NAME`
    (a container's, in any cgroup), `declares [HOST->]PORT[/PROTOCOL]`, `contains PORT` (of the
    pod's own network), `connects IP:PORT to IP:PORT`, `PROTOCOL IP[%DEVICE]:PORT [v6only]`."""
    comm: str
    exe: str
    words: list
    component: bool = False
    uid: int = 0
    at: str = ""
    runtime: str = ""
    declares: list = field(default_factory=list)
    contains: list = field(default_factory=list)
    sockets: list = field(default_factory=list)
    connections: list = field(default_factory=list)

    def __post_init__(self):
        for word in self.words:
            first, _, rest = word.partition(" ")
            if first == "component":
                self.component = True
            elif first == "uid":
                self.uid = int(rest)
            elif first in ("at", "runtime"):
                setattr(self, first, rest)
            elif first in ("declares", "contains"):
                getattr(self, first).append(PORT.match(rest).groups())
            elif first == "connects":
                self.connections.append(CONNECTION.match(word).groups())
            else:
                self.sockets.append(socket_of(word))


def socket_of(word):
    found = SOCKET.match(word)
    if not found:
        raise ValueError(f"no socket: {word}")
    ip = found["ip"].strip("[]")
    return (found["protocol"], "::" if ip == "*" else ip, int(found["port"]),
            {"v6only": bool(found["v6only"])} if ":" in ip or ip == "*" else {}, found["device"])


def virtual_server(protocol, at, *servers):
    """tcp IP:PORT, and those that serve it."""
    def place(text):
        ip, port = text.split(":")
        return ip, int(port)
    return (protocol, *place(at), [place(each) for each in servers])


def process_of(comm, words):
    return Process(comm, words[0], words[1:])


@dataclass(frozen=True)
class Expected:
    """Who a socket's holder is. No name: any."""
    protocol: str
    ip: str
    port: int
    kind: str
    name: str = ""


class Builder:
    def __init__(self, name, as_pod):
        self.name = name
        self.words = nodes()[name]
        self.parts = [parts()[part] for part in self.words["parts"]]
        self.layout = read_yaml(HERE / "nodes.yaml")["layouts"][self.words["layout"]]
        self.expected = []
        self.taken = [port for part in self.parts for port in part.get("takes", [])]
        self.sandboxes = {}
        self.virtual = []
        self.next_pid = 500
        own = self.words.get("agent_cgroup", "/system.slice/hostnet-agent.service")
        agent_pod = ("hostnet/hostnet-agent-4tk9w", {"hostnet-agent": [
            "/usr/bin/hostnet-agent", "tcp *:20000", "declares 20000"]})
        if as_pod:
            own = self.container_cgroup(agent_pod[0], "burstable", "hostnet-agent")
        unified = self.words.get("version", 2) == 2
        self.node = Node(name, init=self.words.get("init", "/usr/lib/systemd/systemd"),
                         init_cgroup=self.words.get("init_cgroup", "/init.scope"), agent_cgroup=own,
                         private_cgroups=as_pod and unified, unified=unified,
                         is_container=self.words.get("container", False))
        self.node.link("eth0", "", f"{NODE_IP}/24", "fd00::1/64", "fe80::1/64")
        for part in self.parts:
            self.add_network(part)
        self.add_generic_netlink()
        if as_pod:
            self.add_pod(*agent_pod)
        else:
            self.node.listen(self.node.agent, "tcp", "::", 20000)
        for part in self.parts:
            self.add_part(part)

    def fill(self, text, **more):
        for word, value in {"NODE": self.name, **more}.items():
            text = text.replace(f"@{word}@", value)
        return text

    def identity_of(self, pod):
        """The UID that its cgroup has: of a static pod, its manifest's hash."""
        return str(uuid.UUID(digits(self.name, pod, length=32)))

    def pod_cgroup(self, uid, qos):
        named = "" if qos == "guaranteed" else qos
        return self.fill(
            self.layout["pod"], UID=uid, UID_=uid.replace("-", "_"),
            QOS_SLICE=f"kubepods-{named}.slice/" if named else "",
            QOS_SLICE_KUBELET=f"kubelet-kubepods-{named}.slice/" if named else "",
            QOS_FOLDER=f"{named}/" if named else "", QOS_DASH=f"{named}-" if named else "")

    def container_cgroup(self, pod, qos, container, uid=None):
        return (self.pod_cgroup(uid or self.identity_of(pod), qos) + "/"
                + self.fill(self.layout["container"], ID=digits(self.name, pod, container)))

    def pid(self):
        self.next_pid += 7
        return self.next_pid

    def add_network(self, part):
        for words in part.get("links", []):
            name, kind, *rest = words.split()
            port = rest.pop(0) if rest and rest[0].isdigit() else None
            self.node.link(name, kind.strip('"'), *rest, tunnel_port=port and int(port))
        for words in part.get("addresses", []):
            link, address = words.split()
            self.node.addresses.append((self.index_of(link), address))
        self.virtual += [virtual_server(*words.split()) for words in part.get("ipvs", [])]

    def add_generic_netlink(self):
        tunnels = [(index, fields["tunnel_port"]) for index, (_, kind, fields)
                   in enumerate(self.node.links, 1) if kind == "wireguard"]
        self.node.dumps += generic.wireguard(tunnels)
        if self.virtual:
            self.node.dumps += generic.ipvs(self.virtual)
            self.node.file("proc/net/ip_vs", "IP Virtual Server version 1.2.1 (size=4096)\n")

    def index_of(self, link):
        return 1 + [name for name, _, _ in self.node.links].index(link)

    def add_part(self, part):
        folder = part.get("slice", "system.slice")
        for unit, processes in part.get("units", {}).items():
            self.add_unit(f"/{folder}/{unit}", unit, processes)
        for cgroup, processes in part.get("services", {}).items():
            last = cgroup.rsplit("/", 1)[-1]
            self.add_unit(cgroup, last if last.endswith(".service") else "", processes)
        for unit, words in part.get("activated", {}).items():
            self.add_socket_unit(unit, words)
        for runtime, processes in part.get("containers", {}).items():
            self.add_containers(runtime, processes)
        for pod, words in part.get("pods", {}).items():
            self.add_pod(self.fill(pod), words)
        for word in part.get("kernel", []):
            self.add_kernel_socket(word)
        for word in part.get("outside", []):
            protocol, ip, port, fields, _ = socket_of(word)
            self.node.socket(protocol, ip, port, cgroup=CGROUP_OF_ANOTHER, **fields)
            self.expect(protocol, ip, port, "unknown")

    def expect(self, protocol, ip, port, kind, name=""):
        self.expected.append(Expected(protocol, ip, port, kind, name))

    def add_process(self, process, cgroup, kind, name):
        pid = self.pid()
        self.node.process(pid, process.comm, process.exe, cgroup, uid=process.uid)
        for protocol, ip, port, fields, device in process.sockets:
            if device:
                fields = {**fields, "interface": self.index_of(device)}
            self.node.listen(pid, protocol, ip, port, **fields)
            self.expect(protocol, ip, port, kind, name)
        for local, port, peer, peer_port in process.connections:
            self.node.listen(pid, "tcp", local, int(port), state=1, peer=peer,
                             peer_port=int(peer_port))
        return pid

    def add_unit(self, cgroup, unit, processes):
        for comm, words in processes.items():
            process = process_of(comm, words)
            kind, name = "node_component" if process.component else "unmanaged_process", unit
            if process.runtime:
                kind, name = "unmanaged_container", process.runtime
            at = self.fill(process.at, ID=digits(self.name, unit))
            self.add_process(process, f"{cgroup}/{at}" if at else cgroup, kind, name)

    def add_socket_unit(self, unit, words):
        """systemd has the sockets, and so has the service that takes them over, if one is named."""
        service = [word.removeprefix("by ") for word in words if word.startswith("by ")]
        takers = [pid for pid, process in self.node.processes.items()
                  if service and process["cgroup"].endswith(f"/{service[0]}")]
        for word in words:
            if word.startswith("by "):
                continue
            protocol, ip, port, fields, _ = socket_of(word)
            inode = self.node.listen(1, protocol, ip, port, cgroup=f"/system.slice/{unit}",
                                     **fields)
            for pid in takers:
                self.node.shares(pid, inode)
            self.expect(protocol, ip, port, "unmanaged_process", unit)

    def add_containers(self, runtime, processes):
        for comm, words in processes.items():
            identity = digits(self.name, runtime, comm)
            self.add_process(process_of(comm, words), f"/system.slice/{runtime}-{identity}.scope",
                             "unmanaged_container", f"{runtime} {identity}")

    def add_kernel_socket(self, word):
        protocol, ip, port, fields, _ = socket_of(word)
        self.node.socket(protocol, ip, port, **fields)
        self.expect(protocol, ip, port, "kernel")

    def add_pod(self, pod, words):
        words = dict(words)
        network, qos = words.pop("network", None), words.pop("qos", "burstable")
        is_static, dns = words.pop("static", False), words.pop("dns_policy", "ClusterFirst")
        processes = [process_of(comm, line) for comm, line in words.items()]
        uid = self.identity_of(pod)
        in_cgroup = uid.replace("-", "") if is_static else uid
        self.sandboxes[pod] = digits(self.name, pod, "sandbox")
        self.node.process(self.pid(), "pause", "/pause",
                          self.container_cgroup(pod, qos, "sandbox", in_cgroup), uid=65535)
        for process in processes:
            cgroup = self.container_cgroup(pod, qos, process.comm, in_cgroup)
            if process.comm == "hostnet-agent":
                for protocol, ip, port, fields, _ in process.sockets:
                    self.node.listen(self.node.agent, protocol, ip, port, **fields)
            else:
                self.add_process(process, cgroup, "pod", pod)
        self.node.pods.append(self.pod_object(pod, processes, network, is_static, dns))

    def pod_object(self, pod, processes, network, is_static, dns):
        namespace, name = pod.split("/")
        uid = self.identity_of(pod)
        metadata = {"name": name, "namespace": namespace, "uid": uid}
        if is_static:
            hashed = uid.replace("-", "")
            metadata["uid"] = str(uuid.UUID(digits(self.name, pod, "mirror", length=32)))
            metadata["annotations"] = {"kubernetes.io/config.hash": hashed,
                                       "kubernetes.io/config.mirror": hashed,
                                       "kubernetes.io/config.source": "file"}
        spec = {"nodeName": self.name, "dnsPolicy": dns,
                "containers": [self.container_object(process, network) for process in processes]}
        if network is None:
            spec["hostNetwork"] = True
        ip = network or NODE_IP
        started = "2026-11-24T20:00:00Z"
        return {"metadata": metadata, "spec": spec, "status": {
            "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": NODE_IP,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": started}],
            "containerStatuses": [{
                "name": process.comm.rstrip("-"), "ready": True, "restartCount": 0,
                "containerID": f"containerd://{digits(self.name, pod, process.comm)}",
                "state": {"running": {"startedAt": started}}} for process in processes]}}

    @staticmethod
    def container_object(process, network):
        ports = []
        for host, port, protocol in [*process.declares, *process.contains]:
            entry = {"containerPort": int(port), "protocol": (protocol or "tcp").upper()}
            if network is None:
                entry["hostPort"] = int(port)
            elif host:
                entry["hostPort"] = int(host)
            ports.append(entry)
        return {"name": process.comm.rstrip("-"), "ports": ports}

    def rules(self):
        filled = []
        for part in self.parts:
            texts = {}
            for tool, text in part.get("nat", {}).items():
                for pod, sandbox in self.sandboxes.items():
                    text = text.replace(f"@SANDBOX {pod}@", sandbox)
                texts[tool] = text
            if texts:
                filled.append(texts)
        return filled

    def read_rules(self, agent, directory):
        """For add_rules(), of this node in either view."""
        return nat.read_back(agent, self.rules(), directory,
                             legacy=self.words.get("version", 2) == 1)

    def add_rules(self, rules):
        dumps, answers, files = rules
        self.node.dumps += dumps
        self.node.answers |= answers
        for path, text in files.items():
            self.node.file(path, text)
