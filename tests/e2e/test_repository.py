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


FOLDER_PAGES = [page for page in PAGES if page.name == "README.md" or page.is_relative_to(ROOT / "deploy")]
FILES = [path.relative_to(ROOT) for path in tracked("*")]
STEMS = {path.with_suffix("") for path in FILES}  # `netlink/sock_diag` is a header and a source


def is_there(name, page):
    """A path from the root, from the page's folder or one above it; a file's name alone may be anywhere below the page, or a test's."""
    if "/" not in name:
        below = (page.parent, ROOT / "tests")
        return any(path.name == name and (ROOT / path).is_relative_to(top) for path in FILES for top in below)
    tops = [top for top in (page.parent, *page.parent.parents) if top.is_relative_to(ROOT)]
    found = [top for top in tops if (top / name.split("/")[0]).is_dir()]
    return not found or any((top / name).exists() or (top / name).relative_to(ROOT) in STEMS for top in found)


@pytest.mark.parametrize("page", FOLDER_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    words = {word.rstrip(",.;:") for quoted in re.findall(r"`([^`\n]+)`", prose) for word in quoted.split()}
    paths = {word for word in words if re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)+/?", word) and not word.startswith("build/")}
    files = {word for word in words if re.fullmatch(r"\w[\w.-]*\.(h|cpp|c|py|mjs|md|sh|cmake)", word)}
    assert [name for name in sorted(paths | files) if not is_there(name, page)] == []


def test_tests_that_a_page_says_to_run_exist():
    suites = {suite for path in tracked("tests/*.cpp") for suite in re.findall(r"^TEST\w*\((\w+),", path.read_text(), re.M)}
    named = {suite for page in tracked("*.md") for suite in re.findall(r"--gtest_filter='(\w+)\.", page.read_text())}
    assert named and named <= suites


def test_sources_name_no_document_that_is_not_here():
    pages = {page.name for page in FILES if page.suffix == ".md"}
    sources = [path for top in ("agent", "collectors", "netlink", "tests") for path in tracked(f"{top}/*")
               if path.suffix in (".h", ".cpp", ".c", ".py") and "fixtures" not in path.parts]
    # With a path it is another project's.
    named = {(str(path.relative_to(ROOT)), name) for path in sources
             for name in re.findall(r"(?<![\w./-])\w+\.md\b", path.read_text(errors="replace"))}
    assert [at for at in sorted(named) if at[1] not in pages] == []


def test_the_agents_folders_stand_in_the_order_in_which_they_include_each_other():
    rows = [re.findall(r"\]\(([\w/]+)\)", line.split("|")[1])
            for line in (ROOT / "agent/README.md").read_text().splitlines() if line.startswith("| [")]
    place = {folder: row for row, folders in enumerate(rows) for folder in folders}
    printed = subprocess.run([ROOT / "tests/folders.py"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    above = set()
    for line in printed.stdout.splitlines():
        folder, _, included = line.partition(":")
        if not folder.startswith("agent/"):
            continue
        name = folder.split("/")[1]
        assert name in place, f"{folder} is not in agent/README.md"
        above |= {(name, other.split("/")[1]) for other in included.split()
                  if other.startswith("agent/") and place[other.split("/")[1]] > place[name]}
    assert above == set()


def test_every_lint_and_every_limit_is_in_the_reference():
    page = (ROOT / "deploy/reference/findings.md").read_text()
    lints = re.findall(r'\{"(\w+)",\s*Severity::(\w+),\s*"([^"]+)"\}', (ROOT / "agent/lint/catalogue.h").read_text())
    table = page[page.index("| code | severity | means |"):]
    assert re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", table, re.M) == lints
    limits = {code for source in tracked("agent/*.cpp")
              for code in re.findall(r'limits_?\.push_back\(\s*\{\.code = "(\w+)"', source.read_text())}
    assert limits and [code for code in sorted(limits) if f"`{code}`" not in page] == []


def test_the_readme_can_be_read_in_one_sitting():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def test_the_changelog_has_this_version():
    (version,) = re.findall(r"^project\(hostnet-agent VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)
    headings = re.findall(r"^## (\S+)", (ROOT / "packaging/CHANGELOG.md").read_text(), re.M)
    assert version in headings[:2] and headings.count(version) == 1
