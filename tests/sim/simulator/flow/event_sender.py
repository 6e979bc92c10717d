# SPDX-License-Identifier: MIT
"""Conversations that send events on the queues' topics at the rate of the test.

They do not depend on the world: a plan of events (events.py) becomes queue
conversations whose participants have the attributes.  An event without a subscriber is lost;
its attributes arrive with a later event of the conversation.
"""
from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Iterator

from ..web.message import Request
from .events import Conversation, Maker, Plan
from .truth import Truth

if TYPE_CHECKING:
    from ..application import Simulator

AT_ONCE = 50  # events sent while the world's lock is held once
WAITING = 2000  # messages in the box of a socket; more wait here


class QueueMaker(Maker):
    """Bodies are "QUEUE BODY"; the last event of a conversation has all its attributes."""

    def __init__(self, plan: Plan, truth: Truth, now_ms: int, queues: list[str]) -> None:
        self._queues = queues
        self.last: dict[str, str] = {}
        super().__init__(plan, truth, now_ms)

    def _envelope(self, attributes: str, conversation: Conversation) -> str:
        """Some events have the last attribute at the ACD participant, as by the data action of a queue's flow."""
        queue = self._queues[int(conversation.id[:8], 16) % len(self._queues)]
        mine, theirs = attributes, ""
        if self._rng.random() < 0.2 and len(conversation.pieces) > 1:
            theirs = conversation.pieces[-1]
            mine = ",".join(conversation.pieces[:-1])
        made = '%s {"id":"%s","maxParticipants":15,"participants":[%s,%s],"recentTransfers":[],"recordingState":"NONE",' \
            '"address":"tel:+4930123456789","accessAttributes":[],"securePause":false,"divisions":[]}' % (
                queue, conversation.id, self._participant(conversation.participant, "customer", "", mine),
                self._participant(conversation.id, "acd", '"queueId":"%s",' % queue, theirs))
        self.last[conversation.id] = made
        return made

    def _participant(self, who: str, purpose: str, queue: str, attributes: str) -> str:
        return '{"id":"%s","connectedTime":"%s","name":"%s",%s"purpose":"%s","wrapupRequired":false,' \
            '"attributes":{%s},"calls":[{"id":"%s","state":"connected","initialState":"connected","held":false,' \
            '"connectedTime":"%s","provider":"Edge","direction":"inbound","recording":false,"muted":false,' \
            '"confined":false}]}' % (who, self._time, purpose.title(), queue, purpose, attributes, who, self._time)

    def _noise(self) -> str:
        """A conversation without a metric."""
        self.truth.noise += 1
        return self._envelope(",".join(self._ordinary[4:]), Conversation(self._rng, 1))


class EventSender:
    """Runs at most one thread at a time."""

    def __init__(self, app: "Simulator") -> None:
        self._app = app
        self._last_events: list[str] = []  # the last event of the conversations of all plans
        self._thread = threading.Thread()
        self._sent = self._unsubscribed = 0
        self.endpoints: dict[str, Callable[[Request, Any], Any]] = {
            "POST /sim/flow/send": self.send, "POST /sim/flow/repeat": self.repeat, "GET /sim/flow/sent": self.sent}

    def send(self, _request: Request, body: Any) -> Any:
        given = dict(body or {})
        per_s, plan = float(given.pop("per_s", 10_000)), Plan.parse(given)
        maker = QueueMaker(plan, self._app.flow.truth, int(time.time() * 1000), sorted(self._app.world.queues))
        self._begin(self._events_of(maker), per_s)
        return {"events": plan.events}

    def repeat(self, _request: Request, body: Any) -> Any:
        """Each conversation sends another event."""
        events = list(self._last_events)
        self._begin(iter([events[at:at + 1000] for at in range(0, len(events), 1000)]),
                    float((body or {}).get("per_s", 10_000)))
        return {"events": len(events)}

    def sent(self, _request: Request, _body: Any) -> Any:
        return {"running": self._thread.is_alive(), "sent": self._sent, "unsubscribed": self._unsubscribed,
                "conversations": len(self._last_events)}

    def _begin(self, portions: Iterator[list[str]], per_s: float) -> None:
        if self._thread.is_alive():
            raise ValueError("events are still sent; wait until GET /sim/flow/sent says otherwise")
        self._thread = threading.Thread(target=self._run, args=(portions, per_s), name="sending", daemon=True)
        self._thread.start()

    def _events_of(self, maker: QueueMaker) -> Iterator[list[str]]:
        portions = maker.portions()
        while True:
            with self._app.flow.service.lock:  # of the truth
                portion = next(portions, None)
            if portion is None:
                break
            yield portion
        self._last_events += maker.last.values()

    def _run(self, portions: Iterator[list[str]], per_s: float) -> None:
        due = time.monotonic()
        for portion in portions:
            for at in range(0, len(portion), AT_ONCE):
                self._send(portion[at:at + AT_ONCE])
                due += AT_ONCE / per_s
                while not self._app.stopping.wait(max(0.0, due - time.monotonic())) and self._is_behind():
                    due = max(due, time.monotonic() + 0.01)
                if self._app.stopping.is_set():
                    return

    def _is_behind(self) -> bool:
        return any(one.waiting() > WAITING for one in list(self._app.hub.sockets))

    def _send(self, bodies: list[str]) -> None:
        hub = self._app.hub
        with self._app.world.lock:
            for text in bodies:
                queue, _, body = text.partition(" ")
                topic = "v2.routing.queues.%s.conversations" % queue
                self._sent += 1
                self._unsubscribed += not hub.has_subscriber(topic)
                hub.publish(topic, body.encode())
