# SPDX-License-Identifier: MIT
"""The guide dialect's rows against posted facts."""
from __future__ import annotations

import re
from typing import Any

from simulator.clock import iso_ms

from .facts import MINUTE_MS, FactsCase

PATH = "/analytics/queues/details/query"
SELECT = ["count(waitTime)", "sum(answered)", "sum(abandoned)", "sum(offered)"]


class Guide(FactsCase):
    def body(self, begin_ms: int, end_ms: int, **more: Any) -> dict[str, Any]:
        return {"select": SELECT, "where": [], "groupBy": ["queueId"], "interval": "PT1M",
                "since": iso_ms(begin_ms), "until": iso_ms(end_ms), **more}

    def ask(self, body: dict[str, Any]) -> Any:  # type: ignore[override]
        answer = self.sim.call("POST", PATH, body, lenient=True)
        self.assertEqual(answer.status, 200, answer.raw)
        return answer.json

    def test_each_queue_and_minute_has_a_row(self) -> None:
        boundary = self.now_ms // MINUTE_MS * MINUTE_MS - 500 * MINUTE_MS
        for number, queue in ((0, "Queue 0001"), (0, "Queue 0002"), (1, "Queue 0001")):
            at = boundary + number * MINUTE_MS + 10
            self.add({"queueId": queue, "metric": "nOffered", "at_ms": at, "count": 4},
                     {"queueId": queue, "metric": "tAnswered", "at_ms": at, "count": 3, "value_ms": 12_500},
                     {"queueId": queue, "metric": "tAbandon", "at_ms": at, "value_ms": 700})
        record = self.ask(self.body(boundary, boundary + 2 * MINUTE_MS))
        ids = {q["name"]: i for i, q in self.sim.sim("truth")["queues"].items()}
        self.assertEqual(record["totalCount"], 3)
        self.assertEqual(sorted(record["results"], key=lambda r: (r["intervalEnd"], r["queueId"]))[-1],
                         {"queueId": ids["Queue 0001"], "waitTime": 12.5, "answered": 3, "abandoned": 1, "offered": 4,
                          "interval": "PT1M", "intervalEnd": iso_ms(boundary + 2 * MINUTE_MS)})
        self.assertEqual(len(self.ask(self.body(boundary, boundary + MINUTE_MS))["results"]), 2)
        self.assertEqual(self.ask(self.body(boundary - MINUTE_MS, boundary)), {"totalCount": 0, "results": []})
        self.sim.sim("config", {"guide_bad_interval_end": True})
        ends = [row["intervalEnd"] for row in self.ask(self.body(boundary, boundary + MINUTE_MS))["results"]]
        self.assertEqual([bool(re.match(r"\d{4}-", end)) for end in ends], [False, True])

    def test_invalid_queries_are_refused(self) -> None:
        good = self.body(self.now_ms - MINUTE_MS, self.now_ms)
        for change in ({"select": []}, {"select": ["sum(waitTime)"]}, {"groupBy": ["mediaType"]}, {"where": ["x = 1"]},
                       {"interval": None}, {"since": "yesterday"}, {"until": good["since"]}):
            with self.subTest(change=change):
                self.refused(self.sim.call("POST", PATH, {**good, **change}, lenient=True), 400, "bad.request")

    def test_a_missing_scope_gives_403_and_a_spent_limit_429(self) -> None:
        good = self.body(self.now_ms - MINUTE_MS, self.now_ms)
        self.sim.sim("config", {"token_scopes": ["other"]})
        self.assertEqual(self.sim.call("POST", PATH, good, lenient=True).status, 403)
        self.sim.sim("config", {"token_scopes": ["analytics:query"], "guide_rate_limit": 2, "rate_limit": 0})
        answers = [self.sim.call("POST", PATH, good, lenient=True) for _ in range(4)]
        self.assertEqual(answers[-1].status, 429)
        self.assertTrue(1 <= int(answers[-1].headers["retry-after"]) <= 60)
