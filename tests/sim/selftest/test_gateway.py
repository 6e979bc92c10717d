# SPDX-License-Identifier: MIT
"""The guide dialect's queue metrics against the truth."""
from __future__ import annotations

from typing import Any

from .streams import StreamCase
from .support import Answer, SimCase, wait_for
from .websocket import Client, Refused

METRICS = "/queues/metrics"
NUMBERS = ("queued", "waiting", "agentAvailable", "agentBusy")


class QueueMetrics(SimCase):
    WORDS = ("--frozen", "--queues", "12", "--agents", "40", "--load", "1.5")

    def setUp(self) -> None:
        self.queues = self.sim.sim("truth")["queues"]

    def ask(self, ids: Any, more: str = "", path: str = METRICS) -> Any:
        answer = self.answer(",".join(ids) + more, path)
        self.assertEqual(answer.status, 200)
        return answer.json

    def answer(self, ids: str, path: str = METRICS) -> Answer:
        """The official schema does not have these calls."""
        return self.sim.call("GET", "%s?queueIds=%s" % (path, ids), lenient=True)

    def expected(self, queue: dict[str, Any]) -> list[int]:
        waiting, alerting = (sum(record[name] for record in queue["media"].values()) for name in ("waiting", "alerting"))
        on_queue = queue["on_queue"]
        return [waiting + alerting, waiting, on_queue.get("IDLE", 0),
                on_queue.get("INTERACTING", 0) + on_queue.get("COMMUNICATING", 0)]

    def test_the_numbers_are_the_truth_and_zeros_may_be_missing(self) -> None:
        for path in (METRICS, "/queues/stats"):
            rows = {row["id"]: row for row in self.ask(self.queues, path=path)}
            self.assertEqual(set(rows), set(self.queues))
            lacking = 0
            for queue_id, row in rows.items():
                self.assertEqual([row.get(name, 0) for name in NUMBERS], self.expected(self.queues[queue_id]))
                self.assertEqual(row["name"], self.queues[queue_id]["name"])
                lacking += sum(name not in row for name in NUMBERS)
            self.assertGreater(lacking, 0)
            self.assertTrue(any(row.get("queued") for row in rows.values()))

    def test_only_requested_metrics_are_answered(self) -> None:
        one = next(iter(self.queues))
        rows = self.ask([one, "no-such-queue"], "&metricNames=waiting,agentBusy")
        self.assertEqual([row["id"] for row in rows], [one])
        self.assertLessEqual(set(rows[0]), {"id", "name", "waiting", "agentBusy"})

    def test_mistakes_are_refused(self) -> None:
        self.assertEqual(self.answer("").status, 400)
        self.assertEqual(self.answer("a&metricNames=nOffered").status, 400)
        self.sim.sim("config", {"permissions": ["routing:queue:view"]})
        answer = self.answer("a")
        self.assertEqual(answer.status, 403)
        self.assertIn("analytics:realtime:read", answer.json["message"])


QUERY = {"query": {"view": "DEFAULT", "interval": "PT1S", "where": [],
                   "select": ["conversationId", "type", "state", "queueId", "wrapUpCode"]}}


class ConversationStream(StreamCase):
    WORDS = ("--frozen", "--queues", "4", "--agents", "12", "--load", "0")

    def open(self, query: Any = QUERY, token: str = "") -> Client:
        headers = {"Authorization": "Bearer " + (token or self.sim.log_in())}
        client = Client("ws://127.0.0.1:%d/api/v2/analytics/realtime/conversations" % self.sim.port, lenient=True,
                        headers=headers)
        self.addCleanup(client.close)
        if query is not None:
            before = len(self.guide_state()["queries"])
            client.send(query)
            wait_for(lambda: len(self.guide_state()["queries"]) > before)
        return client

    def guide_state(self) -> Any:
        return self.sim.sim("guide")

    def test_a_conversation_sends_its_states(self) -> None:
        client = self.open()
        queue = self.queues()[0]
        one = self.arrive(queue)[0]
        event = client.next()
        self.assertEqual(event["eventType"], "ConversationEvent")
        self.assertEqual({k: event["event"][k] for k in ("conversationId", "type", "state", "queueId")},
                         {"conversationId": one, "type": "voice", "state": "WAITING", "queueId": queue})
        self.sim.sim("contacts", {"op": "disconnect", "conversationId": one})
        states = ["WAITING"]
        while states[-1] != "TERMINATED":  # it may ring at once
            states.append(client.next()["event"]["state"])
        self.assertIn(states, (["WAITING", "TERMINATED"], ["WAITING", "ALERTING", "TERMINATED"]))
        self.assertEqual([e["state"] for e in self.guide_state()["events"] if e["conversationId"] == one], states)

    def test_where_filters_by_type(self) -> None:
        client = self.open({"query": {**QUERY["query"], "where": ["type = 'chat' OR type = 'email'"]}})
        queue = self.queues()[0]
        self.arrive(queue)
        chat = self.arrive(queue, media="chat")[0]
        self.assertEqual(client.next()["event"]["conversationId"], chat)

    def test_noise_and_events_without_a_queue_are_sent_on_request(self) -> None:
        self.sim.sim("config", {"guide_noise": True, "guide_no_queue": 1.0})
        client = self.open()
        self.arrive(self.queues()[0])
        said = [client.next() for _ in range(3)]
        self.assertEqual([s["eventType"] for s in said], ["ConversationEvent", "QueueEvent", "ConversationEvent"])
        self.assertEqual([s["event"]["state"] for s in said], ["WAITING", "WAITING", "PARKED"])
        self.assertNotIn("queueId", said[0]["event"])

    def test_an_upgrade_is_refused_with_its_status(self) -> None:
        for token, permissions, status in (("nonsense", None, 401), ("", ["routing:queue:view"], 403)):
            self.sim.sim("config", {"permissions": permissions})
            with self.assertRaises(Refused) as refusal:
                self.open(None, token)
            self.assertEqual(refusal.exception.status, status)
        self.sim.sim("config", {"permissions": None})
        self.post({"on": "GET /api/v2/analytics/realtime/conversations", "answer": 429, "count": 1})
        with self.assertRaises(Refused) as refusal:
            self.open(None)
        self.assertEqual(refusal.exception.status, 429)

    def test_a_malformed_query_and_the_end_of_the_token_close_the_socket(self) -> None:
        client = self.open(None)
        client.send({"query": {"select": ["secrets"], "where": []}})
        self.assertEqual(client.ended().code, 1008)
        client = self.open()
        self.sim.sim("tokens", {"op": "expire"})
        self.assertEqual(client.ended().code, 1008)
