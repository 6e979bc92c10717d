# SPDX-License-Identifier: MIT
"""Answers of any size: each queue, medium and minute has every metric, by a rule instead of by facts.

The count of a queue (its index i), a medium (number m) and a minute t (epoch)
is 2 + (i + m + t) % 7 for all metrics; each duration in it is 1,500 ms.  An
answer before `growing_s` after the minute's end has a count that is 1 less.
"""
from __future__ import annotations

from typing import Any, Iterable, Iterator

from ..clock import iso_ms
from ..web.message import dumps
from ..world.model import Queue

MINUTE_MS = 60_000
KINDS, EACH_MS = 7, 1_500
DIMENSIONS = {"queueId", "mediaType"}


def count_of(index: int, media_number: int, minute: int) -> int:
    return 2 + (index + media_number + minute) % KINDS


def _stats(metric: str, count: int) -> dict[str, Any]:
    if metric.startswith("n"):
        return {"count": count}
    if metric == "oServiceLevel":
        return {"ratio": 1.0, "numerator": count, "denominator": count, "target": 0.8}
    if metric == "oServiceTarget":
        return {"current": 0.8}
    return {"max": EACH_MS, "min": EACH_MS, "count": count, "sum": count * EACH_MS}


class Filler:
    """`spec` is the setting: {"media": ["voice"], "growing_s": 0}."""

    def __init__(self, spec: dict[str, Any], metrics: list[str]) -> None:
        self.media: list[str] = list(spec.get("media", ["voice"]))
        self.growing_ms = round(float(spec.get("growing_s", 0)) * 1000)
        self._metrics = metrics
        self._made: dict[int, bytes] = {}  # count -> the rows

    def _rows(self, count: int) -> bytes:
        if count not in self._made:
            self._made[count] = dumps([{"metric": m, "stats": _stats(m, count)} for m in self._metrics])
        return self._made[count]

    def results(self, queues: Iterable[Queue], buckets: list[tuple[int, int]], now_ms: int,
                only_media: Any = None) -> Iterator[bytes]:
        """One group for each queue and medium; all minutes that have ended count."""
        minutes = []
        for begin, end in buckets:
            first, last = -(-begin // MINUTE_MS), min(end, now_ms) // MINUTE_MS
            grown = sum(now_ms >= (t + 1) * MINUTE_MS + self.growing_ms for t in range(first, last)) == last - first
            minutes.append((b'{"interval":"%s/%s","metrics":' % (iso_ms(begin).encode(), iso_ms(end).encode()),
                            range(first, last), 0 if grown else 1))
        for queue in queues:
            for number, media in enumerate(self.media):
                if only_media is not None and media not in only_media:
                    continue
                data = []
                for head, span, missing in minutes:
                    count = sum(count_of(queue.index, number, t) for t in span) - missing
                    if count > 0:
                        data.append(head + self._rows(count) + b"}")
                if data:
                    yield b'{"group":%s,"data":[%s]}' % (
                        dumps({"mediaType": media, "queueId": queue.id}), b",".join(data))
