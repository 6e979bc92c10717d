# SPDX-License-Identifier: MIT
"""Notification channels and their states: created, subscribed, used, expired, displaced.

Everything here is guarded by the world's lock, which is also held while the
world calls its observers: an event and a subscription never overlap.
"""
from __future__ import annotations

import secrets
import string
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Iterable, Optional

from . import topics
from .topics import Topic

if TYPE_CHECKING:
    from .socket import StreamSocket

LETTERS = string.ascii_lowercase + string.digits


@dataclass(eq=False)
class Channel:
    id: str
    client: str
    token: str  # the token that made the channel or subscribed last
    expires: float  # wall seconds
    used: int  # serial of the last use: the smallest is the one used longest ago
    topics: dict[str, list[Topic]] = field(default_factory=dict)  # as subscribed -> single topics
    subscriptions: Counter[str] = field(default_factory=Counter)  # topic key -> how many subscriptions name it
    socket: Optional["StreamSocket"] = None
    gone: str = ""  # expired | evicted
    token_ended: bool = False
    guide: bool = False  # True for a socket of the guide dialect's stream, which has no channel


class Channels:
    """All channels and the topics of each."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._serial = 0
        self.listeners: dict[str, list[Channel]] = {}  # topic key -> channels

    def make(self, client: str, token: str, expires: float) -> Channel:
        name = "streaming-0-" + "".join(secrets.choice(LETTERS) for _ in range(26))
        made = self._channels[name] = Channel(name, client, token, expires, 0)
        self.touch(made)
        return made

    def touch(self, channel: Channel) -> None:
        self._serial += 1
        channel.used = self._serial

    def get(self, channel_id: str) -> Optional[Channel]:
        return self._channels.get(channel_id)

    def all(self) -> list[Channel]:
        return list(self._channels.values())

    def of_client(self, client: str) -> list[Channel]:
        return [c for c in self._channels.values() if c.client == client]

    def to_displace(self, client: str) -> Channel:
        """Chooses the channel to displace. Genesys docs: the one used longest ago, unconnected channels first."""
        return min(self.of_client(client), key=lambda c: (c.socket is not None, c.used))

    def remove(self, channel: Channel, why: str) -> None:
        channel.gone = why
        self.unsubscribe(channel)
        self._channels.pop(channel.id, None)

    # ---- subscriptions ------------------------------------------------------------

    def subscribe(self, channel: Channel, name: str, single: list[Topic]) -> None:
        self._drop(channel, name)
        channel.topics[name] = single
        for topic in single:
            channel.subscriptions[topic.key] += 1
            if channel.subscriptions[topic.key] == 1:
                self.listeners.setdefault(topic.key, []).append(channel)

    def unsubscribe(self, channel: Channel, names: Optional[Iterable[str]] = None) -> None:
        for name in list(channel.topics) if names is None else names:
            self._drop(channel, name)

    def _drop(self, channel: Channel, name: str) -> None:
        for topic in channel.topics.pop(name, []):
            channel.subscriptions[topic.key] -= 1
            if channel.subscriptions[topic.key] > 0:
                continue
            del channel.subscriptions[topic.key]
            self.listeners[topic.key].remove(channel)
            if not self.listeners[topic.key]:
                del self.listeners[topic.key]

    def count(self, channel: Channel, combined_as_one: bool) -> int:
        return len(channel.topics) if combined_as_one else sum(len(s) for s in channel.topics.values())


@dataclass
class TopicCheck:
    """The result for one topic of a request."""
    name: str
    permitted: list[Topic] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)  # ChannelTopic entries
    malformed: str = ""


def check_topic(name: str, held: Optional[list[str]], hidden: Iterable[str]) -> TopicCheck:
    """`held` permissions, None: all; `hidden`: ids of queues in divisions that the client does not see."""
    made = TopicCheck(name)
    if len(name) > topics.TOPIC_CHARACTERS_MAX:
        made.malformed = "The topic [%s] is longer than %d characters." % (name, topics.TOPIC_CHARACTERS_MAX)
        return made
    for single in topics.singles(name):
        topic = topics.parse(single)
        if topic is None:
            made.malformed = made.malformed or "The topic [%s] is not valid." % single
            made.rejected.append({"id": single, "state": "Rejected", "rejectionReason": "The topic is not valid."})
            continue
        missing = [p for p in topic.permissions if held is not None and p not in held]
        if not missing and topic.entity in hidden:
            missing = list(topic.permissions)
        if missing:
            made.rejected.append({"id": single, "state": "Rejected", "missingPermissions": missing,
                                  "rejectionReason": "The user does not have permission \"%s\" required for topic "
                                                     "\"%s\"" % (missing[0], single)})
        else:
            made.permitted.append(topic)
    return made
