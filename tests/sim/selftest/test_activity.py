# SPDX-License-Identifier: MIT
"""Activity queries against the truth, with their pages."""
from __future__ import annotations

from collections import Counter
from typing import Any

from .support import SWAGGER, SimCase

CONTACTS = "/analytics/conversations/activity/query"
ROUTING = "/analytics/routing/activity/query"
USERS = "/analytics/users/activity/query"
USER_METRICS = ["oActiveUsers", "oMemberUsers", "oOffQueueUsers", "oOnQueueUsers", "oUserPresences",
                "oUserRoutingStatuses"]


def query(metrics: list[str], group_by: list[str], **more: Any) -> dict[str, Any]:
    return {"metrics": [{"metric": m} for m in metrics], "groupBy": group_by, **more}


class Activity(SimCase):
    WORDS = ("--frozen", "--queues", "40", "--agents", "90", "--load", "1.5")

    def setUp(self) -> None:
        self.queues = self.sim.sim("truth")["queues"]

    def whole(self, path: str, body: Any, size: int) -> list[Any]:
        """All pages until an empty one: answers have no total."""
        results: list[Any] = []
        for number in range(1, 1000):
            page = self.sim.post("%s?pageSize=%d&pageNumber=%d" % (path, size, number), body)["results"]
            if not page:
                return results
            results += page
        raise AssertionError("no end")

    def test_contacts_by_queue_and_media_are_the_truth(self) -> None:
        body = query(["oWaiting", "oAlerting", "oInteracting", "oLongestWaiting"], ["queueId", "mediaType"])
        for size in (7, 1000):
            found = {}
            for result in self.whole(CONTACTS, body, size):
                key = (result["group"]["queueId"], result["group"]["mediaType"])
                self.assertNotIn(key, found)
                found[key] = {d["metric"]: d.get("count", d.get("calculatedMetricValue")) for d in result["data"]}
            for queue_id, queue in self.queues.items():
                for media, real in queue["media"].items():
                    record = found.get((queue_id, media), {})
                    self.assertEqual([record.get(m, 0) for m in ("oWaiting", "oAlerting", "oInteracting")],
                                     [real["waiting"], real["alerting"], real["interacting"]])
                    self.assertEqual(record.get("oLongestWaiting"), real["oldest_waiting_ms"])
            busy = sum(any(m[s] for s in ("waiting", "alerting", "interacting"))
                       for q in self.queues.values() for m in q["media"].values())
            self.assertEqual(len(found), busy)

    def test_zeros_are_answered_on_request(self) -> None:
        self.sim.sim("config", {"activity_zeros": True})
        found = self.whole(CONTACTS, query(["oWaiting"], ["queueId", "mediaType"]), 1000)
        self.assertEqual(len(found), 40 * 5)
        self.assertEqual(len(self.whole(CONTACTS, query(["oWaiting"], ["queueId"]), 1000)), 40)

    def test_an_oversized_page_is_clamped_silently(self) -> None:
        self.sim.sim("config", {"activity_zeros": True, "activity_page_max": 30})
        body = query(["oWaiting"], ["queueId", "mediaType"])
        self.assertEqual(len(self.sim.post(CONTACTS + "?pageSize=1000", body)["results"]), 30)
        self.assertEqual(len(self.whole(CONTACTS, body, 1000)), 200)
        self.assertEqual(len(self.whole(ROUTING, query(["oMemberUsers"], ["queueId"]), 1000)), 40)

    def test_each_other_grouping_adds_up_to_the_truth(self) -> None:
        total = sum(m["interacting"] for q in self.queues.values() for m in q["media"].values())
        for dimension in ("userId", "direction", "conversationId", "mediaType", "usedRouting"):
            results = self.whole(CONTACTS, query(["oInteracting"], [dimension]), 50)
            self.assertEqual(sum(r["data"][0]["count"] for r in results), total, dimension)
        by_user = self.whole(CONTACTS, query(["oInteracting"], ["userId"]), 50)
        self.assertTrue(all("userId" in r["group"] for r in by_user if r["data"][0]["count"]))

    def test_details_list_the_conversations_that_pass_the_filter(self) -> None:
        queue_id = max(self.queues, key=lambda q: self.queues[q]["media"]["voice"]["interacting"])
        body = {"metrics": [{"metric": "oInteracting", "details": True}], "groupBy": ["queueId"],
                "filter": {"type": "and", "predicates": [{"dimension": "queueId", "value": queue_id},
                                                         {"dimension": "mediaType", "value": "voice"}]}}
        answer = self.sim.post(CONTACTS, body)
        (result,) = answer["results"]
        count = self.queues[queue_id]["media"]["voice"]["interacting"]
        self.assertGreater(count, 0)
        self.assertEqual((result["data"][0]["count"], len(result["entities"])), (count, count))
        self.assertFalse(result["truncated"])
        self.assertEqual(answer["entityIdDimension"], "conversationId")

    def test_routing_is_the_truth(self) -> None:
        results = {r["group"]["queueId"]: r["data"] for r in self.whole(ROUTING, query(USER_METRICS, ["queueId"]), 9)}
        self.assertEqual(set(results), set(self.queues))
        for queue_id, queue in self.queues.items():
            found = {(d["metric"], d.get("qualifier")): d["count"] for d in results[queue_id]}
            expected = {("oMemberUsers", None): queue["members"], ("oActiveUsers", None): queue["active"]}
            for metric, name in (("oOnQueueUsers", "on_queue"), ("oOffQueueUsers", "off_queue"),
                                 ("oUserPresences", "presence_org"), ("oUserRoutingStatuses", "routing")):
                expected.update({(metric, qualifier): count for qualifier, count in queue[name].items()})
            self.assertEqual(found, expected)

    def test_routing_filters_select_members(self) -> None:
        body = query(["oMemberUsers"], ["queueId"], filter={"type": "and", "predicates": [
            {"dimension": "routingStatus", "value": "OFF_QUEUE"}]})
        for result in self.whole(ROUTING, body, 100):
            self.assertEqual(result["data"][0]["count"],
                             self.queues[result["group"]["queueId"]]["routing"].get("OFF_QUEUE", 0))

    def test_counts_of_users_add_up_to_those_of_the_queues(self) -> None:
        results = self.whole(USERS, query(["oActiveQueues", "oMemberQueues"], ["userId"]), 33)
        self.assertEqual(len({r["group"]["userId"] for r in results}), 90)
        members = Counter()
        for result in results:
            members.update({d["metric"]: d["count"] for d in result["data"]})
        self.assertEqual(members["oMemberQueues"], sum(q["members"] for q in self.queues.values()))
        self.assertEqual(members["oActiveQueues"], sum(q["active"] for q in self.queues.values()))

    def test_order_is_reversed_on_request(self) -> None:
        body = query(["oMemberUsers"], ["queueId"])
        ids = [[r["group"]["queueId"] for r in self.whole(ROUTING, {**body, "order": o}, 100)] for o in ("asc", "desc")]
        self.assertEqual(ids[0], ids[1][::-1])

    def test_invalid_queries_are_refused(self) -> None:
        rows: list[tuple[str, Any, str]] = [
            (CONTACTS, query(["oFlow"], ["queueId"]), "invalid.value"),
            (CONTACTS, {"metrics": [{"name": "oWaiting"}], "groupBy": ["queueId"]}, "invalid.value"),
            (CONTACTS, {"metrics": ["oWaiting"], "groupBy": ["queueId"]}, "invalid.value"),
            (CONTACTS, query(["oWaiting"], []), "bad.request"),
            (CONTACTS, query(["oWaiting"], ["flowId"]), "invalid.value"),
            (CONTACTS, query(["oWaiting"], ["queueId"], order="up"), "invalid.value"),
            (CONTACTS, query(["oWaiting"], ["queueId"], filter={"type": "x", "predicates": []}), "invalid.value"),
            (ROUTING, query(["oMemberUsers"], ["userId"]), "invalid.value"),
            (ROUTING, query(["oMemberUsers"], []), "bad.request"),
            (USERS, query(["oMemberUsers"], ["userId"]), "invalid.value")]
        for path, body, code in rows:
            with self.subTest(body=body):
                self.refused(self.sim.call("POST", path, body), 400, code)
        answer = self.sim.call("POST", CONTACTS + "?pageNumber=0", query(["oWaiting"], ["queueId"]))
        self.refused(answer, 400, "bad.request")

    def test_the_bodies_of_these_tests_are_official(self) -> None:
        if SWAGGER is None:
            self.skipTest("no schemas at hand")
        for path, metrics, by in ((CONTACTS, ["oWaiting"], "queueId"), (ROUTING, USER_METRICS, "queueId"),
                                  (USERS, ["oActiveQueues"], "userId")):
            self.assertEqual(SWAGGER.check_body("POST", "/api/v2" + path, query(metrics, [by], order="asc")), [])
