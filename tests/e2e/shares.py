#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do agents with `Shard` have every queue once between them, and does `MaxSeries` hold?"""
from __future__ import annotations

from typing import Any

from lib import expected, report, stream
from lib.collectd import DAEMON, Collectd, account, block, polled, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, same

AGENTS = 3
PLENTY = {"RequestsPerMinute": 10000}


def shared(sim: Simulator, **options: Any) -> Collectd:
    """Three agents (hosts s1 … s3), here in one collectd."""
    numbers = range(1, AGENTS + 1)
    return Collectd("".join(account(sim, "s%d" % k, Host="s%d" % k, **PLENTY) for k in numbers),
                    "".join(queues("s%d" % k, Account="s%d" % k, QueueLabel="id", Shard="%d/%d" % (k, AGENTS), **options)
                            for k in numbers))


def shown(daemon: Collectd, host: str) -> set[str]:
    """The queues (by id) that have values."""
    return {key.rsplit("/", 1)[0] for key in expected.of_queues(daemon.snapshot(host))}


def each_queue_is_one_agents() -> None:
    """By query, activity and pushed; the share of an agent is the same in all."""
    shares = []
    for source in ("query", "activity", "topic"):
        sim = Simulator(frozen=True, queues=34, agents=60, rate_limit=0)
        truth = sim.truth()
        everything = {queue for queue, told in truth["queues"].items() if told["visible"]}
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
        check("%s: no queue twice" % source, sum(map(len, share)) == len(set().union(*share)), share)
        check("%s: none that is not there" % source, set().union(*share) <= everything, share)
        check("%s: everybody has some" % source, all(share), [len(one) for one in share])
        topics = [daemon.latest("queues-" + host, "stream_topics", "wanted", host) for host in hosts]
        same("%s: each queue's topic is wanted once" % source, sum(topic or 0 for topic in topics), len(everything))
        shares.append(share)
        daemon.stop()
    query, activity, topic = shares
    same("query and topic share alike", query, topic)
    check("activity shares alike", all(one <= other for one, other in zip(activity, query)), (activity, query))


def the_guide_stream_is_shared_too() -> None:
    """A gateway tells everybody everything; each agent counts its own queues, and one of them who is in none."""
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
    same("everything, once", sorted(one for some in share for one in some), sorted(wanted))
    check("everybody has some", all(share), [len(one) for one in share])
    daemon.stop()


def no_more_series_than_allowed() -> None:
    """One warning, the first series go on, the counter tells."""
    sim = Simulator(frozen=True, queues=12, agents=20, rate_limit=0, plain_names=True)
    daemon = Collectd(account(sim, Host="m", **PLENTY), polled(MaxSeries=50))
    daemon.wait_up(host="m")
    wait_until(lambda: (daemon.latest("queues-all", "series_overflow", host="m") or 0) > 200, 15, "series_overflow")
    first = set(expected.of_queues(daemon.snapshot("m")))
    same("series of queues", len(first), 50)
    told = daemon.latest("queues-all", "series_overflow", host="m") or 0
    wait_until(lambda: (daemon.latest("queues-all", "series_overflow", host="m") or 0) > told + 500, 15, "it grows")
    check("the same ones go on", set(expected.of_queues(daemon.snapshot("m"))) == first)
    lines = [line for line in daemon.complaints() if "MaxSeries" in line]
    same("one warning", len(lines), 1)
    report.tells("it says what to do", "\n".join(lines), "queues-all", "all 50 places", "Shard", "raise MaxSeries")
    daemon.stop()


def a_queue_that_is_gone_makes_room_after_its_expiry() -> None:
    """Places for two queues of three: when one of the two is deleted the third has its place, and not before."""
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
    crowded = {told["name"]: of_queue(told["name"]) for told in truth["queues"].values()}
    same("places are shared out", sum(crowded.values()), 2 * each)
    gone = next(queue for queue, told in truth["queues"].items() if crowded[told["name"]] == max(crowded.values()))
    rest = [told["name"] for queue, told in truth["queues"].items() if queue != gone]
    sim.call("queues", {"op": "delete", "id": gone})
    silent = expected.of_queues(daemon.snapshot())
    daemon.lives_until(lambda: all(of_queue(label) == each for label in rest), 60, "all series of the two others")
    last = max(at for key, (at, _) in expected.of_queues(daemon.snapshot()).items()
               if key.startswith(truth["queues"][gone]["name"] + "/"))
    new = [daemon.readings(key.split("/")[0], *key.split("/")[1].split("-", 1))[0][0]
           for key in expected.of_queues(daemon.snapshot()) if key not in silent]
    check("not before it has been silent for QueueExpiry", new and min(new) >= last + expiry_s, (new[:3], last))
    told = overflow()
    newest = daemon.readings(rest[0], "queue_depth", "voice")[-1][0]
    daemon.lives_until(lambda: daemon.readings(rest[0], "queue_depth", "voice")[-1][0] > newest + 120, 30, "more readings")
    check("nothing is left out any more", overflow() <= told + 2 * each, (overflow(), told))
    daemon.stop()


def a_shard_that_cannot_be_is_refused() -> None:
    sim = Simulator(queues=2, agents=2, frozen=True, plain_names=True)
    daemon = Collectd(account(sim), block("Queues", "all", {"Account": "prod", "Shard": "4/3"}))
    status = daemon.program.wait(10)
    report.tells("it says so", daemon.text, "genesys_realtime: <Queues \"all\">: Shard \"4/3\"", "from 1 to n")
    check("collectd ends", status != 0, status)


if __name__ == "__main__":
    report.main([each_queue_is_one_agents, the_guide_stream_is_shared_too, no_more_series_than_allowed,
                 a_queue_that_is_gone_makes_room_after_its_expiry, a_shard_that_cannot_be_is_refused],
                {"collectd": DAEMON})
