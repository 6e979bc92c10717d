# SPDX-License-Identifier: MIT
"""The actions of the fault steps, each on one socket."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Callable

from ..web.message import dumps
from . import frames

if TYPE_CHECKING:
    from .faults import Step
    from .hub import Hub
    from .socket import StreamSocket

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
HUGE_BYTES_SENT = 4 * 1024 * 1024
_UNKNOWN = {"topicName": "v2.sim.unknown.%s" % UNKNOWN_ID, "version": "3",
            "eventBody": {"id": UNKNOWN_ID, "nested": [{"deep": [1, 2.5, None, True, "\u2603"]}]},
            "metadata": {"CorrelationId": UNKNOWN_ID, "status": "unknown"}}
_NEW_VALUES = {"id": UNKNOWN_ID, "newMember": {"a": [None]}, "participants": [
    {"id": UNKNOWN_ID, "purpose": "hologram", "connectedTime": "2026-01-01T00:00:00.000Z", "holograms": [
        {"id": UNKNOWN_ID, "state": "teleporting", "held": None}], "calls": None, "attributes": {"k": "\\\"\u0000"}}]}


def _drop(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    one.drop("fault drop", bool(step.spec.get("reset")))


def _close(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    one.close(int(step.spec.get("code", 1001)), "fault close", str(step.spec.get("reason", "")))


def _closing(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    hub.say_closing(one, float(step.spec.get("notice_s", hub.app.settings.closing_notice_s)))


def _displaced(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    hub.say_displaced(one)
    one.close(1001, "fault no_longer_subscribed")


def _new_values(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    topics = [t.name for single in one.channel.topics.values() for t in single if t.name.endswith(".conversations")]
    if topics:
        one.send_message({"topicName": topics[0], "version": "2", "eventBody": _NEW_VALUES, "metadata": {}})


def _bad_close(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    one.send(frames.frame(frames.CLOSE, frames.close_payload(1005)))
    one.drop("fault bad_close", after_s=0.2)


def _huge(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    size = int(float(step.spec.get("huge_mb", 64)) * 1024 * 1024)
    head = struct.pack("!BBQ", 0x80 | frames.TEXT, 127, size)
    one.send(head + b'{"topicName":"' + b"x" * min(size - 14, HUGE_BYTES_SENT))


def _half_frame(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    whole = frames.frame(frames.TEXT, dumps({**_UNKNOWN, "filler": "x" * 1500}))
    one.send(whole[:len(whole) // 2])
    one.drop("fault half_frame")


def _raw(data: bytes) -> Callable[..., None]:
    return lambda hub, one, step: one.send(data)


_ACTIONS: dict[str, Callable[..., None]] = {
    "drop": _drop, "close": _close, "socket_closing": _closing, "no_longer_subscribed": _displaced,
    "evict": lambda hub, one, step: hub.evict(one.channel),
    "expire": lambda hub, one, step: hub.expire(one.channel),
    "unknown_topic": lambda hub, one, step: one.send_message(_UNKNOWN),
    "no_topic": lambda hub, one, step: one.send_message({"result": "200", "status": "whatever"}),
    "new_values": _new_values, "bad_close": _bad_close, "huge": _huge, "half_frame": _half_frame,
    "ping": _raw(frames.frame(frames.PING, b"sim")),
    "malformed": _raw(frames.frame(frames.TEXT, b'{"topicName":"v2.routing.queues.')),
    "bad_utf8": _raw(frames.frame(frames.TEXT, b'{"topicName":"\xff\xc3("}')),
    "binary": _raw(frames.frame(frames.BINARY, b"\x00\x01\x02")), "empty": _raw(frames.frame(frames.TEXT, b"")),
    "masked": _raw(frames.frame(frames.TEXT, dumps(_UNKNOWN), mask=b"mask")),
    "rsv": _raw(frames.frame(frames.TEXT, dumps(_UNKNOWN), rsv=4)), "opcode": _raw(frames.frame(3, b"?")),
    "stray_continuation": _raw(frames.frame(frames.CONTINUATION, b"?")),
    "long_ping": _raw(frames.frame(frames.PING, b"x" * 126)),
}


def play(hub: "Hub", one: "StreamSocket", step: "Step") -> None:
    _ACTIONS[step.kind](hub, one, step)
