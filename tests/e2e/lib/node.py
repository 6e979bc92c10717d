# SPDX-License-Identifier: MIT
"""The guide dialect's stream from Node's `ws` (guide_server.js): a server that shares no code with this project."""
from __future__ import annotations

import os
from typing import Any, Optional

from . import process
from .genesys import Service, Simulator

NODE = process.program("nodejs", "node")
MODULES = os.environ.get("NODE_PATH", "/usr/share/nodejs")


def has_ws() -> Optional[str]:
    return next((folder for folder in MODULES.split(":") if os.path.isdir(os.path.join(folder, "ws"))), None)


NEEDS = {"nodejs": NODE, "node-ws": has_ws()}


class GuideServer(Service):
    """Presents the certificate of a simulator; `account` of lib/collectd accepts a GuideServer in place of a Simulator."""

    def __init__(self, sim: Simulator, queues: dict[str, str], **config: Any) -> None:
        super().__init__("../e2e/lib/guide_server.js", [str(sim.folder / "server.pem"), str(sim.folder / "server.key")],
                         (str(NODE),), {"PATH": os.environ.get("PATH", "/usr/bin"), "NODE_PATH": MODULES})
        self.queues = queues
        self.https = "https://localhost:%d" % self.https_port
        self.control = "http://127.0.0.1:%d/" % self.control_port
        self.ca, self.client_id, self.client_secret_file = sim.ca, sim.client_id, sim.client_secret_file
        self.config(queues=queues, **config)

    def config(self, **changes: Any) -> None:
        self.call("config", changes)

    def seen(self) -> dict[str, Any]:
        return self.call("")

    def play(self, **plan: Any) -> None:
        self.call("play", {"queues": list(self.queues), "codes": ["done"], "fragments": 0, "repeats": 0, "noise": 0, **plan})

    def say(self, *events: dict[str, Any]) -> None:
        self.call("play", {"say": list(events)})

    def close(self, code: Optional[int] = None, reason: str = "") -> None:
        self.call("close", {"code": code, "reason": reason})
