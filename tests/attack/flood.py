"""One attack on an HTTP server, until stdin closes:

    flood.py KIND HOST PORT [--from ADDRESS,ADDRESS...]

    idle       511 connections that never say anything, opened again when they are closed
    connects   1,000 connections a second, each left open until there are 900
    hammer     50 clients that ask for /metrics without a pause, each on a connection of its own
    queries    the same, no two for the same answer
    collects   the same, each for other collectors
    passwords  50 clients, each request with another wrong password
    hellos     500 TLS handshakes a second that stop after the ClientHello
    readers    40 clients that ask for /metrics and never read
    pages      400 clients that ask for pages, no two for the same, with heads of 15 KB

Bounded: one process, at most 1,000 descriptors. Prints one line of JSON at the end."""

import argparse
import base64
import collections
import errno
import itertools
import json
import random
import resource
import selectors
import socket
import ssl
import sys
import time


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Flood:
    def __init__(self, arguments):
        self.to = (arguments.host, arguments.port)
        self.sources = itertools.cycle(arguments.source.split(","))
        self.done = collections.Counter()
        self.open = collections.deque()

    def connect(self):
        """A connection under way; None when the kernel has no more."""
        family = socket.AF_INET6 if ":" in self.to[0] else socket.AF_INET
        try:
            made = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            return None
        made.setblocking(False)
        try:
            if source := next(self.sources):
                made.bind((source, 0))
            if made.connect_ex(self.to) not in (0, errno.EINPROGRESS):
                raise OSError
        except OSError:
            self.done["failed"] += 1
            made.close()
            return None
        self.done["connections"] += 1
        return made

    def at_rate(self, per_second, most, first_bytes=b""):
        """Yields between steps of a hundredth of a second."""
        begun, count = time.monotonic(), 0
        fresh = collections.deque()
        while True:
            due = int((time.monotonic() - begun) * per_second)
            for _ in range(min(due - count, 100)):
                if made := self.connect():
                    self.open.append(made)
                    fresh.append(made)
            count = due
            while fresh and first_bytes:
                try:
                    fresh[0].send(first_bytes)
                except BlockingIOError:
                    break
                except OSError:
                    pass
                fresh.popleft()
            if not first_bytes:
                fresh.clear()
            while len(self.open) > most:
                self.open.popleft().close()
            yield 0.01

    def idle(self, count):
        while True:
            still = collections.deque()
            for one in self.open:
                try:
                    if one.recv(1) == b"":
                        one.close()
                        continue
                except BlockingIOError:
                    pass
                except OSError:
                    one.close()
                    continue
                still.append(one)
            self.open = still
            while len(self.open) < count and (made := self.connect()):
                self.open.append(made)
            yield 0.05

    def asking(self, clients, request, read=True):
        """`clients` connections; each asks again when its answer is there, or never reads it."""
        selector = selectors.DefaultSelector()
        while True:
            while len(selector.get_map()) + len(self.open) < clients and (made := self.connect()):
                selector.register(made, selectors.EVENT_WRITE, Answer())
            for key, _ in selector.select(0.05):
                try:
                    self.go_on(selector, key.fileobj, key.data, request, read)
                except BlockingIOError:
                    continue
                except OSError:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
            yield 0 if read else 0.05

    def go_on(self, selector, one, answer, request, read):
        if answer.whole():
            one.send(request())
            self.done["requests"] += 1
            if read:
                selector.modify(one, selectors.EVENT_READ, Answer(waiting=True))
            else:
                selector.unregister(one)
                self.open.append(one)
            return
        received = one.recv(1 << 18)
        if not received:
            raise ConnectionError
        answer.take(received)
        if answer.whole():
            self.done[answer.status] += 1
            selector.modify(one, selectors.EVENT_WRITE, answer)


class Answer:
    """As much of it as tells where it ends."""

    def __init__(self, waiting=False):
        self.waiting, self.head, self.tail, self.status = waiting, b"", b"", ""

    def take(self, received):
        if b"\r\n\r\n" not in self.head:
            self.head += received
            self.status = self.head[9:12].decode(errors="replace")
        self.tail = (self.tail + received)[-5:]
        fields = self.head.split(b"\r\n\r\n", 1)[0].lower()
        chunked = b"transfer-encoding: chunked" in fields  # others come in one piece
        self.waiting = self.tail != b"0\r\n\r\n" if chunked else b"\r\n\r\n" not in self.head

    def whole(self):
        return not self.waiting


COLLECTORS = ("ports", "listeners", "netdev", "netstat", "sockstat", "arp", "netclass", "conntrack")


def metrics(query=""):
    return f"GET /metrics{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


PAGES = ("/", "/conflicts", "/conflicts?format=json", "/ports", "/ports?format=json", "/ports/2000", "/risks")


def page(number):
    path = PAGES[number % len(PAGES)]
    path += ("&" if "?" in path else "?") + f"n={number}"
    return (f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, */*\r\n"
            f"Accept-Language: {'a' * 15000}\r\n\r\n").encode()


def main():
    words = argparse.ArgumentParser()
    words.add_argument("kind")
    words.add_argument("host")
    words.add_argument("port", type=int)
    words.add_argument("--from", dest="source", default="")
    arguments = words.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    flood = Flood(arguments)
    number = itertools.count()

    def guess():
        word = base64.b64encode(f"prometheus:guess-{next(number)}".encode()).decode()
        return (f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {word}\r\n\r\n"
                ).encode()

    steps = {
        "idle": lambda: flood.idle(511),
        "connects": lambda: flood.at_rate(1000, 900),
        "hammer": lambda: flood.asking(50, metrics),
        "queries": lambda: flood.asking(50, lambda: metrics(f"?n={next(number)}")),
        "collects": lambda: flood.asking(50, lambda: metrics("?collect[]=" + "&collect[]=".join(
            random.sample(COLLECTORS, 4)))),
        "passwords": lambda: flood.asking(50, guess),
        "hellos": lambda: flood.at_rate(500, 900, client_hello()),
        "pages": lambda: flood.asking(400, lambda: page(next(number))),
        "readers": lambda: flood.asking(40, metrics, read=False),
    }[arguments.kind]()
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    begun = time.monotonic()
    print("ready", flush=True)
    for pause in steps:
        if waiting.select(pause):
            break
    print(json.dumps({"seconds": round(time.monotonic() - begun, 1), **flood.done}), flush=True)


if __name__ == "__main__":
    main()
