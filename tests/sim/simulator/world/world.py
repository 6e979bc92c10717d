# SPDX-License-Identifier: MIT
"""The engine: a heap of events on the virtual timeline."""
from __future__ import annotations

import heapq
import random
import threading
from collections import deque
from typing import Any, Callable, Iterable, Optional, Protocol

from ..clock import Clock
from . import build, names
from .contacts import Contacts
from .facts import Facts
from .flows import Flows
from .model import MEDIA, Agent, Conversation, Participant, Queue, new_id
from .staff import Staff

PRUNE_MS = 15 * 60 * 1000  # ended conversations stay known for a quarter of an hour
PRUNE_MAX = 20_000


class Observer(Protocol):
    """Receives the events of the world, called with its lock held."""

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        """A metric in the sense of the aggregates API, at the moment it is emitted."""

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        """A conversation has changed in a way that its snapshot shows."""

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        """what = presence | routingStatus | queues."""


class World:
    """One contact centre.  Readers and writers hold `lock`."""

    def __init__(self, clock: Clock, seed: int = 1, queues: int = 24, agents: int = 80,
                 media: Iterable[str] = MEDIA, plain_names: bool = False,
                 warmup_s: float = 1200.0, load: float = 1.0, facts: Optional[Facts] = None) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.rng = random.Random(seed)
        self.facts = facts or Facts(seed)
        self.observers: list[Observer] = [self.facts]
        self.plain_names = plain_names
        self.media = [m for m in MEDIA if m in set(media)]
        self.load = load
        self.flow_out = 0.0  # share of impatient contacts that go to another queue instead of leaving
        self.now = 0.0  # virtual moment of the event being played
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0
        self.conversations: dict[str, Conversation] = {}
        self.ended: deque[tuple[int, str]] = deque()
        self.contacts = Contacts(self)
        self.staff = Staff(self)
        clock.start_at(warmup_s)
        self._furnish(queues, agents)
        self.flows = Flows(self, seed)
        self.flows.observers.append(self.facts.flow)
        self._open(warmup_s)

    # ---- building -------------------------------------------------------

    def _furnish(self, queue_count: int, agent_count: int) -> None:
        rng, now_ms = self.rng, self.at_ms()
        self.organisation_id = new_id(rng)
        self.divisions = build.divisions(rng)
        self.presences = build.presences(rng)
        self.codes = build.wrapup_codes(rng)
        made = build.queues(rng, queue_count, self.media, self.plain_names, self.divisions,
                            self.codes, now_ms)
        staff = build.agents(rng, agent_count, made, self.divisions, self.presences, now_ms)
        build.calibrate(made, agent_count)
        self.queues: dict[str, Queue] = {q.id: q for q in made}
        self.agents: dict[str, Agent] = {a.id: a for a in staff}
        self.serving: dict[str, list[Queue]] = {}
        self._index_queues()

    def _index_queues(self) -> None:
        self.serving = {m: [q for q in self.queues.values() if m in q.mix] for m in MEDIA}

    def _open(self, warmup_s: float) -> None:
        """Runs the warm-up, so that the first answer shows a busy centre."""
        for agent in self.agents.values():
            self.staff.begin(agent)
        for queue in self.queues.values():
            self.contacts.plan_arrival(queue)
        self.run_until(warmup_s)

    # ---- time -----------------------------------------------------------

    def after(self, seconds: float, action: Callable[..., None], *args: Any) -> None:
        """Plays `action` after this many virtual seconds from the present event."""
        self._serial += 1
        heapq.heappush(self._heap, (self.now + seconds, self._serial, action, args))

    def at_ms(self) -> int:
        """Wall time of the present event."""
        return self.clock.wall_ms(self.now)

    def run_until(self, virtual: float) -> None:
        heap = self._heap
        while heap and heap[0][0] <= virtual:
            self.now, _, action, args = heapq.heappop(heap)
            action(*args)
        self.now = virtual

    def advance(self) -> None:
        """Plays all events that are due; costs little when none is due."""
        with self.lock:
            self.run_until(max(self.now, self.clock.now()))
            self._prune()

    def freeze(self) -> None:
        with self.lock:
            self.clock.freeze()
            self.advance()

    def thaw(self) -> None:
        with self.lock:
            self.clock.thaw()

    def step_clock(self, by_s: float) -> None:
        with self.lock:
            self.clock.step(by_s)

    def set_speed(self, speed: float) -> None:
        with self.lock:
            self.advance()
            self.clock.set_speed(speed)

    def _prune(self) -> None:
        oldest = int(self.clock.wall() * 1000) - PRUNE_MS
        while self.ended and (self.ended[0][0] < oldest or len(self.ended) > PRUNE_MAX):
            self.conversations.pop(self.ended.popleft()[1], None)

    # ---- observers ------------------------------------------------

    def emit(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int] = None,
             who: Optional[Participant] = None) -> None:
        """`who` is the agent's participant, for a metric of an agent."""
        at_ms = self.at_ms()
        for observer in self.observers:
            observer.metric(queue, conversation, name, value_ms, at_ms, who)

    def changed(self, conversation: Conversation, queue: Optional[Queue] = None) -> None:
        at_ms = self.at_ms()
        for observer in self.observers:
            observer.conversation(conversation, queue, at_ms)

    def agent_changed(self, agent: Agent, what: str) -> None:
        at_ms = self.at_ms()
        for observer in self.observers:
            observer.agent(agent, what, at_ms)

    # ---- administration at run time ---------------------------------------

    def create_queue(self, name: Optional[str] = None, division_id: Optional[str] = None) -> Queue:
        with self.lock:
            self.advance()
            index = max((q.index for q in self.queues.values()), default=-1) + 1
            division = next((d for d in self.divisions if d.id == division_id), self.divisions[0])
            made = build.queue(self.rng, index, name or names.queue_name(index, self.plain_names),
                               division, self.media, self.codes, self.at_ms())
            made.created_ms = made.modified_ms = self.at_ms()
            others = [q.rate for q in self.queues.values()]
            made.rate = sum(others) / len(others) if others else 0.01
            staff = list(self.agents.values())
            for agent in self.rng.sample(staff, k=min(6, len(staff))):
                build.join(self.rng, agent, made)
                self.agent_changed(agent, "queues")
            self.queues[made.id] = made
            self._index_queues()
            self.contacts.plan_arrival(made)
            return made

    def rename_queue(self, queue_id: str, name: str) -> Queue:
        with self.lock:
            self.advance()
            queue = self.queues[queue_id]
            queue.name, queue.modified_ms = name, self.at_ms()
            return queue

    def delete_queue(self, queue_id: str) -> Queue:
        """Disconnects waiting contacts; conversations with an agent may finish."""
        with self.lock:
            self.advance()
            queue = self.queues.pop(queue_id)
            queue.deleted = True
            self._index_queues()
            for member in queue.members.values():
                member.agent.queues.pop(queue_id, None)
                self.agent_changed(member.agent, "queues")
            self.contacts.close_queue(queue)
            return queue
