# SPDX-License-Identifier: MIT
"""Queues, their members and their wrap-up codes."""
from __future__ import annotations

from typing import Any, Optional

from ..clock import iso_ms
from ..web.message import ApiError, bad_request
from ..world.model import Division, Membership, Queue
from . import paging
from .router import Call, Route
from .users import user_json

# Queue settings say "call" where analytics says "voice".
MEDIA_SETTING = {"voice": "call", "callback": "callback", "chat": "chat", "email": "email",
                 "message": "message"}
MEMBER_PERMISSIONS = ("routing:queue:view", "routing:queue:edit", "routing:queue:readonly",
                      "routing:queueMember:manage")


def division_json(division: Division) -> dict[str, Any]:
    return {"id": division.id, "name": division.name,
            "selfUri": "/api/v2/authorization/divisions/" + division.id}


def queue_json(queue: Queue, speed: float) -> dict[str, Any]:
    """The service level's target is a duration, so the speed divides it."""
    settings = {MEDIA_SETTING[m]: {
        "alertingTimeoutSeconds": queue.alerting_timeout_s[m], "enableAutoAnswer": False,
        "serviceLevel": {"percentage": 0.8, "durationMs": max(1, round(queue.sla_ms[m] / speed))}}
        for m in queue.sla_ms}
    settings["callback"]["mode"] = "AgentFirst"
    made = {"id": queue.id, "name": queue.name, "division": division_json(queue.division),
            "description": queue.description, "dateCreated": iso_ms(queue.created_ms),
            "dateModified": iso_ms(queue.modified_ms), "memberCount": len(queue.members),
            "userMemberCount": len(queue.members),
            "joinedMemberCount": sum(m.joined for m in queue.members.values()),
            "mediaSettings": settings, "scoringMethod": "TimestampAndPriority",
            "skillEvaluationMethod": "ALL",
            "acwSettings": {"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 300000},
            "autoAnswerOnly": False, "enableManualAssignment": False,
            "suppressInQueueCallRecording": True, "selfUri": "/api/v2/routing/queues/" + queue.id}
    if not queue.description:  # unset members are left out
        del made["description"]
    return made


def brief_json(queue: Queue, _speed: float) -> dict[str, Any]:
    return {"id": queue.id, "name": queue.name, "division": division_json(queue.division),
            "selfUri": "/api/v2/routing/queues/" + queue.id}


def name_matches(pattern: Optional[str], name: str) -> bool:
    """Matches a name: `*` stands for any text, letter case does not matter, and no other character is special."""
    if not pattern:
        return True
    first, *rest = pattern.lower().split("*")
    text = name.lower()
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1]:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def _chosen(call: Call) -> list[Queue]:
    request = call.request
    ids, divisions = set(request.many("id")), set(request.many("divisionId"))
    found = [q for q in call.app.visible_queues()
             if (not ids or q.id in ids) and (not divisions or q.division.id in divisions)
             and name_matches(request.one("name"), q.name)]
    found.sort(key=lambda q: (q.name.lower(), q.id),
               reverse=(request.one("sortOrder") or "asc").lower().startswith("desc"))
    return found


def _list(call: Call, render: Any, most: int) -> dict[str, Any]:
    size, page = paging.window(call, most)
    with call.app.world.lock:
        found = _chosen(call)
        speed = call.app.world.clock.speed
        shown = [render(q, speed) for q in paging.cut(found, size, page)]
    return paging.listing(call, len(found), size, page, shown)


def list_queues(call: Call) -> dict[str, Any]:
    return _list(call, queue_json, call.app.settings.page_max)


def list_division_views(call: Call) -> dict[str, Any]:
    """Genesys docs: pageSize at most 100, pageNumber at most 5."""
    if paging.number(call, "pageNumber", 1) > 5:
        raise bad_request("pageNumber must not be greater than 5.")
    return _list(call, brief_json, min(100, call.app.settings.page_max))


def list_all_division_views(call: Call) -> dict[str, Any]:
    return _list(call, brief_json, call.app.settings.page_max_all)


def _queue(call: Call) -> Queue:
    queue = call.app.world.queues.get(call.params["queueId"])
    if queue is None or not call.app.sees(queue.division):
        raise ApiError(404, "not.found", "The requested resource was not found.")
    return queue


def get_queue(call: Call) -> dict[str, Any]:
    with call.app.world.lock:
        return queue_json(_queue(call), call.app.world.clock.speed)


def _member_json(queue: Queue, member: Membership, expand: list[str]) -> dict[str, Any]:
    agent = member.agent
    return {"id": agent.id, "name": agent.name, "user": user_json(agent, expand),
            "ringNumber": member.ring_number, "joined": member.joined, "memberBy": "user",
            "routingStatus": {"userId": agent.id, "status": agent.routing_status,
                              "startTime": iso_ms(agent.routing_ms)},
            "selfUri": "/api/v2/routing/queues/%s/members/%s" % (queue.id, agent.id)}


def list_members(call: Call) -> dict[str, Any]:
    """Genesys docs: this listing has no total, lastUri and pageCount."""
    request = call.request
    statuses = {s.upper() for s in request.many("routingStatus")}
    presences = {p.upper().replace("_", "").replace(" ", "") for p in request.many("presence")}
    joined = request.one("joined")
    size, page = paging.window(call, call.app.settings.page_max)
    with call.app.world.lock:
        queue = _queue(call)
        found = [m for m in queue.members.values()
                 if (not statuses or m.agent.routing_status in statuses)
                 and (not presences or m.agent.presence.system.upper() in presences)
                 and (joined is None or m.joined == (joined.lower() == "true"))
                 and name_matches(request.one("name"), m.agent.name)]
        shown = [_member_json(queue, m, request.many("expand")) for m in paging.cut(found, size, page)]
    return paging.listing(call, len(found), size, page, shown, full=False)


def list_queue_codes(call: Call) -> dict[str, Any]:
    size, page = paging.window(call, call.app.settings.page_max)
    with call.app.world.lock:
        codes = _queue(call).codes
    shown = [{"id": c.id, "name": c.name, "selfUri": "/api/v2/routing/wrapupcodes/" + c.id}
             for c in paging.cut(codes, size, page)]
    return paging.listing(call, len(codes), size, page, shown)


def list_codes(call: Call) -> dict[str, Any]:
    size, page = paging.window(call, call.app.settings.page_max)
    ids = set(call.request.many("id"))
    codes = [c for c in call.app.world.codes if (not ids or c.id in ids)
             and name_matches(call.request.one("name"), c.name)]
    shown = [{"id": c.id, "name": c.name, "selfUri": "/api/v2/routing/wrapupcodes/" + c.id}
             for c in paging.cut(codes, size, page)]
    return paging.listing(call, len(codes), size, page, shown)


ROUTES = [
    Route("GET", "/routing/queues", list_queues, ("routing:queue:view",)),
    Route("GET", "/routing/queues/divisionviews", list_division_views, ("routing:queue:search",), "ALL"),
    Route("GET", "/routing/queues/divisionviews/all", list_all_division_views, ("routing:queue:search",), "ALL"),
    Route("GET", "/routing/queues/{queueId}", get_queue, ("routing:queue:view",), "ALL"),
    Route("GET", "/routing/queues/{queueId}/members", list_members, MEMBER_PERMISSIONS),
    Route("GET", "/routing/queues/{queueId}/wrapupcodes", list_queue_codes, ("routing:queue:view",), "ALL"),
    Route("GET", "/routing/wrapupcodes", list_codes, ("routing:wrapupCode:view",), "ALL"),
]
