"""What documents say is compared with the program: a list in prose that drifts fails here."""

import re
import subprocess

import pytest
from conftest import AGENT, ROOT, pod, wait_until

README = "\n".join((ROOT / page).read_text() for page in (
    "README.md", "deploy/reference/flags.md", "deploy/reference/metrics.md", "deploy/reference/pods.md"))


def rows(heading):
    """The first cells, without backquotes, of the first table after a heading or line."""
    after = README[README.index(heading) - 1:]
    table = re.search(r"\n\|[^\n]*\n\|[-|: ]+\n((?:\|[^\n]*\n)+)", after).group(1)
    return [line.split("|")[1].strip() for line in table.splitlines()]


def names(cells):
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


HELP = subprocess.run([AGENT, "--help"], capture_output=True, text=True, check=True).stdout
FLAGS = re.findall(r"^ +--([a-z][\w.-]+)", HELP, re.M)


def test_every_flag_is_in_the_readme_and_no_other():
    documented = set(re.findall(r"`--([a-z][\w.-]*)(?:[= ][^`]*)?`", README))
    switches = {f"collector.{name}" for name in names(rows("| collector | default |"))}
    assert switches == {name for name in FLAGS if re.fullmatch(r"collector\.\w+", name)}
    assert documented >= set(FLAGS) - switches - {"help", "version"}
    assert documented - set(FLAGS) <= {"help"}  # -h,--help


def test_defaults_of_flags_are_the_programs():
    table = (ROOT / "deploy/reference/flags.md").read_text()
    for name, default in re.findall(r"^\| `--([\w.-]+)` \| (?:`([^`|]*)`)? *\|", table, re.M):
        said = re.search(rf"^ +--{re.escape(name)}\b.*?(?=^ +--|\Z)", HELP, re.M | re.S).group(0)
        found = re.search(r"\[([^\]]*)\]\s*$", " ".join(said.split("\n\n")[0].split()))
        assert (found.group(1) if found else "") == default, name


def test_every_verdict_is_in_the_readme(machine):
    agent = machine.agent("--pods.source=none")
    verdicts = set(re.findall(r'^hostnet_findings\{.*verdict="(\w+)"', agent.text("/metrics"), re.M))
    assert set(names(rows("## Findings"))) == verdicts


def test_every_metric_of_ours_is_in_the_readme(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    machine.python("import socket,signal; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
                   "s.setsockopt(0,socket.IP_ADD_MEMBERSHIP,"
                   "socket.inet_aton('239.1.2.3')+socket.inet_aton('127.0.0.1'));"
                   "s.bind(('',999)); signal.pause()")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          "--collector.listener_info")
    wait_until(lambda: agent.metric("^hostnet_udp_socket_drops_total"), 5, "the UDP listener")
    exposed = set(re.findall(r"^# TYPE (hostnet_\w+) ", agent.text("/metrics"), re.M))
    documented = set(names(rows("| metric | type |")))
    # Families that appear only when something happened.
    rare = {"hostnet_netlink_overruns_total", "hostnet_scan_errors_total", "hostnet_port_risk",
            "hostnet_pod_source_last_success_timestamp_seconds", "hostnet_findings_opened_total"}
    rare |= {name for name in documented if "_sriov_" in name}  # needs hardware
    assert exposed <= documented, exposed - documented
    assert documented - rare <= exposed, documented - rare - exposed


@pytest.mark.parametrize("path", [p for p in names(rows("## Endpoints")) if p.startswith("/")])
def test_every_documented_path_answers(machine, path):
    agent = machine.agent("--pods.source=none")
    concrete = path.replace("{port}", "8080") + ("?port=8080" if path == "/check" else "")
    assert agent.curl(concrete)[0] == 200


def test_every_documented_command_exists():
    commands = {name.split()[1] for name in names(rows("| call | does |")) if " " in name}
    subcommands = set(re.findall(r"^  ([a-z]+)  +\S", HELP[HELP.index("Subcommands"):], re.M))
    assert commands == subcommands


def test_every_test_subset_is_described():
    described = set(names(line.split("|")[1] for line in
                          (ROOT / "tests/README.md").read_text().splitlines()
                          if line.startswith("| `")))
    script = (ROOT / "tests/run").read_text()
    assert described == set(re.findall(r"^run_([\w-]+)\(\)", script, re.M)) - {"ctest", "pytest"}


def test_each_bound_has_the_test_that_reaches_it():
    table = re.findall(r"^\| (?!what |-)(.*) \|$", (ROOT / "deploy/reference/bounds.md").read_text(), re.M)
    assert len(table) > 15
    sources = "".join(file.read_text() for file in (ROOT / "tests").rglob("*_test.cpp"))
    sources += "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    for row in table:
        tests = names([row.split(" | ")[-1]])
        assert tests, row
        for test in tests:
            assert re.search(rf"(, |def ){test}\(?\)?", sources), f"{test}: {row}"
