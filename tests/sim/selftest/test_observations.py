# SPDX-License-Identifier: MIT
"""Observation queries against the truth."""
from __future__ import annotations

import time
import unittest
from typing import Any, Optional

from simulator.api.filters import parse

from .support import ALL_QUEUE_METRICS, SWAGGER, SimCase, wait_for

MEDIA = ["voice", "chat", "email", "message", "callback"]
PATH = "/analytics/queues/observations/query"


def by_group(answer: Any) -> dict[tuple[str, Optional[str]], Any]:
    return {(r["group"]["queueId"], r["group"].get("mediaType")): r for r in answer["results"]}


def values(result: Any) -> dict[tuple[str, Optional[str]], int]:
    return {(d["metric"], d.get("qualifier")): d["stats"].get("count", d["stats"].get("calculatedMetricValue"))
            for d in result["data"]}


class QueueObservations(SimCase):
    WORDS = ("--frozen", "--queues", "30", "--agents", "60")

    def setUp(self) -> None:
        self.truth = self.sim.sim("truth?conversations=1")
        self.queues = self.truth["queues"]

    def test_every_value_is_the_truth(self) -> None:
        groups = by_group(self.sim.observe(list(self.queues), ALL_QUEUE_METRICS))
        self.assertTrue(any(m["waiting"] for q in self.queues.values() for m in q["media"].values()))
        for queue_id, queue in self.queues.items():
            for media in MEDIA:
                found, real = values(groups[queue_id, media]), queue["media"][media]
                for metric, name in (("oWaiting", "waiting"), ("oAlerting", "alerting"),
                                     ("oInteracting", "interacting")):
                    self.assertEqual(found[metric, None], real[name])
                for metric, name in (("oLongestWaiting", "oldest_waiting_ms"),
                                     ("oLongestInteracting", "oldest_interacting_ms")):
                    self.assertEqual(found.get((metric, None)) or None, real[name])
            found = values(groups[queue_id, None])
            expected = {("oMemberUsers", None): queue["members"], ("oActiveUsers", None): queue["active"]}
            for metric, name in (("oOnQueueUsers", "on_queue"), ("oOffQueueUsers", "off_queue"),
                                 ("oUserPresences", "presence_org"), ("oUserRoutingStatuses", "routing")):
                expected.update({(metric, qualifier): count for qualifier, count in queue[name].items()})
            self.assertEqual(found, expected)

    def test_the_users_of_the_lists_are_the_users_of_the_observations(self) -> None:
        for queue_id, queue in list(self.queues.items())[:5]:
            members = self.sim.pages("/routing/queues/%s/members?expand=presence&pageSize=100" % queue_id)
            joined = [m for m in members if m["joined"]]
            on_queue = [m for m in joined
                        if m["user"]["presence"]["presenceDefinition"]["systemPresence"] == "ON_QUEUE"]
            self.assertEqual(len(on_queue), queue["on_queue_total"])
            self.assertEqual(len(joined) - len(on_queue), queue["off_queue_total"])

    def test_zeros_are_explicit_for_contacts_and_absent_for_qualifiers(self) -> None:
        groups = by_group(self.sim.observe(list(self.queues), ["oWaiting", "oUserRoutingStatuses"]))
        counts = [values(g) for (_, media), g in groups.items() if media in MEDIA]
        self.assertTrue(any(c["oWaiting", None] == 0 for c in counts))
        users = [v for (_, media), g in groups.items() if media is None for v in values(g).values()]
        self.assertTrue(users and 0 not in users)

    def test_a_group_may_have_no_data_and_any_group_may_be_first(self) -> None:
        answer = self.sim.observe(list(self.queues), ["oWaiting", "oMemberUsers"])
        bare = [r for r in answer["results"] if "data" not in r]
        self.assertTrue(bare)
        self.assertEqual({r["group"]["mediaType"] for r in bare}, {"cobrowse"})
        orders = {tuple("mediaType" in r["group"] for r in answer["results"] if r["group"]["queueId"] == q)[0]
                  for q in self.queues}
        self.assertEqual(orders, {True, False})
        self.sim.sim("config", {"bare_groups": False})
        answer = self.sim.observe(list(self.queues), ["oWaiting"])
        self.assertFalse([r for r in answer["results"] if "data" not in r])

    def test_presences_are_mapped_to_the_organisations(self) -> None:
        mapping = self.sim.observe(list(self.queues)[:1], ["oUserPresences"])["systemToOrganizationMappings"]
        listed = {p["id"]: p["systemPresence"].upper() for p in self.sim.get("/presence/definitions")["entities"]}
        flat = {i: system.replace("_", "") for system, ids in mapping.items() for i in ids}
        self.assertEqual(flat, listed)
        self.assertEqual(len(mapping["ON_QUEUE"]), 2)

    def test_longest_waiting_without_contacts_is_zero_or_absent(self) -> None:
        groups = by_group(self.sim.observe(list(self.queues), ["oLongestWaiting"]))
        empty = [values(groups[q, m]) for q, queue in self.queues.items() for m in MEDIA
                 if queue["media"][m]["waiting"] == 0]
        self.assertIn({}, empty)
        self.assertIn({("oLongestWaiting", None): 0}, empty)

    def test_details_name_the_conversations_and_are_cut_at_a_hundred(self) -> None:
        queue_id = next(iter(self.queues))
        made = self.sim.sim("contacts", {"op": "arrive", "queueId": queue_id, "mediaType": "voice", "count": 130})
        self.addCleanup(lambda: [self.sim.sim("contacts", {"op": "disconnect", "conversationId": c})
                                 for c in made["conversationIds"]])
        truth = self.sim.sim("truth?conversations=1&queue=" + queue_id)["queues"][queue_id]["media"]["voice"]
        answer = by_group(self.sim.observe([queue_id], ["oWaiting", "oInteracting", "oAlerting"],
                                           detailMetrics=["oWaiting", "oInteracting"]))[queue_id, "voice"]
        rows = {d["metric"]: d for d in answer["data"]}
        waiting = rows["oWaiting"]
        self.assertTrue(waiting["truncated"])
        ids = truth["conversations"]["waiting"]
        self.assertGreater(len(ids), 100)
        self.assertEqual([o["conversationId"] for o in waiting["observations"]], ids[:50] + ids[-50:])
        self.assertFalse(rows["oInteracting"]["truncated"])
        self.assertEqual([o["conversationId"] for o in rows["oInteracting"]["observations"]],
                         truth["conversations"]["interacting"])
        self.assertTrue(all(o["userId"] for o in rows["oInteracting"]["observations"]))
        self.assertNotIn("observations", rows["oAlerting"])

    def test_a_frozen_answer_repeats_and_a_contact_changes_it(self) -> None:
        queue_id = next(i for i, q in self.queues.items() if q["name"] == "Support")
        first = self.sim.observe([queue_id], ALL_QUEUE_METRICS)
        self.assertEqual(self.sim.observe([queue_id], ALL_QUEUE_METRICS), first)
        made = self.sim.sim("contacts", {"op": "arrive", "queueId": queue_id, "mediaType": "email", "count": 3})
        after = values(by_group(self.sim.observe([queue_id], ALL_QUEUE_METRICS))[queue_id, "email"])
        before = values(by_group(first)[queue_id, "email"])
        self.assertEqual(sum(after[m, None] - before[m, None] for m in ("oWaiting", "oAlerting")), 3)
        for one in made["conversationIds"]:
            self.assertTrue(self.sim.sim("contacts", {"op": "disconnect", "conversationId": one})["disconnected"])
        again = values(by_group(self.sim.observe([queue_id], ALL_QUEUE_METRICS))[queue_id, "email"])
        self.assertEqual([again[m, None] for m in ("oWaiting", "oAlerting")],
                         [before[m, None] for m in ("oWaiting", "oAlerting")])

    def test_filters_select(self) -> None:
        ids = list(self.queues)
        both = {"type": "AND", "clauses": [{"type": "or", "predicates": [
            {"dimension": "queueId", "value": q} for q in ids[:2]]}],
            "predicates": [{"dimension": "mediaType", "value": "voice"}]}
        answer = self.sim.post(PATH, {"filter": both, "metrics": ["oWaiting", "oMemberUsers"]})
        self.assertEqual(set(by_group(answer)), {(q, "voice") for q in ids[:2]})
        no_media = {"type": "and", "predicates": [{"dimension": "queueId", "value": ids[0]},
                                                  {"dimension": "mediaType", "operator": "notExists"}]}
        answer = self.sim.post(PATH, {"filter": no_media, "metrics": ["oWaiting", "oMemberUsers"]})
        self.assertEqual(set(by_group(answer)), {(ids[0], None)})
        self.assertEqual(self.sim.observe(["nobody"], ["oWaiting"])["results"], [])

    def test_invalid_queries_are_refused_with_their_cause(self) -> None:
        good = {"type": "or", "predicates": [{"dimension": "queueId", "value": "x"}]}
        many = {"type": "or", "predicates": good["predicates"] * 201}
        rows: list[tuple[Any, str, str]] = [
            ({"filter": {**good, "type": ""}, "metrics": ["oWaiting"]}, "invalid.value",
             "Value [] is not valid for field type [QueryFilterType]. Allowable values are: and, or"),
            ({"filter": {"predicates": []}, "metrics": ["oWaiting"]}, "bad.request", "predicate"),
            ({"metrics": ["oWaiting"]}, "bad.request", "filter is required"),
            ({"filter": many, "metrics": ["oWaiting"]}, "bad.request", "[201] predicates"),
            ({"filter": good, "metrics": ["tWait"]}, "invalid.value", "Value [tWait] is not valid"),
            ({"filter": good, "metrics": ["oServiceLevel"]}, "invalid.value", "oServiceLevel"),
            ({"filter": good, "metrics": []}, "bad.request", "metric"),
            ({"filter": good, "metrics": ["oWaiting"], "detailMetrics": ["oLongestWaiting"]}, "invalid.value",
             "oLongest"),
            ({"filter": {"type": "or", "predicates": [{"dimension": "userId", "value": "x"}]}, "metrics": ["oWaiting"]},
             "invalid.value", "Value [userId]"),
            ({"filter": {"type": "or", "predicates": [{"dimension": "queueId"}]}, "metrics": ["oWaiting"]},
             "bad.request", "value"),
            ([], "bad.request", "object"), (b"{", "bad.request", "JSON")]
        for body, code, words in rows:
            with self.subTest(words=words):
                self.assertIn(words, self.refused(self.sim.call("POST", PATH, body), 400, code)["message"])
        two_hundred = {"type": "or", "predicates": good["predicates"] * 200}
        self.sim.post(PATH, {"filter": two_hundred, "metrics": ["oWaiting"]})

    def test_a_wrong_content_type_and_an_oversized_body_are_refused(self) -> None:
        answer = self.sim.call("POST", PATH, b"{}", headers={"Content-Type": "text/plain"})
        self.refused(answer, 415, "unsupported.media.type")
        self.refused(self.sim.call("POST", PATH, b" " * 512_001), 413, "request.entity.too.large")

    def test_the_bodies_of_these_tests_are_official(self) -> None:
        if SWAGGER is None:
            self.skipTest("no schemas at hand")
        body = {"filter": {"type": "or", "predicates": [{"dimension": "queueId", "operator": "matches", "value": "x"}]},
                "metrics": ALL_QUEUE_METRICS, "detailMetrics": ["oWaiting"]}
        self.assertEqual(SWAGGER.check_body("POST", "/api/v2" + PATH, body), [])
        self.assertTrue(SWAGGER.check_body("POST", "/api/v2" + PATH, {**body, "interval": "x"}))

    def test_a_user_has_the_counts_of_its_queues(self) -> None:
        user = self.sim.get("/users?pageSize=1")["entities"][0]["id"]
        answer = self.sim.post("/analytics/users/observations/query", {
            "filter": {"type": "or", "predicates": [{"dimension": "userId", "value": user}]},
            "metrics": ["oActiveQueues", "oMemberQueues"]})
        (result,) = answer["results"]
        counts = {d["metric"]: d["stats"]["count"] for d in result["data"]}
        self.assertEqual(result["group"], {"userId": user})
        self.assertGreaterEqual(counts["oMemberQueues"], max(2, counts["oActiveQueues"]))


class Freshness(SimCase):
    WORDS = ("--speed", "120")

    def test_time_stamps_are_wall_time_and_values_move(self) -> None:
        queues = list(self.sim.sim("truth")["queues"])
        ages: set[float] = set()
        answers: set[str] = set()
        deadline = time.monotonic() + 60  # a fast host polls much more often than the world changes
        while len(answers) <= 5 and time.monotonic() < deadline:
            answer = self.sim.observe(queues, ["oLongestInteracting", "oInteracting"])
            answers.add(str(answer))
            now = time.time() * 1000
            ages |= {now - v for (_, media), g in by_group(answer).items() if "data" in g
                     for (m, _), v in values(g).items() if m == "oLongestInteracting" and v}
        self.assertGreater(len(answers), 5)
        self.assertGreaterEqual(min(ages), -50)
        self.assertLess(max(ages), 120_000)  # unscaled ages would be two hours and more


class Caches(SimCase):
    """A change must invalidate the cached pieces."""
    WORDS = ("--speed", "300", "--queues", "6", "--agents", "12", "--load", "1.3")

    def test_answers_follow_the_world(self) -> None:
        queues = list(self.sim.sim("truth")["queues"])
        routing = {"metrics": [{"metric": "oUserRoutingStatuses"}], "groupBy": ["queueId"]}
        changes = 0
        seen = None
        for _ in range(40):
            self.sim.sim("freeze", {})
            record = self.sim.sim("truth")
            truth = record["queues"]
            metrics = ["oWaiting", "oAlerting", "oInteracting", "oUserRoutingStatuses"]
            groups = by_group(self.sim.observe(queues, metrics))
            paged = {r["group"]["queueId"]: {d["qualifier"]: d["count"] for d in r["data"]} for r in
                     self.sim.post("/analytics/routing/activity/query", routing)["results"]}
            for queue_id, queue in truth.items():
                for media in MEDIA:
                    found, real = values(groups[queue_id, media]), queue["media"][media]
                    self.assertEqual([found[m, None] for m in ("oWaiting", "oAlerting", "oInteracting")],
                                     [real[n] for n in ("waiting", "alerting", "interacting")])
                self.assertEqual({q: n for (_, q), n in values(groups[queue_id, None]).items()}, queue["routing"])
                self.assertEqual(paged[queue_id], queue["routing"])
            changes += truth != seen
            seen = truth
            self.sim.sim("thaw", {})
            wait_for(lambda: self.sim.sim("truth")["virtual_s"] > record["virtual_s"] + 15)
        self.assertGreater(changes, 20)

    def test_a_contact_without_an_agent_is_visible_at_once(self) -> None:
        self.sim.sim("freeze", {})
        queue_id = self.sim.sim("queues", {"op": "create"})["id"]
        for count in range(1, 12):
            self.sim.sim("contacts", {"op": "arrive", "queueId": queue_id, "mediaType": "voice"})
            found = values(by_group(self.sim.observe([queue_id], ["oWaiting", "oAlerting"]))[queue_id, "voice"])
            self.assertEqual(sum(found.values()), count)
        self.sim.sim("queues", {"op": "delete", "id": queue_id})
        self.sim.sim("thaw", {})


class Filters(unittest.TestCase):
    DIMENSIONS = ["queueId", "mediaType"]

    def bound(self, raw: Any) -> Any:
        return parse(raw, self.DIMENSIONS, "X").only("queueId")

    def test_a_filter_knows_the_bounds_of_a_dimension(self) -> None:
        a, b = ({"dimension": "queueId", "value": v} for v in "ab")
        voice = {"dimension": "mediaType", "value": "voice"}
        self.assertEqual(self.bound({"type": "or", "predicates": [a, b]}), {"a", "b"})
        self.assertEqual(self.bound({"type": "and", "predicates": [a, voice]}), {"a"})
        self.assertEqual(self.bound({"type": "and", "predicates": [a, b]}), set())
        self.assertIsNone(self.bound({"type": "or", "predicates": [a, voice]}))
        self.assertEqual(self.bound({"type": "and", "predicates": [voice], "clauses": [
            {"type": "or", "predicates": [a, b]}]}), {"a", "b"})

    def test_a_nested_filter_matches_its_rows(self) -> None:
        node = parse({"type": "or", "clauses": [{"type": "and", "predicates": [
            {"dimension": "queueId", "value": "a"}, {"dimension": "mediaType", "operator": "exists"}]}],
            "predicates": [{"dimension": "queueId", "value": "b"}]}, self.DIMENSIONS, "X")
        rows = [({"queueId": "a", "mediaType": "voice"}, True), ({"queueId": "a"}, False), ({"queueId": "b"}, True)]
        for here, expected in rows:
            self.assertEqual(node.matches(here.get), expected, here)
