"""What a replayed node answers, byte for byte. After an intended change:
HOSTNET_UPDATE_GOLDEN=1 tests/run e2e, then read the difference."""

import os
import re
import shutil
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


ANSWERS = [
    (["conflicts"], "conflicts.txt"),
    (["conflicts", "--format=json"], "conflicts.json"),
    (["ports"], "ports.txt"),
    (["check", "8080"], "check.txt"),
]


@pytest.mark.parametrize("words,name", ANSWERS)
def test_a_replayed_node_gives_the_golden_answer(words, name):
    done = subprocess.run([AGENT, *words, f"--replay={NODE}"], capture_output=True, text=True,
                          timeout=300)
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


def metrics_of(machine, node):
    agent = machine.agent(f"--replay={node}", "--web.disable-exporter-metrics",
                          "--no-collector.time", "--collector.listener_info")
    lines = agent.text("/metrics").splitlines(keepends=True)
    return "".join(line for line in lines if not VOLATILE.match(line))


def test_a_replayed_nodes_metrics_are_golden(machine):
    same_as_golden("metrics.txt", metrics_of(machine, NODE))


def test_files_whose_last_line_has_no_newline_say_the_same(machine, tmp_path):
    """As gVisor and LXCFS write them."""
    node = tmp_path / "node"
    shutil.copytree(NODE, node, symlinks=True)
    cut = 0
    for root in ("proc", "sys"):
        for path in (node / root).rglob("*"):
            if path.is_file() and not path.is_symlink() and path.read_bytes().endswith(b"\n"):
                path.write_bytes(path.read_bytes()[:-1])
                cut += 1
    assert cut > 50, cut
    for words, name in ANSWERS:
        done = subprocess.run([AGENT, *words, f"--replay={node}"], capture_output=True, text=True,
                              timeout=300)
        assert done.stdout == (GOLDEN / name).read_text()
    assert metrics_of(machine, node) == (GOLDEN / "metrics.txt").read_text()
