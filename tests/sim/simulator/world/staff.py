# SPDX-License-Identifier: MIT
"""Agents: presence, routing status, and the choice of a free agent for a contact."""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .model import Agent, PresenceDefinition, Queue, Visit

if TYPE_CHECKING:
    from .world import World

# Presence an agent chooses when leaving the queues, and for how long (s).
PAUSES = [("Break", 5, 120, 900), ("Meal", 2, 900, 2400), ("Meeting", 2, 600, 2400),
          ("Training", 1, 900, 3600), ("Busy", 2, 60, 900), ("Available", 3, 60, 900),
          ("Away", 2, 60, 900), ("Idle", 1, 60, 600), ("Offline", 4, 1200, 7200)]
FIRST_PRESENCE = [("OnQueue", 65)] + [(name, weight * 35 / 22) for name, weight, _, _ in PAUSES]
CHATTY = ("chat", "message")  # these may be handled side by side
SIDE_BY_SIDE = 3


class Staff:
    """Moves the agents of a world."""

    def __init__(self, world: "World") -> None:
        self.world = world

    # ---- presence -----------------------------------------------------------

    def begin(self, agent: Agent) -> None:
        kinds, weights = zip(*FIRST_PRESENCE)
        self.set_presence(agent, self._definition(self.world.rng.choices(kinds, weights)[0]))

    def _definition(self, system: str) -> PresenceDefinition:
        """Returns mostly the system's own definition, sometimes the organisation's."""
        own = [p for p in self.world.presences if p.system == system and not p.deactivated]
        return own[0] if len(own) == 1 or self.world.rng.random() < 0.6 else self.world.rng.choice(own[1:])

    def set_presence(self, agent: Agent, presence: PresenceDefinition) -> None:
        agent.presence, agent.presence_ms = presence, self.world.at_ms()
        agent.leaving = False
        agent.hindered = None
        agent.ticket += 1
        self._touch(agent)
        self.world.agent_changed(agent, "presence")
        self.settle(agent)
        self.world.after(self._stay(agent), self._move_on, agent, agent.ticket)
        if agent.on_queue:
            self._maybe_communicate(agent)
            self.world.contacts.offer_work(agent)

    def _stay(self, agent: Agent) -> float:
        rng = self.world.rng
        if agent.on_queue:
            return 300.0 + rng.expovariate(1 / 2700.0)
        low, high = next((low, high) for name, _, low, high in PAUSES if name == agent.presence.system)
        return rng.uniform(low, high)

    def _move_on(self, agent: Agent, ticket: int) -> None:
        if ticket != agent.ticket:
            return
        if not agent.on_queue:
            self.set_presence(agent, self._definition("OnQueue"))
        elif agent.load:
            agent.leaving = True  # leaves once the work is done, see free()
        else:
            self._pause(agent)

    def _pause(self, agent: Agent) -> None:
        kind = self.world.rng.choices([p[0] for p in PAUSES], [p[1] for p in PAUSES])[0]
        self.set_presence(agent, self._definition(kind))

    def activate(self, agent: Agent, queue: Queue, joined: bool) -> None:
        """Joins or leaves a queue: a member that is not joined gets no contacts of the queue."""
        queue.members[agent.id].joined = joined
        self._touch(agent)
        self.world.agent_changed(agent, "queues")
        if joined:
            self.world.contacts.offer_work(agent)

    # ---- routing status --------------------------------------------------------

    def settle(self, agent: Agent) -> None:
        """Derives the routing status; a ringing contact alone leaves it IDLE."""
        if not agent.on_queue:
            status = "OFF_QUEUE"
        elif agent.hindered:
            status = agent.hindered
        else:
            status = "INTERACTING" if len(agent.load) > len(agent.alerting) else "IDLE"
        if status == agent.routing_status:
            return
        agent.routing_status, agent.routing_ms = status, self.world.at_ms()
        if status == "IDLE":
            agent.idle_since = self.world.now
        self._touch(agent)
        self.world.agent_changed(agent, "routingStatus")

    def _touch(self, agent: Agent) -> None:
        agent.version += 1
        for queue in agent.queues.values():
            queue.users_version += 1

    def make_unavailable(self, agent: Agent, status: str, seconds: float) -> None:
        """Sets NOT_RESPONDING or COMMUNICATING: the agent is on queue but gets no contacts."""
        agent.hindered = status
        self.settle(agent)
        self.world.after(seconds, self._recover, agent, agent.ticket, status)

    def _recover(self, agent: Agent, ticket: int, status: str) -> None:
        if ticket == agent.ticket and agent.hindered == status:
            agent.hindered = None
            self.free(agent)

    def _maybe_communicate(self, agent: Agent) -> None:
        """Starts a call outside of the queues, sometimes."""
        self.world.after(self.world.rng.expovariate(1 / 3000.0), self._communicate, agent, agent.ticket)

    def _communicate(self, agent: Agent, ticket: int) -> None:
        if ticket != agent.ticket or not agent.on_queue:
            return
        if not agent.load and not agent.hindered:
            self.make_unavailable(agent, "COMMUNICATING", self.world.rng.uniform(30, 180))
        self._maybe_communicate(agent)

    # ---- work ----------------------------------------------------------------

    def can_take(self, agent: Agent, media: str) -> bool:
        if not agent.on_queue or agent.leaving or agent.hindered:
            return False
        if not agent.load:
            return True
        return (media in CHATTY and len(agent.load) < SIDE_BY_SIDE
                and all(other in CHATTY for other in agent.load.values()))

    def best_for(self, visit: Visit) -> Optional[Agent]:
        """The joined member with the smallest load, then the longest idle time, of those that are free for the contact."""
        best: Optional[Agent] = None
        for member in visit.queue.members.values():
            agent = member.agent
            if not member.joined or agent.id in visit.refused_by or not self.can_take(agent, visit.media):
                continue
            if best is None or (len(agent.load), agent.idle_since, agent.index) < (
                    len(best.load), best.idle_since, best.index):
                best = agent
        return best

    def free(self, agent: Agent) -> None:
        """Called when an agent has finished some work or is available again."""
        self.settle(agent)
        if agent.leaving and not agent.load:
            self._pause(agent)
        else:
            self.world.contacts.offer_work(agent)
