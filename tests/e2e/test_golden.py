"""What a replayed node answers, byte for byte. After an intended change:
HOSTNET_UPDATE_GOLDEN=1 tests/run e2e, then read the difference."""

import os
import re
import subprocess

import pytest
from conftest import AGENT, ROOT

NODE = ROOT / "tests/fixtures/nodes/busy"
GOLDEN = ROOT / "tests/fixtures/golden"
# What depends on the build and on how long things took.
VOLATILE = re.compile(r"^(# (HELP|TYPE) )?(node_scrape_collector_duration_seconds|"
                      r"hostnet_scan_duration_seconds|hostnet_build_info|promhttp_|"
                      r"hostnet_config_last_reload_success_timestamp_seconds)")


def same_as_golden(name, text):
    path = GOLDEN / name
    if os.environ.get("HOSTNET_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("words,name", [
    (["conflicts"], "conflicts.txt"),
    (["conflicts", "--format=json"], "conflicts.json"),
    (["ports"], "ports.txt"),
    (["check", "8080"], "check.txt"),
])
def test_a_replayed_node_gives_the_golden_answer(words, name):
    done = subprocess.run([AGENT, *words, f"--replay={NODE}"], capture_output=True, text=True,
                          timeout=30)
    assert done.stderr == ""
    same_as_golden(name, done.stdout)


def test_a_replayed_nodes_network_is_golden(machine):
    agent = machine.agent(f"--replay={NODE}")
    for path, name in [("/interfaces", "interfaces.txt"), ("/interfaces?format=json",
                       "interfaces.json"), ("/routes", "routes.txt"),
                       ("/routes?format=json&table=main", "routes.json")]:
        same_as_golden(name, agent.text(path))
    same_as_golden("history.txt", agent.text("/history"))
    page = agent.text("/", "-H", "Accept: text/html")
    assert 'id="interfaces"' in page and 'id="routes"' in page


def test_a_replayed_nodes_metrics_are_golden(machine):
    agent = machine.agent(f"--replay={NODE}", "--web.disable-exporter-metrics",
                          "--no-collector.time", "--collector.listener_info")
    lines = agent.text("/metrics").splitlines(keepends=True)
    same_as_golden("metrics.txt", "".join(line for line in lines if not VOLATILE.match(line)))
