"""deploy/alerts with a real Prometheus and a real Alertmanager."""

import json
import re

import yaml
from conftest import ROOT, hold_block, pod, wait_until
from prometheus_lab import ALERTS, RUNBOOKS, port_forward, prometheus, query, quick

RECEIVER = """
import http.server, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "ab") as out:
            out.write(body.strip() + b"\\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", 9095), Receiver).serve_forever()
"""


def test_a_conflict_made_by_hand_reaches_the_one_on_call_and_resolves(machine):
    """The rules and Alertmanager's part as they are, but for how long each waits."""
    machine.file("pods/pod.yaml", pod(port=8080))
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    rules = quick(machine, **{"for": "1s"})
    heard = machine.directory / "heard"
    heard.touch()
    part = yaml.safe_load((ALERTS / "alertmanager.yml").read_text())
    part["route"].update(group_wait="0s", group_interval="1s")
    part["receivers"][0]["webhook_configs"] = [{"url": "http://127.0.0.1:9095", "send_resolved": True}]
    config = machine.file("alertmanager.yml", yaml.safe_dump(part))
    machine.python(RECEIVER, str(heard))
    machine.start("prometheus-alertmanager", f"--config.file={config}", "--web.listen-address=127.0.0.1:9093",
                  "--cluster.listen-address=", f"--storage.path={machine.directory}/alertmanager")
    prometheus(machine, rules, "alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:9093']}]}]}")
    wait_until(lambda: query(machine, 'up{job="hostnet"} == 1'), 30, "the first scrape")

    def alerts(status):
        return [alert for line in heard.read_text().splitlines() for alert in json.loads(line)["alerts"]
                if alert["labels"]["alertname"] == "HostPortConflict" and alert["status"] == status]

    assert alerts("firing") == []
    squatter = machine.listen(8080, name="squatter")
    fired = wait_until(lambda: alerts("firing"), 60, "the alert")[0]
    assert fired["labels"] == {
        "alertname": "HostPortConflict", "verdict": "unmanaged_process", "severity": "critical", "protocol": "tcp",
        "port": "8080", "namespace": "default", "workload": "Pod/web", "holder_kind": "unmanaged_process"}
    assert fired["annotations"] == {
        "summary": "Host port 8080/tcp of Pod/web in default: unmanaged_process on 1 node",
        "description": "Pod/web in default declares host port 8080/tcp; on n1 it meets squatter (unmanaged_process). "
                       "What to do: stop the process or its unit, or change the pod's port. "
                       + port_forward("n1", "/ports/8080"),
        "runbook_url": "https://hostnet-agent.io/runbooks/unmanaged_process"}
    assert (RUNBOOKS / f"{fired['annotations']['runbook_url'].rpartition('/')[2]}.md").exists()
    assert agent.verdicts(port=8080) == ["unmanaged_process"]
    machine.stop(squatter)
    wait_until(lambda: alerts("resolved"), 60, "its end")


NODE = ROOT / "tests/fixtures/nodes/busy"
SIZES = (10, 500, 5000)
KINDS = {
    "`hostnet_findings`": r"hostnet_findings",
    "findings that hold: `hostnet_port_conflict`, `hostnet_port_risk`": r"hostnet_port_(conflict|risk)",
    "listeners: `hostnet_listener_accept_queue`, its limit": r"hostnet_listener_.*",
    "the agent's other series of ports": r"hostnet_.*",
    "node_exporter's families": r"node_.*",
}


def cardinality(machine):
    """The table of deploy/alerts/README.md."""
    # A recording has no process of the agent in it.
    living = machine.agent("--pods.source=none")
    process = len(living.metric("^(process|promhttp)_"))
    living.stop()
    machine.agent(f"--replay={NODE}")
    prometheus(machine, quick(machine))
    wait_until(lambda: query(machine, "hostnet:ephemeral_ports_used:ratio")
               and query(machine, "hostnet:agents_incomplete:count"), 60, "the recording rules")
    # What Prometheus adds to each scrape, and what depends on how long the agent has run, is left out.
    counted = {one["metric"]["__name__"]: int(one["value"][1]) for one in query(
        machine, 'count by (__name__) ({__name__!~"up|scrape_.*|ALERTS.*|hostnet_scan_(duration|errors).*|(process|promhttp)_.*",job!=""})')}
    rows, rest = [], dict(counted)
    for title, pattern in KINDS.items():
        names = [name for name in rest if re.fullmatch(pattern, name)]
        rows.append((title, sum(rest.pop(name) for name in names), True))
    assert not rest, rest
    rows.append(("of its process and its HTTP server", process, True))
    recorded = query(machine, '{__name__=~"hostnet:.*"}')
    per_node = [one for one in recorded if {"node", "instance"} & set(one["metric"])]
    rows.append(("recorded for each node", len(per_node), True))
    # Of agents themselves nothing is recorded here, either: their memory and their CPU.
    rows.append(("recorded for the fleet", len(recorded) - len(per_node) + 2, False))
    lines = ["| series | of one node | " + " | ".join(f"{n:,} nodes" for n in SIZES) + " |", "|---|" + "--:|" * 4]
    for title, count, each in rows:
        lines.append(f"| {title} | {count if each else '–'} | "
                     + " | ".join(f"{count * n if each else count:,}" for n in SIZES) + " |")
    total = sum(count for _, count, each in rows if each)
    once = sum(count for _, count, each in rows if not each)
    lines.append(f"| all | {total} | " + " | ".join(f"{total * n + once:,}" for n in SIZES) + " |")
    return "\n".join(lines)


def test_the_table_of_cardinality_is_what_is_counted(machine):
    hold_block(ALERTS / "README.md", "cardinality", cardinality(machine))


def test_alertmanager_inhibits_what_says_nothing_new(machine):
    machine.start("prometheus-alertmanager", f"--config.file={ALERTS}/alertmanager.yml",
                  "--web.listen-address=127.0.0.1:9093", "--cluster.listen-address=",
                  f"--storage.path={machine.directory}/alertmanager")
    port = {"namespace": "default", "workload": "DaemonSet/web", "protocol": "tcp", "port": "8080"}
    fired = {
        "conflict": {"alertname": "HostPortConflict", "severity": "critical", "verdict": "unmanaged_process", **port},
        "conflict elsewhere": {"alertname": "HostPortConflict", "severity": "warning", "verdict": "unmanaged_process", **port},
        "another verdict": {"alertname": "HostPortConflict", "severity": "warning", "verdict": "shared_port", **port},
        "risk": {"alertname": "HostPortRisk", "severity": "warning", "verdict": "in_node_port_range", **port},
        "another port's risk": {"alertname": "HostPortRisk", "severity": "warning", **port, "port": "8081"},
        "down": {"alertname": "HostPortAgentDown", "severity": "warning", "node": "n1"},
        "source": {"alertname": "HostPortPodSourceDown", "severity": "warning", "node": "n1"},
        "another node's source": {"alertname": "HostPortPodSourceDown", "severity": "warning", "node": "n2"},
    }
    sent = machine.file("alerts.json", json.dumps([{"labels": labels} for labels in fired.values()]))
    api = "http://127.0.0.1:9093/api/v2/alerts"
    wait_until(lambda: machine.run("curl", "-sf", "-H", "Content-Type: application/json", "-d", f"@{sent}", api,
                                   check=False).returncode == 0, 30, "Alertmanager")

    def inhibited():
        alerts = json.loads(machine.run("curl", "-sf", api).stdout)
        names = {json.dumps(labels, sort_keys=True): name for name, labels in fired.items()}
        return {names[json.dumps(alert["labels"], sort_keys=True)] for alert in alerts if alert["status"]["inhibitedBy"]}
    try:
        wait_until(lambda: inhibited() == {"conflict elsewhere", "risk", "source"}, 30)
    except AssertionError:
        assert inhibited() == {"conflict elsewhere", "risk", "source"}
