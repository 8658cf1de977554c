"""packaging/plugin: an archive that is a kubectl plugin on any Linux, and a krew manifest."""

import hashlib
import pathlib
import re
import subprocess
import tarfile

import pytest
import yaml
from conftest import AGENT, ROOT
from fleet_scene import CONFLICT, PATIENT, Fleet, agent

VERSION = re.search(r"^project\(hostnet-agent VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M).group(1)


def make(out, *flags):
    done = subprocess.run([ROOT / "packaging/plugin", *flags, out, AGENT], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    (archive,) = out.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("plugin")
    return make(out, "--url=https://example.test/dl"), out / "hostnet.yaml"


@pytest.fixture(scope="module")
def unpacked(made, tmp_path_factory):
    tree = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(made[0]) as content:
        content.extractall(tree / "plugin")
    return tree


def test_the_manifest_is_what_krew_takes(made):
    """sigs.k8s.io/krew/internal/index/validation"""
    archive, manifest = made
    plugin = yaml.safe_load(manifest.read_text())
    assert plugin["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2" and plugin["kind"] == "Plugin"
    assert re.fullmatch(r"[\w-]+", plugin["metadata"]["name"])
    spec = plugin["spec"]
    assert re.fullmatch(r"v\d+\.\d+\.\d+", spec["version"]) and spec["version"] == f"v{VERSION}"
    assert 0 < len(spec["shortDescription"]) <= 50 and spec["description"] and spec["homepage"]
    (platform,) = spec["platforms"]
    arch = platform["selector"]["matchLabels"]["arch"]
    assert platform["selector"]["matchLabels"]["os"] == "linux" and arch in ("amd64", "arm64")
    assert archive.name == f"kubectl-hostnet_{VERSION}_linux_{arch}.tar.gz"
    assert platform["uri"] == f"https://example.test/dl/{archive.name}"
    assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    with tarfile.open(archive) as content:
        assert content.getmember(platform["bin"]).mode & 0o111 == 0o111


def test_the_manifest_names_each_archive_of_this_version(made, tmp_path):
    archive = make(tmp_path)
    other = tmp_path / archive.name.replace("amd64", "arm64") if "amd64" in archive.name else \
        tmp_path / archive.name.replace("arm64", "amd64")
    other.write_bytes(b"another architecture's")
    (tmp_path / "kubectl-hostnet_0.0.9_linux_amd64.tar.gz").write_bytes(b"an older one")
    subprocess.run([ROOT / "packaging/plugin", tmp_path, AGENT], check=True, capture_output=True, timeout=900)
    platforms = yaml.safe_load((tmp_path / "hostnet.yaml").read_text())["spec"]["platforms"]
    assert sorted(one["selector"]["matchLabels"]["arch"] for one in platforms) == ["amd64", "arm64"]
    assert archive.read_bytes() == made[0].read_bytes()  # the same program, the same bytes


def test_the_archive_has_files_and_folders_only_all_within_itself(made):
    with tarfile.open(made[0]) as content:
        members = content.getmembers()
    assert {member.type for member in members} <= {tarfile.REGTYPE, tarfile.DIRTYPE}  # krew refuses others
    assert all(not member.name.startswith(("/", "./")) and ".." not in pathlib.PurePath(member.name).parts
               for member in members)
    assert {"LICENSE", "kubectl-hostnet", "libexec/hostnet-agent", "share/sbom/hostnet-agent.spdx.json"} <= {
        member.name for member in members}


def test_it_runs_where_there_is_nothing_but_a_shell(machine, unpacked):
    (unpacked / "bin").mkdir(exist_ok=True)
    for name in ("sh", "dirname", "readlink"):
        (unpacked / "bin" / name).unlink(missing_ok=True)
        (unpacked / "bin" / name).write_bytes(pathlib.Path("/bin/busybox").read_bytes())
        (unpacked / "bin" / name).chmod(0o755)
    said = machine.run("env", "-i", "PATH=/bin", "/usr/sbin/chroot", unpacked, "/plugin/kubectl-hostnet", "version")
    assert said.stdout.startswith(f"hostnet-agent, version {VERSION}") and said.stderr == ""
    said = machine.run("env", "-i", "PATH=/bin", "/usr/sbin/chroot", unpacked, "/plugin/kubectl-hostnet", check=False)
    assert said.returncode == 2 and "give --kubeconfig=FILE" in said.stderr  # it is `fleet`


def test_kubectl_finds_it_and_it_asks_the_fleet(machine, unpacked, tmp_path):
    fleet = Fleet(machine)
    fleet.add("n1", agent([CONFLICT]))
    fleet.start()
    (tmp_path / "kubectl-hostnet").symlink_to(unpacked / "plugin/kubectl-hostnet")  # as krew does
    environment = ["env", f"PATH={tmp_path}:/usr/bin:/bin", f"KUBECONFIG={fleet.config}", f"HOME={tmp_path}"]
    assert str(tmp_path / "kubectl-hostnet") in machine.run(*environment, "kubectl", "plugin", "list").stdout
    done = machine.run(*environment, "kubectl", "hostnet", PATIENT, check=False)
    assert done.returncode == 1 and "default/web-n1 (web)" in done.stdout and done.stderr == ""
    named = machine.run(*environment, "kubectl", "hostnet", "fleet", PATIENT, "-o", "name", check=False)
    assert named.stdout == "n1\n"
    (tmp_path / "pod.yaml").write_text("{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {hostNetwork: true,"
                                       " dnsPolicy: Default, containers: [{name: a, ports: [{containerPort: 8080}]}]}}")
    checked = machine.run(*environment, "kubectl", "hostnet", "check", "-f", tmp_path / "pod.yaml", "--offline")
    assert "1 declared port" in checked.stdout
