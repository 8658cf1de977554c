"""Attacks on the HTTP server, from loopback by another user and from another machine, while honest
clients scrape from both places: every attack on every way to serve. Namespaces of their own.

With HOSTNET_LONG=1 each lasts a minute instead of 8 seconds."""

import crypt
import json
import os
import pathlib
import subprocess

import pytest
from machine import Agent

FLOOD = pathlib.Path(__file__).with_name("flood.py")
SCRAPER = pathlib.Path(__file__).with_name("scraper.py")
SECONDS = 60 if os.environ.get("HOSTNET_LONG") else 8
EVERY = 0.25
COUNT = int(SECONDS / EVERY)
NODE, ATTACKER, PROMETHEUS = "10.9.0.1", "10.9.0.2", "10.9.0.3"
PASSWORD = "prometheus:correct horse"
SERVICES = ("plain", "tls", "basic", "basic over tls")


class TlsAgent(Agent):
    def curl(self, path, *flags):
        done = self.machine.run("curl", "-sSk", "--max-time", "10", "-w", "\n%{http_code}", *flags,
                                f"https://127.0.0.1:{self.PORT}{path}", check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body


class Outside:
    """Another machine, with two addresses on a link to the node."""

    def __init__(self, machine):
        machine.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "out0")
        machine.run("ip", "address", "add", f"{NODE}/24", "dev", "eth0")
        machine.run("ip", "link", "set", "eth0", "up")
        self.shell = machine.start("unshare", "--net", "sh", "-c", "echo $$; exec sleep 3600",
                                   stdout=subprocess.PIPE, text=True)
        self.pid = self.shell.stdout.readline().strip()
        machine.run("ip", "link", "set", "out0", "netns", self.pid)
        for address in (ATTACKER, PROMETHEUS):
            machine.run(*self.enter("ip", "address", "add", f"{address}/24", "dev", "out0"))
        machine.run(*self.enter("ip", "link", "set", "out0", "up"))

    def enter(self, *words):
        return ("nsenter", "-t", self.pid, "--net", "--", *words)


@pytest.fixture
def outside(machine):
    return Outside(machine)


def certificate(directory):
    key, cert = directory / "tls.key", directory / "tls.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "2", "-subj", "/CN=node", "-addext",
                    f"subjectAltName=IP:127.0.0.1,IP:{NODE},DNS:localhost"],
                   check=True, capture_output=True)
    return key, cert


def serve(machine, service):
    """The agent, and what a scraper of it needs: (scheme, flags)."""
    config, more, tls = "", [], "tls" in service
    if tls:
        key, cert = certificate(machine.directory)
        config += f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}\n"
        more += ["--ca", cert]
    if "basic" in service:
        salted = crypt.crypt(PASSWORD.partition(":")[2], "$2b$10$" + "abcdefghijklmnopqrstuu")
        config += f"basic_auth_users: {{prometheus: '{salted}'}}\n"
        more += ["--user", PASSWORD]
    flags = ["--pods.source=none"]
    if config:
        flags.append(f"--web.config.file={machine.file('web.yml', config)}")
    (TlsAgent if tls else Agent)(machine, flags, "/readyz", None, {})
    return "https" if tls else "http", more


def start(machine, *words, stdin=None):
    return machine.start(*words, stdin=stdin, stdout=subprocess.PIPE, text=True)


def run_attack(machine, outside, service, attacks, origin):
    """What everybody reports, by name; scrapers connect anew or keep their connections."""
    scheme, more = serve(machine, service)
    floods = []
    for kind in attacks:
        attacker = ["/usr/bin/python3", FLOOD, kind]
        if origin == "loopback":
            words = ["setpriv", "--reuid=65534", "--clear-groups", *attacker, "127.0.0.1", "20000"]
        else:
            words = outside.enter(*attacker, NODE, "20000", "--from", ATTACKER)
        flood = start(machine, *words, stdin=subprocess.PIPE)
        assert flood.stdout.readline() == "ready\n"
        floods.append((kind, flood))

    scraper = ["/usr/bin/python3", SCRAPER]
    honest = {
        "loopback, kept": [*scraper, f"{scheme}://127.0.0.1:20000/metrics", COUNT, EVERY, *more],
        "loopback, fresh": [*scraper, f"{scheme}://127.0.0.1:20000/metrics", COUNT, EVERY, *more,
                            "--fresh"],
        "outside, kept": outside.enter(*scraper, f"{scheme}://{NODE}:20000/metrics", COUNT, EVERY,
                                       *more, "--from", PROMETHEUS),
        "outside, fresh": outside.enter(*scraper, f"{scheme}://{NODE}:20000/metrics", COUNT, EVERY,
                                        *more, "--from", PROMETHEUS, "--fresh"),
        "healthz on loopback": [*scraper, f"{scheme}://127.0.0.1:20000/healthz", COUNT, EVERY,
                                *more, "--fresh"],
        "healthz at the node's address": [*scraper, f"{scheme}://{NODE}:20000/healthz", COUNT,
                                          EVERY, *more, "--fresh"],
    }
    running = {name: start(machine, *words) for name, words in honest.items()}
    results = {name: json.loads(one.communicate(timeout=SECONDS + 60)[0])
               for name, one in running.items()}
    for kind, flood in floods:
        flood.stdin.close()
        results["attack: " + kind] = json.loads(flood.stdout.readline())
    return results


def check(name, results):
    print(f"\n{name}")
    for who, result in results.items():
        print(f"  {who}: {json.dumps(result)}")
    for who, result in results.items():
        if who.startswith("attack"):
            continue
        least = result["asked"] if "healthz" in who else 0.99 * result["asked"]
        assert result["good"] >= least, (name, who, result)


def cases():
    """Those about connections on every service; the others speak plain HTTP."""
    for origin in ("loopback", "outside"):
        for service in SERVICES:
            yield ("idle", "connects"), service, origin
        for attack in ("hammer", "queries", "readers"):
            yield (attack,), "plain", origin
        yield ("passwords",), "basic", origin
        for service in ("tls", "basic over tls"):
            yield ("hellos", "idle"), service, origin


@pytest.mark.parametrize("attacks,service,origin", cases(),
                         ids=lambda word: word if isinstance(word, str) else "+".join(word))
def test_honest_scrapers_are_answered_under(machine, outside, attacks, service, origin):
    results = run_attack(machine, outside, service, attacks, origin)
    print(f"\n{'+'.join(attacks)} on {service} from {origin}")
    for who, result in results.items():
        print(f"  {who}: {json.dumps(result)}")
    for who, result in results.items():
        if not who.startswith("attack"):
            least = result["asked"] if "healthz" in who else 0.99 * result["asked"]
            assert result["good"] >= least, (who, result)
