#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""More queues than one channel carries: is every queue heard, do topics stay where they are, is said what has no room?"""
from __future__ import annotations

from typing import Any

from lib import report, stream
from lib.collectd import DAEMON, Collectd, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same, same_soon

TOPICS_MOST = 1000  # of a channel
CHANNELS = 15  # that carry topics; one more takes over, four are left to others
MANY = 1150
ONLY_VOICE = {"agents": 30, "warmup": 1, "plain_names": True, "media": "voice"}
WITHIN_S = 40.0
EACH_S = 5
# A reading of so many queues is 20,000 values: the offers and what the block says of itself are written.
OFFERS_ALONE = """<Chain "PostCache">
  <Rule "offers">
    <Match "regex">
      Type "^(queue_offer|stream_.*)$"
    </Match>
    Target "write"
  </Rule>
  Target "stop"
</Chain>
"""


def crowd(count: int = MANY, **changes: Any) -> Simulator:
    return stream.simulator(**{"queues": count, **ONLY_VOICE, **changes})


def placed(sim: Simulator) -> dict[str, str]:
    """Topic -> the channel that the simulator has it on, of channels with a socket; none while one is on two."""
    made: dict[str, str] = {}
    channels = [one for one in sim.call("channels")["channels"] if one["socket"] is not None]
    for channel in channels:
        made.update((name, channel["id"]) for name in channel["topics"])
    return made if len(made) == sum(len(one["topics"]) for one in channels) else {}


def wanted(sim: Simulator) -> set[str]:
    return {stream.topic(queue) for queue in sim.truth()["queues"]}


def wanted_and_covered(daemon: Collectd) -> list[float]:
    return [stream.state(daemon, "stream_topics", what) for what in ("wanted", "covered")]


def counts(sim: Simulator, start: stream.Start) -> stream.Counts:
    return {key: value for key, value in stream.counted(sim, start, only_new=True).items() if "/queue_offer-" in key}


def offers(daemon: Collectd) -> stream.Counts:
    return {key: value for key, (_, value) in daemon.snapshot().items() if "/queue_offer-" in key}


def complaints(daemon: Collectd) -> list[str]:
    """But for collectd's own, of a machine that is busy."""
    return [line for line in daemon.complaints() if "plugin_read_thread" not in line]


def every_queue_of_two_channels_is_heard() -> None:
    """A contact for each queue; then a third of the queues is taken away from us, and the others go on."""
    sim = crowd()
    daemon = stream.daemon(sim, stream.block(Observations="none", ObservationInterval=EACH_S, IdleTimeout=60),
                           load=("match_regex",), more=OFFERS_ALONE)
    stream.wait_listening(daemon, within_s=WITHIN_S)
    daemon.lives_until(lambda: set(placed(sim)) == wanted(sim), WITHIN_S, "each topic on one channel with a socket")
    same_soon("topics of the channels", lambda: sorted(len(one["topics"]) for one in sim.call("channels")["channels"]),
              [MANY - TOPICS_MOST, TOPICS_MOST])
    start = stream.now(sim)
    sim.config(load=0)
    sim.thaw()
    for queue in sim.truth()["queues"]:
        sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 1})
    wait_until(lambda: len(counts(sim, start)) == MANY, WITHIN_S, "an offer for each queue", 0.5)
    sim.freeze()
    stream.becomes("offers of all queues", lambda: counts(sim, start), lambda: offers(daemon), stream.unequal, WITHIN_S)
    same("complaints", complaints(daemon), [])
    a_third_is_refused(sim, daemon)
    daemon.stop()


def a_third_is_refused(sim: Simulator, daemon: Collectd) -> None:
    told = sim.truth()["queues"]
    hidden = sorted({one["division"] for one in told.values()})[0]
    lost = [queue for queue, one in told.items() if one["division"] == hidden]
    kept = next(queue for queue in told if queue not in lost)
    check("some are lost, more are kept", 0 < len(lost) < len(told) / 2, len(lost))
    sim.config(divisions=sorted({one["division"] for one in told.values()} - {hidden}))
    sim.faults({"ws": "evict"})
    daemon.says("%d of %d queues are not heard" % (len(lost), MANY), within_s=WITHIN_S)
    same_soon("topics wanted, covered", lambda: wanted_and_covered(daemon), [MANY, MANY - len(lost)], WITHIN_S)
    lines = [line for line in daemon.complaints() if "not given" in line]
    check("the first refusals are named, not all", 0 < len(lines) <= 40, len(lines))
    label = told[kept]["name"]
    before = daemon.latest(label, "queue_offer", "voice") or 0
    sim.thaw()
    sim.call("contacts", {"op": "arrive", "queueId": kept, "mediaType": "voice", "count": 2})
    daemon.lives_until(lambda: (daemon.latest(label, "queue_offer", "voice") or 0) == before + 2, WITHIN_S,
                       "offers of a queue that is kept")
    sim.freeze()
    check("the others do not suffer", True)


def topics_stay_where_they_are_when_queues_come_and_go() -> None:
    """By the simulator's record: who was there is on the same channel, who is new is on one of them. Who is gone
    stays on the channel, unheard, until that is replaced: without it none of the others would be heard for a moment."""
    rate = 60.0  # the list of queues is read each ten minutes
    sim = crowd(clock_rate=rate)
    sim.config(heartbeat_s=rate / 2)
    daemon = stream.fast(sim, rate, queues(Observations="none", IdleTimeout=3600, ObservationInterval=rate))
    stream.wait_listening(daemon, within_s=WITHIN_S)
    daemon.lives_until(lambda: set(placed(sim)) == wanted(sim), WITHIN_S, "each topic on one channel")
    before, sockets = placed(sim), len(stream.sockets(sim))
    full = max(set(before.values()), key=lambda channel: list(before.values()).count(channel))
    gone = [name for name, channel in sorted(before.items()) if channel == full][::90]
    for name in gone:
        sim.call("queues", {"op": "delete", "id": name.split(".")[3]})
    for number in range(2 * len(gone)):
        sim.call("queues", {"op": "create", "name": "Brand new %d" % number})
    daemon.lives_until(lambda: wanted(sim) <= set(placed(sim)), WITHIN_S, "the list is read again")
    after = placed(sim)
    same("new", len(set(after) - set(before)), 2 * len(gone))
    same("moved", [name for name in before if before[name] != after.get(name)], [])
    check("no channel has too many", max(list(after.values()).count(one) for one in set(after.values())) <= TOPICS_MOST)
    there = MANY + len(gone)
    daemon.lives_until(lambda: wanted_and_covered(daemon) == [there] * 2, WITHIN_S, "stream_topics of the new list")
    same("sockets, gap", (len(stream.sockets(sim)), stream.state(daemon, "stream_gap")), (sockets, 0))
    same("complaints", complaints(daemon), [])
    other_channels_keep_them_together(sim, daemon, after)
    daemon.stop()


def other_channels_keep_them_together(sim: Simulator, daemon: Collectd, before: dict[str, str]) -> None:
    """What shared a channel shares the one that takes its place; topics that nobody wants stay behind."""
    sim.faults({"ws": "evict"})
    after: dict[str, str] = {}

    def is_replaced() -> bool:
        nonlocal after
        after = placed(sim)
        return set(after) == wanted(sim) and all(before[name] != channel for name, channel in after.items())
    daemon.lives_until(is_replaced, WITHIN_S, "other channels")
    pairs = {(before[name], channel) for name, channel in after.items()}
    same("pairs of an old channel and the new one", len(pairs), 2)


def what_has_no_room_is_named_once() -> None:
    """More queues than all channels together carry."""
    beyond = 40
    sim = crowd(CHANNELS * TOPICS_MOST + beyond, agents=4)
    daemon = stream.daemon(sim, stream.block(Observations="none", ObservationInterval=10, IdleTimeout=60))
    most = CHANNELS * TOPICS_MOST
    daemon.lives_until(lambda: wanted_and_covered(daemon) == [most + beyond, most], 120, "the channels")
    where: dict[str, str] = {}

    def is_placed() -> bool:
        nonlocal where
        where = placed(sim)
        return len(where) == most
    daemon.lives_until(is_placed, 60, "the sockets")
    daemon.says("queues are not heard", within_s=WITHIN_S)
    same("channels, topics", (len(set(where.values())), len(where)), (CHANNELS, most))
    lines = complaints(daemon)
    same("one warning", len(lines), 1)
    everything = sim.truth()["queues"]
    names = {told["name"] for queue, told in everything.items() if stream.topic(queue) not in where}
    same("queues without a topic", len(names), beyond)
    last = {everything[one]["name"] for one in sorted(everything)[-beyond:]}
    check("always the same ones: the last by their ids", names == last, sorted(names ^ last)[:5])
    report.tells("how many, what to do", lines[0], "%d of %d queues are not heard" % (beyond, most + beyond), "no room",
                 "Shard")
    named = lines[0].split("channels for ")[1].split(" …")[0].split(", ")
    check("it names some of them, and rightly", len(named) == 3 and set(named) <= names, (named, sorted(names)[:5]))
    told = stream.stream_counts(sim)
    same("evicted, a reserve for others", (told["channels_evicted"], told["channels_created"]), (0, CHANNELS))
    note("%d MB of memory" % (daemon.memory_kb() // 1024))
    daemon.stop()


if __name__ == "__main__":
    report.main([topics_stay_where_they_are_when_queues_come_and_go, every_queue_of_two_channels_is_heard,
                 what_has_no_room_is_named_once], {"collectd": DAEMON})
