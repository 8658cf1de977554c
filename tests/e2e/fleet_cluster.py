"""A cluster for `fleet`: an API server over TLS with nodes, pods and pods/portforward by WebSocket, behind
which agents are simulated (or real ones asked).

    fleet_cluster.py DIRECTORY PORT PROCESSES < cluster.json

DIRECTORY has server.crt and server.key. cluster.json: {"token", "nodes": [Node], "pods": [Pod], "agents":
{POD: AGENT}, "default": AGENT, "many": N, "plain": true (without TLS, as kubectl proxy)}. An AGENT is {"answers": {PATH: [STATUS, JSON]}} (NODE in the
JSON becomes its node's name), {"tcp": [HOST, PORT]} (a real one), {"error": TEXT} (nobody listens), {"status": [N,
MESSAGE]} (the upgrade is refused), {"raw": BYTES in base64} (whatever follows the upgrade) or {"silent": true}. "busy": N in
an agent refuses it N times with 429 first. "many" makes so many nodes node-0001… with an agent each. A JSON object with what was counted is
written to standard output when standard input closes; "ready" when it listens."""

import asyncio
import base64
import hashlib
import json
import os
import pathlib
import socket
import ssl
import sys
import urllib.parse

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LABELS = {"app.kubernetes.io/name": "hostnet-agent"}


def node(name, **labels):
    return {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", **labels}}}


def agent_pod(node_name, namespace="hostnet-agent", port=20000, phase="Running", **metadata):
    name = f"hostnet-agent-{node_name}"
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": LABELS, **metadata},
            "spec": {"nodeName": node_name, "hostNetwork": True, "containers": [
                {"name": "hostnet-agent", "ports": [{"name": "metrics", "containerPort": port, "hostPort": port}]}]},
            "status": {"phase": phase, "containerStatuses": [
                {"name": "hostnet-agent", "ready": True, "restartCount": 0}]}}


class Cluster:
    def __init__(self, told):
        self.token = told.get("token")
        self.nodes = told.get("nodes", [])
        self.pods = told.get("pods", [])
        for i in range(told.get("many", 0)):
            self.nodes.append(node(f"node-{i:04}"))
            self.pods.append(agent_pod(f"node-{i:04}"))
        self.agents = told.get("agents", {})
        self.default = told.get("default")
        self.at_once = self.most_at_once = self.forwards = 0
        self.busy, self.paths = {}, []
        self.names = set()  # of servers, that clients asked for (SNI)

    def selected(self, pods, query):
        label = dict(part.split("=", 1) for part in query.get("labelSelector", "").split(",") if "=" in part)
        fields = query.get("fieldSelector", "")
        return [pod for pod in pods
                if label.items() <= pod["metadata"].get("labels", {}).items() and
                ("spec.nodeName!=" not in fields or pod["spec"].get("nodeName"))]

    def listed(self, kind, items, query):
        at, limit = int(query.get("continue") or 0), int(query.get("limit") or len(items) or 1)
        more = {"continue": str(at + limit)} if at + limit < len(items) else {}
        return 200, {"kind": kind, "metadata": {"resourceVersion": "7", **more}, "items": items[at:at + limit]}

    def answer(self, path, query):
        words = path.strip("/").split("/")
        if path == "/version":
            return 200, {"gitVersion": "v1.34.0"}
        if words == ["api", "v1", "nodes"]:
            return self.listed("NodeList", self.nodes, query)
        if words == ["api", "v1", "pods"]:
            return self.listed("PodList", self.selected(self.pods, query), query)
        if words[:3] == ["api", "v1", "namespaces"] and words[4] == "pods":
            inside = [pod for pod in self.pods if pod["metadata"]["namespace"] == words[3]]
            if len(words) == 5:
                return self.listed("PodList", self.selected(inside, query), query)
            for pod in inside:
                if pod["metadata"]["name"] == words[5]:
                    return 200, pod
            return 404, {"kind": "Status", "code": 404, "message": f"pods \"{words[5]}\" not found"}
        return 404, {"kind": "Status", "code": 404, "message": "no such path"}


def frame(payload, kind=2):
    head = bytes([0x80 | kind])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + len(payload).to_bytes(2, "big")
    else:
        head += b"\x7f" + len(payload).to_bytes(8, "big")
    return head + payload


async def read_frame(reader):
    head = await reader.readexactly(2)
    assert head[1] & 0x80, "a client masks its frames"
    length = head[1] & 0x7f
    if length > 125:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    return head[0] & 0x0f, (int.from_bytes(data, "big") ^ key).to_bytes(length, "big")


async def read_head(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    return lines[0], {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}


class Forward:
    """One WebSocket of pods/portforward, as a kubelet has it."""

    def __init__(self, cluster, reader, writer, name, port):
        self.cluster, self.reader, self.writer = cluster, reader, writer
        self.name, self.port, self.asked = name, port, b""

    def send(self, channel, data):
        for at in range(0, len(data), 32768):
            self.writer.write(frame(bytes([channel]) + data[at:at + 32768]))

    async def serve(self, agent):
        self.send(0, self.port.to_bytes(2, "little"))
        self.send(1, self.port.to_bytes(2, "little"))
        if "error" in agent:
            self.send(1, agent["error"].encode())
        elif "raw" in agent:
            self.writer.write(base64.b64decode(agent["raw"]))
        elif "tcp" in agent:
            return await self.relay(*agent["tcp"])
        elif "silent" in agent:
            await self.reader.read()
        else:
            await self.simulate(agent)

    async def simulate(self, agent):
        while True:
            kind, data = await read_frame(self.reader)
            if kind == 8:
                return
            assert data[0] == 0
            self.asked += data[1:]
            if b"\r\n\r\n" not in self.asked:
                continue
            request, self.asked = self.asked.split(b"\r\n\r\n")[0].decode(), b""
            self.cluster.paths.append(request.split()[1])
            forwarded = [line for line in request.split("\r\n") if line.lower().startswith(("x-forwarded", "via"))]
            status, said = (403, {}) if forwarded or "Host: localhost" not in request else \
                agent["answers"].get(request.split()[1], [404, {"error": {"status": 404, "message": "no such path"}}])
            body = json.dumps(said).replace("NODE", self.name.removeprefix("hostnet-agent-")).encode()
            self.send(0, f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: "
                         f"{len(body)}\r\n\r\n".encode() + body)
            await self.writer.drain()

    async def relay(self, host, port):
        from_agent, to_agent = await asyncio.open_connection(host, port)

        async def back():
            while data := await from_agent.read(32768):
                self.send(0, data)
                await self.writer.drain()
            self.writer.write(frame(b"\x03\xe8", 8))
        task = asyncio.create_task(back())
        try:
            while True:
                kind, data = await read_frame(self.reader)
                if kind == 8:
                    return
                to_agent.write(data[1:])
        except asyncio.IncompleteReadError:
            pass
        finally:
            to_agent.close()
            task.cancel()


class Server:
    def __init__(self, cluster):
        self.cluster = cluster

    def answer(self, writer, status, content, retry_after=None):
        body = json.dumps(content).encode()
        more = f"Retry-After: {retry_after}\r\n" if retry_after is not None else ""
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n"
                     "Connection: close\r\n\r\n".encode() + body)

    async def forward(self, reader, writer, words, query, head):
        name = words[5]
        agent = self.cluster.agents.get(name, self.cluster.default)
        if self.cluster.busy.setdefault(name, agent.get("busy", 0)) > 0:
            self.cluster.busy[name] -= 1
            return self.answer(writer, 429, {"kind": "Status", "message": "too many requests"}, 0)
        if "status" in agent:
            return self.answer(writer, agent["status"][0], {"kind": "Status", "message": agent["status"][1]})
        assert head["sec-websocket-version"] == "13" and head["upgrade"].lower() == "websocket"
        assert "v4.channel.k8s.io" in head["sec-websocket-protocol"].split(", ")
        accept = base64.b64encode(hashlib.sha1(head["sec-websocket-key"].encode() + GUID).digest()).decode()
        writer.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode())
        self.cluster.forwards += 1
        self.cluster.at_once += 1
        self.cluster.most_at_once = max(self.cluster.most_at_once, self.cluster.at_once)
        try:
            await Forward(self.cluster, reader, writer, name, int(query["ports"])).serve(agent)
        finally:
            self.cluster.at_once -= 1

    async def connected(self, reader, writer):
        try:
            request, head = await read_head(reader)
            url = urllib.parse.urlparse(request.split()[1])
            query = dict(urllib.parse.parse_qsl(url.query))
            words = url.path.strip("/").split("/")
            if self.cluster.token and head.get("authorization") != f"Bearer {self.cluster.token}":
                self.answer(writer, 401, {"kind": "Status", "message": "Unauthorized"})
            elif words[-1] == "portforward":
                await self.forward(reader, writer, words, query, head)
            else:
                self.answer(writer, *self.cluster.answer(url.path, query))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()


async def serve(cluster, context, listening, until):
    server = await asyncio.start_server(Server(cluster).connected, sock=listening, ssl=context)
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, os.read, until, 1)


def main():
    directory, port, processes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    told = json.loads(sys.stdin.readline())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.crt", directory / "server.key")
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    reads, children = [], []
    for _ in range(processes):
        stop_read, stop_write = os.pipe()
        said_read, said_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(stop_write)
            for _, other in children:
                os.close(other)
            cluster = Cluster(told)
            context.sni_callback = lambda _connection, name, _context: cluster.names.add(name)
            asyncio.run(serve(cluster, None if told.get("plain") else context, listening, stop_read))
            os.write(said_write, json.dumps({"most_at_once": cluster.most_at_once, "forwards": cluster.forwards,
                                             "paths": cluster.paths[-20:],
                                             "names": list(cluster.names)}).encode())
            os._exit(0)
        os.close(said_write)
        os.close(stop_read)
        children.append((pid, stop_write))
        reads.append(said_read)
    print("ready", flush=True)
    sys.stdin.read()
    for _, stop in children:
        os.close(stop)
    said = [json.loads(os.fdopen(read).read()) for read in reads]
    for pid, _ in children:
        os.waitpid(pid, 0)
    print(json.dumps({"most_at_once": sum(one["most_at_once"] for one in said),
                      "forwards": sum(one["forwards"] for one in said),
                      "paths": [path for one in said for path in one["paths"]],
                      "names": [name for one in said for name in one["names"]]}))


if __name__ == "__main__":
    main()
