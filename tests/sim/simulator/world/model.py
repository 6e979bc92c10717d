# SPDX-License-Identifier: MIT
"""The parts of a contact centre, in the terms of the API."""
from __future__ import annotations

import bisect
import random
import uuid
from dataclasses import dataclass, field
from typing import Any, Iterator, Optional

MEDIA = ("voice", "chat", "email", "message", "callback")
ROUTING_STATUSES = ("OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING")

# REST presence definitions spell "OnQueue", analytics and topics "ON_QUEUE".
SYSTEM_PRESENCES = {
    "Available": "AVAILABLE", "Away": "AWAY", "Busy": "BUSY", "Offline": "OFFLINE",
    "Idle": "IDLE", "OnQueue": "ON_QUEUE", "Meal": "MEAL", "Training": "TRAINING",
    "Meeting": "MEETING", "Break": "BREAK",
}


def new_id(rng: random.Random) -> str:
    """A lower-case UUID from the seeded random numbers, so that a seed repeats all ids."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


@dataclass(slots=True)
class Division:
    id: str
    name: str
    home: bool = False


@dataclass(slots=True)
class PresenceDefinition:
    id: str
    name: str
    system: str  # "OnQueue"
    type: str  # "System" | "User"
    labels: dict[str, str]
    deactivated: bool = False

    @property
    def upper(self) -> str:
        return SYSTEM_PRESENCES[self.system]


@dataclass(slots=True)
class WrapupCode:
    id: str
    name: str


@dataclass(eq=False, slots=True)
class Communication:
    """One leg of a participant; analytics calls its id the session id."""
    id: str
    state: str  # alerting | connected | disconnected | …
    direction: str
    started_ms: int
    initial_state: str = "connected"
    connected_ms: Optional[int] = None
    disconnected_ms: Optional[int] = None
    disconnect_type: Optional[str] = None  # dotted lower case: transfer.consult
    held: bool = False
    start_hold_ms: Optional[int] = None
    held_total_ms: int = 0


@dataclass(eq=False, slots=True)
class Participant:
    id: str
    purpose: str  # customer | ivr | acd | agent
    name: str
    comm: Communication
    connected_ms: Optional[int] = None
    end_ms: Optional[int] = None
    queue: Optional["Queue"] = None
    agent: Optional["Agent"] = None
    wrapup_required: bool = False
    start_acw_ms: Optional[int] = None
    end_acw_ms: Optional[int] = None
    wrapup_code: Optional[WrapupCode] = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Conversation:
    id: str
    media: str
    direction: str
    ani: str
    dnis: str
    customer: str
    start_ms: int
    division_id: str
    end_ms: Optional[int] = None
    participants: list[Participant] = field(default_factory=list)
    visit: Optional["Visit"] = None  # where it waits or is served now
    open_acw: int = 0  # wrap-ups still running

    @property
    def over(self) -> bool:
        """True if no participant or wrap-up is open: it may be dropped after a while."""
        return self.end_ms is not None and self.open_acw == 0


@dataclass(eq=False, slots=True)
class Visit:
    """One stay of a conversation in a queue, from entering to leaving it."""
    conversation: Conversation
    queue: "Queue"
    acd: Participant
    entered: float  # virtual seconds
    entered_ms: int
    serial: int
    state: str = "waiting"  # waiting | alerting | interacting
    since_ms: int = 0  # of the present state
    served_by: Optional[Participant] = None
    answered_ms: Optional[int] = None
    ticket: int = 0  # raised by every change of state: older timers are void
    refused_by: set[str] = field(default_factory=set)

    @property
    def media(self) -> str:
        return self.conversation.media

    @property
    def order(self) -> tuple[float, int]:
        return (self.entered, self.serial)


class WaitingLine:
    """Visits in order of their entering, including those that return from an alert."""

    __slots__ = ("_keys", "_visits")

    def __init__(self) -> None:
        self._keys: list[tuple[float, int]] = []
        self._visits: list[Visit] = []

    def add(self, visit: Visit) -> None:
        at = bisect.bisect_left(self._keys, visit.order)
        self._keys.insert(at, visit.order)
        self._visits.insert(at, visit)

    def remove(self, visit: Visit) -> None:
        at = bisect.bisect_left(self._keys, visit.order)
        del self._keys[at], self._visits[at]

    def __len__(self) -> int:
        return len(self._visits)

    def __iter__(self) -> Iterator[Visit]:
        return iter(self._visits)


@dataclass(eq=False, slots=True)
class Queue:
    id: str
    name: str
    division: Division
    mix: dict[str, float]  # share of each medium
    rate: float  # arrivals a virtual second
    created_ms: int
    modified_ms: int
    sla_ms: dict[str, int]
    alerting_timeout_s: dict[str, int]
    codes: list[WrapupCode]
    index: int
    description: str = ""
    members: dict[str, "Membership"] = field(default_factory=dict)
    waiting: dict[str, WaitingLine] = field(default_factory=dict)
    alerting: dict[str, dict[str, Visit]] = field(default_factory=dict)
    interacting: dict[str, dict[str, Visit]] = field(default_factory=dict)
    contacts_version: int = 0  # raised with each change of the three members above
    users_version: int = 0  # raised with each change of a member's state
    deleted: bool = False
    cache: dict[Any, Any] = field(default_factory=dict)  # rendered pieces

    def __post_init__(self) -> None:
        for media in MEDIA:
            self.waiting[media] = WaitingLine()
            self.alerting[media] = {}
            self.interacting[media] = {}


@dataclass(eq=False, slots=True)
class Membership:
    """An agent's place in a queue; joined means activated for it."""
    agent: "Agent"
    joined: bool
    ring_number: int = 1


@dataclass(eq=False, slots=True)
class Agent:
    id: str
    name: str
    email: str
    division: Division
    presence: PresenceDefinition
    presence_ms: int
    routing_status: str
    routing_ms: int
    index: int
    queues: dict[str, Queue] = field(default_factory=dict)
    load: dict[str, str] = field(default_factory=dict)  # participant id -> medium, until wrapped up
    alerting: set[str] = field(default_factory=set)  # participants of the load that ring
    hindered: Optional[str] = None  # NOT_RESPONDING | COMMUNICATING
    idle_since: float = 0.0
    leaving: bool = False  # wants to go off queue once the work is done
    ticket: int = 0
    version: int = 1
    title: str = "Agent"

    @property
    def on_queue(self) -> bool:
        return self.presence.system == "OnQueue"
