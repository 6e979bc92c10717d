# SPDX-License-Identifier: MIT
"""Messages that a client sends over its socket, and their answers.

The form of the answers is known from clients, not from official texts: they
have no topicName, and `result` is a string.
"""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .channels import check_topic

if TYPE_CHECKING:
    from .hub import Hub
    from .socket import StreamSocket

PONG = {"topicName": "channel.metadata", "eventBody": {"message": "pong"}}


def answer(hub: "Hub", one: "StreamSocket", payload: bytes) -> None:
    """Answers a message of the client; called by the socket's thread."""
    try:
        value = json.loads(payload)
    except ValueError:
        value = None
    word = value.get("message") if isinstance(value, dict) else None
    with hub.app.world.lock:
        if one.channel.guide:
            hub.app.guide.read_query(one, value)
        elif word == "ping":
            one.counts["app_pings"] += 1
            if not hub.faults.is_active("mute_pong", one):
                hub.say(one, PONG, "app_pongs")
        elif word in ("subscribe", "unsubscribe"):
            record = {"correlationId": value["correlationId"]} if isinstance(value.get("correlationId"), str) else {}
            hub.say(one, {**_subscribe(hub, one, word, value.get("topics")), **record}, "replies")
        else:
            one.counts["unknown_messages"] += 1


def _subscribe(hub: "Hub", one: "StreamSocket", word: str, names: Any) -> dict[str, str]:
    channel = one.channel
    if channel.gone or channel.token_ended:
        return {"result": "404", "message": "Channel not found"}
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        return {"result": "400", "status": "error", "message": "topics is missing"}
    if word == "unsubscribe":
        hub.channels.unsubscribe(channel, [n for n in names if n in channel.topics])
        return {"result": "200", "status": "unsubscribed"}
    hidden = hub.hidden_queues()
    checked = [check_topic(name, hub.app.settings.permissions, hidden) for name in names]
    wrong = next((j for j in checked if j.malformed or j.rejected), None)
    if wrong is not None:
        return {"result": "400", "status": "failure",
                "message": wrong.malformed or wrong.rejected[0]["rejectionReason"]}
    if len(channel.topics) + len(names) > hub.topics_max():
        return {"result": "400", "status": "failure", "message": "too many topics"}
    for topic in checked:
        hub.channels.subscribe(channel, topic.name, topic.permitted)
    hub.prolong(channel, channel.token)
    hub.subscribed(channel)
    return {"result": "200", "status": "subscribed"}
