"""What people see on a terminal, in a pipe and over HTTP: widths, colours, forms, help, completion."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import unicodedata

import pytest
from conftest import AGENT, ROOT, pod, wait_until

COLOR = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(machine, *words, columns=80, environment=()):
    """Standard output of a call whose terminal has so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = machine.start("env", "-u", "COLUMNS", "-u", "NO_COLOR", "TERM=xterm", *environment, AGENT,
                            *words, stdout=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
    process.wait(timeout=120)
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in COLOR.sub("", line))


@pytest.fixture
def conflict(machine):
    machine.file("pods/pod.yaml", pod(name="a-pod-with-a-rather-long-name", port=8080))
    machine.listen(8080, name="squatter")
    return ("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")


@pytest.mark.parametrize("words", [["conflicts"], ["risks"], ["ports"], ["ports", "8080"],
                                   ["check", "8080"], ["doctor"]])
@pytest.mark.parametrize("columns", [60, 80, 132])
def test_a_terminal_gets_no_line_wider_than_it_is(machine, conflict, words, columns):
    said = on_a_terminal(machine, *words, *conflict, columns=columns)
    assert said and all(width(line) <= columns for line in said.splitlines()), said


def test_what_an_agent_says_fits_a_narrow_terminal(machine, conflict):
    agent = machine.agent(*conflict)
    wait_until(lambda: agent.findings(), 5, "the conflict")
    said = on_a_terminal(machine, "conflicts", columns=40)
    assert "from the running agent" in said and all(width(line) <= 40 for line in said.splitlines()), said


def test_manifest_checks_fit_a_terminal_too(machine):
    path = machine.file("gateway.yaml", pod(name="gateway", port=30003, dns="ClusterFirst"))
    said = on_a_terminal(machine, "check", "-f", path, "--offline")
    assert "in_node_port_range" in said
    assert all(width(line) <= 80 or str(path)[:20] in line for line in said.splitlines()), said


def test_a_pipe_gets_a_row_per_line_and_no_colour(machine, conflict):
    done = machine.once("conflicts", *conflict)
    header, row, last = done.stdout.splitlines()
    assert header.startswith("PORT") and row.startswith("8080/tcp  unmanaged_process  critical")
    assert "\x1b" not in done.stdout
    assert len(machine.once("doctor", "--pods.source=none").stdout.splitlines()) < 20


def test_colour_is_for_terminals_and_can_be_forbidden_and_forced(machine, conflict):
    assert "\x1b[1;31mcritical\x1b[0m" in on_a_terminal(machine, "conflicts", *conflict, columns=200)
    for words, environment in ([], ["NO_COLOR=1"]), ([], ["TERM=dumb"]), (["--color=never"], []):
        said = on_a_terminal(machine, "conflicts", *conflict, *words, environment=environment)
        assert "\x1b" not in said
    assert "\x1b[1;31m" in machine.once("conflicts", "--color=always", *conflict).stdout


def test_forms_as_kubectl_has_them(machine, conflict):
    for words in (["conflicts"], ["check", "8080"], ["check", "-f", machine.directory / "pods/pod.yaml"]):
        assert machine.once(*words, "-o", "name", *conflict).stdout == "8080/tcp\n"
    broken = machine.once("check", "-f", "/nonexistent.yaml", "--offline", "-o", "name")
    assert broken.returncode == 2 and broken.stdout == "" and "/nonexistent.yaml" in broken.stderr
    wide = machine.once("conflicts", "-o", "wide", *conflict).stdout
    assert "EXPLANATION" in wide.splitlines()[0] and len(wide.splitlines()) == 3
    assert machine.once("conflicts", "--json", *conflict).stdout.startswith('{"api_version":"v1"')
    assert all(width(line) <= 50 for line in
               machine.once("conflicts", "--width=50", *conflict).stdout.splitlines())


def test_http_folds_only_when_asked(machine, conflict):
    agent = machine.agent(*conflict)
    plain = agent.text("/conflicts")
    assert len(plain.splitlines()) == 3
    folded = agent.text("/conflicts?width=50")
    assert all(width(line) <= 50 for line in folded.splitlines()) and len(folded.splitlines()) > 3
    assert agent.text("/ports?format=name").splitlines() == ["8080/tcp", "20000/tcp"]
    assert "EXPLANATION" in agent.text("/conflicts?format=wide")
    assert "\x1b[1;31m" in agent.text("/conflicts?color=1")
    for bad in "?width=many", "?width=5", "?width=99999", "?color=red":
        assert agent.curl(f"/conflicts{bad}")[0] == 400


def test_a_port_is_told_as_a_story(machine, conflict):
    agent = machine.agent(*conflict)
    wait_until(lambda: "unmanaged_process" in agent.text("/history"), 5, "the event")
    labels = ["declared ", "held by ", "since ", "bind() ", "client ", "rules ", "lately ", "what to do "]
    answers = [agent.text("/ports/8080"), agent.text("/check?port=8080"),
               machine.once("ports", "8080").stdout, machine.once("check", "8080").stdout]
    for said in answers:
        places = [said.index("\n" + label) for label in labels]
        assert places == sorted(places), said
        assert "EADDRINUSE" in said and "squatter" in said and "unmanaged_process opened" in said
    assert len(answers[0].splitlines()) <= 24


def test_watch_prints_again_when_something_changes(machine, conflict):
    agent = machine.agent(*conflict)
    path = machine.directory / "watched"
    with open(path, "wb") as out:
        watching = machine.start(AGENT, "conflicts", "--watch", stdout=out)
    wait_until(lambda: path.read_text().count("\nPORT") + path.read_text().startswith("PORT") == 1, 5,
               "the first answer")
    (machine.directory / "pods/pod.yaml").unlink()
    wait_until(lambda: "0 conflicts" in path.read_text(), 5, "the next answer")
    assert path.read_text().count("PORT  ") == 2, path.read_text()
    machine.stop(watching)
    agent.stop()


def test_doctor_tells_of_a_node_exporter_that_runs_here(machine):
    assert "node_exporter" not in machine.once("doctor", "--pods.source=none").stdout
    machine.listen(9100, name="node_exporter")
    (row,) = [line for line in machine.once("doctor", "--pods.source=none").stdout.splitlines()
              if line.startswith("node_exporter")]
    assert "note" in row and "twice" in row and "alongside" in row


def test_doctor_and_footer_say_the_same_with_path_and_errno(machine):
    words = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", AGENT]
    machine.start("setpriv", "--reuid=65534", "/usr/bin/python3", "-c",
                  "import socket,signal; s=socket.socket(); s.bind(('',8080)); s.listen(); signal.pause()")
    wait_until(lambda: "8080" in machine.once("ports", "--pods.source=none").stdout, 5, "the listener")
    footer = machine.run(*words, "conflicts", "--pods.source=none", check=False).stdout.splitlines()[-1]
    assert "hostnet-agent doctor" in footer, footer
    doctor = machine.run(*words, "doctor", "--pods.source=none", check=False).stdout
    assert re.search(r"SYS_PTRACE is missing \(.*proc/\d+/fd.*Permission denied\)", doctor), doctor
    assert "AppArmor" not in doctor and "SELinux" not in doctor


def test_help_version_and_completion(machine):
    run = machine.once
    assert run("help").stdout == run("--help").stdout
    own = run("check", "--help").stdout
    assert own.index("--offline") < own.index("--path.procfs") and run("help", "check").stdout == own
    for word in "revision", "compiler", "libraries":
        assert word in run("version").stdout
    assert run("version").stdout == run("--version").stdout
    assert run("version").stdout.startswith(f"hostnet-agent, version {json.loads(run('version', '-o', 'json').stdout)['version']}\n")
    script = run("completion", "bash").stdout

    def completed(words):
        asked = script + (f"\nCOMP_WORDS=(hostnet-agent {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
                          "_hostnet_agent; echo ${COMPREPLY[*]}")
        return subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert completed("conf") == ["conflicts"]
    assert completed("conflicts --fro") == ["--from"]
    assert completed("conflicts --from = a") == ["auto", "agent"]
    assert "--offline" in completed("check --") and "--offline" not in completed("ports --")
    assert completed("completion z") == ["zsh"]
    assert completed("ports -o w") == ["wide"]
    for shell in "zsh", "fish":
        if shutil.which(shell):
            subprocess.run([shell, "-n", "/dev/stdin"], input=run("completion", shell).stdout, text=True,
                           check=True)


def test_packaging_run_help_starts_nothing(machine, tmp_path):
    done = subprocess.run([ROOT / "packaging/run", "--help"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "HOSTNET_BUILD_DIR": str(tmp_path / "none")})
    assert done.returncode == 0 and "first build takes" in done.stdout
    assert not (tmp_path / "none").exists()
