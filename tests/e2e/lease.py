#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each value of an account have one writer at each time while two agents share a lease?

Agents and Redis are killed, sleep, stop and lose their connection. Each agent writes its own csv files; a backend would have
the values of all files.
"""
from __future__ import annotations

import json
import os
import re
import signal
import struct
import time
import urllib.error
from collections import Counter
from pathlib import Path
from typing import Any, Optional

from lib import process, report
from lib.collectd import DAEMON, OURS, STOP_MAX_S, Collectd, account, block, build_folder, queues, read_csv_series
from lib.flows import Sqs, attributes, differences, totals, wanted
from lib.gate import Gate
from lib.genesys import Simulator, direct
from lib.process import free_port, wait_until, watch_for
from lib.redis import SERVER, Redis
from lib.report import Skip, check, note, same, same_soon

HOST, TTL = "pair", int(os.environ.get("GC_LEASE_TTL", "9"))
POLL_S = 1
# After the lease has changed hands, a poll is sent and its values are dispatched; a busy host needs more.
SLACK_S = 2.0
SHIM = build_folder() / "tests" / "support" / ".libs" / "clock_step.so"


class Agent:
    """One of the agents: its collectd, a replacement that may follow, and all values of both."""

    def __init__(self, name: str, sim: Simulator, redis: Redis, flows: str = "", **changes: Any) -> None:
        self.name, self.sim, self.redis, self.flows, self.changes = name, sim, redis, flows, changes
        self.folders: list[Any] = []
        self.way = Gate(redis.port)  # its own connection to Redis, which the test can cut
        self.port = free_port()  # of <Health>
        self.daemon = self.start()

    def start(self) -> Collectd:
        options = {"Host": HOST, "RequestsPerMinute": 6000, "LeaseURL": "redis://127.0.0.1:%d/0" % self.way.port, "LeaseTTL": TTL, **self.changes}
        blocks = account(self.sim, **options) + block("Health", None, {"Port": self.port})
        further = self.process()
        # With more of them, csv empties a file that another write thread has just begun.
        further["more"] = "WriteThreads 1\n" + further.get("more", "")
        self.daemon = Collectd(blocks, self.queues(), flows=self.flows, hostname=self.name, **further)
        self.folders.append(self.daemon.csv)
        return self.daemon

    def process(self) -> dict[str, Any]:
        """Further arguments of Collectd."""
        return {}

    def queues(self) -> str:
        return queues(ObservationInterval=POLL_S)

    def state(self) -> Optional[float]:
        return self.daemon.latest("account-prod", "lease_state", host=self.name)

    def health(self, path: str = "/health?block=account-prod") -> tuple[int, str]:
        """The status, and the state of the account."""
        try:
            with direct.open("http://127.0.0.1:%d%s" % (self.port, path), timeout=10) as answer:
                return answer.status, json.load(answer)["accounts"][0]["state"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["accounts"][0]["state"]

    def holds(self) -> bool:
        return self.state() == 2

    def requests(self) -> float:
        """The requests that it has sent."""
        return sum(value for key, (_, value) in self.daemon.snapshot(self.name).items() if "/api_requests-" in key)

    def signal(self, number: int) -> None:
        os.kill(self.daemon.program.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.daemon.program.wait(5)


class Stepper(Agent):
    """An agent whose wall clock steps, as by settimeofday (tests/support/clock_step.c)."""

    def process(self) -> dict[str, Any]:
        self.clock = process.folder("clock") / "step"
        self.step(0)
        return {"preload": str(SHIM), "env": {"GC_CLOCK_STEP": str(self.clock)}}

    def step(self, hours: float) -> None:
        """Sets the difference from the true time."""
        if not self.clock.exists():
            self.clock.write_bytes(bytes(8))
        with self.clock.open("r+b") as file:  # in place: collectd has mapped the file
            file.write(struct.pack("=q", int(hours * 3600_000)))


class Exposer(Agent):
    """An agent that Prometheus scrapes."""

    def process(self) -> dict[str, Any]:
        self.scraped = free_port()
        return {"ours": (*OURS, "genesys_prometheus"), "more": '<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n' % self.scraped}

    def shows(self, host: str) -> int:
        """The number of series of the host."""
        with direct.open("http://127.0.0.1:%d/metrics" % self.scraped, timeout=10) as answer:
            return answer.read().decode().count('host="%s"' % host)


Written = dict[str, list[tuple[float, str]]]


def written(agents: list[Agent]) -> Written:
    """Every value of the account's Host: series -> (time, agent), of all agents, in the order of the times."""
    made: Written = {}
    for agent in agents:
        for folder in agent.folders:
            for place, stem in {(path.parent, path.name[:-11]) for path in (folder / HOST).glob("genesys-*/*")}:
                rows = read_csv_series(place, stem)
                made.setdefault("%s/%s" % (place.name, stem), []).extend((at, agent.name) for at, _ in rows)
    return {key: sorted(set_of) for key, set_of in made.items()}


def dispatched(agents: list[Agent]) -> list[tuple[float, str]]:
    """(time, agent) of each value of all series, in the order of the times."""
    return sorted(row for rows in written(agents).values() for row in rows)


def last_time(path: Path) -> float:
    """The time of the last whole row; 0: there is none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200))
        rows = file.read().rpartition(b"\n")[0].split(b"\n")
    return float(rows[-1].split(b",")[0]) if re.match(rb"[0-9.]+,", rows[-1]) else 0.0


def newest(agent: Agent) -> float:
    """The time of the newest value of the account's Host."""
    for folder in reversed(agent.folders):
        at = max((last_time(path) for path in (folder / HOST).glob("genesys-*/*")), default=0.0)
        if at:
            return at
    return 0.0


def twice(agents: list[Agent]) -> list[str]:
    """Values with the same identity and time, from one agent or both, and times at which both agents dispatched."""
    found = []
    for key, rows in written(agents).items():
        for at in sorted(at for at, count in Counter(at for at, _ in rows).items() if count > 1)[:2]:
            found.append("%s at %.3f by %s" % (key, at, " and ".join(agent for when, agent in rows if when == at)))
    return found


def changes(agents: list[Agent]) -> list[tuple[float, float, str]]:
    """The changes of the writer: last time of the former one, first time of the next one, and its name."""
    rows = dispatched(agents)
    return [(a[0], b[0], b[1]) for a, b in zip(rows, rows[1:]) if a[1] != b[1]]


def pair(sim: Simulator, redis: Redis, of: type[Agent] = Agent, **options: Any) -> list[Agent]:
    """Two agents; the first one has the lease."""
    first = of("one", sim, redis, **options)
    first.daemon.lives_until(first.holds, 40, "the first agent has the lease")
    second = of("two", sim, redis, **options)
    second.daemon.lives_until(lambda: second.state() == 0, 30, "the second agent stands by")
    first.daemon.lives_until(lambda: newest(first) > 0, 30, "values")
    return [first, second]


def dispatches(agent: Agent, since: float) -> None:
    """Waits for a value of the agent that is later than `since` (epoch)."""
    agent.daemon.lives_until(lambda: newest(agent) > since, 30, "%s dispatches" % agent.name)


def takes_over(agent: Agent, since: float) -> float:
    """Waits for a value of the agent that is later than `since` (epoch); returns its time."""
    dispatches(agent, since)
    return min(at for at, _ in dispatched([agent]) if at > since)


def no_value_twice(agents: list[Agent], wanted: int) -> None:
    found = twice(agents)
    check("no value is written twice", not found, found[:5])
    same("the writer changes", len(changes(agents)), wanted)


def simulator() -> Simulator:
    return Simulator(queues=4, agents=10, rate_limit=0, plain_names=True, load=2, media="voice")


def a_standby_is_warm_and_silent() -> None:
    """The standby polls like the holder, has no channel, writes its telemetry under its own host, and writes no value of
    the account."""
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis, LeaseTTL=30)  # a busy host does not take the lease away
    two.daemon.wait_up(host="two")
    sent = [agent.requests() for agent in agents]
    watch_for(10)
    polls = [agent.requests() - before for agent, before in zip(agents, sent)]
    check("both poll (holder %d, standby %d requests in 10 s)" % tuple(polls), min(polls) >= 3, polls)
    same("the standby has no value of the account", dispatched([two]), [])
    same("the holder's telemetry is under its own host", [path.name for path in (one.daemon.csv / HOST).glob("genesys-account-*")], [])
    check("both have telemetry", all(agent.daemon.latest("account-prod", "lease_fence", host=agent.name) for agent in agents))
    check("Redis has answered lately", (two.daemon.latest("account-prod", "lease_age", host="two") or 99) < TTL)
    same("the holder has a stream", one.daemon.latest("queues-all", "stream_connected", host="one"), 1)
    same("the standby has no stream", two.daemon.latest("queues-all", "stream_connected", host="two"), 0)
    same_soon("/health of the standby", two.health, (200, "standby"))
    same_soon("/health/ready of the standby", lambda: two.health("/health/ready?block=account-prod"), (200, "standby"))
    same("/health of the holder", one.health(), (200, "up"))
    no_value_twice(agents, 0)
    for agent in agents:
        same("the log of %s has no complaints" % agent.name, agent.daemon.complaints(), [])


def a_killed_holder_is_followed_within_the_ttl() -> None:
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis)
    two.daemon.says("Notification: severity = OKAY", "host = two", "account-prod: standby (was up)", within_s=20)
    one.kill()
    last = newest(one)
    hole = takes_over(two, last) - last
    check("the hole is %.1f s, of LeaseTTL %d" % (hole, TTL), hole <= TTL + SLACK_S, hole)
    began = time.monotonic()
    two.daemon.lives_until(lambda: two.daemon.latest("queues-all", "stream_connected", host="two") == 1, 20, "the stream")
    note("the stream is open %.1f s after the first value" % (time.monotonic() - began))
    two.daemon.says("this agent has the lease")
    two.daemon.says("Notification: severity = OKAY", "host = two", "account-prod: up (was standby)", within_s=20)
    no_value_twice(agents, 1)


def a_sleeping_holder_dispatches_nothing_when_it_wakes() -> None:
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis)
    one.signal(signal.SIGSTOP)
    asleep = time.time()
    takes_over(two, asleep)
    awake = time.time()
    one.signal(signal.SIGCONT)
    one.daemon.lives_until(lambda: one.state() == 0, 20, "the first agent stands by")
    one.daemon.says("standby")
    late = [at for at, _ in dispatched([one]) if at > asleep + 0.5]
    same("the first agent dispatches nothing after %.1f s of sleep" % (awake - asleep), late, [])
    same_soon("the stream of the first agent is closed", lambda: one.daemon.latest("queues-all", "stream_connected", host="one"), 0)
    no_value_twice(agents, 1)
    two.kill()
    takes_over(one, newest(two))
    no_value_twice(agents, 2)


def a_holder_that_stops_is_followed_at_once() -> None:
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis)
    took, _ = one.daemon.stop()
    check("collectd stops in time (%.2f s)" % took, took < STOP_MAX_S)
    last = newest(one)
    hole = takes_over(two, last) - last
    check("the hole is %.1f s" % hole, hole <= POLL_S + SLACK_S, hole)
    no_value_twice(agents, 1)


def a_holder_that_is_cut_from_redis_stops_first() -> None:
    """The second agent takes over when the permission of the first has ended; the first stands by when Redis answers it again."""
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis)
    one.way.close()
    cut = time.time()
    takes_over(two, cut)
    last = max(at for at, _ in dispatched([one]))
    check("the first agent stops within three fifths of the TTL (%.1f s)" % (last - cut), last - cut <= TTL * 3 / 5 + 0.5, last - cut)
    one.daemon.lives_until(lambda: one.state() == 4, 20, "the first agent is blind")
    one.way.open()
    one.daemon.lives_until(lambda: one.state() == 0, 20, "the first agent stands by")
    no_value_twice(agents, 1)


def a_scrape_shows_the_values_of_the_account_at_the_holder_only() -> None:
    """Series of a former holder are not kept for the Staleness of genesys_prometheus."""
    sim, redis = simulator(), Redis()
    one, two = pair(sim, redis, of=Exposer)
    wait_until(lambda: one.shows(HOST) > 0, 20, "the holder shows the values")
    same("the standby shows no value of the account", two.shows(HOST), 0)
    one.way.close()
    wait_until(lambda: two.shows(HOST) > 0, 40, "the next holder shows the values")
    same("a former holder that is cut from Redis shows none", one.shows(HOST), 0)
    one.way.open()
    one.daemon.lives_until(lambda: one.state() == 0, 20, "the first agent stands by")
    same("the former holder still shows none", one.shows(HOST), 0)
    for agent in (one, two):
        check("%s shows its telemetry" % agent.name, agent.shows(agent.name) > 0)
    two.kill()
    wait_until(lambda: one.shows(HOST) > 0, 40, "the first agent shows the values again")


def a_standby_that_is_cut_from_redis_changes_nothing() -> None:
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis)
    two.way.close()
    two.daemon.lives_until(lambda: two.state() == 4, 30, "the standby is blind")
    takes_over(one, time.time() + 1)
    two.way.open()
    two.daemon.lives_until(lambda: two.state() == 0, 20, "the second agent stands by")
    no_value_twice(agents, 0)


def without_redis_no_agent_dispatches() -> None:
    """With LeaseLost "stop" no agent dispatches while Redis hangs. When Redis answers again, one agent takes the lease."""
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis)
    redis.signal(signal.SIGSTOP)
    for agent in agents:
        agent.daemon.lives_until(lambda: agent.state() == 4, 30, "%s is blind" % agent.name)
        agent.daemon.says("account prod, lease: ", "dispatches nothing")
        agent.daemon.says("Notification: severity = FAILURE", "account-prod: lease_blind", within_s=20)
        same("/health of %s" % agent.name, agent.health(), (503, "lease_blind"))
    silent = time.time()
    watch_for(1.5)
    same("no agent dispatches without Redis", [row for row in dispatched(agents) if row[0] > silent], [])
    redis.signal(signal.SIGCONT)
    wait_until(lambda: one.holds() or two.holds(), 30, "an agent has the lease again")
    wait_until(lambda: max(newest(one), newest(two)) > silent, 30, "values again")
    found = twice(agents)
    check("no value is written twice", not found, found[:5])


def a_holder_that_goes_on_dispatches_without_redis() -> None:
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis, LeaseLost="go on")
    redis.signal(signal.SIGSTOP)
    one.daemon.lives_until(lambda: one.state() == 3, 30, "the holder goes on")
    one.daemon.says("account prod, lease: ", "goes on")
    since = time.time()
    takes_over(one, since + 1)
    same("the standby does not begin without Redis", dispatched([two]), [])
    redis.signal(signal.SIGCONT)
    one.daemon.lives_until(one.holds, 30, "the holder has the lease again")
    no_value_twice(agents, 0)


def clock_steps_of_hours_leave_one_writer() -> None:
    """collectd reads at times of the wall clock: after a step back it reads nothing until the clock shows the next of these times."""
    if not SHIM.exists():
        raise Skip("clock_step.so is not built")
    sim, redis = simulator(), Redis()
    one, two = agents = pair(sim, redis, of=Stepper)
    two.step(3)
    takes_over(one, time.time() + 2)
    same("a step of the standby changes nothing", dispatched([two]), [])
    one.step(-3)
    began = time.monotonic()
    dispatches(two, time.time())
    after = time.monotonic() - began
    check("the next agent dispatches %.1f s after a step back" % after, after <= max(5, TTL * 3 / 5) + TTL + SLACK_S, after)
    one.daemon.says("account prod, lease: ", "has not read this account", within_s=20)
    one.step(3)
    one.daemon.lives_until(lambda: one.state() == 0, 30, "the first agent stands by")
    before = len(dispatched([one]))
    two.step(6)
    takes_over(two, time.time() + 6 * 3600 - 1)
    same("a step of the holder forward changes no writer", len(dispatched([one])), before)
    found = twice(agents)
    check("no value is written twice", not found, found[:5])


def only_the_holder_receives_from_sqs() -> None:
    """The standby leaves the messages to the holder, and receives once it has the lease. The counts are in one Redis."""
    sim, redis, sqs = simulator(), Redis(), Sqs()
    agents = pair(sim, redis, flows=attributes(sqs, StateURL=redis.socket_url, Account="prod"))
    one, two = agents

    def received(agent: Agent) -> float:
        return agent.daemon.latest("attributes-ivr", "sqs_messages", "received", agent.name) or 0
    sqs.feed(400, seed=1)
    one.daemon.lives_until(sqs.is_empty, 60, "the queue is empty")
    wait_until(lambda: received(one) > 0, 20, "the holder's telemetry")
    same("the standby has received nothing", received(two), 0)
    one.kill()
    takes_over(two, newest(one))
    sqs.feed(400, seed=2)
    two.daemon.lives_until(sqs.is_empty, 60, "the queue is empty again")
    wait_until(lambda: received(two) > 0, 20, "the new holder receives")
    wrong = process.wait_for_none(lambda: differences(wanted(sqs.truth()), totals(two.daemon, host=HOST)), 30, "totals")
    check("the flow metrics of both equal the truth", not wrong, wrong)
    found = twice(agents)
    check("no value is written twice", not found, found[:5])


def counters(agents: list[Agent]) -> dict[str, list[tuple[float, float, str]]]:
    """Each counter of flow metrics: (time, count, agent) of all agents, in the order of the times."""
    made: dict[str, list[tuple[float, float, str]]] = {}
    for agent in agents:
        for folder in agent.folders:
            for place, stem in {(path.parent, path.name[:-11]) for path in (folder / HOST).glob("genesys-*/flow_metric-*")}:
                rows = read_csv_series(place, stem)
                made.setdefault("%s/%s" % (place.name, stem), []).extend((at, count, agent.name) for at, count in rows)
    return {key: sorted(rows) for key, rows in made.items() if rows}


def flow_metrics_continue_with_the_next_holder() -> None:
    """All series begin after the start of the standby. The holder is killed twice, the second time under load; its successor was
    the holder before."""
    sim, redis, sqs = simulator(), Redis(), Sqs()
    agents = pair(sim, redis, flows=attributes(sqs, StateURL=redis.socket_url, Account="prod"))
    holder, other = agents

    def equal_the_truth(agent: Agent) -> None:
        agent.daemon.lives_until(sqs.is_empty, 60, "the queue is empty")
        wrong = process.wait_for_none(lambda: differences(wanted(sqs.truth()), totals(agent.daemon, host=HOST)), 30, "totals")
        check("the flow metrics of %s equal the truth" % agent.name, not wrong, wrong)

    def continues(agent: Agent, since: float) -> None:
        """Waits for a value of each counter by the next holder."""
        keys = set(counters(agents))

        def missing() -> list[str]:
            return sorted(keys - {key for key, rows in counters([agent]).items() if rows[-1][0] > since})
        left = process.wait_for_none(missing, 60, "values of all counters")
        same("each of %d counters has a value of the next holder" % len(keys), left[:5], [])
        latest = max((next(at for at, _, _ in rows if at > since) for key, rows in counters([agent]).items()
                      if key in keys and key not in left), default=since)
        check("the last counter has a value after %.1f s" % (latest - since), latest - since <= TTL + SLACK_S, latest - since)
    sqs.feed(400, seed=1)
    equal_the_truth(holder)
    same("the standby has no flow metrics", counters([other]), {})
    holder.kill()
    continues(other, newest(holder))
    sqs.feed(400, seed=2)
    equal_the_truth(other)
    holder.start()
    holder.daemon.lives_until(lambda: holder.state() == 0, 30, "the killed agent stands by")
    before = sqs.queue()["deleted"]
    sqs.feed(400, seed=3)
    wait_until(lambda: sqs.queue()["deleted"] > before, 30, "messages are deleted")
    for agent in agents:
        same("the log of %s has no errors of the state" % agent.name, [line for line in agent.daemon.complaints() if "state: " in line], [])
    other.kill()
    continues(holder, newest(other))
    equal_the_truth(holder)
    falls = ["%s from %g to %g" % (key, a[1], b[1]) for key, rows in counters(agents).items() for a, b in zip(rows, rows[1:]) if b[1] < a[1]]
    same("no counter falls", falls[:5], [])
    found = twice(agents)
    check("no value is written twice", not found, found[:5])


if __name__ == "__main__":
    report.main([a_standby_is_warm_and_silent, a_killed_holder_is_followed_within_the_ttl,
                 a_sleeping_holder_dispatches_nothing_when_it_wakes, a_holder_that_stops_is_followed_at_once,
                 a_holder_that_is_cut_from_redis_stops_first, a_scrape_shows_the_values_of_the_account_at_the_holder_only,
                 a_standby_that_is_cut_from_redis_changes_nothing,
                 clock_steps_of_hours_leave_one_writer, only_the_holder_receives_from_sqs,
                 flow_metrics_continue_with_the_next_holder, without_redis_no_agent_dispatches,
                 a_holder_that_goes_on_dispatches_without_redis],
                {"collectd": DAEMON, "redis-server": SERVER})
