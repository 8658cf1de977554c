"""Real peers of /metrics: Debian's Prometheus scrapes it, promtool checks it."""

import json
import subprocess

from conftest import pod, wait_until


def test_promtool_finds_nothing_to_complain_about(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          "--collector.listener_info")
    page = agent.text("/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True,
                          text=True, timeout=30)
    # promlint also has opinions on names that are node_exporter's and stay as they are.
    complaints = [line for line in (done.stdout + done.stderr).splitlines()
                  if not line.startswith("node_")]
    assert complaints == [], complaints
    assert "# TYPE hostnet_port_conflict gauge" in page


def query(machine, expression):
    done = machine.run("curl", "-s", "-g", "--data-urlencode", f"query={expression}",
                       "http://127.0.0.1:9090/api/v1/query", check=False)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        return []
    answer = json.loads(done.stdout)
    return answer["data"]["result"] if answer["status"] == "success" else []


def test_prometheus_scrapes_both_formats_and_keeps_the_labels(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    config = machine.file("prometheus.yml", """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: hostnet
    honor_labels: true
    static_configs: [{targets: ['127.0.0.1:20000']}]
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
    assert query(machine, 'node_scrape_collector_success{collector="ports"} == 1')


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
