# SPDX-License-Identifier: MIT
"""Counters of the clients' requests, for checks of rates, retries and secrets."""
from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import Any, Optional

from .message import Reply, Request

KEPT_REQUESTS = 500
WINDOW_S = 60.0


class Counters:
    """Thread-safe; /sim/counters shows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.since = time.time()
            self.by_function: dict[str, Counter[str]] = {}
            self.token: Counter[str] = Counter()
            self.throttled: Counter[str] = Counter()
            self.early: Counter[str] = Counter()
            self.early_events: deque[dict[str, Any]] = deque(maxlen=100)
            self.retry_until: dict[str, float] = {}  # monotonic
            self.faults: Counter[str] = Counter()
            self.max_in_flight = self.in_flight
            self.recent_times: deque[float] = deque()
            self.max_per_minute = 0
            self.bytes_in = self.bytes_out = 0
            self.user_agents: Counter[str] = Counter()
            self.last: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
            self.tls: Counter[str] = Counter()
            self.tls_peers: Counter[str] = Counter()
            self.connections: Counter[str] = Counter()
            self.secrets_in_urls: list[str] = []
            self.proxy_headers: Counter[str] = Counter()
            self.gzip_answers = 0

    # ---- requests --------------------------------------------------------------

    def begin(self, request: Request, secrets: list[str]) -> None:
        """Counts a request before it is handled."""
        with self._lock:
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            self.bytes_in += len(request.body)
            self.user_agents[request.headers.get("user-agent", "(none)")] += 1
            for name in ("via", "x-forwarded-for", "forwarded", "proxy-authorization", "proxy-connection"):
                if name in request.headers:
                    self.proxy_headers[name] += 1
            lower = request.target.lower()
            if (any(secret and secret in request.target for secret in secrets)
                    or any(word in lower for word in ("client_secret", "access_token", "authorization="))):
                self.secrets_in_urls.append(request.method + " " + request.path)

    def counted(self, function: str) -> None:
        """Counts the request in the rate of the last minute, and as an early one during a running Retry-After."""
        now, clock, of_api = time.time(), time.monotonic(), not function.endswith(("/oauth/token", "/channels/{id}"))
        with self._lock:
            times = self.recent_times
            if of_api:  # the client's rate limit applies to the API host only
                times.append(now)
            while times and times[0] <= now - WINDOW_S:
                times.popleft()
            self.max_per_minute = max(self.max_per_minute, len(times))
            if any(until > clock for until in self.retry_until.values()):
                self.early["(any function)"] += 1
            until = self.retry_until.get(function, 0.0)
            if of_api:
                until = max(until, self.retry_until.get("*", 0.0))
            if until > clock:
                self.early[function] += 1
                self.early_events.append({"time": now, "function": function,
                                          "early_by_s": round(until - clock, 4)})

    def throttle(self, function: str, seconds: Optional[float], all_functions: bool) -> None:
        """Records a 429; after a Retry-After the client should not call its function before the end."""
        with self._lock:
            self.throttled[function] += 1
            if seconds is not None:
                key = "*" if all_functions else function
                self.retry_until[key] = max(self.retry_until.get(key, 0.0), time.monotonic() + seconds)

    def done(self) -> None:
        """Counts the request as no longer in flight."""
        with self._lock:
            self.in_flight -= 1

    def answered(self, request: Request, reply: Reply, started: float, fault: str) -> None:
        status = str(reply.status) if reply.status else "none"
        with self._lock:
            self.by_function.setdefault(request.function, Counter())[status] += 1
            if request.function.endswith("/oauth/token"):
                self.token[status] += 1
            if fault:
                self.faults[fault] += 1
            self.last.append({"time": started, "function": request.function, "target": _shown(request),
                              "status": status, "ms": round((time.time() - started) * 1000, 1),
                              "bytes_in": len(request.body), "peer": request.peer,
                              "listener": request.listener, "fault": fault or None,
                              "correlation_id": request.correlation_id})

    def sent(self, count: int, gzipped: bool = False) -> None:
        with self._lock:
            self.bytes_out += count
            self.gzip_answers += gzipped

    # ---- connections -------------------------------------------------------------

    def connection(self, listener: str) -> None:
        with self._lock:
            self.connections[listener] += 1

    def handshake(self, listener: str, outcome: str, peer: Optional[str] = None) -> None:
        with self._lock:
            self.tls["%s %s" % (listener, outcome)] += 1
            if peer:
                self.tls_peers[peer] += 1

    # ---- reading --------------------------------------------------------------------

    def as_json(self, last: int = 50) -> dict[str, Any]:
        with self._lock:
            return {
                "since": self.since, "now": time.time(),
                "requests": {name: dict(counts) for name, counts in sorted(self.by_function.items())},
                "requests_total": sum(sum(c.values()) for c in self.by_function.values()),
                "token_requests": dict(self.token), "token_requests_total": sum(self.token.values()),
                "throttled": dict(self.throttled), "throttled_total": sum(self.throttled.values()),
                "during_retry_after": dict(self.early),
                "during_retry_after_total": sum(n for f, n in self.early.items() if f != "(any function)"),
                "during_retry_after_events": list(self.early_events),
                "faults": dict(self.faults),
                "in_flight": self.in_flight, "max_concurrent": self.max_in_flight,
                "max_requests_per_60s": self.max_per_minute,
                "bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "gzip_answers": self.gzip_answers,
                "user_agents": dict(self.user_agents), "connections": dict(self.connections),
                "tls_handshakes": dict(self.tls), "tls_client_certificates": dict(self.tls_peers),
                "proxy_headers": dict(self.proxy_headers), "secrets_in_urls": list(self.secrets_in_urls),
                "last": list(self.last)[-last:] if last > 0 else [],
            }


def _shown(request: Request) -> str:
    return request.target if len(request.target) <= 300 else request.target[:300] + "…"
