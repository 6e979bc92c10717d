# SPDX-License-Identifier: MIT
"""The analytics topics of a queue: the changes since the last message, at most one message a second.

Two kinds of message go through v2.analytics.queues.{id}.observations (Genesys
docs): gauges, whose interval has no length, and running totals of the present
half hour.  User metrics stand in a group without mediaType.
"""
from __future__ import annotations

from typing import Any, Optional

from ..clock import iso_ms
from ..world import gauges
from ..world.model import MEDIA, Queue

Row = tuple[str, Optional[str]]  # metric, qualifier
COUNTED = {"nOffered", "nConnected", "nTransferred", "nBlindTransferred", "nConsultTransferred", "nOverSla"}
SERVICE_TARGET = 0.8


def contact_values(queue: Queue, media: str) -> dict[Row, int]:
    """An oLongest… is the epoch ms of the oldest contact, 0 without contacts."""
    made: dict[Row, int] = {}
    for metric in gauges.CONTACT_METRICS:
        found = gauges.visits(queue, media, metric)
        made[metric, None] = (gauges.oldest_ms(found) or 0) if metric.startswith("oLongest") else len(found)
    return made


def user_values(queue: Queue) -> dict[Row, int]:
    counts = gauges.user_counts(queue)
    return {(metric, qualifier): count for metric in gauges.USER_METRICS
            for qualifier, count in gauges.user_rows(counts, metric)}


def changes(old: dict[Row, int], new: dict[Row, int]) -> dict[Row, int]:
    """A qualifier without agents is sent once as 0."""
    made = {row: value for row, value in new.items() if old.get(row) != value}
    made.update({row: 0 for row, value in old.items() if row not in new and value != 0})
    return made


def _stats(metric: str, value: int) -> dict[str, int]:
    return {"calculatedMetricValue" if metric.startswith("oLongest") else "count": value}


def gauge_body(queue_id: str, media: Optional[str], changed: dict[Row, int], now_ms: int) -> dict[str, Any]:
    now = iso_ms(now_ms)
    metrics = [{"metric": metric, **({} if qualifier is None else {"qualifier": qualifier}),
                "stats": _stats(metric, value)} for (metric, qualifier), value in changed.items()]
    return {"group": {"queueId": queue_id, **({"mediaType": media} if media else {})},
            "data": [{"interval": "%s/%s" % (now, now), "metrics": metrics}]}


def activity_body(changed: dict[str, dict[Row, int]]) -> dict[str, Any]:
    """The body by medium; here the rows hold the values."""
    return {"results": [{"mediaType": media, "data": [{"metric": metric, **_stats(metric, value)}
                                                      for (metric, _), value in rows.items()]}
                        for media, rows in changed.items()]}


class HalfHour:
    """Running totals of one queue, medium and interval."""

    __slots__ = ("values", "dirty")

    def __init__(self) -> None:
        self.values: dict[str, list[int]] = {}  # metric -> count, sum, min, max
        self.dirty: set[str] = set()

    def add(self, metric: str, value_ms: Optional[int]) -> None:
        row, value = self.values.get(metric), value_ms or 0
        if row is None:
            self.values[metric] = [1, value, value, value]
        else:
            row[0] += 1
            row[1] += value
            row[2], row[3] = min(row[2], value), max(row[3], value)
        self.dirty.add(metric)
        if metric in ("tAnswered", "tAbandon", "nOverSla"):
            self.dirty.add("oServiceLevel")

    def stats(self, metric: str) -> dict[str, float]:
        if metric == "oServiceLevel":
            answered, abandoned, late = (self.values.get(m, [0])[0] for m in ("tAnswered", "tAbandon", "nOverSla"))
            within, of = answered - late, answered + abandoned
            return {"ratio": within / of if of else 0.0, "numerator": within, "denominator": of,
                    "target": SERVICE_TARGET}
        count, total, least, most = self.values[metric]
        return {"count": count} if metric in COUNTED else {"count": count, "sum": total, "min": least, "max": most}


class Aggregates:
    """The half hours of all queues; a half hour is dropped at the first metric of the second half hour after it."""

    def __init__(self) -> None:
        self._halves: dict[str, dict[tuple[int, int, str], HalfHour]] = {}  # queue -> (start, length, medium)

    def add(self, queue_id: str, media: str, metric: str, value_ms: Optional[int], at_ms: int,
            length_ms: int) -> None:
        start = at_ms - at_ms % length_ms
        of_queue = self._halves.setdefault(queue_id, {})
        key = (start, length_ms, media)
        if key not in of_queue:
            for old in [k for k in of_queue if k[0] < start - k[1] and k[2] == media]:
                del of_queue[old]
            of_queue[key] = HalfHour()
        of_queue[key].add(metric, value_ms)

    def forget_changes(self, queue_id: str) -> None:
        for half in self._halves.get(queue_id, {}).values():
            half.dirty.clear()

    def bodies(self, queue_id: str) -> list[dict[str, Any]]:
        """Returns one body for each medium and interval with changes, the older interval first."""
        made = []
        for (start, length, media), half in sorted(self._halves.get(queue_id, {}).items()):
            if not half.dirty:
                continue
            metrics = [{"metric": m, "stats": half.stats(m)} for m in sorted(half.dirty)]
            half.dirty.clear()
            made.append({"group": {"queueId": queue_id, "mediaType": media}, "data": [
                {"interval": "%s/%s" % (iso_ms(start), iso_ms(start + length)), "metrics": metrics}]})
        return made


class QueueWatch:
    """The last values sent for one queue; it starts with those at the first subscription."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.versions = (queue.contacts_version, queue.users_version)
        self.contacts = {media: contact_values(queue, media) for media in MEDIA}
        self.users = user_values(queue)

    def news(self) -> tuple[dict[str, dict[Row, int]], dict[Row, int]]:
        """(changes of contacts by medium, changes of users) since the last call."""
        queue, (contacts, users) = self.queue, self.versions
        of_contacts: dict[str, dict[Row, int]] = {}
        of_users: dict[Row, int] = {}
        if queue.contacts_version != contacts:
            for media in MEDIA:
                new = contact_values(queue, media)
                changed = changes(self.contacts[media], new)
                if changed:
                    of_contacts[media] = changed
                self.contacts[media] = new
        if queue.users_version != users:
            new_users = user_values(queue)
            of_users = changes(self.users, new_users)
            self.users = new_users
        self.versions = (queue.contacts_version, queue.users_version)
        return of_contacts, of_users
