#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is each event of a contact centre counted exactly once?"""
from __future__ import annotations

from lib import process, report, stream
from lib.collectd import DAEMON, Collectd
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, check_soon, note, same, same_soon

RUN_S = 30.0  # ten minutes at 20 times the speed


def wait_readings(daemon: Collectd, count: int) -> None:
    """Waits for `count` readings: the first one begins a series, and the next ones have its value."""
    def seen() -> int:
        return len(daemon.readings("queues-all", "stream_connected"))
    before = seen()
    wait_until(lambda: seen() >= before + count, 5 * count, "%d readings" % count)


def not_names(complaints: list[str]) -> list[str]:
    """Complaints, without the expected one that two queues share a name."""
    return [line for line in complaints if "share their name with another" not in line]


def ten_minutes_equal_the_truth() -> None:
    sim = stream.simulator(queues=34, agents=200, load=2)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    start = stream.now(sim)
    sim.thaw()
    watch_for(RUN_S)
    sim.freeze()
    stream.counters_equal("all counters equal the truth", sim, daemon, start)
    stream.gauges_equal("all gauges equal the truth", sim, daemon)
    truth = stream.counted(sim, start)
    note("%s" % stream.totals(truth))
    for series in ("queue_offer", "queue_answer", "queue_abandon", "queue_transfer", "queue_sla_breach",
                   "state_changes"):
        check("the truth has some %s" % series, stream.total(truth, series) > 0, truth)
    media = {key.rpartition("/")[2].split("-")[1] for key, value in truth.items() if "/queue_answer-" in key and value}
    same("all media have answers", media, {"voice", "callback", "chat", "email", "message"})
    same("stream_gap is 0", stream.state(daemon, "stream_gap"), 0)
    same("polls close no conversation", stream.state(daemon, "conversations_lost", "poll"), 0)
    same("the log has no complaints", not_names(daemon.complaints()), [])
    record = stream.stream_counts(sim)
    same("one socket, no violation", (record["sockets_opened"], record["violations"]), (1, {}))
    same_soon("the block receives each event", lambda: stream.state(daemon, "events", "received"), record["events"])
    daemon.stop()


def each_queue_has_its_own_target() -> None:
    """ServiceLevelTarget is not set. The platform pushes the gauges meanwhile."""
    sim = stream.simulator(queues=12, agents=100, load=2)
    daemon = stream.daemon(sim, stream.block(ServiceLevelTarget=None, Observations="topic"))
    stream.wait_listening(daemon)
    start = stream.now(sim)
    sim.thaw()
    watch_for(10)
    sim.freeze()
    stream.counters_equal("all counters equal the truth", sim, daemon, start, target_s=None)
    targets = {key.rsplit("-", 1)[1] for key, value in stream.shown(daemon).items() if "sla_breach" in key and value}
    check("several targets have breaches", len(targets) > 1, targets)
    note("targets %s" % sorted(targets))
    stream.gauges_equal("all gauges equal the truth", sim, daemon)
    daemon.stop()


BENT = [{"ws": "duplicate", "percent": 5, "delay_ms": 300}, {"ws": "duplicate", "percent": 5},
        {"ws": "reorder", "percent": 5, "window_ms": 400}, {"ws": "late", "percent": 3, "delay_ms": 800},
        {"ws": "fragment", "percent": 20, "pieces": 5, "pings": True}, {"ws": "large", "percent": 2, "bytes": 70_000}]


def repeats_and_disorder_change_no_total() -> None:
    """The first event of an older contact may arrive out of order. The first state of a contact is no change, so its count of
    changes has a lower and an upper bound; all other counters are exact."""
    sim = stream.simulator(queues=12, agents=100, load=2)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    start = stream.now(sim)
    sim.faults(*BENT)
    sim.thaw()
    watch_for(14)
    sim.freeze()

    def bounds() -> tuple[stream.Counts, stream.Counts]:
        return stream.counted(sim, start, only_new=True), stream.counted(sim, start)
    stream.becomes("all counters equal the truth", bounds, lambda: stream.shown(daemon), stream.outside)
    least, most = bounds()
    same("only changes of state have different bounds",
         [words for words in stream.unequal(least, most) if "/state_changes-" not in words], [])
    record = stream.stream_counts(sim)
    for kind in ("duplicate", "reorder", "late", "fragment", "large"):
        check("more than five events are changed by the fault %s (%d)" % (kind, record["changed " + kind]), record["changed " + kind] > 5)
    note("%s of %d events" % (stream.totals(most), record["events"]))

    def repeats() -> float:
        return stream.state(daemon, "events", "received") - stream.state(daemon, "events", "new")
    check_soon("repeats are recognised", lambda: repeats() >= record["changed duplicate"] / 2, repeats)
    same("no event is malformed", stream.state(daemon, "events", "malformed"), 0)
    same("one socket, stream_gap 0", (record["sockets_opened"], stream.state(daemon, "stream_gap")), (1, 0))
    daemon.stop()


def run(sim: Simulator, daemon: Collectd, name: str) -> tuple[stream.Start, stream.Counts]:
    """Thaws the world for some minutes, freezes it, and waits until the counters equal the truth."""
    start = stream.now(sim)
    sim.thaw()
    watch_for(8)
    sim.freeze()
    stream.counters_equal(name, sim, daemon, start)
    return start, stream.shown(daemon)


def restarts_count_each_event_once_at_most() -> None:
    sim = stream.simulator(queues=12, agents=100, load=2)
    state = process.folder("state")
    first = stream.daemon(sim, state_dir=state)
    stream.wait_listening(first)
    start, before = run(sim, first, "first run")
    first.stop()
    sim.thaw()
    watch_for(2)
    sim.freeze()

    second = stream.daemon(sim, state_dir=state)
    stream.wait_listening(second)
    wait_readings(second, 3)
    same("all counters are 0 in a frozen world", [key for key, value in stream.shown(second).items() if value], [])
    again, after = run(sim, second, "second run")
    whole = stream.counted(sim, start)
    same("no sum of both runs exceeds the truth", stream.outside(({}, whole), stream.plus(before, after)), [])
    check("no run counts the time between them",
          stream.total(whole, "queue_offer") > stream.total(stream.plus(before, after), "queue_offer"))
    same("one channel is created", stream.stream_counts(sim)["channels_created"], 1)
    second.stop()


def a_kill_under_load_counts_nothing_twice() -> None:
    sim = stream.simulator(queues=12, agents=100, load=2)
    state = process.folder("state")
    first = stream.daemon(sim, state_dir=state)
    stream.wait_listening(first)
    start = stream.now(sim)
    sim.thaw()
    watch_for(6)
    wait_until(lambda: stream.total(stream.shown(first), "queue_offer") > 0, 10, "offers")
    first.program.end()  # SIGKILL
    before = stream.shown(first)
    second = stream.daemon(sim, state_dir=state)
    stream.wait_listening(second)
    watch_for(5)
    sim.freeze()
    window = stream.opened(sim, -1)

    def bounds() -> tuple[stream.Counts, stream.Counts]:
        return stream.counted(sim, window, only_new=True), stream.minus(stream.counted(sim, start), before)
    stream.becomes("the second run has at least its window, both runs at most the truth", bounds,
                   lambda: stream.shown(second), stream.outside)
    same("one channel is created", stream.stream_counts(sim)["channels_created"], 1)
    second.stop()


if __name__ == "__main__":
    report.main([ten_minutes_equal_the_truth, each_queue_has_its_own_target, repeats_and_disorder_change_no_total,
                 restarts_count_each_event_once_at_most, a_kill_under_load_counts_nothing_twice],
                {"collectd": DAEMON})
