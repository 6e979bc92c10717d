# SPDX-License-Identifier: MIT
"""Flow metrics: each step alone, guide E's diff against a Redis as the reference, and the requests to SQS."""
from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from figures import HERE, LeftOut, Result, Row, Speed, Wrong, beside, fresh_folder, need_collectd, node, node_modules, \
    ours, output_of, result_of, say, shown_by, thousands
from lib import process
from lib.collectd import Collectd
from lib.flows import Sqs, attributes, state
from lib.process import Program, wait_until

EVENTS = int(os.environ.get("GC_FLOW_EVENTS", "60000"))
SQS_EVENTS = int(os.environ.get("GC_SQS_EVENTS", "30000"))
KEYS = os.environ.get("GC_ROWS", "5000000")
SIMULATOR = HERE.parent / "sim" / "sqs_sim.py"
ROUNDS = 2
Run = Callable[[], Result]

# The lines of bench_flowmetrics: first words, description, aim in units a second.
PARTS = (
    ("events without a metric, dismissed", "attribute events skipped", 1e6),
    ("events with a metric, decoded and hashed", "attribute events decoded", None),
    ("  batches of 1,000", "keys committed, of 1,000", 3e5),
    ("  batches of 10", "keys committed, of 10", None),
)


def parts() -> Iterator[Row]:
    lines = shown_by([ours("bench_flowmetrics")], {"GC_ROWS": KEYS})

    def numbers(words: str) -> list[float]:
        line = next(line for line in lines if line.startswith(words + " "))
        return [float(number) for number in re.findall(r"[\d.]+", line[len(words):])]
    for words, work, aim in PARTS:
        speed_here = Speed(*numbers(words))
        yield Row("3", work, str(speed_here), aim=">= %s/s" % thousands(aim) if aim else "reported",
                  met=speed_here.reaches(aim) if aim else "")
    yield Row("3", "  fdatasync here", "%.2f ms" % numbers("fdatasync of a page here")[0])
    yield Row("3", "  state of a million attributes", "%.0f bytes" % (numbers("file per million keys")[0] * 1e6))


@contextmanager
def redis(durable: bool) -> Iterator[int]:
    """A private Redis; `durable`: each write is on disk before its answer, as an acknowledgement requires."""
    server = process.program("redis-server")
    if server is None:
        raise LeftOut("no redis-server")
    port, where = process.free_port(), fresh_folder("redis")
    made = Program([server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(where), "--save", "",
                    "--appendonly", "yes" if durable else "no", "--appendfsync", "always"])
    wait_until(lambda: process.listens(port), 20, "redis-server listens")
    yield port
    made.end()


def with_redis(durable: bool, words: list[str], env: dict[str, str]) -> Run:
    def run() -> Result:
        with redis(durable) as port:
            return result_of([*words, str(port)], env)
    return run


def references(events: Path, left_out: list[str]) -> Iterator[tuple[str, Run]]:
    for name, words, packages in (("Python", [sys.executable, "flow_redis.py"], []),
                                  ("Node", None, ["redis@4.7.1"])):
        try:
            words = words or [node(), "flow_redis.js"]
            env = node_modules(*packages) if packages else {}
            with redis(False):
                pass
        except LeftOut as why:
            left_out.append("flow metrics, %s's reference: %s" % (name, why))
            continue
        for durable in (False, True):
            yield "%s, Redis %s" % (name, "fsync" if durable else "in memory"), \
                with_redis(durable, [words[0], str(HERE / words[1]), str(events)], env)


def run_ours(events: Path) -> Run:
    return lambda: result_of([ours("bench_flow"), str(events), str(fresh_folder("flow-state"))])


def counts_of(totals: Result) -> Counter:
    """The same counts with the names cleaned as in identities."""
    counts: Counter = Counter()
    for series, count in totals["counts"].items():
        counts[series.replace("/", "_")] += count
    return counts


def speed(result: Result) -> Speed:
    events = result["totals"]["events"]
    return Speed(events / result["wall_s"], events / result["cpu_s"])


def check(name: str, result: Result, truth: Result) -> None:
    if result["totals"]["events"] != truth["events"] or counts_of(result["totals"]) != counts_of(truth):
        raise Wrong("the totals of %s differ from the truth" % name)


def measure(runs: dict[str, Run], truth: Result) -> dict[str, Result]:
    best: dict[str, Result] = {}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            result = run()
            check(name, result, truth)
            say("  %-24s %s per CPU s, %.2f CPU s, %.1f MB resident" %
                (name, speed(result), result["cpu_s"], result["rss_kb"] / 1024))
            best[name] = min(result, best.get(name, result), key=lambda one: one["wall_s"])
    return best


def record(folder: Path, count: int) -> tuple[Path, Result]:
    """Events as flows cause them, a fifth of them repeated, in shuffled order; and the expected counts."""
    events = folder / "events"
    output_of([sys.executable, str(SIMULATOR), "--dump", str(count), str(events), "--plan", '{"malformed": 0}'])
    truth = json.loads(Path(str(events) + ".truth").read_text())
    return events, {"events": count, "counts": {"%s|%s" % (c["flow"], c["metric"]): c["count"] for c in truth["counts"]}}


def diff(left_out: list[str]) -> Iterator[Row]:
    events, truth = record(fresh_folder("flow-events"), EVENTS)
    say("flow metrics: %d recorded events in batches of 10, %d metrics in them; the CPU time is without that of Redis" %
        (EVENTS, sum(truth["counts"].values())))
    best = measure({"ours, SQLite": run_ours(events), **dict(references(events, left_out))}, truth)
    mine = best.pop("ours, SQLite")
    for name, one in best.items():
        yield beside("E", "events counted, SQLite", speed(mine), name, speed(one))
        yield Row("E", "  resident memory", "%.1f MB" % (mine["rss_kb"] / 1024), "%.1f MB" % (one["rss_kb"] / 1024),
                  one["rss_kb"] / mine["rss_kb"])


def requests() -> Iterator[Row]:
    """Counts the requests to the simulator's queue by the block's self-telemetry."""
    need_collectd("genesys_flowmetrics")
    sqs = Sqs()
    sqs.feed(SQS_EVENTS, duplicates=0)
    daemon = Collectd("", flows=attributes(sqs))
    began = time.monotonic()
    daemon.lives_until(sqs.is_empty, 60 + SQS_EVENTS / 200, "the queue is empty")
    took = time.monotonic() - began
    deleted = lambda: state(daemon, "sqs_messages", "deleted") or 0  # noqa: E731
    wait_until(lambda: deleted() >= SQS_EVENTS - 30, 20, "the block has counted all messages")
    asked = state(daemon, "sqs_requests", "all") or 0
    daemon.stop()
    say("sqs: %d messages in %.1f s, %d requests" % (deleted(), took, asked))
    yield Row("E", "SQS requests, a million events", "%.0f" % (asked / deleted() * 1e6), "one by one 2000000",
              2 * deleted() / asked)


def rows(left_out: list[str]) -> Iterator[Row]:
    yield from parts()
    yield from diff(left_out)
    yield from requests()
