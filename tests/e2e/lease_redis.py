#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each value have one writer when the Redis of a lease changes: a failover to a replica, two masters at a time, TLS, and
servers that cannot keep a lease?"""
from __future__ import annotations

import time

from lease import HOST, SLACK_S, TTL, Agent, changes, dispatched, newest, no_value_twice, pair, simulator, takes_over, twice
from lib import report
from lib.collectd import DAEMON
from lib.process import free_port, wait_until, watch_for
from lib.redis import SERVER, Redis
from lib.report import Skip, check, note, same

KEY = "genesys:{lease}:" + HOST


def replicated() -> list[Redis]:
    """A master and two replicas that have its data."""
    master = Redis()
    made = [master, *(Redis("replicaof 127.0.0.1 %d" % master.port) for _ in range(2))]
    wait_until(lambda: master.ask("WAIT", "2", "100") == ":2", 30, "two replicas")
    return made


def promote(new: Redis, other: Redis) -> None:
    new.ask("REPLICAOF", "NO", "ONE")
    other.ask("REPLICAOF", "127.0.0.1", str(new.port))


def fence_in(redis: Redis) -> int:
    """The fencing number of the lease that this server keeps."""
    answer = redis.ask("EVAL", "return tonumber(redis.call('HGET', KEYS[1], 'fence'))", "1", KEY)
    return int(answer.removeprefix(":"))


def longest_hole(agents: list[Agent]) -> float:
    times = [at for at, _ in dispatched(agents)]
    return max(b - a for a, b in zip(times, times[1:]))


def a_failover_to_a_replica_leaves_a_hole_within_the_ttl() -> None:
    """The master is killed; the address in LeaseURL leads to a replica that was promoted."""
    sim, (master, new, other) = simulator(), replicated()
    master.ask("HSET", KEY, "fence", "7", "owner", "0", "beat", "1")  # a released lease
    one, two = agents = pair(sim, master, LeaseReplicas=1)
    fence = one.daemon.latest("account-prod", "lease_fence", host="one") or 0
    master.crash()
    promote(new, other)
    for agent in agents:
        agent.way.lead_to(new.port)
    since = time.time()
    wait_until(lambda: max(map(newest, agents)) > since + TTL, 60, "values after the failover")
    hole = longest_hole(agents)
    check("the longest hole is %.1f s, of LeaseTTL %d" % (hole, TTL), hole <= TTL + SLACK_S, hole)
    found = twice(agents)
    check("no value is written twice", not found, found[:5])
    after = fence_in(new)
    check("the fencing number does not fall", after >= fence == 8, (fence, after))
    note("%d changes of the holder" % len(changes(agents)))


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
    line = wait_until(lambda: first.daemon.program.matching("LeaseURL") or first.holds() and ["holds"], 30, "the lease")[0]
    if "has no TLS" in line:
        raise Skip("the hiredis of this build has no TLS")
    second = Agent("two", sim, redis, LeaseURL=url)
    second.daemon.lives_until(lambda: second.state() == 0, 30, "the second agent stands by")
    first.daemon.lives_until(lambda: newest(first) > 0, 30, "values")
    first.kill()
    takes_over(second, newest(first))
    no_value_twice([first, second], 1)


if __name__ == "__main__":
    report.main([a_failover_to_a_replica_leaves_a_hole_within_the_ttl, a_master_that_is_cut_from_its_replicas_keeps_no_lease,
                 servers_that_keep_no_lease_are_refused, a_lease_over_tls_has_one_holder], {"collectd": DAEMON, "redis-server": SERVER})
