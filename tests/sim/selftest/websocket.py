# SPDX-License-Identifier: MIT
"""A client of RFC 6455, independent of the simulator, that can misbehave."""
from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .schema import EVENTS

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SLICE_S = 0.05  # length of a slice of the quiet time


@dataclass
class Frame:
    fin: bool
    rsv: int
    opcode: int
    masked: bool
    payload: bytes


class Refused(Exception):
    """The answer was not 101."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__("refused with %d" % status)
        self.status, self.headers = status, headers


class Ended(Exception):
    """The server's close frame (code and reason), or the connection's end (None)."""

    def __init__(self, code: Optional[int], reason: str = "") -> None:
        super().__init__("ended with %s %s" % (code, reason))
        self.code, self.reason = code, reason


class Client:
    """`uri` is a connectUri.  Every message with a topic is checked against its schema, unless `lenient`;
    with `every` N, one message in N is checked."""

    def __init__(self, uri: str, ca: Optional[str] = None, lenient: bool = False, early: bytes = b"", every: int = 1,
                 headers: Optional[dict[str, Optional[str]]] = None) -> None:
        where = urlsplit(uri)
        self.lenient, self.pongs, self.frames_seen = lenient, 0, 0
        self._every, self._messages = every, 0
        self.pings: list[bytes] = []
        self.raw_bytes = 0
        plug = socket.create_connection((where.hostname, where.port), timeout=30)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if where.scheme == "wss":
            plug = ssl.create_default_context(cafile=ca).wrap_socket(plug, server_hostname=where.hostname,
                                                                     suppress_ragged_eofs=False)
        self.plug, self._bytes, self._pieces = plug, b"", b""
        try:
            self._handshake(where.path, "%s:%s" % (where.hostname, where.port), headers or {}, early)
        except BaseException:
            plug.close()
            raise

    def _handshake(self, path: str, host: str, changes: dict[str, Optional[str]], early: bytes) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        sent: dict[str, Optional[str]] = {
            "Host": host, "Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13", **changes}
        lines = ["GET %s HTTP/1.1" % path, *("%s: %s" % item for item in sent.items() if item[1] is not None)]
        self.plug.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + early)
        while b"\r\n\r\n" not in self._bytes:
            self._more(time.monotonic() + 30)
        head, self._bytes = self._bytes.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest)}
        status = int(first.split()[1])
        expected = base64.b64encode(hashlib.sha1(
            (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        if status != 101 or headers.get("sec-websocket-accept") != expected:
            raise Refused(status, headers)

    # ---- sending ----------------------------------------------------------------

    @staticmethod
    def frame(opcode: int, payload: bytes, masked: bool = True, first: int = 0x80) -> bytes:
        size = len(payload)
        length = (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 65536
                  else b"\x7f" + size.to_bytes(8, "big"))
        head = bytes([first | opcode, length[0] | (0x80 if masked else 0)]) + length[1:]
        if not masked:
            return head + payload
        key = os.urandom(4)
        return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))

    def send(self, value: Any) -> None:
        self.plug.sendall(self.frame(TEXT, json.dumps(value).encode()))

    def send_raw(self, data: bytes) -> None:
        self.plug.sendall(data)

    # ---- receiving ---------------------------------------------------------------

    def _more(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.plug.settimeout(left)
        try:
            data = self.plug.recv(262_144)
        except ConnectionResetError:
            raise Ended(None, "reset") from None
        except ssl.SSLEOFError:
            raise Ended(None, "no close_notify") from None
        if not data:
            raise Ended(None)
        self.raw_bytes += len(data)
        self._bytes += data

    def next_frame(self, within_s: float = 20.0) -> Frame:
        deadline = time.monotonic() + within_s
        while True:
            have = self._bytes
            if len(have) >= 2:
                size, at = have[1] & 127, 2
                if size > 125:
                    at = 4 if size == 126 else 10
                    size = int.from_bytes(have[2:at], "big")
                if len(have) >= at + size and len(have) >= at:
                    self._bytes = have[at + size:]
                    self.frames_seen += 1
                    return Frame(bool(have[0] & 128), (have[0] >> 4) & 7, have[0] & 15, bool(have[1] & 128),
                                 have[at:at + size])
            self._more(deadline)

    def next(self, within_s: float = 20.0) -> Any:
        """The next message as JSON.  Answers pings, as RFC 6455 requires."""
        deadline = time.monotonic() + within_s
        while True:
            frame = self.next_frame(max(0.001, deadline - time.monotonic()))
            if frame.opcode == PING:
                self.pings.append(frame.payload)
                self.send_raw(self.frame(PONG, frame.payload))
            elif frame.opcode == PONG:
                self.pongs += 1
            elif frame.opcode == CLOSE:
                self.plug.sendall(self.frame(CLOSE, frame.payload[:2]))
                raise Ended(int.from_bytes(frame.payload[:2], "big"), frame.payload[2:].decode())
            else:
                self._pieces += frame.payload
                if frame.fin:
                    whole, self._pieces = self._pieces, b""
                    return self._checked(json.loads(whole))

    def _checked(self, message: Any) -> Any:
        self._messages += 1
        due = self._messages % self._every == 0
        if EVENTS is not None and due and not self.lenient and "topicName" in message:
            wrong = EVENTS.check(message)
            if wrong:
                raise AssertionError("%s: %s" % (message["topicName"], wrong[:5]))
        return message

    def until(self, wanted: Any, within_s: float = 20.0) -> Any:
        """The first message for which `wanted` (a function, or the end of a topic's name) holds."""
        test = wanted if callable(wanted) else lambda m: m.get("topicName", "").endswith(wanted)
        deadline = time.monotonic() + within_s
        while True:
            message = self.next(max(0.001, deadline - time.monotonic()))
            if test(message):
                return message

    def collect(self, enough: Callable[[list[Any]], bool], within_s: float) -> list[Any]:
        """All messages until there are enough of them."""
        made: list[Any] = []
        deadline = time.monotonic() + within_s
        while not enough(made):
            made.append(self.next(max(0.001, deadline - time.monotonic())))
        return made

    def ended(self, within_s: float = 20.0) -> Ended:
        """Waits for the end and returns it; drops messages before it."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                self.next(max(0.001, deadline - time.monotonic()))
            except Ended as end:
                return end

    def drain(self, quiet_s: float = 0.6) -> list[Any]:
        """All messages until none has come for `quiet_s`.

        A slice of that time that took much longer than SLICE_S does not count: on a busy machine the simulator may not have
        run in it.
        """
        made: list[Any] = []
        left_s = quiet_s
        while left_s > 0:
            begin = time.monotonic()
            try:
                made.append(self.next(SLICE_S))
                left_s = quiet_s
            except TimeoutError:
                if time.monotonic() - begin < 2 * SLICE_S:
                    left_s -= SLICE_S
        return made

    def close(self) -> None:
        self.plug.close()
