# SPDX-License-Identifier: MIT
"""Shared by the tests of the aggregates: intervals, queries, sums of answers."""
from __future__ import annotations

from collections import Counter
from typing import Any, Iterable, Optional

from simulator.clock import iso_ms

from .support import Sim, SimCase

CONVERSATIONS = "/analytics/conversations/aggregates/query"
USERS = "/analytics/users/aggregates/query"
FLOWS = "/analytics/flows/aggregates/query"
MINUTE_MS = 60_000
GHOST = "a0000000-0000-4000-8000-00000000000a"


def span(begin_ms: int, end_ms: int) -> str:
    return "%s/%s" % (iso_ms(begin_ms), iso_ms(end_ms))


def query(interval: str, metrics: list[str], *by: str, **more: Any) -> dict[str, Any]:
    return {"interval": interval, "metrics": metrics, **({"groupBy": list(by)} if by else {}), **more}


def predicates(dimension: str, values: Iterable[str], kind: str = "or") -> dict[str, Any]:
    return {"type": kind, "predicates": [{"dimension": dimension, "value": v} for v in values]}


def summed(answer: dict[str, Any], member: str = "count", by: str = "") -> Counter[Any]:
    """Returns the sum of that member over all buckets for each metric.

    A key is the metric; with `by` it begins with the value of the dimension, and with a qualifier it ends with that.
    """
    made: Counter[Any] = Counter()
    for result in answer["results"]:
        for bucket in result["data"]:
            for row in bucket["metrics"]:
                key = tuple(v for v in (result["group"].get(by) if by else None, row["metric"], row.get("qualifier"))
                            if v is not None)
                made[key if len(key) > 1 else key[0]] += row["stats"].get(member, 0)
    return made


class FactsCase(SimCase):
    """A frozen centre and the facts that the tests post."""
    WORDS = ("--frozen", "--queues", "4", "--agents", "6", "--plain-names", "--load", "0", "--warmup", "0")
    now_ms: int

    def setUp(self) -> None:
        self.now_ms = self.sim.sim("queries")["now_ms"]
        self.whole = span(self.now_ms - 600 * MINUTE_MS, self.now_ms + 600 * MINUTE_MS)

    def add(self, *facts: dict[str, Any]) -> None:
        self.sim.sim("facts", [{"queueId": "Queue 0001", **fact} for fact in facts])

    def ask(self, *metrics: str, path: str = CONVERSATIONS, by: tuple[str, ...] = ("queueId",),
            interval: Optional[str] = None, **more: Any) -> dict[str, Any]:
        return self.sim.post(path, query(interval or self.whole, list(metrics), *by, **more))

    def final(self, interval: Optional[str] = None, sim: Optional[Sim] = None, **words: str) -> dict[str, Any]:
        sent = {"interval": interval or self.whole, **words}
        return (sim or self.sim).sim("truth/aggregates?" + "&".join("%s=%s" % item for item in sent.items()))
