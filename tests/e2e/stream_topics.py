#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""More queues than one channel carries: is every queue heard, do topics stay where they are, is it said what has no room?"""
from __future__ import annotations

from typing import Any

from lib import report, stream
from lib.collectd import DAEMON, Collectd, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same

TOPICS_MOST = 1000  # of a channel
CHANNELS = 15  # that carry topics; one more takes over, four are left to others
MANY = 1150
ONLY_VOICE = {"agents": 30, "warmup": 1, "plain_names": True, "media": "voice"}
WITHIN_S = 40.0
EACH_S = 4  # a reading of so many queues is 10,000 values


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


def counts(sim: Simulator, start: stream.Start) -> stream.Counts:
    return {key: value for key, value in stream.counted(sim, start, only_new=True).items() if "/queue_offer-" in key}


def offers(daemon: Collectd) -> stream.Counts:
    return {key: value for key, value in stream.shown(daemon).items() if "/queue_offer-" in key}


def every_queue_of_two_channels_is_heard() -> None:
    """A contact for each queue; then a third of the queues is taken away from us, and the others go on."""
    sim = crowd()
    daemon = stream.daemon(sim, stream.block(Observations="none", ObservationInterval=EACH_S, IdleTimeout=60))
    stream.wait_listening(daemon, within_s=WITHIN_S)
    same("each topic is on one channel", set(placed(sim)), wanted(sim))
    sizes = sorted(len(one["topics"]) for one in sim.call("channels")["channels"])
    same("topics of the channels", sizes, [MANY - TOPICS_MOST, TOPICS_MOST])
    start = stream.now(sim)
    sim.config(load=0)
    sim.thaw()
    for queue in sim.truth()["queues"]:
        sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 1})
    wait_until(lambda: len(counts(sim, start)) == MANY, WITHIN_S, "an offer for each queue", 0.5)
    sim.freeze()
    stream.becomes("offers of all queues", lambda: counts(sim, start), lambda: offers(daemon), stream.unequal, WITHIN_S)
    same("complaints", daemon.complaints(), [])
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
    wait_until(lambda: stream.state(daemon, "stream_topics", "covered") == MANY - len(lost), WITHIN_S, "all others")
    same("wanted", stream.state(daemon, "stream_topics", "wanted"), MANY)
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
    daemon.lives_until(lambda: [stream.state(daemon, "stream_topics", what) for what in ("wanted", "covered")]
                       == [there] * 2, WITHIN_S, "stream_topics without those that left")
    same("sockets, gap", (len(stream.sockets(sim)), stream.state(daemon, "stream_gap")), (sockets, 0))
    a_renewal_keeps_them_together(sim, daemon, after)
    same("complaints", daemon.complaints(), [])
    daemon.stop()


def a_renewal_keeps_them_together(sim: Simulator, daemon: Collectd, before: dict[str, str]) -> None:
    """What shared a channel shares the one that takes over; topics that nobody wants stay behind."""
    sim.faults({"ws": "socket_closing", "notice_s": 3000})
    daemon.lives_until(lambda: set(placed(sim)) == wanted(sim), WITHIN_S, "channels that take over")
    after = placed(sim)
    check("they took over", all(before[name] != channel for name, channel in after.items()))
    same("pairs of an old channel and the new one", len({(before[name], channel) for name, channel in after.items()}), 2)
    same("gap after it", stream.state(daemon, "stream_gap"), 0)


def what_has_no_room_is_named_once() -> None:
    """More queues than all channels together carry."""
    beyond = 40
    sim = crowd(CHANNELS * TOPICS_MOST + beyond, agents=4)
    daemon = stream.daemon(sim, stream.block(Observations="none", ObservationInterval=10, IdleTimeout=60))
    daemon.lives_until(lambda: stream.state(daemon, "stream_topics", "covered") == CHANNELS * TOPICS_MOST, 90, "the channels")
    same("wanted", stream.state(daemon, "stream_topics", "wanted"), CHANNELS * TOPICS_MOST + beyond)
    where = placed(sim)
    same("channels, topics", (len(set(where.values())), len(where)), (CHANNELS, CHANNELS * TOPICS_MOST))
    lines = daemon.complaints()
    same("one warning", len(lines), 1)
    names = {told["name"] for queue, told in sim.truth()["queues"].items() if stream.topic(queue) not in where}
    same("queues without a topic", len(names), beyond)
    last = sorted(sim.truth()["queues"])[-beyond:]
    same("always the same ones: the last by their ids", names, {sim.truth()["queues"][one]["name"] for one in last})
    report.tells("how many, what to do", lines[0], "%d of %d queues are not heard" % (beyond, CHANNELS * TOPICS_MOST + beyond),
                 "no room", "Shard")
    named = lines[0].split("channels for ")[1].split(" …")[0].split(", ")
    check("it names some of them, and rightly", len(named) == 3 and set(named) <= names, (named, sorted(names)[:5]))
    told = stream.stream_counts(sim)
    same("evicted, a reserve for others", (told["channels_evicted"], told["channels_created"]), (0, CHANNELS))
    note("%d MB of memory" % (daemon.memory_kb() // 1024))
    daemon.stop()


if __name__ == "__main__":
    report.main([topics_stay_where_they_are_when_queues_come_and_go, every_queue_of_two_channels_is_heard,
                 what_has_no_room_is_named_once], {"collectd": DAEMON})
