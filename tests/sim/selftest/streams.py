# SPDX-License-Identifier: MIT
"""Shared by the tests of channels and sockets, and a client's view of the conversations."""
from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from typing import Any, Optional

from .support import SimCase, wait_for
from .websocket import Client

LISTS = {"calls": "voice", "callbacks": "callback", "chats": "chat", "emails": "email", "messages": "message"}


class StreamCase(SimCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self._wait_for_no_socket)  # the last cleanup: all clients are closed by then

    def tearDown(self) -> None:
        super().tearDown()
        self.sim.token = None  # a test may have ended it

    def _wait_for_no_socket(self) -> None:
        """A socket that the simulator still has open would use up a fault of the next test."""
        wait_for(lambda: self.counts()["sockets_open"] == 0)

    def queues(self) -> list[str]:
        return list(self.sim.sim("truth")["queues"])

    def channel(self, *topics: str) -> dict[str, Any]:
        made = self.sim.post("/notifications/channels", None)
        if topics:
            self.assertEqual(self.subscribe(made, *topics).status, 200)
        return made

    def subscribe(self, channel: dict[str, Any], *topics: str, method: str = "POST", ignore: bool = False) -> Any:
        return self.sim.call(method, "/notifications/channels/%s/subscriptions%s"
                             % (channel["id"], "?ignoreErrors=true" if ignore else ""), [{"id": t} for t in topics])

    def connect(self, channel: dict[str, Any], **more: Any) -> Client:
        client = Client(channel["connectUri"], **more)
        self.addCleanup(client.close)
        return client

    def listen(self, *topics: str, **more: Any) -> Client:
        return self.connect(self.channel(*topics), **more)

    def post(self, *steps: dict[str, Any]) -> None:
        self.sim.sim("faults", {"replace": True, "steps": list(steps)})

    def counts(self) -> dict[str, Any]:
        return self.sim.sim("counters")["stream"]

    def arrive(self, queue: str, count: int = 1, media: str = "voice") -> list[str]:
        return self.sim.sim("contacts", {"op": "arrive", "queueId": queue, "mediaType": media,
                                         "count": count})["conversationIds"]


def conversations(queue: str) -> str:
    return "v2.routing.queues.%s.conversations" % queue


def ms(text: Optional[str]) -> Optional[int]:
    if text is None:
        return None
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)


class View:
    """Counts the facts of snapshots, by the definitions of the README, from the bodies alone.

    Counts only offers, answers and ends dated `since_ms` or later; the first
    snapshot of a conversation and queue is no change of state.
    """

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.waits: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.states: dict[tuple[str, str], str] = {}
        self._noted: set[str] = set()

    def take(self, message: Any) -> None:
        queue, body = message["topicName"].split(".")[3], message["eventBody"]
        people = body["participants"]
        media = LISTS[next(name for name in LISTS if name in people[0])]
        key = (queue, media)
        acd = None
        for who in people:
            if who.get("queueId") != queue:
                continue
            comm = next(who[name] for name in LISTS if name in who)[0]
            if who["purpose"] == "acd":
                acd = who
                self._note(key, "offers", who["id"], ms(who["connectedTime"]))
                if "endTime" in who and not self._answered(people, who):
                    # A transferred customer may hang up later; the disconnectType still shows the transfer.
                    what = "transfers" if comm["disconnectType"].startswith("transfer") else "abandons"
                    self._note(key, what, who["id"], ms(who["endTime"]))
            else:
                if "connectedTime" in who and self._note(key, "answers", who["id"], ms(who["connectedTime"])):
                    self.waits[key].append(ms(who["connectedTime"]) - ms(acd["connectedTime"]))
                if "connectedTime" in who and comm.get("disconnectType", "").startswith("transfer"):
                    self._note(key, "transfers", who["id"], ms(who["endTime"]))
        self._state(key, body["id"], self._state_of(people, queue))

    @staticmethod
    def _answered(people: list[Any], acd: Any) -> bool:
        for who in people[people.index(acd) + 1:]:
            if who.get("queueId") == acd["queueId"]:
                if who["purpose"] == "acd":
                    return False
                if "connectedTime" in who:
                    return True
        return False

    def _note(self, key: tuple[str, str], what: str, who: str, at_ms: Optional[int]) -> bool:
        if "%s %s" % (what, who) in self._noted or (at_ms or 0) < self.since_ms:
            return False
        self._noted.add("%s %s" % (what, who))
        self.counts[key][what] += 1
        return True

    @staticmethod
    def _state_of(people: list[Any], queue: str) -> str:
        mine = [p for p in people if p.get("queueId") == queue]
        comms = {p["id"]: next(p[name] for name in LISTS if name in p)[0] for p in mine}
        opened = [p for p in mine if "endTime" not in p]
        talking = [p for p in opened if p["purpose"] == "agent" and "connectedTime" in p]
        if talking:
            return "active" if any(not comms[p["id"]]["held"] for p in talking) else "held"
        if any(p["purpose"] == "agent" for p in opened):
            return "alerting"
        if opened:
            return "waiting"
        return "wrapup" if any("startAcwTime" in p and "endAcwTime" not in p for p in mine) else "ended"

    def _state(self, key: tuple[str, str], conversation: str, state: str) -> None:
        before = self.states.get((conversation, key[0]))
        self.states[conversation, key[0]] = state
        if before is not None and before != state:
            self.counts[key]["%s-%s" % (before, state)] += 1


def expected(record: Any) -> dict[tuple[str, str], dict[str, int]]:
    """/sim/truth/stream in the form of View.counts."""
    made = {}
    for queue, by_media in record["queues"].items():
        for media, sums in by_media.items():
            counts = {name: sums[name] for name in ("offers", "answers", "abandons", "transfers") if sums[name]}
            counts.update(sums["state_changes"])
            if counts:
                made[queue, media] = counts
    return made
