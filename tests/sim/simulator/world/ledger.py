# SPDX-License-Identifier: MIT
"""What a client of the conversation topics should have counted, line by line.

An observer that looks at a conversation exactly when its snapshot leaves, and
reads the participants as the snapshots show them.  A *visit* is one stay in a
queue: it begins with an acd participant and has the agents that follow it.
"""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Iterable, NamedTuple, Optional

from .model import Agent, Conversation, Participant, Queue

KEPT_LINES = 400_000
STATES = ("waiting", "alerting", "active", "held", "wrapup", "ended")
LATE_BREACH_MS = 2000  # a contact that still waits is a breach this long after the target


class Line(NamedTuple):
    seq: int
    at_ms: int
    what: str  # offer | answer | abandon | transfer | flow_out | no_answer | snapshot
    queue: str
    media: str
    conversation: str
    offered_ms: int  # connectedTime of the visit's acd participant; of a snapshot: of the queue's first one
    wait_ms: Optional[int] = None  # of answer, abandon and flow_out
    before: Optional[str] = None  # of a snapshot: state before and after; None: it is the first
    after: Optional[str] = None


@dataclass(eq=False)
class Stay:
    """A visit: of the contact in one queue, with its end as far as it is known."""
    queue: str
    media: str
    conversation: str
    offered_ms: int
    sla_ms: float
    waited_ms: Optional[int] = None


def state_of(participants: Iterable[Participant], queue: Queue) -> str:
    """Of the open participants of the queue the highest; else wrap-up while one runs; else ended."""
    found = "ended"
    for who in participants:
        if who.queue is not queue:
            continue
        if who.end_ms is None:
            if who.purpose == "acd":
                now = "waiting"
            elif who.connected_ms is None:
                now = "alerting"
            else:
                now = "held" if who.comm.held else "active"
        elif who.start_acw_ms is not None and who.end_acw_ms is None:
            now = "wrapup"
        else:
            continue
        if _RANK[now] > _RANK[found]:
            found = now
    return found


_RANK = {"ended": 0, "wrapup": 1, "waiting": 2, "alerting": 3, "held": 4, "active": 5}


class Ledger:
    """Lines in their order.  Guarded by the world's lock."""

    def __init__(self, conversations: Iterable[Conversation], speed: float) -> None:
        self.lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self.stays: deque[Stay] = deque(maxlen=KEPT_LINES)
        self.seq = 0
        self._speed = speed
        self._states: dict[str, dict[str, str]] = {}  # live conversation -> queue -> state
        self._noted: dict[str, set[str]] = {}  # live conversation -> what is written already
        self._open: dict[str, Stay] = {}  # acd participant -> its visit while it waits
        for conversation in conversations:
            if not conversation.over:  # what is there at the start is known, but was no event
                self._look(conversation, 0)
        self.lines.clear()
        self.seq = 0

    # ---- observing -----------------------------------------------------------------

    def metric(self, queue: Queue, media: str, name: str, value_ms: Optional[int], at_ms: int,
               agent: Optional[Agent]) -> None:
        pass

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        pass

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        self._look(conversation, at_ms)
        if conversation.over:
            self._states.pop(conversation.id, None)
            self._noted.pop(conversation.id, None)

    def _look(self, conversation: Conversation, at_ms: int) -> None:
        first: dict[str, int] = {}
        acd: dict[str, Participant] = {}  # the newest of each queue
        queues: dict[str, Queue] = {}
        for who in conversation.participants:
            if who.queue is None:
                continue
            key = who.queue.id
            queues[key] = who.queue
            if who.purpose == "acd":
                acd[key] = who
                first.setdefault(key, who.connected_ms or 0)
                self._of_acd(conversation, who, at_ms)
            elif who.purpose == "agent":
                self._of_agent(conversation, who, acd[key], at_ms)
        states = self._states.setdefault(conversation.id, {})
        for key, queue in queues.items():
            before, after = states.get(key), state_of(conversation.participants, queue)
            states[key] = after
            self._write(at_ms, "snapshot", key, conversation, first[key], None, before, after)

    def _write(self, at_ms: int, what: str, queue: str, conversation: Conversation, offered_ms: int,
               wait_ms: Optional[int] = None, before: Optional[str] = None, after: Optional[str] = None) -> None:
        self.seq += 1
        self.lines.append(Line(self.seq, at_ms, what, queue, conversation.media, conversation.id, offered_ms,
                               wait_ms, before, after))

    def _new(self, conversation: Conversation, key: str) -> bool:
        noted = self._noted.setdefault(conversation.id, set())
        if key in noted:
            return False
        noted.add(key)
        return True

    def _of_acd(self, conversation: Conversation, who: Participant, at_ms: int) -> None:
        queue, offered = who.queue, who.connected_ms or 0
        if self._new(conversation, "offer " + who.id):
            self._write(offered, "offer", queue.id, conversation, offered)
            self._open[who.id] = Stay(queue.id, conversation.media, conversation.id, offered,
                                      queue.sla_ms[conversation.media] / self._speed)
            self.stays.append(self._open[who.id])
        if who.end_ms is None or not self._new(conversation, "left " + who.id):
            return
        if any(p.purpose == "agent" and p.connected_ms == who.end_ms and p.queue is queue
               for p in conversation.participants):
            return  # answered: the agent's line says so
        gone = conversation.participants[0].end_ms is not None
        waited = who.end_ms - offered
        self._write(who.end_ms, "abandon" if gone else "flow_out", queue.id, conversation, offered, waited)
        self._wait_over(who, waited)

    def _of_agent(self, conversation: Conversation, who: Participant, acd: Participant, at_ms: int) -> None:
        offered = acd.connected_ms or 0
        if who.connected_ms is not None and self._new(conversation, "answer " + who.id):
            waited = who.connected_ms - offered
            self._write(who.connected_ms, "answer", who.queue.id, conversation, offered, waited)
            self._wait_over(acd, waited)
        ended = who.end_ms is not None and (who.comm.disconnect_type or "").startswith("transfer")
        if ended and self._new(conversation, "end " + who.id):
            what = "transfer" if who.connected_ms is not None else "no_answer"
            self._write(who.end_ms or 0, what, who.queue.id, conversation, offered)

    def _wait_over(self, acd: Participant, waited_ms: int) -> None:
        stay = self._open.pop(acd.id, None)
        if stay is not None:
            stay.waited_ms = waited_ms

    # ---- telling ------------------------------------------------------------------------

    def states_now(self) -> dict[tuple[str, str], dict[str, int]]:
        """(queue, conversation's medium is not known here) -> see `live`."""
        raise NotImplementedError


@dataclass
class Question:
    """Which lines count.  None: no bound."""
    since_ms: Optional[int] = None
    until_ms: Optional[int] = None
    since_seq: Optional[int] = None
    offered_since_ms: Optional[int] = None
    queue: Optional[str] = None
    target_ms: Optional[float] = None  # None: each queue's own
    bounds_s: tuple[float, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

    def wants(self, line: Line) -> bool:
        return ((self.since_ms is None or line.at_ms >= self.since_ms)
                and (self.until_ms is None or line.at_ms < self.until_ms)
                and (self.since_seq is None or line.seq > self.since_seq)
                and self.wants_visit(line.queue, line.offered_ms))

    def wants_visit(self, queue: str, offered_ms: int) -> bool:
        return (self.queue in (None, queue)
                and (self.offered_since_ms is None or offered_ms >= self.offered_since_ms))
