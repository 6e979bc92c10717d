#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each mistake in a block of flow metrics cause one line with the mistake, its place and the remedy?"""
from __future__ import annotations

from typing import Any, Callable

from lib import process, report
from lib.collectd import DAEMON, Collectd
from lib.flows import SECRET, Hook, Sqs, attributes, notifications, wait_equal
from lib.process import wait_until, watch_for
from lib.report import check, same, has_line

Changes = dict[str, Any]

# Changes of a valid block, and the parts of the one line about each; collectd ends with status 1.
QUEUE: list[tuple[Changes, tuple[str, ...]]] = [
    ({"Source": "kafka"}, ("Source", "kafka", "sqs", "webhook")),
    ({"QueueURL": None}, ("QueueURL", "missing")),
    ({"QueueURL": "http://sqs.eu-west-1.amazonaws.com/123456789012/q"}, ("QueueURL", "loopback", "https")),
    ({"QueueURL": "ftp://127.0.0.1/123456789012/q"}, ("QueueURL", "ftp://")),
    ({"AWSRegion": "Europe"}, ("AWSRegion", "Europe", "eu-west-1")),
    ({"AWSRegion": None}, ("AWSRegion", "missing")),
    ({"SecretAccessKeyFile": None}, ("AccessKeyId", "SecretAccessKeyFile")),
    ({"Consumers": 0}, ("Consumers", "0", "1", "32")),
    ({"VisibilityTimeout": 2}, ("VisibilityTimeout", "2", "5", "43200")),
    ({"Retention": "two weeks"}, ("Retention", "two weeks", "PT1H")),
    ({"Retention": "PT1M"}, ("Retention", "PT1M", "PT1H")),
    ({"AttributeFormat": "%{flow}Metric_%{metric}"}, ("AttributeFormat", "%{time}")),
    ({"AttributeFormat": "%{flow}%{metric}(%{time})"}, ("AttributeFormat", "between")),
    ({"AttributeFormat": "%{flow}-%{metric}-%{day}"}, ("AttributeFormat", "%{day}")),
    ({"MaxSeries": "many"}, ("MaxSeries", "many")),
    ({"Valuse": True}, ("Valuse",)),
    ({"StateURL": "redis://:pass-of-somebody@h/0"}, ("StateURL", "StatePasswordFile")),
    ({"StateURL": "memcached://h"}, ("StateURL", "memcached://h", "redis://HOST:PORT/DB")),
    ({"StateURL": "redis://h:6379/zero"}, ("StateURL", "expected /DATABASE")),
    ({"StateURL": "redis://h", "StateUser": "gc"}, ("StateUser", "StatePasswordFile")),
    ({"StatePasswordFile": "/etc/secret"}, ("StatePasswordFile", "StateURL")),
]
WEBHOOK: list[tuple[Changes, tuple[str, ...]]] = [
    ({"Path": "genesys"}, ("Path", "/")),
    ({"Port": 70_000}, ("Port", "70000", "65535")),
    ({"MaxBody": 10}, ("MaxBody", "10")),
    ({"TLSKey": "/tmp/key.pem"}, ("TLSKey", "TLSCert")),
    ({"SharedSecretHeader": "X Key:"}, ("SharedSecretHeader",)),
]


def _ends(text: str, block: str, parts: tuple[str, ...]) -> None:
    daemon = Collectd("", flows=text)
    wait_until(lambda: not daemon.program.is_running(), 10, "the end of collectd with %s" % (parts,))
    status = daemon.program.wait(2)
    lines = [line for line in daemon.program.matching("[error]", "genesys_flowmetrics")]
    check("the log has one line about %s" % " ".join(parts), len(lines) == 1, daemon.text)
    has_line("the line names plugin, block and %s" % " ".join(parts), "\n".join(lines), "genesys_flowmetrics", '"%s"' % block, *parts)
    same("collectd ends with status 1", status, 1)


def each_mistake_of_a_queue_ends_collectd_with_one_line() -> None:
    sqs = Sqs()
    for changes, parts in QUEUE:
        _ends(attributes(sqs, **changes), "ivr", parts)


def blocks_with_different_states_are_refused() -> None:
    sqs = Sqs()
    _ends(attributes(sqs) + attributes(sqs, "second", StateURL="unix:///run/redis"), "second", ("StateURL", '"ivr"', "share"))


def each_mistake_of_a_webhook_ends_collectd_with_one_line() -> None:
    sqs = Sqs()
    for changes, parts in WEBHOOK:
        _ends(Hook(sqs).block(**changes), "hook", parts)


def notifications_without_an_account_are_refused() -> None:
    _ends(notifications(Account=None), "ivr", ("notifications", "Account", "missing"))


def an_undefined_account_is_named_and_collectd_runs_on() -> None:
    """init detects the mistake: it logs one line, and collectd runs on."""
    sqs = Sqs()
    for block in (attributes(sqs, Account="prod"), notifications()):
        daemon = Collectd("", flows=block)
        daemon.says("[error]", "genesys_flowmetrics", '"ivr"', '"prod"')
        check("collectd runs on", daemon.program.is_running())
        daemon.stop()


def files_that_cannot_be_read_are_named() -> None:
    """collectd runs on, because the file may appear later."""
    sqs = Sqs()
    for block, parts in ((attributes(sqs, SecretAccessKeyFile="/nowhere/aws.key"), ("/nowhere/aws.key",)),
                         (Hook(sqs).block(SharedSecretFile="/nowhere/secret"), ("/nowhere/secret",)),
                         (Hook(sqs).block(TLSCert="/nowhere/cert.pem"), ("/nowhere/cert.pem",))):
        daemon = Collectd("", flows=block)
        try:
            wait_until(lambda: daemon.program.matching("[error]", *parts) or not daemon.program.is_running(), 10, "a line")
        except process.Late:
            pass
        has_line("the line names the file", daemon.text, "[error]", "genesys_flowmetrics", *parts)
        if daemon.program.is_running():
            daemon.stop()


def a_secret_file_that_comes_later_loses_no_event() -> None:
    """Until the file is there the webhook answers 503, after which the sender repeats its events; a 401 would discard them."""
    sqs = Sqs()
    hook = Hook(sqs)
    path = sqs.folder / "later"
    daemon = Collectd("", flows=hook.block(SharedSecretFile=path))
    hook.wait_open(daemon)
    sqs.push(hook, 50)
    wait_until(lambda: sqs.pushed()["retries"] > 5, 10, "events that are sent again")
    same("all answers before the secret file are 503", list(sqs.pushed()["statuses"]), ["503"])
    sqs.private("later", SECRET)
    wait_until(lambda: not sqs.pushed()["running"], 20, "the push has ended")
    same("all events are accepted, and none is dead", (sqs.pushed()["accepted"], sqs.pushed()["dead"]), (50, 0))
    same("the totals equal the truth", wait_equal(daemon, sqs), [])
    check("the log has one line", len(daemon.complaints()) == 1, daemon.complaints())
    daemon.stop()


# ---- refusals of SQS -----------------------------------------------------------------------------


def _one_line(changes: dict[str, Callable[[Sqs], Any]], step: dict[str, Any], *parts: str) -> None:
    sqs = Sqs()
    if step:
        sqs.faults(step)
    daemon = Collectd("", flows=attributes(sqs, **{name: value(sqs) for name, value in changes.items()}))
    daemon.says(*parts, within_s=15)
    watch_for(1.5)
    lines = [line for line in daemon.complaints() if parts[0] in line]
    check("the log has one line about %s" % " … ".join(parts), len(lines) == 1, lines)
    same("no secret is visible outside", daemon.leaks(sqs.aws_secret_access_key), [])
    check("collectd runs on", daemon.program.is_running())
    daemon.stop()


def a_wrong_secret_of_aws_causes_one_line() -> None:
    _one_line({"SecretAccessKeyFile": lambda sqs: sqs.private("wrong", "wrongSecretKey")}, {},
               "InvalidSignature", "secret access key", "clock")


def an_unknown_key_causes_one_line() -> None:
    _one_line({"AccessKeyId": lambda _: "AKIANOBODYKNOWSME000"}, {}, "UnrecognizedClient", "AccessKeyId")


def a_missing_queue_causes_one_line() -> None:
    _one_line({"QueueURL": lambda sqs: sqs.queue_url + "-typo"}, {}, "QueueDoesNotExist", "QueueURL")


def a_missing_permission_causes_one_line() -> None:
    _one_line({}, {"sqs": "ReceiveMessage", "answer": "AccessDeniedException"}, "sqs:ReceiveMessage")


if __name__ == "__main__":
    report.main([each_mistake_of_a_queue_ends_collectd_with_one_line, blocks_with_different_states_are_refused,
                 each_mistake_of_a_webhook_ends_collectd_with_one_line, notifications_without_an_account_are_refused,
                 an_undefined_account_is_named_and_collectd_runs_on, files_that_cannot_be_read_are_named,
                 a_secret_file_that_comes_later_loses_no_event, a_wrong_secret_of_aws_causes_one_line,
                 an_unknown_key_causes_one_line, a_missing_queue_causes_one_line, a_missing_permission_causes_one_line],
                {"collectd": DAEMON})
