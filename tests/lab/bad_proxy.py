"""Between an agent and the API server, over TLS; passes on what is asked, or not, as it is told.

    bad_proxy.py PORT CERTIFICATE KEY UPSTREAM     UPSTREAM is HOST:PORT

Each line on standard input is a JSON object that sets some of State; answered with all of it."""

import http.client
import json
import os
import pathlib
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import tls_server  # noqa: E402

PORT, CERTIFICATE, KEY, UPSTREAM = sys.argv[1:]


class State:
    cut_after = None    # seconds that an answer may take, of those under way too
    refuse = 0          # so many requests get 429 …
    retry_after = None  # … and are asked to wait this long
    truncate = 0        # so many answers about pods end after …
    truncate_at = 0     # … this many bytes
    requests = 0
    cuts = 0            # by time
    too_soon = 0        # requests within the time that they were asked to wait
    wait_until = 0.0


LOCK = threading.Lock()
UNDER_WAY = set()


class Handler(tls_server.Handler):
    def do_GET(self):
        self.close_connection = True
        with LOCK:
            State.requests += 1
            self.began = time.monotonic()
            State.too_soon += self.began < State.wait_until
            refused = State.refuse > 0
            retry_after = State.retry_after
            if refused:
                State.refuse -= 1
                State.wait_until = self.began + (retry_after or 0)
            limit = sys.maxsize
            if State.truncate > 0 and not refused and self.path.startswith("/api/v1/pods"):
                State.truncate -= 1
                limit = State.truncate_at
        if refused:
            self.send_response(429)
            if retry_after is not None:
                self.send_header("Retry-After", str(retry_after))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.pass_on(limit)

    def pass_on(self, limit):
        host, port = UPSTREAM.split(":")
        upstream = http.client.HTTPSConnection(host, int(port), timeout=600,
                                               context=ssl._create_unverified_context())
        upstream.connect()
        self.descriptor = upstream.sock.fileno()
        self.ended = False
        with LOCK:
            UNDER_WAY.add(self)
        try:
            upstream.request("GET", self.path, headers=dict(self.headers))
            answer = upstream.getresponse()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            while limit > 0 and (piece := answer.read1(65536)[:limit]):
                limit -= len(piece)
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            if limit > 0 and not self.ended:
                self.wfile.write(b"0\r\n\r\n")
        except (http.client.HTTPException, OSError):
            pass  # the end of either; the other sees a connection that ends in between
        finally:
            with LOCK:
                UNDER_WAY.discard(self)
            upstream.close()

    def cut(self):
        """Under the lock, while the descriptor is open."""
        self.ended = True
        with socket.socket(fileno=os.dup(self.descriptor)) as other:
            other.shutdown(socket.SHUT_RDWR)


def cut_what_is_old():
    while True:
        time.sleep(0.05)
        with LOCK:
            for handler in UNDER_WAY if State.cut_after is not None else ():
                if not handler.ended and time.monotonic() > handler.began + State.cut_after:
                    handler.cut()
                    State.cuts += 1


def main():
    threading.Thread(target=tls_server.Server(int(PORT), Handler, CERTIFICATE, KEY).serve_forever, daemon=True).start()
    threading.Thread(target=cut_what_is_old, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        with LOCK:
            for key, value in json.loads(line).items():
                assert hasattr(State, key), key
                setattr(State, key, value)
            print(json.dumps({k: v for k, v in vars(State).items() if not k.startswith("_")}),
                  flush=True)


if __name__ == "__main__":
    main()
