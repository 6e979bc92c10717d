#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the webhook count correctly, safely and independently of bad clients?"""
from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from typing import Callable

from lib import process, report
from lib.collectd import DAEMON, Collectd
from lib.flows import SECRET, Hook, Sqs, wait_equal
from lib.process import wait_until
from lib.report import check, note, same, has_line

EVENTS = 20_000
BODY_MAX = 65_536


def event(sqs: Sqs, flow: str = "Main Menu", metric: str = "Calls") -> bytes:
    return sqs.call("flow/set", {"flow": flow, "metric": metric, "return": True})["bodies"][0].encode()


def equal(daemon: Collectd, sqs: Sqs) -> None:
    wrong = wait_equal(daemon, sqs)
    check("totals equal the truth", not wrong, wrong)


# ---- statuses --------------------------------------------------------------------------------


def each_request_gets_its_status() -> None:
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block(MaxBody=BODY_MAX), level="debug")
    hook.wait_open(daemon)
    good = event(sqs)
    same("an event is answered 200", hook.post(good)[0], 200)
    same("a repeated event is answered 200", hook.post(good)[0], 200)
    same("an array is answered 200", hook.post(b"[" + event(sqs, metric="A") + b"," + event(sqs, metric="B") + b"]")[0], 200)
    same("an event without a metric is answered 200", hook.post(b'{"eventBody":{"conversationId":"c","attributes":{"a":"b"}}}')[0], 200)
    unseen = good.replace(b"conversationId\":\"", b"conversationId\":\"x")
    same("a wrong secret is answered 401", hook.post(unseen, "wrong")[0], 401)
    same("a prefix of the secret is answered 401", hook.post(unseen, SECRET[:-1])[0], 401)
    same("a missing secret is answered 401", hook.post(unseen, None)[0], 401)
    same("another path is answered 404", hook.post(unseen, path="/other")[0], 404)
    same("another method is answered 405", hook.post(unseen, method="PUT")[0], 405)
    same("a body that is too large is answered 413", hook.post(unseen + b" " * BODY_MAX)[0], 413)
    same("a large body with a wrong secret is answered 401", hook.post(unseen + b" " * BODY_MAX, "wrong")[0], 401)
    for body in (b"not JSON", b"", b"[1,2", b"\xff\xfe", b"{" * 5000):
        same("garbage %r is answered 400" % body[:9], hook.post(body)[0], 400)
    daemon.says("no events", "is no event")
    same("a compressed body is answered 415", hook.post(gzip.compress(unseen), headers={"Content-Encoding": "gzip"})[0], 415)
    for when in ("2023-02-30T08:18:04.568Z", "2024-04-01T24:61:04.000Z", "2024-04-01T08:18:04", "04/01/2024 08:18"):
        body = json.dumps({"eventBody": {"conversationId": "u", "attributes": {"ReturnsMetric_Zero(%s)" % when: "1"}}})
        same("the time %s is answered 400" % when, hook.post(body.encode())[0], 400)
    line = daemon.says("unread times", "of the form")
    check("the line shows the form of the time, not its value", '"9999-99-99T99:99:99.999Z"' in line and "02-30" not in line, line)
    equal(daemon, sqs)
    same("no secret is visible outside", daemon.leaks(SECRET), [])
    check("the log has no customer data", "+4930123456789" not in daemon.text and "0-000000" not in daemon.text)
    daemon.stop()


def an_answer_follows_the_commit() -> None:
    """Events answered with 200 survive kill -9 at any moment."""
    sqs, state = Sqs(), process.folder("state")
    hook = Hook(sqs)
    first = Collectd("", flows=hook.block(), state_dir=state, interval=60)
    hook.wait_open(first)
    for _ in range(20):
        same("the webhook answers 200", hook.post(event(sqs))[0], 200)
    os.kill(first.program.pid, 9)
    first.program.wait(5)
    second = Collectd("", flows=hook.block(), state_dir=state)
    equal(second, sqs)
    second.stop()


# ---- bad clients -----------------------------------------------------------------------------


class Bad:
    """Clients that misbehave repeatedly until stop()."""

    def __init__(self, hook: Hook) -> None:
        self.hook, self.ends = hook, threading.Event()
        self.counts: dict[str, int] = {}
        actions: list[Callable[[], None]] = [self.slow, self.slow, self.mute, self.huge, self.wrong, self.garbage,
                                           self.leaves, self.half, self.no_http]
        self._threads = [threading.Thread(target=self._go, args=(action,), daemon=True) for action in actions]
        for thread in self._threads:
            thread.start()

    def _go(self, action: Callable[[], None]) -> None:
        while not self.ends.is_set():
            try:
                action()
            except OSError:
                pass
            self.counts[action.__name__] = self.counts.get(action.__name__, 0) + 1

    def stop(self) -> None:
        self.ends.set()
        for thread in self._threads:
            thread.join(15)

    def _open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.hook.port), timeout=12)

    def _head(self, length: int, secret: str = SECRET) -> bytes:
        return ("POST /genesys HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s: %s\r\n"
                "Content-Length: %d\r\n\r\n" % (self.hook.header, secret, length)).encode()

    def slow(self) -> None:
        """Sends a byte each tenth of a second."""
        with self._open() as s:
            for byte in self._head(1000) + b"x" * 1000:
                if self.ends.wait(0.1):
                    return
                s.sendall(bytes([byte]))

    def mute(self) -> None:
        with self._open() as s:
            s.sendall(self._head(100))
            while not self.ends.is_set() and s.recv(100):
                pass

    def huge(self) -> None:
        with self._open() as s:
            s.sendall(self._head(10 ** 9))
            for _ in range(200):
                s.sendall(b" " * 65_536)

    def wrong(self) -> None:
        self.hook.post(b'{"eventBody":{}}', "wrong")

    def garbage(self) -> None:
        self.hook.post(os.urandom(3000))

    def leaves(self) -> None:
        """Disconnects in the middle of its body."""
        with self._open() as s:
            s.sendall(self._head(5000) + b'{"eventBody":')

    def half(self) -> None:
        """Sends an array whose second event is cut off: no event of the array may count."""
        name = time.strftime("HalfMetric_X(%Y-%m-%dT%H:%M:%S.000Z)", time.gmtime())
        self.hook.post(b'[{"eventBody":{"conversationId":"h","attributes":{"%s":"1"}}},{"ev' % name.encode())

    def no_http(self) -> None:
        with self._open() as s:
            s.sendall(b"\x16\x03\x01" + os.urandom(200) + b"\r\n\r\n")
            s.recv(1000)


def bad_clients_do_not_disturb_good_ones() -> None:
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block(MaxBody=BODY_MAX))
    hook.wait_open(daemon)
    bad = Bad(hook)
    began = time.monotonic()
    sqs.push(hook, EVENTS, array=10, concurrency=6)
    daemon.lives_until(lambda: not sqs.pushed()["running"], 90, "the push has ended")
    record, took = sqs.pushed(), time.monotonic() - began
    wait_until(lambda: len(bad.counts) >= 8, 15, "each bad client has run")
    bad.stop()
    note("%d events in %.1f s among %s; answers %s; ms %s" % (record["accepted"], took, bad.counts, record["statuses"],
                                                             record["latency_ms"]))
    same("all events are accepted, and none is dead", (record["accepted"], record["dead"]), (EVENTS, 0))
    equal(daemon, sqs)
    check("memory is bounded (%d MB)" % (daemon.memory_kb() // 1024), daemon.memory_kb() < 200_000)
    check("the log has few complaints (%d)" % len(daemon.complaints()), len(daemon.complaints()) < 12, daemon.complaints()[:12])
    took, status = daemon.stop()
    check("collectd stops in time (%.2f s)" % took, took < 2 and status == 0, (took, status))


def idle_connections_do_not_block_a_client() -> None:
    """Hundreds of idle connections do not keep a good client out."""
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block())
    hook.wait_open(daemon)
    idle = []
    for _ in range(400):
        try:
            idle.append(socket.create_connection(("127.0.0.1", hook.port), timeout=2))
        except OSError:
            break
    began = time.monotonic()
    sqs.push(hook, 200, concurrency=4)
    daemon.lives_until(lambda: not sqs.pushed()["running"], 60, "the push has ended")
    note("%d idle connections; 200 events after %.1f s" % (len(idle), time.monotonic() - began))
    same("all events are accepted, and none is dead", (sqs.pushed()["accepted"], sqs.pushed()["dead"]), (200, 0))
    equal(daemon, sqs)
    for one in idle:
        one.close()
    daemon.stop()


# ---- configuration -----------------------------------------------------------------------------


def a_public_address_needs_secret_or_tls() -> None:
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block(Listen="0.0.0.0", SharedSecretFile=None))
    daemon.program.wait(10)
    has_line("the line names the missing options", daemon.text, "[error]", "Listen", "0.0.0.0", "SharedSecretFile", "TLSCert")
    daemon = Collectd("", flows=hook.block(Listen="0.0.0.0"))
    hook.wait_open(daemon)
    has_line("the log has a warning about Listen", daemon.text, "[warning]", "Listen", "0.0.0.0", "TLSCert")
    same("the webhook answers 200", hook.post(event(sqs))[0], 200)
    daemon.stop()


def only_the_configured_address_listens() -> None:
    """All of 127.0.0.0/8 is this host: a listener on every address accepts connections to 127.0.0.2 as well."""
    def refuses(address: str) -> bool:
        try:
            socket.create_connection((address, hook.port), timeout=2).close()
        except ConnectionRefusedError:
            return True
        return False
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block(Listen=None))
    hook.wait_open(daemon)
    same("127.0.0.1 accepts connections and 127.0.0.2 refuses them", (refuses("127.0.0.1"), refuses("127.0.0.2")), (False, True))
    daemon.stop()
    daemon = Collectd("", flows=hook.block(Listen="0.0.0.0"))
    hook.wait_open(daemon)
    same("a listener on every address accepts connections to 127.0.0.2", refuses("127.0.0.2"), False)
    daemon.stop()


def a_port_in_use_is_named() -> None:
    sqs = Sqs()
    hook = Hook(sqs)
    with socket.create_server(("127.0.0.1", hook.port)):
        daemon = Collectd("", flows=hook.block())
        line = daemon.says(str(hook.port))
        has_line("the line names the cause", line, "in use")
        daemon.stop()


def a_client_certificate_is_required() -> None:
    """EventBridge has no client certificate; a gateway may have one."""
    sqs = Sqs(tls=True)
    hook = Hook(sqs, tls=True)
    daemon = Collectd("", flows=hook.block(TLSClientCA=sqs.client_ca))
    hook.wait_open(daemon)
    try:
        status = hook.post(event(sqs))[0]
    except OSError:
        status = 0
    check("a request without a certificate is refused: %d" % status, status in (0, 401, 403), status)
    sqs.call("flow/reset", {})
    sqs.push(hook, 300, ca=sqs.ca, cert=sqs.client_cert, key=sqs.client_key)
    daemon.lives_until(lambda: not sqs.pushed()["running"], 30, "the push has ended")
    same("all events with a certificate are accepted", sqs.pushed()["accepted"], 300)
    equal(daemon, sqs)
    left_s = daemon.latest("attributes-hook", "certificate_lifetime", "tls_cert") or 0
    check("certificate_lifetime is above 0", left_s > 0, left_s)
    daemon.stop()


if __name__ == "__main__":
    report.main([each_request_gets_its_status, an_answer_follows_the_commit, bad_clients_do_not_disturb_good_ones,
                 idle_connections_do_not_block_a_client, a_public_address_needs_secret_or_tls,
                 only_the_configured_address_listens, a_port_in_use_is_named, a_client_certificate_is_required],
                {"collectd": DAEMON})
