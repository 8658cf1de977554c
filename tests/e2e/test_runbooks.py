"""deploy/runbooks: a page for each verdict and alert, with what a page must say."""

import re

import pytest
import yaml
from prometheus_lab import NAMES, RULES, RUNBOOKS


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
