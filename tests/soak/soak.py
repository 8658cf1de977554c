"""Runs the churn of churn.py beside an agent in 128 MiB and compares: what it used over time, what it said of
conflicts, in its answers and in its log, with what was done."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import threading
import time

from bounded import Bounded
from machine import PATIENCE, Machine, wait_until

CHURN = pathlib.Path(__file__).with_name("churn.py")
SCRAPER = pathlib.Path(__file__).resolve().parents[1] / "attack/scraper.py"
VERDICTS = {"squat": "unmanaged_process", "duplicate": "duplicate_declaration"}
PAGES = ("/metrics", "/ports?format=json", "/conflicts", "/", "/check?port=2000&format=json", "/interfaces",
         "/routes?format=json")


class Soak:
    def __init__(self, machine, start, seconds):
        self.machine, self.seconds = machine, seconds
        self.folder = machine.directory / "pods"
        self.folder.mkdir()
        self.cgroup = machine.cgroup(f"soak-{os.getpid()}/kubepods")
        self.bounded = Bounded(machine, start, "--pods.source=manifests", f"--pods.manifests={self.folder}")
        self.agent = self.bounded.agent
        self.samples = []  # (seconds, KiB resident, threads)
        self.events, self.earlier = {}, {}  # by what, when and id
        self.losses = []
        self.finished = False

    def start_churn(self):
        churn = self.machine.start("/usr/bin/python3", CHURN, self.folder, self.cgroup, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=None, text=True)
        assert churn.stdout.readline() == "ready\n"
        return churn

    def take_lines(self, churn):
        for line in churn.stdout:
            said = json.loads(line)
            if "finished" in said:
                self.finished = True
            else:
                self.losses.append(said)

    def churn_for(self, seconds):
        """What happens meanwhile is kept."""
        self.finished = False
        churn = self.start_churn()
        reader = threading.Thread(target=self.take_lines, args=(churn,))
        reader.start()
        scrapers = [self.machine.start("/usr/bin/python3", SCRAPER, f"http://127.0.0.1:20000{page}",
                                       int(seconds), "1", "--patience", PATIENCE, "--fresh", stdout=subprocess.PIPE, text=True)
                    for page in PAGES]
        begun, next_history = time.monotonic(), 0
        while (now := time.monotonic() - begun) < seconds:
            self.samples.append((now, self.bounded.status("VmRSS"), self.bounded.status("Threads")))
            if now >= next_history:
                self.take_history()
                next_history = now + 2
            assert self.bounded.alive() and churn.poll() is None, self.agent.log()[-3000:]
            time.sleep(0.5)
        answered = [json.loads(scraper.communicate(timeout=PATIENCE + seconds)[0]) for scraper in scrapers]
        churn.stdin.close()
        status = churn.wait(timeout=2 * PATIENCE)
        reader.join()
        assert (status, self.finished) == (0, True)
        wait_until(lambda: not self.agent.findings(), what="the end of all conflicts")
        self.take_history()
        return answered

    def take_history(self):
        for event in self.agent.json("/history")["events"]:
            finding = event["finding"]
            key = event["event"], event["at"], finding["id"]
            if finding["class"] == "conflict" and key not in self.earlier:
                self.events[key] = finding

    def forget(self):
        self.earlier = self.events
        self.samples, self.losses, self.events = [], [], {}

    def opened(self):
        return {key: finding for key, finding in self.events.items() if key[0] == "opened"}

    def slope(self):
        """KiB an hour, by least squares, of the last four fifths."""
        points = self.samples[len(self.samples) // 5:]
        mean_x = sum(x for x, _, _ in points) / len(points)
        mean_y = sum(y for _, y, _ in points) / len(points)
        over = sum((x - mean_x) * (y - mean_y) for x, y, _ in points)
        return 3600 * over / sum((x - mean_x) ** 2 for x, _, _ in points)

    def check_findings(self):
        """Each long loss was seen, and what was seen was a loss."""
        def is_of(finding, loss):
            since = datetime.datetime.fromisoformat(finding["since"]).timestamp()
            return (finding["port"], finding["protocol"], finding["verdict"]) == \
                (loss["port"], loss["protocol"], VERDICTS[loss["what"]]) and loss["begin"] <= since <= loss["end"] + 1
        findings = list(self.opened().values())
        missed = [loss for loss in self.losses if loss["seen"] and not any(is_of(f, loss) for f in findings)]
        false = [f for f in findings if not any(is_of(f, loss) for loss in self.losses)]
        assert not missed, missed
        assert not false, [(f["verdict"], f["port"], f["explanation"]) for f in false]
        closed = {key[2] for key in self.events if key[0] == "closed"}
        assert {key[2] for key in self.opened()} <= closed
        return sum(loss["seen"] for loss in self.losses)

    def check_log(self, opened, agent_ended):
        """`opened` findings since the agent began, each said or counted; nothing else was wrong."""
        log = self.agent.log()
        lines = re.findall(r'msg="finding opened" .*', log)
        counted = re.findall(r'msg="finding opened"[^\n]*suppressed=(\d+)', log)
        said = len(lines) - len(counted) + sum(map(int, counted))
        assert agent_ended == 0
        assert said == opened, (said, opened)
        wrong = [line for line in log.splitlines() if " level=error " in line]
        assert not wrong, wrong[:5]
        return len(log.splitlines())


def run_soak(machine, seconds, warm):
    """The soak when it is over, and its figures."""
    soak = Soak(machine, Machine.agent, seconds)
    soak.churn_for(warm)  # what churn ever needs is there before
    before = soak.bounded.settled()
    warm_opened = len(soak.opened())
    soak.forget()
    answered = soak.churn_for(seconds)
    lost = soak.check_findings()
    assert lost
    most = soak.bounded.check_most()
    after = soak.bounded.check_as_before(before)
    assert {threads for _, _, threads in soak.samples} == {before["threads"]}
    assert all(one["good"] == one["asked"] for one in answered), answered
    total = sum(int(line.split()[-1]) for line in
                soak.agent.metric(r'^hostnet_findings_opened_total\{class="conflict"'))
    assert total == warm_opened + len(soak.opened())
    # The log tells of risks, too.
    all_opened = sum(int(line.split()[-1]) for line in soak.agent.metric(r"^hostnet_findings_opened_total\{"))
    lines = soak.check_log(all_opened, soak.agent.stop())
    print(f"\n{seconds} s: {lost} losses of 2 s, all seen, none false; {before['resident']} KiB resident before, at "
          f"most {most}, {after['resident']} afterwards, slope {soak.slope():.0f} KiB an hour; "
          f"{sum(one['asked'] for one in answered)} requests answered, {lines} lines of log")
    return soak
