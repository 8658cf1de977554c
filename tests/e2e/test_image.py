"""packaging/image: an archive that runs without anything of this machine's file system."""

import hashlib
import json
import subprocess
import tarfile

import pytest

from conftest import AGENT, ROOT


def make_image(path):
    done = subprocess.run([ROOT / "packaging/image", path, AGENT], capture_output=True, text=True,
                          timeout=900)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "hostnet-agent.tar"
    make_image(path)
    return path


class Archive:
    """Reads the layout and checks each digest and size on the way."""

    def __init__(self, path):
        self.tar = tarfile.open(path)

    def json(self, name):
        return json.load(self.tar.extractfile(name))

    def blob(self, descriptor):
        digest = descriptor["digest"].removeprefix("sha256:")
        content = self.tar.extractfile(f"blobs/sha256/{digest}").read()
        assert len(content) == descriptor["size"]
        assert hashlib.sha256(content).hexdigest() == digest
        return content

    def manifest(self):
        (only,) = self.json("index.json")["manifests"]
        return json.loads(self.blob(only))


def unpack(archive, directory):
    (layer,) = archive.manifest()["layers"]
    path = directory / "layer.tar.gz"
    path.write_bytes(archive.blob(layer))
    tree = directory / "tree"
    with tarfile.open(path) as content:
        content.extractall(tree)
    return tree


def test_every_digest_of_the_archive_is_right(image):
    archive = Archive(image)
    manifest = archive.manifest()
    config = json.loads(archive.blob(manifest["config"]))
    (layer,) = manifest["layers"]
    plain = subprocess.run(["gzip", "-dc"], input=archive.blob(layer), capture_output=True,
                           check=True).stdout
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(plain).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/usr/bin/hostnet-agent"]
    # What `docker load` reads names the same blobs and a tag.
    (docker,) = archive.json("manifest.json")
    assert docker["Config"].endswith(manifest["config"]["digest"].removeprefix("sha256:"))
    assert docker["Layers"][0].endswith(layer["digest"].removeprefix("sha256:"))
    assert docker["RepoTags"][0].startswith("hostnet-agent:")


def test_the_same_program_gives_the_same_bytes(image, tmp_path):
    make_image(tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == image.read_bytes()


def test_the_program_runs_with_nothing_but_the_image(image, machine, tmp_path):
    tree = unpack(Archive(image), tmp_path)
    # No shell, no package manager, no interpreter.
    assert [entry.name for entry in (tree / "usr/bin").iterdir()] == ["hostnet-agent"]
    machine.run("mount", "-t", "proc", "proc", tree / "proc")
    machine.listen(8080)
    done = machine.run("chroot", tree, "/usr/bin/hostnet-agent", "ports", "8080", "--format=json",
                       "--pods.source=none", check=False)
    (port,) = json.loads(done.stdout)["ports"]
    assert port["holders"][0]["comm"].startswith("python3")


def test_the_list_of_contents_names_every_library(image):
    document = json.loads(image.with_suffix(".spdx.json").read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    versions = {package["name"]: package["versionInfo"] for package in document["packages"]}
    assert {"hostnet-agent", "libc6", "libstdc++6", "libnl-3-200"} <= versions.keys()
    installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libc6"],
                               capture_output=True, text=True, check=True).stdout
    assert versions["libc6"] == installed


def test_without_a_name_it_says_how_it_is_called():
    done = subprocess.run([ROOT / "packaging/image"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 64
    assert done.stderr == "packaging/image [--arch=ARCH] OUT.tar [PROGRAM]\n"


def test_the_dockerfile_says_the_same_of_the_same_files(image):
    """There is no engine here; both have their files from packaging/image-files."""
    text = (ROOT / "packaging/Dockerfile").read_text().replace("\\\n", " ")
    made = '"$root/packaging/image-files" "$tree" "$program"'
    assert made in (ROOT / "packaging/image").read_text()
    assert "RUN packaging/build && packaging/image-files /files build/run/agent/hostnet-agent" in text
    final = text[text.index("FROM scratch\n"):].splitlines()
    said = dict(line.split(None, 1) for line in final if line)
    assert said["COPY"] == "--from=build /files/ /"
    archive = Archive(image)
    config = json.loads(archive.blob(archive.manifest()["config"]))["config"]
    assert json.loads(said["ENTRYPOINT"]) == config["Entrypoint"]
    assert said["USER"] == config["User"]
    assert said["WORKDIR"] == config["WorkingDir"]
    assert said["ENV"].split() == config["Env"]
    assert said["EXPOSE"].split() == list(config["ExposedPorts"])
    assert dict(word.split("=") for word in said["LABEL"].split()) == config["Labels"]


def test_an_architecture_that_is_not_built_is_refused_by_name():
    done = subprocess.run([ROOT / "packaging/image", "--arch=s390x", "x.tar"], capture_output=True,
                          text=True, timeout=600)
    assert done.returncode == 64
    assert done.stderr == "hostnet-agent is built for amd64 and arm64, not for s390x\n"
