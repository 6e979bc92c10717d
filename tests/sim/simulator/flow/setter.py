# SPDX-License-Identifier: MIT
"""Flows that set metrics at the customers of the contact centre's conversations.

Only conversations that reached a queue get metrics: no queue's topic has the others.
"""
from __future__ import annotations

import random
from typing import TYPE_CHECKING, Optional

from ..world.model import Agent, Conversation, Queue
from . import names

if TYPE_CHECKING:
    from ..settings import Settings
    from .control import FlowControl

ATTRIBUTES_MAX = 12  # attributes of a conversation


class Setter:
    """An observer of the world; registered before the observers that send the snapshots."""

    def __init__(self, settings: "Settings", flow: "FlowControl", seed: int) -> None:
        self._settings, self._flow = settings, flow
        self._rng = random.Random("flows %d" % seed)

    def metric(self, queue: Queue, media: str, name: str, value_ms: Optional[int], at_ms: int,
               agent: Optional[Agent]) -> None:
        """Not used: only conversations get attributes."""

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        """Not used: only conversations get attributes."""

    def conversation(self, conversation: Conversation, _queue: Optional[Queue], at_ms: int) -> None:
        attributes = conversation.participants[0].attributes
        if (self._rng.random() * 100 >= self._settings.flow_metrics or len(attributes) >= ATTRIBUTES_MAX
                or not any(who.queue for who in conversation.participants)):
            return
        flow, metric = self._rng.choice(names.FLOWS), self._rng.choice(names.METRICS)
        name = names.attribute(flow, metric, at_ms)
        if name not in attributes:
            attributes[name] = "1"
            self._flow.set_once(flow, metric)
