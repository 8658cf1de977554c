"""packaging/deb: the Debian package, and its systemd unit as far as it goes without systemd."""

import json
import re
import subprocess

import pytest

from conftest import AGENT, ROOT


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    directory = tmp_path_factory.mktemp("deb")
    done = subprocess.run([ROOT / "packaging/deb", directory, AGENT], capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    (package,) = directory.glob("*.deb")
    return package


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    tree = tmp_path_factory.mktemp("tree")
    subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
    return tree


def unit_settings(tree):
    text = (tree / "lib/systemd/system/hostnet-agent.service").read_text()
    settings = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        settings.setdefault(name, []).append(value)
    return settings


def test_lintian_has_nothing_to_say(package):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "warning", package],
                          capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_unit_is_one_that_systemd_takes_and_hardened(tree, tmp_path):
    unit = tree / "lib/systemd/system/hostnet-agent.service"
    here = tmp_path / "hostnet-agent.service"
    text = unit.read_text().replace("/usr/sbin", f"{tree}/usr/sbin")
    here.write_text(re.sub("^Documentation=.*\n", "", text, flags=re.M))
    done = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True,
                          timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    # 0 is best, 100 worst. 22 is the least with an address to serve, all processes to see and
    # netlink to read; the rest are the calls for capset, adjtimex, pidfd_getfd and cgroups by id.
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=27", here],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout


def test_the_units_user_and_capabilities_are_enough_to_see_everything(tree, machine):
    settings = unit_settings(tree)
    (capabilities,) = settings["AmbientCapabilities"]
    assert settings["CapabilityBoundingSet"] == [capabilities]
    assert settings["DynamicUser"] == ["yes"]
    names = [name.removeprefix("CAP_").lower() for name in capabilities.split()]
    plus = ",".join(f"+{name}" for name in names)
    machine.listen(8080)
    done = machine.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                       f"--bounding-set=-all,{plus}", f"--inh-caps=-all,{plus}",
                       f"--ambient-caps=-all,{plus}", AGENT, "ports", "8080", "--format=json",
                       "--pods.source=none", check=False)
    answer = json.loads(done.stdout)
    assert answer["ports"][0]["holders"][0]["comm"].startswith("python3")
    assert answer["complete"] is True, answer["problems"]


def test_the_manual_page_names_the_flags(tree):
    page = subprocess.run(["man", "-l", tree / "usr/share/man/man8/hostnet-agent.8.gz"],
                          capture_output=True, text=True, env={"MANWIDTH": "100", "PATH": "/usr/bin"})
    assert "--web.listen-address" in page.stdout
