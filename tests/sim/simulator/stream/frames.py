# SPDX-License-Identifier: MIT
"""RFC 6455, the server's side: the handshake, frames out, frames in."""
from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import Iterator, Optional

from ..web.message import Request

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MESSAGE_BYTES_MAX = 1024 * 1024  # of a client; a subscription of 1,000 topics has 70 KB
CLOSE_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


class Violation(Exception):
    """A violation of the protocol by the client; `code` is the close code that answers it."""

    def __init__(self, kind: str, code: int = 1002) -> None:
        super().__init__(kind)
        self.kind, self.code = kind, code


def accept(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def handshake_error(request: Request) -> Optional[str]:
    """The error of an upgrade request, or None."""
    headers = request.headers
    if request.method != "GET" or headers.get(":version") != "HTTP/1.1":
        return "an upgrade is a GET of HTTP/1.1"
    if headers.get("upgrade", "").lower() != "websocket":
        return "Upgrade: websocket is missing"
    if "upgrade" not in [word.strip() for word in headers.get("connection", "").lower().split(",")]:
        return "Connection: Upgrade is missing"
    if headers.get("sec-websocket-version") != "13":
        return "Sec-WebSocket-Version is not 13"
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except binascii.Error:
        key = b""
    return None if len(key) == 16 else "Sec-WebSocket-Key is not 16 bytes"


# ---- out ------------------------------------------------------------------------

def frame(opcode: int, payload: bytes, fin: bool = True, rsv: int = 0, mask: bytes = b"") -> bytes:
    """A server's frame is not masked; `rsv` and `mask` are for faults."""
    first, flag, size = (0x80 if fin else 0) | rsv << 4 | opcode, 0x80 if mask else 0, len(payload)
    if size < 126:
        head = struct.pack("!BB", first, flag | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    return head + mask + (masked(payload, mask) if mask else payload)


def fragments(payload: bytes, pieces: int, between: bytes = b"") -> bytes:
    """A text message in pieces, cut without regard to characters; `between` is a control frame."""
    size = max(1, -(-len(payload) // max(1, pieces)))
    cut = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
    made = [frame(TEXT if at == 0 else CONTINUATION, piece, at == len(cut) - 1) for at, piece in enumerate(cut)]
    return between.join(made)


def close_payload(code: int, reason: str = "") -> bytes:
    return struct.pack("!H", code) + reason.encode()[:123]


def masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


# ---- in -------------------------------------------------------------------------

class Reader:
    """Reads bytes of a client; returns whole messages and control frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._kind: Optional[int] = None  # of the message in pieces
        self._pieces = b""
        self.frames = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(opcode, payload); raises Violation for bytes that break the protocol."""
        self._bytes += data
        while True:
            found = self._next()
            if found is None:
                return
            made = self._message(*found)
            if made is not None:
                yield made

    def _next(self) -> Optional[tuple[int, bool, bytes]]:
        have = self._bytes
        if len(have) < 2:
            return None
        size, at = have[1] & 0x7F, 2
        if size > 125:
            width = 2 if size == 126 else 8
            if len(have) < 2 + width:
                return None
            size, at = int.from_bytes(have[2:2 + width], "big"), 2 + width
        self._check(have[0], have[1], size)
        if len(have) < at + 4 + size:
            return None
        payload = masked(bytes(have[at + 4:at + 4 + size]), bytes(have[at:at + 4]))
        opcode, fin = have[0] & 0xF, bool(have[0] & 0x80)
        del have[:at + 4 + size]
        self.frames += 1
        return opcode, fin, payload

    @staticmethod
    def _check(first: int, second: int, size: int) -> None:
        if not second & 0x80:
            raise Violation("unmasked")
        if first & 0x70:
            raise Violation("rsv")
        opcode = first & 0xF
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Violation("opcode")
        if opcode >= CLOSE and (size > 125 or not first & 0x80):
            raise Violation("control")
        if size > MESSAGE_BYTES_MAX:
            raise Violation("too_big", 1009)

    def _message(self, opcode: int, fin: bool, payload: bytes) -> Optional[tuple[int, bytes]]:
        if opcode == CLOSE:
            self._check_close(payload)
        if opcode >= CLOSE:
            return opcode, payload
        if (opcode == CONTINUATION) != (self._kind is not None):
            raise Violation("continuation")
        if opcode != CONTINUATION:
            self._kind, self._pieces = opcode, b""
        self._pieces += payload
        if len(self._pieces) > MESSAGE_BYTES_MAX:
            raise Violation("too_big", 1009)
        if not fin:
            return None
        kind, whole, self._kind = self._kind, self._pieces, None
        if kind == TEXT:
            _check_text(whole)
        return kind or TEXT, whole

    @staticmethod
    def _check_close(payload: bytes) -> None:
        if not payload:
            return
        if len(payload) == 1 or int.from_bytes(payload[:2], "big") not in CLOSE_CODES - {1005, 1006}:
            raise Violation("close_code")
        _check_text(payload[2:])


def _check_text(text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise Violation("utf8", 1007) from None
