"""`fleet` against a cluster of simulated agents and real ones (fleet_cluster.py): over TLS, WebSocket and
pods/portforward as a kubelet has them."""

import contextlib
import fcntl
import json
import os
import struct
import subprocess
import termios
import time

import pytest
from conftest import AGENT, wait_until
from fleet_cluster import node
from fleet_scene import CONFLICT, FREE, IN_USE, INFO, PATIENT, REFUSED, RISK, Fleet, agent, rows, said


@pytest.fixture
def fleet(machine):
    return Fleet(machine)


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


@pytest.mark.parametrize("words", [
    ["--pod=web"], ["--pod=a/b/c"], ["--port=x"], ["--port=80", "--pod=a/b"], ["--timeout=x"],
    ["--prometheus=prometheus:9090"], ["--server=http://10.0.0.1:8001"],
    ["--server=http://127.0.0.1:8001", "--kubeconfig=x"], ["--prometheus=http://p", "--pod=a/b"], ["--kubeconfg=x"]])
def test_what_makes_no_sense_ends_with_64(machine, words):
    done = machine.once("fleet", *words)
    assert done.returncode == 64 and done.stderr.count("\n") == 1


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
