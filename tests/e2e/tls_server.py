"""An HTTP server over TLS whose handshakes are made where the requests are: one peer that hangs or goes
away does not hold up the others."""

import http.server
import socketserver
import ssl


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            self.request.settimeout(5)
            self.request.do_handshake()
            super().handle()
        except OSError:  # a peer that does not trust us, or went away
            pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port, handler, certificate, key):
        super().__init__(("127.0.0.1", port), handler)
        self.load(certificate, key)

    def load(self, certificate, key):
        """For connections that come from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.context = context

    def get_request(self):
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True,
                                        do_handshake_on_connect=False), address
