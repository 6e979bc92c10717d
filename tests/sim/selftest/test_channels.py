# SPDX-License-Identifier: MIT
"""Channels and subscriptions over REST."""
from __future__ import annotations

import time
from typing import Any

from .streams import StreamCase, conversations
from .support import wait_for
from .websocket import Refused

CHANNELS = "/notifications/channels"


class Rest(StreamCase):
    WORDS = ("--frozen", "--queues", "6", "--agents", "4", "--rate-limit", "0")

    def head(self, channel: Any) -> int:
        return self.sim.call("HEAD", "%s/%s" % (CHANNELS, channel["id"])).status

    def ids(self, channel: Any) -> list[str]:
        return [t["id"] for t in self.sim.get("%s/%s/subscriptions" % (CHANNELS, channel["id"]))["entities"]]

    def test_a_channel_has_an_id_a_uri_and_a_life_of_a_day(self) -> None:
        made = self.channel()
        self.assertEqual(made["connectUri"], "ws://127.0.0.1:%d/channels/%s" % (self.sim.port, made["id"]))
        left = time.mktime(time.strptime(made["expires"][:19], "%Y-%m-%dT%H:%M:%S")) - time.mktime(time.gmtime())
        self.assertAlmostEqual(left, 86_400, delta=5)
        self.assertEqual((self.head(made), self.head({"id": "streaming-0-nobody"})), (200, 404))

    def test_channels_are_listed_by_token_and_by_client(self) -> None:
        old = self.channel()
        self.sim.log_in()
        new = self.channel()
        mine = [c["id"] for c in self.sim.get(CHANNELS)["entities"]]
        self.assertEqual(mine, [new["id"]])
        mine = [c["id"] for c in self.sim.get(CHANNELS + "?includechannels=oauthclient")["entities"]]
        self.assertTrue({old["id"], new["id"]} <= set(mine))
        self.subscribe(old)  # the subscribing token takes the channel over
        self.assertEqual(len(self.sim.get(CHANNELS)["entities"]), 2)
        self.refused(self.sim.call("GET", CHANNELS + "?includechannels=all"), 400, "bad.request")

    def test_post_adds_put_replaces_delete_empties(self) -> None:
        one, two, three = (conversations(q) for q in self.queues()[:3])
        channel = self.channel(one)
        answer = self.subscribe(channel, two)
        self.assertEqual([(t["id"], t["state"]) for t in answer.json["entities"]], [(two, "Permitted")])
        self.assertEqual(self.ids(channel), [one, two])
        self.subscribe(channel, two, three, method="PUT")
        self.assertEqual(self.ids(channel), [two, three])
        self.assertEqual(self.sim.call("DELETE", "%s/%s/subscriptions" % (CHANNELS, channel["id"])).status, 200)
        self.assertEqual(self.ids(channel), [])

    def test_one_bad_topic_fails_all_unless_errors_are_ignored(self) -> None:
        queue = self.queues()[0]
        good, bad = conversations(queue), "v2.analytics.queues.%s.observations" % queue
        self.sim.sim("config", {"permissions": ["routing:queue:view", "analytics:queueObservation:view"]})
        channel = self.channel()
        error = self.refused(self.subscribe(channel, good, bad), 403, "notification.unauthorized.topic")
        self.assertEqual(error["message"], 'The user does not have permission "analytics:conversationAggregate:view" '
                                           'required for topic "%s"' % bad)
        self.assertEqual(self.ids(channel), [])
        first, second = self.subscribe(channel, good, bad, ignore=True).json["entities"]
        self.assertEqual((first["id"], first["state"]), (good, "Permitted"))
        self.assertEqual((second["id"], second["state"]), (bad, "Rejected"))
        self.assertEqual(second["missingPermissions"], ["analytics:conversationAggregate:view"])
        self.assertEqual(self.ids(channel), [good])

    def test_unknown_and_malformed_topics_are_refused(self) -> None:
        channel = self.channel()
        for topic in ("v2.routing.queues.*.conversations", "v2.nothing", "", "v2.users." + "x" * 200 + ".presence"):
            with self.subTest(topic=topic):
                self.refused(self.subscribe(channel, topic), 400, "bad.request")
        entry = self.subscribe(channel, "v2.nothing", ignore=True).json["entities"][0]
        self.assertEqual((entry["state"], entry["rejectionReason"]), ("Rejected", "The topic is not valid."))
        for body in ({"id": "x"}, [{"ID": "x"}], ["x"]):
            answer = self.sim.call("POST", "%s/%s/subscriptions" % (CHANNELS, channel["id"]), body)
            self.refused(answer, 400, "bad.request")
        self.refused(self.subscribe({"id": "nobody"}, "v2.nothing"), 404, "not.found")

    def test_a_combined_topic_is_permitted_or_rejected_by_its_parts(self) -> None:
        queue = self.queues()[0]
        combined = "v2.routing.queues.%s?conversations&users" % queue
        channel = self.channel(combined)
        self.assertEqual(self.ids(channel), [combined])
        self.sim.sim("config", {"permissions": ["analytics:queueObservation:view"]})
        mixed = "v2.analytics.queues.%s?activity&observations" % queue
        permitted, rejected = self.subscribe(channel, mixed, ignore=True).json["entities"]
        self.assertEqual((permitted["id"], permitted["state"]), (mixed, "Permitted"))
        self.assertEqual((rejected["id"], rejected["state"]), (mixed.replace("?activity&", "."), "Rejected"))
        self.refused(self.subscribe(channel, mixed), 403, "notification.unauthorized.topic")

    def test_a_channel_has_at_most_a_thousand_topics(self) -> None:
        topics = ["v2.users.%d.presence" % n for n in range(1000)]
        channel = self.channel(*topics)
        self.assertEqual(self.subscribe(channel, topics[0]).status, 200)  # it already has this topic
        self.refused(self.subscribe(channel, "v2.users.x.presence"), 400, "bad.request")
        self.assertEqual(len(self.ids(channel)), 1000)
        pair = ["v2.users.%d?presence&station" % n for n in range(600)]
        self.assertEqual(self.subscribe(channel, *pair, method="PUT").status, 200)
        self.sim.sim("config", {"combined_as_one": False})
        self.refused(self.subscribe(channel, *pair, method="PUT"), 400, "bad.request")

    def test_queues_of_hidden_divisions_are_forbidden_and_unknown_ones_permitted(self) -> None:
        record = self.sim.sim("truth")["queues"]
        seen = next(iter(record.values()))["division"]
        self.sim.sim("config", {"divisions": [seen]})
        hidden = next(q for q, t in record.items() if t["division"] != seen)
        channel = self.channel()
        self.refused(self.subscribe(channel, conversations(hidden)), 403, "notification.unauthorized.topic")
        self.assertEqual(self.subscribe(channel, conversations("00000000-0000-4000-8000-000000000000")).status, 200)

    def test_available_topics_have_their_permissions_and_transports(self) -> None:
        plain = self.sim.get("/notifications/availabletopics")["entities"]
        self.assertIn({"id": "v2.routing.queues.{id}.conversations"}, plain)
        record = self.sim.get("/notifications/availabletopics?expand=requiresPermissions&expand=transports")["entities"]
        by_id = {t["id"]: t for t in record}
        self.assertEqual(set(by_id["v2.analytics.queues.{id}.observations"]["requiresPermissions"]),
                         {"analytics:queueObservation:view", "analytics:conversationAggregate:view"})
        self.assertEqual(by_id["v2.users.{id}.presence"]["transports"], ["All"])


class Lives(StreamCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "4", "--rate-limit", "0")

    def alive(self, channel: Any) -> bool:
        return self.sim.call("HEAD", "%s/%s" % (CHANNELS, channel["id"])).status == 200

    def test_the_21st_channel_displaces_the_oldest_use_unconnected_first(self) -> None:
        topic = conversations(self.queues()[0])
        made = [self.channel(topic) for _ in range(20)]
        connected = self.connect(made[0])
        self.subscribe(made[1], topic)  # used again
        self.channel()
        self.assertEqual([self.alive(c) for c in made[:4]], [True, True, False, True])
        self.connect(made[3]).close()
        wait_for(lambda: self.counts()["sockets_open"] == 1)
        for _ in range(17):
            self.channel()
        self.assertEqual([self.alive(made[n]) for n in (0, 1, 3, 4, 19)], [True, False, True, False, False])
        record = self.counts()
        self.assertEqual((record["channels"], record["channels_evicted"] >= 18), (20, True))
        with self.assertRaises(Refused) as caught:
            self.connect(made[4])
        self.assertEqual(caught.exception.status, 404)
        self.assertEqual(connected.drain(), [])

    def test_a_displaced_channel_sends_a_notice_to_its_socket(self) -> None:
        self.sim.sim("config", {"namespaces": {**self.defaults["namespaces"], "notifications": {
            "channels.per.user.and.application": 1, "topics.per.channel": 1000}}})
        first = self.channel()
        client = self.connect(first)
        self.channel()
        message = client.next()
        self.assertEqual(message["topicName"], "v2.system.no_longer_subscribed." + first["id"])
        self.assertEqual(message["eventBody"]["reason"], "another_channel_subscribed")
        self.assertEqual(client.ended().code, 1001)

    def test_a_channel_expires_unless_it_is_prolonged(self) -> None:
        topic = conversations(self.queues()[0])
        self.sim.sim("config", {"channel_life_s": 6})
        begin = time.monotonic()
        left, kept = self.channel(topic), self.channel(topic)
        client = self.connect(left)
        self.sim.sim("config", {"channel_life_s": 86_400})
        self.subscribe(kept, topic)
        self.assertEqual(client.ended().code, 1001)
        self.assertGreaterEqual(time.monotonic() - begin, 5.9)
        self.assertEqual((self.alive(left), self.alive(kept)), (False, True))

    def test_an_unconnected_channel_expires_too(self) -> None:
        self.sim.sim("config", {"channel_life_s": 0.3})
        channel = self.channel()
        wait_for(lambda: not self.alive(channel))
        with self.assertRaises(Refused):
            self.connect(channel)
