"""Very many sockets of one process, until stdin closes:  crowd.py udp|listen|connect FIRST COUNT"""

import resource
import socket
import sys

kind, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
most = count + 200
resource.setrlimit(resource.RLIMIT_NOFILE, (most, max(most, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
sockets = []
AGENT = 20000  # whose port it is


def bound(kind, port):
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", port))
    sockets.append(made)
    return made


if kind == "connect":
    server = bound(socket.SOCK_STREAM, first)
    server.listen(4096)
    for port in range(first + 1, first + 1 + count // 2):
        if port == AGENT:
            continue
        client = bound(socket.SOCK_STREAM, port)
        client.connect(("127.0.0.1", first))
        sockets.append(server.accept()[0])
else:
    for port in range(first, first + count):
        if port == AGENT:
            continue
        made = bound(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM, port)
        if kind == "listen":
            made.listen(1)
print("ready", flush=True)
sys.stdin.read()
