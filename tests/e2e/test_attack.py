"""All attacks on the HTTP server at once while crowds of sockets and manifests flood the node, for a few
seconds; tests/run attack has each by itself, for longer, and with its limits of time."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "attack"))

import test_http_attacks as attacks  # noqa: E402
from machine import PATIENCE  # noqa: E402


def test_the_agent_outlives_all_attacks_at_once_in_the_memory_that_it_may_have(machine):
    # How busy this machine is must decide nothing: every answer comes, sooner or later.
    results, bounded, before = attacks.attack_everything(machine, attacks.Outside(machine), "plain", 12,
                                                         ["--patience", PATIENCE])
    attacks.check("everything", results)
    attacks.settle(bounded, before)
