# SPDX-License-Identifier: MIT
"""Faults of the sockets.  Their steps are posted with those of the requests:

    {"at_s": 20, "ws": "drop", "every_s": 20, "count": 3}
    {"ws": "duplicate", "percent": 5, "for_s": 60, "topic": "v2.routing.queues.*"}

An action hits the open sockets at its time, or each socket that has sent
`after_events` events; a step that changes events lasts from `at_s` for `for_s`
seconds or `count` events.  The random numbers of a step restart with each
socket, so that the same faults hit the n-th event of a socket in each run of a seed.
"""
from __future__ import annotations

import fnmatch
import random
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Protocol

ACTIONS = {
    "drop": "the TCP connection ends without a notice (reset: true: by RST)",
    "close": "a close frame with code (1001) and reason, then the end",
    "socket_closing": "v2.system.socket_closing, and the close after notice_s (closing_notice_s)",
    "no_longer_subscribed": "v2.system.no_longer_subscribed.{channelId}, then the close",
    "evict": "the channel is displaced, as by a 21st channel",
    "expire": "the channel's time is over",
    "unknown_topic": "an event of an unknown topic", "no_topic": "a message without topicName",
    "new_values": "a conversation event with an unknown state, purpose and members",
    "ping": "an RFC 6455 ping", "malformed": "a text message that is no JSON",
    "bad_utf8": "a text message that is no UTF-8", "binary": "a binary message", "empty": "an empty text message",
    "masked": "a masked frame", "rsv": "a frame with RSV1", "opcode": "a frame of the reserved opcode 3",
    "bad_close": "a close frame with the forbidden code 1005",
    "stray_continuation": "a continuation frame without a first frame", "long_ping": "a ping of 126 bytes",
    "huge": "the head of a frame of huge_mb (64), and its first 4 MB",
    "half_frame": "the first half of an event's frame, then drop",
}
CHANGES = {
    "silence": "nothing is sent, no heartbeat and no pong; messages are lost",
    "lose": "percent of the events are lost",
    "duplicate": "percent of the events come twice, the second delay_ms (0) later",
    "reorder": "percent (100) of the events are held back for up to window_ms (200): later ones overtake them",
    "late": "percent of the events come delay_ms (1000) later",
    "fragment": "percent of the events come in pieces (3), with pings between them when pings is true",
    "large": "percent of the events grow to bytes (70000) by a member of their metadata",
    "mute_pong": "application pings and RFC pings are not answered",
}
FIELDS = {"at_s", "for_s", "count", "skip", "every_s", "after_events", "ws", "name", "channel", "topic", "percent",
          "delay_ms", "window_ms", "pieces", "pings", "bytes", "code", "reason", "reset", "notice_s", "huge_mb",
          "wait"}


class Target(Protocol):
    """The properties of a socket that steps use."""
    serial: int
    channel_id: str
    events_sent: int


@dataclass
class Shape:
    """The delivery of one event; without copies it is lost."""
    copies: list[float] = field(default_factory=lambda: [0.0])  # delays in s
    pieces: int = 1
    pings: bool = False
    size: int = 0  # 0: unchanged
    changed: list[str] = field(default_factory=list)


@dataclass
class Step:
    spec: dict[str, Any]
    serial: int
    seed: int
    begin: float
    end: float
    left: Optional[int]
    skip: int
    due: float
    hits: int = 0
    rngs: dict[int, random.Random] = field(default_factory=dict)
    reached: set[int] = field(default_factory=set)  # sockets that a step with after_events has hit

    @staticmethod
    def parse(spec: dict[str, Any], now: float, serial: int, seed: int) -> "Step":
        unknown = set(spec) - FIELDS
        if unknown:
            raise ValueError("unknown field %s in a ws step; there are: %s"
                             % (", ".join(sorted(unknown)), ", ".join(sorted(FIELDS))))
        if spec["ws"] not in ACTIONS and spec["ws"] not in CHANGES:
            raise ValueError("ws %r: give one of %s" % (spec["ws"], ", ".join([*ACTIONS, *CHANGES])))
        if not 0 <= float(spec.get("percent", 100)) <= 100:
            raise ValueError("percent: give 0 to 100")
        begin = now + float(spec.get("at_s", 0))
        end = begin + float(spec["for_s"]) if spec.get("for_s") is not None else float("inf")
        return Step(dict(spec), serial, seed, begin, end, spec.get("count"), int(spec.get("skip", 0)), begin)

    @property
    def kind(self) -> str:
        return str(self.spec["ws"])

    @property
    def name(self) -> str:
        return str(self.spec.get("name") or "ws " + self.kind)

    def runs(self, now: float) -> bool:
        return self.begin <= now < self.end and self.left != 0

    def concerns(self, target: Target) -> bool:
        return fnmatch.fnmatchcase(target.channel_id, self.spec.get("channel", "*"))

    def used(self) -> bool:
        """Counts a hit; returns false for one that is skipped."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.left is not None:
            self.left -= 1
        self.hits += 1
        return True

    def rolls(self, target: Target) -> Optional[random.Random]:
        """The random numbers for a hit event.  Each event takes one random number, hit or not."""
        rng = self.rngs.get(target.serial)
        if rng is None:
            rng = self.rngs[target.serial] = random.Random("%d/%d/%d" % (self.seed, self.serial, target.serial))
        hit = rng.random() * 100 < float(self.spec.get("percent", 100))
        return rng if hit and self.used() else None

    def as_json(self, now: float) -> dict[str, Any]:
        over = now >= self.end or self.left == 0 or (self.kind in ACTIONS and self.due == float("inf"))
        return {**self.spec, "hits": self.hits, "left": self.left,
                "state": "waiting" if now < self.begin else "over" if over else "active"}


class StreamFaults:
    """The posted steps.  Guarded by the world's lock, as all parts of the streams are."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._steps: list[Step] = []
        self._serial = 0

    def check(self, specs: list[dict[str, Any]]) -> None:
        for spec in specs:
            Step.parse(spec, 0.0, 0, 0)

    def post(self, specs: list[dict[str, Any]], replace: bool) -> int:
        now, made = time.monotonic(), []
        if replace:
            self._steps, self._serial = [], 0
        for spec in specs:
            made.append(Step.parse(spec, now, self._serial, self._seed))
            self._serial += 1
        self._steps += made
        return len(self._steps)

    def clear(self) -> None:
        self._steps = []

    def as_json(self) -> list[dict[str, Any]]:
        return [step.as_json(time.monotonic()) for step in self._steps]

    def run_due(self, sockets: list[Any], action: Callable[[Any, Step], None]) -> None:
        """Performs the actions that are due; with `wait` they wait for a socket."""
        now = time.monotonic()
        for step in self._steps:
            if step.kind not in ACTIONS or "after_events" in step.spec or step.due > now or not step.runs(now):
                continue
            hit = [s for s in sockets if step.concerns(s)]
            if not hit and step.spec.get("wait"):
                continue
            every = float(step.spec.get("every_s", 0))
            step.due = step.due + every if every > 0 else float("inf")
            if step.used():
                for one in hit:
                    action(one, step)

    def is_active(self, kind: str, target: Target) -> bool:
        """True if a step of this kind is active, for silence and mute_pong; takes no random number."""
        now = time.monotonic()
        for step in self._steps:
            if step.kind == kind and step.runs(now) and step.concerns(target):
                return True
        return False

    def reached(self, target: Target) -> list[Step]:
        """Actions that are due after this socket's number of events."""
        made = []
        now = time.monotonic()
        for step in self._steps:
            after = step.spec.get("after_events")
            if (after is not None and step.kind in ACTIONS and step.runs(now) and step.concerns(target)
                    and target.events_sent >= int(after) and target.serial not in step.reached):
                step.reached.add(target.serial)
                if step.used():
                    made.append(step)
        return made

    def shape(self, target: Target, topic: str) -> Shape:
        """Applies the steps to an event in the order in which they were posted."""
        made = Shape()
        now = time.monotonic()
        for step in self._steps:
            if step.kind not in CHANGES or step.kind == "mute_pong" or not step.runs(now) or not step.concerns(target):
                continue
            if not fnmatch.fnmatchcase(topic, step.spec.get("topic", "*")):
                continue
            rng = step.rolls(target)
            if rng is not None:
                made.changed.append(step.kind)
                _change(step, rng, made)
        return made


def _change(step: Step, rng: random.Random, made: Shape) -> None:
    spec, kind = step.spec, step.kind
    if kind in ("lose", "silence"):
        made.copies = []
    elif kind == "duplicate" and made.copies:
        made.copies.append(made.copies[-1] + float(spec.get("delay_ms", 0)) / 1000)
    elif kind == "late":
        made.copies = [delay + float(spec.get("delay_ms", 1000)) / 1000 for delay in made.copies]
    elif kind == "reorder":
        window = float(spec.get("window_ms", 200)) / 1000
        made.copies = [delay + rng.uniform(0, window) for delay in made.copies]
    elif kind == "fragment":
        made.pieces, made.pings = int(spec.get("pieces", 3)), bool(spec.get("pings"))
    elif kind == "large":
        made.size = int(spec.get("bytes", 70_000))
