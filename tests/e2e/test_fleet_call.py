"""`fleet` against a cluster of simulated agents and real ones (fleet_cluster.py): over TLS, WebSocket and
pods/portforward as a kubelet has them."""

import base64
import contextlib
import copy
import fcntl
import json
import os
import re
import struct
import subprocess
import termios
import time

import pytest
from conftest import AGENT, ROOT, wait_until
from fleet_cluster import agent_pod, frame, node
from machine import PATIENCE
from test_pod_sources import certificate, issue, kubeconfig

CONFLICT = {
    "id": "8f3c", "class": "conflict", "verdict": "unmanaged_process", "severity": "critical",
    "protocol": "tcp", "port": 8080, "host_ip": "0.0.0.0", "since": "2026-11-21T20:00:00.000Z",
    "stale": False, "ignored": False, "observed": None, "explanation": "nginx has it",
    "declared_by": [{"namespace": "default", "pod": "web-NODE", "workload": "DaemonSet/web", "container": "web"}],
    "held_by": [{"kind": "unmanaged_process", "name": "nginx.service", "pid": 812, "comm": "nginx", "uid": 0,
                 "state": "listen"}],
    "remedy": "systemctl stop nginx.service"}
RISK = {**CONFLICT, "class": "risk", "verdict": "in_node_port_range", "severity": "warning", "port": 30080,
        "held_by": [], "remedy": "another port"}
INFO = {**RISK, "verdict": "dns_policy", "severity": "info", "port": 9100}
FREE = {"protocol": "tcp", "port": 8080, "address": "::", "verdict": "free", "bindable": True, "holders": [],
        "declared_by": [], "risks": [], "explanation": "nothing holds it"}
IN_USE = {**FREE, "verdict": "in_use", "bindable": False, "holders": CONFLICT["held_by"],
          "explanation": "nginx has it"}
PATIENT = f"--timeout={PATIENCE:g}s"  # for what answers at once on a machine that has time
REFUSED = "error forwarding port 20000 to pod x, uid : failed: dial tcp4 127.0.0.1:20000: connect: " \
          "connection refused"
TOKEN = "first"


def said(findings, complete=True, problems=()):
    return [200, {"api_version": "v1", "node": "NODE", "generated_at": "2026-11-21T20:00:00.000Z",
                  "complete": complete, "problems": list(problems), "limits": [], "findings": findings}]


def agent(conflicts=(), risks=(), check=None, **more):
    answers = {"/conflicts": said(list(conflicts)), "/risks": said(list(risks))}
    if check:
        answers[f"/check?port={check['port']}&protocol={check['protocol']}"] = [200, check]
    return {"answers": answers, **more}


class Fleet:
    """Nodes by name, each with what its agent does."""

    def __init__(self, machine, port=16443):
        self.machine, self.port, self.told = machine, port, {"token": TOKEN, "nodes": [], "pods": [], "agents": {}}
        pki = machine.directory / "pki"
        certificate(pki)
        (pki / "token").write_text(TOKEN)
        self.config = kubeconfig(machine, port)
        self.process = None

    def add(self, name, does, **pod):
        self.told["nodes"].append(node(name))
        self.told["pods"].append(agent_pod(name, **pod))
        self.told["agents"][f"hostnet-agent-{name}"] = does

    def start(self, processes=1):
        self.process = self.machine.start(
            "/usr/bin/python3", ROOT / "tests/e2e/fleet_cluster.py", self.machine.directory / "pki", self.port,
            processes, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True)
        self.process.stdin.write(json.dumps(self.told) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"

    def counted(self):
        self.process.stdin.close()
        return json.loads(self.process.stdout.readline())

    def call(self, *words):
        if not self.process:
            self.start()
        patience = [] if any(word.startswith("--timeout") for word in words) else [PATIENT]
        return self.machine.once("fleet", f"--kubeconfig={self.config}", *patience, *words)

    def json(self, *words):
        done = self.call("--format=json", *words)
        assert done.stdout, done.stderr
        return json.loads(done.stdout), done.returncode


@pytest.fixture
def fleet(machine):
    return Fleet(machine)


def rows(text):
    return [re.split(r"  +", line) for line in text.splitlines()]


def test_conflicts_and_risks_of_all_nodes_are_one_table_the_worst_first(fleet):
    fleet.add("n1", agent())
    fleet.add("n2", agent([CONFLICT], [INFO]))
    fleet.add("n3", agent([CONFLICT], [RISK]))
    done = fleet.call()
    assert done.returncode == 1 and done.stderr == ""
    table = rows(done.stdout)
    assert table[0] == ["NODE", "PORT", "VERDICT", "SEVERITY", "DECLARED BY", "HELD BY", "SINCE", "WHAT TO DO"]
    assert [row[:6] for row in table[1:5]] == [
        ["n2", "8080/tcp", "unmanaged_process", "critical", "default/web-n2 (web)", "nginx.service nginx[812] root"],
        ["n3", "8080/tcp", "unmanaged_process", "critical", "default/web-n3 (web)", "nginx.service nginx[812] root"],
        ["n3", "30080/tcp", "in_node_port_range", "warning", "default/web-n3 (web)", "-"],
        ["n2", "9100/tcp", "dns_policy", "info", "default/web-n2 (web)", "-"]]
    assert done.stdout.endswith("\n2 conflicts, 2 risks on 2 nodes; 3 of 3 nodes answered; complete\n")
    assert fleet.call("-o", "name").stdout == "n2\nn3\n"
    assert "DaemonSet/web" in fleet.call("-o", "wide").stdout
    counted = fleet.counted()
    assert counted["forwards"] == 9  # one connection for both answers of a node
    assert set(counted["paths"]) == {"/conflicts", "/risks"}


def test_a_quiet_fleet_ends_with_zero(fleet):
    fleet.add("n1", agent(risks=[INFO]))
    assert fleet.call().returncode == 0


def test_nodes_that_do_not_answer_are_named_and_the_exit_code_says_so(fleet):
    fleet.add("n1", agent([CONFLICT]))
    fleet.add("n2", {"error": REFUSED})
    fleet.add("n3", {"status": [403, "pods/portforward is not for you"]})
    fleet.add("n4", agent(), phase="Pending")
    fleet.add("n5", {"answers": {"/conflicts": [403, {"error": {"message": "Details are switched off here"}}]}})
    fleet.add("n6", {"answers": {"/conflicts": [200, {"no": "answer"}], "/risks": [200, []]}})
    fleet.told["nodes"] += [node("n7"), node("n8", **{"kubernetes.io/os": "windows"})]
    done = fleet.call()
    assert done.returncode == 2
    for name, why in [("n2", "dial tcp4 127.0.0.1:20000: connect: connection refused"),
                      ("n3", f"127.0.0.1:{fleet.port} answers 403: pods/portforward is not for you"),
                      ("n4", "its agent hostnet-agent/hostnet-agent-n4 is Pending"),
                      ("n5", "its agent answers 403: Details are switched off here"),
                      ("n6", "the answer is not as expected"),
                      ("n7", "no agent runs there")]:
        assert f"1 node did not answer: {name} ({why})\n" in done.stdout
    assert done.stdout.endswith("1 conflict, 0 risks on 1 node; 1 of 7 nodes answered; incomplete\n")
    answer, status = fleet.json()
    assert status == 2 and answer["complete"] is False and answer["api_version"] == "v1"
    assert [one["node"] for one in answer["nodes"] if not one["answered"]] == [f"n{i}" for i in range(2, 8)]
    assert [(one["node"], one["port"], one["held_by"][0]["pid"]) for one in answer["findings"]] == [("n1", 8080, 812)]


def test_an_agent_that_says_nothing_is_waited_for_as_long_as_one_wants(fleet):
    fleet.add("n1", {"silent": True})
    done = fleet.call("--timeout=1s")
    assert done.returncode == 2
    assert f"1 node did not answer: n1 (127.0.0.1:{fleet.port}: no answer in time)\n" in done.stdout
    assert done.stdout.endswith("; 0 of 1 node answered; incomplete\n")


def test_an_incomplete_node_is_named_and_decides_only_where_nothing_is_found(fleet):
    problem = {"code": "no_cap_net_admin", "message": "NAT rules cannot be read", "remedy": "add NET_ADMIN"}
    partial = agent()
    partial["answers"]["/conflicts"] = partial["answers"]["/risks"] = said([], False, [problem])
    fleet.add("n1", agent())
    fleet.add("n2", partial)
    done = fleet.call()
    assert done.returncode == 2
    assert "incomplete on 1 node: n2 (NAT rules cannot be read (add NET_ADMIN))\n" in done.stdout


def test_an_api_server_that_has_much_to_do_is_asked_again(fleet):
    fleet.add("n1", agent([CONFLICT], busy=2))
    assert fleet.call().returncode == 1


def test_a_real_agent_answers_through_the_api_server(machine, fleet):
    machine.listen(8080, name="squatter")
    machine.file("pods/pod.yaml", json.dumps({
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default", "uid": "u"},
        "spec": {"hostNetwork": True, "containers": [{"name": "web", "ports": [{"containerPort": 8080}]}]}}))
    real = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    wait_until(lambda: [f for f in real.findings() if f["port"] == 8080], 5, "the conflict")
    fleet.add("n1", {"tcp": ["127.0.0.1", 20000]})
    answer, status = fleet.json()
    assert [(f["verdict"], f["port"]) for f in answer["findings"] if f["class"] == "conflict"] == [
        ("unmanaged_process", 8080)]
    assert status in (1, 2) and answer["nodes"][0]["answered"]
    checked, _ = fleet.json("--port", "8080")
    assert checked["nodes"][0]["verdict"] == "in_use"
    assert "squatter[" in fleet.call("--port=8080").stdout


def test_an_agent_that_speaks_tls_is_asked_over_tls(machine, fleet):
    config = machine.file("web.yaml", "tls_server_config: {cert_file: pki/server.crt, key_file: pki/server.key}\n")
    machine.agent("--pods.source=none", f"--web.config.file={config}", wait=None)
    fleet.add("n1", {"tcp": ["127.0.0.1", 20000]})
    fleet.start()
    wait_until(lambda: fleet.json()[0]["nodes"][0]["answered"], 10, "the agent over TLS")


def test_a_port_is_free_on_some_nodes_and_held_on_others(fleet):
    fleet.add("n1", agent(check=IN_USE))
    fleet.add("n2", agent(check=FREE))
    done = fleet.call("--port", "8080")
    assert done.returncode == 1
    assert rows(done.stdout) == [
        ["NODE", "VERDICT", "HELD BY", "DECLARED BY", "EXPLANATION"],
        ["n2", "free", "-", "-", "nothing holds it"],
        ["n1", "in_use", "nginx.service nginx[812] root", "-", "nginx has it"],
        ["8080/tcp is free on 1 of 2 nodes; 2 of 2 nodes answered; complete"]]
    assert fleet.call("--port=8080", "-o", "name").stdout == "n2\n"
    answer, _ = fleet.json("--port=8080/tcp")
    assert [(one["node"], one["verdict"], one["check"]["bindable"]) for one in answer["nodes"]] == [
        ("n1", "in_use", False), ("n2", "free", True)]


def test_a_port_that_is_free_everywhere_ends_with_zero_and_one_that_nobody_knows_with_two(fleet):
    fleet.add("n1", agent(check=FREE))
    assert fleet.call("--port=8080/tcp").returncode == 0
    assert fleet.call("--port=53/udp").returncode == 2


def declaring(name, node_name, port=8080, phase="Running"):
    return {"metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
            "spec": {"hostNetwork": True, **({"nodeName": node_name} if node_name else {}),
                     "containers": [{"name": "web", "ports": [{"containerPort": port, "hostPort": port}]}]},
            "status": {"phase": phase}}


MESSAGE = "0/4 nodes are available: 4 node(s) didn't have free ports for the requested pod ports."


def pending(name="web-2"):
    made = declaring(name, None, phase="Pending")
    made["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                                     "message": MESSAGE}]
    return made


def test_a_pending_pod_is_explained_node_by_node(fleet):
    for i, check in enumerate([None, IN_USE, FREE, None], 1):
        fleet.add(f"n{i}", agent(check=check) if check else {"error": REFUSED})
    fleet.told["pods"] += [pending(), declaring("web-1", "n1"), declaring("old", "n2", phase="Succeeded"),
                           declaring("db", "n2", port=5432)]
    done = fleet.call("--pod", "default/web-2")
    assert rows(done.stdout)[:5] == [
        ["NODE", "VERDICT", "PORT", "DECLARED BY", "HELD BY", "EXPLANATION"],
        ["n3", "free", "8080/tcp", "-", "-", "no pod declares it there, and nothing holds it"],
        ["n2", "in_use", "8080/tcp", "-", "nginx.service nginx[812] root",
         "the scheduler may place it here, and it would fail: nginx.service nginx[812] root has 8080/tcp"],
        ["n1", "declared", "8080/tcp", "default/web-1 (web)", "-",
         "the scheduler does not place it here: default/web-1 (web) declares 8080/tcp on 0.0.0.0"],
        ["n4", "unknown", "8080/tcp", "-", "-", "no pod declares it there; its agent did not answer"]]
    assert f"default/web-2 is Pending: {MESSAGE}\n" in done.stdout
    assert done.returncode == 0  # n3
    answer, _ = fleet.json("--pod=default/web-2")
    assert answer["pod"]["scheduler"] == MESSAGE
    assert {(row["node"], row["verdict"]) for row in answer["rows"]} == {
        ("n1", "declared"), ("n2", "in_use"), ("n3", "free"), ("n4", "unknown")}


def test_a_pod_whose_port_is_declared_on_every_node_fits_nowhere(fleet):
    fleet.add("n1", {"error": REFUSED})  # need not be asked
    fleet.told["pods"] += [pending(), declaring("web-1", "n1")]
    assert fleet.call("--pod=default/web-2").returncode == 1


def test_a_pod_without_host_ports_or_without_existence_is_said_to_be(fleet):
    bare = pending("bare")
    bare["spec"] = {"containers": [{"name": "web"}]}
    fleet.add("n1", agent())
    fleet.told["pods"].append(bare)
    done = fleet.call("--pod=default/bare")
    assert done.returncode == 0 and "it declares no host port" in done.stdout
    missing = fleet.call("--pod=default/nobody")
    assert missing.returncode == 2 and missing.stderr.endswith("there is no pod default/nobody\n")


def test_a_tenants_pods_with_the_agents_label_are_not_believed(fleet):
    fleet.add("n1", agent())
    fleet.told["pods"].append(agent_pod("n2", namespace="tenant"))
    fleet.told["nodes"].append(node("n2"))
    done = fleet.call()
    assert "1 pods with the agents' label are not in hostnet-agent and are not asked" in done.stderr
    assert "1 node did not answer: n2 (no agent runs there)" in done.stdout
    assert "hostnet-agent-n2" in json.dumps(fleet.json("--namespace=tenant")[0]["nodes"])


def test_no_agents_no_kubeconfig_or_a_wrong_token_end_with_two_and_a_sentence(fleet, machine):
    fleet.told["nodes"].append(node("n1"))
    done = fleet.call()
    assert done.returncode == 2 and "are the agents installed?" in done.stderr and done.stdout == ""
    done = machine.run("env", "-i", "HOME=/nonexistent", AGENT, "fleet", check=False)
    assert done.returncode == 2 and "give --kubeconfig=FILE" in done.stderr
    (machine.directory / "pki/token").write_text("another")
    done = fleet.call()
    assert done.returncode == 2 and "answers 401" in done.stderr


@pytest.mark.parametrize("words", [
    ["--pod=web"], ["--pod=a/b/c"], ["--port=x"], ["--port=80", "--pod=a/b"], ["--timeout=x"],
    ["--prometheus=prometheus:9090"], ["--server=http://10.0.0.1:8001"],
    ["--server=http://127.0.0.1:8001", "--kubeconfig=x"], ["--prometheus=http://p", "--pod=a/b"], ["--kubeconfg=x"]])
def test_what_makes_no_sense_ends_with_64(machine, words):
    done = machine.once("fleet", *words)
    assert done.returncode == 64 and done.stderr.count("\n") == 1


def test_the_server_must_be_whom_the_kubeconfig_names(fleet, machine):
    fleet.add("n1", agent())
    fleet.start()
    certificate(machine.directory / "pki", "another")
    machine.file("kubeconfig", fleet.config.read_text().replace("ca.crt", "another.crt"))
    done = fleet.call()
    assert done.returncode == 2 and "its certificate is not accepted" in done.stderr


def test_a_server_with_another_name_than_its_host_is_asked_by_that_name(fleet, machine):
    fleet.add("n1", agent([CONFLICT]))
    issue(machine.directory / "pki", "ca", "DNS:api.example")
    fleet.start()
    assert "it is for another name" in fleet.call().stderr
    text = fleet.config.read_text()
    machine.file("kubeconfig", text.replace("cluster: {server", "cluster: {tls-server-name: api.example, server"))
    assert fleet.call().returncode == 1
    assert "its certificate is not accepted" not in fleet.call().stderr
    machine.file("kubeconfig", text.replace("cluster: {server", "cluster: {tls-server-name: another.example, server"))
    assert "it is for another name" in fleet.call().stderr
    # Lists and streams alike; an address is no name to ask for.
    assert set(fleet.counted()["names"]) == {None, "api.example", "another.example"}


def test_kubectl_proxy_is_asked_without_a_kubeconfig(fleet, machine):
    fleet.add("n1", agent([CONFLICT], check=IN_USE))
    fleet.told.update(plain=True, token=None)
    fleet.start()
    server = f"--server=http://127.0.0.1:{fleet.port}"
    done = machine.once("fleet", server, PATIENT)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout.endswith("1 conflict, 0 risks on 1 node; 1 of 1 node answered; complete\n")
    assert machine.once("fleet", server, PATIENT, "--port=8080").returncode == 1


HOSTILE = {
    "endless frames": b"\x02\x7e\xff\xff" + bytes(65535) + (b"\x00\x7e\xff\xff" + bytes(65535)) * 20,
    "a frame of 2^63 bytes": b"\x82\x7f" + b"\x7f" + b"\xff" * 7,
    "a masked frame": b"\x82\x81abcdx",
    "an endless head": b"".join(frame(b"\x00HTTP/1.1 200 OK\r\n" if i == 0 else b"\x00x: y\r\n" * 4000)
                                for i in range(40)),
    "a body without end": frame(b"\x00HTTP/1.1 200 OK\r\n\r\n") + frame(b"\x00" + b"[" * 60000) * 400,
    "no HTTP": frame(b"\x00SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing": b"\x88\x00",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_agent_that_answers_nonsense_is_named_and_costs_little(fleet, what):
    fleet.add("n1", agent([CONFLICT]))
    fleet.add("n2", {"raw": base64.b64encode(HOSTILE[what]).decode()})
    fleet.start()
    done = fleet.machine.run("prlimit", f"--as={2 << 30}", AGENT, "fleet", f"--kubeconfig={fleet.config}",
                             PATIENT, check=False)
    assert done.returncode == 2, done.stderr
    assert "1 node did not answer: n2 (" in done.stdout and "1 of 2 nodes answered" in done.stdout


def test_hostile_names_stay_in_their_cells(fleet):
    nasty = copy.deepcopy(CONFLICT)
    nasty["held_by"][0]["name"] = "\u001b[31mred\nline\u202e" + "x" * 10000
    nasty["remedy"] = ["not a text"]
    fleet.add("n1", agent([nasty, CONFLICT]))
    done = fleet.call()
    assert done.returncode == 1 and "\x1b" not in done.stdout and done.stdout.count("\n") == 4
    assert fleet.json()[0]["findings"][0]["held_by"][0]["name"].startswith("\u001b[31mred\nline")


def test_progress_is_shown_on_a_terminal_and_gone_in_the_end(fleet):
    fleet.add("n1", {"silent": True})
    fleet.start()
    main, other = os.openpty()
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    done = fleet.machine.run(AGENT, "fleet", f"--kubeconfig={fleet.config}", "--timeout=1s", check=False)
    assert done.stderr == ""  # not a terminal
    process = subprocess.Popen(fleet.machine.command(AGENT, "fleet", f"--kubeconfig={fleet.config}", "--timeout=5s"),
                               stdout=subprocess.DEVNULL, stderr=other)
    os.close(other)
    seen = b""
    with contextlib.suppress(OSError):  # EIO when it has ended
        while piece := os.read(main, 65536):
            seen += piece
    os.close(main)
    assert process.wait() == 2
    assert b"\r\x1b[K0 of 1 nodes asked" in seen and seen.endswith(b"\r\x1b[K")


@pytest.mark.parametrize("count", [500])
def test_many_nodes_are_asked_at_most_64_at_once(fleet, count):
    """5,000 take 16 s on two cores with the simulated cluster on them, see deploy/reference/cost.md."""
    fleet.told.update(many=int(os.environ.get("HOSTNET_FLEET_NODES", count)), default=agent([CONFLICT], [INFO]))
    fleet.start(processes=1)
    began = time.monotonic()
    answer, status = fleet.json()
    took = time.monotonic() - began
    nodes = fleet.told["many"]
    assert status == 1 and answer["complete"] and len(answer["nodes"]) == nodes
    assert len(answer["findings"]) == 2 * nodes
    counted = fleet.counted()
    assert counted["forwards"] == nodes and counted["most_at_once"] <= 64
    print(f"{nodes} nodes in {took:.1f} s")


def test_a_prometheus_answers_from_stored_series(machine, tmp_path):
    series = {
        "last_over_time(hostnet_build_info[1h])": [{"node": "n1"}, {"node": "n2"}, {"node": "n3"}],
        "hostnet_build_info": [{"node": "n1"}, {"node": "n2"}],
        "hostnet_attribution_complete == 0": [{"node": "n2"}],
        "hostnet_port_conflict": [{
            "node": "n1", "verdict": "unmanaged_process", "severity": "critical", "protocol": "tcp", "port": "8080",
            "host_ip": "0.0.0.0", "namespace": "default", "pod": "web-1", "workload": "DaemonSet/web",
            "container": "web", "holder_kind": "unmanaged_process", "holder": "nginx.service"}],
        "hostnet_port_risk": [],
        'hostnet_listener_accept_queue_limit{port="8080",protocol="tcp"} or hostnet_listener_info{port="8080",'
        'protocol="tcp"} or hostnet_port_conflict{port="8080",protocol="tcp"}': [
            {"node": "n1", "port": "8080"},
            {"node": "n1", "verdict": "unmanaged_process", "namespace": "default", "pod": "web-1",
             "holder": "nginx.service"}]}
    (tmp_path / "series").write_text(json.dumps(series))
    server = machine.python(
        "import http.server,json,pathlib,sys,urllib.parse\n"
        "series=json.loads(pathlib.Path(sys.argv[1]).read_text())\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "  def log_message(self,*_): pass\n"
        "  def do_GET(self):\n"
        "    url=urllib.parse.urlparse(self.path); q=urllib.parse.parse_qs(url.query)['query'][0]\n"
        "    assert url.path=='/prefix/api/v1/query'\n"
        "    body=json.dumps({'status':'success','data':{'resultType':'vector','result':"
        "[{'metric':m,'value':[1.5,'1']} for m in series[q]]}}).encode()\n"
        "    self.send_response(200); self.send_header('Content-Length',str(len(body))); self.end_headers()\n"
        "    self.wfile.write(body)\n"
        "s=http.server.HTTPServer(('127.0.0.1',9090),H); print('ready',flush=True); s.serve_forever()\n",
        tmp_path / "series", stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    url = "--prometheus=http://127.0.0.1:9090/prefix"
    done = machine.once("fleet", url, PATIENT)
    assert done.stderr == ""
    assert rows(done.stdout)[1][:6] == ["n1", "8080/tcp", "unmanaged_process", "critical", "default/web-1 (web)",
                                        "nginx.service"]
    assert "1 node did not answer: n3 (its series ended" in done.stdout
    assert "incomplete on 1 node: n2 (" in done.stdout and done.returncode == 2
    assert json.loads(machine.once("fleet", url, PATIENT, "--json").stdout)["from"] == "prometheus"
    port = rows(machine.once("fleet", url, PATIENT, "--port=8080").stdout)
    assert port[1][:4] == ["n2", "free", "-", "-"]
    assert port[2][:4] == ["n1", "in_use", "nginx.service", "default/web-1"]
    assert port[3][:2] == ["n3", "unknown"]
    nothing = machine.once("fleet", "--prometheus=http://127.0.0.1:9999")
    assert nothing.returncode == 2 and "127.0.0.1:9999: Connection refused" in nothing.stderr


def test_called_as_kubectl_hostnet_it_asks_the_fleet(fleet, machine):
    fleet.add("n1", agent([CONFLICT]))
    fleet.start()
    plugin = machine.directory / "kubectl-hostnet"
    plugin.symlink_to(AGENT)
    assert machine.run(plugin, f"--kubeconfig={fleet.config}", PATIENT, check=False).stdout.startswith("NODE ")
    assert machine.run("env", f"KUBECONFIG={fleet.config}", plugin, PATIENT, check=False).returncode == 1
    assert "--prometheus" in machine.run(plugin, "--help").stdout
    assert machine.run(plugin, "version").stdout.startswith("hostnet-agent, version")
