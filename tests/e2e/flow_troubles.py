#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""When disk, state file, SQS or keys fail: is each metric counted, and does the log name the remedy?"""
from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Callable

from lib import process, report
from lib.collectd import DAEMON, STOP_MAX_S, Collectd
from lib.flows import SECRET, Hook, Sqs, attributes, state, wait_equal
from lib.full_disk import full_disk
from lib.gate import Gate
from lib.process import wait_until, watch_for
from lib.report import check, note, same, same_soon, has_line

HERE = Path(__file__).resolve().parent
STATES = HERE.parent / "support" / "states"
EVENTS = 3000
STATE_FILE = "flowmetrics.db"
KEYS_LIFE_S = 44  # the agent fetches new keys after three quarters of this time, at least 30 s
TEMPORARY_TOKEN = "IQoJ"  # beginning of the simulator's session tokens and of AWS's


def drained(daemon: Collectd, sqs: Sqs, within_s: float = 60) -> None:
    daemon.lives_until(sqs.is_empty, within_s, "the queue is empty")


def equal(daemon: Collectd, sqs: Sqs) -> None:
    wrong = wait_equal(daemon, sqs)
    check("totals equal the truth", not wrong, wrong)


def settled(read: Callable[[], int], quiet_s: float = 1.5) -> int:
    """Waits until the number has not changed for `quiet_s`; returns it."""
    last, since = read(), time.monotonic()

    def is_quiet() -> bool:
        nonlocal last, since
        now = read()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since >= quiet_s
    wait_until(is_quiet, 20, "a number that no longer changes")
    return last


def logged_rarely(daemon: Collectd, *parts: str, most: int = 3) -> None:
    """A lasting cause is logged, but not at each attempt."""
    lines = [line for line in daemon.complaints() if all(part in line for part in parts)]
    check("the cause is logged, but not at each attempt (%d lines)" % len(lines), 0 < len(lines) <= most, lines[:5])


# ---- disk and state file ---------------------------------------------------------------------


def a_full_disk_loses_no_message() -> None:
    """The disk fills up under load, then has space again; valid messages must not become dead letters meanwhile."""
    sqs, state_dir = Sqs(), process.folder("state")
    disk = full_disk(state_dir)
    sqs.rules(max_receive_count=3)
    daemon = Collectd("", flows=attributes(sqs), state_dir=state_dir, preload=str(disk.shim), env=disk.env)
    sqs.feed(EVENTS)
    daemon.lives_until(lambda: sqs.queue()["deleted"] > 0, 15, "messages are deleted")
    disk.fill()
    sqs.feed(EVENTS)
    line = daemon.says("genesys_flowmetrics: ", "full", within_s=10)
    has_line("the line names the cause and the file", line, "full", STATE_FILE)
    wait_until(lambda: state(daemon, "source_up", "sqs") == 0, 5, "source_up is 0")
    received = settled(lambda: sqs.queue()["received"])
    watch_for(7)
    same("no message is received while the disk is full", sqs.queue()["received"] - received, 0)
    same("source_up is 0 while the disk is full", {value for _, value in daemon.readings("attributes-ivr", "source_up", "sqs")[-3:]}, {0.0})
    logged_rarely(daemon, "full", most=1)
    disk.empty()
    drained(daemon, sqs)
    equal(daemon, sqs)
    same("no message is a dead letter", sqs.queue()["dead"], 0)
    daemon.stop()


def _damaged(content: bytes, where: str, *words: str) -> None:
    """The state file of a daemon is damaged; the next daemon starts a new one and logs that."""
    sqs, folder = Sqs(), process.folder("state")
    first = Collectd("", flows=attributes(sqs), state_dir=folder)
    sqs.feed(EVENTS)
    drained(first, sqs)
    first.stop()
    path = next(folder.rglob(STATE_FILE))
    with path.open("r+b") as out:
        if where == "whole":
            out.truncate(0)
        else:
            out.seek(4096)  # after the header page
        out.write(content)
    damaged = path.read_bytes()
    second = Collectd("", flows=attributes(sqs), state_dir=folder)
    line = second.says("renamed to", within_s=15)
    has_line("the line is an error and names the file", line, "[error]", STATE_FILE)
    for word in words:
        has_line("the line names the cause", line, word)
    kept = [one for one in folder.rglob(STATE_FILE + ".bad*") if one.read_bytes()[:len(damaged)] == damaged]
    check("the damaged file is kept as it was", len(kept) == 1, list(folder.rglob("*")))
    sqs.call("flow/reset", {})
    sqs.feed(EVENTS, seed=99)
    drained(second, sqs)
    equal(second, sqs)
    second.stop()
    with sqlite3.connect(path) as db:
        same("the new file is intact", db.execute("PRAGMA integrity_check").fetchone()[0], "ok")


def a_corrupt_state_file_is_moved_aside() -> None:
    _damaged(os.urandom(60_000), "behind")


def a_foreign_state_file_is_moved_aside() -> None:
    _damaged(b"this is a letter to grandma\n" * 500, "whole")


def _set_version(path: Path, version: int) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = %d" % version)
    db.commit()
    db.close()


def a_state_file_of_a_newer_version_is_left_alone() -> None:
    """After a downgrade nothing is counted twice: no message is received while the file has an unknown version."""
    newest = max(int(path.stem.split("-")[1]) for path in STATES.glob("flowmetrics-*.sql"))
    sqs, folder = Sqs(), process.folder("state")
    path = folder / STATE_FILE
    db = sqlite3.connect(path)
    db.executescript((STATES / ("flowmetrics-%d.sql" % newest)).read_text(encoding="utf-8"))
    db.close()
    _set_version(path, newest + 1)
    before = path.read_bytes()
    first = Collectd("", flows=attributes(sqs), state_dir=folder)
    sqs.feed(EVENTS)
    line = first.says("genesys_flowmetrics: ", "has version", within_s=30)
    has_line("the line names the versions and the remedy", line, str(path), "has version %d" % (newest + 1), "knows %d" % newest,
          "upgrade the package, or name another StateDir", "untouched")
    wait_until(lambda: state(first, "source_up", "sqs") == 0, 30, "source_up is 0")
    check("collectd runs on", first.program.is_running())
    logged_rarely(first, "has version", most=1)
    took, status = first.stop()
    check("collectd stops in time", took < STOP_MAX_S, took)
    same("collectd ends with status 0", status, 0)
    check("the file is the same, byte for byte", path.read_bytes() == before)
    same("no message is deleted", sqs.queue()["deleted"], 0)

    _set_version(path, newest)  # the release that knows this version
    second = Collectd("", flows=attributes(sqs), state_dir=folder)
    second.lives_until(sqs.is_empty, 90, "the queue is empty")
    db = sqlite3.connect(path)
    same("the newer release counts in the same file", db.execute("SELECT count FROM counters WHERE scope = 'agent1' ORDER BY id").fetchall(),
         [(3,), (7,)])
    db.close()
    equal(second, sqs)
    second.stop()


# ---- SQS --------------------------------------------------------------------------------------


def throttling_loses_no_message() -> None:
    sqs = Sqs()
    sqs.feed(EVENTS)
    sqs.faults({"sqs": "ReceiveMessage", "answer": "ThrottlingException", "skip": 20, "count": 5},
               {"sqs": "ReceiveMessage", "answer": "OverLimit", "skip": 60, "count": 2},
               {"sqs": "DeleteMessageBatch", "answer": "RequestThrottled", "skip": 30, "count": 4})
    daemon = Collectd("", flows=attributes(sqs))
    daemon.says("hrottl")
    drained(daemon, sqs, 90)
    check("each fault occurs", sqs.hits() == 11, sqs.call("sqs/faults"))
    equal(daemon, sqs)
    logged_rarely(daemon, "hrottl")
    daemon.stop()


def an_unreachable_sqs_loses_no_message() -> None:
    """Refused connections, then server errors, then a broken connection."""
    sqs = Sqs()
    gate = Gate(sqs.sqs_port, is_open=False)
    url = sqs.queue_url.replace(":%d/" % sqs.sqs_port, ":%d/" % gate.port)
    sqs.feed(EVENTS)
    daemon = Collectd("", flows=attributes(sqs, QueueURL=url))
    line = daemon.says("connect")
    has_line("the line names block and address", line, "ivr", "127.0.0.1:%d" % gate.port)
    watch_for(2)
    logged_rarely(daemon, "connect", most=1)
    same_soon("source_up is 0 while SQS cannot be reached", lambda: state(daemon, "source_up", "sqs"), 0)
    sqs.faults({"sqs": "*", "answer": "InternalFailure", "count": 4, "skip": 30},
               {"sqs": "*", "answer": "ServiceUnavailable", "count": 4, "skip": 60},
               {"sqs": "*", "answer": 502, "html": True, "count": 2, "skip": 80},
               {"sqs": "*", "answer": "malformed", "count": 2, "skip": 90},
               {"sqs": "*", "answer": "truncate", "count": 2, "skip": 100},
               {"sqs": "*", "answer": "reset", "count": 2, "skip": 110},
               {"sqs": "*", "answer": "empty", "count": 2, "skip": 120})
    gate.open()
    drained(daemon, sqs, 90)
    equal(daemon, sqs)
    wait_until(lambda: state(daemon, "source_up", "sqs") == 1, 10, "source_up again")
    gate.close()
    watch_for(0.5)
    gate.open()
    sqs.feed(500, seed=77)
    drained(daemon, sqs, 60)
    equal(daemon, sqs)
    daemon.stop()


def messages_of_lost_answers_are_received_again() -> None:
    """SQS delivers a message again after its visibility time-out when the answer was lost."""
    sqs = Sqs()
    sqs.faults({"sqs": "ReceiveMessage", "answer": "lost", "count": 5},
               {"sqs": "DeleteMessageBatch", "answer": "lost", "skip": 3, "count": 3})
    sqs.feed(EVENTS)
    daemon = Collectd("", flows=attributes(sqs))
    drained(daemon, sqs, 90)
    check("at least ten messages are received again", sqs.queue()["timed_out"] >= 10, sqs.queue())
    equal(daemon, sqs)
    daemon.stop()


def a_clock_that_aws_refuses_loses_no_message() -> None:
    """This host's clock is 20 minutes behind that of SQS: requests are signed by the clock of SQS, and one line says so."""
    sqs = Sqs()
    sqs.call("aws", {"clock_ahead_s": 1200})
    sqs.feed(300)
    daemon = Collectd("", flows=attributes(sqs))
    daemon.says("clock of SQS", "this host's clock is 1", "s behind that of SQS")
    drained(daemon, sqs)
    equal(daemon, sqs)
    refused = sqs.call("sqs")["credentials"].get("refused InvalidSignatureException", 0)
    check("each of the two consumers is refused once at most (%d)" % refused, 1 <= refused <= 2, sqs.call("sqs")["credentials"])
    same("one line complains", len(daemon.complaints()), 1)
    daemon.stop()


# ---- keys --------------------------------------------------------------------------------------


def _temporary(sqs: Sqs, env: dict[str, str]) -> Collectd:
    return Collectd("", flows=attributes(sqs, AccessKeyId=None, SecretAccessKeyFile=None), env=env)


def _renewed(sqs: Sqs, daemon: Collectd, counter: str) -> None:
    """Keys that live for KEYS_LIFE_S are fetched again before they expire, while messages are received."""
    fed = 0

    def is_fetched_again() -> bool:
        nonlocal fed
        sqs.feed(300, seed=fed)
        fed += 1
        drained(daemon, sqs)
        return sqs.call("sqs")["credentials"].get(counter, 0) >= 2
    wait_until(is_fetched_again, 2 * KEYS_LIFE_S, "the keys are fetched again", 1.0)
    sqs.feed(300, seed=fed)
    drained(daemon, sqs)
    record = sqs.call("sqs")["credentials"]
    check("keys are fetched %d times, and only temporary keys sign" % record.get(counter, 0), "signed by lasting key" not in record, record)
    same("no key is refused", [name for name in record if name.startswith("refused")], [])
    equal(daemon, sqs)
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def keys_of_the_container_are_renewed_before_they_expire() -> None:
    sqs = Sqs()
    sqs.call("aws", {"life_s": KEYS_LIFE_S})
    daemon = _temporary(sqs, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": sqs.aws_container_url,
                              "AWS_CONTAINER_AUTHORIZATION_TOKEN": sqs.aws_container_token})
    _renewed(sqs, daemon, "container")
    same("the log has no token", [w for w in (sqs.aws_container_token,) if w in daemon.text], [])


def keys_of_the_instance_are_renewed_before_they_expire() -> None:
    sqs = Sqs()
    daemon = _temporary(sqs, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:%d" % process.free_port()})
    daemon.says("AWS credentials from the instance metadata", "check the metadata service of AWS", "set AccessKeyId")
    daemon.stop()
    sqs.call("aws", {"life_s": KEYS_LIFE_S})
    _renewed(sqs, _temporary(sqs, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": sqs.aws_imds}), "imds")


def keys_of_the_web_identity_are_renewed_with_its_new_token() -> None:
    """The token's file is replaced before the first renewal, and STS then accepts the second token only."""
    sqs = Sqs()
    sqs.call("aws", {"life_s": KEYS_LIFE_S})
    path = sqs.private("token", sqs.aws_web_identity_token)
    daemon = _temporary(sqs, {"AWS_ROLE_ARN": sqs.aws_role_arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(path),
                              "AWS_ENDPOINT_URL_STS": sqs.aws_sts})
    wait_until(lambda: sqs.call("sqs")["credentials"].get("web_identity"), KEYS_LIFE_S, "the first keys are fetched")
    sqs.call("aws", {"web_identity_token": sqs.aws_web_identity_token + " second.token"})  # a renewal may come in between
    sqs.private("token", "second.token")
    sqs.call("aws", {"web_identity_token": "second.token"})
    _renewed(sqs, daemon, "web_identity")
    same("the log has no token", [w for w in (sqs.aws_web_identity_token, "second.token") if w in daemon.text], [])


def keys_of_the_environment_and_of_the_file_sign_requests() -> None:
    sqs = Sqs()
    made = sqs.call("aws", {"op": "temporary", "life_s": 3600})
    environment = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
                   "AWS_SESSION_TOKEN": made["Token"]}
    path = sqs.private("credentials", "[default]\naws_access_key_id = AKIAWRONG\naws_secret_access_key = x\n[ops]\n"
                       "aws_access_key_id = %s\naws_secret_access_key = %s" % (sqs.aws_access_key_id,
                                                                               sqs.aws_secret_access_key))
    shared = {"AWS_SHARED_CREDENTIALS_FILE": str(path), "AWS_PROFILE": "ops"}
    for turn, env in enumerate((environment, shared)):
        sqs.call("flow/reset", {})
        sqs.feed(200, seed=turn)
        daemon = _temporary(sqs, env)
        drained(daemon, sqs)
        equal(daemon, sqs)
        daemon.stop()
    record = sqs.call("sqs")["credentials"]
    check("temporary and lasting keys are used", record.get("signed by temporary key") and record.get("signed by lasting key"), record)


def keys_that_are_revoked_are_replaced() -> None:
    sqs = Sqs()
    daemon = _temporary(sqs, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": sqs.aws_container_url,
                              "AWS_CONTAINER_AUTHORIZATION_TOKEN": sqs.aws_container_token})
    sqs.feed(500)
    drained(daemon, sqs)
    sqs.call("aws", {"op": "revoke"})
    sqs.feed(500, seed=5)
    drained(daemon, sqs, 40)
    equal(daemon, sqs)
    note("refused requests: %d" % sqs.call("sqs")["credentials"].get("refused ExpiredTokenException", 0))
    daemon.stop()


def secrets_and_customer_data_stay_invisible() -> None:
    """No key is in the log, a file, the command line or a URL after any failure."""
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=attributes(sqs, AccessKeyId=None, SecretAccessKeyFile=None) + hook.block(), level="debug",
                      env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": sqs.aws_container_url,
                           "AWS_CONTAINER_AUTHORIZATION_TOKEN": sqs.aws_container_token})
    hook.wait_open(daemon)
    sqs.feed(EVENTS, garbage=2, malformed=30)
    daemon.lives_until(lambda: sqs.queue()["deleted"] > 500, 20, "messages are deleted")
    for answer in ("malformed", 500, "truncate", "AccessDeniedException", "InvalidSignatureException", "ThrottlingException"):
        sqs.faults({"sqs": "*", "answer": answer, "count": 1})
        wait_until(lambda: sqs.hits() == 1, 60, "fault %s" % answer)
    hook.post(b'{"eventBody":{"conversationId":"customer-4711","attributes":{"aMetric_b(x)":"+4930123456789"', SECRET)
    hook.post(b"{}", "wrong-secret-of-somebody")
    body = sqs.call("flow/set", {"flow": "F", "metric": "M", "value": "424242", "return": True})["bodies"][0]
    same("the webhook answers 200", hook.post(body.encode())[0], 200)
    conversation = json.loads(body)["detail"]["eventBody"]["conversationId"]
    unseen = [SECRET, sqs.aws_container_token, "wrong-secret-of-somebody", "customer-4711", "+4930123456789", "0-000000",
              conversation, "424242", TEMPORARY_TOKEN]
    given = sqs.call("sqs")
    same("no URL has a secret", given["requests"]["secrets_in_urls"], [])
    check("the container's keys are used", given["credentials"].get("signed by temporary key"), given["credentials"])
    same("no secret and no customer data is visible outside", daemon.leaks(*unseen), [])
    took, _ = daemon.stop()
    check("collectd stops in time (%.2f s)" % took, took < STOP_MAX_S)
    same("the log has no secret after the stop", [text for text in unseen if text in daemon.text], [])


if __name__ == "__main__":
    report.main([a_full_disk_loses_no_message, a_corrupt_state_file_is_moved_aside, a_foreign_state_file_is_moved_aside,
                 a_state_file_of_a_newer_version_is_left_alone, throttling_loses_no_message,
                 an_unreachable_sqs_loses_no_message, a_clock_that_aws_refuses_loses_no_message, messages_of_lost_answers_are_received_again,
                 keys_of_the_container_are_renewed_before_they_expire,
                 keys_of_the_instance_are_renewed_before_they_expire,
                 keys_of_the_web_identity_are_renewed_with_its_new_token,
                 keys_of_the_environment_and_of_the_file_sign_requests, keys_that_are_revoked_are_replaced,
                 secrets_and_customer_data_stay_invisible], {"collectd": DAEMON})
