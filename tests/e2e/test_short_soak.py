"""tests/run soak, for 20 seconds."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "attack"), str(TESTS / "soak")]

from soak import run_soak  # noqa: E402


def test_twenty_seconds_of_churn_leave_nothing_and_no_loss_is_missed(machine):
    run_soak(machine, 20, 10)
