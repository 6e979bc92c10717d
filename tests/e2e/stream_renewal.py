#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the stream continue without a gap when its channel, its server or its token ends?

A second channel takes over before the first one ends: every counter equals the truth, stream_gap stays 0, and the log has
no complaint.
"""
from __future__ import annotations

from typing import Any, Callable

from lib import report, stream
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same


def takes_over(sim: Simulator, run: Callable[[], None], more_than: int, without: str = "-") -> None:
    """Starts a stream under load and calls `run`; the stream must have opened more than `more_than` sockets."""
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    start = stream.now(sim)
    sim.thaw()
    run()
    sim.freeze()
    stream.counters_equal("all counters equal the truth", sim, daemon, start, without)
    stream.gauges_equal("all gauges equal the truth", sim, daemon)
    record = stream.stream_counts(sim)
    check("another socket takes over", record["sockets_opened"] > more_than, record)
    same("stream_gap is 0", stream.state(daemon, "stream_gap"), 0)
    same("the log has no complaints", daemon.complaints(), [])
    note("%d sockets, %d channels, %s" % (record["sockets_opened"], record["channels_created"],
                                          stream.totals(stream.counted(sim, start))))
    daemon.stop()


def world(**changes: Any) -> Simulator:
    return stream.simulator(queues=12, agents=100, load=2, plain_names=True, **changes)


def a_channel_of_twenty_seconds_is_renewed() -> None:
    sim = world()
    sim.config(channel_life_s=20)
    takes_over(sim, lambda: watch_for(45), 3)


def a_closing_notice_moves_the_stream_in_time() -> None:
    sim = world()

    def closing() -> None:
        watch_for(3)
        sim.faults({"ws": "socket_closing", "notice_s": 10})
        wait_until(lambda: stream.stream_counts(sim)["sockets_opened"] > 1, 10, "the second socket")
        watch_for(12)  # until after the server's close
    takes_over(sim, closing, 1)


def messages_that_are_late_on_the_old_channel_count() -> None:
    sim = world()

    def late() -> None:
        sim.faults({"ws": "late", "delay_ms": 3000}, {"ws": "socket_closing", "at_s": 6, "notice_s": 20})
        wait_until(lambda: stream.stream_counts(sim)["sockets_opened"] > 1, 20, "the second socket")
        watch_for(8)
    # An answer that is reported 3 s late counts as a breach until the next real breach.
    takes_over(sim, late, 1, without="queue_sla_breach")


def an_expiring_token_ends_no_socket() -> None:
    sim = world(token_life=15)
    takes_over(sim, lambda: watch_for(32), 2)


if __name__ == "__main__":
    report.main([a_channel_of_twenty_seconds_is_renewed, a_closing_notice_moves_the_stream_in_time,
                 messages_that_are_late_on_the_old_channel_count,
                 an_expiring_token_ends_no_socket])
