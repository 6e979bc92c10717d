#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""5,000 queues with 20 metrics: are the values of each window right, late ones included, in bounded memory?

csv cannot write 300,000 values a window, so a filter chain passes only the values of some queues to csv.
"""
from __future__ import annotations

import random
from typing import Any

from lib import process, report, windows
from lib.collectd import Collectd, only_to_csv
from lib.report import check, note, same
from lib.windows import MINUTE_MS, Fast, Key

QUEUES = 5000
METRICS = ["nOffered", "nConnected", "nOverSla", "nTransferred", "nBlindTransferred", "nConsultTransferred", "nError",
           "nConsult", "oServiceLevel", "tAbandon", "tAcd", "tAcw", "tAlert", "tAnswered", "tHandle", "tHeld",
           "tHeldComplete", "tTalk", "tTalkComplete", "tWait"]
RATE = 3.0
SAMPLES = 25
REVISIT = 2
ENOUGH_S = 150.0
# The plugins stop in 2 s; collectd frees its cache of 115,000 values in the same time, or later on a busy machine.
STOP_MAX_S = 4.0 * process.DEADLINE_FACTOR
GROWING_S = 130.0  # each minute lacks one contact for this time after its end
AGGREGATES = "POST /api/v2/analytics/conversations/aggregates/query"


def count_of(queue: str, minute: int) -> int:
    """The rule of the simulator's filler for voice; queues are called "Queue 0001" …"""
    return 2 + (int(queue.split()[1]) - 1 + minute) % 7


def series_of(metric: str) -> int:
    """A ratio has series for its target, numerator and denominator too."""
    return {"n": 1, "t": 1, "o": 4}[metric[0]]


def windows_of_five_thousand_queues_equal_the_truth() -> None:
    fast = Fast(RATE, queues=QUEUES, agents=4, load=0, warmup=0)
    fast.sim.config(filler={"media": ["voice"], "growing_s": GROWING_S}, page_max=500)
    chosen = sorted(random.Random(4).sample(sorted(fast.labels.values()), SAMPLES))

    def life(backfill: str) -> Collectd:
        return fast.collectd(load=("match_regex",), more=only_to_csv(*chosen, "query-.*", "account-.*"),
                             Metric=METRICS, MaxSeries=200000, Backfill=backfill, Revisit=REVISIT, SettleDelay=60)

    first = life("PT2M")
    first.lives_until(lambda: all(whole_windows(first, chosen)), ENOUGH_S, "the first window of all")
    memory, largest = first.memory_kb(), fast.asked()[-1]
    took, _ = first.stop()
    check("collectd stops in time with 300,000 values in its queue", took < STOP_MAX_S, took)

    second = life("PT1H")  # continues where the first run ended, also on a slow machine
    wanted = min(whole_windows(first, chosen)) + 2 * MINUTE_MS
    second.lives_until(lambda: min(whole_windows(second, chosen)) >= wanted, ENOUGH_S, "two more windows")
    firsts = {windows.intervals(second, Key(queue, METRICS[0], "voice"))[0][0] for queue in chosen}
    same("all queues have the same first window", len(firsts), 1)
    check_values(second, chosen, min(firsts) - MINUTE_MS, min(whole_windows(second, chosen)))
    same("series", second.latest("query-queues", "series"), QUEUES * sum(series_of(metric) for metric in METRICS))
    check("unfiltered", not any(one["filtered"] for one in fast.asked()))
    requests = fast.sim.counters()["requests"].get(AGGREGATES, {})
    same("no request is refused", [status for status in requests if status != "200"], [])
    same("the log has no complaints", first.complaints() + second.complaints(), [])
    note("%d KB at most in the first run, %d in the second (%d values in collectd's cache); %d queries, the first of %d windows"
         % (memory, second.memory_kb(), QUEUES * sum(map(series_of, METRICS)), len(fast.asked()),
            (largest["end"] - largest["begin"]) // MINUTE_MS))
    took, _ = second.stop()
    note("the second run stopped in %.1f s" % took)


def counters(daemon: Collectd, queue: str, metric: str) -> dict[int, float]:
    """End of a window -> the total after it, which is written after the values of the window."""
    return {round(at * 1000): value for at, value in daemon.readings(queue, "queue_metric", metric + "-voice")}


def whole_windows(daemon: Collectd, chosen: list[str]) -> list[int]:
    """Per queue, the newest window that every metric but oServiceLevel has reached; 0 if a metric has no window."""
    return [min(max(counters(daemon, queue, metric), default=0) for metric in METRICS if metric[0] != "o") for queue in chosen]


def check_values(daemon: Collectd, chosen: list[str], begin: int, end: int) -> None:
    wrong: list[Any] = []
    for queue in chosen:
        for metric in METRICS:
            key = Key(queue, metric, "voice")
            if metric.startswith("o"):
                continue
            got = {over: value for over, value in windows.intervals(daemon, key) if over <= end}
            for over in range(begin + MINUTE_MS, end + 1, MINUTE_MS):
                truly = count_of(queue, over // MINUTE_MS - 1)
                if got.get(over) not in (truly, truly - 1):  # read before or after the minute was complete
                    wrong.append((queue, metric, windows.iso(over), got.get(over), truly))
            counter = counters(daemon, queue, metric).get(end)
            truly = sum(count_of(queue, t) for t in range(begin // MINUTE_MS, end // MINUTE_MS))
            # The newest windows may still lack one contact each; the older ones are corrected.
            if counter is None or not truly - REVISIT - 1 <= counter <= truly:
                wrong.append((queue, metric, "total", counter, truly))
    check("windows and totals of %d queues equal the truth" % len(chosen), not wrong, wrong[:5])


if __name__ == "__main__":
    report.main([windows_of_five_thousand_queues_equal_the_truth], windows.NEEDS)
