"""The public dashboard Node Exporter Full beside us: what its network, clock and interrupt queries select, asked of
a real Prometheus that scrapes Debian's node_exporter and the agent on one machine. The table in
deploy/reference/node-exporter-full.md is written from it (HOSTNET_UPDATE_GOLDEN=1) and compared."""

import re
import shutil

import pytest

from conftest import ROOT, hold_block, wait_until
from machine import SCRAPING
from prometheus_lab import query
from test_node_exporter import rich_machine  # noqa: F401  (for the test)

EXPORTER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
SELECTORS = ROOT / "tests/fixtures/node_exporter_full.tsv"
PAGE = ROOT / "deploy/reference/node-exporter-full.md"
# Labels that newer versions of node_exporter have, and that Debian's has not.
NEWER = {"adminstate"}
SAME, MORE, OTHER, NONE = "the same series", "these series and more", "not all of these series", "no series"


def queries():
    """[(how many queries, [selector])]"""
    rows = [line.split("\t") for line in SELECTORS.read_text().splitlines() if not line.startswith("#")]
    return [(int(count), selectors.split(" + ")) for count, selectors in rows]


def scoped(selector, job):
    name, _, matchers = selector.partition("{")
    return name + "{" + f'job="{job}"' + ("," + matchers if matchers else "}")


def series(machine, selector, job):
    return {frozenset((k, v) for k, v in one["metric"].items() if k not in {"job", "instance"} | NEWER)
            for one in query(machine, scoped(selector, job))}


def verdict(machine, selector):
    theirs, ours = (series(machine, selector, job) for job in ("node_exporter", "hostnet"))
    if ours == theirs:
        return SAME
    if not ours:
        return NONE
    return MORE if theirs < ours else OTHER


def compared(machine):
    found = {}
    for count, selectors in queries():
        said = {verdict(machine, selector) for selector in selectors}
        worst = next(one for one in (NONE, OTHER, MORE, SAME) if one in said)
        found.setdefault(worst, []).append((count, selectors))
    return found


def table(found):
    total = sum(count for rows in found.values() for count, _ in rows)
    lines = [f"Of {total} queries:", "", "| the agent has | queries | of |", "|---|--:|---|"]
    for what in (SAME, MORE, OTHER, NONE):
        rows = found.get(what, [])
        names = sorted({re.sub(r"\{.*", "", s).removeprefix("node_") for _, selectors in rows for s in selectors})
        lines.append(f"| {what} | {sum(count for count, _ in rows)} | " + " ".join(f"`{n}`" for n in names) + " |")
    return "\n".join(lines)


@pytest.mark.skipif(EXPORTER is None, reason="prometheus-node-exporter is not installed")
def test_the_queries_of_the_public_dashboard_find_what_they_find_of_node_exporter(rich_machine):  # noqa: F811
    machine = rich_machine
    machine.start(EXPORTER, "--web.listen-address=127.0.0.1:9100", "--collector.interrupts")
    machine.agent("--pods.source=none", "--collector.interrupts")
    config = machine.file("prometheus.yml", f"""
global: {{{SCRAPING}}}
scrape_configs:
  - {{job_name: node_exporter, static_configs: [{{targets: ['127.0.0.1:9100']}}]}}
  - {{job_name: hostnet, honor_labels: true, static_configs: [{{targets: ['127.0.0.1:20000']}}]}}
""")
    machine.start("prometheus", f"--config.file={config}", "--web.listen-address=127.0.0.1:9090",
                  f"--storage.tsdb.path={machine.directory}/data")
    wait_until(lambda: len(query(machine, "up == 1")) == 2, 30, "both targets")
    found = compared(machine)
    hold_block(PAGE, "compared", table(found))
    reasons = PAGE.read_text().partition("<!-- end -->")[2]
    # What is not here has its reason on the page.
    for _, selectors in found.get(OTHER, []):
        assert "node_network_speed_bytes" in selectors, selectors
    for _, selectors in found.get(NONE, []):
        for selector in selectors:
            assert verdict(machine, selector) != NONE or f"`{selector}`" in reasons, selector
