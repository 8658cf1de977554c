"""What the repository says of itself: CI runs subsets that exist, issue forms are forms, links lead somewhere."""

import re
import subprocess

import pytest
import yaml

from conftest import ROOT

GITHUB = ROOT / ".github"
FORMS = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]


def tracked(pattern):
    done = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    return [ROOT / name for name in done.stdout.split()]


def test_ci_runs_every_subset_of_a_full_run_once():
    jobs = yaml.safe_load((GITHUB / "workflows/ci.yml").read_text())["jobs"]
    run = [subset for words in jobs["tests"]["strategy"]["matrix"]["subsets"] for subset in words.split()]
    (whole,) = re.findall(r"\|\| subsets=\((.*?)\)", (ROOT / "tests/run").read_text())
    assert sorted(run) == sorted(whole.split())
    for job in jobs.values():
        for step in job["steps"]:
            script = step.get("run", "").split()[0] if "run" in step else ""
            assert "/" not in script or (ROOT / script).exists(), script


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_takes_and_asks_for_a_recording(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"] and form["description"] and form["body"]
    inputs = [part for part in form["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in inputs} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert len({part["id"] for part in inputs}) == len(inputs)
    assert all(part["attributes"]["label"] for part in inputs)
    (recording,) = [part for part in inputs if part["id"] == "recording"]
    assert "hostnet-agent record" in recording["attributes"]["description"]


PAGES = [page for page in tracked("*.md") if not page.is_relative_to(ROOT / "tests/fixtures")]


def anchors(page):
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.M)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), target
        if anchor:
            there = there / "README.md" if there.is_dir() else there
            assert anchor in anchors(there), target


def test_the_readme_can_be_read_in_one_sitting():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def test_the_changelog_has_this_version():
    (version,) = re.findall(r"^project\(hostnet-agent VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)
    headings = re.findall(r"^## (\S+)", (ROOT / "packaging/CHANGELOG.md").read_text(), re.M)
    assert version in headings[:2] and headings.count(version) == 1
