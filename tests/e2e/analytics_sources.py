#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Agents' states, agents' work, ratios, and the guide dialect: are they right in each window, under the documented names?"""
from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, Iterator

from lib import process, report, windows
from lib.collectd import Collectd
from lib.process import wait_until
from lib.report import check, note, same
from lib.windows import MINUTE_MS, Fast, iso

RATE = 120.0
SMALL = {"queues": 4, "agents": 12, "warmup": 1800}
GUIDE = {"answered": "tAnswered", "abandoned": "tAbandon", "offered": "nOffered"}


def final_rows(fast: Fast, words: str, begin: int, end: int) -> Iterator[tuple[dict[str, str], int, dict[str, Any]]]:
    """(group, end of the window, row) of the final truth."""
    for result in fast.sim.call("truth/aggregates?interval=%s/%s&granularity=PT1M&%s" % (iso(begin), iso(end), words))["results"]:
        for bucket in result["data"]:
            over = round(datetime.fromisoformat(bucket["interval"].split("/")[1]).timestamp() * 1000)
            for row in bucket["metrics"]:
                yield result["group"], over, row


def run(fast: Fast, minutes: int, **options: Any) -> tuple[Collectd, int, int]:
    """Runs collectd for some minutes; returns it and the range of the windows that it has written."""
    daemon = fast.collectd(Backfill="PT10M", **options)
    fast.pass_until(fast.now_ms() + minutes * MINUTE_MS)
    begin, end = fast.span()
    daemon.lives_until(lambda: (daemon.latest("query-queues", "window_lag") or 1e9) < (fast.now_ms() - end) / 1000 + 60, 10, "the last window")
    return daemon, begin, end


def compare(daemon: Collectd, name: str, wanted: dict[tuple[str, str, str, int], float], slack: float = 0.0) -> None:
    """(instance, type, type instance, end of the window) -> value"""
    series = {key[:3] for key in wanted}

    def differences() -> list[Any]:
        got = {(*key, round(at * 1000)): value for key in series for at, value in daemon.readings(*key)}
        return [(key[0], key[1], key[2], iso(key[3]), got.get(key), value) for key, value in wanted.items()
                if got.get(key) is None or abs(got[key] - value) > slack]
    wrong = process.wait_for_none(differences, 10, name, 0.3)
    check("%s (%d values of %d series)" % (name, len(wanted), len(series)), wanted and not wrong, wrong[:4])


def agents_states_fill_each_window() -> None:
    fast = Fast(RATE, **SMALL)
    names = fast.sim.truth()["users"]
    daemon, begin, end = run(fast, 25, Source="users", Metric=["tAgentRoutingStatus", "tSystemPresence"], GroupBy=["userId"])
    wanted, totals = {}, Counter()
    for group, over, row in final_rows(fast, "what=users&groupBy=userId&metrics=tAgentRoutingStatus,tSystemPresence", begin, end):
        label = names[group["userId"]]
        qualifier = "%s-%s" % (row["metric"], row["qualifier"].lower())
        wanted[label, "user_interval_seconds", qualifier, over] = row["stats"]["sum"] / 1000
        totals[label, qualifier] += row["stats"]["sum"] / 1000
    compare(daemon, "the seconds in each state equal the truth", wanted, 0.0006)
    each = {key: value for key, value in wanted.items() if key[2].startswith("tSystemPresence") and key[3] == end}
    same("the states of all agents add up to the last minute", round(sum(each.values())), 12 * 60)
    got = {(label, q): dict((round(a * 1000), v) for a, v in daemon.readings(label, "user_metric_seconds", q)).get(end) for label, q in totals}
    wrong = [(key, got[key], value) for key, value in totals.items() if got[key] is None or abs(got[key] - value) > 0.01]
    check("the totals of the states equal the truth (%d)" % len(totals), not wrong, wrong[:4])
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def work_by_agent_and_medium_equals_the_truth() -> None:
    fast = Fast(RATE, **SMALL)
    names = fast.sim.truth()["users"]
    daemon, begin, end = run(fast, 25, Metric=["tHandle", "nConnected"], GroupBy=["userId", "mediaType"])
    wanted = {}
    for group, over, row in final_rows(fast, "groupBy=userId,mediaType&metrics=tHandle,nConnected", begin, end):
        if "userId" in group:
            key = (names[group["userId"]], "user_interval_number", "%s-%s" % (row["metric"], group["mediaType"]), over)
            wanted[key] = row["stats"]["count"]
    compare(daemon, "the work of each agent equals the truth", wanted)
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def service_level_is_a_ratio() -> None:
    fast = Fast(RATE, **SMALL)
    daemon, begin, end = run(fast, 20, Metric=["oServiceLevel", "oServiceTarget", "nOffered"])
    wanted = {}
    for group, over, row in final_rows(fast, "groupBy=queueId,mediaType&metrics=oServiceLevel,oServiceTarget", begin, end):
        value = row["stats"]["ratio"] if row["metric"] == "oServiceLevel" else row["stats"]["current"]
        wanted[fast.labels[group["queueId"]], "queue_interval_ratio", "%s-%s" % (row["metric"], group["mediaType"]), over] = value
    compare(daemon, "service levels and their targets equal the truth", wanted, 1e-6)
    check("some targets are missed", any(v < 1 for (_, _, q, _), v in wanted.items() if q.startswith("oServiceLevel")))
    daemon.stop()


def rows_of_the_guide_dialect_equal_the_truth() -> None:
    fast = Fast(RATE, **SMALL)
    fast.sim.config(token_scopes=["analytics:query"])
    options = {"TokenAuth": "body", "Scope": "analytics:query"}
    daemon, begin, end = run(fast, 20, Source="queue_details", Metric=None, account_options=options)
    counts: Counter[tuple[str, str, int]] = Counter()
    sums: Counter[tuple[str, int]] = Counter()
    for group, over, row in final_rows(fast, "groupBy=queueId&metrics=" + ",".join(GUIDE.values()), begin, end):
        name = next(name for name, metric in GUIDE.items() if metric == row["metric"])
        counts[fast.labels[group["queueId"]], name, over] += row["stats"]["count"]
        if name == "answered":
            sums[fast.labels[group["queueId"]], over] += row["stats"]["sum"]
    compare(daemon, "the rows of the guide dialect equal the truth", {(label, "queue_interval_number", name + "-all", over): value
                                          for (label, name, over), value in counts.items()})
    daemon.stop()
    note("%d waits; %s" % (len(sums), daemon.complaints() or "no complaint"))


def a_row_without_a_time_is_counted_and_the_others_are_written() -> None:
    fast = Fast(RATE, **SMALL)
    fast.sim.config(token_scopes=["analytics:query"], guide_bad_interval_end=True)
    daemon = fast.collectd(Source="queue_details", Metric=None, Backfill="PT10M",
                           account_options={"TokenAuth": "body", "Scope": "analytics:query"})
    wait_until(lambda: (daemon.latest("query-queues", "query_rows", "broken") or 0) > 0, 15, "a broken row")
    fast.pass_until(fast.now_ms() + 10 * MINUTE_MS)
    now = fast.now_ms() / 1000
    stamps = [at for path in daemon.csv.glob("agent/genesys-Queue*/queue_interval_number-*")
              for at, _ in daemon.readings(path.parent.name[8:], "queue_interval_number", path.name[22:-11])]
    check("the other rows are written", len(stamps) > 10, len(stamps))
    check("no value has the current time", all(at % 60 == 0 and at < now for at in stamps))
    daemon.stop()


if __name__ == "__main__":
    report.main([agents_states_fill_each_window, work_by_agent_and_medium_equals_the_truth, service_level_is_a_ratio,
                 rows_of_the_guide_dialect_equal_the_truth, a_row_without_a_time_is_counted_and_the_others_are_written], windows.NEEDS)
