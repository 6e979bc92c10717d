# SPDX-License-Identifier: MIT
"""A client of the SQS side: signs a request, sends it, and returns the answer."""
from __future__ import annotations

import http.client
import json
import time
import unittest
from typing import Any, Optional

from simulator.aws.credentials import ACCESS_KEY, SECRET_KEY
from simulator.aws.sigv4 import Key, sign

from .support import Answer, Process

KEY = Key(ACCESS_KEY, SECRET_KEY)


class Sqs(Process):
    """The stand-alone program and a client of it."""

    def __init__(self, *words: str) -> None:
        super().__init__("sqs_sim.py", "--no-tls", *words)
        self.port: int = self.ready["sqs_port"]
        self.url: str = self.ready["queue_url"]

    def close(self) -> None:
        _, _, err = self.stop()
        if "Traceback" in err:
            raise AssertionError(err)

    def http(self, method: str, target: str, body: Optional[bytes] = None,
             headers: Optional[dict[str, str]] = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=25)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def headers(self, action: str, body: bytes, key: Key = KEY, ahead_s: float = 0.0) -> dict[str, str]:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + ahead_s))
        made = {"host": "127.0.0.1:%d" % self.port, "content-type": "application/x-amz-json-1.0", "x-amz-date": stamp,
                "x-amz-target": "AmazonSQS." + action}
        if key.token:
            made["x-amz-security-token"] = key.token
        made["authorization"] = sign(key, "POST", "/", made, body, stamp, "eu-west-1", "sqs")
        return made

    def ask(self, action: str, key: Key = KEY, url: str = "", ahead_s: float = 0.0, **members: Any) -> Answer:
        body = json.dumps({"QueueUrl": url or self.url, **members}).encode()
        return self.http("POST", "/", body, self.headers(action, body, key, ahead_s))

    def good(self, action: str, **members: Any) -> Any:
        answer = self.ask(action, **members)
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, answer.raw[:300]))
        return answer.json

    def receive(self, most: int = 10, **members: Any) -> list[dict[str, Any]]:
        return self.good("ReceiveMessage", MaxNumberOfMessages=most, **members).get("Messages", [])

    def delete(self, messages: list[dict[str, Any]]) -> Any:
        return self.good("DeleteMessageBatch", Entries=[
            {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)])

    def sim(self, what: str, body: Any = None, method: str = "") -> Any:
        method = method or ("POST" if body is not None else "GET")
        answer = self.http(method, "/sim/" + what, None if body is None else json.dumps(body).encode())
        if answer.status != 200:
            raise AssertionError("%d %s" % (answer.status, answer.raw[:300]))
        return answer.json

    def queue(self, name: str = "genesys") -> dict[str, Any]:
        return self.sim("sqs")["queues"][name]

    def drain(self, **members: Any) -> list[str]:
        """Receives and deletes until nothing is left; returns all bodies, repeated ones too."""
        bodies = []
        while True:
            got = self.receive(**members)
            if not got and not self.queue()["left"]:
                return bodies
            if got:
                bodies += [message["Body"] for message in got]
                self.delete(got)


class SqsCase(unittest.TestCase):
    """One program for a class; each test finds an empty queue and no rules."""

    sqs: Sqs
    RULES = {"visibility_s": 30.0, "wait_s": 0.0, "max_receive_count": 0, "redeliver_percent": 0.0, "twice_percent": 0.0}

    @classmethod
    def setUpClass(cls) -> None:
        cls.sqs = Sqs()
        cls.addClassCleanup(cls.sqs.close)

    def setUp(self) -> None:
        for name in ("genesys", "genesys-dead"):
            self.sqs.sim("sqs/queues", {"op": "purge", "name": name})
        self.rules(**self.RULES)
        self.sqs.sim("sqs/faults", method="DELETE")
        self.sqs.sim("flow/reset", {})
        self.sqs.sim("aws", {"check_signatures": True, "clock_ahead_s": 0, "imds_off": False, "life_s": 3600, "keep_s": 0})

    def rules(self, **rules: Any) -> None:
        self.sqs.sim("sqs/queues", {"op": "rules", **rules})

    def refused(self, answer: Answer, status: int, kind: str) -> None:
        self.assertEqual((answer.status, answer.json["__type"].split("#")[1]), (status, kind), answer.raw)
