"""An hour of churn (HOSTNET_SOAK_SECONDS); tests/e2e/test_short_soak.py has a short one."""

import os

from soak import run_soak

SECONDS = int(os.environ.get("HOSTNET_SOAK_SECONDS", "3600"))
GROWTH = 512  # KiB an hour: what a slope of nothing is measured as


def test_an_hour_of_churn_leaves_nothing_and_no_loss_is_missed(machine):
    soak = run_soak(machine, SECONDS, min(300, SECONDS // 4))
    if SECONDS >= 3600:
        assert abs(soak.slope()) < GROWTH, soak.slope()
