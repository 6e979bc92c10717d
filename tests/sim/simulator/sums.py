# SPDX-License-Identifier: MIT
"""Groups, buckets and sums of facts, for the aggregate queries and their truth."""
from __future__ import annotations

import bisect
from typing import Any, Callable, Iterable, Optional

from .api.windows import Bucket
from .world.facts import Fact, Facts

SERVICE_TARGET = 0.8
# oServiceLevel is computed from these metrics: an answer within the target
# raises it, and an abandon lowers it.
SERVICE_PARTS = ("tAnswered", "tAbandon", "nOverSla")
WORKED_OUT = {"oServiceLevel": SERVICE_PARTS, "oServiceTarget": ("nOffered", *SERVICE_PARTS)}
USER_FIELDS = {"tSystemPresence": "presence", "tOrganizationPresence": "presence_id", "tAgentRoutingStatus": "routing"}
Row = tuple[str, Optional[str]]  # metric, qualifier
Group = tuple[Optional[str], ...]
Sums = dict[Row, "Sum"]
Groups = dict[Group, dict[int, Sums]]  # by the number of the bucket


class Sum:
    """The sum of one metric, which may have counts only or sums only."""

    __slots__ = ("count", "sum_ms", "min_ms", "max_ms")

    def __init__(self) -> None:
        self.count = self.sum_ms = self.max_ms = 0
        self.min_ms: Optional[int] = None

    def add(self, value_ms: Optional[int]) -> None:
        self.count += 1
        if value_ms is not None:
            self.sum_ms += value_ms
            self.max_ms = value_ms if self.min_ms is None else max(self.max_ms, value_ms)
            self.min_ms = value_ms if self.min_ms is None else min(self.min_ms, value_ms)

    def as_json(self) -> dict[str, float]:
        if self.min_ms is None:
            return {"count": self.count}
        return {"max": self.max_ms, "min": self.min_ms, "count": self.count, "sum": self.sum_ms}


def needed(metrics: Iterable[str]) -> frozenset[str]:
    """The metrics of facts that the requested metrics need."""
    return frozenset(part for name in metrics for part in WORKED_OUT.get(name, (name,)))


def of_facts(found: Iterable[Fact], by: list[str], buckets: list[Bucket], now_ms: int,
             wanted: Callable[[Fact], bool]) -> Groups:
    """`found` lies within the buckets; facts not in answers at `now_ms` are left out."""
    groups: Groups = {}
    starts = [begin for begin, _ in buckets]
    for fact in found:
        if not fact.is_shown(now_ms) or not wanted(fact):
            continue
        key = tuple(fact.dimensions.get(d) for d in by)
        bucket = groups.setdefault(key, {}).setdefault(bisect.bisect_right(starts, fact.at_ms) - 1, {})
        row = (fact.metric, None)
        if row not in bucket:
            bucket[row] = Sum()
        bucket[row].add(fact.value_ms)
    return groups


def of_agents(facts: Facts, agents: Iterable[str], metrics: list[str], by: list[str], buckets: list[Bucket],
              now_ms: int, clock_ms: int) -> Groups:
    """The time of each agent in each state, up to `clock_ms`."""
    groups: Groups = {}
    for agent in agents:
        key = (agent,) if by else ()
        for number, (begin, end) in enumerate(buckets):
            for low, high, segment in facts.stretches(agent, begin, min(end, clock_ms)):
                if segment.shown_ms > now_ms:
                    continue
                sums = groups.setdefault(key, {}).setdefault(number, {})
                for metric in metrics:
                    row = (metric, getattr(segment, USER_FIELDS[metric]))
                    sums.setdefault(row, Sum()).sum_ms += high - low
    return groups


def _service(sums: Sums) -> Optional[dict[str, float]]:
    answered, abandoned, late = (sums[m, None].count if (m, None) in sums else 0 for m in SERVICE_PARTS)
    if not answered + abandoned:
        return None
    within = max(0, answered - late)  # parts that come late may differ for a while
    return {"ratio": within / (answered + abandoned), "numerator": within, "denominator": answered + abandoned,
            "target": SERVICE_TARGET}


def rows(sums: Sums, metrics: list[str]) -> list[dict[str, Any]]:
    """Rows in the order of the request; metrics without facts are absent."""
    made: list[dict[str, Any]] = []
    for metric in metrics:
        if metric == "oServiceTarget":
            made.append({"metric": metric, "stats": {"current": SERVICE_TARGET}})
        elif metric == "oServiceLevel":
            stats = _service(sums)
            made += [{"metric": metric, "stats": stats}] if stats else []
        elif metric in USER_FIELDS:
            made += [{"metric": metric, "qualifier": qualifier, "stats": {"sum": one.sum_ms}}
                     for (name, qualifier), one in sums.items() if name == metric]
        elif (metric, None) in sums:
            made.append({"metric": metric, "stats": sums[metric, None].as_json()})
    return made
