# SPDX-License-Identifier: MIT
"""The expected counts of a client that has seen every event at least once."""
from __future__ import annotations

from collections import Counter
from typing import Any, Optional


class Truth:
    """Counts each (conversation, attribute name) once; the maker of the events adds the attributes that it sets."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.sums: Counter[tuple[str, str]] = Counter()
        self.no_number = 0
        self.malformed: Counter[str] = Counter()
        self.late = self.noise = self.garbage = self.events = self.repeated = 0

    def set(self, flow: str, metric: str, number: Optional[float], late: bool) -> None:
        if late:
            self.late += 1
            return
        self.counts[flow, metric] += 1
        if number is None:
            self.no_number += 1
        else:
            self.sums[flow, metric] += number  # type: ignore[assignment]

    def as_json(self) -> dict[str, Any]:
        """`malformed` counts distinct (conversation, name) too."""
        return {"counts": [{"flow": flow, "metric": metric, "count": count, "sum": self.sums[flow, metric]}
                           for (flow, metric), count in sorted(self.counts.items())],
                "total": sum(self.counts.values()), "series": len(self.counts), "no_number": self.no_number,
                "malformed": dict(self.malformed), "malformed_total": sum(self.malformed.values()),
                "late": self.late, "noise": self.noise, "garbage": self.garbage, "events": self.events,
                "repeated": self.repeated}
