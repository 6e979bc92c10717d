# SPDX-License-Identifier: MIT
"""Shared by the interval tests: a platform and a collectd with fast clocks, and the truth of windows.

At a rate of 120 two hours pass in a minute: the simulator's clock runs at that rate, and libfaketime gives collectd's clock
the same rate. Time stamps, time-outs and intervals are seconds of that clock in both.
"""
from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Iterable, NamedTuple, Optional, TypeVar

from . import expected, faketime, process
from .collectd import ANALYTICS, DAEMON, Collectd, account, built, query, read_csv_table
from .faketime import FAKETIME, LONG_TIMEOUTS
from .genesys import Simulator
from .process import wait_until
from .report import check, note

T = TypeVar("T")

NEEDS = {"collectd": DAEMON, "genesys_analytics": built(ANALYTICS), "libfaketime": FAKETIME}
MINUTE_MS = 60_000
METRICS = ["nOffered", "nConnected", "nTransferred", "nOverSla", "tAnswered", "tAbandon", "tHandle", "tAcw", "oServiceLevel"]


class Key(NamedTuple):
    """A series of a queue."""
    label: str
    metric: str
    media: str

    @property
    def qualifier(self) -> str:
        return "%s-%s" % (self.metric, self.media)

    @property
    def interval(self) -> str:
        return "queue_interval"

    @property
    def counter(self) -> str:
        return "queue_metric"


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Fast:
    """A simulator whose clock runs `rate` times as fast, and the collectd that goes with it."""

    def __init__(self, rate: float, **options: Any) -> None:
        self.rate = rate
        self.sim = Simulator(**{"clock_rate": rate, "rate_limit": 0, "plain_names": True, **options})
        self.state = process.folder("state")
        self.base = process.folder("collectd")
        self.labels: dict[str, str] = {}
        self.learn()

    def learn(self) -> None:
        """Adds the labels of the current queues; keeps those of deleted ones."""
        truth = self.sim.truth()
        label = expected.by_name(truth)
        self.labels.update({q: label(q, "") for q in truth["queues"]})

    def now_ms(self) -> int:
        return self.sim.call("queries?last=1")["now_ms"]

    def collectd(self, *, interval: float = 10, account_options: Optional[dict[str, Any]] = None, more: str = "",
                 load: tuple[str, ...] = (), before: tuple[Path, ...] = (), env: Optional[dict[str, str]] = None,
                 hostname: str = "agent", **options: Any) -> Collectd:
        """Starts a collectd with the state and csv files of the previous one. `before`: libraries to preload before
        libfaketime; the rest: options of the Query."""
        began = self.now_ms() / 1000 + 0.05 * self.rate  # collectd needs this time to start
        stamp = datetime.fromtimestamp(began, timezone.utc).strftime("@%Y-%m-%d %H:%M:%S")
        return Collectd(account(self.sim, **{**LONG_TIMEOUTS, **(account_options or {})}),
                        **self.blocks(options), base=self.base, state_dir=self.state,
                        interval=interval, more=more + self.one_writer(), load=load, hostname=hostname,
                        **faketime.options(stamp, self.rate, before, env))

    def blocks(self, options: dict[str, Any]) -> dict[str, str]:
        """The arguments of Collectd that hold the blocks."""
        return {"queries": query(**{"Metric": METRICS, **options})}

    def one_writer(self) -> str:
        """At a rate of 120 a value is given up when its write thread pauses for 125 ms (15 s of that clock). Another thread would then
        write the next value first."""
        return "WriteThreads 1\n" if self.rate > 10 else ""

    def is_saved(self) -> bool:
        """True if the state file has every window that was sent. A bound of 0.75 s for a save lasts 0.75 s / `rate`."""
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % (self.state / "state.db"), uri=True, timeout=5)) as db:
            return db.execute("SELECT count(*) FROM pages WHERE field = 'pending'").fetchone() == (0,)

    def pass_until(self, ms: int, slack_s: float = 15.0) -> None:
        """Waits until the platform's clock shows `ms`."""
        wait_until(lambda: self.now_ms() >= ms, max(0, ms - self.now_ms()) / 1000 / self.rate + slack_s,
                   "the platform's clock", 0.1)

    # ---- queries and truth -----------------------------------------------

    def asked(self) -> list[dict[str, Any]]:
        """The queries that were answered: when, and [from, to)."""
        made = []
        for one in self.sim.call("queries?last=5000")["queries"]:
            if "now_ms" in one:
                begin, end = (round(datetime.fromisoformat(t).timestamp() * 1000) for t in one["interval"].split("/"))
                made.append({**one, "begin": begin, "end": end})
        return made

    def span(self) -> tuple[int, int]:
        """The time from the first requested window to the last one."""
        asked = self.asked()
        return min(q["begin"] for q in asked), max(q["end"] for q in asked)

    def truth(self, begin: int, end: int, metrics: Iterable[str], granularity: str = "",
              now_ms: Optional[int] = None) -> dict[tuple[Key, int], dict[str, Any]]:
        """(series, end of the window) -> stats, final or as in an answer at `now_ms`."""
        words = "truth/aggregates?interval=%s/%s&groupBy=queueId,mediaType&metrics=%s" % (iso(begin), iso(end), ",".join(metrics))
        words += "&granularity=" + granularity if granularity else ""
        words += "&now_ms=%d" % now_ms if now_ms is not None else ""
        made = {}
        for result in self.sim.call(words)["results"]:
            group = result["group"]
            for bucket in result["data"]:
                over = round(datetime.fromisoformat(bucket["interval"].split("/")[1]).timestamp() * 1000)
                for row in bucket["metrics"]:
                    made[Key(self.labels[group["queueId"]], row["metric"], group["mediaType"]), over] = row["stats"]
        return made

    def pending(self) -> int:
        begin, end = self.span()
        return self.sim.call("truth/aggregates?interval=%s/%s" % (iso(begin), iso(end)))["pending"]


# ---- values in csv --------------------------------------------------------------

def until_the_disk_is_fast_enough(run: Callable[[], T], daemons_of: Callable[[T], list[Collectd]]) -> T:
    """Runs a scenario that kills agents; repeats it until the disk answers in time, four runs at most. If a disk needs longer
    than a second of this fast clock, the checkpoint stays old and windows are sent again, so that the run must be repeated."""
    for left in (3, 2, 1, 0):
        found = run()
        slow = [one for one in daemons_of(found) if "no answer of the file system" in one.text]
        if not slow or left == 0:
            return found
        note("the disk was too slow for this clock")
        daemons_of(found)[-1].stop()
    raise AssertionError


def intervals(daemon: Collectd, key: Key, host: str = "agent") -> list[tuple[int, float]]:
    """(end of the window in ms, count)"""
    return [(round(at * 1000), value) for at, value in daemon.readings(key.label, key.interval + "_number", key.qualifier, host)]


def durations(daemon: Collectd, key: Key, host: str = "agent") -> list[tuple[float, ...]]:
    """(end of the window, sum, min, max, average) in seconds"""
    return read_csv_table(daemon.csv / host / ("genesys-" + key.label), key.interval + "_duration-" + key.qualifier)


def total(daemon: Collectd, key: Key, more: str = "") -> Optional[float]:
    return daemon.latest(key.label, key.counter + more, key.qualifier)


def wrong_totals(daemon: Collectd, wanted: dict[tuple[Key, int], dict[str, Any]]) -> list[str]:
    """Lines about cumulative series that differ from the truth."""
    made = []
    for (key, _), stats in wanted.items():
        if "count" not in stats:
            continue
        count = total(daemon, key)
        if count != stats["count"]:
            made.append("%s %s: %r, truly %r" % (key.label, key.qualifier, count, stats["count"]))
        seconds = total(daemon, key, "_seconds") if "sum" in stats else None
        if "sum" in stats and (seconds is None or abs(seconds - stats["sum"] / 1000) > 1e-6 * max(1.0, abs(seconds))):
            made.append("%s %s: %r s, truly %r" % (key.label, key.qualifier, seconds, stats["sum"] / 1000))
    return made


def totals_become(name: str, fast: Fast, daemon: Collectd, begin: int, end: int, within_s: float,
                  metrics: Iterable[str] = METRICS) -> bool:
    """Waits until every cumulative series equals the truth of [begin, end)."""
    wanted = fast.truth(begin, end, metrics)
    began = time.monotonic()
    left = process.wait_for_none(lambda: wrong_totals(daemon, wanted), within_s, name)
    return check("%s (%d series, after %.1f s)" % (name, len(wanted), time.monotonic() - began), wanted and not left,
                 "%d differ: %s" % (len(left), "; ".join(left[:6])))


def missing_windows(daemon: Collectd, wanted: dict[tuple[Key, int], dict[str, Any]]) -> list[str]:
    """Lines about windows that are missing, have a wrong count, or are unexpected."""
    made, by_key = [], {}
    for (key, over), stats in wanted.items():
        if "count" in stats:
            by_key.setdefault(key, {})[over] = stats["count"]
    for key, truly in by_key.items():
        got = dict(intervals(daemon, key))
        for over in sorted({*truly, *got}):
            if got.get(over, 0) != truly.get(over, 0):
                made.append("%s %s at %s: %r, truly %r" % (key.label, key.qualifier, iso(over), got.get(over), truly.get(over)))
    return made


def wait_for_windows(daemon: Collectd, wanted: dict[tuple[Key, int], dict[str, Any]], within_s: float = 10) -> list[str]:
    """The same as missing_windows, but waits until the windows are written."""
    return process.wait_for_none(lambda: missing_windows(daemon, wanted), within_s, "windows", 0.3)


def repeated(daemon: Collectd, keys: Iterable[Key]) -> tuple[int, list[str]]:
    """The number of windows written twice with equal values, and lines about those with different ones."""
    equal, unequal = 0, []
    for key in keys:
        seen: dict[int, float] = {}
        for over, value in intervals(daemon, key):
            if over in seen:
                equal += seen[over] == value
                unequal += [] if seen[over] == value else ["%s %s at %s: %r, then %r" % (key.label, key.qualifier, iso(over), seen[over], value)]
            seen[over] = value
    return equal, unequal


def falling(daemon: Collectd, keys: Iterable[Key]) -> list[str]:
    """Lines about counters that decreased."""
    return ["%s %s: %s" % (key.label, key.qualifier, values) for key in keys
            for values in [[v for _, v in daemon.readings(key.label, key.counter, key.qualifier)]]
            if values != sorted(values)]


def falling_in_time(daemon: Collectd, keys: Iterable[Key]) -> list[str]:
    """Lines about counters that decreased in the order of the times: a window that is sent again has the times and values
    of the first dispatch."""
    return ["%s %s: %s" % (key.label, key.qualifier, values) for key in keys
            for values in [[v for _, v in sorted(set(daemon.readings(key.label, key.counter, key.qualifier)))]]
            if values != sorted(values)]


def disorder(daemon: Collectd, keys: Iterable[Key]) -> list[str]:
    """Lines about windows that were written before an older one."""
    made = []
    for key in keys:
        ends = [over for over, _ in intervals(daemon, key)]
        made += ["%s %s: %s after %s" % (key.label, key.qualifier, iso(b), iso(a)) for a, b in zip(ends, ends[1:]) if b < a]
    return made


def counted(daemon: Collectd, host: str = "agent") -> set[Key]:
    """All series that have a counter."""
    top, found = daemon.csv / host, set()
    for path in top.glob("genesys-*/queue_metric-*"):
        metric, media = path.name[len("queue_metric-"):-11].split("-", 1)
        found.add(Key(path.parent.name[len("genesys-"):], metric, media))
    return found


def windows_again(daemon: Collectd, keys: Iterable[Key]) -> list[int]:
    """Ends of the windows with a value that was written twice."""
    found: set[int] = set()
    for key in keys:
        ends = [over for over, _ in intervals(daemon, key)]
        found |= {over for over in ends if ends.count(over) > 1}
    return sorted(found)
