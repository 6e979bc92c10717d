# SPDX-License-Identifier: MIT
"""Expected counters of a client of the conversation topics, line by line.

The ledger is an observer: it reads a conversation exactly when its snapshot is
sent, and sees the participants of that snapshot.  A *visit* is one stay in a
queue: an acd participant and the queue's agents that follow it.
"""
from __future__ import annotations

import bisect
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, NamedTuple, Optional

from ..clock import Clock
from .model import Agent, Conversation, Participant, Queue

KEPT_LINES = 400_000
STATES = ("waiting", "alerting", "active", "held", "wrapup", "ended")
_RANK = {"ended": 0, "wrapup": 1, "waiting": 2, "alerting": 3, "held": 4, "active": 5}
LATE_BREACH_MS = 2000  # a contact that still waits this long after the target is a breach
BOUNDS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


class Line(NamedTuple):
    seq: int
    at_ms: int
    what: str  # offer | answer | abandon | transfer | flow_out | no_answer | snapshot
    queue: str
    media: str
    conversation: str
    offered_ms: int  # connectedTime of the visit's acd participant; of a snapshot: of the queue's first one
    wait_ms: Optional[int] = None  # of answer, abandon and flow_out
    before: Optional[str] = None  # of a snapshot: the state before; None: it is the first one of the queue
    after: Optional[str] = None


@dataclass(eq=False, slots=True)
class Stay:
    """A visit's wait."""
    queue: str
    media: str
    conversation: str
    offered_ms: int
    target_ms: float  # the queue's own service level
    waited_ms: Optional[int] = None  # None: it waits


@dataclass(eq=False, slots=True)
class Live:
    """The state of an open conversation."""
    media: str
    states: dict[str, str] = field(default_factory=dict)  # queue -> state
    noted: set[str] = field(default_factory=set)  # lines that are written


def state_of(participants: Iterable[Participant], queue: Queue) -> str:
    """The highest of the queue's open participants; else wrapup while an agent of the queue wraps up; else ended."""
    found = "ended"
    for who in participants:
        if who.queue is not queue:
            continue
        now = _state(who)
        if _RANK[now] > _RANK[found]:
            found = now
    return found


def _state(who: Participant) -> str:
    if who.end_ms is not None:
        return "wrapup" if who.start_acw_ms is not None and who.end_acw_ms is None else "ended"
    if who.purpose == "acd":
        return "waiting"
    if who.connected_ms is None:
        return "alerting"
    return "held" if who.comm.held else "active"


def _visits(participants: list[Participant]) -> Iterator[tuple[Participant, list[Participant]]]:
    """(acd participant, the agents of its queue up to the queue's next acd participant)."""
    made: list[tuple[Participant, list[Participant]]] = []
    newest: dict[str, list[Participant]] = {}
    for who in participants:
        if who.queue is None:
            continue
        if who.purpose == "acd":
            newest[who.queue.id] = []
            made.append((who, newest[who.queue.id]))
        else:
            newest[who.queue.id].append(who)
    return iter(made)


class Ledger:
    """Guarded by the world's lock."""

    def __init__(self, conversations: Iterable[Conversation], clock: Clock) -> None:
        self.lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self.stays: deque[Stay] = deque(maxlen=KEPT_LINES)
        self.live: dict[str, Live] = {}
        self.seq = 0
        self._clock = clock
        self._waiting: dict[str, Stay] = {}  # acd participant -> its wait
        for conversation in conversations:
            if not conversation.over:
                self.conversation(conversation, None, 0)
        self.lines.clear()  # the conversations of the start have no lines
        self.stays = deque(self._waiting.values(), maxlen=KEPT_LINES)
        self.seq = 0

    # ---- observing -----------------------------------------------------------------

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        """Not used: the snapshots give all lines."""

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        """Not used: an agent's change gives no line."""

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        live = self.live.setdefault(conversation.id, Live(conversation.media))
        first: dict[str, int] = {}
        queues: dict[str, Queue] = {}
        for acd, agents in _visits(conversation.participants):
            first.setdefault(acd.queue.id, acd.connected_ms)
            queues[acd.queue.id] = acd.queue
            self._visit(conversation, live, acd, agents)
        for key, one in queues.items():
            before, after = live.states.get(key), state_of(conversation.participants, one)
            live.states[key] = after
            self._write(at_ms, "snapshot", key, conversation, first[key], None, before, after)
        if conversation.over:
            del self.live[conversation.id]

    def _visit(self, conversation: Conversation, live: Live, acd: Participant, agents: list[Participant]) -> None:
        queue, offered = acd.queue, acd.connected_ms
        if _new(live, "offer " + acd.id):
            self._write(offered, "offer", queue.id, conversation, offered)
            self._waiting[acd.id] = Stay(queue.id, conversation.media, conversation.id, offered,
                                         queue.sla_ms[conversation.media] / self._clock.speed)
            self.stays.append(self._waiting[acd.id])
        answered = False
        for who in agents:
            if who.connected_ms is not None:
                answered = True
                if _new(live, "answer " + who.id):
                    self._wait_over(conversation, "answer", acd, who.connected_ms)
            if (who.comm.disconnect_type or "").startswith("transfer") and _new(live, "end " + who.id):
                what = "transfer" if who.connected_ms is not None else "no_answer"
                self._write(who.end_ms, what, queue.id, conversation, offered)
        if acd.end_ms is not None and not answered and _new(live, "left " + acd.id):
            gone = conversation.participants[0].end_ms is not None
            self._wait_over(conversation, "abandon" if gone else "flow_out", acd, acd.end_ms)

    def _wait_over(self, conversation: Conversation, what: str, acd: Participant, end_ms: int) -> None:
        waited = end_ms - acd.connected_ms
        self._write(end_ms, what, acd.queue.id, conversation, acd.connected_ms, waited)
        stay = self._waiting.pop(acd.id, None)
        if stay is not None:
            stay.waited_ms = waited

    def _write(self, at_ms: int, what: str, queue: str, conversation: Conversation, offered_ms: int,
               wait_ms: Optional[int] = None, before: Optional[str] = None, after: Optional[str] = None) -> None:
        self.seq += 1
        self.lines.append(Line(self.seq, at_ms, what, queue, conversation.media, conversation.id, offered_ms,
                               wait_ms, before, after))


def _new(live: Live, what: str) -> bool:
    if what in live.noted:
        return False
    live.noted.add(what)
    return True


# ---- asking -------------------------------------------------------------------------

@dataclass
class Question:
    """Bounds of the lines that count; None: no bound."""
    since_ms: Optional[int] = None
    until_ms: Optional[int] = None
    since_seq: Optional[int] = None
    until_seq: Optional[int] = None
    offered_since_ms: Optional[int] = None
    queue: Optional[str] = None
    target_ms: Optional[float] = None  # None: each queue's own
    bounds_s: tuple[float, ...] = BOUNDS_S
    fresh: bool = False  # the first snapshot of a conversation and queue that counts is no change
    # A client that has listened only since then does not know the start of an alert of an earlier contact (no event has its
    # time), nor the end of a hold that it did not see.
    listening_since_ms: Optional[int] = None

    def wants(self, line: Line) -> bool:
        return (self._in_time(line.at_ms) and (self.since_seq is None or line.seq > self.since_seq)
                and (self.until_seq is None or line.seq <= self.until_seq)
                and self._wants_visit(line.queue, line.offered_ms))

    def wants_change(self, line: Line, first: bool) -> bool:
        if self.listening_since_ms is not None:
            unseen_alert = line.after == "alerting" and line.offered_ms < self.listening_since_ms
            return not (unseen_alert or (first and line.before == "held"))
        return not (first and self.fresh)

    def wants_breach(self, stay: Stay, at_ms: int) -> bool:
        return self._in_time(at_ms) and self._wants_visit(stay.queue, stay.offered_ms)

    def _in_time(self, at_ms: int) -> bool:
        return ((self.since_ms is None or at_ms >= self.since_ms)
                and (self.until_ms is None or at_ms < self.until_ms))

    def _wants_visit(self, queue: str, offered_ms: int) -> bool:
        return (self.queue in (None, queue)
                and (self.offered_since_ms is None or offered_ms >= self.offered_since_ms))


class Sums:
    """The totals of one queue and medium."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.waits_ms: list[int] = []
        self.abandoned_ms: list[int] = []
        self.changes: Counter[str] = Counter()
        self.breaches = 0
        self.target_ms: Optional[float] = None
        self.now: Counter[str] = Counter()

    def as_json(self, bounds_s: tuple[float, ...]) -> dict[str, Any]:
        ordered = sorted(self.waits_ms)
        buckets = {("%g" % bound): bisect.bisect_right(ordered, bound * 1000) for bound in bounds_s}
        counts = self.counts
        return {"offers": counts["offer"], "answers": counts["answer"], "abandons": counts["abandon"],
                "transfers": counts["transfer"] + counts["flow_out"], "flow_outs": counts["flow_out"],
                "no_answers": counts["no_answer"], "snapshots": counts["snapshot"],
                "waits_ms": self.waits_ms, "abandon_waits_ms": self.abandoned_ms,
                "wait_sum_ms": sum(self.waits_ms), "wait_le_s": {**buckets, "+Inf": len(ordered)},
                "breaches": self.breaches, "target_ms": self.target_ms, "state_changes": dict(self.changes),
                "states_now": {state: self.now[state] for state in STATES if state != "ended"},
                "active_conversations": sum(self.now[s] for s in ("waiting", "alerting", "active", "held"))}


def sums(ledger: Ledger, question: Question, now_ms: int) -> dict[tuple[str, str], Sums]:
    """Sums for each (queue, medium); `now` ignores the bounds of time."""
    made: dict[tuple[str, str], Sums] = {}
    seen: set[tuple[str, str]] = set()

    def of(queue: str, media: str) -> Sums:
        return made.setdefault((queue, media), Sums())

    for line in ledger.lines:
        if not question.wants(line):
            continue
        here = of(line.queue, line.media)
        here.counts[line.what] += 1
        if line.what == "answer":
            here.waits_ms.append(line.wait_ms or 0)
        elif line.what == "abandon":
            here.abandoned_ms.append(line.wait_ms or 0)
        elif line.what == "snapshot":
            first = (line.conversation, line.queue) not in seen
            seen.add((line.conversation, line.queue))
            if line.before not in (None, line.after) and question.wants_change(line, first):
                here.changes["%s-%s" % (line.before, line.after)] += 1
    for stay in ledger.stays:
        target_ms = stay.target_ms if question.target_ms is None else question.target_ms
        at_ms = breach_ms(stay, target_ms, now_ms)
        if at_ms is not None and question.wants_breach(stay, at_ms):
            of(stay.queue, stay.media).breaches += 1
        if question.queue in (None, stay.queue):
            of(stay.queue, stay.media).target_ms = target_ms
    for live in ledger.live.values():
        for queue, state in live.states.items():
            if state != "ended" and question.queue in (None, queue):
                of(queue, live.media).now[state] += 1
    return made


def breach_ms(stay: Stay, target_ms: float, now_ms: int) -> Optional[int]:
    """Returns when the wait became a breach: its end, or 2 s after the target if it lasts longer; None: no breach."""
    late = stay.offered_ms + int(target_ms) + LATE_BREACH_MS
    if stay.waited_ms is None:
        return late if now_ms >= late else None
    return min(late, stay.offered_ms + stay.waited_ms) if stay.waited_ms > target_ms else None
