# SPDX-License-Identifier: MIT
"""The pace of the analytics topics of a queue: after a change, at most once a second."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..world.model import Queue
from . import statistics

if TYPE_CHECKING:
    from .hub import Hub


class Pace:
    """Guarded by the world's lock."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._watched: dict[str, statistics.QueueWatch] = {}  # queues with a subscription
        self._dirty: dict[str, float] = {}  # queue -> not before
        self._sent: dict[str, float] = {}  # queue -> time of its last message
        self._aggregates = statistics.Aggregates()

    def watch(self, queue: Queue) -> None:
        """Watches a queue from now on; its present values are not sent."""
        if queue.id not in self._watched:
            self._watched[queue.id] = statistics.QueueWatch(queue)
            self._aggregates.forget_changes(queue.id)

    def metric(self, queue: Queue, media: str, name: str, value_ms: Optional[int], at_ms: int) -> None:
        length_ms = max(1, int(self._hub.app.settings.half_hour_s * 1000))
        self._aggregates.add(queue.id, media, name, value_ms, at_ms, length_ms)
        self.touch(queue.id)

    def touch(self, queue_id: str) -> None:
        """Notes that values of the queue may have changed."""
        if queue_id in self._watched and queue_id not in self._dirty:
            self._dirty[queue_id] = self._sent.get(queue_id, 0.0) + self._hub.app.settings.observation_gap_s

    def send_due(self, now: float) -> None:
        for queue_id in [q for q, at in self._dirty.items() if at <= now]:
            del self._dirty[queue_id]
            self._sent[queue_id] = now
            base = "v2.analytics.queues.%s." % queue_id
            if self._hub.has_subscriber(base + "observations") or self._hub.has_subscriber(base + "activity"):
                self._send(queue_id, base)
                continue
            self._aggregates.forget_changes(queue_id)  # changes without a subscriber are lost
            if any(base + what in self._hub.channels.listeners for what in ("observations", "activity")):
                self._watched[queue_id].news()
            else:
                del self._watched[queue_id]

    def _send(self, queue_id: str, base: str) -> None:
        hub = self._hub
        contacts, users = self._watched[queue_id].news()
        now_ms = hub.wall_ms()
        if contacts:
            hub.offer(base + "activity", lambda: statistics.activity_body(contacts))
        groups: list[tuple[Optional[str], Any]] = list(contacts.items())
        if users:
            groups.append((None, users))
        for media, changed in groups:
            hub.offer(base + "observations",
                      lambda m=media, c=changed: statistics.gauge_body(queue_id, m, c, now_ms))
        for body in self._aggregates.bodies(queue_id):
            hub.offer(base + "observations", lambda body=body: body)
