import pytest

from machine import AGENT, ROOT, Agent, Client, Machine, pod, wait_until  # noqa: F401  (for the tests)


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.close()
