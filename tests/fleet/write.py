#!/usr/bin/python3
"""Writes one node of the fleet as a recording for --replay (README.md in this folder):

    tests/fleet/write.py NODE DIRECTORY [--unit]

As root: its packet rules are loaded into a network namespace of their own and read back. With
--unit the agent is a unit of systemd, otherwise a pod."""

import os
import pathlib
import sys
import tempfile

from fleet import Builder, nodes

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main(words):
    as_pod = "--unit" not in words
    words = [word for word in words if word != "--unit"]
    if len(words) != 2 or words[0] not in nodes():
        sys.exit(f"{__doc__}\nNodes: {' '.join(nodes())}")
    agent = os.environ.get("HOSTNET_AGENT", str(ROOT / "build/gcc/agent/hostnet-agent"))
    name, directory = words
    builder = Builder(name, as_pod)
    with tempfile.TemporaryDirectory() as place:
        builder.add_rules(builder.read_rules(agent, place))
    builder.node.write(directory)


if __name__ == "__main__":
    main(sys.argv[1:])
