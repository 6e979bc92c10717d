# SPDX-License-Identifier: MIT
"""Events that a test posts: facts of the aggregates that belong to no conversation."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from .world.facts import FOREVER, Fact

if TYPE_CHECKING:
    from .application import Simulator

NO_DIMENSIONS = {"what", "metric", "at_ms", "ago_s", "value_ms", "count", "in_s", "gone_in_s"}


def post(app: "Simulator", given: list[dict[str, Any]], queue_id: Callable[[str], str]) -> int:
    """Adds all facts or none; returns the number added."""
    world, now_ms = app.world, int(app.wall() * 1000)
    lists = {"conversations": world.facts.conversations, "flows": world.facts.flows}
    with world.lock:
        made = [(lists[one.get("what", "conversations")], _fact(app, one, now_ms, queue_id), int(one.get("count", 1)))
                for one in given]
        for where, fact, count in made:
            for _ in range(count):
                world.facts.put(where, fact)
    return sum(count for _, _, count in made)


def _fact(app: "Simulator", given: dict[str, Any], now_ms: int, queue_id: Callable[[str], str]) -> Fact:
    dimensions = {"mediaType": "voice", "direction": "inbound",
                  **{name: str(value) for name, value in given.items() if name not in NO_DIMENSIONS}}
    if "queueId" in dimensions:
        queue = app.world.queues[queue_id(dimensions["queueId"])]
        dimensions.update(queueId=queue.id, divisionId=queue.division.id)
    value = given.get("value_ms")
    at_ms = int(given.get("at_ms", now_ms - round(float(given.get("ago_s", 0)) * 1000)))

    def after(seconds: Any) -> int:
        return now_ms + round(float(seconds) * 1000)

    return Fact(at_ms, given["metric"], None if value is None else int(value), dimensions,
                min(now_ms, at_ms) if "in_s" not in given else after(given["in_s"]),
                after(given["gone_in_s"]) if given.get("gone_in_s") is not None else FOREVER)
