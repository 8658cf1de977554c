"""Recordings of older versions and of real clusters replay to the findings that their scenes have."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from machine import AGENT

RECORDINGS = Path(__file__).parent.parent / "fixtures" / "recordings"

# (port, protocol, verdict, the declaring pod or "", kinds of the holders, each once)
FINDINGS = {
    "0.1": {
        (5353, "udp", "unmanaged_process", "dns", ("unmanaged_process",)),
        (8080, "tcp", "unmanaged_process", "web", ("unmanaged_process",)),
        (9000, "tcp", "hostport_hijacks_listener", "front", ("unmanaged_process", "nat_rule")),
        (30080, "tcp", "nodeport_hijacks_listener", "", ("unmanaged_process", "nat_rule")),
        (40000, "tcp", "ephemeral_connection", "dns", ("unmanaged_process",)),
    },
    "k8s-1.36-cgroup2": {
        (7070, "tcp", "hostport_not_programmed", "side-hostport", ()),
        (8080, "tcp", "unmanaged_process", "web", ("unmanaged_process",)),
        (8087, "tcp", "hostport_hijacks_listener", "hp", ("unmanaged_process", "nat_rule")),
        (30120, "tcp", "nodeport_hijacks_listener", "", ("unmanaged_process", "nat_rule")),
    },
    "k8s-1.36-nftables": {
        (7070, "tcp", "hostport_not_programmed", "side-hostport", ()),
        (8080, "tcp", "unmanaged_process", "web", ("unmanaged_process",)),
        (8087, "tcp", "hostport_hijacks_listener", "hp", ("unmanaged_process", "nat_rule")),
        (8088, "tcp", "hostport_not_programmed", "hp", ()),
        (30120, "tcp", "nodeport_hijacks_listener", "", ("unmanaged_process", "nat_rule")),
        (30142, "tcp", "nodeport_hijacks_listener", "hn-nodeport", ("nat_rule",)),
    },
}


def replay(directory, *arguments):
    done = subprocess.run(
        [AGENT, *arguments, f"--replay={directory}", "--format=json"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(FINDINGS))
def test_a_recording_replays_to_the_findings_of_its_scene(tmp_path, name):
    with tarfile.open(RECORDINGS / f"{name}.tgz") as archive:
        archive.extractall(tmp_path)
    answer = replay(tmp_path / name, "conflicts")
    found = {
        (
            finding["port"],
            finding["protocol"],
            finding["verdict"],
            next((pod["pod"] for pod in finding["declared_by"]), ""),
            tuple(dict.fromkeys(holder["kind"] for holder in finding["held_by"])),
        )
        for finding in answer["findings"]
    }
    assert found == FINDINGS[name]
