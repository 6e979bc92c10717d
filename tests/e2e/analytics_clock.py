#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The machine's clock steps an hour forward and back: is a window repeated, skipped or misdated?

Only the wall clock steps, as by settimeofday (tests/support/clock_step.c before libfaketime). After a step back collectd's
own schedule sleeps until its clock again reaches the time from which it stepped: collectd writes nothing in that hour. It
writes all values after that hour.
"""
from __future__ import annotations

import struct

from lib import report, windows
from lib.collectd import Collectd, build_folder
from lib.report import check, note, same
from lib.windows import METRICS, MINUTE_MS, Fast

RATE = 120.0
HOUR_MS = 60 * MINUTE_MS
SHIM = build_folder() / "tests" / "support" / ".libs" / "clock_step.so"
PROMPT = [m for m in METRICS if not m.startswith("o")]
Step = tuple[int, int]  # the clock's offset in ms, and its minutes


def newest(daemon: Collectd) -> int:
    """The end of the newest window that collectd has written."""
    return max((over for key in windows.counted(daemon) for over, _ in windows.intervals(daemon, key)), default=0)


def check_windows_through(*steps: Step) -> None:
    fast = Fast(RATE, queues=6, agents=24, warmup=1200)
    step = fast.base / "clock"
    step.write_bytes(struct.pack("=q", 0))
    daemon = fast.collectd(Backfill="PT2H", before=(SHIM,), env={"GC_CLOCK_STEP": str(step)})
    daemon.lives_until(lambda: fast.asked() and windows.counted(daemon), 20, "the first windows")
    since, asked = fast.span()[0], len(fast.asked())
    for ahead_ms, minutes in steps:
        with step.open("r+b") as file:  # in place: collectd has mapped the file
            file.write(struct.pack("=q", ahead_ms))
        fast.pass_until(fast.now_ms() + minutes * MINUTE_MS)
    check("collectd still sends queries", len(fast.asked()) > asked, len(fast.asked()))
    reached_ms = fast.now_ms()
    daemon.lives_until(lambda: newest(daemon) > reached_ms - 10 * MINUTE_MS, 60, "the newest windows")
    early = [q for q in fast.asked() if q["end"] > q["now_ms"]]
    check("at most two queries for each step are for windows in the future", len(early) <= 2 * len(steps), len(early))
    fast.sim.freeze()
    fast.pass_until(fast.now_ms() + 4 * MINUTE_MS)
    end = fast.span()[1]
    windows.totals_become("totals equal the truth", fast, daemon, since, end, 20)
    truth = fast.truth(since, end, PROMPT, "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each window is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    keys = {key for key, _ in truth}
    same("no window is written twice", windows.repeated(daemon, keys), (0, []))
    note("%d queries; %s" % (len(fast.asked()), daemon.complaints() or "no complaint"))
    daemon.stop()


def a_step_an_hour_forward_keeps_each_window() -> None:
    check_windows_through((HOUR_MS, 20))


def steps_forward_and_back_keep_each_window() -> None:
    check_windows_through((HOUR_MS, 10), (0, 75))


def steps_back_and_forward_keep_each_window() -> None:
    check_windows_through((-HOUR_MS, 30), (0, 10))


if __name__ == "__main__":
    report.main([steps_forward_and_back_keep_each_window, a_step_an_hour_forward_keeps_each_window,
                 steps_back_and_forward_keep_each_window],
                {**windows.NEEDS, "clock_step": SHIM if SHIM.exists() else None})
