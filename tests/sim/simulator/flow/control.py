# SPDX-License-Identifier: MIT
"""/sim/sqs, /sim/aws, /sim/flow and /sim/push: control of flows and of the sources of their events."""
from __future__ import annotations

import itertools
import json
import threading
import time
from typing import Any, Callable, Optional

from ..aws import credentials
from ..aws.endpoint import Endpoint, parse_step
from ..aws.service import ACCOUNT, QUEUE, Service
from ..web.message import Reply, Request
from . import events
from .pusher import Pusher, Target
from .truth import Truth

CREDENTIAL_SETTINGS = ("life_s", "keep_s", "imds_off", "container_token", "web_identity_token")


class FlowControl:
    """Owns the AWS side, within the simulator or in the stand-alone program."""

    def __init__(self, region: str, seed: int) -> None:
        self.seed, self.truth = seed, Truth()
        self.service = Service(region, seed)
        self.credentials = credentials.Credentials(time.time)
        self.endpoint = Endpoint(self.service, self.credentials, self.answer)
        self.stopping: Optional[threading.Event] = None  # of the stand-alone program
        self._pusher: Optional[Pusher] = None
        self._singles = itertools.count(1)
        self.endpoints: dict[str, Callable[[Request, Any], Any]] = {
            "GET /sim/sqs": self.get_sqs, "POST /sim/sqs/queues": self.queues, "POST /sim/sqs/send": self.send,
            "GET /sim/sqs/messages": self.get_messages, "POST /sim/sqs/faults": self.faults,
            "GET /sim/sqs/faults": self.get_faults, "DELETE /sim/sqs/faults": self.delete_faults,
            "POST /sim/aws": self.aws, "POST /sim/flow/feed": self.feed, "POST /sim/flow/set": self.set,
            "GET /sim/flow/truth": self.get_truth, "POST /sim/flow/reset": self.reset,
            "POST /sim/push": self.push, "GET /sim/push": self.get_push, "DELETE /sim/push": self.delete_push,
        }

    def answer(self, request: Request) -> Reply:
        """Handles a request on the ports of AWS; the simulator's own control uses `endpoints` itself."""
        if self.stopping is not None and (request.method, request.path) == ("POST", "/sim/quit"):
            threading.Timer(0.05, self.stopping.set).start()
            return Reply.json({"ok": True})
        endpoint = self.endpoints.get("%s %s" % (request.method, request.path))
        if endpoint is None:
            return Reply.json({"error": "no such endpoint", "endpoints": sorted(self.endpoints)}, 404)
        try:
            made = endpoint(request, json.loads(request.body) if request.body else None)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return Reply.json({"error": "%s: %s" % (type(error).__name__, error)}, 400)
        return Reply.json({"ok": True} if made is None else made)

    def known(self, port: int, tls_port: int = 0) -> dict[str, Any]:
        """The members for the ready line."""
        base, made = "http://127.0.0.1:%d" % port, {}
        if tls_port:
            made["queue_url_tls"] = "https://localhost:%d/%s/%s" % (tls_port, ACCOUNT, QUEUE)
        return {**made, "queue_url": "%s/%s/%s" % (base, ACCOUNT, QUEUE), "aws_region": self.service.region,
                "aws_access_key_id": credentials.ACCESS_KEY, "aws_secret_access_key": credentials.SECRET_KEY,
                "aws_container_url": base + credentials.CONTAINER_PATH,
                "aws_container_token": self.credentials.container_token, "aws_imds": base, "aws_sts": base,
                "aws_role_arn": credentials.ROLE_ARN, "aws_web_identity_token": self.credentials.web_identity_token}

    # ---- queues ---------------------------------------------------------------------------

    def get_sqs(self, request: Request, _body: Any) -> Any:
        return self.endpoint.as_json(request.one("last"))

    def queues(self, _request: Request, body: Any) -> Any:
        given = dict(body)
        op, name = given.pop("op", "create"), given.pop("name", QUEUE)
        if op not in ("create", "rules", "purge", "delete"):
            raise ValueError("op %r: give create, rules, purge or delete" % op)
        with self.service.lock:
            if op == "create":
                self.service.create(name, given)
            elif op == "rules":
                self.service.queues[name].rules.change(given)
            elif op == "purge":
                self.service.queues[name].purge()
            else:
                del self.service.queues[name]
        return None

    def send(self, _request: Request, body: Any) -> Any:
        """Sends unchanged bodies; the truth does not include them."""
        with self.service.lock:
            queue = self.service.queues[body.get("queue", QUEUE)]
            for text in body["bodies"]:
                queue.send(text, self.service.now(), float(body.get("delay_s", 0)))
            self.service.wake()
        return {"sent": len(body["bodies"])}

    def get_messages(self, request: Request, _body: Any) -> Any:
        with self.service.lock:
            return {"bodies": self.service.queues[request.one("queue") or QUEUE].bodies(int(request.one("limit") or 10))}

    def faults(self, _request: Request, body: Any) -> Any:
        """Appends a list of steps; {"replace": true, "steps": […]} replaces the steps."""
        steps = body["steps"] if isinstance(body, dict) else body
        replace = isinstance(body, dict) and bool(body.get("replace"))
        return {"faults": self.endpoint.faults.post([parse_step(step) for step in steps], replace)}

    def get_faults(self, _request: Request, _body: Any) -> Any:
        return {"steps": self.endpoint.faults.as_json()}

    def delete_faults(self, _request: Request, _body: Any) -> None:
        self.endpoint.faults.clear()

    # ---- keys -----------------------------------------------------------------------------

    def aws(self, _request: Request, body: Any) -> Any:
        """op revoke | temporary (life_s); or settings of the endpoints and of the check."""
        given = dict(body)
        op = given.pop("op", None)
        if op == "revoke":
            return {"revoked": self.credentials.revoke()}
        if op == "temporary":
            key = self.credentials.temporary(float(given["life_s"]))
            return {"AccessKeyId": key.id, "SecretAccessKey": key.secret, "Token": key.token,
                    "Expiration": credentials.iso(key.expires or 0)}
        if op is not None:
            raise ValueError("op %r: give revoke or temporary" % op)
        for name, value in given.items():
            if name in CREDENTIAL_SETTINGS:
                setattr(self.credentials, name, value)
            elif name in ("check_signatures", "clock_ahead_s"):
                setattr(self.endpoint, name, value)
            else:
                raise ValueError("unknown setting %s" % name)
        return None

    # ---- flows ----------------------------------------------------------------------------

    def feed(self, _request: Request, body: Any) -> Any:
        """Sends a plan of events into a queue."""
        given = dict(body or {})
        name = given.pop("queue", QUEUE)
        plan = self._plan(given)
        with self.service.lock:
            self.service.queues[name].feed(self._maker(plan).portions())
            self.service.queues[name].refill(self.service.now())
            self.service.wake()
        return {"events": plan.events}

    def _plan(self, given: dict[str, Any]) -> events.Plan:
        return events.Plan.parse({"seed": self.seed + next(self._singles), **given})

    def _maker(self, plan: events.Plan) -> events.Maker:
        return events.Maker(plan, self.truth, int(time.time() * 1000))

    def set(self, _request: Request, body: Any) -> Any:
        """Sets new metrics now; sends their events into a queue, or gives the bodies ("return": true)."""
        given, now_ms = dict(body), int(time.time() * 1000)
        with self.service.lock:
            made = [events.single(self.truth, given["flow"], given["metric"], now_ms, next(self._singles),
                                  str(given.get("value", "1"))) for _ in range(int(given.get("count", 1)))]
            if not given.get("return"):
                queue = self.service.queues[given.get("queue", QUEUE)]
                for text in made:
                    queue.send(text, self.service.now())
                self.service.wake()
        return {"now_ms": now_ms, **({"bodies": made} if given.get("return") else {})}

    def set_once(self, flow: str, metric: str) -> None:
        """A flow of the contact centre set a metric to "1"."""
        with self.service.lock:
            self.truth.set(flow, metric, 1.0, False)

    def get_truth(self, _request: Request, _body: Any) -> Any:
        with self.service.lock:
            return self.truth.as_json()

    def reset(self, _request: Request, _body: Any) -> None:
        """Resets the truth; a client must reset its counters as well."""
        with self.service.lock:
            self.truth = Truth()

    # ---- webhook ---------------------------------------------------------------------------

    def push(self, _request: Request, body: Any) -> Any:
        if self._pusher is not None and self._pusher.as_json()["running"]:
            raise ValueError("a push is running; DELETE it first")
        given = dict(body)
        target = Target.parse(given)
        ready = given.pop("bodies", None)
        portions = iter([list(ready)]) if ready is not None else self._maker(self._plan(given)).portions()
        self._pusher = Pusher(target, portions)
        return {"workers": target.concurrency}

    def get_push(self, _request: Request, _body: Any) -> Any:
        if self._pusher is None:
            raise ValueError("nothing was pushed yet")
        return self._pusher.as_json()

    def delete_push(self, request: Request, _body: Any) -> Any:
        if self._pusher is not None:
            self._pusher.stop()
        return self.get_push(request, None)
