# SPDX-License-Identifier: MIT
"""A relay in front of a server that spoils its answers: the faults of fault_matrix.py, one at a time."""
from __future__ import annotations

import json
import re
import select
import socket
import ssl
import struct
import threading
import time
from pathlib import Path
from typing import Any, Callable, Optional

from .process import free_port, wait_until, watch_for

LATE_S = 3.0  # longer than the time-outs of the agents here
DATE_OFF_S = 600
HUGE_BYTES = 256 << 20  # an answer ends here if the client reads on
HTML = b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"
GARBAGE = b'{"access_token": "x", "results": [ {,, "entities": \xff\xfe'
Answer = Callable[[socket.socket, bytes, bytes], None]  # (client, head, body)


def read_message(one: socket.socket, kept: bytes = b"") -> Optional[tuple[bytes, bytes, bytes]]:
    """(head with its blank line, body, bytes behind it) of one HTTP message; None at the end of the connection."""
    while b"\r\n\r\n" not in kept:
        piece = one.recv(65536)
        if not piece:
            return None
        kept += piece
    head, _, rest = kept.partition(b"\r\n\r\n")
    head += b"\r\n\r\n"
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return _read_chunked(one, head, rest)
    wanted = int(length[1]) if length else 0
    while len(rest) < wanted:
        piece = one.recv(65536)
        if not piece:
            return None
        rest += piece
    return head, rest[:wanted], rest[wanted:]


def _read_chunked(one: socket.socket, head: bytes, rest: bytes) -> Optional[tuple[bytes, bytes, bytes]]:
    body = b""
    while True:
        while b"\r\n" not in rest:
            rest += one.recv(65536)
        size, _, rest = rest.partition(b"\r\n")
        wanted = int(size.split(b";")[0], 16)
        while len(rest) < wanted + 2:
            rest += one.recv(65536)
        body, rest = body + rest[:wanted], rest[wanted + 2:]
        if wanted == 0:
            head = re.sub(rb"(?i)\r\ntransfer-encoding: *chunked", b"\r\nContent-Length: %d" % len(body), head)
            return head, body, rest


def _with_length(head: bytes, length: int) -> bytes:
    head = re.sub(rb"(?i)\r\ncontent-length:[^\r]*", b"", head)
    return head[:-2] + b"Content-Length: %d\r\n\r\n" % length


def reset(one: socket.socket) -> None:
    """Ends a connection with a reset in place of an orderly end."""
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    except OSError:
        pass


def _turned(value: Any) -> Any:
    """The same document with each value of another type."""
    if isinstance(value, dict):
        return {key: _turned(one) for key, one in value.items()}
    if isinstance(value, list):
        return "a text"
    return {"not": "this"} if isinstance(value, str) else [value]


def _wrong_type(client: socket.socket, head: bytes, body: bytes) -> None:
    try:
        body = json.dumps(_turned(json.loads(body))).encode()
    except ValueError:
        body = b"[17]"
    client.sendall(_with_length(head, len(body)) + body)


def _drip(client: socket.socket, head: bytes, body: bytes) -> None:
    for byte in head + body:
        client.sendall(bytes([byte]))
        watch_for(1)


def _huge(client: socket.socket, head: bytes, _body: bytes) -> None:
    client.sendall(_with_length(head, HUGE_BYTES) + b'{"access_token": "')
    for _ in range(HUGE_BYTES // 65536):
        client.sendall(b"x" * 65536)


def _canned(status: str, kind: str, body: bytes) -> Answer:
    def answer(client: socket.socket, _head: bytes, _body: bytes) -> None:
        client.sendall(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                       % (status.encode(), kind.encode(), len(body), body))
    return answer


def _truncated(client: socket.socket, head: bytes, body: bytes) -> None:
    """Half of the body; of an answer without a body half of its head."""
    client.sendall(head + body[:len(body) // 2] if body else head[:len(head) // 2])


def _broken_off(client: socket.socket, head: bytes, body: bytes) -> None:
    _truncated(client, head, body)
    watch_for(0.05)  # the client reads this half before the end of the connection
    reset(client)


def _wrong_date(client: socket.socket, head: bytes, body: bytes) -> None:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - DATE_OFF_S)).encode()
    client.sendall(re.sub(rb"(?i)\r\ndate:[^\r]*", b"\r\nDate: " + date, head) + body)


def _late(client: socket.socket, head: bytes, body: bytes) -> None:
    watch_for(LATE_S)
    client.sendall(head + body)


def _nothing(client: socket.socket, _head: bytes, _body: bytes) -> None:
    try:
        while client.recv(65536):
            pass
    except OSError:
        pass


# How each fault spoils the answer of an HTTP server; "refused" and "wrong certificate" concern the connection.
ANSWERS: dict[str, Answer] = {
    "": lambda client, head, body: client.sendall(head + body),
    "reset mid-body": _broken_off,
    "black hole": _nothing,
    "1 byte/s": _drip,
    "429": _canned("429 Too Many Requests", "application/json", b'{"message":"Rate limit exceeded"}'),
    "500": _canned("500 Internal Server Error", "application/json", b'{"message":"internal"}'),
    "503 with HTML": _canned("503 Service Unavailable", "text/html", HTML),
    "truncated": _truncated,
    "malformed": lambda client, head, _body: client.sendall(_with_length(head, len(GARBAGE)) + GARBAGE),
    "wrong type": _wrong_type,
    "huge": _huge,
    "duplicate": lambda client, head, body: client.sendall((head + body) * 2),
    "late": _late,
    "wrong Date": _wrong_date,
}


class Relay:
    """Listens on its own port and relays HTTP requests to `target`, a port on the loopback interface, over TLS with the
    certificates of the folder if there is one. A WebSocket or a CONNECT is relayed as bytes."""

    def __init__(self, target: int, certificates: Optional[Path] = None, is_raw: bool = False) -> None:
        self.target, self.is_raw = target, is_raw
        self.port, self.fault, self.hits = free_port(), "", 0
        self.keeps_alive = True  # False: each answer ends its connection
        self.has_tls = certificates is not None
        self._contexts = {name: _context(certificates, name) for name in ("server", "server-other")} if certificates else {}
        self._listener: Optional[socket.socket] = None
        self._open: set[socket.socket] = set()
        self._listen()

    @property
    def url(self) -> str:
        return "%s://localhost:%d" % ("https" if self.has_tls else "http", self.port)

    def apply(self, fault: str) -> None:
        """From now on each connection and each answer has the fault; the open connections are cut."""
        self.fault, self.hits = fault, 0
        self._cut()
        if fault == "refused":
            self._close()
        elif self._listener is None:
            self._listen()

    def _listen(self) -> None:
        self._listener = wait_until(lambda: socket.create_server(("127.0.0.1", self.port), backlog=64), 10, "a relay listens")
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _close(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _cut(self) -> None:
        for one in list(self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.hits += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            client.settimeout(60)
            if self._contexts:
                name = "server-other" if self.fault == "wrong certificate" else "server"
                client = self._contexts[name].wrap_socket(client, server_side=True)
            self._open.add(client)
            with client, socket.create_connection(("127.0.0.1", self.target), timeout=60) as server:
                if self.is_raw:
                    self._pump(client, server)
                else:
                    self._answer(client, server)
        except (OSError, ValueError):
            pass
        finally:
            self._open.discard(client)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        kept = b""
        while True:
            request = read_message(client, kept)
            if request is None:
                return
            head, body, kept = request
            server.sendall(head + body)
            if re.search(rb"(?i)\r\nupgrade: *websocket", head) or head.startswith(b"CONNECT "):
                self._upgrade(client, server)
                return
            answer = read_message(server)
            if answer is None:
                return
            ANSWERS[self.fault if self.fault in ANSWERS else ""](client, answer[0], answer[1])
            if self.fault or not self.keeps_alive:
                return

    def _upgrade(self, client: socket.socket, server: socket.socket) -> None:
        """The answer to the handshake may be refused; bytes afterwards have the faults of a stream."""
        fault = self.fault
        if fault in ("429", "500", "503 with HTML", "malformed handshake"):
            ANSWERS[fault](client, b"", b"")
            return
        self._pump(client, server)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            pending = isinstance(client, ssl.SSLSocket) and client.pending()
            for one in [client] if pending else select.select([client, server], [], [], 1)[0]:
                piece = one.recv(65536)
                if not piece:
                    return
                if one is client:
                    server.sendall(piece)
                elif not self._spoil(client, piece):
                    return

    def _spoil(self, client: socket.socket, piece: bytes) -> bool:
        """Sends a piece of a stream with the fault; False: the connection ends."""
        if self.fault in ("reset mid-body", "truncated"):
            client.sendall(piece[:max(1, len(piece) // 2)])
            watch_for(0.05)
            if self.fault == "reset mid-body":
                reset(client)
            return False
        if self.fault == "black hole":
            return True
        if self.fault == "1 byte/s":
            _drip(client, piece, b"")
            return True
        if self.fault == "late":
            watch_for(LATE_S)
        client.sendall(STREAM_BYTES.get(self.fault, piece))
        return True


# What a stream sends in place of a piece: bytes that no protocol here begins with, and the header of an endless frame.
STREAM_BYTES = {"malformed": b"\xff\xffno protocol\r\n", "huge": b"\x81\x7f\x00\x00\x0f\xff\xff\xff\xff\xff" + b"x" * 4096}


def _context(certificates: Path, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificates / (name + ".pem"), certificates / (name + ".key"))
    return made
