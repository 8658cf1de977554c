"""deploy/alerts: the rules by Prometheus' own tool (firing, not firing, resolving, with and without
honor_labels), and by a real Prometheus with a real Alertmanager."""

import json
import re
import subprocess

import pytest
import yaml

from conftest import ROOT, hold_block, pod, wait_until
from machine import SCRAPING

ALERTS = ROOT / "deploy/alerts"
RUNBOOKS = ROOT / "deploy/runbooks"
GROUPS = yaml.safe_load((ALERTS / "rules.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
NAMES = [rule["alert"] for rule in RULES if "alert" in rule]
# The names that dashboards, silences and routes out there know.
KEPT = {"HostPortConflict", "HostPortAgentIncomplete", "HostPortPodSourceDown",
        "EphemeralPortsRunningOut"}


def series(name, **labels):
    return name + "{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}"


# An agent, as it is scraped with honor_labels and a node label, and as it is without either.
AT = {"instance": "10.0.0.1:20000", "node": "n1", "job": "hostnet"}
PLAIN = {"instance": "10.0.0.1:20000", "job": "hostnet", "namespace": "hostnet-agent",
         "pod": "hostnet-agent-x7"}
WEB = {"verdict": "unmanaged_process", "severity": "critical", "protocol": "tcp", "port": "8080",
       "host_ip": "0.0.0.0", "workload": "DaemonSet/web", "holder_kind": "unmanaged_process",
       "holder": "nginx.service"}
OWN = {"namespace": "default", "pod": "web-1", "container": "web"}
EXPORTED = {f"exported_{name}": value for name, value in OWN.items()}


def steady(per_minute):
    return f"0+{per_minute}x"


# What makes an alert fire: series with a value while all is well and one while it is not. "_" is none;
# "+n" is a counter that grows by n a minute.
BAD = {
    "HostPortConflict": [(series("hostnet_port_conflict", **AT, **WEB, **OWN), "_", "1")],
    "HostPortRisk": [(series("hostnet_port_risk", **AT, **{**WEB, "severity": "warning",
                                                           "verdict": "in_node_port_range"}, **OWN), "_", "1")],
    "HostPortBindRefused": [(series("hostnet_bind_refusals_total", **AT, protocol="tcp",
                                    errno="EADDRINUSE", holder_kind="pod"), "+0", "+1")],
    "HostPortAgentDown": [(series("hostnet_build_info", **AT, version="1"), "1", "_"),
                          (series("kube_node_info", node="n1", internal_ip="10.0.0.1",
                                  os_image="Debian GNU/Linux 12"), "1", "1")],
    "HostPortScanStale": [(series("hostnet_last_scan_timestamp_seconds", **AT), "now", "0")],
    "HostPortConfigRefused": [(series("hostnet_config_last_reload_successful", **AT), "1", "0")],
    "HostPortAgentIncomplete": [(series("hostnet_attribution_complete", **AT), "1", "0")],
    "HostPortSeriesCut": [(series("hostnet_series_dropped", **AT, family="hostnet_listener_accept_queue"), "0", "12")],
    "HostPortPodSourceDown": [(series("hostnet_pod_source_up", **AT, source="apiserver"), "1", "0")],
    "EphemeralPortsRunningOut": [
        (series("hostnet_ephemeral_ports_used", **AT, protocol="tcp", address="10.0.0.1"), "9", "27000"),
        (series("hostnet_ephemeral_ports_used", **AT, protocol="tcp", address="::1"), "9", "9"),
        (series("hostnet_ephemeral_ports_range", **AT), "28232", "28232")],
    "HostPortRangesOverlap": [(series("hostnet_findings", **AT, **{
        "class": "risk", "severity": "info", "verdict": "node_port_range_in_ephemeral_range"}), "0", "1")],
    "HostAcceptQueueNearFull": [
        (series("hostnet_listener_accept_queue", **AT, protocol="tcp", address="0.0.0.0", port="80"), "3", "120"),
        (series("hostnet_listener_accept_queue_limit", **AT, protocol="tcp", address="0.0.0.0", port="80"),
         "128", "128")],
    "HostListenDrops": [(series("node_netstat_TcpExt_ListenDrops", **AT), "+1", "+60")],
    "HostConntrackNearFull": [(series("node_nf_conntrack_entries", **AT), "1000", "60000"),
                              (series("node_nf_conntrack_entries_limit", **AT), "65536", "65536")],
    "HostLinkFlapping": [(series("node_network_carrier_changes_total", **AT, device="eth0"), "+0", "+2"),
                         (series("node_network_carrier_changes_total", **AT, device="cali12"), "+9", "+9")],
    "HostRoutesFlapping": [(series("hostnet_network_changes_total", **AT, object="route", change="new"),
                            "+3", "+90"),
                           (series("hostnet_network_changes_total", **AT, object="route", change="del"),
                            "+3", "+90"),
                           (series("hostnet_network_changes_total", **AT, object="link", change="new"),
                            "+900", "+900")],
}
WELL, ILL = 60, 120  # minutes


def values(good, bad):
    """Minutes of good, then of bad, then of good again."""
    if good == "now":
        return f"0+60x{WELL - 1} {60 * WELL}+0x{ILL - 1} {60 * (WELL + ILL)}+60x{WELL}"
    if not good.startswith("+"):
        return f"{good}x{WELL - 1} {bad}x{ILL - 1} {good}x{WELL}"
    up, more = int(good), int(bad)
    first, second = up * WELL, up * WELL + more * ILL
    return f"0+{up}x{WELL - 1} {first}+{more}x{ILL - 1} {second}+{up}x{WELL}"


def promtool(tmp_path, *tests):
    (tmp_path / "test.yml").write_text(yaml.safe_dump(
        {"rule_files": [str(ALERTS / "rules.yml")], "tests": list(tests)}))
    done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def case(inputs, *expressions):
    """A test of expressions: (minute, expression, value or None)."""
    return {"interval": "1m", "input_series": [{"series": s, "values": v} for s, v in inputs],
            "promql_expr_test": [{"expr": expression, "eval_time": f"{minute}m",
                                  "exp_samples": [] if value is None else
                                  [{"labels": "{}", "value": value}]}
                                 for minute, expression, value in expressions]}


def test_the_rules_are_well_formed_and_the_four_kept_their_names():
    done = subprocess.run(["promtool", "check", "rules", ALERTS / "rules.yml"], capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0 and f"{len(RULES)} rules found" in done.stdout, done.stdout
    assert KEPT <= set(NAMES) == set(BAD) and len(NAMES) == len(set(NAMES))
    for rule in RULES:
        if "alert" not in rule:
            continue
        assert {"summary", "description", "runbook_url"} == set(rule["annotations"])
        # A finding has a severity of its own.
        assert ("severity" in rule.get("labels", {})) == (rule["alert"] not in ("HostPortConflict", "HostPortRisk"))


def test_the_readme_lists_every_alert_as_it_is():
    rows = re.findall(r"^\| \[(\w+)\]\(\S+\) \| (.+?) \| (\w+) \|", (ALERTS / "README.md").read_text(), re.M)
    assert rows == [(rule["alert"], rule.get("labels", {}).get("severity", "the finding's"), rule["for"])
                    for rule in RULES if "alert" in rule]


def test_the_operators_rule_is_the_same_file(tmp_path):
    subprocess.run([ALERTS / "generate", tmp_path / "made.yaml"], check=True, timeout=300)
    made = ROOT / "deploy/components/prometheus-operator/prometheusrule.yaml"
    assert made.read_text() == (tmp_path / "made.yaml").read_text(), "run deploy/alerts/generate"
    assert yaml.safe_load(made.read_text())["spec"]["groups"] == GROUPS


def test_conflicts_and_risks_are_put_right_alike():
    conflict, risk = RULES[:2]
    assert conflict["expr"].replace("port_conflict", "port_risk") == risk["expr"]


@pytest.mark.parametrize("name", BAD)
def test_an_alert_fires_when_it_should_and_resolves(tmp_path, name):
    firing = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    promtool(tmp_path, case([(s, values(good, bad)) for s, good, bad in BAD[name]],
                            (WELL - 1, firing, None), (WELL + ILL - 2, firing, 1),
                            (WELL + ILL + 40, firing, None)))


def expect(tmp_path, inputs, minute, name, labels, **annotations):
    promtool(tmp_path, {"interval": "1m", "input_series": [{"series": s, "values": v} for s, v in inputs],
                        "alert_rule_test": [{"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [
                            {"exp_labels": one, "exp_annotations": annotations} for one in labels]}]})


GROUP = {k: v for k, v in WEB.items() if k not in ("host_ip", "holder")} | {"namespace": "default"}


def port_forward(node, path, port=20000):
    return ("Ask the agent: kubectl -n hostnet-agent port-forward $(kubectl -n hostnet-agent get pods -o name "
            f"-l app.kubernetes.io/name=hostnet-agent --field-selector spec.nodeName={node}) {port} and then "
            f"curl http://localhost:{port}{path}")


def test_one_bad_daemonset_is_one_page_with_the_number_of_its_nodes(tmp_path):
    inputs = [(series("hostnet_port_conflict", **{**AT, "node": f"n{i}", "instance": f"10.0.0.{i}:20000"},
                      **WEB, **{**OWN, "pod": f"web-{i}"}), "1x10") for i in range(1, 8)]
    expect(tmp_path, inputs, 5, "HostPortConflict", [GROUP],
           summary="Host port 8080/tcp of DaemonSet/web in default: unmanaged_process on 7 nodes",
           description="DaemonSet/web in default declares host port 8080/tcp; on n1, n2, n3, n4, n5, … it meets "
                       "nginx.service (unmanaged_process). What to do: stop the process or its unit, or change the "
                       "pod's port. " + port_forward("n1", "/ports/8080"),
           runbook_url="https://hostnet-agent.io/runbooks/unmanaged_process")


def test_without_honor_labels_and_a_node_label_the_agents_own_pod_is_not_blamed(tmp_path):
    expect(tmp_path, [(series("hostnet_port_conflict", **PLAIN, **WEB, **EXPORTED), "1x10"),
                      (series("hostnet_build_info", **PLAIN, version="1"), "1x10")],
           5, "HostPortConflict", [GROUP],
           summary="Host port 8080/tcp of DaemonSet/web in default: unmanaged_process on 1 node",
           description="DaemonSet/web in default declares host port 8080/tcp; on 10.0.0.1:20000 it meets "
                       "nginx.service (unmanaged_process). What to do: stop the process or its unit, or change the "
                       "pod's port. " + port_forward("10.0.0.1:20000", "/ports/8080"),
           runbook_url="https://hostnet-agent.io/runbooks/unmanaged_process")


NODEPORT = {"verdict": "nodeport_hijacks_listener", "severity": "critical", "protocol": "tcp", "port": "31000",
            "holder_kind": "nat_rule", "holder": "default/echo:http"}


@pytest.mark.parametrize("where, node", [(AT, "n1"), (PLAIN, "10.0.0.1:20000")], ids=["honored", "plain"])
def test_a_finding_that_no_pod_declares_is_nobodys(tmp_path, where, node):
    expect(tmp_path, [(series("hostnet_port_conflict", **where, **NODEPORT), "1x10"),
                      (series("hostnet_build_info", **where, version="1"), "1x10")],
           5, "HostPortConflict", [{k: v for k, v in NODEPORT.items() if k != "holder"}],
           summary="Host port 31000/tcp of no pod: nodeport_hijacks_listener on 1 node",
           description=f"no pod declares host port 31000/tcp; on {node} it meets the rule default/echo:http "
                       "(nat_rule). What to do: give the Service another nodePort, or the program another port. "
                       + port_forward(node, "/ports/31000"),
           runbook_url="https://hostnet-agent.io/runbooks/nodeport_hijacks_listener")


def test_who_is_not_known_is_somebody_and_a_verdict_without_a_holder_says_itself(tmp_path):
    unknown = {**WEB, "verdict": "owner_unknown", "severity": "warning", "holder_kind": "unknown", "holder": ""}
    missing = {**WEB, "verdict": "hostport_not_programmed", "severity": "warning", "holder_kind": "", "holder": "", "port": "81"}
    promtool(tmp_path, {"interval": "1m", "input_series": [
        {"series": series("hostnet_port_conflict", **AT, **one, **OWN), "values": "1x10"} for one in (unknown, missing)],
        "alert_rule_test": [{"eval_time": "5m", "alertname": "HostPortConflict", "exp_alerts": [
            {"exp_labels": {k: v for k, v in one.items() if v and k not in ("host_ip", "holder")} | {"namespace": "default"},
             "exp_annotations": {
                 "summary": f"Host port {one['port']}/tcp of DaemonSet/web in default: {one['verdict']} on 1 node",
                 "description": f"DaemonSet/web in default declares host port {one['port']}/tcp; on n1 {said} "
                                + port_forward("n1", f"/ports/{one['port']}"),
                 "runbook_url": f"https://hostnet-agent.io/runbooks/{one['verdict']}"}} for one, said in (
                     (unknown, "it meets somebody (unknown). What to do: let the agent see whose socket it is "
                               "(hostnet-agent doctor says how)."),
                     (missing, "it is hostport_not_programmed. What to do: delete the pod, so that its rules are written "
                               "anew; a sidecar's hostPort never is."))]}]})


@pytest.mark.parametrize("where, own", [(AT, OWN), (PLAIN, EXPORTED)], ids=["honored", "plain"])
def test_a_pod_without_a_controller_is_its_own_workload(tmp_path, where, own):
    bare = {k: v for k, v in WEB.items() if k != "workload"}
    promtool(tmp_path, case([(series("hostnet_port_conflict", **where, **bare, **own), "1x10"),
                             (series("hostnet_build_info", **where, version="1"), "1x10")],
                            (5, 'sum(hostnet:port_conflict:nodes{namespace="default",workload="Pod/web-1"})', 1)))


def test_a_risk_is_silent_under_a_conflict_of_the_same_port(tmp_path):
    risk = {**WEB, "severity": "warning", "verdict": "in_node_port_range"}
    other = {**risk, "port": "8081"}
    promtool(tmp_path, case(
        [(series("hostnet_port_conflict", **AT, **WEB, **OWN), "1x60"),
         (series("hostnet_port_risk", **AT, **risk, **OWN), "1x60"),
         (series("hostnet_port_risk", **AT, **other, **OWN), "1x60")],
        (30, 'count(ALERTS{alertname="HostPortRisk",port="8080"})', None),
        (30, 'count(ALERTS{alertname="HostPortRisk",port="8081",alertstate="firing"})', 1)))


def test_an_agent_is_missed_by_address_where_there_is_no_node_label(tmp_path):
    """And one that was scraped, where there is no kube-state-metrics."""
    def node(i, image="Debian GNU/Linux 12"):
        return series("kube_node_info", node=f"n{i}", internal_ip=f"fd00::{i}", os_image=image), "1x60"

    def agent(i, name="hostnet_build_info"):
        return series(name, instance=f"[fd00::{i}]:20000", job="hostnet")

    promtool(tmp_path, case(
        [node(1), node(2), node(3, "Windows Server 2022 Datacenter"), (agent(1), "1x60")],
        (30, 'count(ALERTS{alertname="HostPortAgentDown"})', 1),
        (30, 'count(ALERTS{alertname="HostPortAgentDown",node="n2"})', 1)),
        case([(agent(1), "1x5 _x55"), (agent(1, "up"), "1x5 0x55"), (agent(2, "up"), "0x60")],
             (30, 'count(ALERTS{alertname="HostPortAgentDown",node="[fd00::1]:20000",alertstate="firing"})', 1),
             (30, 'count(ALERTS{alertname="HostPortAgentDown"})', 1)))


def test_an_agent_in_another_network_namespace_is_incomplete_too(tmp_path):
    promtool(tmp_path, case([(series("hostnet_attribution_complete", **AT), "1x60"),
                             (series("hostnet_host_netns", **AT), "0x60")],
                            (30, 'count(ALERTS{alertname="HostPortAgentIncomplete",alertstate="firing"})', 1)))


def test_alertmanager_takes_its_part(tmp_path):
    done = subprocess.run(["amtool", "check-config", ALERTS / "alertmanager.yml"], capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    routed = {name: subprocess.run(
        ["amtool", "config", "routes", "test", f"--config.file={ALERTS}/alertmanager.yml",
         f"alertname={name}", f"severity={severity}"], capture_output=True, text=True, check=True,
        timeout=300).stdout.strip() for name, severity in [
            ("HostPortConflict", "critical"), ("HostPortRisk", "warning"), ("HostPortRangesOverlap", "info")]}
    assert routed == {"HostPortConflict": "on-call", "HostPortRisk": "on-call", "HostPortRangesOverlap": "nobody"}


# --- Runbooks ------------------------------------------------------------------------------------

def verdicts_of(agent):
    found = {}
    for kind, verdict in re.findall(r'^hostnet_findings\{class="(\w+)".*verdict="(\w+)"',
                                    agent.text("/metrics"), re.M):
        found.setdefault(kind, set()).add(verdict)
    return found


def test_every_verdict_and_every_alert_has_its_runbook_and_nothing_else_has(machine):
    found = verdicts_of(machine.agent("--pods.source=none"))
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    wanted = found["conflict"] | found["risk"] | set(NAMES)
    assert pages == wanted, pages ^ wanted
    index = (RUNBOOKS / "README.md").read_text()
    assert re.findall(r"\[(\w+)\]\((\w+)\.md\)", index) and {
        target for _, target in re.findall(r"\[(\w+)\]\((\w+)\.md\)", index)} == pages
    # What to do stands in the alert for every verdict that can fire.
    (alert,) = [rule for rule in RULES if rule.get("alert") == "HostPortConflict"]
    said = set(re.findall(r'eq \$labels\.verdict "(\w+)"', alert["annotations"]["description"]))
    assert found["conflict"] <= said, found["conflict"] - said


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_a_runbook_says_all_that_it_should(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (page.parent / target).exists(), target
    if page.stem == "README":
        return
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.M) == ["What it means", "Why it hurts", "See it by hand", "Fix", "Silence"]
    # In the alert's severity, or the verdict's.
    rule = [rule for rule in RULES if rule.get("alert") == page.stem]
    if rule and "labels" in rule[0]:
        assert f"Alert, severity {rule[0]['labels']['severity']}." in text


def test_the_agent_takes_every_ignore_rule_that_a_runbook_shows(machine):
    rules = []
    for page in RUNBOOKS.glob("*.md"):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S):
            rules += yaml.safe_load(block)["ignore"]
    assert len(rules) > 10
    path = machine.file("config.yaml", yaml.safe_dump({"ignore": rules}))
    machine.agent("--pods.source=none", f"--config.file={path}")  # which would not start


# --- With a real Prometheus ----------------------------------------------------------------------

def ask(machine, path, *parameters):
    words = [word for pair in parameters for word in ("--data-urlencode", pair)]
    done = machine.run("curl", "-s", "-g", "-G", *words, f"http://127.0.0.1:9090/api/v1/{path}", check=False)
    if done.returncode != 0 or not done.stdout.startswith("{"):
        return []
    answer = json.loads(done.stdout)
    return answer["data"] if answer["status"] == "success" else []


def query(machine, expression):
    found = ask(machine, "query", f"query={expression}")
    return found["result"] if found else []


def quick(machine, **texts):
    """The rules, evaluated every second."""
    text = (ALERTS / "rules.yml").read_text().replace("interval: 2m", "interval: 1s")
    for pattern, instead in texts.items():
        text = re.sub(rf"{pattern}: \w+", f"{pattern}: {instead}", text)
    return machine.file("rules.yml", text)


def prometheus(machine, rules, extra=""):
    config = machine.file("prometheus.yml", f"""
global: {{{SCRAPING}, evaluation_interval: 1s}}
rule_files: ['{rules}']
{extra}
scrape_configs:
  - job_name: hostnet
    honor_labels: true
    static_configs: [{{targets: ['127.0.0.1:20000'], labels: {{node: n1}}}}]
""")
    return machine.start("prometheus", f"--config.file={config}", "--web.listen-address=127.0.0.1:9090",
                         f"--storage.tsdb.path={machine.directory}/data")


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
