# SPDX-License-Identifier: MIT
"""The guide dialect's queue metrics against the truth."""
from __future__ import annotations

from typing import Any

from .support import Answer, SimCase

METRICS = "/queues/metrics"
NUMBERS = ("queued", "waiting", "agentAvailable", "agentBusy")


class QueueMetrics(SimCase):
    WORDS = ("--frozen", "--queues", "12", "--agents", "40", "--load", "1.5")

    def setUp(self) -> None:
        self.queues = self.sim.sim("truth")["queues"]

    def ask(self, ids: Any, more: str = "", path: str = METRICS) -> Any:
        answer = self.answer(",".join(ids) + more, path)
        self.assertEqual(answer.status, 200)
        return answer.json

    def answer(self, ids: str, path: str = METRICS) -> Answer:
        """The official schema knows nothing of these."""
        return self.sim.call("GET", "%s?queueIds=%s" % (path, ids), lenient=True)

    def expected(self, queue: dict[str, Any]) -> list[int]:
        waiting, alerting = (sum(told[name] for told in queue["media"].values()) for name in ("waiting", "alerting"))
        on_queue = queue["on_queue"]
        return [waiting + alerting, waiting, on_queue.get("IDLE", 0),
                on_queue.get("INTERACTING", 0) + on_queue.get("COMMUNICATING", 0)]

    def test_the_numbers_are_the_truth_and_zeros_may_be_missing(self) -> None:
        for path in (METRICS, "/queues/stats"):
            rows = {row["id"]: row for row in self.ask(self.queues, path=path)}
            self.assertEqual(set(rows), set(self.queues))
            lacking = 0
            for queue_id, row in rows.items():
                self.assertEqual([row.get(name, 0) for name in NUMBERS], self.expected(self.queues[queue_id]))
                self.assertEqual(row["name"], self.queues[queue_id]["name"])
                lacking += sum(name not in row for name in NUMBERS)
            self.assertGreater(lacking, 0)
            self.assertTrue(any(row.get("queued") for row in rows.values()))

    def test_only_what_is_asked_for_is_told(self) -> None:
        one = next(iter(self.queues))
        rows = self.ask([one, "no-such-queue"], "&metricNames=waiting,agentBusy")
        self.assertEqual([row["id"] for row in rows], [one])
        self.assertLessEqual(set(rows[0]), {"id", "name", "waiting", "agentBusy"})

    def test_mistakes_are_refused(self) -> None:
        self.assertEqual(self.answer("").status, 400)
        self.assertEqual(self.answer("a&metricNames=nOffered").status, 400)
        self.sim.sim("config", {"permissions": ["routing:queue:view"]})
        answer = self.answer("a")
        self.assertEqual(answer.status, 403)
        self.assertIn("analytics:realtime:read", answer.json["message"])
