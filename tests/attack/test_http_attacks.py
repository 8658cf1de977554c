"""Attacks on the HTTP server, from loopback by another user and from another machine, while honest
clients scrape from both places: every attack on every way to serve, and all of them together while
sockets and pods flood the node. Namespaces and a memory cgroup of 128 MiB of their own.

With HOSTNET_LONG=1 each lasts a minute instead of 8 seconds."""

import crypt
import json
import os
import pathlib
import subprocess

import pytest
from bounded import Bounded
from machine import PATIENCE, Agent, pod, wait_until

FLOOD_NODE = pathlib.Path(__file__).with_name("flood_node.py")
FLOOD = pathlib.Path(__file__).with_name("flood.py")
SCRAPER = pathlib.Path(__file__).with_name("scraper.py")
SECONDS = 60 if os.environ.get("HOSTNET_LONG") else 8
EVERY = 0.25
COUNT = int(SECONDS / EVERY)
NODE, ATTACKER, PROMETHEUS = "10.9.0.1", "10.9.0.2", "10.9.0.3"
MANY = [f"10.9.0.{n}" for n in range(20, 60)]  # of one attacker, too
PASSWORD = "prometheus:correct horse"
PAGES = ("/", "/ports", "/ports?format=json", "/check?port=2000&format=json", "/interfaces", "/routes?format=json",
         "/risks", "/history", "/metrics")
SERVICES = ("plain", "tls", "basic", "basic over tls")


class TlsAgent(Agent):
    def curl(self, path, *flags):
        done = self.machine.run("curl", "-sSk", "--max-time", "60", "-w", "\n%{http_code}", *flags,
                                f"https://127.0.0.1:{self.PORT}{path}", check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body


class Outside:
    """Another machine, with two addresses on a link to the node."""

    def __init__(self, machine):
        machine.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "out0")
        machine.run("ip", "address", "add", f"{NODE}/24", "dev", "eth0")
        machine.run("ip", "link", "set", "eth0", "up")
        self.shell = machine.start("unshare", "--net", "sh", "-c", "echo $$; exec sleep infinity",
                                   stdout=subprocess.PIPE, text=True)
        self.pid = self.shell.stdout.readline().strip()
        machine.run("ip", "link", "set", "out0", "netns", self.pid)
        for address in (ATTACKER, PROMETHEUS, *MANY):
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


def serve(machine, service, *flags):
    """The agent, and what a scraper of it needs: (agent, scheme, flags)."""
    config, more, tls = "", [], "tls" in service
    if tls:
        key, cert = certificate(machine.directory)
        config += f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}\n"
        more += ["--ca", cert]
    if "basic" in service:
        salted = crypt.crypt(PASSWORD.partition(":")[2], "$2b$10$" + "abcdefghijklmnopqrstuu")
        config += f"basic_auth_users: {{prometheus: '{salted}'}}\n"
        more += ["--user", PASSWORD]
    flags = list(flags) or ["--pods.source=none"]
    if config:
        flags.append(f"--web.config.file={machine.file('web.yml', config)}")
    kind = TlsAgent if tls else Agent
    return Bounded(machine, lambda machine, *flags, **options: kind(machine, flags, "/readyz", None, options),
                   *flags), "https" if tls else "http", more


def start(machine, *words, stdin=None):
    return machine.start(*words, stdin=stdin, stdout=subprocess.PIPE, text=True)


def start_floods(machine, outside, attacks, origin):
    floods = []
    for kind in attacks:
        attacker = ["/usr/bin/python3", FLOOD, kind]
        if origin == "loopback":
            words = ["setpriv", "--reuid=65534", "--clear-groups", *attacker, "127.0.0.1", "20000"]
        else:
            words = outside.enter(*attacker, NODE, "20000", "--from", ",".join(MANY) if origin == "many" else ATTACKER)
        flood = start(machine, *words, stdin=subprocess.PIPE)
        assert flood.stdout.readline() == "ready\n"
        floods.append((f"attack: {kind} from {origin}", flood))
    return floods


def start_node_flood(machine, folder):
    node = start(machine, "/usr/bin/python3", FLOOD_NODE, folder, 2000, stdin=subprocess.PIPE)
    assert node.stdout.readline() == "ready\n"
    return node


def empty(folder):
    for file in folder.iterdir():
        file.unlink()


def stop_floods(floods):
    for _, flood in floods:
        flood.stdin.close()
    return {name: json.loads(flood.stdout.readline()) for name, flood in floods}


def scrape(machine, outside, scheme, more, count=COUNT):
    """What honest clients report, by name; scrapers connect anew or keep their connections."""
    scraper = ["/usr/bin/python3", SCRAPER]
    local, node = f"{scheme}://127.0.0.1:20000", f"{scheme}://{NODE}:20000"
    honest = {
        "loopback, kept": [*scraper, f"{local}/metrics", count, EVERY, *more],
        "loopback, fresh": [*scraper, f"{local}/metrics", count, EVERY, *more, "--fresh"],
        "outside, kept": outside.enter(*scraper, f"{node}/metrics", count, EVERY, *more, "--from", PROMETHEUS),
        "outside, fresh": outside.enter(*scraper, f"{node}/metrics", count, EVERY, *more, "--from", PROMETHEUS,
                                        "--fresh"),
        "healthz on loopback": [*scraper, f"{local}/healthz", count, EVERY, *more, "--fresh"],
        "healthz at the node's address": [*scraper, f"{node}/healthz", count, EVERY, *more, "--fresh"],
    }
    running = {name: start(machine, *words) for name, words in honest.items()}
    return {name: json.loads(one.communicate(timeout=count * PATIENCE)[0]) for name, one in running.items()}


def scrape_once(machine, scheme, more):
    """What is made for the first scrape is there before an attack."""
    done = machine.run("/usr/bin/python3", SCRAPER, f"{scheme}://127.0.0.1:20000/metrics", "3", "0.1", *more)
    assert json.loads(done.stdout)["good"] == 3, done.stdout


def use_each_part_once(machine, agent, folder, flags):
    """One finding that opens and closes, one request of each kind. Code that is touched for the first time
    becomes resident and stays so: that is no leak, so it is done before anything is measured."""
    squatter = machine.listen(1999)
    (folder / "first.json").write_text(pod("first", 1999))
    def conflicts():
        return json.loads(agent.text("/conflicts?format=json", *flags))["findings"]
    wait_until(conflicts, what="a finding")
    machine.stop(squatter)
    (folder / "first.json").unlink()
    wait_until(lambda: not conflicts(), what="the end of the finding")
    for page in PAGES:
        agent.text(page, *flags)


def check(name, results, late=0):
    """`late`: so many of 32 may be, but no /healthz on loopback."""
    print(f"\n{name}")
    for who, result in results.items():
        print(f"  {who}: {json.dumps(result)}")
    for who, result in results.items():
        if not who.startswith("attack"):
            least = result["asked"] if "healthz" in who else 0.99 * result["asked"]
            least -= 0 if who == "healthz on loopback" else late
            assert result["good"] >= least, (name, who, result)


def settle(bounded, before):
    most = bounded.check_most()
    after = bounded.check_as_before(before)
    print(f"  {before['resident']} KiB resident before, at most {most}, {after['resident']} afterwards")


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
    # From forty addresses: each has a share of its own.
    for attacks, service in ((("collects",), "plain"), (("passwords",), "basic"), (("hellos",), "tls"),
                             (("hellos",), "basic over tls"), (("idle", "connects"), "basic over tls")):
        yield attacks, service, "many"


@pytest.mark.parametrize("attacks,service,origin", cases(),
                         ids=lambda word: word if isinstance(word, str) else "+".join(word))
def test_honest_scrapers_are_answered_under(machine, outside, attacks, service, origin):
    bounded, scheme, more = serve(machine, service)
    scrape_once(machine, scheme, more)
    before = bounded.settled()
    floods = start_floods(machine, outside, attacks, origin)
    results = scrape(machine, outside, scheme, more)
    results |= stop_floods(floods)
    check(f"{'+'.join(attacks)} on {service} from {origin}", results)
    settle(bounded, before)


def attack_everything(machine, outside, service, count, more_flags=()):
    """All attacks together: what everybody reports, and the agent with what it used before."""
    folder = machine.directory / "pods"
    folder.mkdir()
    bounded, scheme, more = serve(machine, service, "--pods.source=manifests", f"--pods.manifests={folder}")
    use_each_part_once(machine, bounded.agent, folder, ["--user", PASSWORD] if "basic" in service else [])
    scrape_once(machine, scheme, [*more, *more_flags])
    before = bounded.settled()
    attacks = ["idle", "connects", "hammer", "queries", "readers"]
    attacks += ["passwords", "hellos"] if service != "plain" else []
    floods = [("attack: the node", start_node_flood(machine, folder)),
              *start_floods(machine, outside, attacks, "outside")]
    results = scrape(machine, outside, scheme, [*more, *more_flags], count)
    results |= stop_floods(floods)
    empty(folder)
    return results, bounded, before


@pytest.mark.parametrize("service", ["plain", "basic over tls"])
def test_honest_scrapers_are_answered_under_everything_at_once(machine, outside, service):
    results, bounded, before = attack_everything(machine, outside, service, COUNT)
    check(f"everything on {service}", results, late=1)
    settle(bounded, before)
