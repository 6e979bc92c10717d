#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the totals equal the truth after kills at any moment under load? GC_KILLS is the number of kills (10; make check-long: 50)."""
from __future__ import annotations

import os
import random
import signal
import sqlite3
from pathlib import Path

from lib import process, report
from lib.collectd import DAEMON, Collectd
from lib.flows import Hook, Sqs, attributes, wait_equal
from lib.process import wait_until, watch_for
from lib.report import check, note, same

KILLS = int(os.environ.get("GC_KILLS", "10"))
EACH = 6000  # events for each run


def kill(daemon: Collectd) -> None:
    os.kill(daemon.program.pid, signal.SIGKILL)
    daemon.program.wait(5)


def whole(state: Path) -> str:
    """PRAGMA integrity_check of each state file."""
    said = []
    for path in sorted(state.rglob("*.db")):
        with sqlite3.connect(path) as db:
            said.append(db.execute("PRAGMA integrity_check").fetchone()[0])
    return " ".join(said)


def kills_lose_no_message_of_sqs() -> None:
    sqs, state, rng = Sqs(), process.folder("state"), random.Random(11)
    sqs.rules(redeliver_percent=2, redeliver_s=2, twice_percent=2)
    busy = 0
    for turn in range(KILLS):
        sqs.feed(EACH, seed=100 + turn)
        before = sqs.queue()["deleted"]
        daemon = Collectd("", flows=attributes(sqs), state_dir=state)
        daemon.lives_until(lambda: sqs.queue()["deleted"] > before, 15, "messages are deleted")
        watch_for(rng.uniform(0.0, 0.8))
        kill(daemon)
        busy += sqs.queue()["left"] > 0 or sqs.queue()["feeding"]
        same("run %d logs no complaint about the state" % turn, [line for line in daemon.complaints() if "state" in line], [])
    check("kills that left messages in the queue: %d of %d" % (busy, KILLS), busy > KILLS // 2, busy)
    daemon = Collectd("", flows=attributes(sqs), state_dir=state)
    daemon.lives_until(sqs.is_empty, 60 + KILLS * 5, "the queue is empty")
    record = sqs.queue()
    check("messages were received again", record["received_again"] > 0, record)
    wrong = wait_equal(daemon, sqs)
    check("totals equal the truth", not wrong, wrong)
    daemon.stop()
    same("each state file is intact", set(whole(state).split()), {"ok"})
    note("%d kills, %d messages, %d received, %d again after a time-out" % (
        KILLS, record["sent"], record["received"], record["timed_out"]))


def kills_lose_no_event_of_the_webhook() -> None:
    sqs, state, rng = Sqs(), process.folder("state"), random.Random(12)
    hook = Hook(sqs)
    sqs.push(hook, EACH * KILLS, array=10, concurrency=8)
    for _ in range(KILLS):
        before = sqs.pushed()["accepted"]
        daemon = Collectd("", flows=hook.block(), state_dir=state)
        daemon.lives_until(lambda: sqs.pushed()["accepted"] > before or not sqs.pushed()["running"], 15,
                           "events are accepted")
        watch_for(rng.uniform(0.0, 0.6))
        kill(daemon)
    broken = sqs.pushed()
    check("some answers are lost: %s" % broken["statuses"], broken["retries"] > 0, broken)
    daemon = Collectd("", flows=hook.block(), state_dir=state)
    wait_until(lambda: not sqs.pushed()["running"], 60 + KILLS * 5, "the push has ended")
    record = sqs.pushed()
    same("all events are accepted, and none is dead", (record["accepted"], record["dead"]), (EACH * KILLS, 0))
    wrong = wait_equal(daemon, sqs)
    check("totals equal the truth", not wrong, wrong)
    daemon.stop()
    same("each state file is intact", set(whole(state).split()), {"ok"})
    note("%d kills, %d events, %d requests, %d tried again" % (KILLS, record["accepted"], record["requests"],
                                                               record["retries"]))


def counts_that_were_not_dispatched_are_in_the_next_dispatch() -> None:
    """The first agent dispatches once a minute; it is killed before its first dispatch."""
    sqs, state = Sqs(), process.folder("state")
    first = Collectd("", flows=attributes(sqs), state_dir=state, interval=60)
    sqs.feed(2000)
    first.lives_until(sqs.is_empty, 30, "the queue is empty")
    kill(first)
    second = Collectd("", flows=attributes(sqs), state_dir=state)
    wrong = wait_equal(second, sqs)
    check("totals equal the truth", not wrong, wrong)
    same("the second agent leaves no message in the queue", sqs.queue()["left"], 0)
    second.stop()


if __name__ == "__main__":
    report.main([kills_lose_no_message_of_sqs, kills_lose_no_event_of_the_webhook,
                 counts_that_were_not_dispatched_are_in_the_next_dispatch],
                {"collectd": DAEMON})
