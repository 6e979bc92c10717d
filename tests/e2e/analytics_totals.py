#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""After two hours with late data and corrections: do all totals equal the truth, in csv and in a real InfluxDB?"""
from __future__ import annotations

from typing import Any

from lib import process, report, windows
from lib.collectd import Collectd, build_folder
from lib.process import wait_until
from lib.report import check, note, same, same_soon
from lib.sinks import INFLUXD, InfluxDB
from lib.windows import METRICS, MINUTE_MS, Fast, Key

RATE = 120.0
HOUR_MS = 60 * MINUTE_MS
SMALL = {"queues": 8, "agents": 40, "warmup": 2400}
SETTLED_S = 40.0  # a busy machine reads the last late window again within this time


def first_answers(fast: Fast, metrics: list[str]) -> dict[tuple[Key, int], dict[str, Any]]:
    """The platform's first answer about each window."""
    made: dict[tuple[Key, int], dict[str, Any]] = {}
    done = 0
    for one in fast.asked():
        begin = max(done, one["begin"])
        if begin < one["end"]:
            made.update(fast.truth(begin, one["end"], metrics, "PT1M", one["now_ms"]))
            done = one["end"]
    return made


def two_hours_with_late_data_add_up() -> None:
    fast = Fast(RATE, **SMALL)
    fast.sim.config(late={"share": 0.25, "delay_s": [100, 1200]})
    influx = InfluxDB(build_folder() / "genesys.db")
    daemon = fast.collectd(Backfill="PT30M", load=("network",), more=influx.options())
    began = fast.now_ms()
    fast.pass_until(began + 2 * HOUR_MS)
    fast.sim.freeze()
    wait_until(lambda: fast.pending() == 0, 20, "the late data are in the answers")
    begin, end = fast.span()
    check("the back-fill began half an hour before", began - begin >= 29 * MINUTE_MS, (began, begin))
    windows.totals_become("cumulative totals equal the truth", fast, daemon, begin, end, SETTLED_S)
    keys = {key for key, _ in fast.truth(begin, end, METRICS)}
    counted = {key for key in keys if not key.metric.startswith("o")}
    same("no counter decreases", windows.falling(daemon, counted), [])
    check_first_values(fast, daemon, counted)
    check_database(daemon, influx, counted)
    same("the log has no complaints", daemon.complaints(), [])
    took, status = daemon.stop()
    same("collectd ends with status 0", status, 0)
    note("%d series, %d queries, %.2f s to stop" % (len(keys), len(fast.asked()), took))


def check_first_values(fast: Fast, daemon: Collectd, keys: set[Key]) -> None:
    record = first_answers(fast, METRICS)
    final = fast.truth(*fast.span(), METRICS, "PT1M")
    changed = sum(record.get(at, {}).get("count") != stats.get("count") for at, stats in final.items())
    check("the answers change more than 50 windows later", changed > 50, changed)
    missing = windows.wait_for_windows(daemon, record)
    check("each window has the value of its first answer (%d)" % len(record), record and not missing, missing[:5])
    equal, unequal = windows.repeated(daemon, keys)
    same("no window is written twice", (equal, unequal), (0, []))
    wrong = []
    for (key, over), stats in record.items():
        rows = {round(row[0] * 1000): row[1:] for row in windows.durations(daemon, key)} if "sum" in stats else {}
        if "sum" in stats:
            wanted = tuple(stats[m] / 1000 for m in ("sum", "min", "max")) + (stats["sum"] / stats["count"] / 1000,)
            got = rows.get(over)
            if got is None or any(abs(a - b) > 1e-6 * max(1.0, abs(b)) for a, b in zip(got, wanted)):
                wrong.append((key, windows.iso(over), got, wanted))
    check("durations have sum, min, max and average in seconds", not wrong, wrong[:3])


def check_database(daemon: Collectd, influx: InfluxDB, keys: set[Key]) -> None:
    def differences() -> list[str]:
        intervals, totals = influx.points("queue_interval_number"), influx.points("queue_metric")
        found = []
        for key in keys:
            name = (key.label, key.qualifier)
            if dict(intervals.get(name, [])) != dict(windows.intervals(daemon, key)):
                found.append("%s %s: different windows" % name)
            if totals.get(name, [(0, None)])[-1][1] != windows.total(daemon, key):
                found.append("%s %s: a different total" % name)
        return found
    left = process.wait_for_none(differences, 10, "the values in InfluxDB", 0.5)
    check("InfluxDB has the same windows and totals", not left, "%d differ: %s" % (len(left), left[:5]))


def a_correction_never_makes_a_counter_fall() -> None:
    """A correction below zero is carried until new events absorb it."""
    fast = Fast(RATE, **SMALL)
    fast.sim.config(corrections={"share": 0.15, "after_s": [100, 1200]})
    metrics = [m for m in METRICS if not m.startswith("o")]
    daemon = fast.collectd(Backfill="PT10M", Metric=metrics)
    fast.pass_until(fast.now_ms() + 45 * MINUTE_MS)
    fast.sim.freeze()
    wait_until(lambda: fast.pending() == 0, 20, "the corrections are in the answers")
    begin, _ = fast.span()

    def above() -> dict[Key, float]:
        """Counter minus truth, of each counter that differs."""
        truth = {key: stats["count"] for (key, _), stats in fast.truth(begin, fast.span()[1], metrics).items()}
        record = {key: windows.total(daemon, key) or 0 for key in windows.counted(daemon)}
        return {key: count - truth.get(key, 0) for key, count in record.items() if count != truth.get(key, 0)}

    def carried_now() -> float:
        return daemon.latest("query-queues", "corrections_carried") or 0.0

    settled = fast.now_ms() + 4 * MINUTE_MS
    fast.pass_until(settled)
    carried: dict[Key, float] = {}

    def surplus() -> float:
        nonlocal carried
        carried = above()
        return sum(carried.values()) - carried_now()
    same_soon("corrections_carried equals the surplus of the counters", surplus, 0, SETTLED_S)
    check("some corrections are carried, and no total is too low", carried and all(v > 0 for v in carried.values()), carried)
    keys = {key for key, _ in fast.truth(begin, fast.span()[1], metrics)}
    same("no counter decreases", windows.falling(daemon, keys), [])
    queues = {label: queue for queue, label in fast.labels.items()}
    fast.sim.call("facts", [{"metric": key.metric, "queueId": queues[key.label], "mediaType": key.media, "count": int(more) + 2,
                             **({"value_ms": 1000} if key.metric.startswith("t") else {})} for key, more in carried.items()])
    windows.totals_become("new events absorb the carried corrections", fast, daemon, begin, fast.now_ms() + MINUTE_MS, SETTLED_S, metrics)
    same_soon("corrections_carried falls to 0 after new events", carried_now, 0.0)
    same("no counter decreases after new events", windows.falling(daemon, keys), [])
    daemon.stop()


def a_back_fill_is_written_in_order_by_five_write_threads() -> None:
    """Two hours of windows are due at once; the clock is real and collectd has its default of five write threads."""
    fast = Fast(1.0, queues=6, agents=30, warmup=7200)
    daemon = fast.collectd(interval=1, Backfill="PT2H", Revisit=0)
    daemon.lives_until(lambda: fast.asked() and (daemon.latest("query-queues", "windows", "done") or 0) >= 118, 60, "all windows")
    begin, end = fast.span()
    prompt = [m for m in METRICS if not m.startswith("o")]
    truth = fast.truth(begin, end, prompt, "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each window is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    keys = {key for key, _ in truth}
    same("no window is written twice", windows.repeated(daemon, keys), (0, []))
    same("no window is written after a newer one", windows.disorder(daemon, keys), [])
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


if __name__ == "__main__":
    report.main([two_hours_with_late_data_add_up, a_correction_never_makes_a_counter_fall,
                 a_back_fill_is_written_in_order_by_five_write_threads],
                {**windows.NEEDS, "influxd": INFLUXD})
