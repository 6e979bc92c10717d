#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is each flow metric of the account's notification channel counted once?

GC_EVENTS is the number of attribute events (100,000). A fifth of the events is repeated, and their order is random.
GC_KILLS is the number of kills (10).
"""
from __future__ import annotations

import os
import random
import signal

from lib import process, report, stream
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account
from lib.flows import FlowSender, notifications, state, wait_connected, wait_equal, wait_reconnected
from lib.full_disk import full_disk
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same

EVENTS = int(os.environ.get("GC_EVENTS", "100000"))
KILLS = int(os.environ.get("GC_KILLS", "10"))
PER_S = 12_000
TIMEOUT_S = 60 + EVENTS / 1000
WITHIN_S = 40.0
OF_CUSTOMERS = ("+4930123456789", "0-000000", "12 apples", "1e999")  # personal data in all events of the conversations


def simulator(**more: object) -> Simulator:
    """A frozen world: only the test's own conversations send events."""
    return Simulator(frozen=True, queues=8, agents=8, rate_limit=0, **more)


def agent(sim: Simulator, values: bool = False, **more: object) -> Collectd:
    return Collectd(account(sim), flows=notifications(Values=values), **more)  # type: ignore[arg-type]


def not_names(complaints: list[str]) -> list[str]:
    """Complaints, without the expected one that two queues share a name."""
    return [line for line in complaints if "share their name with another" not in line]


def equal(daemon: Collectd, sender: FlowSender) -> None:
    record = sender.truth()
    wrong = wait_equal(daemon, sender, WITHIN_S)
    check("totals of %d series, %d metrics equal the truth" % (record["series"], record["total"]), record["total"] and not wrong,
          wrong)


def each_metric_is_counted_once() -> None:
    """Malformed names, escapes and other conversations are among the events."""
    sender = FlowSender(simulator())
    daemon = agent(sender.sim)
    wait_connected(daemon)
    sender.send(EVENTS, per_s=PER_S)
    sender.wait_sent(daemon, TIMEOUT_S)
    equal(daemon, sender)
    record, sent = sender.truth(), sender.sent()
    same("each event has a subscriber", sent["unsubscribed"], 0)
    wait_until(lambda: state(daemon, "events", "received") == EVENTS, WITHIN_S, "events-received")
    same("all attributes are counted, and none is lost", (state(daemon, "events", "counted"), state(daemon, "events", "lost")), (record["total"], 0))
    check("events without a metric are skipped", (state(daemon, "events", "skipped") or 0) >= record["noise"] * 0.9,
          state(daemon, "events", "skipped"))
    note("%d events, %d repeated; of their attributes %d counted, %d known; %d batches; %d MB at most" % (
        record["events"], record["repeated"], record["total"], state(daemon, "events", "duplicate") or 0,
        state(daemon, "batches", "committed") or 0, daemon.memory_kb() // 1024))
    same("stream_gap is 0", state(daemon, "stream_gap"), 0)
    counted = stream.stream_counts(sender.sim)
    same("one channel, one subscription, one socket, no violation",
         (counted["channels_created"], counted["subscriptions"], counted["sockets_opened"], counted["violations"]),
         (1, 1, 1, {}))
    same("the log has no complaints", not_names(daemon.complaints()), [])
    sender.send(2000, per_s=PER_S)
    took, status = daemon.stop()
    check("collectd stops in time with events under way (%.2f s)" % took, took < STOP_MAX_S)
    same("collectd ends with status 0", status, 0)


def both_plugins_share_one_channel() -> None:
    """The plugins share one token, one channel and one subscription. Each counts its own events, some repeated or fragmented."""
    sim = stream.simulator(queues=12, agents=100, load=2)
    sim.config(flow_metrics=95)
    sender = FlowSender(sim)
    daemon = stream.daemon(sim, flows=notifications())
    stream.wait_listening(daemon, within_s=WITHIN_S)
    wait_connected(daemon)
    start = stream.now(sim)
    sim.faults({"ws": "duplicate", "percent": 20, "delay_ms": 200},
               {"ws": "fragment", "percent": 10, "pieces": 4, "pings": True})
    sim.thaw()
    watch_for(6)
    sim.freeze()
    stream.counters_equal("all counters of genesys_realtime equal the truth", sim, daemon, start)
    equal(daemon, sender)
    counted = stream.stream_counts(sim)
    same("one channel, one subscription, one socket", (counted["channels_created"], counted["subscriptions"],
                                              counted["sockets_opened"]), (1, 1, 1))
    same("one token is requested", sim.counters()["token_requests_total"], 1)
    for what, quiet in (("stream_gap", 0), ("events-lost", 0)):
        same("%s is 0" % what, state(daemon, *what.split("-")), quiet)
    daemon.stop()


def a_gap_is_filled_by_later_events() -> None:
    """Sockets drop while conversations send events. Missed attributes are counted when the conversations send them
    again. The log never shows values or customer data."""
    sender = FlowSender(simulator())
    daemon = agent(sender.sim, level="debug")
    wait_connected(daemon)
    sender.sim.faults({"ws": "drop", "after_events": 2000, "count": 1, "reset": True},
                    {"ws": "close", "after_events": 3000, "count": 1},
                    {"ws": "lose", "percent": 5}, {"ws": "reorder", "percent": 20, "window_ms": 300})
    sender.send(12_000, per_s=3000)
    sender.wait_sent(daemon)
    sender.sim.faults()
    wait_reconnected(sender.sim, daemon)
    check("some events are missed: %s" % sender.sent(), sender.sent()["unsubscribed"] > 0)
    wait_until(lambda: (state(daemon, "stream_gap") or 0) > 0, WITHIN_S, "stream_gap above 0")
    sender.repeat()
    sender.wait_sent(daemon)
    equal(daemon, sender)
    same("one channel is created", stream.stream_counts(sender.sim)["channels_created"], 1)
    same("the log has no customer data and no values", daemon.leaks(*OF_CUSTOMERS), [])
    daemon.stop()


def each_metric_is_counted_once_through_kills() -> None:
    """The agent is killed under load; when the conversations send their events again, each is counted once."""
    sender, state_dir, rng = FlowSender(simulator()), process.folder("state"), random.Random(13)
    under_load = 0
    for turn in range(KILLS):
        subscribed = stream.stream_counts(sender.sim)["subscriptions"]
        daemon = agent(sender.sim, state_dir=state_dir)
        daemon.lives_until(lambda: stream.stream_counts(sender.sim)["sockets_opened"] > turn
                           and stream.stream_counts(sender.sim)["subscriptions"] > subscribed, WITHIN_S, "its topics")
        sender.send(2000, seed=100 + turn, per_s=2000)
        watch_for(rng.uniform(0.1, 0.7))
        under_load += sender.sent()["running"]
        os.kill(daemon.program.pid, signal.SIGKILL)
        daemon.program.wait(5)
        wait_until(lambda: not sender.sent()["running"], WITHIN_S, "all events are sent")
    check("most kills happen under load (%d)" % under_load, under_load > KILLS / 2)
    daemon = agent(sender.sim, state_dir=state_dir)
    wait_connected(daemon)
    sender.repeat()
    sender.wait_sent(daemon)
    equal(daemon, sender)
    check("some attributes were counted before the last start", (state(daemon, "events", "counted") or 0) < sender.truth()["total"])
    same("one channel is created", stream.stream_counts(sender.sim)["channels_created"], 1)
    daemon.stop()


def a_full_disk_loses_no_received_event() -> None:
    """The platform does not repeat events: the agent keeps them until there is space. Values are summed as well."""
    sender, state_dir = FlowSender(simulator()), process.folder("state")
    disk = full_disk(state_dir)
    daemon = agent(sender.sim, values=True, state_dir=state_dir, preload=str(disk.shim), env=disk.env)
    wait_connected(daemon)
    sender.send(1000, seed=1)
    sender.wait_sent(daemon)
    equal(daemon, sender)
    disk.fill()
    sender.send(3000, seed=2)
    sender.wait_sent(daemon)
    daemon.says("genesys_flowmetrics: ", "full", within_s=WITHIN_S)
    wait_until(lambda: state(daemon, "source_up", "notifications") == 0, WITHIN_S, "source_up is 0")
    disk.empty()
    equal(daemon, sender)
    wrong = wait_equal(daemon, sender, WITHIN_S, "flow_metric_value", "sum")
    wrong = [line for line in wrong if "is None, wanted 0" not in line]
    check("sums of the values equal the truth", not wrong, wrong)
    same("no event is lost", state(daemon, "events", "lost"), 0)
    daemon.stop()


if __name__ == "__main__":
    report.main([each_metric_is_counted_once, both_plugins_share_one_channel, a_gap_is_filled_by_later_events,
                 each_metric_is_counted_once_through_kills, a_full_disk_loses_no_received_event], {"collectd": DAEMON})
