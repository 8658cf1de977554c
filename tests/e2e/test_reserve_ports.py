"""--fix.reserve-ports on a machine of its own: the sysctl, what connections then get, and what stays."""

import subprocess

import pytest
from conftest import AGENT, pod, wait_until

LIST = "/proc/sys/net/ipv4/ip_local_reserved_ports"
RANGE = "/proc/sys/net/ipv4/ip_local_port_range"

# Connects until the ephemeral ports run out; prints those that it got.
CONNECT_ALL = """
import errno, socket
server = socket.socket(); server.bind(('127.0.0.1', 80)); server.listen(64)
ports, held = [], []
while True:
    client = socket.socket()
    try:
        client.connect(('127.0.0.1', 80))
    except OSError as error:
        assert error.errno == errno.EADDRNOTAVAIL, error
        break
    held += [client, server.accept()[0]]
    ports.append(client.getsockname()[1])
print(*ports)
"""


def reserved(machine):
    return machine.run("cat", LIST).stdout.strip()


def write(machine, path, text):
    machine.run("sh", "-c", f"echo '{text}' > {path}")


def agent_with(machine, *pods, flags=(), **options):
    machine.file("pods/pod.yaml", "---\n".join(pods))
    return machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods",
                         "--fix.reserve-ports", "--fix.release-after=1ms",
                         f"--fix.state-folder={machine.directory}/state", *flags, **options)


def test_no_connection_gets_a_declared_port_and_others_entries_stay(machine):
    write(machine, LIST, "9148-9150,40006")
    write(machine, RANGE, "40000 40199")  # enough for those who ask the agent meanwhile, too
    agent = agent_with(machine, pod(port=40003), pod("proxy", port=40005, host_port=40005),
                       pod("low", port=8080))
    wait_until(lambda: reserved(machine) == "9148-9150,40003,40005-40006", 3, "the reservation")
    wait_until(lambda: "in_ephemeral_range" not in agent.verdicts("risks"), 3, "the risk's end")
    got = machine.run("/usr/bin/python3", "-c", CONNECT_ALL).stdout.split()
    assert sorted(map(int, got)) == [port for port in range(40000, 40200) if port not in (40003, 40005, 40006)]
    assert 'ports=40003,40005' in agent.log()

    machine.file("pods/pod.yaml", pod(port=40005))
    wait_until(lambda: reserved(machine) == "9148-9150,40005-40006", 3, "the release")
    assert agent.stop() == 0
    assert reserved(machine) == "9148-9150,40005-40006"  # the next agent goes on with it


def test_the_next_agent_releases_what_a_killed_one_added(machine):
    write(machine, LIST, "50000")
    agent = agent_with(machine, pod(port=40003))
    wait_until(lambda: reserved(machine) == "40003,50000", 3, "the reservation")
    machine.stop(agent.process)  # SIGKILL
    wait_until(lambda: not machine.run("ss", "-tlnH", "sport = :20000").stdout, 3, "its end")
    agent_with(machine, pod(port=8080))
    wait_until(lambda: reserved(machine) == "50000", 3, "the release")


def test_what_an_administrator_adds_by_hand_is_never_removed(machine):
    agent = agent_with(machine, pod(port=40003))
    wait_until(lambda: reserved(machine) == "40003", 3, "the reservation")
    write(machine, LIST, "40003,50000")
    wait_until(lambda: "changed by something else" in agent.log(), 3, "the scan of it")
    machine.file("pods/pod.yaml", pod(port=40007))
    wait_until(lambda: reserved(machine) == "40003,40007,50000", 3, "the next reservation")
    machine.file("pods/pod.yaml", pod(port=8080))
    wait_until(lambda: reserved(machine) == "40003,50000", 3, "the release")


def test_on_request_it_takes_out_what_it_added_when_it_stops(machine):
    write(machine, LIST, "50000")
    agent = agent_with(machine, pod(port=40003), flags=["--fix.restore-on-exit"])
    wait_until(lambda: reserved(machine) == "40003,50000", 3, "the reservation")
    assert agent.stop() == 0
    assert reserved(machine) == "50000"


def mount_as_a_container_has_it(machine):
    """The host's procfs read-only at host/proc, as deploy/base mounts it."""
    host = machine.directory / "host/proc"
    host.mkdir(parents=True)
    machine.run("mount", "--rbind", "/proc", host)
    machine.run("mount", "-o", "remount,bind,ro", host)
    return host


def test_a_read_only_proc_sys_is_a_problem_that_hides_nothing(machine):
    host = mount_as_a_container_has_it(machine)
    agent = agent_with(machine, pod(port=40003), flags=[f"--path.procfs={host}"])
    answer = agent.json("/conflicts")
    problem = [p for p in answer["problems"] if p["code"] == "ports_not_reserved"][0]
    assert "Read-only file system" in problem["message"] and str(host) in problem["message"]
    assert "deploy/overlays/reserve-ports" in problem["remedy"]
    assert answer["complete"] == (len(answer["problems"]) == 1)
    assert "are not reserved" in agent.text("/conflicts")
    assert "ports_not_reserved" in agent.log() and reserved(machine) == ""


def test_the_one_file_mounted_writable_over_the_read_only_procfs_is_enough(machine):
    host = mount_as_a_container_has_it(machine)
    machine.run("mount", "--bind", LIST, f"{host}/sys/net/ipv4/ip_local_reserved_ports")
    agent = agent_with(machine, pod(port=40003), flags=[f"--path.procfs={host}"],
                       capabilities=["sys_ptrace", "dac_read_search", "net_admin"])
    wait_until(lambda: reserved(machine) == "40003", 3, "the reservation")
    assert "ports_not_reserved" not in [p["code"] for p in agent.json("/conflicts")["problems"]]


def test_without_a_place_for_its_state_it_adds_nothing(machine):
    agent = agent_with(machine, pod(port=40003), flags=["--fix.state-folder=/proc/nowhere"])
    problems = agent.json("/conflicts")["problems"]
    assert any("/proc/nowhere" in p["message"] and "--fix.state-folder" in p["remedy"]
               for p in problems), problems
    assert reserved(machine) == ""


def test_without_the_flag_nothing_is_written(machine):
    machine.file("pods/pod.yaml", pod(port=40003))
    agent = machine.agent("--pods.source=manifests", f"--pods.manifests={machine.directory}/pods")
    assert "in_ephemeral_range" in agent.verdicts("risks")
    assert reserved(machine) == ""


@pytest.mark.parametrize("words,ends", [(["serve"], 64), (["conflicts"], 2)])
def test_a_recording_is_not_a_machine_to_change(tmp_path, words, ends):
    done = subprocess.run([AGENT, *words, "--replay", str(tmp_path), "--fix.reserve-ports"],
                          capture_output=True, text=True, timeout=200)
    assert done.returncode == ends, done.stderr
    assert ("--fix.reserve-ports" in done.stderr) == (ends == 64)
