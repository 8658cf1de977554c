"""Floods the node itself, until stdin closes:  flood_node.py FOLDER FIRST

Crowds of sockets come and go (3,000 UDP, 3,000 listeners, 1,000 connections), and in FOLDER manifests of
300 pods with 100 host ports each are written again and again. Prints JSON at the end."""

import json
import pathlib
import resource
import selectors
import socket
import sys

folder, first = pathlib.Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (9000, max(9000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))


def sockets():
    """A step of work each time; what it opened is closed at the end."""
    opened = []
    for port in range(first, first + 3000):
        opened.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        opened[-1].bind(("0.0.0.0", port))
        opened.append(socket.socket())
        opened[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened[-1].bind(("0.0.0.0", port))
        opened[-1].listen(16)
        if port % 100 == 0:
            yield
    listener = opened[1].getsockname()[1]
    for _ in range(1000):
        opened.append(socket.socket())
        opened[-1].setblocking(False)
        opened[-1].connect_ex(("127.0.0.1", listener))
    yield
    for one in opened:
        one.close()


def pods(turn):
    for n in range(300):
        ports = [{"containerPort": 80, "hostPort": 1 + (turn * 7 + n * 100 + i) % 65000} for i in range(100)]
        made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}", "namespace": "flood"},
                "spec": {"containers": [{"name": "c", "ports": ports}]}}
        (folder / f".{n}.new").write_text(json.dumps(made))
        (folder / f".{n}.new").rename(folder / f"{n}.json")
        if n % 30 == 0:
            yield


def forever(make):
    turn = 0
    while True:
        yield from make(turn)
        turn += 1
        done[make.__name__] = turn


def sockets_again(_):
    yield from sockets()


done = {}
waiting = selectors.DefaultSelector()
waiting.register(sys.stdin, selectors.EVENT_READ)
print("ready", flush=True)
for _ in zip(forever(sockets_again), forever(pods)):
    if waiting.select(0.01):
        break
print(json.dumps(done), flush=True)
