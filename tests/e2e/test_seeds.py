"""The manifests that the product started from, as a person would check them before applying."""

import json
import subprocess

from conftest import AGENT, ROOT

SEEDS = ROOT / "tests/fixtures/seeds"


def check(*files):
    done = subprocess.run([AGENT, "check", "-f", *map(str, files), "--offline", "--format=json"],
                          capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout)


def lints_of(pattern):
    files = sorted(SEEDS.glob(pattern))
    assert files, pattern
    code, said = check(*files)
    return code, {(lint["code"], lint["port"]) for lint in said["lints"]}, said


def test_seed_002s_gateway_is_in_the_node_port_range():
    code, lints, _ = lints_of("002*")
    assert code == 1
    assert ("in_node_port_range", 30003) in lints


def test_seed_001s_dns_policy_is_named_as_unknown_with_the_right_value():
    code, _, said = lints_of("001*")
    unknown = [lint for lint in said["lints"] if lint["code"] == "unknown_dns_policy"]
    assert code == 2 and unknown, "its fragments are no whole manifests"
    assert all("ClusterFirstWithHostNetwork" in lint["message"] for lint in unknown)
    assert all("ClusterFirstWithHostNet" in (lint["message"] + lint["remedy"])
               .replace("ClusterFirstWithHostNetwork", "") for lint in unknown)


def test_seed_003s_web_ports_are_reserved_and_its_dns_policy_falls_back():
    _, lints, _ = lints_of("003*")
    assert {("reserved_port", 80), ("reserved_port", 443)} <= lints
    assert "dns_policy" in {code for code, _ in lints}


def test_the_findings_of_the_daemon_agree(machine):
    machine.run("cp", *[str(p) for p in sorted(SEEDS.glob("00[23]*"))], str(machine.directory))
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}")
    risks = {(f["verdict"], f["port"]) for f in agent.findings("risks")}
    assert ("in_node_port_range", 30003) in risks
    assert {("reserved_port", 80), ("reserved_port", 443)} <= risks
    assert "dns_policy" in {verdict for verdict, _ in risks}
