# SPDX-License-Identifier: MIT
"""Topics, their permissions, and combined names."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Optional

TOPIC_CHARACTERS_MAX = 200

# Medium -> last part of the topic of its own, below v2.routing.queues.{id}.conversations.
VARIANTS = {"voice": "calls", "callback": "callbacks", "chat": "chats", "email": "emails", "message": "messages"}
_QUEUE = "v2.routing.queues.{id}"
_OBSERVATION, _AGGREGATE = "analytics:queueObservation:view", "analytics:conversationAggregate:view"

# Topic -> permissions, all of them needed.  Genesys docs name those of the
# analytics topics (forum F-7221); the others are chosen by analogy.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "v2.analytics.queues.{id}.observations": (_OBSERVATION, _AGGREGATE),
    "v2.analytics.queues.{id}.activity": (_OBSERVATION,),
    "v2.analytics.users.{id}.aggregates": ("analytics:userAggregate:view", _AGGREGATE),
    "v2.analytics.wrapup.{id}.aggregates": (_AGGREGATE,),
    "v2.analytics.flow.{id}.aggregates": ("analytics:flowAggregate:view",),
    "v2.analytics.flowoutcome.{id}.aggregates": ("analytics:flowAggregate:view",),
    "v2.flows.{id}": ("architect:flow:view",),
    _QUEUE + ".conversations": ("routing:queue:view",),
    **{"%s.conversations.%s" % (_QUEUE, variant): ("routing:queue:view",) for variant in
       ("calls", "callbacks", "chats", "cobrowseSessions", "emails", "messages", "screenshares",
        "socialexpressions", "videos")},
    _QUEUE + ".users": ("routing:queue:view",),
    **{"v2.users.{id}." + what: () for what in
       ("activity", "presence", "routingStatus", "conversationsummary", "conversations", "outofoffice", "station")},
    "v2.detail.events.conversation.{id}.attributes": ("analytics:conversationDetail:view",),
    "v2.system.no_longer_subscribed.{id}": (),
    "v2.system.token_revoked.{id}": (),
    "v2.system.socket_closing": (),
}


@dataclass(frozen=True)
class Template:
    """Finds exact ids only: there are no wildcards."""
    name: str
    pattern: re.Pattern[str]
    permissions: tuple[str, ...]


_TEMPLATES = [Template(name, re.compile(re.escape(name).replace(r"\{id\}", r"([\w-]+)"), re.IGNORECASE), needed)
              for name, needed in PERMISSIONS.items()]


@dataclass(frozen=True)
class Topic:
    """One single topic.  `key` is for comparison, because letter case does not matter; `name` is for display."""
    template: str
    name: str
    key: str
    entity: str  # the id in the topic
    permissions: tuple[str, ...]


def parse(text: str) -> Optional[Topic]:
    for template in _TEMPLATES:
        found = template.pattern.fullmatch(text)
        if found:
            entity = found.group(1) if found.groups() else ""
            name = template.name.replace("{id}", entity)
            return Topic(template.name, name, name.lower(), entity, template.permissions)
    return None


def singles(text: str) -> list[str]:
    """v2.users.ID?presence&station -> v2.users.ID.presence, v2.users.ID.station."""
    prefix, mark, last = text.partition("?")
    return ["%s.%s" % (prefix, part) for part in last.split("&") if part] if mark else [text]


def available(expand: set[str]) -> list[dict[str, Any]]:
    """Entities of availabletopics: only the id, unless the request expands them."""
    made = []
    for template in _TEMPLATES:
        whole = {"description": "Simulated topic", "visibility": "Public", "enforced": True,
                 "transports": ["Websocket"] if template.name.startswith("v2.system") else ["All"],
                 "requiresPermissions": list(template.permissions), "schema": {},
                 "publicApiTemplateUriPaths": [], "topicParameters": ["id"] if "{id}" in template.name else [],
                 "permissionDetails": [{"type": "requiresPermissions", "permissions": list(template.permissions),
                                        "allowsCurrentUser": False, "enforced": True}]}
        made.append({"id": template.name, **{k: v for k, v in whole.items() if k in expand}})
    return made
