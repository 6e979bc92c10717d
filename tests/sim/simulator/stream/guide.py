# SPDX-License-Identifier: MIT
"""The guide dialect's conversation stream: the query frame, and events with the queue and state of a conversation.

An observer of the world, guarded by its lock.  The newest queue participant gives the queue and the state.
"""
from __future__ import annotations

import itertools
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Optional

from ..web.message import Reply, Request, dumps
from ..world.ledger import state_of
from ..world.model import Agent, Conversation, Queue
from . import frames
from .channels import Channel
from .socket import StreamSocket

if TYPE_CHECKING:
    from ..application import Simulator

TOPIC = "guide"  # the topic of this stream for faults of the sockets
KEPT_EVENTS = 400_000
WORDS = {"waiting": "WAITING", "alerting": "ALERTING", "active": "ACTIVE", "held": "HELD", "wrapup": "WRAPPED_UP",
         "ended": "TERMINATED"}
FIELDS = {"conversationId", "type", "state", "queueId", "wrapUpCode"}


class GuideStream:
    def __init__(self, app: "Simulator") -> None:
        self.app = app
        self.wanted: dict[StreamSocket, Optional[set[str]]] = {}  # sockets that have sent their query -> types; None: all
        self.queries: list[Any] = []
        self.events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self.seq = 0
        self._sent: dict[str, tuple[str, str]] = {}  # conversation -> (queue, state)
        self._serial = itertools.count(1)

    # ---- sockets ------------------------------------------------------------------------

    def upgrade(self, request: Request, client: str, token: str) -> Reply:
        wrong = frames.handshake_error(request)
        if wrong is not None:
            return Reply(400, dumps({"message": wrong}))
        reply = Reply(101, headers={"Upgrade": "websocket", "Connection": "Upgrade",
                                    "Sec-WebSocket-Accept": frames.accept(request.headers["sec-websocket-key"])})
        channel = Channel("guide-%d" % next(self._serial), client, token, float("inf"), 0, guide=True)
        reply.takeover = lambda plug, early, head: self._run(channel, request, plug, early, head)
        return reply

    def _run(self, channel: Channel, request: Request, plug: Any, early: bytes, head: bytes) -> None:
        with self.app.world.lock:
            one = self.app.hub.open(channel, request.peer, request.listener, beats=False)
        try:
            one.run(plug, early, head)
        finally:
            with self.app.world.lock:
                self.wanted.pop(one, None)

    def read_query(self, one: StreamSocket, value: Any) -> None:
        """Reads the query frame; any other message ends the socket, as a malformed subscription does."""
        query = value.get("query") if isinstance(value, dict) else None
        if (not isinstance(query, dict) or not set(query.get("select", [])) <= FIELDS
                or not isinstance(query.get("where"), list)):
            one.close(1008, "malformed subscription")
            return
        types = set(re.findall(r"type = '(\w+)'", " ".join(map(str, query["where"]))))
        self.queries.append(query)
        self.wanted[one] = types or None

    def tick(self) -> None:
        """Ends the sockets whose token has ended: a token cannot be renewed over the socket."""
        ended = self.app.tokens.ended([one.channel.token for one in self.wanted])
        for one in list(self.wanted):
            if one.channel.token in ended and not one.channel.token_ended:
                one.channel.token_ended = True
                one.close(1008, "token " + ended[one.channel.token])

    # ---- the world's observer --------------------------------------------------------------

    def metric(self, queue: Queue, media: str, name: str, value_ms: Optional[int], at_ms: int,
               agent: Optional[Agent]) -> None:
        """Not used: the conversations have all data of the events."""

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        """Not used: an agent's change is no conversation event."""

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        newest = next((p.queue for p in reversed(conversation.participants) if p.queue is not None), None)
        if newest is None:
            return
        state = state_of(conversation.participants, newest)
        if self._sent.get(conversation.id) == (newest.id, state):
            return
        self._sent[conversation.id] = (newest.id, state)
        if self.wanted:
            self._send_event(conversation, newest, state)
        if state == "ended":
            self._sent.pop(conversation.id, None)

    def _send_event(self, conversation: Conversation, queue: Queue, state: str) -> None:
        settings = self.app.settings
        event = {"conversationId": conversation.id, "type": conversation.media, "state": WORDS[state],
                 "queueId": queue.id, "wrapUpCode": self._code(conversation, state)}
        if int(conversation.id[:4], 16) < settings.guide_no_queue * 65536:
            del event["queueId"]
        self.seq += 1
        self.events.append({"seq": self.seq, "at_ms": self.app.hub.wall_ms(), **event})
        said = [{"eventType": "ConversationEvent", "event": event}]
        if settings.guide_noise:
            said += [{"eventType": "QueueEvent", "event": event},
                     {"eventType": "ConversationEvent", "event": {**event, "state": "PARKED"}}]
        for one, types in list(self.wanted.items()):
            if types is None or conversation.media in types:
                for value in said:
                    self.app.hub.event(one, TOPIC, dumps(value))

    def _code(self, conversation: Conversation, state: str) -> Optional[str]:
        """The wrap-up code, the same in the events of wrap-up and end."""
        codes = self.app.settings.guide_wrapup_codes
        return codes[int(conversation.id[:8], 16) % len(codes)] if codes and state in ("wrapup", "ended") else None

    def as_json(self, since: int) -> dict[str, Any]:
        with self.app.world.lock:
            return {"seq": self.seq, "queries": self.queries, "sockets": len(self.wanted),
                    "events": [event for event in self.events if event["seq"] > since]}
