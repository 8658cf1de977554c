"""An API server (and kubelet) for tests: pods of one node over TLS, which fails as it is told to.

    fake_apiserver.py DIRECTORY PORT

DIRECTORY has server.crt and server.key. Each line on standard input is a JSON command, answered
with one line of JSON on standard output; see Server.command()."""

import json
import pathlib
import sys
import threading
import time
import urllib.parse

import tls_server


class State:
    def __init__(self):
        self.changed = threading.Condition()
        self.version = 100
        self.pods = {}
        self.events = []          # (version, type, object)
        self.oldest = 0           # watches from before are gone
        self.token = None         # the one that is accepted; None: any
        self.answers = []         # what the next requests get instead: {"status", "retry_after"}
        self.truncate = 0         # so many lists are cut in the middle
        self.errors = []          # what the next watches say: a Status
        self.gone_in_stream = False
        self.watch_seconds = None
        self.generation = 0       # a change ends all watches
        self.requests = []
        self.server_version = None  # what GET /version says; None: 404
        self.version_requests = 0
        self.node = {"kind": "Node", "metadata": {"name": "n1"}, "status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
        self.stored = {}          # Events by namespace/name
        self.writes = []          # every POST and PATCH: {"method", "path", "type", "body", "status", "at"}
        self.refusals = []        # what the next writes get: {"match", "status", "retry_after"}
        self.forbidden = []       # writes whose path has one of these get 403
        self.hang = False         # writes get no answer
        self.open_watches = 0


STATE = State()


class Handler(tls_server.Handler):
    def refuse(self, status, retry_after=None, message=None):
        self.answer(status, {"kind": "Status", "code": status,
                             **({"message": message} if message else {})}, retry_after)

    def answer(self, status, content, retry_after=None):
        body = json.dumps(content).encode()
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.close_connection = True
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        with STATE.changed:
            if url.path == "/version":
                STATE.version_requests += 1
            else:
                STATE.requests.append(self.path)
            token = self.headers.get("Authorization")
            if STATE.token is not None and token != f"Bearer {STATE.token}":
                return self.refuse(401)
            if url.path == "/version":
                version = STATE.server_version
                return self.answer(200, version) if version else self.refuse(404)
            if STATE.answers:
                return self.refuse(**STATE.answers.pop(0))
        if "watch" in query:
            return self.watch(int(query["resourceVersion"]))
        return self.list()

    def do_POST(self):
        self.write()

    def do_PATCH(self):
        self.write()

    def write(self):
        """Events and the node's status, as the API server keeps them."""
        self.close_connection = True
        url = urllib.parse.urlparse(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        made = {"method": self.command, "path": self.path, "body": body,
                "type": self.headers.get("Content-Type"), "status": 0, "at": time.monotonic()}
        with STATE.changed:
            STATE.writes.append(made)
            STATE.changed.wait_for(lambda: not STATE.hang)
            status, content, retry_after = self.judge(url.path, "dryRun=All" in url.query, body)
            made["status"] = status
        self.answer(status, content, retry_after)

    def judge(self, path, dry, body):
        if STATE.token is not None and \
                self.headers.get("Authorization") != f"Bearer {STATE.token}":
            return 401, {"kind": "Status", "code": 401}, None
        for refusal in STATE.refusals:
            if refusal["match"] in path:
                STATE.refusals.remove(refusal)
                return refusal["status"], {"kind": "Status"}, refusal.get("retry_after")
        if any(part in path for part in STATE.forbidden):
            return 403, {"kind": "Status", "code": 403,
                         "message": "User \"agent\" cannot do that"}, None
        words = path.split("/")
        if self.command == "PATCH" and words[3] == "nodes":
            if words[4:] != [STATE.node["metadata"]["name"], "status"]:
                return 404, {"kind": "Status", "code": 404}, None
            node = json.loads(json.dumps(STATE.node))
            labels = node["metadata"].setdefault("labels", {})
            for label, value in body.get("metadata", {}).get("labels", {}).items():
                labels.pop(label, None)
                if value is not None:
                    labels[label] = value
            for new in body.get("status", {}).get("conditions", []):  # merged by type
                for old in node["status"]["conditions"]:
                    if old["type"] == new["type"]:
                        old.update(new)
                        break
                else:
                    node["status"]["conditions"].append(new)
            if not dry:
                STATE.node = node
            return 200, node, None
        assert words[3] == "namespaces" and words[5] == "events", path
        if self.command == "POST":
            key = f"{words[4]}/{body['metadata']['name']}"
            if key in STATE.stored:
                return 409, {"kind": "Status", "code": 409, "reason": "AlreadyExists"}, None
            STATE.stored[key] = body
            return 201, body, None
        key = f"{words[4]}/{words[6]}"
        if key not in STATE.stored:
            return 404, {"kind": "Status", "code": 404}, None
        STATE.stored[key].update(body)
        return 200, STATE.stored[key], None

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def start(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def list(self):
        with STATE.changed:
            body = json.dumps({"kind": "PodList", "apiVersion": "v1",
                               "metadata": {"resourceVersion": str(STATE.version)},
                               "items": list(STATE.pods.values())})
            cut = STATE.truncate > 0
            STATE.truncate -= cut
        self.start()
        if cut:
            self.chunk(body[:len(body) // 2])
            return
        for at in range(0, len(body), 65536):
            self.chunk(body[at:at + 65536])
        self.wfile.write(b"0\r\n\r\n")

    def watch(self, version):
        with STATE.changed:
            gone = version < STATE.oldest
            in_stream = STATE.gone_in_stream
            error = STATE.errors.pop(0) if STATE.errors else None
            generation = STATE.generation
            STATE.open_watches += 1
        try:
            if gone and not in_stream:
                return self.refuse(410)
            self.start()
            if gone:
                error = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            if error:
                self.chunk(json.dumps({"type": "ERROR", "object": error}) + "\n")
                return
            end = time.monotonic() + (STATE.watch_seconds or 3600)
            while True:
                with STATE.changed:
                    if STATE.generation != generation or time.monotonic() > end:
                        return  # cut: without the last chunk
                    new = [e for e in STATE.events if e[0] > version]
                    if not new:
                        STATE.changed.wait(min(0.05, max(0.001, end - time.monotonic())))
                for event_version, kind, item in new:
                    line = json.dumps({"type": kind, "object": item}) + "\n"
                    self.chunk(line[:7])  # events do not come in whole pieces
                    self.chunk(line[7:])
                    version = event_version
        finally:
            with STATE.changed:
                STATE.open_watches -= 1


class Server(tls_server.Server):
    def __init__(self, directory, port):
        self.files = [directory / "server.crt", directory / "server.key"]
        super().__init__(port, Handler, *self.files)

    def command(self, order):
        name = order["do"]
        with STATE.changed:
            if name in ("apply", "delete"):
                STATE.version += 1
                key = order["pod"]["metadata"]["name"]
                item = json.loads(json.dumps(order["pod"]))
                item["metadata"]["resourceVersion"] = str(STATE.version)
                kind = "DELETED" if name == "delete" else \
                    "MODIFIED" if key in STATE.pods else "ADDED"
                STATE.pods.pop(key, None)
                if name == "apply":
                    STATE.pods[key] = item
                if not order.get("unheard"):
                    STATE.events.append((STATE.version, kind, item))
            elif name == "bookmark":
                STATE.version += 10
                STATE.events.append((STATE.version, "BOOKMARK",
                                     {"kind": "Pod",
                                      "metadata": {"resourceVersion": str(STATE.version)}}))
            elif name == "compact":  # what happened until now can no longer be watched
                STATE.version += 1
                STATE.oldest = STATE.version
                STATE.events.clear()
                STATE.gone_in_stream = order["in_stream"]
                STATE.generation += 1
            elif name == "cut":
                STATE.generation += 1
            elif name == "set":
                for key, value in order["state"].items():
                    assert hasattr(STATE, key), key
                    setattr(STATE, key, value)
            elif name == "reload":
                self.load(*self.files)
                STATE.generation += 1
            STATE.changed.notify_all()
            return {"requests": STATE.requests, "watches": STATE.open_watches,
                    "version_requests": STATE.version_requests, "writes": STATE.writes,
                    "events": list(STATE.stored.values()),
                    "conditions": STATE.node["status"]["conditions"],
                    "labels": STATE.node["metadata"].get("labels", {}),
                    "pending": len(STATE.answers) + len(STATE.errors) + STATE.truncate}


def main():
    server = Server(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(server.command(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
