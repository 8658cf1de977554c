"""An honest client: asks every so often and says how it went.

    scraper.py URL COUNT EVERY [--ca FILE] [--user NAME:PASSWORD] [--from ADDRESS] [--fresh]
               [--patience SECONDS]

A connection is kept from one request to the next as Prometheus keeps it, or each request has a
fresh one. Prints JSON: how many answers were 200 and whole within the patience (a second), why others were not, and
the times."""

import argparse
import base64
import collections
import http.client
import json
import ssl
import time
import urllib.parse

PATIENCE = 1.0


class Scraper:
    def __init__(self, arguments):
        self.url = urllib.parse.urlsplit(arguments.url)
        self.path = self.url._replace(scheme="", netloc="").geturl()
        self.source = (arguments.source, 0) if arguments.source else None
        self.context = ssl.create_default_context(cafile=arguments.ca) if arguments.ca else None
        self.headers = {"Host": "localhost", "Accept": "text/plain;version=0.0.4"}
        if arguments.user:
            self.headers["Authorization"] = \
                "Basic " + base64.b64encode(arguments.user.encode()).decode()
        self.fresh, self.patience = arguments.fresh, arguments.patience
        self.connection = None

    def opened(self):
        if self.connection:
            return self.connection
        place = (self.url.hostname, self.url.port)
        if self.url.scheme == "https":
            self.connection = http.client.HTTPSConnection(
                *place, timeout=self.patience, context=self.context, source_address=self.source)
        else:
            self.connection = http.client.HTTPConnection(
                *place, timeout=self.patience, source_address=self.source)
        return self.connection

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self):
        kept = self.connection is not None
        try:
            self.opened().request("GET", self.path, headers=self.headers)
            answer = self.connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            self.close()
            if not kept:
                raise
            return self.ask()  # as Go's client does when a kept connection was closed
        answer.read()
        if self.fresh:
            self.close()
        return answer.status


def main():
    words = argparse.ArgumentParser()
    words.add_argument("url")
    words.add_argument("count", type=int)
    words.add_argument("every", type=float)
    words.add_argument("--ca", default="")
    words.add_argument("--user", default="")
    words.add_argument("--from", dest="source", default="")
    words.add_argument("--fresh", action="store_true")
    words.add_argument("--patience", type=float, default=PATIENCE)
    arguments = words.parse_args()
    scraper = Scraper(arguments)
    times, trouble = [], collections.Counter()
    begun = time.monotonic()
    for n in range(arguments.count):
        time.sleep(max(0, begun + n * arguments.every - time.monotonic()))
        start = time.monotonic()
        try:
            status = scraper.ask()
            took = time.monotonic() - start
            if status != 200:
                trouble[str(status)] += 1
            elif took > arguments.patience:
                trouble["slow"] += 1
            else:
                times.append(took)
        except (OSError, http.client.HTTPException) as error:
            trouble[type(error).__name__] += 1
            scraper.close()
    times.sort()
    print(json.dumps({"asked": arguments.count, "good": len(times), "trouble": trouble,
                      "median_ms": round(1000 * times[len(times) // 2], 1) if times else None,
                      "worst_ms": round(1000 * times[-1], 1) if times else None}))


if __name__ == "__main__":
    main()
