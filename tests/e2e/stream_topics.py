#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""More queues than one channel carries: does every queue have a topic, do topics keep their channel, and does the log name the
queues without a topic?"""
from __future__ import annotations

from typing import Any

from lib import report, stream
from lib.collectd import DAEMON, Collectd, only_to_csv, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same, same_soon

TOPICS_MAX = 1000  # of a channel
CHANNELS = 15  # channels with topics; one more is for take-overs, and four are for other programs
MANY = 1150
ONLY_VOICE = {"agents": 30, "warmup": 1, "plain_names": True, "media": "voice"}
WITHIN_S = 40.0
EACH_S = 5
# A reading of these queues is 20,000 values; csv writes the offers and the stream's telemetry only.
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
    """Topic -> id of its channel, of channels with a socket; empty while a topic is on two channels."""
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


def every_queue_of_two_channels_is_counted() -> None:
    """Each queue has a contact; then a third of the queues becomes invisible, and the others continue."""
    sim = crowd()
    daemon = stream.daemon(sim, stream.block(Observations="none", ObservationInterval=EACH_S, IdleTimeout=60),
                           load=("match_regex",), more=OFFERS_ALONE)
    stream.wait_listening(daemon, within_s=WITHIN_S)
    daemon.lives_until(lambda: set(placed(sim)) == wanted(sim), WITHIN_S, "each topic on one channel with a socket")
    same_soon("the channels have the expected numbers of topics", lambda: sorted(len(one["topics"]) for one in sim.call("channels")["channels"]),
              [MANY - TOPICS_MAX, TOPICS_MAX])
    start = stream.now(sim)
    sim.config(load=0)
    sim.thaw()
    for queue in sim.truth()["queues"]:
        sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 1})
    wait_until(lambda: len(counts(sim, start)) == MANY, WITHIN_S, "an offer for each queue", 0.5)
    sim.freeze()
    stream.becomes("the offers of all queues equal the truth", lambda: counts(sim, start), lambda: offers(daemon), stream.unequal, WITHIN_S)
    same("the log has no complaints", daemon.complaints(), [])
    a_third_is_refused(sim, daemon)
    daemon.stop()


def a_third_is_refused(sim: Simulator, daemon: Collectd) -> None:
    record = sim.truth()["queues"]
    hidden = sorted({one["division"] for one in record.values()})[0]
    lost = [queue for queue, one in record.items() if one["division"] == hidden]
    kept = next(queue for queue in record if queue not in lost)
    check("fewer than half of the queues are lost", 0 < len(lost) < len(record) / 2, len(lost))
    sim.config(divisions=sorted({one["division"] for one in record.values()} - {hidden}))
    sim.faults({"ws": "evict"})
    daemon.says("%d of %d queues get no events" % (len(lost), MANY), within_s=WITHIN_S)
    same_soon("all topics are wanted, and the visible ones are covered", lambda: wanted_and_covered(daemon), [MANY, MANY - len(lost)], WITHIN_S)
    lines = [line for line in daemon.complaints() if "not given" in line]
    check("the log names only the first refusals", 0 < len(lines) <= 40, len(lines))
    label = record[kept]["name"]
    before = daemon.latest(label, "queue_offer", "voice") or 0
    sim.thaw()
    sim.call("contacts", {"op": "arrive", "queueId": kept, "mediaType": "voice", "count": 2})
    daemon.lives_until(lambda: (daemon.latest(label, "queue_offer", "voice") or 0) == before + 2, WITHIN_S,
                       "offers of a queue that is kept")
    sim.freeze()
    check("the other queues continue", True)


def topics_keep_their_channel_when_the_list_changes() -> None:
    """By the simulator's record: old topics stay on their channels and new ones join them. The topic of a deleted queue stays
    until its channel is replaced, because removing it would interrupt the other topics."""
    rate = 30.0  # the list of queues is read every ten minutes
    sim = crowd(clock_rate=rate)
    sim.config(heartbeat_s=rate / 2)
    daemon = stream.fast(sim, rate, queues(Observations="none", IdleTimeout=3600, ObservationInterval=rate),
                         only_to_csv("queues-all", "account-prod"), ("match_regex",))
    stream.wait_listening(daemon, within_s=WITHIN_S)
    daemon.lives_until(lambda: set(placed(sim)) == wanted(sim), WITHIN_S, "each topic on one channel")
    daemon.lives_until(lambda: wanted_and_covered(daemon) == [MANY] * 2, WITHIN_S, "stream_topics")
    # A first connection after more than 10 s is a gap, and these are 0.3 s of real time.
    before, sockets, gap_s = placed(sim), len(stream.sockets(sim)), stream.state(daemon, "stream_gap")
    full = max(set(before.values()), key=lambda channel: list(before.values()).count(channel))
    gone = [name for name, channel in sorted(before.items()) if channel == full][::90]
    for name in gone:
        sim.call("queues", {"op": "delete", "id": name.split(".")[3]})
    for number in range(2 * len(gone)):
        sim.call("queues", {"op": "create", "name": "Brand new %d" % number})
    daemon.lives_until(lambda: wanted(sim) <= set(placed(sim)), WITHIN_S, "the list is read again")
    after = placed(sim)
    same("each new queue has a topic", len(set(after) - set(before)), 2 * len(gone))
    same("no topic moves to another channel", [name for name in before if before[name] != after.get(name)], [])
    check("no channel has too many topics", max(list(after.values()).count(one) for one in set(after.values())) <= TOPICS_MAX)
    there = MANY + len(gone)
    daemon.lives_until(lambda: wanted_and_covered(daemon) == [there] * 2, WITHIN_S, "stream_topics of the new list")
    same("no other socket is opened and stream_gap is constant", (len(stream.sockets(sim)), stream.state(daemon, "stream_gap")),
         (sockets, gap_s))
    same("the log has no complaints", daemon.complaints(), [])
    new_channels_keep_topics_together(sim, daemon, after)
    daemon.stop()


def new_channels_keep_topics_together(sim: Simulator, daemon: Collectd, before: dict[str, str]) -> None:
    """Topics of one channel move to one channel together; unwanted topics are dropped."""
    sim.faults({"ws": "evict"})
    after: dict[str, str] = {}

    def is_replaced() -> bool:
        nonlocal after
        after = placed(sim)
        return set(after) == wanted(sim) and all(before[name] != channel for name, channel in after.items())
    daemon.lives_until(is_replaced, WITHIN_S, "other channels")
    pairs = {(before[name], channel) for name, channel in after.items()}
    same("the topics of each old channel move to one channel", len(pairs), 2)


def queues_without_a_channel_are_named_once() -> None:
    """More queues than all channels together carry."""
    beyond = 40
    sim = crowd(CHANNELS * TOPICS_MAX + beyond, agents=4)
    daemon = stream.daemon(sim, stream.block(Observations="none", ObservationInterval=10, IdleTimeout=60))
    most = CHANNELS * TOPICS_MAX
    daemon.lives_until(lambda: wanted_and_covered(daemon) == [most + beyond, most], 120, "the channels")
    where: dict[str, str] = {}

    def is_placed() -> bool:
        nonlocal where
        where = placed(sim)
        return len(where) == most
    daemon.lives_until(is_placed, 60, "the sockets")
    daemon.says("queues get no events", within_s=WITHIN_S)
    same("all channels are used, each to its limit", (len(set(where.values())), len(where)), (CHANNELS, most))
    lines = daemon.complaints()
    same("the log has one warning", len(lines), 1)
    everything = sim.truth()["queues"]
    names = {record["name"] for queue, record in everything.items() if stream.topic(queue) not in where}
    same("as many queues as expected have no topic", len(names), beyond)
    last = {everything[one]["name"] for one in sorted(everything)[-beyond:]}
    check("the queues without a topic have the last ids", names == last, sorted(names ^ last)[:5])
    report.has_line("the warning has the number and the remedy", lines[0], "%d of %d queues get no events" % (beyond, most + beyond), "no room",
                 "Shard")
    named = lines[0].split("channels for ")[1].split(" …")[0].split(", ")
    check("the warning names three of the queues without a topic", len(named) == 3 and set(named) <= names, (named, sorted(names)[:5]))
    record = stream.stream_counts(sim)
    same("no channel is evicted and each is created once", (record["channels_evicted"], record["channels_created"]), (0, CHANNELS))
    note("%d MB of memory" % (daemon.memory_kb() // 1024))
    daemon.stop()


if __name__ == "__main__":
    report.main([topics_keep_their_channel_when_the_list_changes, every_queue_of_two_channels_is_counted,
                 queues_without_a_channel_are_named_once], {"collectd": DAEMON})
