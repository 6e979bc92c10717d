# SPDX-License-Identifier: MIT
"""Messages of the topics, against the truth and against the observations."""
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional

from simulator.stream import frames

from .schema import EVENTS
from .streams import StreamCase, View, conversations, expected, ms
from .support import ALL_QUEUE_METRICS, Process

MEDIA_TOPICS = {"voice": "calls", "chat": "chats", "email": "emails", "message": "messages", "callback": "callbacks"}


class Replay(StreamCase):
    """Counters of a client, computed from the bodies, equal the truth."""

    WORDS = ("--frozen", "--queues", "12", "--agents", "120", "--speed", "200", "--load", "1.3", "--rate-limit", "0")

    def test_counting_snapshots_gives_the_truth(self) -> None:
        self.sim.sim("config", {"flow_out": 0.5})
        client = self.listen(*(conversations(q) for q in self.queues()), every=10)
        before = self.sim.sim("truth")
        view = View(before["now_ms"])
        self.sim.sim("thaw", {})
        seen = client.collect(lambda seen: len(seen) >= 1500, 30.0)
        self.sim.sim("freeze", {})
        for message in seen + client.drain():
            view.take(message)
        record = self.sim.sim("truth/stream?fresh=1&since_seq=%d" % before["seq"])
        found = {key: dict(counts) for key, counts in view.counts.items()}
        self.assertEqual(found, expected(record))
        by_time = self.sim.sim("truth/stream?fresh=1&since_ms=%d" % before["now_ms"])
        self.assertEqual(expected(by_time), expected(record))
        whole: dict[str, int] = {}
        for queue, by_media in record["queues"].items():
            for media, sums in by_media.items():
                self.assertEqual(sorted(view.waits[queue, media]), sorted(sums["waits_ms"]))
                for name in ("offers", "answers", "abandons", "transfers", "flow_outs", "no_answers"):
                    whole[name] = whole.get(name, 0) + sums[name]
                for name, count in sums["state_changes"].items():
                    whole[name] = whole.get(name, 0) + count
        for name in ("offers", "answers", "abandons", "flow_outs", "no_answers", "waiting-alerting", "alerting-active",
                     "alerting-waiting", "active-held", "held-active", "active-wrapup", "wrapup-ended", "waiting-ended"):
            self.assertGreater(whole.get(name, 0), 0, name)
        self.assertGreater(whole["transfers"], whole["flow_outs"])

    def test_states_now_are_the_gauges(self) -> None:
        record, truth = self.sim.sim("truth/stream"), self.sim.sim("truth")
        for queue, real in truth["queues"].items():
            for media, gauges in real["media"].items():
                sums = record["queues"].get(queue, {}).get(media)
                now = sums["states_now"] if sums else dict.fromkeys(("waiting", "alerting", "active", "held"), 0)
                self.assertEqual((now["waiting"], now["alerting"], now["active"] + now["held"], now["held"]),
                                 (gauges["waiting"], gauges["alerting"], gauges["interacting"], gauges["held"]))
                self.assertEqual(sums["active_conversations"] if sums else 0,
                                 gauges["waiting"] + gauges["alerting"] + gauges["interacting"])


class Conversations(StreamCase):
    WORDS = ("--frozen", "--queues", "6", "--agents", "0", "--rate-limit", "0")

    def test_each_medium_has_its_own_topic_and_schema(self) -> None:
        queue = self.queues()[0]
        for media, part in MEDIA_TOPICS.items():
            with self.subTest(media=media):
                whole = self.listen(conversations(queue))
                flat = self.listen("%s.%s" % (conversations(queue), part))
                other = self.listen(*("%s.%s" % (conversations(queue), p) for p in MEDIA_TOPICS.values() if p != part))
                made = self.arrive(queue, media=media)[0]
                body = whole.next()["eventBody"]
                self.assertEqual(body["id"], made)
                acd = next(p for p in body["participants"] if p["purpose"] == "acd")
                self.assertEqual((acd["queueId"], acd[part][0]["state"]), (queue, "connected"))
                participant = flat.next()["eventBody"]["participants"][1]
                self.assertEqual((participant["purpose"], participant["queue"]["id"]), ("acd", queue))
                self.assertEqual(other.drain(0.1), [])

    def test_the_participants_of_an_abandoned_contact_end_together(self) -> None:
        queue = self.queues()[0]
        client = self.listen(conversations(queue))
        made = self.arrive(queue)[0]
        first = client.next()["eventBody"]
        self.sim.sim("contacts", {"op": "disconnect", "conversationId": made})
        last = client.next()["eventBody"]
        self.assertNotIn("endTime", first["participants"][0])
        customer, acd = last["participants"]
        self.assertEqual((customer["endTime"], customer["calls"][0]["disconnectType"], acd["calls"][0]["disconnectType"]),
                         (acd["endTime"], "endpoint", "peer"))
        self.assertEqual(ms(acd["connectedTime"]), self.sim.sim("conversation?id=" + made)["participants"][1]["connected_ms"])

    def test_both_queues_receive_a_contact_that_flows_out(self) -> None:
        here, there = self.queues()[:2]
        one, two = self.listen(conversations(here)), self.listen(conversations(there))
        seq = self.sim.sim("truth")["seq"]
        made = self.arrive(here)[0]
        self.sim.sim("contacts", {"op": "flow_out", "conversationId": made, "queueId": there})
        bodies = [m["eventBody"] for m in one.drain()]
        self.assertEqual([len(b["participants"]) for b in bodies], [2, 3])
        self.assertEqual(two.next()["eventBody"], bodies[1])
        self.sim.sim("contacts", {"op": "disconnect", "conversationId": made})
        record = self.sim.sim("truth/stream?since_seq=%d" % seq)["queues"]
        left, right = record[here]["voice"], record[there]["voice"]
        self.assertEqual((left["offers"], left["transfers"], left["flow_outs"], left["abandons"]), (1, 1, 1, 0))
        self.assertEqual((right["offers"], right["transfers"], right["abandons"]), (1, 0, 1))
        self.assertEqual(left["state_changes"], {"waiting-ended": 1})

    def test_events_of_combined_topics_have_their_single_names(self) -> None:
        queue = self.queues()[0]
        client = self.listen(("v2.routing.queues.%s?conversations&users" % queue).upper().replace("V2", "v2"))
        self.arrive(queue)
        self.assertEqual(client.next()["topicName"].lower(), conversations(queue))

    def test_events_without_a_socket_are_lost(self) -> None:
        queue = self.queues()[0]
        channel = self.channel(conversations(queue))
        self.arrive(queue)
        client = self.connect(channel)
        self.assertEqual(client.drain(0.2), [])


class Agents(StreamCase):
    WORDS = ("--queues", "4", "--agents", "30", "--speed", "60", "--rate-limit", "0")

    def test_each_change_of_an_agent_is_sent_on_its_own_topic(self) -> None:
        agents = [u["id"] for u in self.sim.pages("/users?pageSize=100")]
        client = self.listen(*("v2.users.%s?presence&routingStatus&activity" % a for a in agents))
        presence, status = client.until(".presence"), client.until(".routingStatus")
        body = client.until(lambda m: m["topicName"].endswith(".activity") and m["eventBody"]["activeQueueIds"])["eventBody"]
        self.assertEqual(presence["eventBody"]["presenceDefinition"]["systemPresence"],
                         presence["eventBody"]["presenceDefinition"]["systemPresence"].upper())
        self.assertEqual(status["topicName"].split(".")[2], status["eventBody"]["id"])
        self.assertIn(body["id"], agents)
        record = [(m["topicName"], json.dumps(m["eventBody"])) for m in client.collect(lambda seen: len(seen) > 80, 20)]
        self.assertEqual(len(record), len(set(record)))  # a message on each topic only after a change of its own part

    def test_members_join_and_leave(self) -> None:
        queue = self.queues()[0]
        user = self.sim.pages("/routing/queues/%s/members?joined=true" % queue)[0]["id"]
        client = self.listen("v2.routing.queues.%s.users" % queue, "v2.users.%s.activity" % user)
        for op, joined in (("leave", False), ("join", True)):
            self.sim.sim("agents", {"op": op, "userId": user, "queueId": queue})
            body = client.until(".users")["eventBody"]
            self.assertEqual(body, {"id": user, "user": {"id": user}, "queueId": queue, "joined": joined})
            member = next(m for m in self.sim.pages("/routing/queues/%s/members" % queue) if m["id"] == user)
            self.assertEqual(member["joined"], joined)


class Statistics(StreamCase):
    WORDS = ("--frozen", "--queues", "4", "--agents", "24", "--speed", "60", "--load", "1.2", "--rate-limit", "0")

    def setUp(self) -> None:
        super().setUp()
        self.sim.sim("config", {"observation_gap_s": 0.1})

    def play(self, client: Any, enough: Any) -> list[Any]:
        self.sim.sim("thaw", {})
        seen = client.collect(enough, 20.0)
        self.sim.sim("freeze", {})
        return seen + client.drain()

    def test_partial_updates_add_up_to_the_observations(self) -> None:
        queues = self.queues()
        state: dict[tuple[Any, ...], int] = {}
        for record in self.sim.observe(queues, ALL_QUEUE_METRICS)["results"]:
            self._merge(state, record["group"], record.get("data", []))
        before = dict(state)
        client = self.listen(*("v2.analytics.queues.%s.observations" % q for q in queues))
        for message in self.play(client, lambda seen: len(seen) > 60):
            body = message["eventBody"]
            for data in body["data"]:
                begin, end = data["interval"].split("/")
                if begin == end:
                    self.assertEqual("mediaType" in body["group"], not data["metrics"][0]["metric"].endswith(("Users", "Presences", "Statuses")))
                    self._merge(state, body["group"], data["metrics"])
        after: dict[tuple[Any, ...], int] = {}
        for record in self.sim.observe(queues, ALL_QUEUE_METRICS)["results"]:
            self._merge(after, record["group"], record.get("data", []))
        self.assertEqual({k: v for k, v in state.items() if v}, {k: v for k, v in after.items() if v})
        self.assertNotEqual(before, after)

    @staticmethod
    def _merge(state: dict[tuple[Any, ...], int], group: Any, metrics: list[Any]) -> None:
        for one in metrics:
            value = one["stats"].get("count", one["stats"].get("calculatedMetricValue"))
            state[group["queueId"], group.get("mediaType"), one["metric"], one.get("qualifier")] = value

    def test_half_hours_are_running_totals_of_aligned_intervals(self) -> None:
        self.sim.sim("config", {"half_hour_s": 2})
        totals = {q: t["totals"] for q, t in self.sim.sim("truth")["queues"].items()}
        client = self.listen(*("v2.analytics.queues.%s.observations" % q for q in totals))
        newest: dict[tuple[str, str, str, str], dict[str, float]] = {}
        starts: set[int] = set()
        for message in self.play(client, lambda seen: len({d["interval"] for m in seen for d in m["eventBody"]["data"]
                                                           if len(set(d["interval"].split("/"))) == 2}) >= 3):
            group = message["eventBody"]["group"]
            for data in message["eventBody"]["data"]:
                begin, end = (ms(t) for t in data["interval"].split("/"))
                if begin == end:
                    continue
                self.assertEqual((begin % 2000, end - begin), (0, 2000))
                starts.add(begin)
                for one in data["metrics"]:
                    key = (group["queueId"], group["mediaType"], data["interval"], one["metric"])
                    old = newest.get(key, {}).get("count", 0)
                    self.assertGreaterEqual(one["stats"].get("count", old), old)
                    newest[key] = one["stats"]
        self.assertGreaterEqual(len(starts), 3)
        found: dict[tuple[str, str], list[float]] = {}
        for (queue, media, _, metric), stats in newest.items():
            if metric == "tAnswered":
                row = found.setdefault((queue, media), [0, 0])
                row[0], row[1] = row[0] + stats["count"], row[1] + stats["sum"]
            if metric == "oServiceLevel":
                self.assertAlmostEqual(stats["ratio"], stats["numerator"] / max(1, stats["denominator"]))
        after = {q: t["totals"] for q, t in self.sim.sim("truth")["queues"].items()}
        for (queue, media), (count, total) in found.items():
            old = totals[queue].get(media, {"wait": {"count": 0, "sum_ms": 0}})["wait"]
            new = after[queue][media]["wait"]
            self.assertEqual((count, total), (new["count"] - old["count"], new["sum_ms"] - old["sum_ms"]))
        self.assertTrue(found)

    def test_activity_adds_up_too_and_both_keep_their_pace(self) -> None:
        self.sim.sim("config", {"observation_gap_s": 0.5})
        queue = self.queues()[0]
        client = self.listen("v2.analytics.queues.%s?activity&observations" % queue)
        state: dict[tuple[str, str], int] = {}
        seen = self.play(client, lambda seen: sum(m["topicName"].endswith("activity") for m in seen) >= 3)
        activities = [m["eventBody"] for m in seen if m["topicName"].endswith("activity")]
        for body in activities:
            for result in body["results"]:
                for row in result["data"]:
                    state[result["mediaType"], row["metric"]] = row.get("count", row.get("calculatedMetricValue"))
        truth = self.sim.sim("truth?queue=" + queue)["queues"][queue]["media"]
        names = {"oWaiting": "waiting", "oAlerting": "alerting", "oInteracting": "interacting",
                 "oLongestWaiting": "oldest_waiting_ms", "oLongestInteracting": "oldest_interacting_ms"}
        for (media, metric), value in state.items():
            self.assertEqual(value or None, truth[media][names[metric]] or None)
        moments: dict[Optional[str], list[int]] = {}
        for message in seen:
            body = message["eventBody"]
            if "data" in body and len(set(body["data"][0]["interval"].split("/"))) == 1:
                moments.setdefault(body["group"].get("mediaType"), []).append(ms(body["data"][0]["interval"][:24]))
        for times in moments.values():
            self.assertTrue(all(b - a >= 450 for a, b in zip(times, times[1:])), times)


class Dump(unittest.TestCase):
    def dumped(self, name: str, *words: str) -> bytes:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / name
            program = Process("genesys_sim.py", "--queues", "5", "--agents", "20", "--dump-events", "300", str(path), *words)
            _, _, _ = program.process.wait(60), program.process.stdout.close(), program.process.stderr.close()
            data = path.read_bytes()
            self.assertEqual((program.ready["events"], program.ready["bytes"]), (300, len(data)))
            return data

    def test_lines_are_official_events(self) -> None:
        messages = [json.loads(line) for line in self.dumped("events.jsonl").splitlines()]
        self.assertEqual(len(messages), 300)
        for message in messages if EVENTS else []:
            self.assertEqual(EVENTS.check(message), [])

    def test_frames_equal_those_of_a_socket(self) -> None:
        data, at, count = self.dumped("events.ws", "--media", "voice"), 0, 0
        while at < len(data):
            self.assertEqual(data[at:at + 2], b"\x81\x7e")
            size = int.from_bytes(data[at + 2:at + 4], "big")
            self.assertIn("calls", json.loads(data[at + 4:at + 4 + size])["eventBody"]["participants"][0])
            at, count = at + 4 + size, count + 1
        self.assertEqual(count, 300)


class Codec(unittest.TestCase):
    def test_lengths_at_their_borders_have_the_right_header(self) -> None:
        for size, head in ((125, 2), (126, 4), (65_535, 4), (65_536, 10)):
            made = frames.frame(frames.TEXT, b"x" * size)
            self.assertEqual(len(made), head + size)
        self.assertEqual(frames.masked(frames.masked(b"abcde", b"\x01\x02\xff\x04"), b"\x01\x02\xff\x04"), b"abcde")

    def test_the_accept_key_equals_that_of_the_standard(self) -> None:
        self.assertEqual(frames.accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
