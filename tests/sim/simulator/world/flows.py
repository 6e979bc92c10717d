# SPDX-License-Identifier: MIT
"""Architect flows, which a contact passes before it enters a queue.

A call stays in its flow for as long as the IVR lasts; other media pass
immediately.  Flows have their own random numbers, so that they change no event of
the conversations.
"""
from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

from .model import Conversation, Division, Queue, new_id

if TYPE_CHECKING:
    from .world import World

FLOWS = [("CustomerRouting", "INBOUNDCALL"), ("Main IVR – Español (24/7)", "INBOUNDCALL"),
         ("billing Metric_test", "INBOUNDCALL"), ("Chat greeter", "INBOUNDCHAT"),
         ("E-Mail/triage", "INBOUNDEMAIL"), ("Messaging", "INBOUNDSHORTMESSAGE"), ("Old hotline", "INBOUNDCALL")]
UNUSED = "Old hotline"
OUTCOMES = ["Self-service", "Caller identified", "Überweisung ausgeführt"]
MILESTONES = ["Greeting heard", "Language chosen"]
TYPE_OF_MEDIA = {"voice": "INBOUNDCALL", "chat": "INBOUNDCHAT", "email": "INBOUNDEMAIL",
                 "message": "INBOUNDSHORTMESSAGE"}
OUTCOME_SHARE, FAILED_SHARE, MILESTONE_SHARE = 0.7, 0.2, 0.5


@dataclass(eq=False, slots=True)
class Flow:
    id: str
    name: str
    type: str
    division: Division
    version: int


@dataclass(slots=True)
class Named:
    """An outcome or a milestone."""
    id: str
    name: str
    division: Division


@dataclass(eq=False, slots=True)
class Run:
    """One conversation in one flow."""
    flow: Flow
    conversation: Conversation
    began_ms: int
    dimensions: dict[str, str]


class Flows:
    """Guarded by the world's lock."""

    def __init__(self, world: "World", seed: int) -> None:
        self.world = world
        self.rng = rng = random.Random("flows %d" % seed)
        where = world.divisions
        self.flows = {f.id: f for f in (Flow(new_id(rng), name, kind, where[i % len(where)], 3 + i)
                                        for i, (name, kind) in enumerate(FLOWS))}
        self.outcomes = [Named(new_id(rng), name, where[0]) for name in OUTCOMES]
        self.milestones = [Named(new_id(rng), name, where[0]) for name in MILESTONES]
        self.runs: dict[str, Run] = {}  # conversation -> its run
        self.observers: list[Callable[[str, Optional[int], int, dict[str, str]], None]] = []

    def begin(self, conversation: Conversation) -> None:
        """A conversation enters a flow of its medium, if there is one."""
        fitting = [f for f in self.flows.values()
                   if f.type == TYPE_OF_MEDIA.get(conversation.media) and f.name != UNUSED]
        if not fitting:
            return
        flow, now_ms = self.rng.choice(fitting), self.world.at_ms()
        run = Run(flow, conversation, now_ms, _dimensions(flow, conversation))
        self.runs[conversation.id] = run
        self._emit(run, "nFlow")
        if self.rng.random() < MILESTONE_SHARE:
            milestone = {"flowMilestoneId": self.rng.choice(self.milestones).id}
            for name in ("nFlowMilestone", "oFlowMilestone"):
                self._emit(run, name, None, milestone)

    def end(self, conversation: Conversation, target: Optional[Queue]) -> None:
        """The run ends: transfer to a queue, or the end of the conversation."""
        run = self.runs.pop(conversation.id, None)
        if run is None:
            return
        took = self.world.at_ms() - run.began_ms
        how = {"exitReason": "DISCONNECT"} if target is None else {
            "exitReason": "TRANSFER", "transferType": "ACD", "transferTargetName": target.name}
        if self.rng.random() < OUTCOME_SHARE:
            self._outcome(run, took)
        self._emit(run, "tFlow", took, how)
        self._emit(run, "tFlowDisconnect" if target is None else "tFlowExit", took, how)

    def _outcome(self, run: Run, took: int) -> None:
        outcome, failed = self.rng.choice(self.outcomes), self.rng.random() < FAILED_SHARE
        value = "FAILURE" if failed else "SUCCESS"
        more = {"flowOutcomeId": outcome.id, "flowOutcomeValue": value, "flowOutcome": "%s:%s" % (outcome.id, value)}
        self._emit(run, "nFlowOutcome", None, more)
        self._emit(run, "tFlowOutcome", took, more)
        if failed:
            self._emit(run, "nFlowOutcomeFailed", None, more)

    def _emit(self, run: Run, name: str, value_ms: Optional[int] = None, more: Optional[dict[str, str]] = None) -> None:
        dimensions: dict[str, Any] = {**run.dimensions, **more} if more else run.dimensions
        for observer in self.observers:
            observer(name, value_ms, self.world.at_ms(), dimensions)


def _dimensions(flow: Flow, conversation: Conversation) -> dict[str, str]:
    return {"flowId": flow.id, "flowName": flow.name, "flowType": flow.type, "flowVersion": "%d.0" % flow.version,
            "mediaType": conversation.media, "divisionId": flow.division.id, "conversationId": conversation.id,
            "direction": conversation.direction, "originatingDirection": conversation.direction, "purpose": "ivr",
            "entryType": "dnis", "entryReason": conversation.dnis}
