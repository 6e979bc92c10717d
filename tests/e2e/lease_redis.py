#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each value have one writer, and do counters continue, when the Redis of a lease changes: a failover to a replica, two
masters at a time, TLS, and servers that cannot keep a lease?"""
from __future__ import annotations

import time

from lease import HOST, SLACK_S, TTL, Agent, dispatched, newest, no_value_twice, pair, simulator, takes_over
from lease_state import Listener, falls, listen, shown, without_changes
from lib import report, stream
from lib.collectd import DAEMON
from lib.process import free_port, wait_until, watch_for
from lib.redis import SERVER, Redis
from lib.report import Skip, check, same

KEY = "genesys:{lease}:" + HOST
BEHIND_S = 3.0


def replicated(count: int = 2) -> list[Redis]:
    """A master and replicas that have its data."""
    master = Redis()
    made = [master, *(Redis("replicaof 127.0.0.1 %d" % master.port) for _ in range(count))]
    wait_until(lambda: master.ask("WAIT", str(count), "100") == ":%d" % count, 30, "%d replicas" % count)
    return made


def promote(new: Redis, *others: Redis) -> None:
    new.ask("REPLICAOF", "NO", "ONE")
    for other in others:
        other.ask("REPLICAOF", "127.0.0.1", str(new.port))


def fence_in(redis: Redis) -> int:
    """The fencing number of the lease that this server keeps."""
    answer = redis.ask("EVAL", "return tonumber(redis.call('HGET', KEYS[1], 'fence'))", "1", KEY)
    return int(answer.removeprefix(":"))


def longest_hole(agents: list[Agent]) -> float:
    times = [at for at, _ in dispatched(agents)]
    return max(b - a for a, b in zip(times, times[1:]))


def fail_over(replicas: int, holder_ends: bool) -> None:
    """The master is killed under load; the address in LeaseURL leads to a replica that was promoted. If the holder ends, too, the
    replicas lack the last seconds."""
    sim = stream.simulator(queues=8, agents=60, load=2, plain_names=True)
    master, new, *others = replicated(max(2, replicas + 1))
    master.ask("HSET", KEY, "fence", "7", "owner", "0", "beat", "1")  # a released lease
    one, two = agents = pair(sim, master, of=Listener, LeaseReplicas=replicas)
    listen(one)
    start = stream.now(sim)
    fence = one.daemon.latest("account-prod", "lease_fence", host="one") or 0
    sim.thaw()
    wait_until(lambda: stream.total(shown(agents), "queue_offer") > 0, 30, "counters")
    if holder_ends:
        for replica in (new, *others):
            replica.ask("REPLICAOF", "NO", "ONE")
        watch_for(BEHIND_S)
        one.kill()
    master.crash()
    promote(new, *others)
    for agent in agents:
        agent.way.lead_to(new.port)
    since = time.time()
    wait_until(lambda: max(map(newest, agents)) > since + TTL, 60, "values after the failover")
    sim.freeze()
    hole = longest_hole(agents)
    check("the longest hole is %.1f s, of LeaseTTL %d" % (hole, TTL), hole <= TTL + SLACK_S, hole)
    no_value_twice(agents, 1 if holder_ends else 0)
    if not holder_ends:
        stream.becomes("the counters equal the truth", lambda: without_changes(stream.counted(sim, start)),
                       lambda: without_changes(shown(agents)), stream.unequal)
    same("no counter falls", falls(agents)[:5], [])
    after = fence_in(new)
    check("the fencing number does not fall", after >= fence + holder_ends and fence == 8, (fence, after))


def a_failover_to_a_replica_leaves_a_hole_within_the_ttl() -> None:
    fail_over(1, holder_ends=False)


def a_failover_without_lease_replicas_continues_with_the_holder() -> None:
    """LeaseReplicas 0, with replicas that are not behind."""
    fail_over(0, holder_ends=False)


def a_failover_with_the_end_of_the_holder_loses_no_counter() -> None:
    """The replicas of LeaseReplicas 2 have each counter that was dispatched."""
    fail_over(2, holder_ends=True)


def a_master_that_is_cut_from_its_replicas_keeps_no_lease() -> None:
    """The former master still runs, and the holder reaches only that one; the other agent reaches the new master."""
    sim, (master, new, other) = simulator(), replicated()
    one, two = agents = pair(sim, master, LeaseReplicas=1)
    promote(new, other)
    two.way.lead_to(new.port)
    cut = time.time()
    takes_over(two, cut)
    one.daemon.says("account prod, lease: ", "0 of 1 replicas have the lease", within_s=30)
    last = newest(one)
    check("the holder stops within three fifths of the TTL (%.1f s)" % (last - cut), last - cut <= TTL * 3 / 5 + 0.5, last - cut)
    no_value_twice(agents, 1)


def servers_that_keep_no_lease_are_refused() -> None:
    sim, master = simulator(), Redis()
    unfit = [(Redis(mode=("--sentinel",)), "names a Sentinel"),
             (Redis("cluster-enabled yes"), "names a node of a Redis Cluster"),
             (Redis("replicaof 127.0.0.1 %d" % master.port), "leads to a replica"),
             (Redis("requirepass right"), "it requires a password: set LeasePasswordFile")]
    agents = [Agent("agent%d" % nth, sim, redis) for nth, (redis, _) in enumerate(unfit)]
    for agent, (_, words) in zip(agents, unfit):
        agent.daemon.says("account prod, lease: ", words, within_s=30)
    watch_for(TTL)
    same("nothing is dispatched", dispatched(agents), [])


def a_lease_over_tls_has_one_holder() -> None:
    sim, port = simulator(), free_port()
    try:
        redis = Redis("tls-port %d" % port, "tls-auth-clients no", "tls-cert-file %s" % (sim.folder / "server.pem"),
                      "tls-key-file %s" % (sim.folder / "server.key"), "tls-ca-cert-file %s" % sim.ca)
    except Exception as error:
        raise Skip("this redis-server has no TLS: %s" % error) from None
    url = "rediss://localhost:%d/0" % port
    first = Agent("one", sim, redis, LeaseURL=url)
    wait_until(first.holds, 30, "the lease")
    second = Agent("two", sim, redis, LeaseURL=url)
    second.daemon.lives_until(lambda: second.state() == 0, 30, "the second agent stands by")
    first.daemon.lives_until(lambda: newest(first) > 0, 30, "values")
    first.kill()
    takes_over(second, newest(first))
    no_value_twice([first, second], 1)


if __name__ == "__main__":
    report.main([a_failover_to_a_replica_leaves_a_hole_within_the_ttl, a_failover_without_lease_replicas_continues_with_the_holder,
                 a_failover_with_the_end_of_the_holder_loses_no_counter, a_master_that_is_cut_from_its_replicas_keeps_no_lease,
                 servers_that_keep_no_lease_are_refused, a_lease_over_tls_has_one_holder], {"collectd": DAEMON, "redis-server": SERVER})
