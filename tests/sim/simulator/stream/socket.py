# SPDX-License-Identifier: MIT
"""One socket of a channel: its thread waits for the client and for messages to send.

Any thread may post; only the socket's own thread uses the connection, because a
TLS connection is not safe for two threads.
"""
from __future__ import annotations

import heapq
import select
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Optional

from ..web.message import dumps
from . import frames, words
from .frames import Violation

if TYPE_CHECKING:
    from .channels import Channel
    from .hub import Hub

READ_BYTES = 65_536
OUT_BYTES_MAX = 256 * 1024  # bytes taken from the box for the connection; later messages wait in the box
WAITING_MAX = 200_000  # waiting messages; a client that reads none is disconnected
GOODBYE_S = 2.0  # time for the client's answer to our close frame
VIOLATION_S = 0.3  # the same time after a violation


class StreamSocket:
    """A socket, created at the upgrade; it runs until one of the two sides ends it."""

    def __init__(self, hub: "Hub", channel: "Channel", serial: int, peer: str, listener: str) -> None:
        self.hub, self.channel, self.channel_id = hub, channel, channel.id
        self.serial, self.peer, self.listener = serial, peer, listener
        self.counts: Counter[str] = Counter()
        self.events_sent = 0  # posted to this socket, lost ones included
        self.opened_ms, self.opened_seq = hub.wall_ms(), hub.app.ledger.seq
        self.last_seq: Optional[int] = None  # events of later lines of the ledger are not sent
        self.closed_ms: Optional[int] = None
        self.ended = ""  # the reason
        self.client_code: Optional[int] = None
        self._lock = threading.Lock()
        self._box: list[tuple[float, int, Any]] = []  # due, serial, bytes | callable
        self._serial = 0
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._out = bytearray()
        self._reader = frames.Reader()
        self._closing_at: Optional[float] = None  # our close frame is in the box or sent
        self._abrupt = self._overflow = False
        self._ignores_input = False  # after a violation nothing is parsed
        self._why = ""
        self._plug: Any = None

    # ---- from any thread -------------------------------------------------------------

    def send(self, data: bytes, after_s: float = 0.0) -> None:
        """Sends whole frames."""
        self._put(after_s, data)

    def send_message(self, value: Any, after_s: float = 0.0) -> None:
        self.send(frames.frame(frames.TEXT, dumps(value)), after_s)

    def close(self, code: int, why: str, reason: str = "", after_s: float = 0.0) -> None:
        """Sends a close frame after the waiting messages, then ends."""
        if after_s <= 0:
            self.leave()
        self._put(after_s, lambda: self._begin_close(code, why, reason))

    def leave(self) -> None:
        """Stops sending events to this socket."""
        if self.last_seq is None:
            self.last_seq = self.hub.app.ledger.seq

    def drop(self, why: str, reset: bool = False, after_s: float = 0.0) -> None:
        self.leave()
        self._put(after_s, lambda: self._hang_up(why, reset))

    def waiting(self) -> int:
        """The messages that are not written to the connection yet."""
        return len(self._box)

    def _put(self, after_s: float, what: Any) -> None:
        with self._lock:
            self._overflow = self._overflow or len(self._box) > WAITING_MAX
            self._serial += 1
            heapq.heappush(self._box, (time.monotonic() + after_s, self._serial, what))
        try:
            self._wake_out.send(b"!")
        except OSError:
            pass  # a full pipe also wakes the thread; a closed one belongs to a socket that has ended

    # ---- the socket's own thread --------------------------------------------------------

    def run(self, plug: socket.socket, early: bytes, head: bytes) -> None:
        """`head`: our answer to the upgrade; `early`: the client's bytes after its request."""
        self._plug = plug
        self._out += head
        plug.setblocking(False)
        try:
            if early:
                self._take(early)
            while not self.ended:
                self._turn()
        except (OSError, ssl.SSLError):
            self.ended = self.ended or "connection lost"
        finally:
            self._finish()

    def _turn(self) -> None:
        if self._overflow:
            self._hang_up("slow reader", False)
            return
        self._due()
        if self._out:
            self._write()
        if self.ended or (self._closing_at is not None and time.monotonic() > self._closing_at):
            self.ended = self.ended or "closed without the client's answer"
            return
        poll = select.poll()
        poll.register(self._plug, select.POLLIN | (select.POLLOUT if self._out else 0))
        poll.register(self._wake_in, select.POLLIN)
        pending = isinstance(self._plug, ssl.SSLSocket) and self._plug.pending() > 0
        ready = dict(poll.poll(0 if pending else self._timeout_ms()))
        if self._wake_in.fileno() in ready:
            self._wake_in.recv(4096)
        if pending or self._plug.fileno() in ready:
            self._read()

    def _timeout_ms(self) -> int:
        if self._out:
            return 1000
        with self._lock:
            due = self._box[0][0] if self._box else time.monotonic() + 1.0
        if self._closing_at is not None:
            due = min(due, self._closing_at)
        return max(0, min(1000, int((due - time.monotonic()) * 1000) + 1))

    def _due(self) -> None:
        """Takes the due messages from the box."""
        now, ready = time.monotonic(), []
        with self._lock:
            while self._box and self._box[0][0] <= now and len(self._out) < OUT_BYTES_MAX:
                what = heapq.heappop(self._box)[2]
                if callable(what):
                    ready.append(what)
                    break
                if self._closing_at is None:
                    self._out += what
        for action in ready:
            action()

    def _begin_close(self, code: int, why: str, reason: str) -> None:
        self.leave()
        if self._closing_at is None:
            self._out += frames.frame(frames.CLOSE, frames.close_payload(code, reason))
            self.counts["close %d" % code] += 1
            self._closing_at = time.monotonic() + GOODBYE_S
            self._why = why

    def _hang_up(self, why: str, reset: bool) -> None:
        self._flush_some()
        self._abrupt = True
        if reset:  # linger 0: close sends RST
            self._plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ended = why

    def _flush_some(self) -> None:
        if self._out:
            self._write()

    def _write(self) -> None:
        try:
            count = self._plug.send(memoryview(self._out)[:READ_BYTES * 4].tobytes())
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return
        del self._out[:count]
        self.counts["bytes_sent"] += count

    def _read(self) -> None:
        try:
            data = self._plug.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        if not data:
            self.ended = self._why or "client left without a close frame"
            return
        self._take(data)

    def _take(self, data: bytes) -> None:
        before = self._reader.frames
        self.counts["bytes_received"] += len(data)
        if self._ignores_input:
            return
        try:
            for opcode, payload in self._reader.feed(data):
                self._received(opcode, payload)
        except Violation as violation:
            self.counts["violation " + violation.kind] += 1
            self._ignores_input = True
            self._begin_close(violation.code, "violation " + violation.kind, violation.kind)
            self._closing_at = time.monotonic() + VIOLATION_S
        self.counts["frames_received"] += self._reader.frames - before

    def _received(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.CLOSE:
            self._client_closes(payload)
        elif opcode == frames.PING:
            self.counts["rfc_pings"] += 1
            if not self.hub.mute(self, pongs=True):
                self.counts["frames_sent"] += 1
                self.send(frames.frame(frames.PONG, payload))
        elif opcode == frames.PONG:
            self.counts["rfc_pongs"] += 1
        else:
            words.answer(self.hub, self, payload)

    def _client_closes(self, payload: bytes) -> None:
        """Echoes the client's close frame, unless it answers ours."""
        code = int.from_bytes(payload[:2], "big") if payload else None
        self.client_code = code
        if self._closing_at is not None:
            self.ended = self._why
            return
        if not self.hub.mute(self):
            self._out += frames.frame(frames.CLOSE, payload[:2])
            self._flush_some()
        self.ended = "client closed"

    def _finish(self) -> None:
        self.closed_ms = self.hub.wall_ms()
        self.leave()
        self.hub.closed(self)
        if isinstance(self._plug, ssl.SSLSocket) and not self._abrupt:
            try:
                self._plug.settimeout(0.5)
                self._plug.unwrap()
            except (OSError, ValueError):
                pass
        for one in (self._plug, self._wake_in, self._wake_out):
            try:
                one.close()
            except OSError:
                pass

    def as_json(self) -> dict[str, Any]:
        return {"serial": self.serial, "channel": self.channel_id, "peer": self.peer, "listener": self.listener,
                "opened_seq": self.opened_seq, "last_seq": self.last_seq,
                "opened_ms": self.opened_ms, "closed_ms": self.closed_ms, "ended": self.ended or None,
                "client_close_code": self.client_code, "events": self.events_sent, **self.counts}
