# SPDX-License-Identifier: MIT
"""A platform whose clock runs fast: two hours pass in two minutes."""
from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

from .support import BUSY_S, SimCase, wait_for

RATE = 240.0


class Rate(SimCase):
    WORDS = ("--clock-rate", "%g" % RATE, "--queues", "8", "--agents", "20", "--rate-limit", "2")

    def test_all_clocks_of_the_platform_run_fast(self) -> None:
        began, first = time.monotonic(), self.sim.sim("truth")
        wait_for(lambda: time.monotonic() - began > 1.0)
        last, took = self.sim.sim("truth"), time.monotonic() - began
        for passed_s in ((last["now_ms"] - first["now_ms"]) / 1000, last["virtual_s"] - first["virtual_s"]):
            self.assertTrue(0.9 * RATE <= passed_s < 1.5 * RATE * took, (passed_s, took))
        answer = self.sim.call("GET", "/organizations/me")
        date_ms = parsedate_to_datetime(answer.headers["date"]).timestamp() * 1000
        self.assertTrue(-1000 <= date_ms - last["now_ms"] < BUSY_S * RATE * 1000)

    def test_contacts_take_as_long_as_at_any_rate(self) -> None:
        """Their stamps lie minutes apart, not fractions of a second."""
        self.sim.sim("config", {"load": 2})
        wait_for(lambda: len(self._handled()) > 3)
        self.assertTrue(all(30_000 < ms < 3_600_000 for ms in self._handled()), self._handled())

    def _handled(self) -> list[int]:
        found = [m["handle"] for q in self.sim.sim("truth")["queues"].values() for m in q["totals"].values()]
        return [h["sum_ms"] // h["count"] for h in found if h["count"] > 2]

    def test_the_minute_of_the_limit_is_the_platforms(self) -> None:
        def some_refused() -> list[Any]:
            answers = [self.sim.call("GET", "/organizations/me") for _ in range(8)]
            return [a for a in answers if a.status == 429]
        refused = wait_for(some_refused)
        self.assertTrue(all(1 <= int(a.headers["retry-after"]) <= 60 for a in refused))
        began = time.monotonic()
        wait_for(lambda: self.sim.call("GET", "/organizations/me").status == 200)
        self.assertLess(time.monotonic() - began, 2 + BUSY_S)

    def test_a_request_after_the_retry_after_is_not_early(self) -> None:
        refused = wait_for(lambda: next((a for a in [self.sim.call("GET", "/organizations/me")] if a.status == 429), None))
        early = self.sim.sim("counters")["during_retry_after_total"]
        over = time.monotonic() + (int(refused.headers["retry-after"]) + 1) / RATE
        wait_for(lambda: time.monotonic() > over)
        self.assertEqual(self.sim.call("GET", "/organizations/me").status, 200)
        self.assertEqual(self.sim.sim("counters")["during_retry_after_total"], early)
