#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is each flow metric counted once, through each source, and how soon is it dispatched?

GC_EVENTS is the number of attribute events (100,000). A fifth of the events is repeated, and their order is random.
"""
from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

from lib import process, report
from lib.collectd import DAEMON, Collectd
from lib.flows import Hook, Sqs, attributes, differences, scraped, state, totals, wait_equal, wanted
from lib.process import wait_until, watch_for
from lib.report import Skip, check, note, same

EVENTS = int(os.environ.get("GC_EVENTS", "100000"))
TIMEOUT_S = 60 + EVENTS / 1000
SMALL = 4000
INTERVAL_S = 1.0


def drained(daemon: Collectd, sqs: Sqs, within_s: float = TIMEOUT_S) -> float:
    """Waits until the queue is empty; returns the seconds."""
    began = time.monotonic()
    daemon.lives_until(sqs.is_empty, within_s, "the queue is empty")
    return time.monotonic() - began


def equal(daemon: Collectd, sqs: Sqs, **how: str) -> None:
    record = sqs.truth()
    wrong = wait_equal(daemon, sqs, **how)  # type: ignore[arg-type]
    check("totals of %d series, %d metrics equal the truth" % (record["series"], record["total"]), not wrong, wrong)


def telemetry_equals_the_queue(daemon: Collectd, sqs: Sqs) -> None:
    """Compares the block's telemetry with the queue's counters. Three answers about deletions and three answers with messages
    are lost, of ten messages each at most. The block repeats a lost deletion, and a partial failure may refuse the repeated
    one, so the queue may have deleted more messages than the block counts."""
    record = sqs.queue()
    deleted = record["deleted"] + record["deletes_in_vain"]
    wait_until(lambda: deleted - 30 <= (state(daemon, "sqs_messages", "deleted") or 0) <= deleted, 5,
               "sqs_messages-deleted is about %d" % deleted)
    same("source_up is 1 and queue_lag has a value", (state(daemon, "source_up", "sqs"), state(daemon, "queue_lag", "sqs") is None),
         (1, False))
    check("received messages equal the queue's, less the lost answers (%s of %d)" % (state(daemon, "sqs_messages", "received"), record["received"]),
          record["received"] - 60 <= (state(daemon, "sqs_messages", "received") or 0) <= record["received"])
    again = state(daemon, "events", "duplicate") or 0
    check("the duplicates are counted", again > EVENTS / 2, again)
    check("events without a metric are skipped", (state(daemon, "events", "skipped") or 0) > EVENTS / 50)


def totals_equal_the_truth_through_sqs() -> None:
    """The queue repeats messages, loses answers and fails parts of batches."""
    sqs, port = Sqs(), process.free_port()
    sqs.rules(redeliver_percent=2, redeliver_s=2, twice_percent=2)
    sqs.faults({"sqs": "ReceiveMessage", "answer": "lost", "skip": 50, "count": 3},
               {"sqs": "DeleteMessageBatch", "answer": "partial", "percent": 30, "skip": 20, "count": 200},
               {"sqs": "DeleteMessageBatch", "answer": "lost", "count": 3})
    sqs.feed(EVENTS)
    more = '<Plugin write_prometheus>\n  Host "127.0.0.1"\n  Port "%d"\n</Plugin>\n' % port
    daemon = Collectd("", flows=attributes(sqs), load=("write_prometheus",), more=more)
    took = drained(daemon, sqs)
    record = sqs.queue()
    note("%d messages, %d received, in %.1f s: %.0f/s; %d MB at most" % (
        record["sent"], record["received"], took, record["received"] / took, daemon.memory_kb() // 1024))
    check("some messages are received again", record["received"] > record["sent"], record)
    equal(daemon, sqs)
    record = sqs.truth()
    wait_until(lambda: state(daemon, "events", "counted") == record["total"], 5, "events-counted is the truth")
    telemetry_equals_the_queue(daemon, sqs)
    truth = wanted(record)
    wait_until(lambda: not differences(truth, scraped(port)), 5, "prometheus")
    same("the totals of write_prometheus equal the truth", differences(truth, scraped(port)), [])
    same("the log has no errors", [line for line in daemon.complaints() if "[error]" in line], [])
    daemon.stop()


def totals_equal_the_truth_through_another_sqs() -> None:
    """FAUXQS_DIR names a folder where `npm install fauxqs` was run: an independent SQS."""
    node, folder = process.program("node"), Path(os.environ.get("FAUXQS_DIR", "-"))
    if not node or not (folder / "node_modules/fauxqs").is_dir():
        raise Skip("no node, or FAUXQS_DIR names no fauxqs")
    port, sqs = process.free_port(), Sqs()
    # Its URLs name sqs.REGION.localhost; our URL must have a loopback address.
    script = ('import { buildApp } from "fauxqs"; import { SqsStore } from "%s/node_modules/fauxqs/dist/sqs/sqsStore.js";'
              'SqsStore.prototype.buildQueueUrl = (name) => "http://127.0.0.1:%d/000000000000/" + name;'
              'await buildApp({ logger: false }).listen({ port: %d, host: "127.0.0.1" });' % (folder.resolve(), port, port))
    other = process.Program([node, "--input-type=module", "-e", script], cwd=folder)
    wait_until(lambda: process.listens(port) or not other.is_running(), 20, "fauxqs listens")
    queue: dict[str, str] = {}

    def ask(action: str, **members: Any) -> Any:
        body = json.dumps({**queue, **members}).encode()
        request = urllib.request.Request("http://127.0.0.1:%d/" % port, body, {"X-Amz-Target": "AmazonSQS." + action,
                                                     "Content-Type": "application/x-amz-json-1.0"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def left() -> int:
        record = ask("GetQueueAttributes", AttributeNames=["All"])["Attributes"]
        return int(record["ApproximateNumberOfMessages"]) + int(record["ApproximateNumberOfMessagesNotVisible"])
    queue.update(ask("CreateQueue", QueueName="genesys"))
    sqs.feed(2000)
    bodies = [re.sub("[\U00010000-\U0010ffff]", lambda c: json.dumps(c[0])[1:-1], body)  # which fauxqs refuses
              for body in sqs.call("sqs/messages?limit=2000")["bodies"]]
    for at in range(0, len(bodies), 10):
        entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[at:at + 10])]
        sent = ask("SendMessageBatch", Entries=entries)
        if len(sent["Successful"]) != len(entries):
            raise RuntimeError("fauxqs: %s" % sent)
    daemon = Collectd("", flows=attributes(sqs, QueueURL=queue["QueueUrl"], AWSRegion="us-east-1"))
    daemon.lives_until(lambda: left() == 0, 60, "the queue is empty")
    equal(daemon, sqs)
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def totals_equal_the_truth_through_the_webhook() -> None:
    sqs = Sqs(tls=True)
    hook = Hook(sqs, tls=True)
    daemon = Collectd("", flows=hook.block())
    hook.wait_open(daemon)
    began = time.monotonic()
    sqs.push(hook, EVENTS, array=25, concurrency=8, ca=sqs.ca)
    daemon.lives_until(lambda: not sqs.pushed()["running"], TIMEOUT_S, "the push has ended")
    took, record = time.monotonic() - began, sqs.pushed()
    note("%d events in %.1f s: %.0f/s; answers %s; ms %s" % (record["accepted"], took, record["accepted"] / took,
                                                             record["statuses"], record["latency_ms"]))
    same("all events are accepted, and none is dead", (record["accepted"], record["dead"]), (EVENTS, 0))
    equal(daemon, sqs)
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def single_events_through_the_webhook_are_counted() -> None:
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block())
    hook.wait_open(daemon)
    sqs.push(hook, SMALL, concurrency=16)
    daemon.lives_until(lambda: not sqs.pushed()["running"], TIMEOUT_S, "the push has ended")
    record = sqs.pushed()
    note("16 at once: ms until the answer %s" % record["latency_ms"])
    same("all events are accepted, and none is dead", (record["accepted"], record["dead"]), (SMALL, 0))
    equal(daemon, sqs)
    daemon.stop()


def messages_that_are_no_events_become_dead_letters() -> None:
    """Messages that are no events stay in the queue until its dead-letter policy removes them; all others are counted."""
    sqs = Sqs()
    sqs.rules(max_receive_count=2)
    sqs.feed(SMALL, sns=25, bare=25, socket=25, garbage=0.5, late=3, noise=10, malformed=10, escapes=50)
    daemon = Collectd("", flows=attributes(sqs))
    drained(daemon, sqs)
    truth, record = sqs.truth(), sqs.queue()
    check("the queue had messages that are no events", truth["garbage"] > 5, truth["garbage"])
    bodies = sqs.call("sqs/messages?queue=genesys-dead&limit=1000")["bodies"]
    check("only messages that are no events are dead letters (%d)" % len(bodies), bodies and all(not _is_event(body) for body in bodies))
    same("each message is deleted or a dead letter", record["deleted"] + record["dead"], record["sent"])
    equal(daemon, sqs)
    check("some events are late", truth["late"] > 20, truth["late"])
    daemon.stop()


def _is_event(body: str) -> bool:
    return body.startswith('{"') and body.endswith("}") and body.count("{") == body.count("}")


def values_are_summed() -> None:
    sqs = Sqs()
    sqs.feed(SMALL)
    daemon = Collectd("", flows=attributes(sqs, Values=True))
    drained(daemon, sqs)
    equal(daemon, sqs)
    wrong = wait_equal(daemon, sqs, kind="flow_metric_value", member="sum")
    wrong = [line for line in wrong if "is None, wanted 0" not in line]
    check("sums of the values equal the truth", not wrong, wrong)
    check("more than 50 series have sums", len(totals(daemon, "flow_metric_value")) > 50)
    daemon.stop()


def each_consumer_keeps_one_long_poll() -> None:
    """Each consumer keeps a long poll open while the queue is empty; then the consumers share the messages."""
    sqs = Sqs()
    daemon = Collectd("", flows=attributes(sqs, Consumers=5))
    daemon.lives_until(lambda: sqs.call("sqs")["polls"].get("now") == 5, 30, "five long polls")
    sqs.feed(SMALL)
    drained(daemon, sqs)
    equal(daemon, sqs)
    polls = sqs.call("sqs")["polls"]
    same("at most five polls run at a time", polls["most"], 5)
    daemon.stop()


def a_value_is_dispatched_soon_after_its_attribute() -> None:
    """Measures the time from the setting of an attribute to the dispatched value."""
    sqs = Sqs()
    daemon = Collectd("", flows=attributes(sqs), interval=INTERVAL_S)
    daemon.lives_until(lambda: sqs.call("sqs")["polls"].get("now"), 15, "a long poll")
    moments: list[float] = []

    def set_one() -> None:
        moments.append(sqs.call("flow/set", {"flow": "Main Menu", "metric": "Calls"})["now_ms"] / 1000)

    def all_counted() -> bool:
        return daemon.latest("Main Menu", "flow_metric", "Calls") == len(moments)
    set_one()
    wait_until(all_counted, 10, "the first value")
    for _ in range(300):
        set_one()
        watch_for(0.03)
    wait_until(all_counted, 10, "all values")
    rows = daemon.readings("Main Menu", "flow_metric", "Calls")
    waits = [next(at for at, value in rows if value > number) - moment for number, moment in enumerate(moments)]
    first, waits = waits[0], sorted(waits[1:])
    p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    note("attribute to dispatched value: p50 %.2f s, p99 %.2f s, max %.2f s; the first value, which follows a 0, %.2f s "
         "(interval %g s)" % (p50, p99, waits[-1], first, INTERVAL_S))
    check("p99 is below three times the sum of a second and the interval", p99 < 3 * (1 + INTERVAL_S), p99)
    daemon.stop()


if __name__ == "__main__":
    report.main([totals_equal_the_truth_through_sqs, totals_equal_the_truth_through_another_sqs,
                 totals_equal_the_truth_through_the_webhook, single_events_through_the_webhook_are_counted,
                 messages_that_are_no_events_become_dead_letters, values_are_summed, each_consumer_keeps_one_long_poll,
                 a_value_is_dispatched_soon_after_its_attribute], {"collectd": DAEMON})
