# SPDX-License-Identifier: MIT
"""The simulated platform: connects requests with the contact centre."""
from __future__ import annotations

import base64
import threading
import traceback
from collections import deque
from typing import Any, Iterable, Optional

from . import faults
from .api import (activity, aggregates, flows, gateway, guide, notifications, oauth, observations, organization,
                  routing, users)
from .api.router import Call, Router
from .control import Control
from .flow.control import FlowControl
from .flow.setter import Setter
from .flow.event_sender import EventSender
from .settings import Settings
from .stream.guide import GuideStream
from .stream.hub import Hub
from .web.counters import Counters
from .web.limiter import Limiter
from .web.message import ApiError, Reply, Request, standard_error
from .world.ledger import Ledger
from .world.model import Division, Queue
from .world.tally import Tally
from .world.world import World

REQUEST_BYTES_MAX = "request.bytes.max"
AREAS = (routing, users, organization, observations, activity, aggregates, flows, guide, gateway, notifications)
KEPT_QUERIES = 5000
AWS_REGION = "eu-west-1"
TICK_S = 0.25
TICK_STREAM_S = 0.05  # while there are subscribers


class Simulator:
    """Implements web.server.Application."""

    def __init__(self, world: World, settings: Settings, seed: int = 1) -> None:
        self.world, self.settings = world, settings
        self.counters, self.limiter, self.faults = Counters(), Limiter(), faults.Faults()
        self.tokens = oauth.Tokens(settings)
        self.tally = Tally(world.at_ms())  # without the warm-up
        self.ledger = Ledger(world.conversations.values(), world.clock)
        self.hub = Hub(self, seed)
        self.flow, self.event_sender = FlowControl(AWS_REGION, seed), EventSender(self)
        self.guide = GuideStream(self)
        world.observers += [self.tally, self.ledger, Setter(settings, self.flow, seed), self.hub, self.guide]
        self.router = Router([route for area in AREAS for route in area.ROUTES])
        self.queries: deque[dict[str, Any]] = deque(maxlen=KEPT_QUERIES)
        self.stopping = threading.Event()
        self.scenario: dict[str, object] = {}
        self.apply_delays()
        self.control = Control(self)

    def tick(self) -> None:
        """Advances the world between requests."""
        while not self.stopping.wait(TICK_STREAM_S if self.hub.sockets else TICK_S):
            self.world.advance()
            self.control.run_due()
            self.hub.tick()

    def apply_delays(self) -> None:
        """Applies the settings for future facts."""
        delays, settings = self.world.facts.delays, self.settings
        delays.late, delays.corrections = settings.late, settings.corrections
        delays.latency_s = settings.aggregate_latency_s

    # ---- what the client may see ---------------------------------------------------

    def sees(self, division: Division) -> bool:
        """Genesys docs: queues of other divisions are left out without an error."""
        allowed = self.settings.divisions
        return allowed is None or division.id in allowed or division.name in allowed

    def visible_queues(self, only: Optional[Iterable[str]] = None) -> list[Queue]:
        queues = self.world.queues
        chosen = queues.values() if only is None else [queues[i] for i in only if i in queues]
        return sorted((q for q in chosen if self.sees(q.division)), key=lambda q: q.index)

    # ---- web.server.Application --------------------------------------------------------

    def compresses(self) -> bool:
        return self.settings.gzip

    def keep_alive_s(self) -> float:
        return self.settings.keep_alive_s

    def wall(self) -> float:
        return self.world.clock.wall()

    def secrets(self) -> list[str]:
        client, secret = self.settings.client_id, self.settings.client_secret
        basic = base64.b64encode(("%s:%s" % (client, secret)).encode()).decode()
        return [secret, basic, *self.tokens.live()]

    def noted_query(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """A query of the aggregates, recorded for GET /sim/queries; the handler adds to it."""
        note: dict[str, Any] = {"at_ms": int(self.wall() * 1000), "function": request.function, "interval": body.get("interval"),
                "granularity": body.get("granularity"), "groupBy": body.get("groupBy"), "bytes_in": len(request.body),
                "metrics": body.get("metrics"), "filtered": bool(body.get("filter")),
                "correlation_id": request.correlation_id}
        self.queries.append(note)
        return note

    def answer(self, request: Request) -> tuple[Reply, str]:
        if request.path.startswith("/sim/"):
            return self.control.answer(request), ""
        request.function = self._function(request)
        self.counters.counted(request.function)
        step = self.faults.pick(request)
        if step is None:
            return self._ordinary(request), ""
        reply = faults.apply(step, request, lambda: self._ordinary(request),
                             lambda expire: self.tokens.revoke(expire=expire))
        if step.spec.get("answer") == 429:
            wait = step.spec.get("retry_after_s")
            self.counters.throttle(request.function, self._real_s(wait) if isinstance(wait, (int, float)) else None,
                                   False)
        return reply, step.name

    def _function(self, request: Request) -> str:
        route, _, _ = self.router.find(request)
        if route is not None:
            return route.function
        if request.path in oauth.PATHS:
            return request.method + " /oauth/token"
        if request.path.startswith(notifications.SOCKET_PATH):
            return notifications.SOCKET_FUNCTION
        return "%s %s" % (request.method, request.path[:80])

    def _ordinary(self, request: Request) -> Reply:
        try:
            return self._handle(request)
        except ApiError as error:
            return error.reply(request.correlation_id)
        except Exception:
            traceback.print_exc()
            return standard_error(500).reply(request.correlation_id)

    def _handle(self, request: Request) -> Reply:
        if request.path in oauth.PATHS:
            return self.tokens.grant(request)
        if request.path.startswith(notifications.SOCKET_PATH):
            return notifications.upgrade(self, request)
        token = self.tokens.check(request)
        self._throttle(request, token.client)
        if request.path == gateway.SOCKET_PATH:
            gateway.SOCKET.check(self.settings.permissions)
            return self.guide.upgrade(request, token.client, token.text)
        limit = self.settings.namespaces["platform.api"].get(REQUEST_BYTES_MAX, 512_000)
        if len(request.body) > limit:
            raise standard_error(413)
        route, params, known = self.router.find(request)
        if route is None:
            raise standard_error(405 if known else 404)
        route.check(self.settings.permissions)
        self.world.advance()
        made = route.handler(Call(request, self, token.client, token.text, params))
        return made if isinstance(made, Reply) else Reply.json(made)

    def _real_s(self, seconds: float) -> float:
        """Retry-After counts on the platform's clock, the counters on ours."""
        return seconds / self.world.clock.rate

    def _throttle(self, request: Request, client: str) -> None:
        wait = self.limiter.refuse_for(client, self.settings.rate_limit, self.wall())
        if wait is not None:
            self.counters.throttle(request.function, self._real_s(wait), True)
            raise standard_error(429, retry_after=wait)
