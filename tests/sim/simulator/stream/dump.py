# SPDX-License-Identifier: MIT
"""Conversation events for benchmarks: the world runs as fast as it can, without a server."""
from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Optional

from ..web.message import dumps
from ..world.model import Agent, Conversation, Participant, Queue
from ..world.world import World
from . import conversation as snapshots, frames, hub

STEP_S = 60.0  # virtual


class Dump:
    """An observer that writes the messages that a socket with all queues' conversations would send."""

    def __init__(self, wanted: int, as_frames: bool, seed: int) -> None:
        self.wanted, self.as_frames = wanted, as_frames
        self.made: list[bytes] = []
        self._rng = random.Random(seed)

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        """Not used: only conversation events are written."""

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        """Not used: only conversation events are written."""

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        body = b""
        for queue_id in dict.fromkeys(p.queue.id for p in conversation.participants if p.queue is not None):
            body = body or dumps(snapshots.whole(conversation))
            name = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
            event = hub.envelope("v2.routing.queues.%s.conversations" % queue_id, body, name)
            if len(self.made) < self.wanted:
                self.made.append(frames.frame(frames.TEXT, event) if self.as_frames else event + b"\n")


def write(world: World, wanted: int, path: Path, seed: int) -> tuple[int, int]:
    """Returns the events and bytes written. A file named *.ws has WebSocket frames, any other file has one message a line."""
    dump = Dump(wanted, path.suffix == ".ws", seed)
    if not world.queues or not world.media:
        raise ValueError("the centre has no events")
    world.observers.append(dump)
    while len(dump.made) < wanted:
        world.run_until(world.now + STEP_S)
    data = b"".join(dump.made)
    path.write_bytes(data)
    return len(dump.made), len(data)
