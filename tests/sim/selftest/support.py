# SPDX-License-Identifier: MIT
"""Starts simulators and talks to them."""
from __future__ import annotations

import base64
import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import urlencode

from .schema import Swagger

HERE = Path(__file__).resolve().parents[1]
SWAGGER = Swagger.load()
ALL_QUEUE_METRICS = ["oActiveUsers", "oAlerting", "oInteracting", "oLongestInteracting", "oLongestWaiting",
                     "oMemberUsers", "oOffQueueUsers", "oOnQueueUsers", "oUserPresences",
                     "oUserRoutingStatuses", "oWaiting"]
BUSY_S = 10.0  # time that a busy machine may add to an upper bound
_never = threading.Event()  # never set; its wait() is a pause


def wait_for(condition: Callable[[], Any], deadline_s: float = 25.0) -> Any:
    """Returns the first true value of the condition; fails after the deadline. OSError counts as "not true yet"."""
    end = time.monotonic() + deadline_s
    while True:
        last: Optional[OSError] = None
        try:
            value = condition()
            if value:
                return value
        except OSError as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError("not within %g s%s" % (deadline_s, ": %r" % last if last else "")) from last
        _never.wait(0.01)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Process:
    """A program of this directory that prints one ready line."""

    def __init__(self, program: str, *words: str) -> None:
        self.process = subprocess.Popen([sys.executable, str(HERE / program), *words], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("did not start: " + self.process.stderr.read())
        self.ready: dict[str, Any] = json.loads(line)

    def stop(self) -> tuple[int, str, str]:
        self.process.terminate()
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


class Sim(Process):
    """A running simulator and a client of it; each answer is checked against the schema."""

    def __init__(self, *words: str, tls: bool = False) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="simtest-")
        super().__init__("genesys_sim.py", "--workdir", self.directory.name,
                         *([] if tls else ["--no-tls"]), *words)
        self.port: int = self.ready["http_port"]
        self.token: Optional[str] = None

    def close(self) -> None:
        _, _, err = self.stop()
        self.directory.cleanup()
        if "Traceback" in err:
            raise AssertionError(err)

    # ---- requests -----------------------------------------------------------

    def http(self, method: str, target: str, body: Optional[bytes] = None,
             headers: Optional[dict[str, str]] = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def grant(self, client: Optional[str] = None, secret: Optional[str] = None, path: str = "/oauth/token",
              form: Optional[dict[str, str]] = None, basic: bool = True) -> Answer:
        client = self.ready["client_id"] if client is None else client
        secret = self.ready["client_secret"] if secret is None else secret
        form = {"grant_type": "client_credentials"} if form is None else form
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(
                ("%s:%s" % (client, secret)).encode()).decode()
        return self.http("POST", path, urlencode(form).encode(), headers)

    def log_in(self) -> str:
        self.token = self.grant().json["access_token"]
        return self.token

    def call(self, method: str, target: str, body: Any = None, lenient: bool = False,
             headers: Optional[dict[str, str]] = None) -> Answer:
        """An API call with the token; `target` is what follows /api/v2."""
        if self.token is None:
            self.log_in()
        sent = {"Authorization": "Bearer " + self.token, **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        full = target if target.startswith("/api/v2") else "/api/v2" + target
        answer = self.http(method, full, raw, sent)
        if not lenient:
            self._check(method, full.partition("?")[0], answer)
        return answer

    def _check(self, method: str, path: str, answer: Answer) -> None:
        if not re.fullmatch("[0-9a-f-]{36}", answer.headers["inin-correlation-id"]):
            raise AssertionError("no correlation id")
        if answer.status >= 400 and method != "HEAD" and answer.json["contextId"] != answer.headers["inin-correlation-id"]:
            raise AssertionError("contextId is not the correlation id")
        if SWAGGER is not None and answer.raw:
            wrong = SWAGGER.check_answer(method, path, answer.status, answer.json)
            if wrong:
                raise AssertionError("%s %s: %s" % (method, path, wrong[:5]))

    def get(self, target: str) -> Any:
        answer = self.call("GET", target)
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, answer.raw[:300]))
        return answer.json

    def post(self, target: str, body: Any) -> Any:
        answer = self.call("POST", target, body)
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, answer.raw[:300]))
        return answer.json

    def sim(self, what: str, body: Any = None, method: str = "") -> Any:
        """A call to /sim/…; POST when there is a body."""
        method = method or ("POST" if body is not None else "GET")
        answer = self.http(method, "/sim/" + what, None if body is None else json.dumps(body).encode())
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, answer.raw[:300]))
        return answer.json

    def pass_time(self, by_s: float) -> None:
        """Moves the clock of the frozen platform, a second further for the facts that became due between two answers."""
        self.sim("clock", {"by_s": by_s + 1})

    def observe(self, queues: list[str], metrics: list[str], **more: Any) -> Any:
        predicates = [{"dimension": "queueId", "operator": "matches", "value": q} for q in queues]
        return self.post("/analytics/queues/observations/query",
                         {"filter": {"type": "or", "predicates": predicates}, "metrics": metrics, **more})

    def pages(self, target: str) -> list[dict[str, Any]]:
        """All entities, following nextUri to the end."""
        entities, uri = [], target
        while uri:
            page = self.get(uri)
            entities += page["entities"]
            uri = page.get("nextUri")
        return entities


class SimCase(unittest.TestCase):
    """One simulator for a class; settings are restored after each test."""

    WORDS: tuple[str, ...] = ("--frozen",)
    TLS = False
    sim: Sim

    @classmethod
    def setUpClass(cls) -> None:
        cls.sim = Sim(*cls.WORDS, tls=cls.TLS)
        cls.addClassCleanup(cls.sim.close)
        cls.defaults = cls.sim.sim("config")

    def tearDown(self) -> None:
        kept = {k: v for k, v in self.defaults.items() if k not in ("client_secret", "frozen")}
        self.sim.sim("config", {**kept, "client_secret": self.sim.ready.get("client_secret", "")})
        self.sim.sim("faults", method="DELETE")
        self.sim.sim("reset-counters", {})

    def refused(self, answer: Answer, status: int, code: str) -> dict[str, Any]:
        self.assertEqual((answer.status, answer.json["code"]), (status, code), answer.raw)
        self.assertEqual(answer.json["status"], status)
        return answer.json
