"""Real peers of /metrics: Debian's Prometheus scrapes it, promtool checks it."""

import json
import re
import subprocess

from conftest import pod, wait_until
from machine import SCRAPING


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


def api(machine, path, *parameters):
    words = [word for pair in parameters for word in ("--data-urlencode", pair)]
    done = machine.run("curl", "-s", "-g", "-G", *words, f"http://127.0.0.1:9090/api/v1/{path}",
                       check=False)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        return []
    answer = json.loads(done.stdout)
    return answer["data"] if answer["status"] == "success" else []


def query(machine, expression):
    found = api(machine, "query", f"query={expression}")
    return found["result"] if found else []


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
        arrived = {entry["metric"]: entry["type"] for entry in api(machine, "targets/metadata")}
        assert arrived["hostnet_findings_opened"] == "counter"
        return ({name for name, kind in families.items() if arrived.get(name) != kind}
                | samples - set(api(machine, "label/__name__/values")))
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
