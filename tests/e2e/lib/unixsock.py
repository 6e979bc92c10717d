# SPDX-License-Identifier: MIT
"""A client of collectd's unixsock plugin."""
from __future__ import annotations

import socket
from typing import Optional

from . import process
from .collectd import block


class Unixsock:
    """A socket of collectd in a folder of its own; `options` is the plugin's section."""

    def __init__(self) -> None:
        self.path = process.folder("unixsock") / "socket"
        self.options = block("Plugin unixsock", None, {"SocketFile": self.path, "SocketPerms": "0777", "DeleteSocket": True})

    def connect(self) -> socket.socket:
        """A connection. The plugin binds its socket some time before it listens, so that the file alone says nothing."""
        def tried() -> Optional[socket.socket]:
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(60)
            try:
                one.connect(str(self.path))
            except OSError:
                one.close()
                raise
            return one
        return process.wait_until(tried, 20, "unixsock listens")

    def ask(self, commands: list[str]) -> list[str]:
        """The first line of the answer to each command."""
        with self.connect() as one, one.makefile("rw") as lines:
            said = []
            for command in commands:
                lines.write(command + "\n")
                lines.flush()
                said.append(lines.readline())
            return said
