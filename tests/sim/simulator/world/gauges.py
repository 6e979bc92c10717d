# SPDX-License-Identifier: MIT
"""Current values of a queue, as the observation queries define them."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Callable, Iterable, Optional

from .model import Membership, Queue, Visit

CONTACT_METRICS = ["oWaiting", "oInteracting", "oAlerting", "oLongestWaiting", "oLongestInteracting"]
USER_METRICS = ["oActiveUsers", "oMemberUsers", "oOnQueueUsers", "oOffQueueUsers", "oUserPresences",
                "oUserRoutingStatuses"]
_STATE = {"oWaiting": "waiting", "oInteracting": "interacting", "oAlerting": "alerting",
          "oLongestWaiting": "waiting", "oLongestInteracting": "interacting"}


def visits(queue: Queue, media: str, metric: str) -> list[Visit]:
    """The contacts behind a metric, the oldest first."""
    state = _STATE[metric]
    if state == "waiting":
        return list(queue.waiting[media])
    return sorted(getattr(queue, state)[media].values(), key=lambda v: (v.since_ms, v.serial))


def began_ms(visit: Visit) -> int:
    """A wait begins when the contact enters the queue; alerts do not restart it."""
    return visit.entered_ms if visit.state == "waiting" else visit.since_ms


def oldest_ms(found: Iterable[Visit]) -> Optional[int]:
    return min((began_ms(v) for v in found), default=None)


@dataclass
class UserCounts:
    """Members of a queue.  On and off queue count joined members only;
    presences and routing statuses count all members."""
    members: int = 0
    active: int = 0
    on_queue: Counter[str] = field(default_factory=Counter)  # by routing status
    off_queue: Counter[str] = field(default_factory=Counter)  # by organisation presence id
    presences: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


def user_counts(queue: Queue, wanted: Optional[Callable[[Membership], bool]] = None) -> UserCounts:
    counts = UserCounts()
    for member in queue.members.values():
        if wanted is not None and not wanted(member):
            continue
        agent = member.agent
        counts.members += 1
        counts.presences[agent.presence.id] += 1
        counts.statuses[agent.routing_status] += 1
        if member.joined:
            counts.active += 1
            if agent.on_queue:
                counts.on_queue[agent.routing_status] += 1
            else:
                counts.off_queue[agent.presence.id] += 1
    return counts


def user_rows(counts: UserCounts, metric: str) -> list[tuple[Optional[str], int]]:
    """(qualifier, count); Genesys docs: only qualifiers that occur are listed."""
    if metric == "oMemberUsers":
        return [(None, counts.members)]
    if metric == "oActiveUsers":
        return [(None, counts.active)]
    table = {"oOnQueueUsers": counts.on_queue, "oOffQueueUsers": counts.off_queue,
             "oUserPresences": counts.presences, "oUserRoutingStatuses": counts.statuses}[metric]
    return list(table.items())
