# SPDX-License-Identifier: MIT
"""Users (the agents), with presence and routing status on demand."""
from __future__ import annotations

from typing import Any

from ..clock import iso_ms
from ..web.message import ApiError
from ..world.model import Agent
from . import paging
from .router import Call, Route


def routing_status_json(agent: Agent) -> dict[str, Any]:
    return {"userId": agent.id, "status": agent.routing_status, "startTime": iso_ms(agent.routing_ms)}


def presence_json(agent: Agent) -> dict[str, Any]:
    """systemPresence is upper case here, unlike in the presence definitions."""
    return {"source": "PURECLOUD", "primary": True,
            "presenceDefinition": {"id": agent.presence.id, "systemPresence": agent.presence.upper,
                                   "selfUri": "/api/v2/presencedefinitions/" + agent.presence.id},
            "message": "", "modifiedDate": iso_ms(agent.presence_ms),
            "selfUri": "/api/v2/users/%s/presences/PURECLOUD" % agent.id}


def user_json(agent: Agent, expand: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": agent.id, "name": agent.name,
        "division": {"id": agent.division.id, "name": agent.division.name,
                     "selfUri": "/api/v2/authorization/divisions/" + agent.division.id},
        "chat": {"jabberId": agent.id.replace("-", "")[:24] + "@sim.orgspan.com"},
        "email": agent.email, "state": "active", "title": agent.title, "username": agent.email,
        "version": agent.version, "acdAutoAnswer": False, "selfUri": "/api/v2/users/" + agent.id}
    if "routingStatus" in expand:
        made["routingStatus"] = routing_status_json(agent)
    if "presence" in expand:
        made["presence"] = presence_json(agent)
    return made


def list_users(call: Call) -> dict[str, Any]:
    request = call.request
    ids, expand = set(request.many("id")), request.many("expand")
    state = (request.one("state") or "active").lower()
    size, page = paging.window(call, call.app.settings.page_max)
    with call.app.world.lock:
        found = [a for a in call.app.world.agents.values()
                 if state in ("active", "any") and (not ids or a.id in ids)]
        found.sort(key=lambda a: (a.name.lower(), a.id),
                   reverse=(request.one("sortOrder") or "asc").lower().startswith("desc"))
        shown = [user_json(a, expand) for a in paging.cut(found, size, page)]
    return paging.listing(call, len(found), size, page, shown)


def _agent(call: Call) -> Agent:
    agent = call.app.world.agents.get(call.params["userId"])
    if agent is None:
        raise ApiError(404, "not.found", "The requested resource was not found.")
    return agent


def get_user(call: Call) -> dict[str, Any]:
    with call.app.world.lock:
        return user_json(_agent(call), call.request.many("expand"))


def get_routing_status(call: Call) -> dict[str, Any]:
    with call.app.world.lock:
        return routing_status_json(_agent(call))


def get_presence(call: Call) -> dict[str, Any]:
    with call.app.world.lock:
        return presence_json(_agent(call))


ROUTES = [
    Route("GET", "/users", list_users),
    Route("GET", "/users/{userId}", get_user),
    Route("GET", "/users/{userId}/routingstatus", get_routing_status),
    Route("GET", "/users/{userId}/presences/{sourceId}", get_presence),
]
