# SPDX-License-Identifier: MIT
"""Delivery of a reply, complete or faulty."""
from __future__ import annotations

import email.utils
import http
import itertools
import socket
import struct
import threading
from typing import BinaryIO

from .message import Reply, Request, huge_body

ABRUPT = ("truncate", "reset", "close", "hang")  # these end without a notice, even of TLS
CHUNK = 1 << 16
_PAUSE = threading.Event()  # never set; its wait() is a pause of this thread alone


def pause(seconds: float) -> None:
    if seconds > 0:
        _PAUSE.wait(seconds)


def reason(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Status"


def head(request: Request, reply: Reply, keep: bool, length: int, now: float) -> bytes:
    """Genesys docs: ININ-Correlation-Id on each answer; no rate limit headers since 2021."""
    mode = reply.delivery.mode
    lines = ["HTTP/%s %d %s" % ("1.0" if mode == "http10" else "1.1", reply.status, reason(reply.status)),
             "Date: " + email.utils.formatdate(now, usegmt=True),
             "Content-Type: " + reply.content_type,
             "ININ-Correlation-Id: " + request.correlation_id,
             "Strict-Transport-Security: max-age=600; includeSubDomains",
             "Cache-Control: no-cache, no-store, must-revalidate"]
    lines += ["%s: %s" % item for item in reply.headers.items()]
    if mode == "chunked" or (mode == "normal" and reply.stream is not None):
        lines.append("Transfer-Encoding: chunked")
    elif mode != "http10" and reply.status not in (204, 304):
        lines.append("Content-Length: %d" % length)
    lines.append("Connection: " + ("keep-alive" if keep and mode not in ("http10", "truncate") else "close"))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def upgrade_head(reply: Reply, now: float) -> bytes:
    lines = ["HTTP/1.1 101 Switching Protocols", "Date: " + email.utils.formatdate(now, usegmt=True),
             *("%s: %s" % item for item in reply.headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def drip(out: socket.socket, data: bytes, reply: Reply) -> None:
    for at in range(0, len(data), reply.delivery.drip_bytes):
        out.sendall(data[at:at + reply.delivery.drip_bytes])
        pause(reply.delivery.drip_s)


def deliver(out: socket.socket, reader: BinaryIO, request: Request, reply: Reply,
            keep: bool, now: float) -> tuple[int, bool]:
    """Sends the reply; returns the bytes sent and whether the connection stays open."""
    how = reply.delivery
    if how.mode == "normal" and reply.stream is not None and request.headers.get(":version") != "HTTP/1.0":
        return _stream(out, request, reply, keep, now)
    reply.whole()
    body = reply.body
    if how.mode == "hang":
        return _hang(out)
    if how.mode in ("reset", "close"):
        return _leave(out, reader, how.mode == "reset")
    if how.mode == "huge":
        return _huge(out, request, reply, keep, now)
    start = head(request, reply, keep, len(body), now)
    if request.method == "HEAD":
        out.sendall(start)
        return len(start), True
    if how.mode == "normal":
        out.sendall(start + body)
        return len(start) + len(body), True
    if how.mode == "truncate":
        cut = body[:len(body) // 2]
        out.sendall(start + cut)
        return len(start) + len(cut), False
    if how.mode == "http10":
        out.sendall(start + body)
        return len(start) + len(body), False
    out.sendall(start)
    if how.mode == "slow_body":
        drip(out, body, reply)
    elif how.mode == "chunked":
        for at in range(0, len(body), 1000):
            piece = body[at:at + 1000]
            out.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        out.sendall(b"0\r\n\r\n")
    return len(start) + len(body), True


def _stream(out: socket.socket, request: Request, reply: Reply, keep: bool, now: float) -> tuple[int, bool]:
    """Sends chunks; each is sent before the next one is made."""
    assert reply.stream is not None
    start = head(request, reply, keep, 0, now)
    out.sendall(start)
    count, waiting, size = len(start), [], 0
    for piece in itertools.chain(reply.stream, [None]):
        if piece is not None:
            waiting.append(piece)
            size += len(piece)
        if waiting and (piece is None or size >= CHUNK):
            out.sendall(b"%x\r\n%s\r\n" % (size, b"".join(waiting)))
            count, waiting, size = count + size, [], 0
    out.sendall(b"0\r\n\r\n")
    return count, True


def _hang(out: socket.socket) -> tuple[int, bool]:
    """Sends nothing until the client disconnects."""
    out.settimeout(None)
    while out.recv(4096):
        pass
    return 0, False


def _leave(out: socket.socket, reader: BinaryIO, reset: bool) -> tuple[int, bool]:
    if reset:  # linger 0: close sends RST
        out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reader.close()
    out.close()
    return 0, False


def _huge(out: socket.socket, request: Request, reply: Reply, keep: bool,
          now: float) -> tuple[int, bool]:
    length = reply.delivery.huge_bytes
    start = head(request, reply, keep, length, now)
    out.sendall(start)
    count = len(start)
    for piece in huge_body(length):
        out.sendall(piece)
        count += len(piece)
    return count, True
