"""The program as a citizen of the system: flags, exit codes, signals, a busy port, missing rights."""

import fcntl
import json
import os
import re
import signal
import subprocess
import time

import pytest
from conftest import AGENT, Client, children, pod, wait_until
from machine import PATIENCE


def run(*words, **options):
    return subprocess.run([AGENT, *words], capture_output=True, text=True, timeout=300, **options)


@pytest.mark.parametrize("words,expected", [
    (["--web.listen-adress=:1"], "--web.listen-address"),
    (["--no-such-thing-at-all"], "--no-such-thing-at-all"),
    (["--web.max-requests=many"], "many"),
    (["--web.details=everyone"], "loopback"),
    (["--watch.interval=soon"], "soon"),
    (["--web.listen-address=:1", "--web.listen-address=here"], "listen address \"here\": expected HOST:PORT"),
    (["--web.telemetry-path=metrics"], "does not begin with /"),
    (["--web.telemetry-path=/healthz"], "is already served: /healthz"),
    (["--web.telemetry-path=/ports/80"], "is already served: /ports/"),
    (["--web.telemetry-path=/metrics?all"], "has a character that is in no path"),
    (["conflict"], "conflicts"),
    (["check", "0"], "65535"),
    (["check", "http"], "http"),
    (["check", "80/tls"], "tls"),
    (["check"], "port"),
    (["conflicts", "--format=xml"], "xml"),
    (["record"], "directory"),
])
def test_a_bad_call_is_one_line_that_helps_and_exit_64(words, expected):
    done = run(*words)
    assert done.returncode == 64
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and expected in done.stderr, done.stderr


def test_flags_come_from_the_environment_too_and_unknown_variables_are_ignored():
    done = run(env={"HOSTNET_WEB_MAX_REQUESTS": "lots", "HOSTNET_SERVICE_PORT": "tcp://1"})
    assert done.returncode == 64 and "lots" in done.stderr


def test_help_and_version():
    assert "--web.listen-address" in run("--help").stdout
    assert run("--help").returncode == 0
    done = run("--version")
    assert done.returncode == 0 and done.stdout.startswith("hostnet-agent, version ")


def test_a_held_port_is_told_with_its_holder_and_exit_1(machine):
    machine.listen(20000, name="squatter")
    agent = machine.agent("--pods.source=none", wait=None)
    assert agent.process.wait(timeout=900) == 1
    lines = agent.log().strip().splitlines()
    assert "20000" in lines[-1] and "squatter" in lines[-1], agent.log()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_with_0(machine, sent):
    agent = machine.agent("--pods.source=none")
    assert agent.stop() == 0


def test_a_log_that_nobody_reads_holds_up_nothing(machine):
    """A full pipe, as of a container runtime that hangs: lines are lost and counted."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.write(writer, b"x" * fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192))
    machine.file("pods/web.json", pod("web", 8080))
    process = machine.start(AGENT, "--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                            stderr=writer)
    client = Client(machine)
    wait_until(lambda: client.curl("/readyz")[0] == 200, what="/readyz")
    machine.listen(8080)
    wait_until(lambda: client.findings(port=8080), what="a finding, which is logged")
    assert client.text("/healthz") == "ok\n"
    os.read(reader, 1 << 16)
    os.kill(children(process.pid)[0], signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0
    log = os.read(reader, 1 << 16).decode()
    assert re.search(r'msg="log lines lost" lines=[1-9]', log), log
    assert "signal=SIGTERM" in log, log
    os.close(reader)
    os.close(writer)


def test_no_file_or_socket_takes_the_place_of_a_closed_standard_stream(machine):
    process = machine.start("sh", "-c", 'exec "$0" --pods.source=none <&- >&- 2>&-', AGENT)
    client = Client(machine)
    wait_until(lambda: client.curl("/readyz")[0] == 200, what="/readyz")
    agent = children(process.pid)[0]
    assert [os.readlink(f"/proc/{agent}/fd/{stream}") for stream in range(3)] == ["/dev/null"] * 3


def test_health(machine):
    agent = machine.agent("--pods.source=none")
    assert agent.curl("/healthz")[0] == 200
    assert agent.curl("/readyz")[0] == 200
    assert machine.once("healthcheck").returncode == 0
    agent.stop()
    assert machine.once("healthcheck").returncode == 1


def test_details_over_a_unix_socket(machine):
    path = machine.directory / "agent.sock"
    address = f"--web.listen-address=unix:{path}"
    agent = machine.agent("--pods.source=none", address, "--web.listen-address=127.0.0.1:20000",
                          "--web.details=socket")
    assert agent.curl("/ports")[0] == 403
    assert agent.curl("/metrics")[0] == 200
    assert agent.curl("/ports", "--unix-socket", path)[0] == 200
    assert path.stat().st_mode & 0o777 == 0o600
    assert machine.once("healthcheck", address).returncode == 0
    agent.stop()
    assert not path.exists()
    path.write_text("precious")
    refused = machine.once(address, "--pods.source=none")
    assert refused.returncode == 1 and "is not a socket" in refused.stderr
    assert path.read_text() == "precious"
    assert machine.once("--web.details=socket").returncode == 64
    assert machine.once("--web.details=token").returncode == 64


def test_errors_have_the_right_status_and_form(machine):
    agent = machine.agent("--pods.source=none")
    assert agent.curl("/nothing")[0] == 404
    assert agent.curl("/conflicts", "-X", "POST")[0] == 405
    status, body = agent.curl("/conflicts?format=xml")
    assert status == 400 and "xml" in body
    status, body = agent.curl("/ports/99999?format=json")
    assert status == 400 and "error" in json.loads(body)
    status, body = agent.curl("/metrics?collect[]=nonsense")
    assert status == 400 and "nonsense" in body


def test_details_are_for_loopback_only(machine):
    machine.run("ip", "address", "add", "10.9.8.7/24", "dev", "lo")
    agent = machine.agent("--pods.source=none")
    elsewhere = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", "10.9.8.7"]
    url = "http://10.9.8.7:20000"
    assert machine.run(*elsewhere, f"{url}/conflicts").stdout == "403"
    assert machine.run(*elsewhere, f"{url}/metrics").stdout == "200"
    assert machine.run(*elsewhere, f"{url}/healthz").stdout == "200"
    # A page in a browser on this host that was told another name for 127.0.0.1.
    assert agent.curl("/conflicts", "-H", "Host: evil.example:20000")[0] == 403
    assert "--web.details" in agent.curl("/conflicts", "-H", "Host: evil.example:20000")[1]


def test_without_capabilities_the_answer_is_incomplete_and_never_wrong(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    # A process of another user, which an agent without rights cannot look into.
    process = machine.start("setpriv", "--reuid=65534", "/usr/bin/python3", "-c",
                            "import socket,signal; s=socket.socket(); s.bind(('',8080));"
                            "s.listen(); print('ready',flush=True); signal.pause()",
                            stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          capabilities=[])
    said = agent.json("/conflicts")
    assert said["complete"] is False
    codes = {problem["code"] for problem in said["problems"]}
    assert "no_cap_net_admin" in codes
    assert any("ptrace" in code or "process" in code or "dac" in code for code in codes), codes
    assert all(problem["remedy"] for problem in said["problems"])
    assert {f["verdict"] for f in said["findings"]} <= {"owner_unknown"}
    done = machine.run("setpriv", "--inh-caps=-all", "--bounding-set=-all", AGENT, "conflicts",
                       "--pods.source=none", check=False)
    assert done.returncode == 2 and "incomplete" in done.stdout


def test_with_the_two_capabilities_processes_have_names_and_nat_is_reported_missing(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          capabilities=["sys_ptrace", "dac_read_search"])
    said = agent.json("/conflicts")
    assert said["complete"] is False
    assert [p["code"] for p in said["problems"]] == ["no_cap_net_admin"]
    assert said["findings"][0]["held_by"][0]["comm"] == "squatter"


def test_with_every_capability_the_answer_is_complete(machine):
    agent = machine.agent("--pods.source=none")
    said = agent.json("/conflicts")
    assert said["problems"] == [] and said["complete"] is True


def test_in_another_network_namespace_port_paths_refuse_and_nothing_is_judged(machine):
    pods = machine.file("pods/pod.yaml", pod(port=30080)).parent  # on the node, a risk
    agent_words = ["unshare", "--net", "sh", "-c",
                   f"ip link set lo up; {AGENT} --pods.source=manifests --pods.manifests={pods} & echo $!;"
                   "until curl -fs localhost:20000/readyz >/dev/null; do sleep 0.05; done; curl -s -w '\\n%{http_code}\\n' localhost:20000/conflicts;"
                   "curl -s localhost:20000/metrics | grep ^hostnet_; kill $!; wait"]
    done = machine.run(*agent_words, check=False)
    assert "hostNetwork: true" in done.stdout
    assert "\n503\n" in done.stdout
    assert "hostnet_host_netns 0" in done.stdout
    assert 'hostnet_declared_ports{mode="hostNetwork",protocol="tcp"} 1' in done.stdout
    counts = [line for line in done.stdout.splitlines() if line.startswith("hostnet_findings{")]
    assert counts and all(line.endswith(" 0") for line in counts)
    assert "hostnet_port_risk{" not in done.stdout
    assert "finding opened" not in done.stderr


def test_logs_are_json_when_asked(machine):
    agent = machine.agent("--pods.source=none", "--log.format=json")
    agent.stop()
    for line in agent.log().strip().splitlines():
        record = json.loads(line)
        assert {"time", "level", "msg"} <= record.keys()


def test_a_config_file_is_reread_and_a_bad_one_refused(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    config = machine.file("config.yaml", "ignore: []\n")
    machine.listen(8080, name="squatter")
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                          f"--config.file={config}")
    assert len(agent.findings()) == 1
    machine.file("config.yaml", "ignroe: []\n")
    wait_until(lambda: "ignroe" in agent.log(), 3, "the complaint")
    assert len(agent.findings()) == 1
    assert agent.metric(r"^hostnet_config_last_reload_successful 0$")
    machine.file("config.yaml",
                 "ignore:\n- {verdict: unmanaged_process, port: '8080', reason: known}\n")
    wait_until(lambda: not agent.findings(), 3, "the rule")
    assert len(agent.json("/conflicts?ignored=1")["findings"]) == 1
    assert agent.metric(r"^hostnet_config_last_reload_successful 1$")
    assert agent.metric(r'^hostnet_findings_ignored\{class="conflict"\} 1$')


def test_a_flood_of_signals_costs_little(machine):
    config = machine.file("config.yaml", "{}\n")
    agent = machine.agent("--pods.source=none", f"--config.file={config}")
    pid, begun = agent.pid, time.monotonic()
    for _ in range(100_000):
        os.kill(pid, signal.SIGHUP)
    assert agent.stop() == 0
    took = time.monotonic() - begun
    lines = [line for line in agent.log().splitlines() if '"configuration loaded"' in line]
    reloads = sum(int((re.search(r"suppressed=(\d+)", line) or [0, 1])[1]) for line in lines)
    assert 1 <= reloads <= 10 * took + 2, lines[-3:]


def test_a_broken_config_file_at_start_is_an_error_with_file_and_line(machine):
    config = machine.file("config.yaml", "node_port_range: 30000-32767\nbogus: 1\n")
    agent = machine.agent(f"--config.file={config}", wait=None)
    assert agent.process.wait(timeout=900) == 1
    assert re.search(r"config\.yaml.*2.*bogus|config\.yaml:2", agent.log()), agent.log()


def test_five_thousand_listeners(machine):
    code = ("import socket,resource,signal\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE,(6000,6000))\n"
            "ss=[]\n"
            "for p in range(1024,6024):\n"
            " s=socket.socket(); s.bind(('127.0.0.1',p)); s.listen(); ss.append(s)\n"
            "print('ready',flush=True); signal.pause()\n")
    process = machine.python(code, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    agent = machine.agent("--pods.source=none")
    # Sockets of one owner are counted from a hundred on.
    answer = agent.json("/ports")
    assert len(answer["ports"]) + sum(group["count"] for group in answer["folded"]) >= 5000
    assert agent.json("/ports/6000")["ports"][0]["port"] == 6000
    series = [line for line in agent.text("/metrics").splitlines() if not line.startswith("#")]
    assert len(series) < 20000


def test_a_recording_replays_with_the_same_answers(machine):
    machine.file("pods/pod.yaml", pod(port=8080))
    machine.listen(8080, name="squatter")
    flags = ("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    directory = machine.directory / "recording"
    machine.run(AGENT, "record", directory, *flags)
    live = json.loads(machine.once("conflicts", "--format=json", *flags).stdout)
    # Elsewhere: no process, no socket, no manifest of that machine.
    replayed = run("conflicts", "--format=json", f"--replay={directory}")
    assert replayed.returncode == 1, replayed.stderr
    said = json.loads(replayed.stdout)
    for answer in (live, said):
        answer.pop("generated_at")
        for finding in answer["findings"]:
            for declared in finding["declared_by"]:
                declared.pop("source")
    assert said == live
    first = run("ports", "--format=json", f"--replay={directory}").stdout
    assert first == run("ports", "--format=json", f"--replay={directory}").stdout


def test_doctor_names_a_fix_for_each_thing_that_is_missing(machine):
    # The machine of these tests has a PID namespace of its own, which nothing proves to be the host's.
    everything = machine.once("doctor", "--pods.source=none").stdout.splitlines()[1:]
    assert [row.split("  ")[0] for row in everything if not re.search(r"  ok  ", row)] == ["PID namespace"]
    done = machine.run("setpriv", "--inh-caps=-all", "--bounding-set=-all", AGENT, "doctor",
                       "--pods.source=none", check=False)
    assert done.returncode == 1
    for capability in ("SYS_PTRACE", "DAC_READ_SEARCH", "NET_ADMIN"):
        assert re.search(rf"{capability}.*add", done.stdout.replace("\n", " ")), done.stdout


def test_check_reads_manifests_from_files_and_standard_input(machine):
    path = machine.file("gateway.yaml", pod(name="gateway", port=30003))
    done = machine.once("check", "-f", path, "--offline")
    assert done.returncode == 1 and "in_node_port_range" in done.stdout
    done = run("check", "-f", "-", "--offline", input=pod(name="good", port=7070))
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("check", "-f", "-", "--offline", input="# nothing\n---\n")
    assert done.returncode == 2 and "there is no Kubernetes object" in done.stdout
    done = run("check", "-f", "/nonexistent.yaml", "--offline")
    assert done.returncode == 2 and "nonexistent" in done.stderr + done.stdout


def test_check_takes_flags_before_and_after_files_and_counts_by_severity(machine):
    nodeport = machine.file("gateway.yaml", pod(name="gateway", port=30003))
    broken = machine.file("broken.yaml", "kind: Pod\nspec: [\n")
    good = machine.file("good.yaml", pod(name="good", port=7070))
    last = "0 critical, 1 warning, 0 info; 2 declared ports, this node was not scanned"
    for words in (["-f", nodeport, good, "--offline"], ["-f", "--offline", nodeport, good],
                  ["--offline", "-f", nodeport, "--pods.source=none", good],
                  [good, "-f", nodeport, "--offline"]):
        done = run("check", *words)
        assert done.returncode == 1 and done.stdout.splitlines()[-1] == last, (words, done.stdout)
    done = run("check", "-f", "--offline", "-", input=pod(name="good", port=7070))
    assert done.returncode == 0 and "1 declared port," in done.stdout, done.stdout
    done = run("check", "-f", broken, good, "--offline")
    assert done.returncode == 2 and done.stdout.splitlines()[-1].startswith("1 critical, 0 warnings")
    for words in ([broken, nodeport], [nodeport, "/nonexistent.yaml"]):  # whatever the others say
        done = run("check", "-f", *words, "--offline")
        assert done.returncode == 2 and "in_node_port_range" in done.stdout, done.stdout
    assert run("check", "-f").returncode == 64
    assert run("check", "8080", "-f", good).returncode == 64
    assert run("check", "-f", good, "--offlin").returncode == 64

    machine.listen(7070, name="squatter")
    done = machine.once("check", "-f", good)
    (row,) = [line for line in done.stdout.splitlines() if "in_use" in line]
    assert re.match(rf"{good}:\d+ +critical +in_use +7070/tcp ", row), row
    assert "hostnet-agent ports 7070/tcp" in row and done.returncode == 1
    assert "0 of 1 declared port free on this node" in done.stdout
