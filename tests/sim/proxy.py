#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small HTTP proxy for tests: CONNECT and absolute-form, with or without Basic auth.

The proxy itself answers requests in origin form: GET /proxy/counters,
POST /proxy/reset, POST /proxy/mode {"mode": …}, POST /proxy/cut, POST /proxy/quit.
"""
from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import select
import signal
import socket
import ssl
import sys
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any, Optional

MODES = {"pass": "as a proxy does", "deny": "403 to everything", "unavailable": "502 to everything",
         "hang": "accepts and never answers", "reset": "closes without an answer"}
HOP_HEADERS = ("proxy-authorization", "proxy-connection", "connection", "keep-alive")
BLOCK = 65_536
CONNECT_S = 10.0


class Head:
    """Request line and headers, in order and unchanged."""

    def __init__(self, raw: bytes) -> None:
        lines = raw.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3:
            raise ValueError("not a request line")
        self.method, self.target, self.version = parts
        self.lines = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]

    def get(self, name: str) -> str:
        return next((value for key, value in self.lines if key.lower() == name), "")


class Proxy:
    """Listens, checks, counts, relays."""

    def __init__(self, auth: Optional[str]) -> None:
        self.auth, self.mode = auth, "pass"
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.reset()

    # ---- counting ------------------------------------------------------------

    def reset(self) -> None:
        with self._lock:
            self.counts: Counter[str] = Counter()
            self.targets: Counter[str] = Counter()
            self.agents: Counter[str] = Counter()
            self.users: Counter[str] = Counter()
            self.last: deque[dict[str, Any]] = deque(maxlen=100)
            self.max_open = 0

    def count(self, what: str, number: int = 1) -> None:
        with self._lock:
            self.counts[what] += number

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {"counts": dict(self.counts), "targets": dict(self.targets), "users": dict(self.users),
                    "user_agents": dict(self.agents), "open_now": len(self._open) // 2,
                    "max_open": self.max_open, "mode": self.mode, "last": list(self.last)}

    # ---- serving ---------------------------------------------------------------

    def listen(self, host: str, port: int, context: Optional[ssl.SSLContext]) -> int:
        server = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                                      backlog=128)
        threading.Thread(target=self._accept, args=(server, context), daemon=True).start()
        return server.getsockname()[1]

    def _accept(self, server: socket.socket, context: Optional[ssl.SSLContext]) -> None:
        while True:
            client, _ = server.accept()
            threading.Thread(target=self._serve, args=(client, context), daemon=True).start()

    def _serve(self, client: socket.socket, context: Optional[ssl.SSLContext]) -> None:
        self.count("connections")
        try:
            client.settimeout(300.0)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                client = context.wrap_socket(client, server_side=True)
            while self._request(client):
                pass
        except (OSError, ValueError):
            self.count("broken")
        finally:
            client.close()

    def _request(self, client: socket.socket) -> bool:
        """Serves one request; returns true if the connection may carry another."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = client.recv(BLOCK)
            if not piece or len(raw) > BLOCK:
                return False
            raw += piece
        start, _, rest = raw.partition(b"\r\n\r\n")
        head = Head(start)
        if head.target.startswith("/"):
            return self._own(client, head, rest)
        target = head.target if head.method == "CONNECT" else head.target.split("/")[2]
        with self._lock:
            self.counts["connect" if head.method == "CONNECT" else "absolute"] += 1
            self.targets[target] += 1
            self.agents[head.get("user-agent") or "(none)"] += 1
            self.last.append({"time": time.time(), "method": head.method, "target": target,
                              "authorized": bool(head.get("proxy-authorization"))})
        return self._admit(client, head, rest, target)

    def _admit(self, client: socket.socket, head: Head, rest: bytes, target: str) -> bool:
        if self.mode == "hang":
            while client.recv(BLOCK):
                pass
            return False
        if self.mode == "reset":
            return False
        if not self._authorized(head):
            self.count("refused_407")
            return self._say(client, 407, "Proxy Authentication Required",
                             "Proxy-Authenticate: Basic realm=\"simulator\"\r\n")
        if self.mode != "pass":
            self.count("refused_" + self.mode)
            return self._say(client, *((403, "Forbidden") if self.mode == "deny" else (502, "Bad Gateway")))
        return self._forward(client, head, rest, target)

    def _authorized(self, head: Head) -> bool:
        if self.auth is None:
            return True
        scheme, _, coded = head.get("proxy-authorization").partition(" ")
        try:
            given = base64.b64decode(coded.strip(), validate=True).decode()
        except ValueError:
            given = ""
        with self._lock:
            if given:
                self.users[given.partition(":")[0]] += 1
        return scheme.lower() == "basic" and hmac.compare_digest(given.encode(), self.auth.encode())

    def _say(self, client: socket.socket, status: int, words: str, headers: str = "", body: bytes = b"",
             keep: bool = True) -> bool:
        client.sendall(("HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n%s\r\n" % (
            status, words, headers, len(body), "" if keep else "Connection: close\r\n")).encode() + body)
        return keep

    # ---- relaying ---------------------------------------------------------------

    def _forward(self, client: socket.socket, head: Head, rest: bytes, target: str) -> bool:
        host, _, port = target.rpartition(":") if ":" in target.rsplit("]", 1)[-1] else (target, "", "80")
        try:
            origin = socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S)
        except (OSError, ValueError):
            self.count("unreachable")
            return self._say(client, 502, "Bad Gateway", keep=False)
        with origin:
            origin.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if head.method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                origin.sendall(rest)
            else:
                origin.sendall(self._rewritten(head) + rest)
            self._relay(client, origin)
        return False

    def _rewritten(self, head: Head) -> bytes:
        """The head in origin form, without headers for the proxy; an upgrade is kept."""
        upgrade = head.get("upgrade")
        lines = ["%s /%s HTTP/1.1" % (head.method, head.target.split("/", 3)[3] if head.target.count("/") > 2 else "")]
        lines += ["%s: %s" % (k, v) for k, v in head.lines if k.lower() not in HOP_HEADERS]
        lines += ["Connection: " + ("Upgrade" if upgrade else "close"), "Via: 1.1 genesys-sim-proxy"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _relay(self, client: socket.socket, origin: socket.socket) -> None:
        """Relays bytes in both directions until one side ends."""
        pair = {client, origin}
        with self._lock:
            self._open |= pair
            self.max_open = max(self.max_open, len(self._open) // 2)
        try:
            while True:
                waiting = isinstance(client, ssl.SSLSocket) and client.pending() > 0
                ready = [client] if waiting else select.select([client, origin], [], [])[0]
                for source in ready:
                    piece = source.recv(BLOCK)
                    if not piece:
                        return
                    (origin if source is client else client).sendall(piece)
                    self.count("bytes_up" if source is client else "bytes_down", len(piece))
        finally:
            with self._lock:
                self._open -= pair

    # ---- steering ---------------------------------------------------------------

    def _own(self, client: socket.socket, head: Head, rest: bytes) -> bool:
        length = int(head.get("content-length") or 0)
        while len(rest) < length:
            rest += client.recv(BLOCK)
        status, record = 200, {"ok": True}  # type: int, dict[str, Any]
        where = "%s %s" % (head.method, head.target)
        if where == "GET /proxy/counters":
            record = self.as_json()
        elif where == "POST /proxy/reset":
            self.reset()
        elif where == "POST /proxy/mode" and json.loads(rest or b"{}").get("mode") in MODES:
            self.mode = json.loads(rest)["mode"]
        elif where == "POST /proxy/cut":
            record = {"cut": self._cut()}
        elif where == "POST /proxy/quit":
            threading.Timer(0.05, self.stopping.set).start()
        else:
            status, record = 404, {"error": "no such endpoint or mode", "modes": MODES}
        return self._say(client, status, "OK" if status == 200 else "Not Found",
                         "Content-Type: application/json\r\n", json.dumps(record).encode())

    def _cut(self) -> int:
        """Ends all tunnels, as a proxy that is restarted does."""
        with self._lock:
            doomed = list(self._open)
        for one in doomed:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        return len(doomed) // 2


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description="HTTP proxy for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--auth-file", type=Path, help="one line user:password; demands Basic auth")
    parser.add_argument("--cert", type=Path, help="with --key: also listens with TLS (an HTTPS proxy)")
    parser.add_argument("--key", type=Path)
    parser.add_argument("--tls-port", type=int, default=0)
    args = parser.parse_args(words)
    proxy = Proxy(args.auth_file.read_text().strip() if args.auth_file else None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=proxy.stopping.set).start())
    port = proxy.listen(args.host, args.port, None)
    base = "http://%s:%d" % (args.host, port)
    ready = {"ready": True, "pid": os.getpid(), "proxy": base, "port": port, "control": base + "/proxy/",
             "auth": args.auth_file is not None}
    if args.cert and args.key:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
        ready["https_port"] = proxy.listen(args.host, args.tls_port, context)
        ready["https_proxy"] = "https://%s:%d" % (args.host, ready["https_port"])
    print(json.dumps(ready), flush=True)
    proxy.stopping.wait()
    sys.stdout.flush()
    os._exit(0)  # open tunnels must not delay the exit


if __name__ == "__main__":
    main(sys.argv[1:])
