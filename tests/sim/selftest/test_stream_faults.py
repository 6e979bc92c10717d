# SPDX-License-Identifier: MIT
"""Faults of sockets as a client meets them."""
from __future__ import annotations

import json
import time
from typing import Any

from .streams import StreamCase, conversations
from .support import BUSY_S, wait_for
from .websocket import Client, Ended

LATER_MS = 3000  # a busy machine sends three events within this time


class Faulty(StreamCase):
    WORDS = ("--frozen", "--queues", "4", "--agents", "0", "--rate-limit", "0")

    def setUp(self) -> None:
        super().setUp()
        self.queue = self.queues()[0]
        self.client = self.listen(conversations(self.queue), lenient=True)

    def send(self, count: int) -> list[str]:
        """Causes `count` events, each of a conversation of its own."""
        return self.arrive(self.queue, count)

    def got(self, quiet_s: float = 1.0) -> list[str]:
        return [m["eventBody"]["id"] for m in self.client.drain(quiet_s)]

    def the_next(self, count: int) -> list[str]:
        """The conversations of the next `count` events, after which none comes."""
        messages = self.client.collect(lambda seen: len(seen) == count, 25.0) + self.client.drain(0.3)
        return [m["eventBody"]["id"] for m in messages]


class Bends(Faulty):
    def test_lost_events_are_missing_and_counted(self) -> None:
        self.post({"ws": "lose", "percent": 30})
        sent, got = self.send(200), self.got()
        self.assertEqual(got, [i for i in sent if i in set(got)])
        self.assertTrue(100 < len(got) < 180, len(got))
        self.assertEqual(self.counts()["changed lose"], 200 - len(got))
        self.assertEqual(self.sim.sim("faults")["ws_steps"][0]["hits"], 200 - len(got))

    def test_duplicates_arrive_at_once_or_late(self) -> None:
        self.post({"ws": "duplicate", "percent": 20})
        sent, got = self.send(200), self.got()
        self.assertTrue(20 < len(got) - len(sent) < 70, len(got))
        self.assertEqual(list(dict.fromkeys(got)), sent)
        self.post({"ws": "duplicate", "delay_ms": LATER_MS, "count": 1})
        sent, got = self.send(3), self.the_next(4)
        self.assertEqual(got, sent + sent[:1])

    def test_reordering_loses_nothing(self) -> None:
        self.post({"ws": "reorder", "window_ms": 150})
        sent, got = self.send(100), self.got()
        self.assertEqual(sorted(got), sorted(sent))
        self.assertNotEqual(got, sent)

    def test_a_late_event_arrives_after_the_next_ones(self) -> None:
        self.post({"ws": "late", "delay_ms": LATER_MS, "count": 1})
        begin = time.monotonic()
        sent, got = self.send(3), self.the_next(3)
        self.assertEqual(got, sent[1:] + sent[:1])
        self.assertGreater(time.monotonic() - begin, LATER_MS / 1000)

    def test_fragments_arrive_with_pings_between(self) -> None:
        self.post({"ws": "fragment", "pieces": 4, "pings": True})
        sent = self.send(2)
        self.assertEqual(self.got(), sent)
        self.assertEqual((self.client.frames_seen, self.client.pings), (14, [b"between"] * 6))

    def test_large_events_have_the_given_size(self) -> None:
        self.post({"ws": "large", "bytes": 70_000, "count": 2, "skip": 1})
        sent, before = self.send(4), self.client.raw_bytes
        client, sizes = self.client, []
        client.lenient = False  # these messages conform to the schema
        for conversation in sent:
            message = client.next()
            self.assertEqual(message["eventBody"]["id"], conversation)
            sizes.append(len(json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()))
        self.assertTrue(sizes[0] < 5000 and sizes[3] < 5000, sizes)
        self.assertEqual(sizes[1:3], [70_000, 70_000])
        self.assertGreater(client.raw_bytes - before, 140_000)

    def test_silence_keeps_the_socket_and_nothing_else(self) -> None:
        self.sim.sim("config", {"heartbeat_s": 0.1})
        self.client.next()
        self.post({"ws": "silence", "for_s": 8})
        self.client.drain(0.05)
        self.send(3)
        self.client.send({"message": "ping"})
        self.client.send_raw(Client.frame(9, b""))
        self.assertEqual(self.client.drain(0.3), [])
        self.assertEqual(self.client.pongs, 0)
        self.assertEqual(self.client.next()["eventBody"]["message"], "WebSocket Heartbeat")
        record = self.counts()
        self.assertEqual((record["changed silence"], record["sockets_open"] >= 1), (3, True))
        self.assertGreaterEqual(record["silenced"], 2)

    def test_pongs_can_be_withheld(self) -> None:
        self.post({"ws": "mute_pong"})
        self.client.send({"message": "ping"})
        self.client.send_raw(Client.frame(9, b""))
        sent = self.send(1)
        self.assertEqual(self.got(), sent)
        self.assertEqual((self.client.pongs, self.counts()["app_pings"]), (0, 1))

    def test_topic_and_channel_select_events(self) -> None:
        other = self.queues()[1]
        channel = self.channel(conversations(other))
        second = self.connect(channel)
        self.post({"ws": "lose", "topic": "*%s*" % other}, {"ws": "duplicate", "channel": channel["id"]})
        sent = self.send(1)
        self.arrive(other)
        self.assertEqual((self.got(), second.drain(0.1)), (sent, []))

    def test_a_seed_repeats_the_faults_of_each_event(self) -> None:
        patterns = []
        for _ in range(2):
            self.client = self.listen(conversations(self.queue), lenient=True)
            serial = self.sim.sim("sockets")["sockets"][-1]["serial"]
            self.post({"ws": "lose", "percent": 50})
            sent, got = self.send(60), set(self.got())
            patterns.append((serial, [i in got for i in sent]))
        self.assertNotEqual(patterns[0][1], patterns[1][1])  # another socket has other random numbers
        from simulator.stream.faults import Step
        for serial, pattern in patterns:
            target = type("T", (), {"serial": serial, "channel_id": "", "events_sent": 0})
            step = Step.parse({"ws": "lose", "percent": 50}, 0.0, 0, 1)
            self.assertEqual([step.rolls(target) is None for _ in pattern], pattern)


class Actions(Faulty):
    def test_the_events_of_a_gap_are_known(self) -> None:
        """Lines of (last_seq, the next opened_seq] are the gap; all others were received."""
        channel = self.channel(conversations(self.queue))
        client = self.connect(channel)
        sent = self.send(2)
        got = [client.next()["eventBody"]["id"] for _ in sent]
        self.post({"ws": "drop"})
        lost = self.send(3)
        self.assertIsNone(client.ended().code)
        client = self.connect(channel)
        again = self.send(1)
        self.assertEqual((got, [client.next()["eventBody"]["id"]]), (sent, again))
        first, second = (s for s in self.sim.sim("sockets")["sockets"] if s["channel"] == channel["id"])
        gap = "since_seq=%d&until_seq=%d" % (first["last_seq"], second["opened_seq"])
        offers = self.sim.sim("truth/events?what=offer&" + gap)["events"]
        self.assertEqual([line["conversation"] for line in offers], lost)
        self.assertEqual(self.sim.sim("truth/stream?" + gap)["queues"][self.queue]["voice"]["offers"], 3)
        self.assertEqual((first["opened_seq"] < first["last_seq"], second["last_seq"]), (True, None))

    def test_each_action_ends_the_socket_with_its_reason(self) -> None:
        rows: list[tuple[dict[str, Any], Any]] = [
            ({"ws": "drop"}, None), ({"ws": "drop", "reset": True}, "reset"), ({"ws": "half_frame"}, None),
            ({"ws": "close"}, 1001), ({"ws": "close", "code": 4000, "reason": "why"}, 4000),
            ({"ws": "socket_closing", "notice_s": 0.1}, 1001), ({"ws": "no_longer_subscribed"}, 1001),
            ({"ws": "evict"}, 1001), ({"ws": "expire"}, 1001), ({"ws": "bad_close"}, 1005)]
        for step, how in rows:
            with self.subTest(step=step):
                client = self.listen(lenient=True)
                self.post(step)
                end = client.ended()
                self.assertIn(how, (end.code, end.reason or None))
        wait_for(lambda: self.counts()["sockets_open"] == 0)
        record, ends = self.counts(), {s["ended"] for s in self.sim.sim("sockets")["sockets"]}
        self.assertLessEqual({"channel evicted", "channel expired", "fault drop", "fault close", "socket_closing"}, ends)
        self.assertEqual(record["action drop"], 2 + 1)  # the first one ended the socket of setUp
        self.assertGreaterEqual(record["channels_expired"], 1)  # on a slow host others reach their own end

    def test_each_action_sends_its_odd_message(self) -> None:
        rows = [("malformed", 1, b'{"topicName":"v2.routing.queues.'), ("bad_utf8", 1, b'{"topicName":"\xff\xc3("}'),
                ("binary", 2, b"\x00\x01\x02"), ("empty", 1, b""), ("opcode", 3, b"?"), ("stray_continuation", 0, b"?"),
                ("long_ping", 9, b"x" * 126)]
        for kind, opcode, payload in rows:
            self.post({"ws": kind})
            frame = self.client.next_frame()
            self.assertEqual((kind, frame.opcode, frame.payload, frame.masked, frame.rsv),
                             (kind, opcode, payload, False, 0))
        self.post({"ws": "rsv"})
        self.assertEqual(self.client.next_frame().rsv, 4)
        self.post({"ws": "unknown_topic"}, {"ws": "no_topic"}, {"ws": "new_values"})
        self.assertEqual(self.client.next()["topicName"], "v2.sim.unknown.00000000-0000-4000-8000-000000000000")
        self.assertNotIn("topicName", self.client.next())
        odd = self.client.next()
        self.assertEqual((odd["topicName"], odd["eventBody"]["participants"][0]["purpose"]),
                         (conversations(self.queue), "hologram"))
        self.post({"ws": "masked"})
        self.assertTrue(self.client.next_frame().masked)

    def test_a_huge_frame_sends_megabytes_before_it_is_complete(self) -> None:
        self.post({"ws": "huge", "huge_mb": 64})

        def grown() -> bool:
            with self.assertRaises(TimeoutError):
                self.client.next_frame(0.5)
            return self.client.raw_bytes > 4 * 1024 * 1024
        wait_for(grown)

    def test_an_action_follows_a_number_of_events(self) -> None:
        self.post({"ws": "drop", "after_events": 3, "count": 1})
        sent = self.send(5)
        got = [self.client.next()["eventBody"]["id"] for _ in range(3)]
        self.assertEqual(got, sent[:3])
        self.assertIsNone(self.client.ended().code)
        self.client = self.listen(conversations(self.queue), lenient=True)
        sent = self.send(5)
        self.assertEqual(self.got(), sent)

    def test_an_action_follows_a_number_of_events_of_each_socket(self) -> None:
        other = self.listen(conversations(self.queue), lenient=True)
        self.post({"ws": "unknown_topic", "after_events": 2})
        self.send(4)
        for client in (self.client, other):
            self.assertEqual([m["topicName"].startswith("v2.sim") for m in client.drain(1.0)],
                             [False, False, True, False, False])

    def test_a_repeated_action_waits_for_a_socket(self) -> None:
        self.client.close()
        wait_for(lambda: self.counts()["sockets_open"] == 0)
        self.post({"ws": "close", "every_s": 0.2, "count": 2, "wait": True})
        begin = time.monotonic()
        first = self.listen()
        self.assertEqual(first.ended().code, 1001)
        second = self.listen()
        self.assertEqual(second.ended().code, 1001)
        self.assertLess(time.monotonic() - begin, 5 + BUSY_S)
        third = self.listen()
        self.assertEqual(third.drain(0.5), [])
        step = self.sim.sim("faults")["ws_steps"][0]
        self.assertEqual((step["hits"], step["left"], step["state"]), (2, 0, "over"))

    def test_an_action_occurs_at_its_time(self) -> None:
        begin = time.monotonic()
        self.post({"at_s": 1.5, "ws": "drop"})
        self.assertEqual(self.sim.sim("faults")["ws_steps"][0]["state"], "waiting")
        with self.assertRaises(Ended):
            self.client.next()
        self.assertGreaterEqual(time.monotonic() - begin, 1.4)

    def test_wrong_steps_are_refused_and_change_nothing(self) -> None:
        for wrong in ({"ws": "explode"}, {"ws": "lose", "percent": 101}, {"ws": "drop", "procent": 1}):
            answer = self.sim.http("POST", "/sim/faults", json.dumps([{"ws": "lose"}, wrong]).encode())
            self.assertEqual(answer.status, 400, wrong)
        answer = self.sim.http("POST", "/sim/faults", json.dumps([{"answer": 500}, {"ws": "explode"}]).encode())
        self.assertEqual(answer.status, 400)
        record = self.sim.sim("faults")
        self.assertEqual((record["steps"], record["ws_steps"]), ([], []))

    def test_a_client_that_does_not_read_delays_no_other(self) -> None:
        other = self.listen(conversations(self.queue), lenient=True)
        self.post({"ws": "large", "bytes": 200_000, "channel": self.sim.sim("channels")["channels"][-2]["id"]})
        sent = self.send(60)
        self.assertEqual([other.next()["eventBody"]["id"] for _ in sent], sent)
        self.assertEqual(self.got(), sent)
