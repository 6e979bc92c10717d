# SPDX-License-Identifier: MIT
"""The expected counters of the guide dialect's stream, computed from the events that the simulator sent."""
from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Collection, Iterable

STATES = {"QUEUED": "waiting", "WAITING": "waiting", "OFFERED": "waiting", "ALERTING": "alerting", "ACTIVE": "active",
          "HELD": "held", "WRAPPED_UP": "wrapup", "TERMINATED": "ended"}
RANK = {"waiting": 1, "alerting": 2, "active": 3, "held": 3, "wrapup": 4, "ended": 5}


def counted(events: Iterable[dict[str, Any]], label: Callable[[str], str],
            codes: Collection[str] = ()) -> dict[str, float]:
    """"LABEL/TYPE-QUALIFIER" -> value, without zeros. Waits are measured between arrivals. Changes with a wrap-up code of
    `codes` are counted by the code."""
    made: Counter[str] = Counter()
    at_ms = 0
    places: dict[str, dict[str, Any]] = {}  # conversation -> its queue, medium and state

    def leave(place: dict[str, Any], state: str, elsewhere: bool = False, code: Any = None) -> None:
        head = "%s/%%s-%s" % (label(place["queue"]), place["media"])
        if code in codes:
            made[head % "state_changes_wrapup" + "-%s-%s-%s" % (place["state"], state, code)] += 1
        else:
            made[head % "state_changes" + "-%s-%s" % (place["state"], state)] += 1
        place["state"] = state
        if place["pending"] and state in ("active", "held", "wrapup", "ended"):
            place["pending"] = False
            name = {"ended": "queue_transfer" if elsewhere else "queue_abandon", "wrapup": ""}.get(state, "queue_answer")
            made[head % name] += bool(name)
            if name == "queue_answer":
                made[head % "queue_wait_time_seconds_sum"] += (at_ms - place["since_ms"]) / 1000

    for event in events:
        at_ms = event["at_ms"]
        state = STATES[event["state"]]
        place = places.get(event["conversationId"])
        queue = event.get("queueId") or (place["queue"] if place else "unassigned")
        if place is None or queue != place["queue"]:
            if place is not None and place["state"] != "ended":
                leave(place, "ended", True)
            places[event["conversationId"]] = {"queue": queue, "media": event["type"], "state": state,
                                               "pending": state == "waiting", "since_ms": at_ms}
            made["%s/queue_offer-%s" % (label(queue), event["type"])] += state == "waiting"
        elif RANK[state] >= RANK[place["state"]] and state != place["state"] and place["state"] != "ended":
            leave(place, state, False, event.get("wrapUpCode"))
    for place in places.values():
        if place["state"] in ("waiting", "alerting", "active", "held"):
            made["%s/active_conversations-%s" % (label(place["queue"]), place["media"])] += 1
    return {key: value for key, value in made.items() if value}
