# SPDX-License-Identifier: MIT
"""A standard queue of SQS: a message is delivered at least once, rarely more than once, in any order.

Pure: time is an argument, random numbers are seeded, and the owner has the lock.
AWS docs, SQS developer guide: a received message is invisible for the
visibility time-out; each receive gives a new receipt handle; a message that
was received maxReceiveCount times goes to the dead-letter queue instead.
"""
from __future__ import annotations

import hashlib
import heapq
import random
import uuid
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, Iterator, Optional

SHELF = 64  # messages among which the next one is drawn
LOW_WATER = 2000  # below this number a feed adds messages
IN_FLIGHT_MAX = 120_000


@dataclass
class Rules:
    """Rules of a queue, set by /sim/sqs/queues."""
    visibility_s: float = 30.0
    wait_s: float = 0.0  # ReceiveMessageWaitTimeSeconds
    max_receive_count: int = 0  # 0: no redrive policy
    dead_letter: str = ""
    redeliver_percent: float = 0.0  # deleted messages that are delivered again
    redeliver_s: float = 2.0  # after at most this time
    twice_percent: float = 0.0  # received messages that stay visible
    ordered: bool = False

    def change(self, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            if name not in self.__dataclass_fields__:
                raise ValueError("unknown rule %s; there are: %s" % (name, ", ".join(self.__dataclass_fields__)))
            kind = type(getattr(self, name))
            setattr(self, name, kind(value))


class Message:
    __slots__ = ("id", "body", "sent_ms", "first_ms", "receives", "handle", "state")

    def __init__(self, name: str, body: str, sent_ms: int) -> None:
        self.id, self.body, self.sent_ms = name, body, sent_ms
        self.first_ms = self.receives = 0
        self.handle = ""
        self.state = "visible"  # visible, flight, delayed, gone

    @property
    def md5(self) -> str:
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()


class Queue:
    """Messages by state; `counts` are since the start."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self.name, self.rules, self.counts = name, Rules(), Counter[str]()
        self._rng = random.Random("%s/%s" % (seed, name))
        self._ready: deque[Message] = deque()
        self._shelf: list[Message] = []
        self._by_handle: dict[str, Message] = {}
        self._due: list[tuple[float, int, Message]] = []  # (when, tie, message)
        self._in_flight = self._delayed = self._tie = 0
        self._feeds: deque[Iterator[list[str]]] = deque()

    # ---- in ----------------------------------------------------------------------

    def send(self, body: str, now: float, delay_s: float = 0.0) -> Message:
        message = Message(self._name(), body, int(now * 1000))
        self.counts["sent"] += 1
        self._place(message, now, delay_s)
        return message

    def feed(self, bodies: Iterator[list[str]]) -> None:
        """Adds a source of bodies, read in portions as the queue empties: a million bodies need not be in memory."""
        self._feeds.append(bodies)

    def refill(self, now: float) -> None:
        while self._feeds and len(self._ready) < LOW_WATER:
            portion = next(self._feeds[0], None)
            if portion is None:
                self._feeds.popleft()
                continue
            self.counts["sent"] += len(portion)
            self._ready.extend(Message(self._name(), body, int(now * 1000)) for body in portion)

    def take_dead(self, message: Message) -> None:
        self.counts["sent"] += 1
        message.receives, message.state = 0, "visible"
        self._ready.append(message)

    def _name(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _place(self, message: Message, now: float, delay_s: float) -> None:
        if delay_s > 0:
            message.state = "delayed"
            self._delayed += 1
            self._later(now + delay_s, message)
        else:
            message.state = "visible"
            self._ready.append(message)

    def _later(self, when: float, message: Message) -> None:
        self._tie += 1
        heapq.heappush(self._due, (when, self._tie, message))

    # ---- out ---------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Makes messages visible whose time-out or delay has passed."""
        while self._due and self._due[0][0] <= now:
            message = heapq.heappop(self._due)[2]
            if message.state not in ("flight", "delayed"):
                continue  # deleted since
            if message.state == "flight":
                self._in_flight -= 1
                self.counts["timed_out"] += 1
            else:
                self._delayed -= 1
            message.state = "visible"
            self._ready.append(message)

    def next_due(self) -> Optional[float]:
        return self._due[0][0] if self._due else None

    def receive(self, most: int, visibility_s: Optional[float], now: float) -> tuple[list[Message], list[Message]]:
        """Returns messages for the client, and messages that were received too often."""
        self.advance(now)
        self.refill(now)
        got: list[Message] = []
        dead: list[Message] = []
        while len(got) < most:
            message = self._draw()
            if message is None:
                break
            if 0 < self.rules.max_receive_count <= message.receives:
                self._forget(message)
                self.counts["dead"] += 1
                dead.append(message)
                continue
            self._lend(message, self.rules.visibility_s if visibility_s is None else visibility_s, now)
            got.append(message)
        return got, dead

    def _draw(self) -> Optional[Message]:
        while len(self._shelf) < SHELF and self._ready:
            message = self._ready.popleft()
            if message.state == "visible":
                self._shelf.append(message)
        while self._shelf:
            at = 0 if self.rules.ordered else self._rng.randrange(len(self._shelf))
            message = self._shelf.pop(at)
            if message.state == "visible":
                return message
        return self._draw() if self._ready else None

    def _lend(self, message: Message, visibility_s: float, now: float) -> None:
        self._by_handle.pop(message.handle, None)
        message.receives += 1
        message.first_ms = message.first_ms or int(now * 1000)
        message.handle = "%s.%d.%016x" % (message.id, message.receives, self._rng.getrandbits(64))
        self._by_handle[message.handle] = message
        self.counts["received"] += 1
        if message.receives > 1:
            self.counts["received_again"] += 1
        if self.rules.twice_percent and self._rng.random() * 100 < self.rules.twice_percent:
            visibility_s = 0.0
        if visibility_s <= 0:
            self._ready.append(message)
            return
        message.state = "flight"
        self._in_flight += 1
        self._later(now + visibility_s, message)

    # ---- after -------------------------------------------------------------------

    def known(self, handle: str) -> bool:
        """True if the text has the form of a handle of this queue."""
        parts = handle.split(".")
        return len(parts) == 3 and len(parts[0]) == 36 and parts[1].isdigit()

    def delete(self, handle: str, now: float) -> None:
        """An old handle deletes nothing, and that is no error: AWS docs of DeleteMessage."""
        message = self._by_handle.get(handle)
        if message is None:
            self.counts["deletes_in_vain"] += 1
            return
        self._forget(message)
        self.counts["deleted"] += 1
        if self.rules.redeliver_percent and self._rng.random() * 100 < self.rules.redeliver_percent:
            self.counts["came_back"] += 1
            again = Message(message.id, message.body, message.sent_ms)
            again.receives = message.receives
            self._place(again, now, self._rng.random() * self.rules.redeliver_s)

    def _forget(self, message: Message) -> None:
        if message.state == "flight":
            self._in_flight -= 1
        message.state = "gone"
        self._by_handle.pop(message.handle, None)

    def change_visibility(self, handle: str, seconds: float, now: float) -> bool:
        message = self._by_handle.get(handle)
        if message is None or message.state != "flight":
            return False
        self._due = [entry for entry in self._due if entry[2] is not message]
        heapq.heapify(self._due)
        self._later(now + seconds, message)
        self.advance(now)
        return True

    def purge(self) -> None:
        for store in (self._ready, self._shelf, self._by_handle, self._due, self._feeds):
            store.clear()
        self._in_flight = self._delayed = 0

    # ---- contents ----------------------------------------------------------------------

    @property
    def visible(self) -> int:
        return sum(m.state == "visible" for m in self._shelf) + sum(m.state == "visible" for m in self._ready)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def delayed(self) -> int:
        return self._delayed

    def bodies(self, most: int) -> list[str]:
        waiting = [m for m in [*self._shelf, *self._ready] if m.state == "visible"]
        return [m.body for m in waiting[:most]]

    def as_json(self, now: float) -> dict[str, Any]:
        self.advance(now)
        return {"visible": self.visible, "in_flight": self._in_flight, "delayed": self._delayed,
                "feeding": bool(self._feeds), "left": self.visible + self._in_flight + self._delayed,
                "oldest_receives": max((m.receives for m in self._shelf), default=0),
                **{name: self.counts[name] for name in ("sent", "received", "received_again", "deleted", "dead",
                                                        "timed_out", "came_back", "deletes_in_vain")}}
