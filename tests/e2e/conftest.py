import pytest

from machine import AGENT, ROOT, Agent, Client, Machine, children, pod, wait_until  # noqa: F401  (for the tests)
from nat_network import FAMILIES, Network


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.close()


@pytest.fixture
def network(machine, request):
    """Of IPv4, or of the family that the test names (indirect)."""
    return Network(machine, FAMILIES[getattr(request, "param", "IPv4")])
