"""An API server that answers every request with more than anybody can take, or ever more slowly, until
its peer goes away:

    hostile_server.py DIRECTORY PORT KIND

DIRECTORY has server.crt and server.key; the kinds are the functions below. Prints "ready"; at each end
of an answer how many bytes of it were sent."""

import pathlib
import socket
import sys
import time

import tls_server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WITHOUT_LENGTH = HEAD + b"Connection: close\r\n\r\n"
LIST = b'{"metadata":{"resourceVersion":"5"},"items":[%s]}'
POD = (b'{"metadata":{"name":"p%d","namespace":"d","uid":"u%d"},"spec":{"nodeName":"n1","hostNetwork":true,'
       b'"containers":[{"name":"c","ports":[{"containerPort":%d}]}]},"status":{"phase":"Running"}}')


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def forever(piece):
    while True:
        yield piece


def status_line():
    yield b"HTTP/1.1 200 "
    yield from forever(b"O" * 16384)


def long_status_line():
    yield b"HTTP/1.1 200 " + b"O" * 100_000 + b"\r\nContent-Length: 2\r\n\r\n{}"


def long_interim_answer():
    yield b"HTTP/1.1 100 " + b"O" * 100_000 + b"\r\n\r\n"


def header_line():
    yield HEAD + b"X-More: "
    yield from forever(b"a" * 16384)


def headers():
    yield HEAD
    yield from forever(b"".join(b"X-%d: y\r\n" % n for n in range(1000)))


def interim_answers():
    yield from forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


def chunk_line():
    yield CHUNKED + b"5;"
    yield from forever(b"a" * 16384)


def trailer():
    yield CHUNKED + chunk(LIST % b"") + b"0\r\n"
    yield from forever(b"X-More: y\r\n" * 1000)


def endless(begun, piece):
    """A kind whose body begins like that and never ends."""
    def answer():
        yield WITHOUT_LENGTH + begun
        yield from forever(piece)
    return answer


value = endless(b'{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"', b"a" * 65536)
key = endless(b'{"', b"a" * 65536)
depth = endless(b'{"items":[', b"[" * 65536)


def pods():
    yield WITHOUT_LENGTH + b'{"metadata":{"resourceVersion":"5"},"items":['
    n = 0
    while True:
        yield b",".join(POD % (n + i, n + i, 1 + (n + i) % 60000) for i in range(200)) + b","
        n += 200


def ports():
    """Pods with as many ports as one object of etcd holds."""
    many = b",".join(b'{"hostPort":%d,"containerPort":%d}' % (p, p) for p in range(1, 30000))
    yield WITHOUT_LENGTH + b'{"metadata":{"resourceVersion":"5"},"items":['
    n = 0
    while True:
        yield (b'{"metadata":{"name":"p%d","uid":"u%d"},"spec":{"nodeName":"n1","containers":[{"name":"c",'
               b'"ports":[%s]}]},"status":{"phase":"Running"}},' % (n, n, many))
        n += 1


def slowly(first, piece):
    yield first
    while True:
        time.sleep(0.2)
        yield piece


def dripping_head():
    yield from slowly(HEAD, b"X: y\r\n")


def dripping_list():
    yield from slowly(WITHOUT_LENGTH + b'{"items":[', b" ")


def cut_watch():
    """Nothing but its head; the list before it is good."""
    yield CHUNKED + chunk(b" ")


class Handler(tls_server.Handler):
    kind = None

    def do_GET(self):
        self.close_connection = True
        sent = 0
        answer = globals()[self.kind]
        if self.kind == "cut_watch" and "watch=1" not in self.path:
            answer = lambda: [HEAD + b"Content-Length: %d\r\n\r\n" % len(LIST % b"") + LIST % b""]
        if self.path == "/version":
            answer = lambda: [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]
        self.request.settimeout(30)
        try:
            for piece in answer():
                self.wfile.write(piece)
                sent += len(piece)
        except OSError:  # it has enough
            pass
        print(self.path, time.monotonic(), sent, flush=True)
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    directory, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    Handler.kind = sys.argv[3]
    server = tls_server.Server(port, Handler, directory / "server.crt", directory / "server.key")
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
