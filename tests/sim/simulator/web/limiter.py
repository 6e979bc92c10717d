# SPDX-License-Identifier: MIT
"""Genesys docs: 300 requests a minute of one OAuth client, over a sliding minute."""
from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Optional

WINDOW_S = 60.0


class Limiter:
    """Times of the accepted requests of each client; refused ones do not count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def refuse_for(self, client: str, limit: int, now: Optional[float] = None) -> Optional[int]:
        """Returns None for an accepted request, else the whole seconds until the next one is accepted.
        `now`: any clock that runs at the platform's rate."""
        if limit <= 0:
            return None
        now = time.monotonic() if now is None else now
        with self._lock:
            times = self._times.setdefault(client, deque())
            while times and times[0] <= now - WINDOW_S:
                times.popleft()
            if len(times) < limit:
                times.append(now)
                return None
            return max(1, math.ceil(times[len(times) - limit] + WINDOW_S - now))

    def reset(self) -> None:
        with self._lock:
            self._times.clear()
