"""The moment of the bind, from the kernel's event to what the agent says: pods are cgroups of their
names, as the kubelet makes them."""

import json
import os
import pathlib
import re
import select

import pytest

from conftest import AGENT, wait_until
from machine import own_container, own_uid

UID = own_uid("0")
CONTAINER = own_container("b1")
KEEPER = f"keeper-{os.getpid()}.service"

# Binds each of the given ports once a line is read, and says what came of it.
BINDER = """
import errno, pathlib, socket, sys
pathlib.Path(sys.argv[1], 'cgroup.procs').write_text('0')
kept = []
for line in sys.stdin:
    family, kind, address, port = line.split()
    s = socket.socket(getattr(socket, family), getattr(socket, kind))
    try:
        s.bind((address, int(port)))
        kept.append(s)
        print('done', flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)
"""


class Container:
    """A process in a pod's cgroup that binds what it is told to."""
    CODE = BINDER

    def __init__(self, machine, uid=UID, container=CONTAINER, before=()):
        self.machine = machine
        pod = f"/kubepods.slice/kubepods-pod{uid.replace('-', '_')}.slice"
        self.path = machine.cgroup(f"{pod}/cri-containerd-{container}.scope")
        self.process = machine.start(*before, "/usr/bin/python3", "-c", self.CODE, self.path,
                                     stdin=-1, stdout=-1, text=True)

    def bind(self, port, address="0.0.0.0", family="AF_INET", kind="SOCK_STREAM"):
        self.process.stdin.write(f"{family} {kind} {address} {port}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def manifest(machine, name="web", uid=UID, ports=(), containers=None, status=None):
    container = {"name": "main", "ports": [{"containerPort": port} for port in ports]}
    machine.file(f"pods/{name}.json", json.dumps({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": uid},
        "spec": {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet",
                 "containers": containers or [container]},
        "status": status or {"phase": "Running"}}))
    return machine.directory / "pods"


@pytest.fixture
def agent(machine):
    started = machine.agent("--pods.source=manifests", f"--pods.manifests={manifest(machine)}")
    if not started.metric("^hostnet_bind_events 1$"):
        pytest.skip(f"no bind events here: {started.json('/conflicts')['limits']}")
    return started


def refused(agent, port):
    return [f for f in agent.findings(port=port) if f["verdict"] == "bind_refused"]


def the_refusal(agent, port):
    return wait_until(lambda: refused(agent, port), 1, f"a refusal of {port}")[0]


def test_a_pod_that_declares_nothing_is_named_with_who_has_the_port(machine, agent):
    machine.listen(8123, name="keeper", cgroup=machine.cgroup(f"/system.slice/{KEEPER}"))
    web = Container(machine)
    assert web.bind(8123) == "EADDRINUSE"
    found = the_refusal(agent, 8123)
    assert found["severity"] == "info" and found["class"] == "conflict"
    assert found["declared_by"][0]["pod"] == "web" and found["declared_by"][0]["container"] == "main"
    assert [h["name"] for h in found["held_by"]] == [KEEPER]
    assert found["observed"]["errno"] == "EADDRINUSE" and found["observed"]["count"] == 1
    assert found["observed"]["comm"] == "python3" and found["observed"]["pid"]
    assert "declare containerPort 8123 (TCP)" in found["remedy"]
    assert agent.metric('^hostnet_bind_refusals_total{errno="EADDRINUSE",'
                        'holder_kind="unmanaged_process",protocol="tcp"} 1$')
    assert agent.json("/history")["refusals"][0]["pod"] == "web"


def test_the_third_within_a_minute_is_critical_and_success_closes_it(machine, agent):
    keeper = machine.listen(8124)
    web = Container(machine)
    for _ in range(3):
        assert web.bind(8124) == "EADDRINUSE"
    wait_until(lambda: the_refusal(agent, 8124)["severity"] == "critical", 1, "critical")
    assert the_refusal(agent, 8124)["observed"]["count"] == 3
    wait_until(lambda: agent.metric('^hostnet_port_conflict{.*bind_refused'), 1, "its series")
    machine.stop(keeper)
    assert web.bind(8124) == "done"
    wait_until(lambda: not refused(agent, 8124), 1, "its end")
    events = [e for e in agent.json("/history")["events"] if e["finding"]["verdict"] == "bind_refused"]
    assert [e["event"] for e in events][:2] == ["closed", "opened"]


def test_a_search_for_a_free_port_is_over_when_one_is_found(machine, agent):
    machine.listen(8130)
    machine.listen(8131)
    web = Container(machine)
    assert web.bind(8130) == "EADDRINUSE"
    the_refusal(agent, 8130)
    assert [web.bind(8131), web.bind(8132)] == ["EADDRINUSE", "done"]
    wait_until(lambda: not agent.findings(port=8130) and not agent.findings(port=8131), 1, "its end")


def test_a_declarations_own_conflict_wins_and_takes_what_was_seen(machine, agent):
    machine.listen(8140, name="keeper", cgroup=machine.cgroup(f"/system.slice/{KEEPER}"))
    manifest(machine, ports=[8140])
    wait_until(lambda: agent.verdicts(port=8140) == ["unmanaged_process"], 2, "the conflict")
    web = Container(machine)
    assert web.bind(8140) == "EADDRINUSE"
    wait_until(lambda: agent.findings(port=8140)[0]["observed"], 1, "what was seen")
    assert agent.verdicts(port=8140) == ["unmanaged_process"]
    assert agent.findings(port=8140)[0]["observed"]["errno"] == "EADDRINUSE"


def test_the_pods_own_socket_is_no_refusal(machine, agent):
    web = Container(machine)
    assert web.bind(8150, "::", "AF_INET6") == "done"
    assert web.bind(8150) == "EADDRINUSE"
    wait_until(lambda: agent.metric('^hostnet_bind_refusals_total{errno="EADDRINUSE",holder_kind="pod",protocol="tcp"} 1$'), 1, "the count")
    assert not agent.findings(port=8150)


@pytest.mark.parametrize("family, kind, address", [
    ("AF_INET6", "SOCK_STREAM", "::"), ("AF_INET6", "SOCK_STREAM", "::ffff:127.0.0.1"),
    ("AF_INET", "SOCK_STREAM", "127.0.0.1")])
def test_every_way_to_ask_for_a_port_is_seen(machine, agent, family, kind, address):
    machine.listen(8160, cgroup=machine.cgroup(f"/system.slice/{KEEPER}"))
    assert Container(machine).bind(8160, address, family, kind) == "EADDRINUSE"
    assert the_refusal(agent, 8160)["held_by"][0]["unit"] == KEEPER


def test_udp_a_missing_address_and_a_privileged_port_are_told_apart(machine, agent):
    Container(machine, uid=own_uid("2")).bind(8170, kind="SOCK_DGRAM")
    web = Container(machine)
    assert web.bind(8170, kind="SOCK_DGRAM") == "EADDRINUSE"
    assert the_refusal(agent, 8170)["protocol"] == "udp"
    assert web.bind(8171, "192.0.2.7") == "EADDRNOTAVAIL"
    missing = the_refusal(agent, 8171)
    assert missing["severity"] == "warning" and missing["observed"]["errno"] == "EADDRNOTAVAIL"
    assert "no address 192.0.2.7" in missing["explanation"] and not missing["held_by"]
    weak = Container(machine, before=["setpriv", "--bounding-set=-net_bind_service",
                                      "--inh-caps=-net_bind_service"])
    assert weak.bind(81) == "EACCES"
    low = the_refusal(agent, 81)
    assert low["severity"] == "warning" and low["observed"]["errno"] == "EACCES"
    assert "NET_BIND_SERVICE" in low["remedy"]


def test_root_of_a_user_namespace_has_no_right_to_a_privileged_port(machine, agent):
    """A pod with `hostUsers: false` and hostNetwork."""
    web = Container(machine, before=["unshare", "--user", "--map-root-user"])
    assert web.bind(82) == "EACCES"
    low = the_refusal(agent, 82)
    assert (low["observed"]["errno"], low["declared_by"][0]["pod"]) == ("EACCES", "web")
    # Other than that it is a process as any.
    assert web.bind(8082, kind="SOCK_DGRAM") == "done"
    wait_until(lambda: [h["pod"] for p in agent.json("/ports/8082")["ports"] for h in p["holders"]] == ["web"], 5,
               "its socket")


def test_a_holder_that_is_gone_is_named(machine, agent):
    other = Container(machine, uid=own_uid("3"), container=own_container("c3"))
    assert other.bind(8180, kind="SOCK_DGRAM") == "done"
    code = ("import pathlib,socket,sys\n"
            "pathlib.Path(sys.argv[1],'cgroup.procs').write_text('0')\n"
            "s=socket.socket(); s.bind(('',8181)); print('held',flush=True); sys.stdin.readline()\n")
    brief = machine.start("/usr/bin/python3", "-c", code, machine.cgroup("/system.slice/brief.service"),
                          stdin=-1, stdout=-1, text=True)
    assert brief.stdout.readline() == "held\n"
    web = Container(machine)
    assert web.bind(8181) == "EADDRINUSE"
    brief.stdin.write("\n")
    brief.stdin.flush()
    assert the_refusal(agent, 8181)["held_by"][0]["name"] == "brief.service"


def test_processes_of_the_node_are_counted_and_shown_but_no_finding(machine, agent):
    machine.listen(8190)
    code = "import socket\ns=socket.socket()\ntry: s.bind(('',8190))\nexcept OSError: pass\n"
    machine.python(code)
    wait_until(lambda: [r for r in agent.json("/history")["refusals"] if r["port"] == 8190], 1, "it")
    assert not agent.findings(port=8190)


def test_a_pod_that_is_not_known_yet_is_completed_later(machine, agent):
    uid = own_uid("9")
    machine.listen(8200)
    assert Container(machine, uid=uid).bind(8200) == "EADDRINUSE"
    found = the_refusal(agent, 8200)
    declared = found["declared_by"][0]
    assert (declared["uid"], declared["pod"], declared["container"]) == (uid, "", CONTAINER)
    manifest(machine, "late", uid)
    wait_until(lambda: the_refusal(agent, 8200)["declared_by"][0]["pod"] == "late", 5, "its name")
    assert the_refusal(agent, 8200)["id"] == found["id"]


def test_without_the_rights_there_is_a_limit_and_nothing_else(machine):
    agent = machine.agent("--pods.source=none",
                          capabilities=["sys_ptrace", "dac_read_search", "net_admin"])
    answer = agent.json("/conflicts")
    assert [limit["code"] for limit in answer["limits"]].count("no_bind_events") == 1
    assert not [p for p in answer["problems"] if "bind" in p["code"]]
    assert agent.metric("^hostnet_bind_events 0$")


def test_switched_off_it_is_not_missed(machine):
    agent = machine.agent("--pods.source=none", "--watch.bpf=off")
    assert "no_bind_events" not in [limit["code"] for limit in agent.json("/conflicts")["limits"]]
    assert agent.metric("^hostnet_bind_events 0$")


def test_doctor_says_which_way_is_in_use(machine):
    checks = json.loads(machine.once("doctor", "--pods.source=none", "--format=json").stdout)["checks"]
    row = next(check for check in checks if check["name"] == "bind events")
    assert row["level"] == "ok" and re.search("BPF programs|to have them", row["found"])


def test_another_network_namespace_never_shows(machine, agent):
    code = ("import socket,pathlib,sys\n"
            "pathlib.Path(sys.argv[1],'cgroup.procs').write_text('0')\n"
            "a=socket.socket(); a.bind(('',8210)); a.listen()\n"
            "b=socket.socket()\n"
            "try: b.bind(('',8210))\nexcept OSError: print('refused',flush=True)\n")
    web = Container(machine)
    other = machine.start("unshare", "--net", "/usr/bin/python3", "-c", code, web.path, stdout=-1, text=True)
    assert other.stdout.readline() == "refused\n"
    machine.listen(8211)
    assert web.bind(8211) == "EADDRINUSE"
    the_refusal(agent, 8211)
    assert not agent.findings(port=8210)
    assert 8210 not in [r["port"] for r in agent.json("/history")["refusals"]]


def text_of(path):
    """Processes and descriptors come and go."""
    try:
        return path.read_text()
    except OSError:
        return ""


def test_a_detached_program_is_a_limit(machine, agent):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    detached = 0
    for info in pathlib.Path(f"/proc/{agent.pid}/fdinfo").iterdir():
        match = re.search(r"^link_id:\t(\d+)$", text_of(info), re.M)
        if not match:
            continue
        # BPF_LINK_GET_FD_BY_ID, BPF_LINK_DETACH
        attr = ctypes.create_string_buffer(int(match[1]).to_bytes(4, "little"), 120)
        fd = libc.syscall(321, 30, attr, 120)
        attr = ctypes.create_string_buffer(fd.to_bytes(4, "little"), 120)
        assert libc.syscall(321, 34, attr, 120) == 0
        detached += 1
    assert detached == 4
    wait_until(lambda: "no_bind_events" in [l["code"] for l in agent.json("/conflicts")["limits"]], 10,
               "the limit")
    assert agent.metric("^hostnet_bind_events 0$")


def watch(machine, *flags):
    return machine.start(AGENT, "watch", *flags, stdout=-1, bufsize=0)


def next_line(process, is_it, attempt):
    """The next line of its output that `is_it`; each time that none comes for a while, `attempt` causes one."""
    while True:
        while not select.select([process.stdout], [], [], 0.5)[0]:
            attempt()
        line = process.stdout.readline().decode()
        assert line, process.wait()
        if is_it(line):
            return line


def test_watch_shows_refusals_and_findings_of_the_running_agent_or_by_itself(machine, agent):
    ports = range(8300, 8700)
    keeper = machine.python(
        "import pathlib,signal,socket,sys\n"
        "pathlib.Path(sys.argv[1],'cgroup.procs').write_text('0')\n"
        "kept=[socket.create_server(('',p)) for p in range(int(sys.argv[2]),int(sys.argv[3]))]\n"
        "print('ready',flush=True); signal.pause()\n",
        machine.cgroup(f"/system.slice/{KEEPER}"), ports.start, ports.stop, stdout=-1, text=True)
    assert keeper.stdout.readline() == "ready\n"
    web, untried = Container(machine), iter(ports)

    def attempt():  # on another port, each is a finding of its own: what listens late misses none
        assert web.bind(next(untried)) == "EADDRINUSE"
    of_agent = watch(machine, "--from=agent", "--format=json")
    by_itself = watch(machine, "--from=scan", "--pods.source=manifests",
                      f"--pods.manifests={machine.directory}/pods")
    for process, is_refusal in ((of_agent, lambda line: json.loads(line)["type"] == "refusal"),
                                (by_itself, lambda line: re.search(r"refused  8\d+/tcp  EADDRINUSE", line))):
        line = next_line(process, is_refusal, attempt)
        assert KEEPER in line and "web" in line
    line = next_line(of_agent, lambda line: json.loads(line)["type"] == "finding", attempt)
    assert json.loads(line)["finding"]["port"] in ports


def test_a_recording_has_the_refusals_of_the_running_agent(machine, agent):
    machine.listen(8230, name="keeper", cgroup=machine.cgroup(f"/system.slice/{KEEPER}"))
    web = Container(machine)
    for _ in range(3):
        assert web.bind(8230) == "EADDRINUSE"
    wait_until(lambda: the_refusal(agent, 8230)["severity"] == "critical", 1, "critical")
    now = the_refusal(agent, 8230)
    pods = ("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    recording = machine.directory / "recording"
    machine.run(AGENT, "record", recording, *pods)
    replayed = json.loads(machine.once("conflicts", f"--replay={recording}", "--format=json").stdout)
    [then] = [f for f in replayed["findings"] if f["port"] == 8230]
    for field in ("id", "verdict", "severity", "declared_by", "remedy", "explanation"):
        assert then[field] == now[field], field
    # The times are worked out from the monotonic clock and may differ by a millisecond.
    seen = lambda finding: [finding["observed"][key] for key in ("errno", "count", "pid", "comm")]
    assert seen(then) == seen(now)
    assert [(h["name"], h["pid"]) for h in then["held_by"]] == [(h["name"], h["pid"]) for h in now["held_by"]]
    elsewhere = machine.agent(f"--replay={recording}", "--web.listen-address=:20001", wait=None)
    elsewhere.PORT = 20001
    wait_until(lambda: elsewhere.curl("/readyz")[0] == 200, 10, "the replaying agent")
    assert seen(the_refusal(elsewhere, 8230)) == seen(now)


def test_a_process_in_a_pid_namespace_of_its_own_has_the_number_that_the_node_gives_it(machine, agent):
    machine.listen(8240)
    web = Container(machine, before=["unshare", "--pid", "--fork", "--kill-child"])
    assert web.bind(8240) == "EADDRINUSE"
    newest = machine.run("pgrep", "-n", "-f", web.path).stdout.strip()
    assert the_refusal(agent, 8240)["observed"]["pid"] == int(newest)


class Forger(Container):
    CODE = r"import pathlib; pathlib.Path('/proc/self/comm').write_text('kubelet\x1b[31m')" + BINDER


def test_a_forged_name_says_nothing_and_does_nothing(machine, agent):
    machine.listen(8250, name="kubelet", cgroup=machine.cgroup("/system.slice/forger.service"))
    assert Forger(machine).bind(8250) == "EADDRINUSE"
    found = the_refusal(agent, 8250)
    assert found["declared_by"][0]["pod"] == "web"
    assert found["observed"]["comm"].startswith("kubelet")  # it did forge it
    assert [(h["kind"], h["name"]) for h in found["held_by"]] == [("unmanaged_process", "forger.service")]
    for path in ("/conflicts", "/history"):
        assert "\x1b" not in agent.text(path)
    assert not agent.metric("^hostnet_bind_refusals_total.*node_component.* [1-9]")
