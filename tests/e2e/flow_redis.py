#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do agents that share a Redis count each flow metric once when an agent or the Redis is killed?

GC_EVENTS is the number of attribute events (20,000), GC_KILLS the number of kills (5).
"""
from __future__ import annotations

import os
import random
import signal

from lib import process, report
from lib.collectd import DAEMON, STOP_MAX_S, Collectd
from lib.flows import Hook, Sqs, Totals, attributes, differences, state, totals, wait_equal, wanted
from lib.process import wait_until, watch_for
from lib.redis import SERVER, Redis
from lib.report import check, note, same, same_soon, has_line

EVENTS = int(os.environ.get("GC_EVENTS", "20000"))
KILLS = int(os.environ.get("GC_KILLS", "5"))
SECRET = "e2e-redis-s3cret"


def agent(sqs: Sqs, redis: Redis, host: str = "agent", **changes: object) -> Collectd:
    return Collectd("", flows=attributes(sqs, StateURL=redis.socket_url, **changes), hostname=host)


def about_state(daemon: Collectd) -> list[str]:
    return [line for line in daemon.complaints() if "genesys_flowmetrics: state: " in line]


def added(*all_of: Totals) -> Totals:
    made: Totals = {}
    for one in all_of:
        for key, value in one.items():
            made[key] = made.get(key, 0) + value
    return made


def both(daemons: list[Collectd], kind: str) -> Totals:
    return added(*(totals(one, kind, "agent%d" % nth) for nth, one in enumerate(daemons)))


def sum_is_the_truth(sqs: Sqs, daemons: list[Collectd], kind: str = "flow_metric", member: str = "count") -> None:
    truth = wanted(sqs.truth(), kind, member)
    wrong = process.wait_for_none(lambda: differences(truth, both(daemons, kind)), 30, "totals")
    check("the sums of %s equal the truth" % kind, not wrong, wrong)


def two_agents_count_each_metric_once_through_kills() -> None:
    """Two agents share a queue and a Redis. The second one is killed under load; a replacement takes its Host and block."""
    sqs, redis, rng = Sqs(), Redis(), random.Random(21)
    sqs.rules(redeliver_percent=5, redeliver_s=2, twice_percent=5)
    daemons = [agent(sqs, redis, "agent%d" % nth) for nth in range(2)]
    busy = 0
    for turn in range(KILLS):
        sqs.feed(EVENTS // KILLS, seed=200 + turn)
        before = sqs.queue()["deleted"]
        wait_until(lambda: sqs.queue()["deleted"] > before, 30, "messages are deleted")
        watch_for(rng.uniform(0.0, 0.5))
        os.kill(daemons[1].program.pid, signal.SIGKILL)
        daemons[1].program.wait(5)
        busy += not sqs.is_empty()
        daemons[1] = agent(sqs, redis, "agent1")
    check("kills that left messages in the queue: %d of %d" % (busy, KILLS), busy > 0, busy)
    daemons[0].lives_until(sqs.is_empty, 120, "the queue is empty")
    sum_is_the_truth(sqs, daemons)
    counted = [sum(totals(one, "flow_metric", "agent%d" % nth).values()) for nth, one in enumerate(daemons)]
    check("each agent has counted some: %s" % counted, all(counted), counted)
    for one in daemons:
        same("the log has no complaints", about_state(one), [])
        took, _ = one.stop()
        check("collectd stops in time (%.2f s)" % took, took < STOP_MAX_S)
    record = sqs.queue()
    note("%d messages, %d received, %d again after a time-out" % (record["sent"], record["received"], record["timed_out"]))


def values_are_summed_over_agents() -> None:
    sqs, redis = Sqs(), Redis()
    daemons = [agent(sqs, redis, "agent%d" % nth, Values=True) for nth in range(2)]
    sqs.feed(EVENTS // 10)
    daemons[0].lives_until(sqs.is_empty, 90, "the queue is empty")
    sum_is_the_truth(sqs, daemons)
    truth = wanted(sqs.truth(), "flow_metric_value", "sum")

    def wrong() -> list[str]:
        got = both(daemons, "flow_metric_value")
        return [key for key in {*truth, *got}
                if abs(got.get(key, 1e300) - truth.get(key, -1e300)) > 1e-6 * max(1.0, abs(truth.get(key, 0)))]

    left = process.wait_for_none(wrong, 30, "sums")
    check("the sums of values equal the truth", not left, left[:5])
    for one in daemons:
        one.stop()


def a_crash_of_redis_under_load_loses_no_metric() -> None:
    sqs, redis = Sqs(), Redis()
    sqs.rules(max_receive_count=30)
    daemon = Collectd("", flows=attributes(sqs, StateURL=redis.url))
    for turn, ends in enumerate((redis.crash, redis.shut_down, redis.crash)):
        sqs.feed(EVENTS // 10, seed=300 + turn)
        before = sqs.queue()["deleted"]
        daemon.lives_until(lambda: sqs.queue()["deleted"] > before, 30, "messages are deleted")
        ends()
        if turn == 0:
            wait_until(lambda: state(daemon, "source_up", "sqs") == 0, 30, "source_up is 0")
            daemon.says("genesys_flowmetrics: state: ", redis.url, within_s=20)
            watch_for(2)
        redis.start()
    daemon.lives_until(sqs.is_empty, 120, "the queue is empty")
    wrong = wait_equal(daemon, sqs, 30)
    check("totals equal the truth", not wrong, wrong)
    same("no message is a dead letter", sqs.queue()["dead"], 0)
    # Cut, refused, loading: each new cause is logged, and a lasting one is not repeated.
    lines = about_state(daemon)
    check("the cause is logged, but not at each attempt (%d lines)" % len(lines), 0 < len(lines) <= 12, lines)
    same("Redis has lost no counts", [line for line in daemon.complaints() if "forgotten" in line], [])
    same_soon("source_up is 1 again", lambda: state(daemon, "source_up", "sqs"), 1, 30)
    daemon.stop()


def a_redis_that_starts_late_loses_no_metric() -> None:
    """Messages stay in the queue and the webhook answers 503; everything is counted once Redis is there."""
    sqs, redis = Sqs(), Redis(starts=False)
    hook = Hook(sqs)
    sqs.feed(1000)
    daemon = Collectd("", flows=attributes(sqs, StateURL=redis.url) + hook.block(StateURL=redis.url))
    line = daemon.says("genesys_flowmetrics: state: ", redis.url, within_s=20)
    has_line("the line names the remedy", line, "[warning]", "is Redis running there?")
    hook.wait_open(daemon)
    body = sqs.call("flow/set", {"flow": "F", "metric": "M", "value": "1", "return": True})["bodies"][0]
    same("the webhook answers 503", hook.post(body.encode())[0], 503)
    watch_for(1)
    same("no message is received", sqs.queue()["received"], 0)
    same("the log has one line about the state", len(about_state(daemon)), 1)
    redis.start()
    wait_until(lambda: hook.post(body.encode())[0] == 200, 30, "the webhook's 200")
    daemon.lives_until(sqs.is_empty, 60, "the queue is empty")
    wrong = wait_equal(daemon, sqs, 30)
    check("totals equal the truth", not wrong, wrong)
    daemon.stop()


def a_corrected_password_needs_no_restart() -> None:
    sqs, redis = Sqs(), Redis("requirepass " + SECRET)
    sqs.feed(200)
    wrong = agent(sqs, redis, StatePasswordFile=redis.secret("not-the-" + SECRET))
    line = wrong.says("genesys_flowmetrics: state: ", within_s=20)
    has_line("the line names the remedy", line, "[error]", "StatePasswordFile")
    same("no message is received", sqs.queue()["received"], 0)
    same("no secret is visible outside", wrong.leaks(SECRET), [])
    redis.secret(SECRET)  # the same file: no restart
    wrong.lives_until(sqs.is_empty, 60, "the queue is empty")
    differs = wait_equal(wrong, sqs, 30)
    check("totals equal the truth", not differs, differs)
    wrong.says("genesys_flowmetrics: state", "good again")
    same("no secret is visible outside", wrong.leaks(SECRET), [])
    wrong.stop()


def losses_by_a_crash_are_predicted() -> None:
    sqs = Sqs()
    for lines, words in ((("appendonly no",), "appendonly yes"), (("appendonly yes", "appendfsync everysec"), "two seconds"),
                         (("maxmemory-policy allkeys-lru",), "noeviction"),
                         (('rename-command CONFIG ""',), "refuses CONFIG GET")):
        daemon = agent(sqs, Redis(*lines))
        line = daemon.says("genesys_flowmetrics: durability of the state: ", words, within_s=20)
        has_line("the line is a warning", line, "[warning]")
        same("the log has no complaint about the state", about_state(daemon), [])
        daemon.stop()


def a_redis_that_hangs_does_not_delay_the_stop() -> None:
    sqs, redis = Sqs(), Redis()
    daemon = agent(sqs, redis)
    sqs.feed(2000)
    daemon.lives_until(lambda: sqs.queue()["deleted"] > 0, 30, "messages are deleted")
    redis.signal(signal.SIGSTOP)
    took, status = daemon.stop()
    check("collectd stops in time (%.2f s)" % took, took < STOP_MAX_S)
    same("collectd ends with status 0", status, 0)
    redis.signal(signal.SIGCONT)
    second = agent(sqs, redis)
    second.lives_until(sqs.is_empty, 60, "the queue is empty")
    wrong = wait_equal(second, sqs, 30)
    check("totals equal the truth", not wrong, wrong)
    second.stop()


if __name__ == "__main__":
    report.main([two_agents_count_each_metric_once_through_kills, values_are_summed_over_agents,
                 a_crash_of_redis_under_load_loses_no_metric, a_redis_that_starts_late_loses_no_metric,
                 a_corrected_password_needs_no_restart, losses_by_a_crash_are_predicted,
                 a_redis_that_hangs_does_not_delay_the_stop], {"collectd": DAEMON, "redis-server": SERVER})
