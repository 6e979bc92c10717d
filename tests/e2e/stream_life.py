#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the stream survive crash loops, refusals, evictions and revoked tokens, and does it follow the queues?"""
from __future__ import annotations

import random

from lib import process, report, stream
from lib.collectd import DAEMON, Collectd
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, check_soon, note, same, same_soon

SMALL = {"queues": 4, "agents": 8, "plain_names": True}
STARTS = 30
LIFE_MAX_S = 0.6  # lifetime of a daemon that is killed: from before its token to after its subscription


def arrive(sim: Simulator, queue: str, count: int = 3) -> None:
    """Stops all other arrivals, lets `count` contacts enter the queue, and freezes the world when all are in it."""
    start = stream.now(sim)
    sim.config(load=0)

    def offered() -> int:
        record = stream.ask(sim, offered_since_ms=start.at_ms, since_seq=start.seq).get(queue, {}).get("voice")
        return record["offers"] if record else 0
    sim.thaw()
    sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": count})
    wait_until(lambda: offered() >= count, 10, "contacts in the queue")
    sim.freeze()


def topics_of(daemon: Collectd) -> list[float]:
    return [stream.state(daemon, "stream_topics", what) for what in ("covered", "wanted")]


def offers(daemon: Collectd, label: str) -> float:
    return daemon.latest(label, "queue_offer", "voice") or 0


# ---- crash loops ------------------------------------------------------------------------

def a_crash_loop_leaves_the_siblings_alone() -> None:
    sim = stream.simulator(**SMALL)
    sibling, rng = stream.Sibling(sim), random.Random(1)
    base, state = process.folder("collectd"), process.folder("state")
    for number in range(STARTS):
        opened = stream.stream_counts(sim)["sockets_opened"]
        daemon = stream.daemon(sim, base=base, state_dir=state)
        if number % 3 == 0:
            wait_until(lambda: stream.stream_counts(sim)["sockets_opened"] > opened, 10, "a socket")
            daemon.stop()
        else:
            watch_for(rng.uniform(0.05, LIFE_MAX_S))
            daemon.program.end()
    check("the sibling keeps its channel and socket", sibling.lives(), sim.call("channels"))
    record = stream.stream_counts(sim)
    check("at most three channels are created: %d" % record["channels_created"], record["channels_created"] <= 3, record)
    same("no channel is evicted and no socket is closed", (record["channels_evicted"], record["sockets_kicked"]), (0, 0))
    daemon = stream.daemon(sim, base=base, state_dir=state)
    stream.wait_listening(daemon)
    note("%d sockets, %d channels" % (record["sockets_opened"], record["channels_created"]))
    daemon.stop()


# ---- refusals and revocations of the platform ------------------------------------------------

def refused_topics_are_named_and_lose_only_their_counters() -> None:
    sim = stream.simulator(**SMALL)
    ids = list(sim.truth()["queues"])
    sim.config(permissions=["analytics:queueObservation:view"])
    daemon = stream.daemon(sim, stream.block(Queue=ids))
    for one in ids:
        daemon.says("topic %s" % stream.topic(one), "not given", "routing:queue:view")
    daemon.says("4 of 4 queues get no events", "their gauges continue")
    arrive(sim, ids[0])
    waiting = sim.truth()["queues"][ids[0]]["media"]["voice"]
    wait_until(lambda: daemon.latest(ids[0], "queue_depth", "voice") == waiting["waiting"]
               and daemon.latest(ids[0], "queue_alerting", "voice") == waiting["alerting"], 8, "gauges")
    check("the gauges continue", True)
    same("no counter has a value", stream.shown(daemon), {})
    same_soon("no topic is covered, and four are wanted", lambda: topics_of(daemon), [0, 4])
    topics = [line for line in daemon.complaints() if "topic" in line or "get no events" in line]
    same("the log has five lines about topics", len(topics), 5)
    daemon.stop()


def a_lost_division_loses_only_its_counters() -> None:
    sim = stream.simulator(**{**SMALL, "queues": 6})
    truth = sim.truth()["queues"]
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    seen = next(iter(truth.values()))["division"]
    sim.config(divisions=[seen])
    kept = {one: record for one, record in sim.truth()["queues"].items() if record["visible"]}
    lost = {one: record for one, record in truth.items() if one not in kept}
    check("some queues are visible, and some are not", kept and lost, (kept, lost))
    sim.faults({"ws": "evict"})
    for one in lost:
        daemon.says("topic %s" % stream.topic(one), "not given")
    daemon.says("%d of %d queues get no events" % (len(lost), len(truth)))
    for one in (next(iter(kept)), next(iter(lost))):
        arrive(sim, one)
    label = next(iter(kept.values()))["name"]
    same_soon("a visible queue counts its offers", lambda: offers(daemon, label), 3)
    names = {record["name"] for record in lost.values()}
    same("invisible queues have only zeros",
         [key for key, value in stream.shown(daemon).items() if value and key.split("/")[0] in names], [])
    daemon.stop()


def after(action: dict[str, object], lines: int, channels: tuple[int, ...]) -> tuple[Simulator, Collectd]:
    """Ends the socket by the fault or token operation; checks that the next contacts are counted."""
    sim = stream.simulator(**SMALL)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    first = stream.open_sockets(sim)[0]["serial"]
    if "ws" in action:
        sim.faults(action)
    else:
        sim.call("tokens", action)
    wait_until(lambda: any(one["serial"] != first for one in stream.open_sockets(sim)), 12, "another socket")
    wait_until(lambda: all(one["serial"] != first for one in stream.open_sockets(sim)), 12, "the end of the first")
    stream.wait_listening(daemon)
    arrive(sim, next(iter(sim.truth()["queues"])))
    same_soon("the offers after the end are counted", lambda: offers(daemon, "Queue 0001"), 3)
    check("the log has at most %d lines" % lines, len(daemon.complaints()) <= lines, daemon.complaints())
    made = stream.stream_counts(sim)["channels_created"]
    check("the number of created channels is allowed: %d" % made, made in channels, channels)
    return sim, daemon


def a_revoked_token_is_replaced_with_its_socket() -> None:
    """The channel may be the same or another one: the socket's end and the new token race."""
    sim, daemon = after({"op": "revoke"}, lines=2, channels=(1, 2))
    same_soon("two tokens are requested", lambda: sim.counters()["token_requests_total"], 2)
    daemon.stop()


def a_second_collectd_leaves_the_channels_to_the_first() -> None:
    """Both agents have one StateDir: on one channel each would close the socket of the other."""
    sim = stream.simulator(queues=4, agents=8, plain_names=True)
    state = process.folder("state")
    first = stream.daemon(sim, state_dir=state)
    stream.wait_listening(first)
    second = stream.daemon(sim, state_dir=state)
    second.says("channel owner", "state.db is in use by")
    check_soon("the second collectd counts a gap", lambda: stream.state(second, "stream_gap") > 0)
    same("the first collectd has no gap and the only socket", (stream.state(first, "stream_gap"), len(stream.sockets(sim))), (0, 1))
    first.stop()
    stream.wait_listening(second)
    same("one channel is created", stream.stream_counts(sim)["channels_created"], 1)
    second.stop()


def an_evicted_channel_is_replaced() -> None:
    sim, daemon = after({"ws": "evict"}, lines=1, channels=(2,))
    check_soon("the gap is counted", lambda: stream.state(daemon, "stream_gap") > 0)
    same("one channel is evicted", stream.stream_counts(sim)["channels_evicted"], 1)
    daemon.stop()


def a_closing_notice_causes_no_gap() -> None:
    _, daemon = after({"ws": "socket_closing", "notice_s": 6}, lines=0, channels=(2,))
    same("stream_gap is 0", stream.state(daemon, "stream_gap"), 0)
    daemon.stop()


def a_socket_of_a_wrong_certificate_is_refused() -> None:
    """The API's certificate is valid; that of the channels' own address is not."""
    other = stream.simulator(**SMALL)
    for name, port, words in (("expired", "https_expired_port", "expired"),
                              ("of another name", "https_wrong_host_port", "no alternative certificate subject name"),
                              ("of an unknown authority", None, "check CACert")):
        sim = stream.simulator(**SMALL)
        there = getattr(sim, port) if port else other.https_port
        sim.config(connect_base="wss://127.0.0.1:%d" % there)
        daemon = stream.daemon(sim)
        line = daemon.says("account prod, stream: ", "certificate")
        check("%s: the line names the cause" % name, words in line, line)
        stream.gauges_equal("%s: the gauges equal the truth" % name, sim, daemon)
        same("%s: the log has one line" % name, len(daemon.complaints()), 1)
        same("%s: no counter has a value" % name, stream.shown(daemon), {})
        check("%s: stream_connected is not 1" % name, stream.state(daemon, "stream_connected") < 1)
        daemon.stop()
    same("no handshake is completed", stream.stream_counts(other)["sockets_opened"], 0)


# ---- queues come and go ----------------------------------------------------------------------

def created_renamed_and_deleted_queues_are_followed() -> None:
    """An unknown queue makes the agent read the list again, at most once a minute."""
    sim = stream.simulator(**SMALL)
    daemon = stream.daemon(sim, stream.block(Observations="activity"))
    stream.wait_listening(daemon)
    same("four topics are covered", stream.state(daemon, "stream_topics", "covered"), 4)
    renamed, deleted = list(sim.truth()["queues"])[:2]
    arrive(sim, renamed)
    wait_until(lambda: offers(daemon, "Queue 0001") == 3, 8, "three offers")
    sim.call("queues", {"op": "rename", "id": renamed, "name": "Renamed"})
    sim.call("queues", {"op": "delete", "id": deleted})
    sim.call("queues", {"op": "create", "name": "Brand new"})
    new = next(one for one, record in sim.truth()["queues"].items() if record["name"] == "Brand new")
    arrive(sim, new, 2)
    wait_until(lambda: stream.topic(new) in stream.topics(sim), 75, "the topic of the new queue", 0.5)
    check("the topic of the new queue is subscribed", True)
    wait_until(lambda: daemon.latest("Brand new", "queue_depth", "voice") is not None, 8, "gauges of the new queue")
    same_soon("the deleted queue's topic is neither covered nor wanted", lambda: topics_of(daemon), [4, 4])
    arrive(sim, new, 2)
    arrive(sim, renamed, 2)
    # Two of the four contacts arrived before the topic of the queue; such a contact counts if it has a later event.
    check_soon("the new queue counts its offers", lambda: 2 <= offers(daemon, "Brand new") <= 4, lambda: offers(daemon, "Brand new"))
    same_soon("the renamed queue continues under its new name", lambda: offers(daemon, "Renamed"), 5)
    old = daemon.readings("Queue 0001", "queue_offer", "voice")[-1][0]
    wait_until(lambda: daemon.readings("Renamed", "queue_offer", "voice")[-1][0] > old + 3, 10, "later values")
    same("the old name has no more values", daemon.readings("Queue 0001", "queue_offer", "voice")[-1][0], old)
    same("one socket, stream_gap 0", (len(stream.sockets(sim)), stream.state(daemon, "stream_gap")), (1, 0))
    daemon.stop()


if __name__ == "__main__":
    report.main([created_renamed_and_deleted_queues_are_followed, a_crash_loop_leaves_the_siblings_alone,
                 refused_topics_are_named_and_lose_only_their_counters,
                 a_lost_division_loses_only_its_counters, a_revoked_token_is_replaced_with_its_socket,
                 a_second_collectd_leaves_the_channels_to_the_first, an_evicted_channel_is_replaced,
                 a_closing_notice_causes_no_gap,
                 a_socket_of_a_wrong_certificate_is_refused], {"collectd": DAEMON})
