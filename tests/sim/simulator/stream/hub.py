# SPDX-License-Identifier: MIT
"""Connects the world with the sockets: subscriptions, times of delivery, faults.

An observer of the world.  Guarded by the world's lock, unless a method says otherwise.
"""
from __future__ import annotations

import random
import time
import uuid
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Callable, Optional

from ..web.message import dumps
from ..world.model import Agent, Conversation, Participant, Queue
from . import actions, agents, conversation as snapshots, frames
from .channels import Channel, Channels
from .faults import Shape, StreamFaults
from .pace import Pace
from .socket import StreamSocket
from .topics import VARIANTS

if TYPE_CHECKING:
    from ..application import Simulator

KEPT_SOCKETS = 200
HEARTBEAT = {"topicName": "channel.metadata", "eventBody": {"message": "WebSocket Heartbeat"}}


class Hub:
    def __init__(self, app: "Simulator", seed: int) -> None:
        self.app = app
        self.channels, self.faults = Channels(), StreamFaults(seed)
        self.sockets: list[StreamSocket] = []
        self.past: deque[StreamSocket] = deque(maxlen=KEPT_SOCKETS)
        self.counts: Counter[str] = Counter()
        self.action: Callable[[StreamSocket, Any], None] = lambda one, step: actions.play(self, one, step)
        self._serial = 0
        self._rng = random.Random(seed)
        self._beats: dict[int, float] = {}  # socket -> next heartbeat
        self._pace = Pace(self)
        self._joined = {a.id: self._joined_of(a) for a in app.world.agents.values()}

    def wall_ms(self) -> int:
        return int(self.app.world.clock.wall() * 1000)

    # ---- channels -------------------------------------------------------------------

    def make_channel(self, client: str, token: str) -> Channel:
        settings = self.app.settings
        most = settings.namespaces["notifications"].get("channels.per.user.and.application", 20)
        while len(self.channels.of_client(client)) >= most:
            self.evict(self.channels.to_displace(client))
        self.counts["channels_created"] += 1
        return self.channels.make(client, token, self.app.wall() + settings.channel_life_s)

    def evict(self, channel: Channel) -> None:
        """Ends a channel that a newer one displaces: its socket gets a notice and is closed."""
        self.counts["channels_evicted"] += 1
        self._end_channel(channel, "evicted")

    def expire(self, channel: Channel) -> None:
        self.counts["channels_expired"] += 1
        self._end_channel(channel, "expired")

    def _end_channel(self, channel: Channel, why: str) -> None:
        self.channels.remove(channel, why)
        if channel.socket is not None:
            if why == "evicted":
                self.say_displaced(channel.socket)
            channel.socket.close(1001, "channel " + why)

    def find(self, channel_id: str, client: Optional[str] = None) -> Optional[Channel]:
        channel = self.channels.get(channel_id)
        if channel is not None and self.app.wall() >= channel.expires:
            self.expire(channel)
            channel = None
        return channel if channel is not None and client in (None, channel.client) else None

    def prolong(self, channel: Channel, token: str) -> None:
        """Genesys docs: another subscription extends the 24 hours; then the channel belongs to the new token."""
        channel.expires = self.app.wall() + self.app.settings.channel_life_s
        channel.token, channel.token_ended = token, False
        self.channels.touch(channel)

    def subscribed(self, channel: Channel) -> None:
        """Sends changes of the statistics from now on, without the present values."""
        self.counts["subscriptions"] += 1
        for topics in channel.topics.values():
            for topic in topics:
                queue = self.app.world.queues.get(topic.entity)
                if topic.template.startswith("v2.analytics.queues.") and queue:
                    self._pace.watch(queue)

    # ---- sockets ----------------------------------------------------------------------

    def open(self, channel: Channel, peer: str, listener: str, beats: bool = True) -> StreamSocket:
        """Genesys docs: a second connection to a channel closes the first."""
        self._serial += 1
        made = StreamSocket(self, channel, self._serial, peer, listener)
        if channel.socket is not None:
            self.counts["sockets_kicked"] += 1
            channel.socket.close(1001, "kicked by a second socket")
        channel.socket = made
        self.channels.touch(channel)
        self.counts["sockets_opened"] += 1
        self.sockets.append(made)
        self._beats[made.serial] = time.monotonic() + self.app.settings.heartbeat_s if beats else float("inf")
        return made

    def closed(self, one: StreamSocket) -> None:
        """Called by the socket's thread, which holds no lock."""
        with self.app.world.lock:
            if one in self.sockets:
                self.sockets.remove(one)
            self.past.append(one)
            self._beats.pop(one.serial, None)
            self.counts["ended: " + one.ended] += 1
            self.counts.update(one.counts)
            if one.channel.socket is one:
                one.channel.socket = None
                self.channels.touch(one.channel)

    def mute(self, one: StreamSocket, pongs: bool = False) -> bool:
        with self.app.world.lock:
            return self.faults.is_active("silence", one) or (pongs and self.faults.is_active("mute_pong", one))

    def say(self, one: StreamSocket, value: Any, what: str, after_s: float = 0.0) -> None:
        """Sends a message that is no event; only the fault `silence` withholds it."""
        if self.faults.is_active("silence", one):
            one.counts["silenced"] += 1
            return
        one.counts["frames_sent"] += 1
        one.counts[what] += 1
        one.send_message(value, after_s)

    def system_message(self, topic: str, **body: Any) -> dict[str, Any]:
        return {"topicName": topic, "version": "2", "eventBody": body,
                "metadata": {"CorrelationId": self._correlation_id()}}

    def say_displaced(self, one: StreamSocket) -> None:
        self.say(one, self.system_message(
            "v2.system.no_longer_subscribed." + one.channel_id, systemTopicType="no_longer_subscribed",
            reason="another_channel_subscribed", channelId=one.channel_id,
            organizationId=self.app.world.organisation_id, oauthClientId=one.channel.client,
            message="Another channel was created"), "system_messages")

    def say_closing(self, one: StreamSocket, notice_s: float) -> None:
        """Genesys docs: about a minute before a maintenance close; the channel stays."""
        self.say(one, self.system_message("v2.system.socket_closing", channelId=one.channel_id,
                                          message="Websocket closing soon…"), "system_messages")
        one.close(1001, "socket_closing", "going away", notice_s)

    def hidden_queues(self) -> set[str]:
        if self.app.settings.divisions is None:
            return set()
        return {q.id for q in self.app.world.queues.values() if not self.app.sees(q.division)}

    def topics_max(self) -> int:
        return self.app.settings.namespaces["notifications"].get("topics.per.channel", 1000)

    # ---- the world's observer ------------------------------------------------------------

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        self._pace.metric(queue, conversation.media, name, value_ms, at_ms)

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        """Sends the snapshot to each queue that has or had the conversation, with the same bytes."""
        body: Optional[bytes] = None
        flat: Optional[bytes] = None
        for queue_id in dict.fromkeys(p.queue.id for p in conversation.participants if p.queue is not None):
            self._pace.touch(queue_id)
            topic = "v2.routing.queues.%s.conversations" % queue_id
            if self.has_subscriber(topic):
                body = body or dumps(snapshots.whole(conversation))
                self.publish(topic, body)
            topic = "%s.%s" % (topic, VARIANTS[conversation.media])
            if self.has_subscriber(topic):
                flat = flat or dumps(snapshots.of_medium(conversation))
                self.publish(topic, flat)

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        for queue_id in agent.queues:
            self._pace.touch(queue_id)
        base = "v2.users.%s." % agent.id
        for name, body in (("presence", agents.presence), ("routingStatus", agents.routing_status)):
            if what == name:
                self.offer(base + name, lambda body=body: body(agent))
        self.offer(base + "activity", lambda: agents.activity(agent))
        if what == "queues":
            self._membership(agent)

    @staticmethod
    def _joined_of(agent: Agent) -> dict[str, bool]:
        return {q.id: q.members[agent.id].joined for q in agent.queues.values()}

    def _membership(self, agent: Agent) -> None:
        before, now = self._joined.get(agent.id, {}), self._joined_of(agent)
        self._joined[agent.id] = now
        for queue_id in {**before, **now}:
            if before.get(queue_id) != now.get(queue_id):
                self.offer("v2.routing.queues.%s.users" % queue_id, lambda queue_id=queue_id: agents.membership(
                    agent, queue_id, now.get(queue_id, False)))

    # ---- publishing ---------------------------------------------------------------------

    def has_subscriber(self, topic: str) -> bool:
        return any(channel.socket is not None for channel in self.channels.listeners.get(topic.lower(), ()))

    def offer(self, topic: str, body: Callable[[], Any]) -> None:
        if self.has_subscriber(topic):
            self.publish(topic, dumps(body()))

    def _correlation_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def publish(self, topic: str, body: bytes) -> None:
        data = envelope(topic, body, self._correlation_id())
        for channel in self.channels.listeners.get(topic.lower(), ()):
            if channel.socket is not None:
                self.event(channel.socket, topic, data)

    def event(self, one: StreamSocket, topic: str, data: bytes) -> None:
        """Sends one event to one socket, through its faults; sends nothing to a socket that is closing."""
        if one.last_seq is not None:
            return
        one.events_sent += 1
        one.counts["events"] += 1
        shape = self.faults.shape(one, topic)
        for kind in shape.changed:
            one.counts["changed " + kind] += 1
        ready = _shaped(data, shape)
        for delay in shape.copies:
            one.counts["frames_sent"] += 1
            one.send(ready, delay)
        for step in self.faults.reached(one):
            self._play(one, step)

    # ---- time ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Does the work that is due: heartbeats, expiries, ended tokens, actions, statistics; the ticker calls it."""
        with self.app.world.lock:
            now = time.monotonic()
            self.faults.run_due(list(self.sockets), self._play)
            for one in self.sockets:
                if self._beats[one.serial] <= now:
                    self._beats[one.serial] = now + self.app.settings.heartbeat_s
                    self.say(one, HEARTBEAT, "heartbeats")
            for channel in self.channels.all():
                if self.app.wall() >= channel.expires:
                    self.expire(channel)
            self._end_with_tokens()
            self.app.guide.tick()
            self._pace.send_due(now)

    def restart_heartbeats(self) -> None:
        """Applies a changed heartbeat_s from now on."""
        for serial, at in self._beats.items():
            if at != float("inf"):
                self._beats[serial] = time.monotonic() + self.app.settings.heartbeat_s

    def _end_with_tokens(self) -> None:
        """Genesys docs: the server may close the channel's socket (1001) when its token ends."""
        if not self.app.settings.token_end_closes:
            return
        live = self.app.tokens.ended([c.token for c in self.channels.all() if not c.token_ended])
        for channel in self.channels.all():
            how = live.get(channel.token, "")
            if not how or channel.token_ended:
                continue
            channel.token_ended = True
            if channel.socket is None:
                continue
            if how == "revoked":
                self.say(channel.socket, self.system_message(
                    "v2.system.token_revoked." + channel.id, systemTopicType="token_revoked",
                    reason="user_tokens_revoked", channelId=channel.id, oauthClientId=channel.client,
                    message="The token was revoked"), "system_messages")
            channel.socket.close(1001, "token " + how)

    def _play(self, one: StreamSocket, step: Any) -> None:
        one.counts["action " + step.kind] += 1
        self.action(one, step)

    # ---- reading -------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        with self.app.world.lock:
            counts = Counter(self.counts)
            for one in self.sockets:
                counts.update(one.counts)
            return {**{name: counts[name] for name in ALWAYS}, **counts, "sockets_open": len(self.sockets),
                    "channels": len(self.channels.all()),
                    "topics": sum(len(c.topics) for c in self.channels.all()),
                    "violations": {k.partition(" ")[2]: n for k, n in counts.items() if k.startswith("violation ")},
                    "violations_total": sum(n for k, n in counts.items() if k.startswith("violation "))}

    def reset_counts(self) -> None:
        with self.app.world.lock:
            self.counts = Counter()
            for one in self.sockets:
                one.counts = Counter()

    def sockets_json(self) -> list[dict[str, Any]]:
        with self.app.world.lock:
            return [one.as_json() for one in sorted([*self.past, *self.sockets], key=lambda s: s.serial)]

    def channels_json(self) -> list[dict[str, Any]]:
        with self.app.world.lock:
            return [{"id": c.id, "expires_ms": int(c.expires * 1000), "topics": list(c.topics),
                     "socket": c.socket.serial if c.socket else None, "used": c.used, "token_ended": c.token_ended}
                    for c in self.channels.all()]


ALWAYS = ("channels_created", "channels_evicted", "channels_expired", "subscriptions", "sockets_opened",
          "sockets_kicked", "handshakes_refused", "events", "frames_sent", "bytes_sent", "frames_received",
          "bytes_received", "heartbeats", "app_pings", "app_pongs", "rfc_pings", "rfc_pongs", "replies",
          "system_messages", "silenced", "unknown_messages", "authorized_handshakes")


def envelope(topic: str, body: bytes, correlation_id: str) -> bytes:
    return (b'{"topicName":"%s","version":"2","eventBody":%s,"metadata":{"CorrelationId":"%s"}}'
            % (topic.encode(), body, correlation_id.encode()))


def _shaped(data: bytes, shape: Shape) -> bytes:
    if shape.size > len(data):
        head = data[:-2]  # up to the end of the metadata
        data = head + b',"Filler":"%s"}}' % (b"x" * max(0, shape.size - len(head) - 14))
    if shape.pieces > 1:
        return frames.fragments(data, shape.pieces, frames.frame(frames.PING, b"between") if shape.pings else b"")
    return frames.frame(frames.TEXT, data)
