"""deploy/alerts: the rules by Prometheus' own tool (firing, not firing, resolving, with and without
honor_labels). With a real Prometheus: test_alerts_live.py."""

import re
import subprocess

import pytest
import yaml

from conftest import ROOT
from prometheus_lab import ALERTS, GROUPS, NAMES, RULES, port_forward

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
