"""Puts a node together and writes it as a recording (netlink/node/README.md) for --replay=DIR.

    node = Node()
    node.process(812, "sshd", "/usr/sbin/sshd", "/system.slice/ssh.service")
    node.listen(812, "tcp", "0.0.0.0", 22)
    node.write(directory)

It begins with what every node has: pid 1, the kernel's threads (none where the node is itself a
container), a loopback interface, and the agent, which runs as a pod or as a unit."""

import json
import pathlib
import re

import messages

NET_NAMESPACE = 4026531840
HOST_PID_NAMESPACE = 4026531836
OTHER_NET_NAMESPACE = 4026532515
OTHER_PID_NAMESPACE = 4026532511
HOST_CGROUP_NAMESPACE = 4026531835
OTHER_CGROUP_NAMESPACE = 4026532513
BOOT_MS = 1_795_550_400_000
KERNEL_THREAD = 0x208040  # PF_KTHREAD among its flags
WITH_FUNCTIONS = messages.attribute(29, messages.number(1))  # IFLA_EXT_MASK, RTEXT_FILTER_VF

STAT = ("{pid} ({comm}) S {parent} {session} {session} 0 -1 {flags} 100 0 0 0 5 3 0 0 20 0 1 0 "
        "{start} 10000000 500 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 "
        "0 0 0 0\n")
STATUS = ("Name:\t{comm}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\n"
          "PPid:\t{parent}\nTracerPid:\t0\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
          "Gid:\t{uid}\t{uid}\t{uid}\t{uid}\nFDSize:\t64\nGroups:\t\nNStgid:\t{pid}\n"
          "NSpid:\t{pid}\nVmRSS:\t    1024 kB\nKthread:\t{kernel}\nThreads:\t1\n")


def seen_from(path, root):
    """A cgroup's path in a cgroup namespace whose root is `root`, as the kernel writes it."""
    here = [part for part in root.split("/") if part]
    there = [part for part in path.split("/") if part]
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    return "/" + "/".join([".."] * (len(here) - common) + there[common:])


class Node:
    def __init__(self, name="node-1", *, init="/usr/lib/systemd/systemd", init_cgroup="/init.scope",
                 agent_cgroup="/system.slice/hostnet-agent.service", private_cgroups=False,
                 is_container=False, unified=True):
        self.name = name
        self.unified = unified
        self.is_container = is_container
        self.private_cgroups = private_cgroups
        # A pod has a cgroup namespace of its own; /sys of the host is mounted into it all the same.
        self.cgroup_root = agent_cgroup if private_cgroups else "/"
        self.cgroups = {"/": 1}
        self.members = {"/": []}
        self.processes = {}
        self.sockets = {(protocol, family): [] for protocol in messages.PROTOCOLS
                        for family in (2, 10)}
        self.links = [("lo", "", {})]
        self.addresses = [(1, "127.0.0.1/8"), (1, "::1/128")]
        self.files = {}
        self.dumps = []  # what more was asked: entries of index.json, with their messages
        self.answers = {}  # other members of index.json
        self.pods = []
        self.next_inode = 20_000
        self.process(1, "systemd" if "systemd" in init else "init", init, init_cgroup, parent=0)
        if not is_container:
            for pid, comm in ((2, "kthreadd"), (11, "ksoftirqd/0"), (24, "kworker/0:1-events")):
                self.process(pid, comm, "", "/", parent=0 if pid == 2 else 2)
        self.agent = 4000
        self.process(self.agent, "hostnet-agent", "/usr/bin/hostnet-agent", agent_cgroup)

    def cgroup(self, path):
        if path not in self.cgroups:
            self.cgroup(path.rsplit("/", 1)[0] or "/")
            self.cgroups[path] = 100 + len(self.cgroups)
            self.members[path] = []
        return self.cgroups[path]

    def process(self, pid, comm, exe, cgroup, *, uid=0, parent=1, lines=None,
                network=NET_NAMESPACE):
        """`lines`: what its cgroup file says, where that is not the line of version 2."""
        self.cgroup(cgroup)
        self.members[cgroup].append(pid)
        self.processes[pid] = {"pid": pid, "comm": comm[:15], "exe": exe, "cgroup": cgroup,
                               "uid": uid, "parent": parent, "lines": lines, "sockets": [],
                               "network": network}

    def socket(self, protocol, local, port, *, state=None, cgroup=None, **fields):
        """A socket that no process shows: the kernel's own, or made in a cgroup (its path, or a
        number that is none of this node's)."""
        inode = self.next_inode
        self.next_inode += 1
        if state is None:
            state = messages.CLOSE if protocol == "udp" else messages.LISTEN
        if ":" in local:
            fields.setdefault("v6only", False)
        made_in = self.cgroup(cgroup) if isinstance(cgroup, str) else cgroup or 1
        self.sockets[protocol, messages.family_of(local)].append(messages.inet_socket(
            protocol, state, local, port, inode=inode, cookie=inode,
            cgroup=made_in if self.unified else 1, **fields))
        return inode

    def listen(self, pid, protocol, local, port, **fields):
        process = self.processes[pid]
        fields.setdefault("cgroup", process["cgroup"])
        fields.setdefault("uid", process["uid"])
        inode = self.socket(protocol, local, port, **fields)
        process["sockets"].append(inode)
        return inode

    def shares(self, pid, inode):
        self.processes[pid]["sockets"].append(inode)

    def link(self, name, kind="", *addresses, **fields):
        self.links.append((name, kind, fields))
        self.addresses += [(len(self.links), text) for text in addresses]

    def file(self, path, text):
        self.files[path] = text

    def cgroup_file(self, process):
        if process["lines"] is not None:
            return process["lines"]
        path = seen_from(process["cgroup"], self.cgroup_root)
        if self.unified:
            return f"0::{path}\n"
        return "".join(f"{number}:{controller}:{path}\n" for number, controller in
                       ((11, "memory"), (5, "pids"), (2, "cpu,cpuacct"), (1, "name=systemd")))

    def process_files(self):
        for pid, process in self.processes.items():
            kernel = not process["exe"]
            words = {**process, "session": pid, "kernel": int(kernel), "start": 1000 + pid,
                     "flags": KERNEL_THREAD if kernel else 4194560}
            yield f"proc/{pid}/comm", process["comm"] + "\n"
            yield f"proc/{pid}/stat", STAT.format(**words)
            yield f"proc/{pid}/status", STATUS.format(**words)
            yield f"proc/{pid}/cgroup", self.cgroup_file(process)

    def every_file(self):
        yield from self.process_files()
        for name, value in (("ip_local_port_range", "32768\t60999"),
                            ("ip_local_reserved_ports", ""),
                            ("ip_unprivileged_port_start", "1024")):
            yield f"proc/sys/net/ipv4/{name}", value + "\n"
        yield "proc/sys/net/ipv6/bindv6only", "0\n"
        if self.unified:
            yield "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"
            for path, pids in self.members.items():
                yield f"sys/fs/cgroup{path.rstrip('/')}/cgroup.procs", "".join(
                    f"{pid}\n" for pid in pids)
        yield from self.files.items()

    def netlink(self):
        """(what, netlink family, type, flags, body, messages)"""
        links = b"".join(messages.link(index, name, kind, **fields)
                         for index, (name, kind, fields) in enumerate(self.links, 1))
        addresses = b"".join(messages.address(*each) for each in self.addresses)
        yield "listing links", 0, 18, 0x300, bytes(16) + WITH_FUNCTIONS, links
        yield "listing addresses", 0, 22, 0x300, bytes(8), addresses
        yield "listing routes", 0, 26, 0x300, bytes(12), b""
        yield "listing qdiscs", 0, 38, 0x300, bytes(20), b""
        for family in (2, 10):
            yield f"listing neighbours of {family}", 0, 30, 0x300, bytes([family]) + bytes(11), b""
            for protocol in messages.PROTOCOLS:
                yield (f"listing {protocol} sockets of {family}", 4, 20, 0x300,
                       messages.sockets_request(protocol, family),
                       b"".join(self.sockets[protocol, family]))
        yield from self.dumps

    def identity(self):
        pid_namespace = OTHER_PID_NAMESPACE if self.is_container else HOST_PID_NAMESPACE
        return {"sysname": "Linux", "nodename": self.name, "release": "6.8.0", "version": "#1 SMP",
                "machine": "x86_64", "domainname": "(none)", "page_size": 4096, "pid": self.agent,
                "effective_capabilities": "000001ffffffffff", "shows_bound_inactive": True,
                **{f"{whose}_{what}_namespace": inode for whose in ("own", "init")
                   for what, inode in (("net", NET_NAMESPACE), ("pid", pid_namespace))}}

    def links_and_inodes(self):
        identity = self.identity()
        links, inodes = {"proc/self": str(self.agent)}, {}
        for pid, process in self.processes.items():
            if process["exe"]:
                links[f"proc/{pid}/exe"] = process["exe"]
            for what, inode in (("net", process["network"]),
                                ("pid", identity["init_pid_namespace"])):
                links[f"proc/{pid}/ns/{what}"] = f"{what}:[{inode}]"
                inodes[f"proc/{pid}/ns/{what}"] = inode
        for path, number in self.cgroups.items():
            inodes[f"sys/fs/cgroup{path.rstrip('/')}"] = number
        own = self.private_cgroups or self.is_container
        inodes["proc/self/ns/cgroup"] = OTHER_CGROUP_NAMESPACE if own else HOST_CGROUP_NAMESPACE
        return links, inodes

    def failed_reads(self):
        """Who looks for the kernel's threads on a node that is a container finds none."""
        if not self.is_container or 2 in self.processes:
            return {}
        error = {"reason": "vanished", "errno": 2, "message": "No such file or directory"}
        return {f"proc/2/{name}": {"error": error} for name in ("comm", "stat", "status", "cgroup")}

    def existence(self):
        return {"proc/2": False} if self.failed_reads() else {}

    def write(self, directory):
        root = pathlib.Path(directory)
        for path, text in self.every_file():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for name, _, _ in self.links:
            (root / "sys/class/net" / name).mkdir(parents=True, exist_ok=True)
        (root / "netlink").mkdir()
        dumps = []
        for number, (what, family, kind, flags, body, answer) in enumerate(self.netlink()):
            entry = {"doing": what, "family": family, "type": kind, "flags": flags,
                     "body": body.hex()}
            if isinstance(answer, bytes):
                entry["file"] = re.sub(r"\W+", "-", what) + f"-{number}.bin"
                (root / "netlink" / entry["file"]).write_bytes(answer)
            else:
                entry["error"] = answer
            dumps.append(entry)
        links, inodes = self.links_and_inodes()
        lists = {str(path.relative_to(root)): sorted(child.name for child in path.iterdir())
                 for top in ("proc", "sys") for path in [root / top, *(root / top).rglob("*")]
                 if path.is_dir()}
        lists["proc"].append("self")
        for pid in self.processes:
            lists[f"proc/{pid}"] += ["exe", "fd", "ns"]
        index = {"format": "hostnet-recording", "version": 1,
                 "clock": {"steady_ns": 3600 * 10**9, "wall_ms": BOOT_MS + 3_600_000},
                 "identity": self.identity(), "lists": lists, "links": links, "inodes": inodes,
                 "failed_reads": self.failed_reads(), "existence": self.existence(),
                 "cgroups": {str(number): path for path, number in self.cgroups.items()},
                 "descriptors": {str(pid): [[3 + at, inode] for at, inode
                                            in enumerate(process["sockets"])]
                                 for pid, process in self.processes.items()},
                 "netlink": dumps, **self.answers}
        pods = {"apiVersion": "v1", "kind": "PodList", "items": self.pods}
        (root / "pods.json").write_text(json.dumps(pods, indent=1) + "\n")
        (root / "index.json").write_text(json.dumps(index, indent=1) + "\n")
