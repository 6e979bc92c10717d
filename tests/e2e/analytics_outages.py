#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""After half an hour without the API, throttling, a narrower interval limit, a deleted queue: is each window there?"""
from __future__ import annotations

from lib import report, windows
from lib.collectd import Collectd
from lib.gate import Gate
from lib.process import wait_until
from lib.report import check, note, same
from lib.windows import METRICS, MINUTE_MS, Fast

RATE = 120.0
SMALL = {"queues": 6, "agents": 24, "warmup": 3000}
PROMPT = [m for m in METRICS if not m.startswith("o")]
AGGREGATES = "POST /api/v2/analytics/conversations/aggregates/query"
ENOUGH_S = 40.0


def running(fast: Fast, **options: object) -> Collectd:
    """Starts collectd and waits for its first windows."""
    daemon = fast.collectd(**{"Backfill": "PT1H", **options})
    daemon.lives_until(lambda: fast.asked() and daemon.snapshot(), 20, "the first windows")
    fast.pass_until(fast.now_ms() + 5 * MINUTE_MS)
    return daemon


def check_all_windows(fast: Fast, daemon: Collectd, since: int) -> None:
    """Freezes the world, then checks that each window since `since` was written once, with the right count, and the totals."""
    fast.sim.freeze()
    fast.pass_until(fast.now_ms() + 4 * MINUTE_MS)
    end = fast.span()[1]
    windows.totals_become("totals equal the truth", fast, daemon, since, end, ENOUGH_S)
    truth = fast.truth(since, end, PROMPT, "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each window is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    keys = {key for key, _ in truth}
    same("no window is written twice", windows.repeated(daemon, keys), (0, []))
    same("no window is written after a newer one", windows.disorder(daemon, keys), [])


def windows_of_an_outage_are_requested_in_order() -> None:
    fast = Fast(RATE, **SMALL)
    gate = Gate(fast.sim.https_port)
    daemon = running(fast, account_options={"BaseURL": gate.url})
    since = fast.span()[0]
    last = fast.span()[1]
    gate.close()
    fast.pass_until(fast.now_ms() + 32 * MINUTE_MS)
    same("no newer window is requested meanwhile", fast.span()[1], last)
    gate.open()
    wait_until(lambda: fast.span()[1] > last + 31 * MINUTE_MS, 30, "queries for the missed windows")
    missed = [q for q in fast.asked() if q["end"] > last]
    check("the oldest missed window is requested first", [q["end"] for q in missed] == sorted(q["end"] for q in missed), missed)
    note("%d queries for %d missed windows" % (len(missed), (missed[-1]["end"] - last) // MINUTE_MS))
    check_all_windows(fast, daemon, since)
    record = daemon.complaints()
    check("the log has one line and a reminder every ten minutes", 0 < len(record) <= 5 and all("account prod, api" in line for line in record), record)
    daemon.stop()


def throttling_storms_lose_no_window() -> None:
    fast = Fast(RATE, **SMALL)
    daemon = running(fast)
    since = fast.span()[0]
    for step in ({"retry_after_s": 45, "count": 6}, {"count": 8}, {"retry_after_s": 170, "count": 2}):
        fast.sim.faults({"on": AGGREGATES, "answer": 429, **step})
        wait_until(lambda: fast.sim.fault_hits() == step["count"], 40, "answers to %s" % step)
        fast.sim.faults()
    record = fast.sim.counters()
    same("no request is sent before the end of its Retry-After", record["during_retry_after"].get(AGGREGATES, 0), 0)
    note("%d requests, %d throttled" % (record["requests_total"], record["throttled_total"]))
    check_all_windows(fast, daemon, since)
    daemon.stop()


def an_interval_that_is_too_wide_is_split() -> None:
    """The platform accepts twelve minutes in a query; a back-fill of forty minutes and each revisit of half an hour do not fit."""
    fast = Fast(RATE, **SMALL)
    fast.sim.config(aggregate_interval_max_s=720)
    daemon = fast.collectd(Backfill="PT40M")
    daemon.lives_until(lambda: fast.asked() and daemon.snapshot(), 30, "the first windows")
    began = fast.now_ms()
    fast.pass_until(began + 10 * MINUTE_MS)
    since = fast.span()[0]
    check("the back-fill reaches its beginning", began - since >= 36 * MINUTE_MS, (began - since) / MINUTE_MS)
    check("each query fits the interval limit", all(q["end"] - q["begin"] <= 720_000 for q in fast.asked()), fast.asked()[:3])
    refused = fast.sim.counters()["requests"].get(AGGREGATES, {}).get("400", 0)
    note("%d of the requests were answered 400" % refused)
    check("refused queries are not repeated", refused <= 8, refused)
    check_all_windows(fast, daemon, since)
    daemon.stop()


def a_deleted_queue_keeps_its_windows() -> None:
    fast = Fast(RATE, **SMALL)
    daemon = running(fast)
    since = fast.span()[0]
    chosen = sorted(fast.labels, key=lambda q: fast.labels[q])[0]
    fast.sim.call("queues", {"op": "delete", "id": chosen})
    gone = fast.now_ms()
    fast.pass_until(gone + 25 * MINUTE_MS)
    check_all_windows(fast, daemon, since)
    last = max(over for over in (o for k, _ in fast.truth(since, fast.span()[1], PROMPT) if k.label == fast.labels[chosen]
                                 for o, _ in windows.intervals(daemon, k)))
    check("the last window of the deleted queue has its last event", last < fast.now_ms() - 5 * MINUTE_MS, windows.iso(last))
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


if __name__ == "__main__":
    report.main([windows_of_an_outage_are_requested_in_order, throttling_storms_lose_no_window,
                 an_interval_that_is_too_wide_is_split, a_deleted_queue_keeps_its_windows], windows.NEEDS)
