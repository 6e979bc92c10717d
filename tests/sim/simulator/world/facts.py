# SPDX-License-Identifier: MIT
"""The facts of the aggregate queries: one for each emitted metric.

A fact has the time of its event and is in answers from `shown_ms` until
before `gone_ms`: these two times produce late data and corrections.
The final truth has all facts that are never retracted.
"""
from __future__ import annotations

import bisect
import hashlib
import sys
from typing import Any, Iterator, NamedTuple, Optional

from .model import Agent, Conversation, Participant, Queue

KEPT_FACTS = 600_000
KEPT_SEGMENTS = 200_000
FOREVER = sys.maxsize
SHORT_ABANDON_MS = 5_000
# The platform emits a key once at the end of the session, and its value at the end of each segment; here both come together.
SAME_MOMENT = {"tTalkComplete": "tTalk", "tHeldComplete": "tHeld"}
Dimensions = dict[str, str]


class Fact(NamedTuple):
    at_ms: int
    metric: str
    value_ms: Optional[int]  # None: only counted
    dimensions: Dimensions
    shown_ms: int
    gone_ms: int = FOREVER

    def is_shown(self, now_ms: int) -> bool:
        return self.shown_ms <= now_ms < self.gone_ms


class Segment(NamedTuple):
    """An interval of an agent's state; the newest one has no end yet."""
    from_ms: int
    presence: str  # of the system: ON_QUEUE
    presence_id: str
    routing: str
    shown_ms: int


def share_of(*words: object) -> float:
    """0 … 1, from the arguments only: the same conversation is late in each run of a seed."""
    digest = hashlib.blake2b(":".join(map(str, words)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def between(span: Any, share: float) -> float:
    """A number, or the number at `share` between two numbers."""
    low, high = span if isinstance(span, (list, tuple)) else (span, span)
    return float(low) + (float(high) - float(low)) * share


class Delays:
    """Chooses the facts that come late and those that are retracted; see `late` and `corrections` in the README."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.latency_s = 0.0
        self.late: Optional[dict[str, Any]] = None
        self.corrections: Optional[dict[str, Any]] = None

    def shown_ms(self, at_ms: int, conversation: str, metric: str) -> int:
        late = self.late
        usual = at_ms + round(self.latency_s * 1000)
        if late is None or (late.get("metrics") and metric not in late["metrics"]):
            return usual
        key = conversation if late.get("of", "conversation") == "conversation" else "%s:%s:%d" % (conversation, metric, at_ms)
        if share_of(self.seed, "late", key) >= float(late.get("share", 1.0)):
            return usual
        return at_ms + round(between(late["delay_s"], share_of(self.seed, "by", key)) * 1000)

    def correction(self, fact: Fact) -> Iterator[Fact]:
        """Returns the facts of one event: the fact itself, or a wrong one and, with `factor`, its replacement."""
        wrong = self.corrections
        key = (self.seed, "wrong", fact.dimensions.get("conversationId"), fact.metric, fact.at_ms)
        if (wrong is None or (wrong.get("metrics") and fact.metric not in wrong["metrics"])
                or share_of(*key) >= float(wrong.get("share", 1.0))):
            yield fact
            return
        gone_ms = fact.shown_ms + max(1, round(between(wrong["after_s"], share_of(*key, "by")) * 1000))
        yield fact._replace(gone_ms=gone_ms)
        factor = wrong.get("factor")
        if factor is not None and fact.value_ms is not None:
            yield fact._replace(shown_ms=gone_ms, value_ms=round(fact.value_ms * float(factor)))


class Facts:
    """An observer of the world.  Guarded by the world's lock."""

    def __init__(self, seed: int = 1) -> None:
        self.delays = Delays(seed)
        self.conversations: list[Fact] = []  # by at_ms
        self.flows: list[Fact] = []
        self.agents: dict[str, list[Segment]] = {}
        self.complete = True
        self._newest: tuple[Any, ...] = ()
        self._dimensions: Dimensions = {}
        self._segments = 0

    # ---- events of the world -------------------------------------------------------

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        dimensions = self._of(queue, conversation, who)
        names = [name]
        if name in SAME_MOMENT:
            names.append(SAME_MOMENT[name])
        if name == "tAbandon" and (value_ms or 0) < SHORT_ABANDON_MS:
            names.append("tShortAbandon")
        for one in names:
            self.add(self.conversations, at_ms, one, value_ms, dimensions)

    def _of(self, queue: Queue, conversation: Conversation, who: Optional[Participant]) -> Dimensions:
        """One event emits several metrics: they share their dimensions."""
        code = who.wrapup_code.id if who is not None and who.wrapup_code is not None else None
        key = (queue.id, conversation.id, None if who is None else who.id, code)
        if key != self._newest:
            self._newest, self._dimensions = key, _dimensions(queue, conversation, who, code)
        return self._dimensions

    def flow(self, name: str, value_ms: Optional[int], at_ms: int, dimensions: Dimensions) -> None:
        self.add(self.flows, at_ms, name, value_ms, dimensions)

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        """Not used: the metrics give all facts."""

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        if what == "queues":
            return
        segments = self.agents.setdefault(agent.id, [])
        if segments and segments[-1].from_ms == at_ms:
            segments.pop()
        shown_ms = self.delays.shown_ms(at_ms, agent.id + str(at_ms), "tAgentRoutingStatus")
        segments.append(Segment(at_ms, agent.presence.upper, agent.presence.id, agent.routing_status, shown_ms))
        self._segments += 1
        if self._segments > KEPT_SEGMENTS:
            self._drop_segments()

    # ---- keeping ------------------------------------------------------------------------

    def add(self, where: list[Fact], at_ms: int, metric: str, value_ms: Optional[int], dimensions: Dimensions) -> None:
        shown_ms = self.delays.shown_ms(at_ms, dimensions.get("conversationId", ""), metric)
        for fact in self.delays.correction(Fact(at_ms, metric, value_ms, dimensions, shown_ms)):
            self.put(where, fact)

    def put(self, where: list[Fact], fact: Fact) -> None:
        """Inserts the fact in the order of the events."""
        if not where or where[-1].at_ms <= fact.at_ms:
            where.append(fact)
        else:
            bisect.insort(where, fact, key=lambda kept: kept.at_ms)
        if len(where) > KEPT_FACTS:
            del where[:KEPT_FACTS // 4]
            self.complete = False

    def _drop_segments(self) -> None:
        for segments in self.agents.values():
            del segments[:len(segments) // 2]
        self._segments = sum(map(len, self.agents.values()))
        self.complete = False

    # ---- asking ---------------------------------------------------------------------------

    def within(self, where: list[Fact], begin_ms: int, end_ms: int) -> list[Fact]:
        """The facts of [begin, end)."""
        return where[bisect.bisect_left(where, begin_ms, key=lambda f: f.at_ms):
                     bisect.bisect_left(where, end_ms, key=lambda f: f.at_ms)]

    def stretches(self, agent_id: str, begin_ms: int, end_ms: int) -> Iterator[tuple[int, int, Segment]]:
        """(from, to, segment) of an agent within [begin, end)."""
        segments = self.agents.get(agent_id, [])
        first = max(0, bisect.bisect_right(segments, begin_ms, key=lambda s: s.from_ms) - 1)
        for at in range(first, len(segments)):
            over = segments[at + 1].from_ms if at + 1 < len(segments) else FOREVER
            low, high = max(begin_ms, segments[at].from_ms), min(end_ms, over)
            if segments[at].from_ms >= end_ms:
                return
            if low < high:
                yield low, high, segments[at]


def _dimensions(queue: Queue, conversation: Conversation, who: Optional[Participant], code: Optional[str]) -> Dimensions:
    call_like = conversation.media in ("voice", "callback")
    made = {"queueId": queue.id, "mediaType": conversation.media, "conversationId": conversation.id,
            "direction": conversation.direction, "originatingDirection": conversation.direction,
            "divisionId": queue.division.id, "requestedRouting": "Standard",
            "purpose": "acd" if who is None else who.purpose,
            **({"ani": conversation.ani, "dnis": conversation.dnis} if call_like else
               {"addressFrom": conversation.ani, "addressTo": conversation.dnis})}
    if who is not None and who.agent is not None:
        made.update(userId=who.agent.id, usedRouting="Standard", sessionId=who.comm.id)
    if code is not None:
        made["wrapUpCode"] = code
    return made
