import os
import re

import pytest

from machine import AGENT, ROOT, Agent, Client, Machine, children, pod, wait_until  # noqa: F401  (for the tests)
from nat_network import FAMILIES, Network
from systemd_machine import SystemdMachine, refused_mounts


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.close()


@pytest.fixture
def booted(tmp_path):
    """A machine with systemd and a system bus."""
    if refused := refused_mounts():
        pytest.skip(f"no second machine of these files: {refused}")
    made = SystemdMachine(tmp_path)
    try:
        made.run("systemctl", "start", "dbus.socket")
        yield made
    finally:
        made.close()


@pytest.fixture
def network(machine, request):
    """Of IPv4, or of the family that the test names (indirect)."""
    return Network(machine, FAMILIES[getattr(request, "param", "IPv4")])


def hold_block(page, mark, made):
    """A page's text between <!-- MARK --> and <!-- end --> is `made`; with HOSTNET_UPDATE_GOLDEN it is
    written instead."""
    text = page.read_text()
    written = re.search(rf"<!-- {mark} -->\n(.*?)\n?<!-- end -->", text, re.S)
    if os.environ.get("HOSTNET_UPDATE_GOLDEN"):
        page.write_text(text[:written.start(1)] + made + "\n" + text[written.end(1):].lstrip("\n"))
    else:
        assert written.group(1) == made
