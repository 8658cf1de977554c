"""Tens of thousands of NAT rules, and more than are read, in the DaemonSet's 128 MiB."""

import pytest
from bounded import Bounded
from machine import Machine, wait_until

RULES = """table ip big {{ chain pre {{ type nat hook prerouting priority -100;
{}
}}
}}
"""


def add_rules(machine, count):
    rules = (f"tcp dport {1 + i % 60000} ip saddr 10.{i >> 16}.{i >> 8 & 255}.{i & 255} dnat to 10.88.0.1:80"
             for i in range(count))
    machine.run("nft", "-f", "-", input=RULES.format("\n".join(rules)))


@pytest.mark.parametrize("count, code", [(75_000, "nat_rules_too_many"), (140_000, "nat_rules_failed")])
def test_a_crowd_of_nat_rules_fits(machine, count, code):
    bounded = Bounded(machine, Machine.agent, "--pods.source=none")
    add_rules(machine, count)
    wait_until(lambda: code in [problem["code"] for problem in bounded.agent.json("/conflicts")["problems"]], what=code)
    assert not bounded.agent.json("/conflicts")["complete"]
    print(f"{count} NAT rules: at most {bounded.check_most()} KiB resident")
