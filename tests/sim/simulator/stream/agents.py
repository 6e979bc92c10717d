# SPDX-License-Identifier: MIT
"""Bodies of the agents' topics and of a queue's members."""
from __future__ import annotations

from typing import Any

from ..clock import iso_ms
from ..world.model import Agent


def _definition(agent: Agent) -> dict[str, str]:
    """Upper case here: ON_QUEUE."""
    return {"id": agent.presence.id, "systemPresence": agent.presence.upper}


def _routing(agent: Agent) -> dict[str, str]:
    return {"status": agent.routing_status, "startTime": iso_ms(agent.routing_ms)}


def presence(agent: Agent) -> dict[str, Any]:
    return {"source": "PURECLOUD", "presenceDefinition": _definition(agent), "primary": True, "message": "",
            "modifiedDate": iso_ms(agent.presence_ms)}


def routing_status(agent: Agent) -> dict[str, Any]:
    return {"id": agent.id, "routingStatus": _routing(agent)}


def activity(agent: Agent) -> dict[str, Any]:
    return {"id": agent.id, "routingStatus": _routing(agent),
            "presence": {"presenceDefinition": _definition(agent), "presenceMessage": "",
                         "modifiedDate": iso_ms(agent.presence_ms)},
            "outOfOffice": {"active": False},
            "activeQueueIds": [q.id for q in agent.queues.values() if q.members[agent.id].joined],
            "dateActiveQueuesChanged": iso_ms(agent.presence_ms)}


def membership(agent: Agent, queue_id: str, joined: bool) -> dict[str, Any]:
    return {"id": agent.id, "user": {"id": agent.id}, "queueId": queue_id, "joined": joined}
