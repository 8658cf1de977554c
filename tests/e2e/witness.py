"""Somebody who looks all the time whether what the agent says is so."""

import threading

from machine import wait_until


class Witness:
    """Asks for the conflicts until it is closed; none may be other than `allowed` says of it."""

    def __init__(self, agent, allowed, every=0.1):
        self.agent, self.allowed, self.every = agent, allowed, every
        self.lies, self.looks, self.trouble = [], 0, None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.over.wait(self.every):
                allowed = self.allowed  # as it was before the question
                found = self.agent.findings()
                self.looks += 1
                # What is true may change while it is asked.
                self.lies += [f for f in found if not allowed(f) and not self.allowed(f)]
        except Exception as trouble:  # the test that started us is to fail
            self.trouble = trouble

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            wait_until(lambda: self.looks > 3 or self.trouble, what="a few answers")
        self.over.set()
        self.thread.join()
        if kind is None:
            assert self.trouble is None, self.trouble
            assert not self.lies, self.lies[:3]


def only(*conflicts):
    """Allows these pairs of port and verdict."""
    return lambda finding: (finding["port"], finding["verdict"]) in conflicts
