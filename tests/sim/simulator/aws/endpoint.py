# SPDX-License-Identifier: MIT
"""The server on the port of AWS: queues, credentials, and /sim/ for the test."""
from __future__ import annotations

import json
import traceback
import uuid
from dataclasses import replace
from typing import Any, Callable, Optional

from ..faults import Faults, Step, apply
from ..web.counters import Counters
from ..web.message import Reply, Request, dumps
from . import sigv4
from .actions import ACTIONS
from .credentials import Credentials
from .service import Service, SqsError

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET = "AmazonSQS."

# Answers of a step with "sqs" beside those of faults.KINDS: (status, space, kind, words, fault).
_SQS, _CORAL = "com.amazonaws.sqs", "com.amazon.coral.service"
ERRORS: dict[str, tuple[int, str, str, str, str]] = {
    "ThrottlingException": (400, _CORAL, "ThrottlingException", "Rate exceeded", "Sender"),
    "RequestThrottled": (400, _SQS, "RequestThrottled", "The request was denied due to request throttling.", "Sender"),
    "OverLimit": (403, _SQS, "OverLimit", "Too many messages are in flight.", "Sender"),
    "InternalFailure": (500, _CORAL, "InternalFailure", "We encountered an internal error. Please try again.",
                        "Receiver"),
    "ServiceUnavailable": (503, _CORAL, "ServiceUnavailable", "Service is unable to handle request.", "Receiver"),
    "QueueDoesNotExist": (400, _SQS, "QueueDoesNotExist", "The specified queue does not exist.", "Sender"),
    "AccessDeniedException": (403, _CORAL, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/collectd is "
                              "not authorized to perform: sqs:receivemessage on resource: "
                              "arn:aws:sqs:eu-west-1:123456789012:genesys because no identity-based policy allows the "
                              "sqs:receivemessage action", "Sender"),
    "ExpiredTokenException": (403, _CORAL, "ExpiredTokenException",
                              "The security token included in the request is expired", "Sender"),
    "InvalidSignatureException": (403, _CORAL, "InvalidSignatureException", "The request signature we calculated does "
                                  "not match the signature you provided.", "Sender"),
}


def error_reply(error: SqsError) -> Reply:
    body = dumps({"__type": error.type, "message": error.message})
    return Reply(error.status, body, CONTENT_TYPE, {"x-amzn-query-error": error.query_error,
                                                    "x-amzn-RequestId": str(uuid.uuid4())})


def parse_step(spec: dict[str, Any]) -> dict[str, Any]:
    """Converts a step with "sqs" to the members of a faults.Step; `name` marks "lost" and "partial"."""
    given = dict(spec)
    given["on"] = "SQS " + str(given.pop("sqs"))
    answer = given.get("answer", "pass")
    if answer in ERRORS or answer in ("lost", "partial"):
        given.update(name=answer, answer="pass")
    if answer == "partial":
        given["message"] = str(float(given.pop("percent", 50)))
    return given


class Endpoint:
    """Implements web.server.Application."""

    def __init__(self, service: Service, keys: Credentials, control: Callable[[Request], Reply]) -> None:
        self.service, self.credentials, self.control = service, keys, control
        self.counters, self.faults = Counters(), Faults()
        self.check_signatures = True
        self.clock_ahead_s = 0.0  # AWS's clock is ahead of ours by this

    def compresses(self) -> bool:
        return False

    def keep_alive_s(self) -> float:
        return 60.0

    def wall(self) -> float:
        return self.service.now() + self.clock_ahead_s

    def secrets(self) -> list[str]:
        return self.credentials.secrets()

    def answer(self, request: Request) -> tuple[Reply, str]:
        if request.path.startswith("/sim/"):
            return self.control(request), ""
        action = request.headers.get("x-amz-target", "")
        name = action[len(TARGET):] if action.startswith(TARGET) else request.path
        request.function = "%s %s" % ("SQS" if action else request.method, name[:80])
        self.counters.counted(request.function)
        step = self.faults.pick(replace(request, method="SQS", path=name))
        return (self._ordinary(request, name, 0.0), "") if step is None else (self._spoilt(step, request, name), step.name)

    def _spoilt(self, step: Step, request: Request, name: str) -> Reply:
        if step.name in ERRORS:
            status, space, kind, words, fault = ERRORS[step.name]
            return error_reply(SqsError(kind, words, status, fault, space))
        partial = float(step.spec.get("message", 0)) if step.name == "partial" else 0.0
        reply = apply(step, request, lambda: self._ordinary(request, name, partial), lambda expire: None)
        if step.name == "lost":  # carried out, but the answer is lost
            reply.delivery.mode = "reset"
        return reply

    def _ordinary(self, request: Request, name: str, partial: float) -> Reply:
        try:
            known = self.credentials.answer(request)
            return known if known is not None else self._act(request, name, partial)
        except sigv4.Refused as refused:
            self.credentials.counts["refused " + refused.kind] += 1
            return error_reply(SqsError(refused.kind, refused.message, 403, "Sender", _CORAL, refused.legacy))
        except SqsError as error:
            return error_reply(error)
        except Exception:
            traceback.print_exc()
            return error_reply(SqsError("InternalFailure", "see the simulator's log", 500, "Receiver", _CORAL))

    def _act(self, request: Request, name: str, partial: float) -> Reply:
        if self.check_signatures:
            key = sigv4.check(request.method, request.target, request.headers, request.body, self.service.region, "sqs",
                              self.wall(), self.credentials.find)
            self.credentials.counts["signed by " + ("temporary" if key.token else "lasting") + " key"] += 1
        handler = ACTIONS.get(name)
        if handler is None or request.method != "POST":
            raise SqsError("UnknownOperationException", "The action %s is not valid for this endpoint." % name, 404,
                           space=_CORAL)
        if request.headers.get("content-type") != CONTENT_TYPE:
            raise SqsError("SerializationException", "Content-Type must be %s" % CONTENT_TYPE, space=_CORAL)
        given = self._document(request)
        with self.service.lock:
            queue = self.service.find(given.get("QueueUrl"))
            self.service.partial_percent = partial
            made = handler(self.service, queue, given)
            self.service.partial_percent = 0.0
        body = made if isinstance(made, bytes) else json.dumps(made).encode()
        return Reply(200, body, CONTENT_TYPE, {"x-amzn-RequestId": str(uuid.uuid4())})

    def _document(self, request: Request) -> dict[str, Any]:
        try:
            given = json.loads(request.body)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise SqsError("SerializationException", "The body is no JSON object", space=_CORAL)
        return given

    def as_json(self, last: Optional[str]) -> dict[str, Any]:
        return {**self.service.as_json(), "credentials": dict(self.credentials.counts),
                "requests": self.counters.as_json(int(last or 20))}
