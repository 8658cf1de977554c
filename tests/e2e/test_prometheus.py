"""Real peers of /metrics: Debian's Prometheus scrapes it, promtool checks it."""

import json
import re
import subprocess

import pytest
from conftest import pod, wait_until
from machine import PATIENCE, SCRAPING, Machine
from prometheus_lab import ask, query


def test_promtool_finds_nothing_to_complain_about(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          "--collector.listener_info")
    page = agent.text("/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True,
                          text=True, timeout=300)
    # promlint also has opinions on names that are node_exporter's and stay as they are.
    complaints = [line for line in (done.stdout + done.stderr).splitlines()
                  if not line.startswith("node_")]
    assert complaints == [], complaints
    assert "# TYPE hostnet_port_conflict gauge" in page


@pytest.fixture
def neighbour(machine, tmp_path):
    """Another machine, 10.9.0.2, on one cable with the first, 10.9.0.1."""
    (tmp_path / "neighbour").mkdir()
    made = Machine(tmp_path / "neighbour")
    try:
        # Its process has no number in the PID namespace of the first.
        subprocess.run(["nsenter", "-t", str(machine.init), "--net", "ip", "link", "add", "cable", "type", "veth",
                        "peer", "name", "cable", "netns", str(made.init)], check=True, timeout=PATIENCE)
        for address, each in enumerate((machine, made), 1):
            each.run("ip", "address", "add", f"10.9.0.{address}/24", "dev", "cable")
            each.run("ip", "link", "set", "cable", "up")
        yield made
    finally:
        made.close()


def test_fleet_tells_from_stored_series_what_the_agents_themselves_say(machine, neighbour):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    neighbour.listen(9090, name="other")
    nodes = {"first": (machine, "10.9.0.1"), "second": (neighbour, "10.9.0.2")}
    agents = {name: each.agent("--web.listen-address=:20000", "--pods.source=manifests",
                               f"--pods.manifests={machine.directory}/pods") for name, (each, _) in nodes.items()}
    targets = ", ".join(f"{{targets: ['{address}:20000'], labels: {{node: {name}}}}}"
                        for name, (_, address) in nodes.items())
    config = machine.file("prometheus.yml", f"""
global: {{{SCRAPING}}}
scrape_configs:
  - {{job_name: hostnet, honor_labels: true, static_configs: [{targets}]}}
""")
    machine.start("prometheus", f"--config.file={config}", f"--storage.tsdb.path={machine.directory}/data",
                  "--web.listen-address=127.0.0.1:9090")
    wait_until(lambda: len(query(machine, "hostnet_build_info")) == 2, what="both agents' series")
    wait_until(lambda: query(machine, "hostnet_port_conflict"), what="the conflict")

    def fleet(*words):
        done = machine.once("fleet", "--prometheus=http://127.0.0.1:9090", f"--timeout={PATIENCE:g}s", "--json", *words)
        assert done.stderr == ""
        return json.loads(done.stdout), done.returncode

    answer, status = fleet()
    assert (answer["from"], status) == ("prometheus", 1)
    (told,) = [f for f in answer["findings"] if f["class"] == "conflict"]
    (itself,) = agents["first"].findings()
    assert told["node"] == "first"
    assert [told[name] for name in ("verdict", "severity", "port", "protocol")] == [
        itself[name] for name in ("verdict", "severity", "port", "protocol")]
    assert [(h["kind"], h["name"]) for h in told["held_by"]] == [(h["kind"], h["name"]) for h in itself["held_by"]]

    def by_node(port):
        return {one["node"]: one["verdict"] for one in fleet(f"--port={port}")[0]["nodes"]}
    assert by_node(8080) == {"first": "in_use", "second": "free"}
    # Prometheus itself, which began to listen when its agent had read the sockets, and the other.
    wait_until(lambda: by_node(9090) == {"first": "in_use", "second": "in_use"}, what="who has 9090")

    assert agents["second"].stop() == 0
    wait_until(lambda: len(query(machine, "hostnet_build_info")) == 1, what="the end of its series")
    answer, status = fleet()
    assert status == 2 and [one["node"] for one in answer["nodes"] if not one["answered"]] == ["second"]


# Off by default, and there on every machine.
MORE = ("interrupts", "listener_info", "lnstat", "network_route", "processes", "qdisc", "softirqs",
        "tcpstat")


def test_prometheus_scrapes_openmetrics_and_every_family_arrives(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          "--collector.network_changes.neighbours",
                          *(f"--collector.{name}" for name in MORE))
    config = machine.file("prometheus.yml", f"""
global: {{{SCRAPING}}}
scrape_configs:
  - job_name: hostnet
    honor_labels: true
    static_configs: [{{targets: ['127.0.0.1:20000']}}]
""")
    machine.start("prometheus", f"--config.file={config}",
                  f"--storage.tsdb.path={machine.directory}/data",
                  "--web.listen-address=127.0.0.1:9090")
    assert wait_until(lambda: query(machine, 'up{job="hostnet"} == 1'), 30, "the first scrape")
    found = wait_until(lambda: query(machine, "hostnet_port_conflict"), 10, "the conflict")
    labels = found[0]["metric"]
    assert labels["verdict"] == "unmanaged_process"
    assert labels["holder"] == "squatter"
    assert (labels["namespace"], labels["pod"], labels["port"]) == ("default", "web", "8080")
    assert query(machine, "process_resident_memory_bytes")
    for name in ("ports", *MORE):
        assert query(machine, f'node_scrape_collector_success{{collector="{name}"}} == 1'), name

    page = agent.text("/metrics", "-H", "Accept: application/openmetrics-text; version=1.0.0")
    families = dict(re.findall(r"^# TYPE (\S+) (\w+)$", page, re.M))
    assert {"counter", "gauge", "histogram", "unknown"} <= set(families.values())
    assert families["hostnet_network_changes"] == "counter"
    # Text calls a counter's family by its samples' name, OpenMetrics does not: Prometheus got the
    # latter, and of every family, with the same type.
    samples = set(re.findall(r"^([a-z_0-9]+)[{ ]", page, re.M))

    def missing():
        arrived = {entry["metric"]: entry["type"] for entry in ask(machine, "targets/metadata")}
        assert arrived["hostnet_findings_opened"] == "counter"
        return ({name for name, kind in families.items() if arrived.get(name) != kind}
                | samples - set(ask(machine, "label/__name__/values")))
    try:
        wait_until(lambda: not missing(), 10)
    except AssertionError:
        assert missing() == set()


def test_openmetrics_and_gzip_are_answered_when_asked_for(machine):
    agent = machine.agent("--pods.source=none")
    page = agent.text("/metrics", "-H", "Accept: application/openmetrics-text; version=1.0.0")
    assert page.endswith("# EOF\n")
    plain = agent.text("/metrics")
    assert "# EOF" not in plain
    unpacked = agent.text("/metrics", "--compressed", "-D", f"{machine.directory}/headers")
    assert "content-encoding: gzip" in (machine.directory / "headers").read_text().lower()
    assert "hostnet_build_info" in unpacked


def test_collect_chooses_collectors(machine):
    agent = machine.agent("--pods.source=none")
    page = agent.text("/metrics?collect[]=sockstat")
    assert "node_sockstat_sockets_used" in page and "hostnet_findings{" not in page
    page = agent.text("/metrics?exclude[]=sockstat")
    assert "node_sockstat_sockets_used" not in page and "hostnet_findings{" in page
    assert agent.curl("/metrics?collect[]=ports&exclude[]=sockstat")[0] == 400
    assert agent.curl("/metrics?collect[]=listener_info")[0] == 400
