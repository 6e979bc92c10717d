#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the sanitizers report nothing in a real collectd: start, values, outages, stop?

GC_SANITIZED_BUILDDIR names a build made with --enable-sanitizers, GC_TSAN_BUILDDIR one with --enable-sanitizers=thread.
"""
from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Optional

from lib import expected, process, report, stream
from lib.collectd import DAEMON, Collectd, account, queues
from lib.flows import SECRET, Hook, Sqs, FlowSender, attributes, notifications, wait_connected, wait_equal, \
    wait_reconnected
from lib.gate import Gate
from lib.genesys import Simulator
from lib.process import wait_until
from lib.redis import SERVER, Redis
from lib.report import Skip, check, note, same

HERE = Path(__file__).resolve().parent
OBSERVATIONS = "POST /api/v2/analytics/*"
REPORTS = ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer", "FATAL: ThreadSanitizer",
           "ERROR: LeakSanitizer")
# A queue has one block; the simulators' queues are called "Queue 0001" and so on.
FIRST = "0147"
BLOCKS = queues(Queue="*[%s]" % FIRST) + queues("b", Queue="*[258]", Observations="activity", QueueLabel="id") + \
    queues("c", Queue="*[369]", QueueLabel="both", Media="voice")
OPTIONS = {
    "libasan.so": {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"},
    "libtsan.so": {"TSAN_OPTIONS": "suppressions=%s halt_on_error=0 second_deadlock_stack=1" % (HERE / "tsan.supp")},
}


class Kind:
    """One sanitizer: its library and the build that is made with it."""

    def __init__(self, library: str, variable: str) -> None:
        self.runtime, self.variable = library, variable
        self.build = os.environ.get(variable)

    def daemon(self, accounts: str, blocks: str = BLOCKS, flows: str = "",
               env: Optional[dict[str, str]] = None) -> Collectd:
        if not self.build:
            raise Skip("%s is not set" % self.variable)
        compiler = process.program("gcc", "cc") or "cc"
        path = process.run([compiler, "-print-file-name=" + self.runtime]).stdout.decode().strip()
        return Collectd(accounts, blocks, build=Path(self.build), preload=path, flows=flows,
                        env={**OPTIONS[self.runtime], **(env or {})})


def is_silent(daemon: Collectd) -> None:
    took, status = daemon.stop()
    reports = [line for line in daemon.text.splitlines() if any(word in line for word in REPORTS)]
    check("the sanitizer reports nothing", not reports, "%s\n%s" % (reports[:3], daemon.text[:6000]))
    same("collectd ends with status 0", status, 0)
    check("collectd stops in 10 s (%.1f s)" % took, took < 10)


def values_and_a_renewal_cause_no_report(kind: Kind) -> None:
    sim = Simulator(frozen=True, queues=34, agents=40, rate_limit=0, plain_names=True)
    daemon = kind.daemon(account(sim, RequestsPerMinute=10000, TokenAuth="body"))
    daemon.wait_up("all", "b", "c", within_s=30)
    truth = sim.truth()
    wanted = expected.values(truth, expected.by_name(truth), lambda _id, queue: queue["name"][-1] in FIRST)

    def ours() -> dict[str, tuple[float, float]]:
        return {key: value for key, value in expected.of_queues(daemon.snapshot()).items() if key in wanted}
    wait_until(lambda: not expected.differences(wanted, ours()), 15, "values equal to the truth")
    sim.thaw()
    sim.call("tokens", {"op": "revoke"})
    wait_until(lambda: sim.counters()["token_requests_total"] >= 2, 10, "a renewal")
    daemon.wait_up("all", "b", "c")
    is_silent(daemon)


def outages_cause_no_report(kind: Kind) -> None:
    sim = Simulator(queues=4, agents=8, frozen=True, rate_limit=0, plain_names=True)
    gate = Gate(sim.https_port)
    daemon = kind.daemon(account(sim, BaseURL=gate.url, RequestsPerMinute=10000, Timeout=2))
    daemon.wait_up("all", "b", "c", within_s=30)
    sim.faults(*[{"on": OBSERVATIONS, "count": 1, **step} for step in (
        {"answer": 500, "html": True}, {"answer": "truncate"}, {"answer": "malformed"}, {"answer": "reset"},
        {"answer": "empty"}, {"answer": "close"}, {"answer": "chunked"}, {"answer": 400}, {"answer": 403},
        {"answer": 429, "retry_after_s": 1}, {"answer": "huge", "huge_mb": 4}, {"answer": "http10"})])
    wait_until(lambda: sim.fault_hits() >= 6, 30, "faults")
    gate.close()
    daemon.says("account prod, api", within_s=10)
    gate.open()
    gate.stop_answering()
    wait_until(lambda: gate.accepted > 3, 15, "requests in the black hole")
    is_silent(daemon)


def a_stop_during_the_start_causes_no_report(kind: Kind) -> None:
    sim = Simulator(queues=4, agents=8, frozen=True, plain_names=True)
    for _ in range(3):
        daemon = kind.daemon(account(sim))
        daemon.lives_until(lambda: any(name.startswith("gc-") for name in daemon.threads()), 20, "the plugin's thread")
        is_silent(daemon)


STREAM_FAULTS = [
    {"ws": "duplicate", "percent": 5}, {"ws": "reorder", "percent": 5}, {"ws": "late", "percent": 5},
    {"ws": "fragment", "percent": 20, "pings": True}, {"ws": "large", "percent": 2, "bytes": 70_000},
    {"ws": "drop", "at_s": 2, "every_s": 5, "reset": True}, {"ws": "malformed", "at_s": 1, "every_s": 1},
    {"ws": "new_values", "at_s": 1, "every_s": 1}, {"ws": "socket_closing", "at_s": 4, "notice_s": 2},
    {"ws": "evict", "at_s": 9}, {"ws": "huge", "at_s": 12}, {"do": "tokens", "op": "revoke", "at_s": 14},
    {"do": "queues", "op": "create", "name": "Brand new", "at_s": 1}]
STREAM_S = 18


def a_stream_with_all_faults_causes_no_report(kind: Kind) -> None:
    """Events of three blocks while their readers read and all faults hit the sockets."""
    sim = stream.simulator(queues=16, agents=120, load=2, plain_names=True)
    blocks = stream.block(Shard="1/3") + \
        stream.block("b", Shard="2/3", Observations="activity", QueueLabel="id") + \
        stream.block("c", Shard="3/3", Observations="none", Media="voice")
    daemon = kind.daemon(account(sim, RequestsPerMinute=10000), blocks)
    for name in ("all", "b", "c"):
        stream.wait_listening(daemon, name, 40)
    sim.thaw()
    sim.faults(*STREAM_FAULTS)
    began = stream.now(sim).at_ms
    wait_until(lambda: stream.now(sim).at_ms > began + STREAM_S * 1000, STREAM_S + 20, "all faults", 0.5)
    sim.faults()
    sim.freeze()
    for name in ("all", "b", "c"):
        stream.wait_listening(daemon, name, 40)
        check("block %s has new events" % name, stream.state(daemon, "events", "new", name) > 50)
    record = stream.stream_counts(sim)
    note("%d events, %d sockets, %d channels" % (record["events"], record["sockets_opened"], record["channels_created"]))
    is_silent(daemon)


GUIDE_SOCKET = "GET /api/v2/analytics/realtime/conversations"
GUIDE_FAULTS = [
    {"ws": "duplicate", "percent": 10, "delay_ms": 200}, {"ws": "reorder", "percent": 5}, {"ws": "late", "percent": 5},
    {"ws": "fragment", "percent": 20, "pings": True}, {"ws": "large", "percent": 2, "bytes": 70_000},
    {"ws": "malformed", "at_s": 1, "every_s": 1}, {"ws": "bad_utf8", "at_s": 1, "every_s": 2},
    {"ws": "drop", "at_s": 3, "every_s": 6, "reset": True}, {"on": GUIDE_SOCKET, "answer": 429, "skip": 3, "count": 1},
    {"ws": "masked", "at_s": 5}, {"ws": "huge", "at_s": 8}, {"ws": "half_frame", "at_s": 11}, {"ws": "opcode", "at_s": 14},
    {"do": "tokens", "op": "revoke", "at_s": 13}, {"do": "queues", "op": "create", "name": "Brand new", "at_s": 1}]


def a_guide_stream_with_all_faults_causes_no_report(kind: Kind) -> None:
    """The guide dialect's polls and sockets, one socket for each of two blocks, with a token that expires every few seconds."""
    sim = Simulator(queues=8, agents=60, speed=60, load=2, rate_limit=0, token_life=12)
    sim.config(guide_no_queue=0.2, guide_noise=True, guide_wrapup_codes=["Sale", "secret"])
    guide = {"Stream": "conversations", "Observations": "none", "ReconnectMax": 2, "IdleTimeout": 10}
    blocks = queues("all", **guide, Shard="1/2", WrapUpCode=["!secret", "*"], Window=2) + \
        queues("b", **{**guide, "Observations": "queue_metrics"}, ObservationInterval=5, Shard="2/2", QueueLabel="id",
               Media="voice")
    daemon = kind.daemon(account(sim, RequestsPerMinute=10000), blocks)
    daemon.lives_until(lambda: sim.call("guide")["sockets"] >= 2, 40, "both sockets")
    sim.faults(*GUIDE_FAULTS)
    began = stream.now(sim).at_ms
    wait_until(lambda: stream.now(sim).at_ms > began + STREAM_S * 1000, STREAM_S + 20, "all faults", 0.5)
    sim.faults()
    for name in ("all", "b"):
        daemon.lives_until(lambda: stream.state(daemon, "stream_connected", "", name) == 1, 60, "the stream of " + name)
        check("block %s has new events" % name, stream.state(daemon, "events", "new", name) > 100)
        check("block %s counts unknown and malformed events" % name, stream.state(daemon, "events", "other", name) > 100
              and stream.state(daemon, "events", "malformed", name) > 0)
    record = stream.stream_counts(sim)
    note("%d events, %d sockets" % (record["events"], record["sockets_opened"]))
    is_silent(daemon)


def a_queue_of_flows_with_all_faults_causes_no_report(kind: Kind) -> None:
    """One block with two consumers meets all the faults of SQS."""
    sqs = Sqs()
    sqs.rules(redeliver_percent=5, redeliver_s=1, twice_percent=5)
    sqs.faults({"sqs": "ReceiveMessage", "answer": "ThrottlingException", "skip": 10, "count": 2},
               {"sqs": "*", "answer": "InternalFailure", "skip": 40, "count": 2},
               {"sqs": "DeleteMessageBatch", "answer": "partial", "percent": 30, "count": 40},
               {"sqs": "*", "answer": "lost", "skip": 60, "count": 2},
               {"sqs": "*", "answer": "malformed", "skip": 70, "count": 1},
               {"sqs": "*", "answer": "truncate", "skip": 80, "count": 1})
    sqs.feed(3000, sns=10, bare=10, late=2)
    daemon = kind.daemon("", "", attributes(sqs, Values=True))
    daemon.lives_until(sqs.is_empty, 90, "the queue is empty")
    check("totals equal the truth", not wait_equal(daemon, sqs, 30), wait_equal(daemon, sqs, 0))
    daemon.lives_until(lambda: sqs.call("sqs")["polls"].get("now", 0) >= 1, 20, "a long poll")
    is_silent(daemon)


def a_webhook_of_flows_causes_no_report(kind: Kind) -> None:
    """Good clients, bad clients, and some that are connected when collectd stops; temporary keys as well."""
    sqs = Sqs(tls=True)
    hook = Hook(sqs, tls=True)
    keys = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": sqs.aws_container_url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": sqs.aws_container_token}
    sqs.call("aws", {"life_s": 4})
    queue = attributes(sqs, AccessKeyId=None, SecretAccessKeyFile=None)
    daemon = kind.daemon("", "", queue + hook.block(Values=True), keys)
    hook.wait_open(daemon, 30)
    sqs.push(hook, 3000, array=5, ca=sqs.ca)
    for status, body, secret in ((401, b"{}", "wrong"), (400, b"garbage", SECRET), (400, b'[{"eventBody":', SECRET)):
        same("the webhook answers with the expected status", hook.post(body, secret)[0], status)
    daemon.lives_until(lambda: not sqs.pushed()["running"], 90, "all events are accepted")
    sqs.feed(200)
    daemon.lives_until(sqs.is_empty, 60, "the queue is empty")
    check("totals equal the truth", not wait_equal(daemon, sqs, 30), wait_equal(daemon, sqs, 0))
    sqs.push(hook, 100_000, ca=sqs.ca)
    wait_until(lambda: sqs.pushed()["accepted"] > 20, 20, "a push under way")
    is_silent(daemon)


def notifications_of_flows_cause_no_report(kind: Kind) -> None:
    """genesys_realtime uses the same channel, whose socket drops; events are in flight at the stop."""
    sim = Simulator(frozen=True, queues=8, agents=8, rate_limit=0)
    sender = FlowSender(sim)
    daemon = kind.daemon(account(sim), queues(), notifications())
    wait_connected(daemon, within_s=60)
    sim.faults({"ws": "drop", "after_events": 1500, "count": 1}, {"ws": "malformed", "at_s": 1, "every_s": 1},
               {"ws": "duplicate", "percent": 10}, {"ws": "fragment", "percent": 10})
    sender.send(4000, per_s=2000)
    sender.wait_sent(daemon)
    sim.faults()
    wait_reconnected(sim, daemon)
    sender.repeat()
    sender.wait_sent(daemon)
    check("totals equal the truth", not wait_equal(daemon, sender, 60), wait_equal(daemon, sender, 0))
    sender.send(20_000, per_s=2000)
    is_silent(daemon)


def a_redis_that_crashes_under_load_causes_no_report(kind: Kind) -> None:
    """A Redis that is down, starts, crashes and restarts under load."""
    if not SERVER:
        raise Skip("redis-server is not installed")
    sqs, redis = Sqs(), Redis(starts=False)
    sqs.feed(2000)
    daemon = kind.daemon("", "", attributes(sqs, StateURL=redis.url, Values=True))
    daemon.says("is Redis running there?", within_s=40)
    redis.start()
    daemon.lives_until(lambda: sqs.queue()["deleted"] > 0, 60, "messages are deleted")
    redis.crash()
    redis.start()
    daemon.lives_until(sqs.is_empty, 90, "the queue is empty")
    check("totals equal the truth", not wait_equal(daemon, sqs, 30), wait_equal(daemon, sqs, 0))
    is_silent(daemon)


def scenario(body: Callable[[Kind], None], kind: Kind) -> Callable[[], None]:
    def run() -> None:
        if not kind.build:
            raise Skip("%s is not set" % kind.variable)
        body(kind)
    run.__name__ = "%s_%s" % (body.__name__, kind.runtime[3:7])
    return run


if __name__ == "__main__":
    kinds = [Kind("libasan.so", "GC_SANITIZED_BUILDDIR"), Kind("libtsan.so", "GC_TSAN_BUILDDIR")]
    bodies = (values_and_a_renewal_cause_no_report, outages_cause_no_report, a_stop_during_the_start_causes_no_report,
              a_stream_with_all_faults_causes_no_report, a_guide_stream_with_all_faults_causes_no_report,
              a_queue_of_flows_with_all_faults_causes_no_report, a_webhook_of_flows_causes_no_report,
              notifications_of_flows_cause_no_report, a_redis_that_crashes_under_load_causes_no_report)
    report.main([scenario(body, kind) for kind in kinds for body in bodies], {"collectd": DAEMON})
