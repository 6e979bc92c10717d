#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""collectd is killed at any moment: is each window there (the one in flight at most twice, with equal values), and is each total exact?

GC_KILLS is the number of kills (CI: 10; make check-long: 50).
"""
from __future__ import annotations

import os
import random
import signal
import sqlite3

from lib import report, windows
from lib.process import wait_until, watch_for
from lib.report import check, note, same
from lib.windows import METRICS, MINUTE_MS, Fast

RATE = 30.0  # a write thread that pauses for 15 s of this clock counts as hanging; a kill then loses the values that it held
KILLS = int(os.environ.get("GC_KILLS", "10"))
LIFE_S = (0.3, 2.5)  # real time: 9 to 75 s of the platform's clock
LATE_METRICS = ["tHandle", "tAcw"]  # the other metrics are final in the first answer


def kill_at_random_moments() -> tuple[Fast, list[windows.Collectd]]:
    fast = Fast(RATE, queues=6, agents=30, warmup=3000)
    fast.sim.config(late={"share": 0.3, "of": "metric", "metrics": LATE_METRICS, "delay_s": [100, 400]})
    rng, daemons = random.Random(11), []
    for _ in range(KILLS):
        daemons.append(fast.collectd(Backfill="PT30M"))
        watch_for(rng.uniform(*LIFE_S))
        os.kill(daemons[-1].program.pid, signal.SIGKILL)
        daemons[-1].program.wait(5)
    return fast, [*daemons, fast.collectd(Backfill="PT30M")]


def killed_at_random_moments_each_window_is_there_once() -> None:
    fast, daemons = windows.until_the_disk_is_fast_enough(kill_at_random_moments, lambda found: found[1])
    daemon = daemons[-1]
    fast.pass_until(fast.now_ms() + 5 * MINUTE_MS)
    fast.sim.freeze()
    wait_until(lambda: fast.pending() == 0, 30, "the late data are in the answers")
    begin, _ = fast.span()
    fast.pass_until(fast.now_ms() + 2 * MINUTE_MS)
    windows.totals_become("totals equal the truth", fast, daemon, begin, fast.span()[1], 40)
    prompt = [m for m in METRICS if m not in LATE_METRICS and not m.startswith("o")]
    truth = fast.truth(begin, fast.span()[1], prompt, "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each window is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    keys = {key for key, _ in fast.truth(begin, fast.span()[1], METRICS) if not key.metric.startswith("o")}
    check_window_in_flight(daemon, keys)
    same("no counter decreases", windows.falling_in_time(daemon, keys), [])
    daemon.stop()
    with sqlite3.connect(fast.state / "state.db") as db:
        same("the state file is intact", db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
    note("%d kills, %d queries" % (KILLS, len(fast.asked())))


def check_window_in_flight(daemon: windows.Collectd, keys: set[windows.Key]) -> None:
    """A kill may interrupt the writing of a window: each of its series appears at most twice, with equal values."""
    again = windows.windows_again(daemon, keys)
    unequal = windows.repeated(daemon, keys)[1]
    check("at most one window is written twice for each kill", len(again) <= KILLS, [windows.iso(over) for over in again])
    same("no window is written twice with different values", unequal, [])
    note("%d windows were written twice" % len(again))


if __name__ == "__main__":
    report.main([killed_at_random_moments_each_window_is_there_once], windows.NEEDS)
