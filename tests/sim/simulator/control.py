# SPDX-License-Identifier: MIT
"""/sim/*: calls by which a test controls the simulator.  They need no token, meet no faults and are not counted."""
from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any, Callable

from . import posted_facts, truth
from .faults import KINDS
from .stream.faults import ACTIONS, CHANGES
from .web.message import ApiError, Reply, Request
from .world.model import MEDIA

if TYPE_CHECKING:
    from .application import Simulator


class Control:
    """One method for each endpoint; steps with "do" call the methods at their time."""

    def __init__(self, app: "Simulator") -> None:
        self.app = app
        self._lock = threading.Lock()
        self._due: list[tuple[float, dict[str, Any]]] = []
        self._endpoints: dict[str, Callable[[Request, Any], Any]] = {
            "GET /sim/": self.help, "GET /sim/truth": self.get_truth,
            "GET /sim/counters": self.get_counters, "POST /sim/reset-counters": self.reset_counters,
            "GET /sim/faults": self.get_faults, "POST /sim/faults": self.post_faults,
            "DELETE /sim/faults": self.delete_faults, "POST /sim/freeze": self.freeze,
            "POST /sim/thaw": self.thaw, "POST /sim/clock": self.move_clock,
            "POST /sim/config": self.config, "GET /sim/config": self.get_config,
            "POST /sim/queues": self.queues, "POST /sim/contacts": self.contacts,
            "POST /sim/agents": self.agents, "GET /sim/truth/stream": self.get_stream_truth,
            "GET /sim/truth/aggregates": self.get_final, "POST /sim/facts": self.post_facts,
            "GET /sim/queries": self.get_queries, "GET /sim/truth/events": self.get_events, "GET /sim/sockets": self.get_sockets,
            "GET /sim/channels": self.get_channels, "GET /sim/guide": self.get_guide,
            "POST /sim/tokens": self.revoke_tokens, "GET /sim/conversation": self.get_conversation,
            "GET /sim/scenario": self.get_scenario, "POST /sim/quit": self.quit,
            **app.flow.endpoints, **app.event_sender.endpoints,
        }
        self._actions: dict[str, Callable[[dict[str, Any]], Any]] = {
            "queues": self.change_queues, "agents": self.change_agents, "contacts": self.change_contacts, "config": self.change_config,
            "tokens": self.change_tokens, "freeze": lambda _: self.app.world.freeze(),
            "thaw": lambda _: self.app.world.thaw(),
        }

    def answer(self, request: Request) -> Reply:
        endpoint = self._endpoints.get("%s %s" % (request.method, request.path))
        if endpoint is None:
            return Reply.json({"error": "no such endpoint", "endpoints": sorted(self._endpoints)}, 404)
        try:
            body = json.loads(request.body) if request.body.strip() else None
            made = endpoint(request, body)
        except KeyError as error:
            return Reply.json({"error": "unknown or missing: %s" % error}, 400)
        except (ValueError, TypeError) as error:
            return Reply.json({"error": str(error)}, 400)
        return Reply.json({"ok": True} if made is None else made)

    # ---- reading ----------------------------------------------------------------------

    def help(self, _request: Request, _body: Any) -> Any:
        return {"endpoints": sorted(self._endpoints), "faults": KINDS, "actions": sorted(self._actions),
                "ws": {**ACTIONS, **CHANGES}}

    def get_truth(self, request: Request, _body: Any) -> Any:
        return truth.whole(self.app, request.one("queue"), request.one("conversations") is not None)

    def get_stream_truth(self, request: Request, _body: Any) -> Any:
        return truth.stream(self.app, truth.question(request))

    def get_events(self, request: Request, _body: Any) -> Any:
        what = request.many("what")
        return truth.events(self.app, truth.question(request), what, int(request.one("limit") or 100_000))

    def get_final(self, request: Request, _body: Any) -> Any:
        try:
            return truth.final(self.app, request)
        except ApiError as error:
            raise ValueError(error.message) from None

    def get_queries(self, request: Request, _body: Any) -> Any:
        queries = list(self.app.queries)
        return {"now_ms": int(self.app.wall() * 1000), "queries": queries[-int(request.one("last") or 1000):]}

    def get_sockets(self, _request: Request, _body: Any) -> Any:
        return {"now_ms": self.app.hub.wall_ms(), "sockets": self.app.hub.sockets_json()}

    def get_channels(self, _request: Request, _body: Any) -> Any:
        return {"channels": self.app.hub.channels_json()}

    def get_guide(self, request: Request, _body: Any) -> Any:
        return self.app.guide.as_json(int(request.one("since") or 0))

    def get_conversation(self, request: Request, _body: Any) -> Any:
        with self.app.world.lock:
            self.app.world.advance()
            return truth.conversation(self.app.world.conversations[request.one("id") or ""])

    def get_counters(self, request: Request, _body: Any) -> Any:
        return {**self.app.counters.as_json(int(request.one("last") or 50)),
                "stream": self.app.hub.as_json(), "tokens_issued": self.app.tokens.issued, "tokens_live": len(self.app.tokens.live())}

    def reset_counters(self, _request: Request, _body: Any) -> None:
        self.app.counters.reset()
        self.app.hub.reset_counts()

    def get_config(self, _request: Request, _body: Any) -> Any:
        world = self.app.world
        return {**self.app.settings.as_json(), "speed": world.clock.speed, "load": world.load,
                "flow_out": world.flow_out, "frozen": world.clock.frozen}

    def get_scenario(self, _request: Request, _body: Any) -> Any:
        return self.app.scenario

    # ---- faults and steps ------------------------------------------------------------------

    def get_faults(self, _request: Request, _body: Any) -> Any:
        with self._lock:
            waiting = [action for _, action in self._due]
        with self.app.world.lock:
            stream = self.app.hub.faults.as_json()
        return {"steps": self.app.faults.as_json(), "ws_steps": stream, "actions_waiting": waiting}

    def post_faults(self, request: Request, body: Any) -> Any:
        """Appends a list of steps; {"replace": true, "steps": […]} or ?replace=1 replaces the steps."""
        given = body if isinstance(body, dict) else {"steps": body}
        steps = given.get("steps", [given] if set(given) & {"on", "do", "ws"} else None)
        if not isinstance(steps, list):
            raise ValueError("give a list of steps, or {\"steps\": […], \"replace\": true}")
        return self.post_steps(steps, bool(given.get("replace")) or request.one("replace") is not None)

    def post_steps(self, steps: list[dict[str, Any]], replace: bool) -> Any:
        actions = [step for step in steps if "do" in step]
        for action in actions:
            if action["do"] not in self._actions:
                raise ValueError("do %r: give one of %s" % (action["do"], ", ".join(self._actions)))
        of_stream, hub = [step for step in steps if "ws" in step], self.app.hub
        hub.faults.check(of_stream)
        count = self.app.faults.post([step for step in steps if not set(step) & {"do", "ws"}], replace)
        with self.app.world.lock:
            stream_count = hub.faults.post(of_stream, replace)
        now = time.monotonic()
        with self._lock:
            kept = [] if replace else self._due
            self._due = kept + [(now + float(action.get("at_s", 0)), action) for action in actions]
        self.run_due()
        hub.tick()
        return {"faults": count, "ws": stream_count, "actions": len(actions)}

    def delete_faults(self, _request: Request, _body: Any) -> None:
        self.app.faults.clear()
        with self.app.world.lock:
            self.app.hub.faults.clear()
        with self._lock:
            self._due = []

    def run_due(self) -> None:
        """Plays the "do" steps whose time has come; the ticker calls it."""
        now = time.monotonic()
        with self._lock:
            due = [action for at, action in self._due if at <= now]
            self._due = [(at, action) for at, action in self._due if at > now]
        for action in due:
            try:
                self._actions[action["do"]]({k: v for k, v in action.items() if k not in ("do", "at_s")})
            except (KeyError, ValueError) as error:
                print("sim: step %s: %s" % (json.dumps(action), error), flush=True)

    # ---- changing -----------------------------------------------------------------------

    def freeze(self, _request: Request, _body: Any) -> None:
        self.app.world.freeze()

    def thaw(self, _request: Request, _body: Any) -> None:
        self.app.world.thaw()

    def move_clock(self, _request: Request, body: Any) -> None:
        self.app.world.step_clock(float(body["by_s"]))

    def config(self, _request: Request, body: Any) -> Any:
        return self.change_config(body or {})

    def change_config(self, changes: dict[str, Any]) -> Any:
        """Settings by name; speed and load belong to the world."""
        world, changes = self.app.world, dict(changes)
        speed, load, flow_out = (changes.pop(name, None) for name in ("speed", "load", "flow_out"))
        if speed is not None and float(speed) <= 0:
            raise ValueError("speed must be positive")
        limited = "rate_limit" in changes
        self.app.settings.change(changes)
        self.app.apply_delays()
        if limited:
            self.app.limiter.reset()
        if "heartbeat_s" in changes:
            with world.lock:
                self.app.hub.restart_heartbeats()
        if flow_out is not None:
            world.flow_out = float(flow_out)
        if speed is not None:
            world.set_speed(float(speed))
        if load is not None:
            with world.lock:
                world.advance()
                world.load = float(load)
        return self.get_config(None, None)

    def queues(self, _request: Request, body: Any) -> Any:
        return self.change_queues(body or {})

    def change_queues(self, given: dict[str, Any]) -> Any:
        """op create (name, divisionId) | rename (id, name) | delete (id); id may be a name."""
        world, op = self.app.world, given["op"]
        if op == "create":
            queue = world.create_queue(given.get("name"), given.get("divisionId"))
        elif op == "rename":
            queue = world.rename_queue(self._queue_id(given["id"]), given["name"])
        elif op == "delete":
            queue = world.delete_queue(self._queue_id(given["id"]))
        else:
            raise ValueError("op %r: give create, rename or delete" % op)
        return {"id": queue.id, "name": queue.name, "deleted": queue.deleted}

    def _queue_id(self, text: str) -> str:
        world = self.app.world
        with world.lock:
            if text in world.queues:
                return text
            return {q.name: q.id for q in world.queues.values()}[text]

    def contacts(self, _request: Request, body: Any) -> Any:
        return self.change_contacts(body or {})

    def change_contacts(self, given: dict[str, Any]) -> Any:
        """op arrive (queueId, mediaType, count) | disconnect (conversationId) | flow_out (conversationId,
        queueId: the other queue); also while frozen."""
        world = self.app.world
        with world.lock:
            world.advance()
            if given["op"] == "arrive":
                queue = world.queues[self._queue_id(given["queueId"])]
                media = given.get("mediaType", "voice")
                if media not in MEDIA:
                    raise ValueError("mediaType %r: give one of %s" % (media, ", ".join(MEDIA)))
                made = [world.contacts.begin(queue, media, direct=True).id
                        for _ in range(int(given.get("count", 1)))]
                return {"conversationIds": made}
            if given["op"] == "disconnect":
                found = world.conversations[given["conversationId"]]
                return {"disconnected": world.contacts.disconnect(found)}
            if given["op"] == "flow_out":
                visit = world.conversations[given["conversationId"]].visit
                if visit is None or visit.state == "interacting":
                    raise ValueError("the conversation does not wait")
                world.contacts.flow_out(visit, world.queues[self._queue_id(given["queueId"])])
                return {"queueId": visit.queue.id}
        raise ValueError("op %r: give arrive, disconnect or flow_out" % given["op"])

    def post_facts(self, _request: Request, body: Any) -> Any:
        return {"facts": posted_facts.post(self.app, body if isinstance(body, list) else [body], self._queue_id)}

    def agents(self, _request: Request, body: Any) -> Any:
        return self.change_agents(body or {})

    def change_agents(self, given: dict[str, Any]) -> Any:
        """op join | leave (userId, queueId): activates or deactivates a member of the queue; without userId, some member."""
        if given["op"] not in ("join", "leave"):
            raise ValueError("op %r: give join or leave" % given["op"])
        world, joined = self.app.world, given["op"] == "join"
        with world.lock:
            world.advance()
            queue = world.queues[self._queue_id(given["queueId"])]
            others = [member.agent for member in queue.members.values() if member.joined != joined]
            if "userId" not in given and not others:
                raise ValueError("op %r: all members of the queue have done that" % given["op"])
            agent = world.agents[given["userId"]] if "userId" in given else others[0]
            world.staff.activate(agent, queue, joined)
        return {"userId": agent.id, "queueId": queue.id, "joined": joined}

    def revoke_tokens(self, _request: Request, body: Any) -> Any:
        return self.change_tokens(body or {})

    def change_tokens(self, given: dict[str, Any]) -> Any:
        """op revoke | expire: ends all valid tokens."""
        if given["op"] not in ("revoke", "expire"):
            raise ValueError("op %r: give revoke or expire" % given["op"])
        return {"tokens": self.app.tokens.revoke(expire=given["op"] == "expire")}

    def quit(self, _request: Request, _body: Any) -> None:
        """Sends the answer, then quits."""
        threading.Timer(0.05, self.app.stopping.set).start()
