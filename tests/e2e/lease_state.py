#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the counters of a contact centre continue when the agent that counted them ends? The next holder of the lease begins with
the counters that the former holder has stored in Redis."""
from __future__ import annotations

import copy
import os
import random
import re
import signal

from lease import HOST, SLACK_S, TTL, Agent, changes, dispatched, dispatches, newest, pair, twice
from lib import process, report, stream, windows
from lib.collectd import Collectd, read_csv_series
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.redis import SERVER, Redis
from lib.report import check, note, same
from lib.windows import METRICS, MINUTE_MS, Fast

MOMENTS = int(os.environ.get("GC_MOMENTS", "4"))
RATE = 30.0
RUN_S = 6.0  # two minutes at 20 times the speed
STORED_S = 3  # a count is stored with the next reading and renewal


class Listener(Agent):
    """An agent with a stream at the simulator's speed."""

    def queues(self) -> str:
        return stream.block(ObservationInterval=1)


def listen(agent: Agent) -> None:
    stream.wait_listening(agent.daemon, host=agent.name)


def readings(agents: list[Agent]) -> dict[str, list[tuple[float, float]]]:
    """Each counter of the account: (time, value) of all agents, in the order of time."""
    made: dict[str, list[tuple[float, float]]] = {}
    for agent in agents:
        for folder in agent.folders:
            for place, name in {(path.parent, path.name[:-11]) for path in (folder / HOST).glob("genesys-*/*")}:
                key = "%s/%s" % (place.name[len("genesys-"):], name)
                if re.search(stream.COUNTED, key):
                    made.setdefault(key, []).extend(read_csv_series(place, name))
    return {key: sorted(rows) for key, rows in made.items() if rows}


def shown(agents: list[Agent]) -> stream.Counts:
    return {key: rows[-1][1] for key, rows in readings(agents).items()}


def without_changes(counts: stream.Counts) -> stream.Counts:
    """The beginning of an alert has no time: an agent that rings at the change of the holder may lack one change of state."""
    return {key: value for key, value in counts.items() if "/state_changes-" not in key}


def falls(agents: list[Agent]) -> list[str]:
    return ["%s from %g to %g" % (key, before[1], after[1]) for key, rows in readings(agents).items()
            for before, after in zip(rows, rows[1:]) if after[1] < before[1] - 0.0005]


def take_over(agents: list[Agent]) -> None:
    one, two = agents
    one.kill()
    two.daemon.lives_until(two.holds, 30, "the second agent has the lease")
    listen(two)


def counters_continue(name: str, sim: Simulator, agents: list[Agent], start: stream.Start) -> None:
    stream.becomes(name, lambda: without_changes(stream.counted(sim, start)), lambda: without_changes(shown(agents)), stream.unequal)
    same("no counter falls", falls(agents)[:5], [])


def begin() -> tuple[Simulator, list[Agent], stream.Start]:
    sim, redis = stream.simulator(queues=8, agents=60, load=2, plain_names=True), Redis()
    agents = pair(sim, redis, of=Listener)
    listen(agents[0])
    return sim, agents, stream.now(sim)


def both_agents_together_count_each_contact_once() -> None:
    """Contacts of all states pass from a holder that is killed to the next one: waiting, ringing, with an agent."""
    sim, agents, start = begin()
    sim.thaw()
    watch_for(RUN_S)
    sim.freeze()
    stream.becomes("the first agent's counters equal the truth", lambda: stream.counted(sim, start), lambda: shown(agents), stream.unequal)
    first = shown(agents)
    take_over(agents)
    sim.thaw()
    watch_for(RUN_S)
    sim.freeze()
    counters_continue("the counters of both equal the truth", sim, agents, start)
    note("%s; the first agent counted %g offers" % (stream.totals(stream.counted(sim, start)), stream.total(first, "queue_offer")))
    changes = [stream.total(counts, "state_changes") for counts in (shown(agents), stream.counted(sim, start))]
    check("at most 30 changes of state are missing (%g of %g)" % tuple(changes), 0 <= changes[1] - changes[0] <= 30)


def a_holder_that_is_killed_under_load_loses_only_the_hole() -> None:
    """The counters lack only events of the time without a holder; no event counts twice."""
    sim, agents, start = begin()
    sim.thaw()
    watch_for(RUN_S)
    hole = stream.now(sim)
    watch_for(STORED_S)
    take_over(agents)
    sim.freeze()
    back = stream.now(sim)
    sim.thaw()
    watch_for(RUN_S)
    sim.freeze()

    def bounds() -> tuple[stream.Counts, stream.Counts]:
        whole = without_changes(stream.counted(sim, start))
        lost = without_changes(stream.counted(sim, hole, until_seq=back.seq))
        late = without_changes(stream.counted(sim, start, since_seq=hole.seq, until_seq=back.seq))
        least = {key: max(0.0, whole[key] - max(lost.get(key, 0), late.get(key, 0))) for key in whole}
        return least, whole
    stream.becomes("the counters lack at most the events of the hole", bounds, lambda: without_changes(shown(agents)), stream.outside)
    same("no counter falls", falls(agents)[:5], [])
    whole, got = (stream.total(counts, "queue_offer") for counts in (stream.counted(sim, start), shown(agents)))
    note("%g of %g offers" % (got, whole))


class Timed:
    """An agent with a Query and a fast clock. Both agents write into the csv files of the first one."""

    def __init__(self, fast: Fast, name: str, redis: Redis) -> None:
        own = copy.copy(fast)
        own.base, own.state = process.folder("collectd"), process.folder("state")
        (own.base / "csv").symlink_to(fast.base)
        self.name = name
        self.daemon = own.collectd(hostname=name, Backfill="PT30M", account_options={
            "Host": "agent", "LeaseURL": redis.url, "LeaseTTL": 300})  # 10 s of real time

    def waits_for(self, state: float) -> None:
        self.daemon.lives_until(lambda: self.daemon.latest("account-prod", "lease_state", host=self.name) == state, 40,
                                "%s has the state %g" % (self.name, state))


def intervals_and_totals_continue() -> None:
    """The holder is killed, and the next holder is stopped: each interval is written, and the totals are exact."""
    fast, redis = Fast(RATE, queues=6, agents=30, warmup=3000), Redis()
    agents = [Timed(fast, "one", redis)]
    agents[0].daemon.lives_until(lambda: fast.asked() and windows.counted(agents[0].daemon), 40, "the first windows")
    for name, ends in (("two", signal.SIGKILL), ("three", signal.SIGTERM)):
        agents.append(Timed(fast, name, redis))
        agents[-1].waits_for(0)
        fast.pass_until(fast.now_ms() + 3 * MINUTE_MS)
        os.kill(agents[-2].daemon.program.pid, ends)
        agents[-1].waits_for(2)
    daemon = agents[-1].daemon
    fast.pass_until(fast.now_ms() + 3 * MINUTE_MS)
    fast.sim.freeze()
    fast.pass_until(fast.now_ms() + 4 * MINUTE_MS)
    begin_ms, end_ms = fast.span()
    windows.totals_become("totals equal the truth", fast, daemon, begin_ms, end_ms, 40)
    truth = fast.truth(begin_ms, end_ms, [m for m in METRICS if not m.startswith("o")], "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each window is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    keys = {key for key, _ in truth}
    again = windows.windows_again(daemon, keys)
    check("at most one window is written twice for each change", len(again) <= 2, [windows.iso(over) for over in again])
    same("no window is written twice with different values", windows.repeated(daemon, keys)[1], [])
    same("no total falls", windows.falling_in_time(daemon, keys), [])


def leaves(holder: Agent, how: str) -> None:
    if how == "kill":
        holder.kill()
    elif how == "sleep":
        holder.signal(signal.SIGSTOP)
    elif how == "cut":
        holder.way.close()
    else:
        holder.daemon.stop()


def returns(holder: Agent, how: str) -> None:
    if how == "sleep":
        holder.signal(signal.SIGCONT)
    elif how == "cut":
        holder.way.open()
    else:
        holder.start()
    holder.daemon.lives_until(lambda: holder.state() == 0, 30, "%s stands by" % holder.name)


def no_counter_falls_when_holders_leave_at_random_moments() -> None:
    """The holder is killed, stopped, sleeps or loses Redis at a random moment, while contacts come and go."""
    sim, agents, _ = begin()
    rng, ways = random.Random(19), ["kill", "sleep", "cut", "stop"]
    sim.thaw()
    for moment in range(MOMENTS):
        wait_until(lambda: any(agent.holds() for agent in agents), 60, "a holder")
        holder, other = agents if agents[0].holds() else agents[::-1]
        listen(holder)
        watch_for(rng.uniform(0.0, 2.0))
        how = ways[moment] if moment < len(ways) else rng.choice(ways)
        leaves(holder, how)
        dispatches(other, newest(holder))
        returns(holder, how)
    rows = dispatched(agents)
    longest = max(after[0] - before[0] for before, after in zip(rows, rows[1:]))
    check("%d moments: no hole is longer than LeaseTTL %d (%.1f s)" % (MOMENTS, TTL, longest), longest <= TTL + SLACK_S, longest)
    found = twice(agents)
    check("no value is written twice", not found, found[:5])
    check("the writer changes with each moment", len(changes(agents)) >= MOMENTS, len(changes(agents)))
    same("no counter falls", falls(agents)[:5], [])


if __name__ == "__main__":
    report.main([no_counter_falls_when_holders_leave_at_random_moments, both_agents_together_count_each_contact_once,
                 a_holder_that_is_killed_under_load_loses_only_the_hole, intervals_and_totals_continue],
                {**windows.NEEDS, "redis-server": SERVER})
