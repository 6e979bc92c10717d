# SPDX-License-Identifier: MIT
"""The guide dialect's REST calls, which gateways have and the official API lacks.

GET /queues/metrics and /queues/stats return the contacts and agents of the requested queues. For every second queue
numbers that are 0 are left out, because a missing number means 0 there.
"""
from __future__ import annotations

from typing import Any

from ..web.message import bad_request
from ..world import gauges
from ..world.model import MEDIA, Queue
from .router import Call, Route

SCOPE = "analytics:realtime:read"
SOCKET_PATH = "/api/v2/analytics/realtime/conversations"
NUMBERS = ("queued", "waiting", "agentAvailable", "agentBusy")


def numbers(queue: Queue) -> dict[str, int]:
    """queued: contacts in the queue, ringing or not; waiting: those that do not ring."""
    count = {metric: sum(len(gauges.visits(queue, media, metric)) for media in MEDIA)
             for metric in ("oWaiting", "oAlerting")}
    on_queue = gauges.user_counts(queue).on_queue
    return {"queued": count["oWaiting"] + count["oAlerting"], "waiting": count["oWaiting"],
            "agentAvailable": on_queue["IDLE"], "agentBusy": on_queue["INTERACTING"] + on_queue["COMMUNICATING"]}


def queue_metrics(call: Call) -> list[dict[str, Any]]:
    ids = call.request.many("queueIds")
    wanted = call.request.many("metricNames") or list(NUMBERS)
    unknown = [name for name in wanted if name not in NUMBERS]
    if not ids or unknown:
        raise bad_request("queueIds is required" if not ids else "unknown metric %s" % unknown[0])
    rows: list[dict[str, Any]] = []
    with call.app.world.lock:
        for queue in call.app.visible_queues(ids):
            record = {name: value for name, value in numbers(queue).items()
                    if name in wanted and (value or queue.index % 2)}
            rows.append({"id": queue.id, "name": queue.name, **record})
    return rows


SOCKET = Route("GET", "/analytics/realtime/conversations", lambda _call: None, (SCOPE,))  # of the upgrade to a WebSocket
ROUTES = [Route("GET", "/queues/metrics", queue_metrics, (SCOPE,), official=False),
          Route("GET", "/queues/stats", queue_metrics, (SCOPE,), official=False)]
