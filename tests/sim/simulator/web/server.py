# SPDX-License-Identifier: MIT
"""Listeners and connections: HTTP/1.1 with keep-alive, one thread a connection."""
from __future__ import annotations

import gzip
import io
import socket
import ssl
import threading
import time
import zlib
from typing import Callable, Iterator, Optional, Protocol

from . import delivery
from .counters import Counters
from .message import Reply, Request

MAX_HEADER_BYTES = 65_536
MAX_BODY_BYTES = 16 * 1024 * 1024
HANDSHAKE_S = 10.0
GZIP_FROM = 1024


class Application(Protocol):
    counters: Counters

    def secrets(self) -> list[str]: ...

    def answer(self, request: Request) -> tuple[Reply, str]:
        """The reply and the name of the fault that made it, if any."""

    def compresses(self) -> bool: ...

    def keep_alive_s(self) -> float: ...

    def wall(self) -> float:
        """Seconds of the server's clock, for the Date header."""


class BadRequest(Exception):
    """The bytes are no HTTP request."""


class Listener:
    """Accepts on one port; `context` makes it a TLS listener."""

    def __init__(self, name: str, host: str, port: int, application: Application,
                 context: Optional[ssl.SSLContext] = None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.name, self.context, self.application = name, context, application
        self._socket = socket.create_server((host, port), family=family, backlog=256)
        self.host, self.port = host, self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d" % ("https" if self.context else "http", host, self.port)

    def start(self) -> None:
        threading.Thread(target=self._accept, name="accept-" + self.name, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connected, peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connected, "%s:%d" % peer[:2]),
                             name="connection", daemon=True).start()

    def _serve(self, connected: socket.socket, peer: str) -> None:
        self.application.counters.connection(self.name)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = self._secure(connected)
            if secured is not None:
                Connection(secured, peer, self.name, self.application).run()
        except OSError:
            pass  # the client has gone
        finally:
            connected.close()

    def _secure(self, connected: socket.socket) -> Optional[socket.socket]:
        """The connection's thread does the handshake: a silent client delays no other client."""
        if self.context is None:
            return connected
        counters = self.application.counters
        connected.settimeout(HANDSHAKE_S)
        try:
            secured = self.context.wrap_socket(connected, server_side=True)
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            counters.handshake(self.name, "failed %s" % reason)
            return None
        certificate = secured.getpeercert()
        subject = [value for part in (certificate or {}).get("subject", ()) for _, value in part]
        counters.handshake(self.name, "ok %s" % secured.version(), "/".join(subject) or None)
        return secured


def _compressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, wbits=31)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()


class Connection:
    """Reads requests and sends replies until one of the two sides closes."""

    def __init__(self, connected: socket.socket, peer: str, listener: str,
                 application: Application) -> None:
        self.socket, self.peer, self.listener = connected, peer, listener
        self.application = application
        self.reader = connected.makefile("rb", buffering=65_536)
        self.abrupt = False

    def run(self) -> None:
        try:
            while self._one():
                pass
            self._close_tls()
        finally:
            try:
                self.reader.close()
                self.socket.close()
            except OSError:
                pass

    def _close_tls(self) -> None:
        """Sends close_notify: without it a body that ends with the connection is an error."""
        if isinstance(self.socket, ssl.SSLSocket) and not self.abrupt:
            self.socket.settimeout(1.0)
            try:
                self.socket.unwrap()
            except (OSError, ValueError):
                pass

    def _one(self) -> bool:
        self.socket.settimeout(self.application.keep_alive_s())
        try:
            request = self._read()
        except BadRequest as error:
            self.socket.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d"
                                b"\r\n\r\n%s" % (len(str(error)), str(error).encode()))
            return False
        if request is None:
            return False
        return self._exchange(request)

    def _exchange(self, request: Request) -> bool:
        application, started = self.application, time.time()
        if request.path.startswith("/sim/"):
            reply, _ = application.answer(request)
            return self._send(request, reply, lambda *sent: None)
        counters = application.counters
        counters.begin(request, application.secrets())
        leaving = False
        try:
            reply, fault = application.answer(request)
            delivery.pause(reply.delivery.delay_s)
            counters.answered(request, reply, started, fault)
            # The count precedes the bytes: a client may read the counters as soon as it has the answer.
            if reply.delivery.mode == "normal":
                leaving = True
                counters.done()
            return self._send(request, reply, counters.sent)
        finally:
            if not leaving:
                counters.done()

    def _send(self, request: Request, reply: Reply, sent: Callable[[int, bool], None]) -> bool:
        keep = (request.headers.get("connection", "").lower() != "close"
                and request.headers.get(":version") == "HTTP/1.1")
        if reply.takeover is not None:
            return self._hand_over(reply, sent)
        gzipped = self._compress(request, reply)
        self.abrupt = reply.delivery.mode in delivery.ABRUPT
        count, open_still = delivery.deliver(self.socket, self.reader, request, reply, keep,
                                             self.application.wall())
        sent(count, gzipped)
        return open_still and keep

    def _hand_over(self, reply: Reply, sent: Callable[[int, bool], None]) -> bool:
        """Upgrades: the connection belongs to the socket from now on, and ends with it."""
        head, self.abrupt = delivery.upgrade_head(reply, self.application.wall()), True
        sent(len(head), False)
        if reply.delivery.mode == "truncate":
            self.socket.sendall(head[:len(head) // 2])
            return False
        if reply.delivery.mode == "slow_body":
            delivery.drip(self.socket, head, reply)
            head = b""
        assert reply.takeover is not None
        reply.takeover(self.socket, self._early(), head)
        return False

    def _early(self) -> bytes:
        """The bytes after the request in the buffer of the reader."""
        self.socket.setblocking(False)
        try:
            waiting = len(self.reader.peek(1))
            return self.reader.read(waiting) if waiting else b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""

    def _compress(self, request: Request, reply: Reply) -> bool:
        accepted = [part.strip().split(";") for part in
                    request.headers.get("accept-encoding", "").lower().split(",")]
        wanted = any(part[0] in ("gzip", "*") and "q=0" not in [p.strip() for p in part[1:]]
                     for part in accepted)
        if not wanted or not self.application.compresses():
            return False
        if reply.stream is not None:
            reply.stream = _compressed(reply.stream)
            reply.headers["Content-Encoding"] = "gzip"
            return True
        if len(reply.body) <= GZIP_FROM:
            return False
        reply.body = gzip.compress(reply.body, compresslevel=1, mtime=0)
        reply.headers["Content-Encoding"] = "gzip"
        return True

    # ---- reading -------------------------------------------------------------------

    def _read(self) -> Optional[Request]:
        try:
            first = self.reader.readline(MAX_HEADER_BYTES)
        except TimeoutError:
            return None
        if not first.strip():
            return None
        parts = first.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/"):
            raise BadRequest("not a request line")
        headers = self._headers()
        headers[":version"] = parts[2]
        if headers.get("expect", "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        path, query = Request.split(parts[1])
        return Request(parts[0].upper(), parts[1], path, query, headers, self._body(headers),
                       self.listener, self.peer)

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        left = MAX_HEADER_BYTES
        while True:
            line = self.reader.readline(left + 1)
            left -= len(line)
            if left < 0 or not line.endswith(b"\n"):
                raise BadRequest("headers too long or cut off")
            if line in (b"\r\n", b"\n"):
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise BadRequest("a header without a colon")
            headers[name.strip().lower()] = value.strip()

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            raise BadRequest("bad Content-Length")
        body = self.reader.read(int(length))
        if len(body) < int(length):
            raise BadRequest("body cut off")
        return body

    def _chunks(self) -> bytes:
        whole = io.BytesIO()
        while True:
            try:
                size = int(self.reader.readline(100).split(b";")[0], 16)
            except ValueError:
                raise BadRequest("bad chunk") from None
            if whole.tell() + size > MAX_BODY_BYTES:
                raise BadRequest("body too long")
            whole.write(self.reader.read(size))
            self.reader.readline(100)
            if size == 0:
                return whole.getvalue()
