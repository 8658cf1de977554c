"""The Debian package on a machine with systemd: installed, started, reloaded, stopped, removed."""

import json
import re
import shutil
import subprocess

import pytest

from conftest import AGENT, ROOT, Client, pod, wait_until
from systemd_machine import SystemdMachine, need_second_machine

need_second_machine()


class PackageMachine(SystemdMachine):
    def show(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, "hostnet-agent").stdout.strip()

    def journal(self):
        return self.run("journalctl", "-u", "hostnet-agent", "--no-pager").stdout


@pytest.fixture(scope="module")
def systemd(tmp_path_factory):
    directory = tmp_path_factory.mktemp("systemd")
    done = subprocess.run([ROOT / "packaging/deb", directory, AGENT], capture_output=True, text=True,
                          timeout=900)
    assert done.returncode == 0, done.stderr
    (package,) = directory.glob("*.deb")
    machine = PackageMachine(directory)
    try:
        shutil.copy(package, f"/proc/{machine.init}/root/tmp/hostnet-agent.deb")
        machine.run("dpkg", "--install", "/tmp/hostnet-agent.deb")
        yield machine
    finally:
        machine.close()


def test_the_installed_service_sees_everything_with_its_own_rights(systemd):
    systemd.write("/etc/default/hostnet-agent", 'ARGS="--pods.source=none"\n')
    systemd.run("systemctl", "restart", "hostnet-agent")
    agent = Client(systemd)
    wait_until(lambda: agent.curl("/readyz")[0] == 200, 20, f"a ready agent: {systemd.journal()}")
    holder = systemd.listen(8080)
    # Another user's process, a name that only the right to read its files shows.
    found = agent.json("/ports/8080")
    assert found["complete"] is True, found["problems"]
    assert found["ports"][0]["holders"][0]["comm"].startswith("python3")
    assert agent.json("/ports/20000")["ports"][0]["holders"][0]["unit"] == "hostnet-agent.service"
    # Its user is its own, and systemd says that it is the service.
    asked = systemd.run("hostnet-agent", "ports", "8080")
    assert "from the running agent" in asked.stdout and asked.stderr == ""
    pid = systemd.show("MainPID")
    status = systemd.run("cat", f"/proc/{pid}/status").stdout
    assert "\nUid:\t0\t" not in status and "\nSeccomp:\t2\n" in status and "\nNoNewPrivs:\t1\n" in status
    systemd.stop(holder)


def test_the_service_is_reloaded_and_stopped(systemd):
    systemd.run("systemctl", "restart", "hostnet-agent")
    pid = systemd.show("MainPID")
    wait_until(lambda: Client(systemd).curl("/readyz")[0] == 200, 20, "a ready agent")
    systemd.run("systemctl", "reload", "hostnet-agent")
    assert systemd.show("MainPID") == pid
    systemd.run("systemctl", "stop", "hostnet-agent")
    assert (systemd.show("ActiveState"), systemd.show("Result")) == ("inactive", "success")
    assert 'msg=stopping signal=SIGTERM' in systemd.journal()


def test_an_agent_that_is_killed_is_started_again(systemd):
    systemd.run("systemctl", "restart", "hostnet-agent")
    pid = systemd.show("MainPID")
    systemd.run("kill", "-9", pid)
    # RestartSec
    wait_until(lambda: systemd.show("MainPID") not in ("0", pid), 20, "another process")
    wait_until(lambda: Client(systemd).curl("/readyz")[0] == 200, 20, "a ready agent")


def test_with_the_documented_drop_in_it_may_reserve_ports(systemd):
    readme = (ROOT / "deploy/reference/flags.md").read_text()
    settings = re.search("the systemd unit needs a drop-in with\n(.*?)\\.\n", readme, re.S).group(1)
    lines = "\n".join(re.findall("`(.*?)`", settings))
    assert lines.count("=") == 3
    systemd.write("/etc/systemd/system/hostnet-agent.service.d/reserve.conf", f"[Service]\n{lines}\n")
    systemd.write("/etc/web.yaml", pod("web", 45000))
    systemd.write("/etc/default/hostnet-agent",
          'ARGS="--pods.source=manifests --pods.manifests=/etc/web.yaml --fix.reserve-ports --fix.restore-on-exit"\n')
    systemd.run("systemctl", "daemon-reload")
    systemd.run("systemctl", "restart", "hostnet-agent")

    def reserved():
        return systemd.run("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports").stdout.strip()
    wait_until(lambda: reserved() == "45000", 20, f"a reserved port: {systemd.journal()}")
    systemd.run("systemctl", "stop", "hostnet-agent")
    assert reserved() == ""


def test_with_the_packages_drop_in_it_hears_of_refused_binds(systemd):
    systemd.run("install", "-D", "/usr/share/hostnet-agent/bpf.conf",
                "/etc/systemd/system/hostnet-agent.service.d/bpf.conf")
    # The machine's services are below a cgroup of its own; the programs want the root of all.
    subprocess.run(["nsenter", "-t", str(systemd.init), "--mount", "--", "sh", "-ec",
                    "mkdir -p /srv/sys/fs/cgroup; mount -t cgroup2 cgroup2 /srv/sys/fs/cgroup"], check=True)
    systemd.write("/etc/default/hostnet-agent", 'ARGS="--pods.source=none --path.sysfs=/srv/sys"\n')
    systemd.run("systemctl", "daemon-reload")
    systemd.run("systemctl", "restart", "hostnet-agent")
    agent = Client(systemd)
    wait_until(lambda: agent.curl("/readyz")[0] == 200, 20, f"a ready agent: {systemd.journal()}")
    limits = [limit for limit in agent.json("/conflicts")["limits"] if limit["code"] == "no_bind_events"]
    assert agent.metric("^hostnet_bind_events 1$"), limits
    effective = re.search(r"^CapEff:\t(\w+)$", systemd.run("cat", f"/proc/{systemd.show('MainPID')}/status").stdout, re.M)
    assert int(effective[1], 16) >> 39 & 1 == 0, "CAP_BPF is kept"


def test_a_socket_unit_holds_its_port_whether_or_not_its_service_runs(systemd):
    waits = "ExecStart=/usr/bin/python3 -c 'import signal; signal.pause()'"
    for name, text in (
            ("console.socket", "[Socket]\nListenStream=127.0.0.1:9090\n"),
            ("console.service", f"[Service]\n{waits}\n"),
            ("each.socket", "[Socket]\nListenStream=127.0.0.1:9091\nAccept=yes\n"),
            ("each@.service", f"[Service]\n{waits}\nStandardInput=socket\n")):
        systemd.write(f"/etc/systemd/system/{name}", text)
    systemd.run("systemctl", "daemon-reload")
    systemd.run("systemctl", "start", "console.socket", "each.socket")

    def holders():
        said = systemd.run("hostnet-agent", "ports", "--format=json", "--pods.source=none", check=False)
        return {(holder["name"], holder["unit_service"]) for port in json.loads(said.stdout)["ports"]
                for holder in port["holders"] if holder["state"] == "listen"}
    assert {("console.socket", ""), ("each.socket", "")} <= holders()
    for port in 9090, 9091:
        systemd.run("/usr/bin/python3", "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}))")
    wait_until(lambda: ("console.socket", "console.service") in holders(), 20, "an activated service")
    assert ("each.socket", "") in holders()
    systemd.run("systemctl", "stop", "console.socket", "console.service", "each.socket")


def test_the_package_is_removed_without_a_trace(systemd):
    systemd.run("dpkg", "--purge", "hostnet-agent")
    assert systemd.show("ActiveState") == "inactive"
    assert systemd.run("systemctl", "cat", "hostnet-agent", check=False).returncode != 0
    assert systemd.run("test", "-e", "/etc/default/hostnet-agent", check=False).returncode == 1
