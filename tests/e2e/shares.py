#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do agents with `Shard` cover every queue exactly once, and does `MaxSeries` limit the series?"""
from __future__ import annotations

from typing import Any

from lib import expected, report, stream
from lib.collectd import DAEMON, Collectd, account, block, polled, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, same, same_soon

AGENTS = 3
PLENTY = {"RequestsPerMinute": 10000}


def shared(sim: Simulator, **options: Any) -> Collectd:
    """Three agents (hosts s1 … s3) in one collectd."""
    numbers = range(1, AGENTS + 1)
    return Collectd("".join(account(sim, "s%d" % k, Host="s%d" % k, **PLENTY) for k in numbers),
                    "".join(queues("s%d" % k, Account="s%d" % k, QueueLabel="id", Shard="%d/%d" % (k, AGENTS), **options)
                            for k in numbers))


def shown(daemon: Collectd, host: str) -> set[str]:
    """The queues (by id) that have values."""
    return {key.rsplit("/", 1)[0] for key in expected.of_queues(daemon.snapshot(host))}


def each_queue_belongs_to_one_agent() -> None:
    """The share of an agent is the same by query, activity and topic."""
    shares = []
    for source in ("query", "activity", "topic"):
        sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0)
        truth = sim.truth()
        everything = {queue for queue, record in truth["queues"].items() if record["visible"]}
        busy = {queue for queue in everything if any(m["waiting"] or m["interacting"] or m["alerting"]
                                                     for m in truth["queues"][queue]["media"].values())}
        daemon = shared(sim, Observations=source)
        hosts = ["s%d" % k for k in range(1, AGENTS + 1)]
        for host in hosts:
            daemon.wait_up(host, host=host)
        daemon.lives_until(lambda: all(daemon.latest("queues-" + host, "stream_connected", host=host) == 1
                                       for host in hosts), 15, "the streams")
        wanted = everything if source != "activity" else busy
        daemon.lives_until(lambda: wanted <= set().union(*(shown(daemon, host) for host in hosts)), 15, "every queue")
        share = [shown(daemon, host) for host in hosts]
        check("%s: no two agents have the same queue" % source, sum(map(len, share)) == len(set().union(*share)), share)
        check("%s: each queue of an agent exists" % source, set().union(*share) <= everything, share)
        check("%s: each agent has some queues" % source, all(share), [len(one) for one in share])
        topics = [daemon.latest("queues-" + host, "stream_topics", "wanted", host) for host in hosts]
        same("%s: each queue's topic is wanted once" % source, sum(topic or 0 for topic in topics), len(everything))
        shares.append(share)
        daemon.stop()
    query, activity, topic = shares
    same("query and topic have the same shares", query, topic)
    check("activity has the same shares", all(one <= other for one, other in zip(activity, query)), (activity, query))


def agents_share_the_queues_of_the_guide_stream() -> None:
    """A gateway sends all events to all agents; each agent counts its own queues, and one of them the conversations without a
    queue."""
    sim = Simulator(queues=12, agents=40, speed=60, load=3, rate_limit=0, plain_names=True)
    sim.config(guide_no_queue=0.2)
    daemon = shared(sim, Stream="conversations", Observations="none")
    daemon.lives_until(lambda: sim.call("guide")["sockets"] == AGENTS, 30, "the sockets")
    hosts = ["s%d" % k for k in range(1, AGENTS + 1)]
    wanted = set(sim.truth()["queues"]) | {"unassigned"}

    def counted(host: str) -> set[str]:
        return {key.rsplit("/", 1)[0] for key in daemon.snapshot(host) if "/queue_offer-" in key}
    daemon.lives_until(lambda: wanted <= set().union(*map(counted, hosts)), 60, "an offer in each queue")
    share = [counted(host) for host in hosts]
    same("each queue is counted by one agent", sorted(one for some in share for one in some), sorted(wanted))
    check("each agent has some queues", all(share), [len(one) for one in share])
    daemon.stop()


def max_series_limits_the_series() -> None:
    """The log has one warning, the first series keep their places, and series_overflow counts the other series."""
    sim = Simulator(frozen=True, queues=12, agents=20, rate_limit=0, plain_names=True)
    daemon = Collectd(account(sim, Host="m", **PLENTY), polled(MaxSeries=50))
    daemon.wait_up(host="m")
    wait_until(lambda: (daemon.latest("queues-all", "series_overflow", host="m") or 0) > 200, 15, "series_overflow")
    same_soon("50 series have values", lambda: len(expected.of_queues(daemon.snapshot("m"))), 50)
    first = set(expected.of_queues(daemon.snapshot("m")))
    record = daemon.latest("queues-all", "series_overflow", host="m") or 0
    wait_until(lambda: (daemon.latest("queues-all", "series_overflow", host="m") or 0) > record + 500, 15, "series_overflow grows")
    check("the same series have values", set(expected.of_queues(daemon.snapshot("m"))) == first)
    lines = [line for line in daemon.complaints() if "MaxSeries" in line]
    same("the log has one warning", len(lines), 1)
    report.has_line("the warning names the remedy", "\n".join(lines), "queues-all", "all 50 places", "Shard", "raise MaxSeries")
    daemon.stop()


def an_expired_queue_frees_its_series() -> None:
    """MaxSeries has room for two queues of three. The third queue gets series after the expiry of a deleted queue, and not before."""
    rate, expiry_s = 60.0, 600
    sim = Simulator(frozen=True, queues=3, agents=20, rate_limit=0, plain_names=True, media="voice", clock_rate=rate)
    truth = sim.truth()
    wanted = expected.values(truth, expected.by_name(truth))
    each = len(wanted) // 3
    daemon = stream.fast(sim, rate, polled(MaxSeries=2 * each, QueueExpiry=expiry_s, ObservationInterval=30))

    def overflow() -> float:
        return daemon.latest("queues-all", "series_overflow") or 0

    def of_queue(label: str) -> int:
        return sum(key.startswith(label + "/") for key in expected.of_queues(daemon.snapshot()))
    daemon.lives_until(lambda: overflow() > 3 * each, 30, "series_overflow")
    crowded = {record["name"]: of_queue(record["name"]) for record in truth["queues"].values()}
    same("all places are used", sum(crowded.values()), 2 * each)
    gone = next(queue for queue, record in truth["queues"].items() if crowded[record["name"]] == max(crowded.values()))
    rest = [record["name"] for queue, record in truth["queues"].items() if queue != gone]
    sim.call("queues", {"op": "delete", "id": gone})
    silent = expected.of_queues(daemon.snapshot())
    daemon.lives_until(lambda: all(of_queue(label) == each for label in rest), 60, "all series of the two others")
    last = max(at for key, (at, _) in expected.of_queues(daemon.snapshot()).items()
               if key.startswith(truth["queues"][gone]["name"] + "/"))
    new = [daemon.readings(key.split("/")[0], *key.split("/")[1].split("-", 1))[0][0]
           for key in expected.of_queues(daemon.snapshot()) if key not in silent]
    check("the third queue has no series before QueueExpiry has passed", new and min(new) >= last + expiry_s, (new[:3], last))
    record = overflow()
    newest = daemon.readings(rest[0], "queue_depth", "voice")[-1][0]
    daemon.lives_until(lambda: daemon.readings(rest[0], "queue_depth", "voice")[-1][0] > newest + 120, 30, "more readings")
    check("series_overflow no longer grows", overflow() <= record + 2 * each, (overflow(), record))
    daemon.stop()


def the_first_block_in_the_file_has_the_queue() -> None:
    """Overlapping blocks: each queue has one topic and one writer, and one line has the number of queues that the later block
    leaves out."""
    sim = Simulator(frozen=True, queues=6, agents=20, rate_limit=0, plain_names=True)
    vip = sorted(sim.truth()["queues"])[:2]
    daemon = Collectd(account(sim, **PLENTY),
                      queues("vip", Queue=vip, QueueLabel="id") + queues("all", QueueLabel="id"))
    daemon.lives_until(lambda: daemon.latest("queues-all", "stream_topics", "covered") == 4
                       and daemon.latest("queues-all", "queues", "matched"), 20, "four topics and a reading")
    same_soon("the first block wants two topics", lambda: daemon.latest("queues-vip", "stream_topics", "wanted"), 2)
    same_soon("the second block wants four topics", lambda: daemon.latest("queues-all", "stream_topics", "wanted"), 4)
    same_soon("the second block has four queues", lambda: daemon.latest("queues-all", "queues", "matched"), 4)
    report.has_line("the log has one line about the second block's queues", daemon.text, "queues-all: 2 of the queues that it selects", "one series has one writer")
    check("the log has no line about queues that the first block leaves out", "queues-vip: 2 of" not in daemon.text)
    daemon.stop()


def an_impossible_shard_is_refused() -> None:
    sim = Simulator(queues=2, agents=2, frozen=True, plain_names=True)
    daemon = Collectd(account(sim), block("Queues", "all", {"Account": "prod", "Shard": "4/3"}))
    status = daemon.program.wait(10)
    report.has_line("the line names the impossible shard", daemon.text, "genesys_realtime: <Queues \"all\">: Shard \"4/3\"", "from 1 to n")
    check("collectd ends", status != 0, status)


if __name__ == "__main__":
    report.main([each_queue_belongs_to_one_agent, agents_share_the_queues_of_the_guide_stream, max_series_limits_the_series,
                 an_expired_queue_frees_its_series, the_first_block_in_the_file_has_the_queue,
                 an_impossible_shard_is_refused],
                {"collectd": DAEMON})
