# SPDX-License-Identifier: MIT
"""A private redis-server, which may crash and restart with its persistent data."""
from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Optional

from . import process
from .process import Program, wait_until

SERVER = process.program("redis-server")
DURABLE = ("appendonly yes", "appendfsync always")


class Redis:
    """Listens on its own port and on a Unix socket; `more` are lines of its configuration, `mode` words of its
    command line."""

    def __init__(self, *more: str, starts: bool = True, mode: tuple[str, ...] = ()) -> None:
        self.mode = mode
        self.folder = process.folder("redis")
        self.port, self.socket = process.free_port(), self.folder / "socket"
        self.url = "redis://localhost:%d/0" % self.port  # a name, so that the agent looks it up
        self.socket_url = "unix://%s" % self.socket
        self.program: Optional[Program] = None
        self.configure(*more)
        if starts:
            self.start()

    def configure(self, *more: str) -> None:
        lines = ["bind 127.0.0.1", "port %d" % self.port, "unixsocket %s" % self.socket, "dir %s" % self.folder,
                 'save ""', *(DURABLE if not any("append" in line for line in more) else ()), *more]
        (self.folder / "redis.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        def is_up() -> bool:
            if self.program is None or not self.program.is_running():
                self.program = Program([SERVER or "redis-server", str(self.folder / "redis.conf"), *self.mode])
            return self.answers()
        wait_until(is_up, 30, "redis-server answers")

    def answers(self) -> bool:
        try:
            return not self.ask("PING").startswith("-LOADING")
        except OSError:
            return False

    def ask(self, *words: str) -> str:
        """The first line of the answer to one command."""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(5)
            one.connect(str(self.socket))
            one.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode())
                                                           for w in words))
            with one.makefile("rb") as answer:
                return answer.readline().decode().strip()

    def signal(self, number: int) -> None:
        assert self.program is not None
        os.kill(self.program.pid, number)

    def crash(self) -> None:
        assert self.program is not None
        self.signal(signal.SIGKILL)
        self.program.wait(5)

    def shut_down(self) -> None:
        assert self.program is not None
        try:
            self.ask("SHUTDOWN", "SAVE")
        except OSError:
            pass
        self.program.wait(10)

    def secret(self, text: str) -> Path:
        path = self.folder / "secret"
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path
