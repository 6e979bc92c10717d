# SPDX-License-Identifier: MIT
"""Sockets: handshake, heartbeat, pings, violations by the client, ends."""
from __future__ import annotations

import struct
import time
from typing import Any, Optional

from .streams import StreamCase, conversations
from .support import wait_for
from .websocket import CLOSE, PING, TEXT, Client, Ended, Refused


class Handshake(StreamCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "4")

    def refused_with(self, uri: str, headers: Optional[dict[str, Optional[str]]] = None) -> Refused:
        with self.assertRaises(Refused) as caught:
            Client(uri, headers=headers)
        return caught.exception

    def test_unknown_channels_and_wrong_requests_are_refused(self) -> None:
        uri = self.channel()["connectUri"]
        self.assertEqual(self.refused_with(uri + "x").status, 404)
        rows: list[tuple[dict[str, Optional[str]], int]] = [
            ({"Upgrade": None}, 400), ({"Upgrade": "h2c"}, 400), ({"Connection": "keep-alive"}, 400),
            ({"Sec-WebSocket-Key": "short"}, 400), ({"Sec-WebSocket-Key": None}, 400),
            ({"Sec-WebSocket-Version": "8"}, 426)]
        for headers, status in rows:
            with self.subTest(headers=headers):
                self.assertEqual(self.refused_with(uri, headers).status, status)
        self.assertEqual(self.counts()["handshakes_refused"], 7)
        self.assertEqual(self.sim.sim("counters")["requests"]["GET /channels/{id}"], {"400": 5, "404": 1, "426": 1})

    def test_faults_of_requests_hit_the_handshake(self) -> None:
        uri = self.channel()["connectUri"]
        self.post({"on": "GET /channels/*", "answer": 503, "retry_after_s": 3, "count": 1},
                  {"on": "GET /channels/*", "answer": "bad_accept", "count": 1},
                  {"on": "GET /channels/*", "answer": "truncate", "count": 1},
                  {"on": "GET /channels/*", "answer": "slow_body", "drip_ms": 1})
        refused = self.refused_with(uri)
        self.assertEqual((refused.status, refused.headers["retry-after"]), (503, "3"))
        self.assertEqual(self.refused_with(uri).status, 101)
        with self.assertRaises(Ended):
            Client(uri)
        client = Client(uri)
        self.addCleanup(client.close)
        client.send({"message": "ping"})
        self.assertEqual(client.next()["eventBody"]["message"], "pong")

    def test_a_frame_sent_with_the_request_is_read(self) -> None:
        client = self.listen(early=Client.frame(TEXT, b'{"message":"ping"}'))
        self.assertEqual(client.next()["eventBody"]["message"], "pong")

    def test_a_token_in_the_handshake_is_noticed(self) -> None:
        self.listen(headers={"Authorization": "Bearer x"})
        self.listen()
        self.assertEqual(self.counts()["authorized_handshakes"], 1)

    def test_an_open_socket_is_no_request_in_flight(self) -> None:
        self.listen()
        record = self.sim.sim("counters")
        self.assertEqual((record["in_flight"], record["stream"]["sockets_open"] >= 1), (0, True))
        self.sim.sim("reset-counters", {})
        with self.assertRaises(Refused):
            Client("ws://127.0.0.1:%d/channels/nobody" % self.sim.port)
        self.assertEqual(self.sim.sim("counters")["max_requests_per_60s"], 0)  # nor does it count towards the API's rate limit

    def test_the_base_of_the_uri_can_be_set(self) -> None:
        self.sim.sim("config", {"connect_base": "wss://streaming.example:1/"})
        made = self.channel()
        self.assertEqual(made["connectUri"], "wss://streaming.example:1/channels/" + made["id"])


class Tls(StreamCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "0")
    TLS = True

    def test_the_uri_is_secure_where_the_request_was(self) -> None:
        import http.client
        import json
        import ssl
        ready, ca = self.sim.ready, self.sim.ready["ca"]
        connection = http.client.HTTPSConnection("localhost", ready["https_port"], timeout=30,
                                                 context=ssl.create_default_context(cafile=ca))
        self.addCleanup(connection.close)
        connection.request("POST", "/api/v2/notifications/channels",
                           headers={"Authorization": "Bearer " + self.sim.log_in()})
        made = json.loads(connection.getresponse().read())
        self.assertEqual(made["connectUri"], "wss://localhost:%d/channels/%s" % (ready["https_port"], made["id"]))
        queue = self.queues()[0]
        self.subscribe(made, conversations(queue))
        client = self.connect(made, ca=ca)
        client.send({"message": "ping"})
        self.assertEqual(client.next()["eventBody"]["message"], "pong")
        ids = self.arrive(queue, 400)
        self.assertEqual([client.until(".conversations")["eventBody"]["id"] for _ in ids], ids)
        self.post({"ws": "close", "code": 1000})
        self.assertEqual(client.ended().code, 1000)
        with self.assertRaises(Ended) as caught:
            client.next()
        self.assertEqual(caught.exception.reason, "")  # with a close_notify


class Manners(StreamCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "4")

    def test_heartbeats_have_their_interval(self) -> None:
        client = self.listen()
        begin = time.monotonic()
        self.sim.sim("config", {"heartbeat_s": 0.2})
        for _ in range(3):
            message = client.next()
            self.assertEqual(message, {"topicName": "channel.metadata", "eventBody": {"message": "WebSocket Heartbeat"}})
        self.assertGreater(time.monotonic() - begin, 0.5)
        self.assertGreaterEqual(self.counts()["heartbeats"], 3)

    def test_pings_of_both_kinds_get_their_pong(self) -> None:
        client = self.listen()
        client.send({"message": "ping"})
        self.assertEqual(client.next(), {"topicName": "channel.metadata", "eventBody": {"message": "pong"}})
        client.send_raw(Client.frame(PING, b"hello"))
        frame = client.next_frame()
        self.assertEqual((frame.opcode, frame.payload, frame.masked), (10, b"hello", False))
        record = self.counts()
        self.assertEqual((record["app_pings"], record["app_pongs"], record["rfc_pings"], record["frames_received"]), (1, 1, 1, 2))
        self.post({"ws": "ping"})
        client.send({"message": "ping"})
        client.next()
        self.assertEqual(client.pings, [b"sim"])
        wait_for(lambda: self.counts()["rfc_pongs"] == 1)

    def test_messages_in_pieces_with_a_ping_between_are_read(self) -> None:
        client = self.listen()
        whole = Client.frame(TEXT, b'{"mess', first=0) + Client.frame(PING, b"") + Client.frame(0, b'age":"ping"}')
        for at in range(len(whole)):
            client.send_raw(whole[at:at + 1])
        self.assertEqual((client.next()["eventBody"]["message"], client.pongs), ("pong", 1))

    def test_violations_are_counted_by_kind_and_answered_with_a_close(self) -> None:
        rows = [("unmasked", Client.frame(TEXT, b"{}", masked=False), 1002),
                ("rsv", Client.frame(TEXT, b"{}", first=0xC0), 1002), ("opcode", Client.frame(3, b""), 1002),
                ("control", Client.frame(PING, b"x" * 126), 1002), ("control", Client.frame(PING, b"", first=0), 1002),
                ("continuation", Client.frame(0, b"{}"), 1002), ("utf8", Client.frame(TEXT, b"\xff"), 1007),
                ("close_code", Client.frame(CLOSE, struct.pack("!H", 1005)), 1002),
                ("close_code", Client.frame(CLOSE, b"\x03"), 1002),
                ("too_big", Client.frame(TEXT, b"x" * (1024 * 1024 + 1)), 1009)]
        for kind, data, code in rows:
            with self.subTest(kind=kind, code=code):
                client = self.listen()
                client.send_raw(data)
                self.assertEqual(client.ended().code, code)
        wait_for(lambda: self.counts()["sockets_open"] == 0)
        record = self.counts()
        self.assertEqual(record["violations"], {"unmasked": 1, "rsv": 1, "opcode": 1, "control": 2, "continuation": 1,
                                              "utf8": 1, "close_code": 2, "too_big": 1})
        self.assertEqual(record["violations_total"], 10)

    def test_subscribing_in_the_socket_is_answered_without_a_topic(self) -> None:
        queue = self.queues()[0]
        client = self.listen()
        client.send({"message": "subscribe", "topics": [conversations(queue)], "correlationId": "c1"})
        self.assertEqual(client.next(), {"result": "200", "status": "subscribed", "correlationId": "c1"})
        self.arrive(queue)
        self.assertEqual(client.next()["topicName"], conversations(queue))
        client.drain()
        client.send({"message": "unsubscribe", "topics": [conversations(queue)]})
        self.assertEqual(client.next()["status"], "unsubscribed")
        self.arrive(queue)
        client.send({"message": "subscribe", "topics": ["v2.nothing"]})
        answer = client.next()
        self.assertEqual((answer["result"], answer["status"]), ("400", "failure"))
        client.send({"message": "subscribe"})
        self.assertEqual(client.next()["status"], "error")
        client.send({"message": "dance"})
        client.send_raw(Client.frame(TEXT, b"no json"))
        wait_for(lambda: self.counts()["unknown_messages"] == 2)

    def test_subscribing_in_the_socket_prolongs_the_channel(self) -> None:
        self.sim.sim("config", {"channel_life_s": 1000})
        client = self.listen()
        self.sim.sim("config", {"channel_life_s": 5000})
        before = self.sim.sim("channels")["channels"][-1]["expires_ms"]
        client.send({"message": "subscribe", "topics": []})
        client.next()
        self.assertGreater(self.sim.sim("channels")["channels"][-1]["expires_ms"], before + 3_900_000)

    def test_a_second_socket_kicks_the_first(self) -> None:
        queue = self.queues()[0]
        channel = self.channel(conversations(queue))
        first, second = self.connect(channel), self.connect(channel)
        self.assertEqual(first.ended().code, 1001)
        self.arrive(queue)
        self.assertEqual(second.next()["topicName"], conversations(queue))
        record = self.counts()
        self.assertEqual((record["sockets_opened"], record["sockets_kicked"]), (2, 1))

    def test_a_clients_close_is_echoed(self) -> None:
        client = self.listen()
        client.send_raw(Client.frame(CLOSE, struct.pack("!H", 1000) + b"bye"))
        self.assertEqual(client.ended().code, 1000)
        wait_for(lambda: self.counts()["sockets_open"] == 0)
        last = self.sim.sim("sockets")["sockets"][-1]
        self.assertEqual((last["ended"], last["client_close_code"]), ("client closed", 1000))
        self.assertGreaterEqual(last["closed_ms"], last["opened_ms"])

    def test_a_close_without_an_answer_ends_the_connection(self) -> None:
        client = self.listen()
        self.post({"ws": "close", "code": 1012, "reason": "restart"})
        frame = client.next_frame()
        self.assertEqual((frame.opcode, frame.payload), (CLOSE, struct.pack("!H", 1012) + b"restart"))
        self.sim.sim("config", {"heartbeat_s": 0.1})  # nothing follows a close frame, not even heartbeats
        with self.assertRaises(Ended):
            client.next_frame()

    def test_the_closing_notice_comes_before_the_close_and_the_channel_stays(self) -> None:
        queue = self.queues()[0]
        channel = self.channel(conversations(queue))
        client = self.connect(channel)
        self.sim.sim("config", {"closing_notice_s": 1.5})
        begin = time.monotonic()
        self.post({"ws": "socket_closing"})
        self.assertEqual(client.next()["topicName"], "v2.system.socket_closing")
        self.arrive(queue)
        self.assertEqual(client.next()["topicName"], conversations(queue))
        self.assertEqual(client.ended().code, 1001)
        self.assertGreaterEqual(time.monotonic() - begin, 1.4)
        again = self.connect(channel)
        self.arrive(queue)
        self.assertEqual(again.next()["topicName"], conversations(queue))


class TokenEnds(StreamCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "4")

    def ending(self, op: str) -> tuple[Client, dict[str, Any]]:
        channel = self.channel(conversations(self.queues()[0]))
        client = self.connect(channel)
        self.sim.sim("tokens", {"op": op})
        return client, channel

    def test_an_expired_token_closes_the_socket_but_not_the_channel(self) -> None:
        client, channel = self.ending("expire")
        self.assertEqual(client.ended().code, 1001)
        again = self.connect(channel)
        again.send({"message": "subscribe", "topics": []})
        self.assertEqual(again.next()["result"], "404")
        self.sim.log_in()
        self.assertEqual(self.subscribe(channel, conversations(self.queues()[1])).status, 200)
        again.send({"message": "subscribe", "topics": []})
        self.assertEqual(again.next()["result"], "200")

    def test_a_revoked_token_has_a_notice_first(self) -> None:
        client, channel = self.ending("revoke")
        self.assertEqual(client.next()["topicName"], "v2.system.token_revoked." + channel["id"])
        self.assertEqual(client.ended().code, 1001)

    def test_a_setting_keeps_the_socket_open(self) -> None:
        self.sim.sim("config", {"token_end_closes": False})
        client, _ = self.ending("expire")
        self.assertEqual(client.drain(), [])
        client.send({"message": "ping"})
        self.assertEqual(client.next()["eventBody"]["message"], "pong")
