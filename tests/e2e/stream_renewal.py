#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the stream outlive its channel, its server and its token without a seam?

Each time a second channel takes over before the first one ends: every counter equals the truth, no gap is told, and
no line is written.
"""
from __future__ import annotations

from typing import Any, Callable

from lib import report, stream
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same


def takes_over(sim: Simulator, run: Callable[[], None], least: int) -> None:
    """What `run` waits for happens to a stream at work, which has at least so many channels after another."""
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    start = stream.now(sim)
    sim.thaw()
    run()
    sim.freeze()
    stream.counters_equal("all counters", sim, daemon, start)
    stream.gauges_equal("all gauges", sim, daemon)
    told = stream.stream_counts(sim)
    check("a channel after another", told["sockets_opened"] > least, told)
    same("gap", stream.state(daemon, "stream_gap"), 0)
    same("complaints", daemon.complaints(), [])
    note("%d sockets, %d channels, %s" % (told["sockets_opened"], told["channels_created"],
                                          stream.totals(stream.counted(sim, start))))
    daemon.stop()


def world(**changes: Any) -> Simulator:
    return stream.simulator(queues=12, agents=100, load=2, plain_names=True, **changes)


def a_channel_of_twenty_seconds_is_renewed() -> None:
    sim = world()
    sim.config(channel_life_s=20)
    takes_over(sim, lambda: watch_for(45), 3)


def a_closing_notice_is_heeded_in_time() -> None:
    sim = world()

    def closing() -> None:
        watch_for(3)
        sim.faults({"ws": "socket_closing", "notice_s": 10})
        wait_until(lambda: stream.stream_counts(sim)["sockets_opened"] > 1, 10, "the second socket")
        watch_for(12)  # the server would have closed by then
    takes_over(sim, closing, 1)


def a_token_that_ends_takes_no_socket_with_it() -> None:
    sim = world(token_life=15)
    takes_over(sim, lambda: watch_for(32), 2)


if __name__ == "__main__":
    report.main([a_channel_of_twenty_seconds_is_renewed, a_closing_notice_is_heeded_in_time,
                 a_token_that_ends_takes_no_socket_with_it])
