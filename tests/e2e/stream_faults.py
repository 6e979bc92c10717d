#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which events does a stream lose by broken connections, silence and invalid messages, and does the log name the cause?"""
from __future__ import annotations

from typing import Any

from lib import report, stream
from lib.collectd import DAEMON, Collectd
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, check_soon, note, same, same_soon

BUSY_S = 2.0  # time that a busy machine may add to a gap that the agent measures
LATE_S = 0.75  # time after the end of a socket at which a busy machine may still read its last message, where the gap begins
RUN_S, DROP_EVERY_S, DROPS = 34.0, 10, 3
LOST_AT_THE_END_MS = 600  # events that the simulator still held back at the end of the socket are lost
DROPPED = [{"ws": "duplicate", "percent": 5}, {"ws": "reorder", "percent": 5, "window_ms": 400},
           {"ws": "drop", "at_s": 8, "every_s": DROP_EVERY_S, "count": DROPS}]


def received_events(sim: Simulator, start: stream.Start) -> stream.Counts:
    """The truth of the events that an open socket received, the lower bound of the counters. Breaches of waits without an end are left out:
    after a gap the agent cannot know whether a contact still waits."""
    parts = []
    for one in stream.sockets(sim):
        bounds: dict[str, Any] = {"since_seq": max(start.seq, one["opened_seq"])}
        if one["closed_ms"] is not None:
            bounds.update(until_seq=one["last_seq"], until_ms=one["closed_ms"] - LOST_AT_THE_END_MS)
        parts.append(stream.counted(sim, start, only_new=True, only_ended_breaches=True, **bounds))
    return stream.plus(*parts)


def gaps_are_counted(sim: Simulator, daemon: Collectd) -> None:
    all_of_them = stream.sockets(sim)
    gaps = [(a["closed_ms"] / 1000, b["opened_ms"] / 1000) for a, b in zip(all_of_them, all_of_them[1:])]
    same_soon("stream_reconnects counts each drop", lambda: (len(gaps), stream.state(daemon, "stream_reconnects")), (DROPS, DROPS))
    wait_until(lambda: daemon.readings("queues-all", "stream_gap")[-1][0] >= gaps[-1][1] + 2.5, 10, "the newest stream_gap")
    record = daemon.readings("queues-all", "stream_gap")
    steps = []
    for began, ended in gaps:
        before = max(value for at, value in record if at <= began)
        after = min(value for at, value in record if at >= ended + 2.5)
        steps.append(after - before)
    check("stream_gap has each gap, with at most a second too much",
          all(ended - began - LATE_S <= step <= ended - began + 1.2 + BUSY_S for step, (began, ended) in zip(steps, gaps)),
          "counted %s, true gaps %s" % (steps, gaps))
    check("stream_gap never decreases", all(a[1] <= b[1] + 0.001 for a, b in zip(record, record[1:])), record)
    note("gaps of %s s" % ["%.1f" % (ended - began) for began, ended in gaps])


def drops_lose_only_the_events_in_their_gaps() -> None:
    sim = stream.simulator(queues=16, agents=120, load=2, plain_names=True)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    start = stream.now(sim)
    same_soon("stream_drift does not count contacts older than the stream",
              lambda: stream.state(daemon, "stream_drift"), 0)
    sim.faults(*DROPPED)
    sim.thaw()
    watch_for(RUN_S)
    sim.freeze()
    stream.wait_listening(daemon)
    stream.becomes("the counters lie between the events that were sent and the truth",
                   lambda: (received_events(sim, start), stream.counted(sim, start)), lambda: stream.shown(daemon),
                   stream.outside)
    least, most, got = received_events(sim, start), stream.counted(sim, start), stream.shown(daemon)
    for name, counts in (("sent", least), ("counted", got), ("happened", most)):
        note("%s: %s" % (name, stream.totals(counts)))
    check("some changes of state are in the gaps", stream.total(most, "state_changes") > stream.total(least, "state_changes"))
    stream.gauges_equal("all gauges equal the truth", sim, daemon)
    gaps_are_counted(sim, daemon)

    def closed_and_drift() -> tuple[float, float]:
        return stream.state(daemon, "conversations_lost", "poll"), stream.state(daemon, "stream_drift")

    def is_counted() -> bool:
        closed, drift = closed_and_drift()
        return 0 < closed <= drift
    check_soon("polls close lost conversations and stream_drift counts them", is_counted, closed_and_drift)
    note("closed by polls, stream_drift: %s" % (closed_and_drift(),))
    record = stream.stream_counts(sim)
    same("one channel, no violation", (record["channels_created"], record["violations"]), (1, {}))
    check("the log has at most one line for each drop", 1 <= len(daemon.complaints()) <= DROPS, daemon.complaints())
    daemon.stop()


def an_answer_in_a_gap_is_no_breach() -> None:
    """The agent misses the end of the wait; the wait alone does not prove a breach."""
    target_s = 4
    sim = stream.simulator(queues=2, agents=30, plain_names=True, media="voice")
    queue = next(iter(sim.truth()["queues"]))
    daemon = stream.daemon(sim, stream.block(ServiceLevelTarget=target_s))
    stream.wait_listening(daemon)
    start = stream.now(sim)

    def waiting() -> int:
        record = sim.truth()["queues"][queue]["media"]["voice"]
        return record["waiting"] + record["alerting"]
    sim.config(load=0)
    sim.thaw()
    sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 6})
    wait_until(waiting, 5, "contacts that wait", 0.01)
    sim.faults({"ws": "drop"}, {"on": "GET /channels/*", "answer": 503})
    wait_until(lambda: not waiting(), 4.5, "answers", 0.01)
    sim.freeze()
    sim.faults()
    wait_until(lambda: stream.state(daemon, "stream_reconnects") == 1, 12, "another socket")
    again = stream.now(sim).at_ms
    wait_until(lambda: stream.now(sim).at_ms > again + 5000, 8, "the target, its grace, and some heartbeats", 0.2)
    record = stream.ask(sim, offered_since_ms=start.at_ms, target_s=target_s)[queue]["voice"]
    same("the truth has six contacts, some answers and no breach", (record["offers"], record["answers"] > 3, record["breaches"]), (6, True, 0))
    same("the second socket receives no event", stream.sockets(sim)[-1]["events"], 0)
    check("some offers are counted", stream.total(stream.shown(daemon), "queue_offer") > 0, stream.shown(daemon))
    same("no breach is counted", stream.total(stream.shown(daemon), "queue_sla_breach"), 0)
    daemon.stop()


def gauges_equal_the_truth_soon_after_a_reconnect() -> None:
    sim = stream.simulator(queues=6, agents=8, plain_names=True)
    daemon = stream.daemon(sim, stream.block(ObservationInterval=600))
    stream.wait_listening(daemon)
    stream.gauges_equal("the gauges equal the truth before the drop", sim, daemon)
    queue = next(iter(sim.truth()["queues"]))
    sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 7})
    sim.thaw()
    wait_until(lambda: sim.truth()["queues"][queue]["media"]["voice"]["waiting"] > 0, 5, "contacts that wait", 0.01)
    sim.freeze()
    sim.faults({"ws": "drop"})
    wait_until(lambda: len(stream.sockets(sim)) == 2, 8, "another socket")
    stream.gauges_equal("the gauges equal the truth soon after the reconnect", sim, daemon)
    daemon.stop()


def a_silent_socket_is_replaced() -> None:
    sim = stream.simulator(queues=6, agents=30, load=2, plain_names=True)
    daemon = stream.daemon(sim, stream.block(IdleTimeout=5))
    stream.wait_listening(daemon)
    sim.faults({"ws": "silence", "for_s": 6})
    sim.thaw()
    # The socket counts bytes and the channel counts messages; either may be the first to end it.
    line = daemon.says("for 5.0 s", within_s=15)
    known = ("nothing was received for", "no message or heartbeat for")
    check("the log has one line about the silence", any(words in line for words in known) and len(daemon.complaints()) == 1,
          daemon.complaints())
    wait_until(lambda: len(stream.sockets(sim)) == 2, 8, "another socket")
    first = stream.sockets(sim)[0]
    check("the first socket stayed open for the time-out", first["closed_ms"] - first["opened_ms"] >= 5000, first)
    record = daemon.readings("queues-all", "stream_silence")
    silences = [value for at, value in record if at * 1000 < first["closed_ms"]]
    check("stream_silence grew until then", silences[-3:] == sorted(silences)[-3:] and silences[-1] >= 3.5, silences)
    wait_until(lambda: stream.state(daemon, "stream_connected") == 0 or 0 in
               [value for _, value in daemon.readings("queues-all", "stream_connected")], 5, "stream_connected 0")
    stream.wait_listening(daemon)
    wait_until(lambda: stream.state(daemon, "stream_silence") < 1.5, 5, "the silence is over")
    gap = stream.state(daemon, "stream_gap")
    blind_s = (stream.sockets(sim)[1]["opened_ms"] - first["closed_ms"]) / 1000 + 5
    check("stream_gap has the time of the silence: %.1f s" % gap, blind_s - 0.2 <= gap <= blind_s + 1.5 + BUSY_S, blind_s)
    sim.freeze()
    start = stream.now(sim)
    sim.thaw()
    watch_for(3)
    sim.freeze()
    stream.becomes("events after the silence are counted", lambda: (stream.counted(sim, start, only_new=True),
                                                           stream.counted(sim, stream.Start(0, 0))),
                   lambda: stream.shown(daemon), stream.outside)
    same("one channel is created", stream.stream_counts(sim)["channels_created"], 1)
    daemon.stop()


SKIPPED_KINDS = ("unknown_topic", "no_topic", "new_values", "malformed", "bad_utf8", "empty", "ping")
BREAKING = ("masked", "rsv", "opcode", "stray_continuation", "long_ping", "bad_close", "half_frame", "binary",
            "huge")


def invalid_messages_are_skipped_or_end_the_socket() -> None:
    sim = stream.simulator(queues=4, agents=8, plain_names=True)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    start = stream.now(sim)
    sim.faults(*[{"ws": kind, "at_s": 0.1 * i} for i, kind in enumerate(SKIPPED_KINDS)])
    wait_until(lambda: all(stream.stream_counts(sim).get("action " + kind, 0) for kind in SKIPPED_KINDS), 5, "all messages")
    sim.thaw()
    queue = next(iter(sim.truth()["queues"]))
    sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 5})
    wait_until(lambda: stream.total(stream.counted(sim, start), "queue_offer") >= 5, 10, "offers")
    sim.freeze()
    stream.counters_equal("the counters equal the truth after unknown messages", sim, daemon, start)
    check("at least five offers are counted", stream.total(stream.shown(daemon), "queue_offer") >= 5, stream.shown(daemon))
    same("one socket is opened", len(stream.sockets(sim)), 1)
    about = [line for line in daemon.complaints() if ": a message of" in line or "events is unknown" in line]
    check("the log complains of messages and unknown words only", len(about) > 1 and about == daemon.complaints(),
          daemon.complaints())
    daemon.lives_until(lambda: stream.state(daemon, "events", "malformed") > 0 and stream.state(daemon, "events", "other") > 0,
                       30, "odd messages are counted")
    for number, kind in enumerate(BREAKING, 2):
        sim.faults({"ws": kind, "huge_mb": 64})
        wait_until(lambda: len(stream.sockets(sim)) == number, 8, "another socket after " + kind)
        check("%s: the socket is replaced" % kind, True)
        stream.wait_listening(daemon)
    stream.gauges_equal("the gauges equal the truth", sim, daemon)
    check("memory stays below 64 MB (%d MB)" % (daemon.memory_kb() // 1024), daemon.memory_kb() < 64 * 1024)
    daemon.stop()


if __name__ == "__main__":
    report.main([drops_lose_only_the_events_in_their_gaps, an_answer_in_a_gap_is_no_breach,
                 gauges_equal_the_truth_soon_after_a_reconnect, a_silent_socket_is_replaced,
                 invalid_messages_are_skipped_or_end_the_socket], {"collectd": DAEMON})
