# SPDX-License-Identifier: MIT
"""EventBridge's API destination: POSTs events to a webhook until it answers 2xx.

AWS docs: the endpoint has 5 s to answer; 401 and 407 are retried for OAuth
only, 409, 429 and 5xx always, with growing pauses and after Retry-After; an
event with another 4xx goes to the dead-letter queue.
"""
from __future__ import annotations

import http.client
import random
import ssl
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, fields
from typing import Any, Iterator, Optional
from urllib.parse import urlsplit

RETRIED = (409, 429)
KEPT_LATENCIES = 50_000


@dataclass
class Target:
    """The members of POST /sim/push other than the plan."""
    url: str = ""
    header: str = "X-Api-Key"
    secret: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    concurrency: int = 4
    array: int = 1  # events in a body; more than 1: a JSON array
    timeout_s: float = 5.0
    first_pause_ms: int = 100  # first pause before a retry; it doubles up to the next value
    max_pause_ms: int = 2000
    attempts: int = 185
    per_s: float = 0.0  # requests a second of all workers; 0: as fast as possible

    @staticmethod
    def parse(given: dict[str, Any]) -> "Target":
        made = Target(**{f.name: type(f.default)(given.pop(f.name)) for f in fields(Target) if f.name in given})
        if urlsplit(made.url).scheme not in ("http", "https"):
            raise ValueError("url %r: give http:// or https://" % made.url)
        return made


class Pusher:
    """Workers share the source; each event is sent until it is accepted or counted as `dead`."""

    def __init__(self, target: Target, portions: Iterator[list[str]]) -> None:
        self.target, self._portions = target, portions
        self._lock = threading.Lock()
        self._bodies: deque[str] = deque()
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.latencies: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self.stopping = threading.Event()
        self._next_at = time.monotonic()
        self._context = self._make_context() if target.url.startswith("https") else None
        self._workers = [threading.Thread(target=self._work, args=(number,), name="push-%d" % number, daemon=True)
                         for number in range(target.concurrency)]
        for worker in self._workers:
            worker.start()

    def _make_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.target.ca or None)
        if self.target.cert:
            context.load_cert_chain(self.target.cert, self.target.key or None)
        return context

    def _take(self) -> tuple[str, int]:
        """Returns the next body and the number of its events; 0: there are no more."""
        with self._lock:
            while len(self._bodies) < self.target.array:
                portion = next(self._portions, None)
                if portion is None:
                    break
                self._bodies.extend(portion)
            taken = [self._bodies.popleft() for _ in range(min(self.target.array, len(self._bodies)))]
            self.counts["taken"] += len(taken)
        if self.target.array == 1:
            return (taken[0] if taken else ""), len(taken)
        return "[" + ",".join(taken) + "]", len(taken)

    def _turn(self) -> None:
        if self.target.per_s <= 0:
            return
        with self._lock:
            self._next_at = max(self._next_at, time.monotonic()) + 1 / self.target.per_s
            wait = self._next_at - time.monotonic()
        self.stopping.wait(max(0.0, wait))

    def _work(self, number: int) -> None:
        rng, connection = random.Random(number), self._connect()
        while not self.stopping.is_set():
            body, events = self._take()
            if events == 0:
                break
            self._turn()
            self._deliver(connection, body.encode(), events, rng)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        parts, wait = urlsplit(self.target.url), self.target.timeout_s
        if self._context is not None:
            return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=wait, context=self._context)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=wait)

    def _deliver(self, connection: http.client.HTTPConnection, body: bytes, events: int, rng: random.Random) -> None:
        for attempt in range(self.target.attempts):
            status, wait_s = self._once(connection, body)
            if 200 <= status < 300:
                self._count("accepted", events)
                return
            if status and status not in RETRIED and status < 500:
                break
            self._count("retries", 1)
            pause = min(self.target.max_pause_ms, self.target.first_pause_ms * 2 ** min(attempt, 20)) / 1000
            if self.stopping.wait(wait_s if wait_s is not None else pause * (0.5 + rng.random() / 2)):
                self._count("abandoned", events)
                return
        self._count("dead", events)

    def _once(self, connection: http.client.HTTPConnection, body: bytes) -> tuple[int, Optional[float]]:
        """Returns the status (0: no answer) and the pause that the answer requests."""
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Amazon/EventBridge/ApiDestinations"}
        if self.target.secret:
            headers[self.target.header] = self.target.secret
        started = time.monotonic()
        try:
            parts = urlsplit(self.target.url)
            connection.request("POST", parts.path or "/", body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._note(type(error).__name__)
            return 0, None
        self._note(str(answer.status))
        if 200 <= answer.status < 300:
            self.latencies.append(time.monotonic() - started)
        asked = answer.headers.get("Retry-After", "")
        return answer.status, float(asked) if asked.isdigit() else None

    def _count(self, name: str, by: int) -> None:
        with self._lock:
            self.counts[name] += by

    def _note(self, what: str) -> None:
        with self._lock:
            self.counts["requests"] += 1
            self.statuses[what] += 1

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            sorted_ms = sorted(round(s * 1000, 3) for s in self.latencies)
            counts, statuses = dict(self.counts), dict(self.statuses)
            left = len(self._bodies)
        at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {"running": any(w.is_alive() for w in self._workers), "waiting": left, "statuses": statuses,
                **{name: counts.get(name, 0) for name in ("taken", "accepted", "dead", "abandoned", "retries", "requests")},
                "latency_ms": {name: sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * part))]
                               for name, part in at.items()} if sorted_ms else {}}

    def stop(self) -> None:
        self.stopping.set()
        for worker in self._workers:
            worker.join(self.target.timeout_s + 1)
