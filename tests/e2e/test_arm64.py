"""packaging/image and packaging/deb for the other architecture, run by qemu. Building takes minutes and
a GB, so only with HOSTNET_CROSS=1 (and on amd64)."""

import json
import os
import subprocess

import pytest

from conftest import ROOT, wait_until
from test_golden import GOLDEN, NODE
from test_image import Archive, unpack

pytestmark = pytest.mark.skipif("HOSTNET_CROSS" not in os.environ,
                                reason="HOSTNET_CROSS=1 builds for arm64")
QEMU = ROOT / "build/root-arm64/usr/bin/qemu-aarch64-static"


def package(script, out):
    done = subprocess.run([ROOT / "packaging" / script, "--arch=arm64", out], capture_output=True,
                          text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("arm64") / "hostnet-agent.tar"
    package("image", path)
    return path


@pytest.fixture(scope="module")
def tree(image, tmp_path_factory):
    return unpack(Archive(image), tmp_path_factory.mktemp("tree"))


def machine_of(path):
    header = path.read_bytes()[:20]
    return int.from_bytes(header[18:20], "little") if header[:4] == b"\x7fELF" else None


def test_everything_in_the_image_is_of_that_architecture(image, tree):
    archive = Archive(image)
    assert json.loads(archive.blob(archive.manifest()["config"]))["architecture"] == "arm64"
    (entry,) = archive.json("index.json")["manifests"]
    assert entry["platform"]["architecture"] == "arm64"
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {machine_of(path) for path in files} - {None} == {183}  # EM_AARCH64
    document = image.with_suffix(".spdx.json").read_text()
    assert "arch=arm64" in document and "arch=amd64" not in document


@pytest.mark.parametrize("words, name", [(["conflicts"], "conflicts.txt"), (["ports"], "ports.txt"),
                                         (["check", "8080"], "check.txt")])
def test_it_answers_as_the_native_one_does(tree, words, name):
    done = subprocess.run([QEMU, "-L", tree, tree / "usr/bin/hostnet-agent", *words,
                           f"--replay={NODE}"], capture_output=True, text=True, timeout=600)
    assert done.stderr == ""
    assert done.stdout == (GOLDEN / name).read_text()


def test_it_serves(tree, machine):
    machine.start(QEMU, "-L", tree, tree / "usr/bin/hostnet-agent", f"--replay={NODE}",
                  "--web.listen-address=127.0.0.1:20000")

    def ask(path):
        return machine.run("curl", "-sf", f"http://127.0.0.1:20000{path}", check=False).stdout
    wait_until(lambda: ask("/readyz"), 30, "/readyz")
    assert ask("/check?port=8080") == (GOLDEN / "check.txt").read_text()
    assert "hostnet_port_conflict{" in ask("/metrics")


def test_the_package_is_of_that_architecture_and_lintian_has_nothing_to_say(tmp_path):
    package("deb", tmp_path)
    (made,) = tmp_path.glob("*.deb")
    done = subprocess.run(["dpkg-deb", "-f", made, "Architecture", "Depends"], capture_output=True,
                          text=True, check=True)
    assert "Architecture: arm64" in done.stdout and "libnl-route-3-200" in done.stdout
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "warning", made],
                          capture_output=True, text=True, timeout=900)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_plugin_is_of_that_architecture_and_runs(tmp_path):
    package("plugin", tmp_path)
    (archive,) = tmp_path.glob("kubectl-hostnet_*_linux_arm64.tar.gz")
    assert "arch: arm64" in (tmp_path / "hostnet.yaml").read_text()
    subprocess.run(["tar", "-C", tmp_path, "-xf", archive], check=True)
    said = subprocess.run([QEMU, tmp_path / "lib/ld-linux-aarch64.so.1", "--library-path", tmp_path / "lib",
                           tmp_path / "libexec/hostnet-agent", "version"], capture_output=True, text=True, timeout=600)
    assert said.stdout.startswith("hostnet-agent, version") and "aarch64" in said.stdout
