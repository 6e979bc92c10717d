# SPDX-License-Identifier: MIT
"""The expected values, computed from the simulator's truth by the documented rules.

Independent of the plugins: this module has its own code for names, labels and sums.
"""
from __future__ import annotations

import re
from typing import Any, Callable, Iterable

PART_MAX = 127  # bytes of one part of collectd's identity
ROUTING = ("OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING")
PRESENCES = ("AVAILABLE", "AWAY", "BUSY", "OFFLINE", "IDLE", "ON_QUEUE", "MEAL", "TRAINING", "MEETING", "BREAK")
WAITS = "queue_longest_wait"
RESERVED = ("none", "unassigned")


def cut(text: str, max_bytes: int = PART_MAX) -> str:
    """Cuts at a character's boundary."""
    return text.encode()[:max_bytes].decode(errors="ignore")


def part(text: str, max_bytes: int = PART_MAX) -> str:
    """A part of an identity: clean, cut, without a backslash at the end."""
    short = cut(clean(text), max_bytes)
    return short[:-1] + "_" if short.endswith("\\") else short


def clean(name: str) -> str:
    return "".join("_" if c in "/;" or ord(c) < 0x20 or 0x7F <= ord(c) <= 0xA0 or (c.isspace() and c != " ") else c
                   for c in name)


def labels(names: dict[str, str]) -> dict[str, str]:
    """id -> label; equal names get numbers in the order of the ids. Series without an owner have the names of RESERVED."""
    made: dict[str, str] = {}
    taken = set(RESERVED)
    for queue in sorted(names):
        base = part(names[queue])
        if not base.strip(" _"):
            base = queue
        label, number = base, 2
        while label in taken:
            tail = "~%d" % number
            label, number = cut(base, PART_MAX - len(tail)) + tail, number + 1
        taken.add(label)
        made[queue] = label
    return made


def label_both(name: str, queue: str) -> str:
    """NAME@ID; the id alone when the name is blank."""
    if not part(name).strip(" _"):
        return queue
    return "%s@%s" % (part(name, PART_MAX - 1 - len(queue)), queue)


def by_name(truth: dict[str, Any]) -> Callable[[str, str], str]:
    made = labels({queue: record["name"] for queue, record in truth["queues"].items()})
    return lambda queue, _name: made[queue]


def contacts(media: dict[str, dict[str, Any]]) -> Iterable[tuple[str, Any]]:
    for medium, record in media.items():
        yield "queue_depth-" + medium, record["waiting"]
        yield "queue_interacting-" + medium, record["interacting"]
        yield "queue_alerting-" + medium, record["alerting"]
        yield "active_conversations-" + medium, record["waiting"] + record["interacting"] + record["alerting"]
        yield "%s-%s" % (WAITS, medium), 0 if not record["waiting"] else ("since", record["oldest_waiting_ms"] / 1000)


def agents(record: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    on_queue = record["on_queue"]
    yield "queue_agents-member", record["members"]
    yield "queue_agents-active", record["active"]
    yield "queue_agents-on_queue", record["on_queue_total"]
    yield "queue_agents-off_queue", record["off_queue_total"]
    yield "queue_agents-available", on_queue.get("IDLE", 0)
    yield "queue_agents-busy", on_queue.get("INTERACTING", 0) + on_queue.get("COMMUNICATING", 0)
    for status in ROUTING:
        yield "queue_agents_routing-" + status.lower(), record["routing"].get(status, 0)
    for presence in PRESENCES:
        yield "queue_agents_presence-" + presence.lower(), record["presence_system"].get(presence, 0)


def values(truth: dict[str, Any], label: Callable[[str, str], str],
           wanted: Callable[[str, dict[str, Any]], bool] = lambda _id, _entry: True,
           media: Iterable[str] = ()) -> dict[str, Any]:
    """"LABEL/TYPE-QUALIFIER" -> value, or ("since", epoch) for the age of a wait."""
    made: dict[str, Any] = {}
    chosen = set(media)
    for queue, record in truth["queues"].items():
        if not record["visible"] or not wanted(queue, record):
            continue
        shown = {m: t for m, t in record["media"].items() if not chosen or m in chosen}
        for series, value in (*contacts(shown), *agents(record)):
            made["%s/%s" % (label(queue, record["name"]), series)] = value
    return made


def matches(wanted: Any, at: float, value: float, slack_s: float = 2.0) -> bool:
    """True if equal; a wait is compared by its age at the time of the reading."""
    if isinstance(wanted, tuple):
        return abs(value - (at - wanted[1])) <= slack_s
    return value == wanted


def differences(wanted: dict[str, Any], got: dict[str, tuple[float, float]]) -> list[str]:
    """Lines about missing, wrong and unexpected values."""
    found = ["missing: %s = %s" % (key, wanted[key]) for key in wanted if key not in got]
    found += ["unexpected: %s" % key for key in got if key not in wanted]
    found += ["%s is %g, wanted %s" % (key, got[key][1], wanted[key]) for key in wanted
              if key in got and not matches(wanted[key], *got[key])]
    return found


def of_queues(got: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """The values of queues only, without the self-telemetry of blocks and accounts."""
    return {key: value for key, value in got.items()
            if re.search(r"/(active_conversations|queue_(depth|interacting|alerting|longest_wait|agents))[^/]*\Z", key)}
