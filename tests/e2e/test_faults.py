"""System calls that fail, each with each error that it may have: the answer is right, or it says that it
is not complete; never a crash, never a port called free for lack of knowing."""

import json
import shutil

import pytest
from machine import AGENT

PORT = 8123
CALLS = ["openat", "read", "getdents64", "readlinkat", "newfstatat", "socket", "bind", "sendto", "recvmsg",
         "setsockopt", "getsockopt", "pidfd_open", "pidfd_getfd", "open_by_handle_at", "eventfd2", "clone3"]
ERRORS = ["EACCES", "EMFILE", "ENOMEM", "ENOBUFS", "EIO"]
NOT_STARTED = 127  # the loader's word: the libraries were not found

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@pytest.fixture
def listening(machine):
    machine.listen(PORT)
    return machine


@pytest.mark.parametrize("call", ["recvmsg", "sendto", "pread64", "read", "openat"])
def test_a_call_that_is_always_interrupted_hangs_nobody(listening, call):
    done = listening.run("strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                         f"inject={call}:error=EINTR:when=60+", AGENT, "ports", "--from=scan", "--pods.source=none",
                         "--format=json", check=False)
    assert done.returncode in (0, 1, 2), done.stderr
    assert done.stderr or not json.loads(done.stdout)["complete"] or "python3" in done.stdout


@pytest.mark.parametrize("call", CALLS)
def test_a_scan_whose_calls_fail_is_right_or_says_that_it_is_not_complete(listening, call):
    answered = 0
    for error in ERRORS:
        for when in ("1+", "3+5", "60+2"):  # each, now and then, and after the loader had its turn
            done = listening.run("strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                 f"inject={call}:error={error}:when={when}", AGENT, "ports", "--from=scan",
                                 "--pods.source=none", "--format=json", check=False)
            what = f"{call} {error} {when}: exit {done.returncode}\n{done.stderr}"
            if done.returncode == NOT_STARTED:
                continue
            assert done.returncode in (0, 1, 2), what
            if not done.stdout:
                assert done.stderr, what
                continue
            answered += 1
            said = json.loads(done.stdout)
            named = [holder for port in said["ports"] if port["port"] == PORT for holder in port["holders"]
                     if holder["comm"] == "python3"]
            assert named or not said["complete"], what
    assert answered
