# SPDX-License-Identifier: MIT
"""The simulator and its proxy as programs, and their control requests."""
from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any, Optional

from . import process
from .process import Program, wait_until

TOP = Path(os.environ.get("top_srcdir") or Path(__file__).resolve().parents[3]).resolve()
PYTHON = os.environ.get("PYTHON") or sys.executable
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str, body: Any = None, method: Optional[str] = None, within_s: float = 10.0) -> bytes:
    """The body of a URL, without a proxy."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with direct.open(request, timeout=within_s) as answer:
        return answer.read()


class Service:
    """A program of tests/sim; its ready line as attributes."""

    def __init__(self, script: str, words: list[str], by: tuple[str, ...] = (), env: Optional[dict[str, str]] = None) -> None:
        self.program = Program([*(by or (PYTHON,)), str(TOP / "tests" / "sim" / script), *words], env)
        try:
            line = wait_until(lambda: self.program.matching('"ready"'), 20, script + " is ready")[0]
        except process.Late as late:
            raise RuntimeError("%s\n%s" % (late, self.program.text)) from late
        self.ready: dict[str, Any] = json.loads(line)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["ready"][name]
        except KeyError:
            raise AttributeError(name) from None

    def call(self, path: str, body: Any = None, method: Optional[str] = None) -> Any:
        return json.loads(fetch(self.control + path, body, method))


class Simulator(Service):
    """`Simulator(speed=10, queues=8, frozen=True)`: options as in --help."""

    def __init__(self, **options: Any) -> None:
        self.folder = process.folder("sim")
        words = ["--workdir", str(self.folder)]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [] if value in (False, None) else [flag, str(value)]
        super().__init__("genesys_sim.py", words)

    def truth(self) -> dict[str, Any]:
        return self.call("truth")

    def counters(self, last: int = 500) -> dict[str, Any]:
        return self.call("counters?last=%d" % last)

    def reset_counters(self) -> None:
        self.call("reset-counters", {})

    def config(self, **changes: Any) -> None:
        self.call("config", changes)

    def faults(self, *steps: dict[str, Any]) -> None:
        self.call("faults", {"replace": True, "steps": list(steps)})

    def fault_hits(self) -> int:
        return sum(step["hits"] for step in self.call("faults")["steps"])

    def freeze(self) -> None:
        self.call("freeze", {})

    def thaw(self) -> None:
        self.call("thaw", {})


class Proxy(Service):
    """An HTTP proxy; `auth` "user:password"; `tls` is a simulator whose certificate it presents."""

    def __init__(self, auth: Optional[str] = None, tls: Optional[Simulator] = None) -> None:
        words: list[str] = []
        if auth is not None:
            path = process.folder("proxy") / "auth"
            path.write_text(auth + "\n")
            words += ["--auth-file", str(path)]
        if tls is not None:
            words += ["--cert", str(tls.folder / "server.pem"), "--key", str(tls.folder / "server.key")]
        super().__init__("proxy.py", words)

    def counters(self) -> dict[str, Any]:
        return self.call("counters")

    def mode(self, mode: str) -> None:
        self.call("mode", {"mode": mode})
