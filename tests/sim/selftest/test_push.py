# SPDX-License-Identifier: MIT
"""The pusher against a webhook with changing answers."""
from __future__ import annotations

import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .sqs_client import Sqs
from .support import BUSY_S, wait_for
from .test_flow_events import counted


class Webhook(ThreadingHTTPServer):
    """Answers with the given statuses, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.lock = threading.Lock()
        self.statuses: list[int] = []
        self.accepted: list[bytes] = []
        self.heads: list[Any] = []
        self.at_once = self.max_at_once = 0
        self.pause_s = 0.0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return "http://127.0.0.1:%d/genesys" % self.server_address[1]


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Webhook

    def do_POST(self) -> None:  # noqa: N802
        hook, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        with hook.lock:
            hook.at_once += 1
            hook.max_at_once = max(hook.max_at_once, hook.at_once)
            status = hook.statuses.pop(0) if hook.statuses else 200
            hook.heads.append((self.path, self.headers))
            if status == 200:
                hook.accepted.append(body)
        threading.Event().wait(hook.pause_s)
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()
        with hook.lock:
            hook.at_once -= 1

    def log_message(self, *_: Any) -> None:
        pass


class Push(unittest.TestCase):
    sqs: Sqs

    @classmethod
    def setUpClass(cls) -> None:
        cls.sqs = Sqs()
        cls.addClassCleanup(cls.sqs.close)

    def setUp(self) -> None:
        self.sqs.sim("flow/reset", {})
        self.hook = Webhook()
        self.addCleanup(self.hook.server_close)
        self.addCleanup(self.hook.shutdown)

    def push(self, **given: Any) -> Any:
        self.sqs.sim("push", {"url": self.hook.url, "first_pause_ms": 10, **given})
        wait_for(lambda: not self.sqs.sim("push")["running"])
        return self.sqs.sim("push")

    def events(self) -> list[str]:
        """The events of the accepted bodies, one by one."""
        found = []
        for body in self.hook.accepted:
            whole = json.loads(body)
            found += [json.dumps(one) for one in (whole if isinstance(whole, list) else [whole])]
        return found

    def test_all_events_arrive_with_the_secret(self) -> None:
        record = self.push(events=600, secret="sEcret", header="X-Key", concurrency=3)
        self.assertEqual((record["accepted"], len(self.hook.accepted), record["dead"]), (600, 600, 0))
        path, head = self.hook.heads[0]
        self.assertEqual((path, head["X-Key"]), ("/genesys", "sEcret"))
        self.assertEqual(head.get_content_type(), "application/json")
        counts, _, _ = counted(self.events(), time.time())
        self.assertEqual(sum(counts.values()), self.sqs.sim("flow/truth")["total"])
        self.assertGreater(record["latency_ms"]["max"], 0)

    def test_arrays_hold_the_requested_number_of_events(self) -> None:
        record = self.push(events=95, array=10)
        self.assertEqual(sorted(len(json.loads(body)) for body in self.hook.accepted), [5] + [10] * 9)
        self.assertEqual((record["accepted"], record["requests"], len(self.events())), (95, 10, 95))

    def test_429_and_5xx_are_tried_again_and_4xx_are_not(self) -> None:
        self.hook.statuses = [500, 503, 400, 401, 413]
        record = self.push(events=20, concurrency=1)
        self.assertEqual((record["accepted"], record["dead"], record["retries"]), (17, 3, 2))
        self.assertEqual(record["statuses"], {"200": 17, "500": 1, "503": 1, "400": 1, "401": 1, "413": 1})

    def test_retry_after_is_respected(self) -> None:
        self.hook.statuses = [429]
        started = time.monotonic()
        record = self.push(events=1, concurrency=1)
        self.assertGreater(time.monotonic() - started, 0.95)
        self.assertEqual(record["accepted"], 1)

    def test_a_push_keeps_to_its_concurrency(self) -> None:
        self.hook.pause_s = 0.2
        self.push(events=40, concurrency=8)
        self.assertTrue(4 <= self.hook.max_at_once <= 8, self.hook.max_at_once)

    def test_events_are_sent_again_after_a_late_answer(self) -> None:
        self.hook.pause_s = 0.6
        self.sqs.sim("push", {"url": self.hook.url, "events": 1, "timeout_s": 0.2, "first_pause_ms": 10})
        wait_for(lambda: self.sqs.sim("push")["retries"] > 0)
        self.hook.pause_s = 0.0
        wait_for(lambda: not self.sqs.sim("push")["running"])
        self.assertEqual(self.sqs.sim("push")["accepted"], 1)
        self.assertGreater(len(self.hook.accepted), 1)

    def test_a_push_can_be_ended(self) -> None:
        self.hook.statuses = [500] * 10_000
        self.sqs.sim("push", {"url": self.hook.url, "events": 500, "first_pause_ms": 1})
        wait_for(lambda: self.sqs.sim("push")["retries"] > 3)
        record = self.sqs.sim("push", method="DELETE")
        self.assertEqual((record["running"], record["accepted"]), (False, 0))
        self.assertGreater(record["abandoned"], 0)

    def test_given_bodies_are_pushed_at_the_given_rate(self) -> None:
        started = time.monotonic()
        record = self.push(bodies=["{}"] * 20, per_s=40, concurrency=4)
        self.assertTrue(0.4 < time.monotonic() - started < 5 + BUSY_S)
        self.assertEqual((record["accepted"], self.hook.accepted), (20, [b"{}"] * 20))
