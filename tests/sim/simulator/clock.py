# SPDX-License-Identifier: MIT
"""The virtual timeline of the contact centre and its mapping to wall time.

Durations are played `speed` times as fast, but every time stamp that leaves
the simulator is real wall time.  Example: with speed 60 a call of three
virtual minutes has a connectedTime and a disconnectedTime that lie three real
seconds apart.

The mapping is piecewise linear.  Freezing, thawing and a change of speed begin
a new piece, so the owner first plays all events up to now. Stamps that were
sent never change afterwards.

The platform's clock may itself run at another `rate` than ours: then the stamps
advance `rate` seconds in each real second. libfaketime gives the client's clock
the same rate, so two hours of windows pass in two minutes.
"""
from __future__ import annotations

import time


class Clock:
    """Maps virtual seconds to wall milliseconds; can be frozen."""

    def __init__(self, speed: float = 1.0, frozen: bool = False, offset_s: float = 0.0,
                 rate: float = 1.0) -> None:
        if rate <= 0:
            raise ValueError("rate must be positive")
        self.rate = rate
        self._wall_base = time.time() - time.monotonic() * rate + offset_s
        self._anchor_wall = self.wall()
        self._anchor_virtual = 0.0
        self.speed = speed
        self.frozen = frozen

    def wall(self) -> float:
        """The server's wall seconds; they never run backwards by themselves, unlike time.time().

        A platform whose clock is `offset_s` ahead of its client's has that
        offset in all stamps and in the Date header.
        """
        return self._wall_base + time.monotonic() * self.rate

    def now(self) -> float:
        """Virtual seconds."""
        if self.frozen:
            return self._anchor_virtual
        return self._anchor_virtual + (self.wall() - self._anchor_wall) * self.speed

    def wall_ms(self, virtual: float) -> int:
        """Wall time (epoch ms) of a virtual moment of the present piece."""
        return int((self._anchor_wall + (virtual - self._anchor_virtual) / self.speed) * 1000)

    def start_at(self, virtual: float) -> None:
        """Maps `virtual` to now; earlier events are in the past."""
        self._anchor_virtual = virtual
        self._anchor_wall = self.wall()

    def freeze(self) -> None:
        if not self.frozen:
            self.start_at(self.now())
            self.frozen = True

    def thaw(self) -> None:
        if self.frozen:
            self.frozen = False
            self.start_at(self._anchor_virtual)

    def step(self, by_s: float) -> None:
        """Moves the platform's clock; while frozen, since a running centre would play that time at once."""
        if not self.frozen:
            raise ValueError("freeze the centre before its clock is moved")
        self._wall_base += by_s
        self.start_at(self._anchor_virtual)

    def set_speed(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self.start_at(self.now())
        self.speed = speed


def iso_ms(epoch_ms: int) -> str:
    """2026-08-01T10:00:00.000Z, the form of all official answers."""
    seconds, ms = divmod(int(epoch_ms), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % ms
