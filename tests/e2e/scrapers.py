"""Clients that scrape, each on a connection that it keeps; run inside a machine:

    scrapers.py PORT CLIENTS SCRAPES SECONDS [EVERY]

until each has so many scrapes or the time is over, one every so many seconds or without a pause.

Prints JSON: how many answers by status, and what a page lacked of the first one: families, and
series of devices whose names begin with "keep" or "lo"."""

import collections
import json
import re
import socket
import sys
import threading
import time

KEPT = re.compile(r'^(\w+)\{.*?\bdevice="((?:keep|lo)[^"]*)"')


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def scrape(self):
        """(status, page)"""
        self.socket.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.receive()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if length:
            while len(body) < int(length.group(1)):
                body += self.receive()
            return int(head.split()[1]), body.decode()
        body = bytearray(body)
        while not body.endswith(b"\r\n0\r\n\r\n"):  # no page has "\r" in it
            body += self.receive()
        return int(head.split()[1]), unchunked(bytes(body)).decode()

    def receive(self):
        got = self.socket.recv(1 << 18)
        if not got:
            raise ConnectionError("closed")
        return got


def unchunked(body):
    out, at = [], 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end], 16)
        if size == 0:
            return b"".join(out)
        out.append(body[end + 2:end + 2 + size])
        at = end + 2 + size + 2


def outline(page):
    """What must not be missing later."""
    found = set()
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            found.add(line.split(" ")[2])
        elif kept := KEPT.match(line):
            found.add(kept.groups())
        elif line.startswith("node_scrape_collector_success") and line.endswith(" 1"):
            found.add(line)
    return found


def main():
    port, clients, scrapes, seconds, every = (float(word) for word in (sys.argv[1:] + ["0"])[:5])
    end = time.monotonic() + seconds
    lock = threading.Lock()
    statuses, lost, errors = collections.Counter(), collections.Counter(), []
    first = []

    def run():
        done = 0
        try:
            client = Client(int(port))
            begun = time.monotonic()
            while done < scrapes and time.monotonic() < end:
                status, page = client.scrape()
                done += 1
                time.sleep(max(0, min(end, begun + done * every) - time.monotonic()))
                seen = outline(page) if status == 200 else set()
                with lock:
                    statuses[status] += 1
                    if status == 200:
                        first[:] = first or [seen]
                        lost.update(" ".join(one) if isinstance(one, tuple) else one
                                    for one in first[0] - seen)
        except (OSError, ValueError) as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=run) for _ in range(int(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"statuses": statuses, "lost": lost, "errors": errors,
                      "outline": len(first[0]) if first else 0}))


if __name__ == "__main__":
    main()
