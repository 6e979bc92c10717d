# SPDX-License-Identifier: MIT
"""Running totals of each queue and medium: the values that counters must reach."""
from __future__ import annotations

from collections import deque
from typing import Any, Optional

from .model import Agent, Conversation, Participant, Queue

BOUNDS_S = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
KEPT_WAITS = 50

# Metric of the aggregates API -> our name of the total.
COUNTS = {"nOffered": "offered", "nTransferred": "transferred", "nBlindTransferred": "transferred_blind",
          "nConsultTransferred": "transferred_consult", "nOverSla": "over_sla"}
TIMES = {"tAnswered": "wait", "tAbandon": "abandon_wait", "tHandle": "handle", "tAcw": "wrapup",
         "tNotResponding": "not_responding", "tTalkComplete": "talk", "tHeldComplete": "held"}


class Summary:
    """Count, sum, extremes, cumulative buckets and the newest values of a duration."""

    __slots__ = ("count", "sum_ms", "min_ms", "max_ms", "buckets", "recent")

    def __init__(self) -> None:
        self.count = self.sum_ms = self.max_ms = 0
        self.min_ms: Optional[int] = None
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.recent: deque[int] = deque(maxlen=KEPT_WAITS)

    def add(self, value_ms: int) -> None:
        self.count += 1
        self.sum_ms += value_ms
        self.max_ms = max(self.max_ms, value_ms)
        self.min_ms = value_ms if self.min_ms is None else min(self.min_ms, value_ms)
        at = next((i for i, bound in enumerate(BOUNDS_S) if value_ms <= bound * 1000), len(BOUNDS_S))
        self.buckets[at] += 1
        self.recent.append(value_ms)

    def as_json(self) -> dict[str, Any]:
        running, cumulative = 0, {}
        for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], self.buckets):
            running += count
            cumulative[bound] = running
        return {"count": self.count, "sum_ms": self.sum_ms, "min_ms": self.min_ms,
                "max_ms": self.max_ms, "le_s": cumulative, "recent_ms": list(self.recent)}


def brief(summary: Summary) -> dict[str, Any]:
    return {"count": summary.count, "sum_ms": summary.sum_ms}


class Totals:
    __slots__ = ("counts", "times")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS.values(), 0)
        self.times = {name: Summary() for name in TIMES.values()}

    def as_json(self) -> dict[str, Any]:
        """Waits in full, for histograms; count and sum of the other durations."""
        return {**self.counts, "answered": self.times["wait"].count,
                "abandoned": self.times["abandon_wait"].count,
                **{name: summary.as_json() if "wait" in name else brief(summary)
                   for name, summary in self.times.items()}}


class Tally:
    """An observer of the world that adds up; totals outlive deleted queues."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.totals: dict[tuple[str, str], Totals] = {}
        self.conversations_changed = 0
        self.agents_changed = 0

    def of(self, queue_id: str, media: str) -> Totals:
        key = (queue_id, media)
        if key not in self.totals:
            self.totals[key] = Totals()
        return self.totals[key]

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        if name in COUNTS:
            self.of(queue.id, conversation.media).counts[COUNTS[name]] += 1
        elif name in TIMES:
            self.of(queue.id, conversation.media).times[TIMES[name]].add(value_ms or 0)

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        self.conversations_changed += 1

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        self.agents_changed += 1
