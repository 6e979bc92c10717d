# SPDX-License-Identifier: MIT
"""Aggregate queries against the totals of the world, and against posted facts."""
from __future__ import annotations

import json
import unittest
from typing import Any

from .facts import CONVERSATIONS, FLOWS, GHOST, MINUTE_MS, USERS, FactsCase, predicates, query, span, summed
from .support import SWAGGER, Sim, SimCase, wait_for

# The simulator's name of the total -> the metric, for counts and for times.
COUNTS = {"offered": "nOffered", "transferred": "nTransferred", "transferred_blind": "nBlindTransferred",
          "transferred_consult": "nConsultTransferred", "over_sla": "nOverSla"}
TIMES = {"wait": "tAnswered", "abandon_wait": "tAbandon", "handle": "tHandle", "wrapup": "tAcw",
         "not_responding": "tNotResponding", "talk": "tTalkComplete", "held": "tHeldComplete"}


class Lively(SimCase):
    """A centre that runs for about an hour and is frozen then."""
    WORDS = ("--queues", "12", "--agents", "40", "--speed", "900", "--seed", "5")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        wait_for(lambda: cls.sim.sim("truth")["virtual_s"] > 1200 + 2700)
        cls.sim.sim("freeze", {})
        cls.truth = cls.sim.sim("truth")
        cls.whole = span(cls.truth["totals_since_ms"] + 1, cls.truth["now_ms"] + 1000)

    def test_aggregates_equal_the_totals_of_the_world(self) -> None:
        """The tally and the facts are separate observers of the world."""
        answer = self.sim.post(CONVERSATIONS, query(self.whole, [*COUNTS.values(), *TIMES.values()], "queueId", "mediaType"))
        found = {(r["group"]["queueId"], r["group"]["mediaType"]): summed({"results": [r]}) for r in answer["results"]}
        sums = {(r["group"]["queueId"], r["group"]["mediaType"]): summed({"results": [r]}, "sum") for r in answer["results"]}
        compared = 0
        for queue, record in self.truth["queues"].items():
            for media, totals in record["totals"].items():
                counts, times = found.get((queue, media), {}), sums.get((queue, media), {})
                for name, metric in COUNTS.items():
                    self.assertEqual(counts[metric], totals[name], (metric, media))
                for name, metric in TIMES.items():
                    self.assertEqual((counts[metric], times[metric]), (totals[name]["count"], totals[name]["sum_ms"]))
                    compared += totals[name]["count"]
        self.assertGreater(compared, 500)
        for name in (*COUNTS.values(), "tHeldComplete", "tAbandon"):
            self.assertGreater(sum(c[name] for c in found.values()), 0, name)

    def test_buckets_add_up_to_the_whole(self) -> None:
        self.sim.sim("config", {"aggregate_granularity_min_s": 0.5})
        metrics = ["nOffered", "tAnswered", "tHandle", "tAcw"]
        whole = self.sim.post(CONVERSATIONS, query(self.whole, metrics, "queueId", "mediaType"))
        fine = self.sim.post(CONVERSATIONS, query(self.whole, metrics, "queueId", "mediaType", granularity="PT1S"))
        for member in ("count", "sum"):
            self.assertEqual(summed(fine, member, "queueId"), summed(whole, member, "queueId"))
        self.assertGreater(len({b["interval"] for r in fine["results"] for b in r["data"]}), 1)
        for result in fine["results"]:
            intervals = [bucket["interval"] for bucket in result["data"]]
            self.assertEqual(intervals, sorted(set(intervals)))
        extremes = max(row["stats"]["max"] for r in fine["results"] for b in r["data"] for row in b["metrics"]
                       if row["metric"] == "tHandle")
        self.assertEqual(extremes, max(row["stats"]["max"] for r in whole["results"] for b in r["data"]
                                       for row in b["metrics"] if row["metric"] == "tHandle"))

    def test_any_grouping_adds_up(self) -> None:
        total = summed(self.sim.post(CONVERSATIONS, query(self.whole, ["tAnswered"])))["tAnswered"]
        for by in (["userId"], ["direction"], ["divisionId"], ["conversationId"], ["purpose"], ["queueId", "userId"],
                   ["wrapUpCode"], ["usedRouting", "requestedRouting", "originatingDirection"]):
            answer = self.sim.post(CONVERSATIONS, query(self.whole, ["tAnswered"], *by))
            self.assertEqual(summed(answer)["tAnswered"], total, by)
        by_user = self.sim.post(CONVERSATIONS, query(self.whole, ["tAnswered", "nOffered"], "userId"))
        self.assertTrue(all("userId" in r["group"] for r in by_user["results"]
                            if any(row["metric"] == "tAnswered" for row in r["data"][0]["metrics"])))
        self.assertTrue(any("userId" not in r["group"] for r in by_user["results"]), "offers have no agent")

    def test_the_group_always_has_the_medium(self) -> None:
        answer = self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"], "queueId"))
        keys = [(r["group"]["queueId"], r["group"]["mediaType"]) for r in answer["results"]]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertGreater(len(keys), len({queue for queue, _ in keys}))
        bare = self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"]))
        self.assertTrue(all(set(r["group"]) == {"mediaType"} for r in bare["results"]))

    def test_wrap_up_codes_are_those_of_the_list(self) -> None:
        codes = {c["id"] for c in self.sim.get("/routing/wrapupcodes")["entities"]}
        answer = self.sim.post(CONVERSATIONS, query(self.whole, ["tAcw"], "wrapUpCode"))
        self.assertTrue({r["group"]["wrapUpCode"] for r in answer["results"]} <= codes)
        self.assertGreater(len(answer["results"]), 1)

    def test_filters_select_their_rows(self) -> None:
        whole = self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"], "queueId"))
        each = summed(whole, by="queueId")
        chosen = sorted({queue for queue, _ in each})[:3]
        some = self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"], "queueId", filter=predicates("queueId", chosen)))
        self.assertEqual(summed(some, by="queueId"), {k: v for k, v in each.items() if k[0] in chosen})
        voice = self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"], filter={
            "type": "and", "predicates": [{"dimension": "mediaType", "operator": "matches", "value": "voice"}],
            "clauses": [predicates("queueId", chosen)]}))
        self.assertEqual([r["group"] for r in voice["results"]], [{"mediaType": "voice"}])
        agents = self.sim.post(CONVERSATIONS, query(self.whole, ["tAcw", "nOffered"], filter={
            "type": "and", "predicates": [{"dimension": "userId", "operator": "exists"}]}))
        self.assertEqual(set(summed(agents)), {"tAcw"})
        none = self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"], filter={"type": "or", "predicates": []}))
        self.assertEqual(sum(summed(none).values()), sum(each.values()))

    def test_the_service_level_counts_answers_in_time(self) -> None:
        metrics = ["oServiceLevel", "oServiceTarget", "tAnswered", "tAbandon", "nOverSla"]
        answer = self.sim.post(CONVERSATIONS, query(self.whole, metrics, "queueId"))
        seen = 0
        for result in answer["results"]:
            rows = {row["metric"]: row["stats"] for row in result["data"][0]["metrics"]}
            self.assertEqual(rows["oServiceTarget"], {"current": 0.8})
            answered, abandoned, late = (rows.get(m, {}).get("count", 0) for m in ("tAnswered", "tAbandon", "nOverSla"))
            level = rows.get("oServiceLevel")
            if level is None:
                self.assertEqual(answered + abandoned, 0)
                continue
            self.assertEqual(level["numerator"], answered - late)
            self.assertEqual(level["denominator"], answered + abandoned)
            self.assertAlmostEqual(level["ratio"], level["numerator"] / level["denominator"])
            seen += level["denominator"]
        self.assertGreater(seen, 100)

    def test_the_truth_is_the_same_when_nothing_is_late(self) -> None:
        metrics = "nOffered,tAnswered,tHandle"
        final = self.sim.sim("truth/aggregates?interval=%s&groupBy=queueId,mediaType&metrics=%s" % (self.whole, metrics))
        asked = self.sim.post(CONVERSATIONS, query(self.whole, metrics.split(","), "queueId", "mediaType"))
        self.assertEqual((final["results"], final["pending"], final["complete"]), (asked["results"], 0, True))

    def test_states_of_users_fill_their_interval(self) -> None:
        """At each moment an agent has one presence and one routing status."""
        begin, end = self.truth["totals_since_ms"], self.truth["totals_since_ms"] + 1500
        answer = self.sim.post(USERS, query(span(begin, end), ["tSystemPresence", "tOrganizationPresence", "tAgentRoutingStatus"], "userId"))
        self.assertEqual(len(answer["results"]), 40)
        self.assertIn("ON_QUEUE", answer["systemToOrganizationMappings"])
        for result in answer["results"]:
            sums = summed({"results": [result]}, "sum")
            for metric in ("tSystemPresence", "tOrganizationPresence", "tAgentRoutingStatus"):
                self.assertEqual(sum(v for key, v in sums.items() if key[0] == metric), end - begin, metric)
            on_queue = sums["tSystemPresence", "ON_QUEUE"]
            self.assertEqual(sum(v for key, v in sums.items() if key[0] == "tAgentRoutingStatus" and key[1] != "OFF_QUEUE"), on_queue)
            self.assertTrue(all(set(row["stats"]) == {"sum"} for b in result["data"] for row in b["metrics"]))

    def test_buckets_of_users_add_up(self) -> None:
        self.sim.sim("config", {"aggregate_granularity_min_s": 1})
        body = query(span(self.truth["totals_since_ms"], self.truth["now_ms"]), ["tAgentRoutingStatus"], "userId")
        self.assertEqual(summed(self.sim.post(USERS, {**body, "granularity": "PT1S"}), "sum", "userId"),
                         summed(self.sim.post(USERS, body), "sum", "userId"))

    def test_no_state_is_in_the_future(self) -> None:
        now_ms = self.sim.sim("queries")["now_ms"]
        answer = self.sim.post(USERS, query(span(now_ms - 2000, now_ms + 3_600_000), ["tSystemPresence"], "userId"))
        spent = summed(answer, "sum", "userId")
        user = answer["results"][0]["group"]["userId"]
        self.assertLess(sum(v for key, v in spent.items() if key[0] == user), 20_000)

    def test_queries_are_noted(self) -> None:
        self.sim.post(CONVERSATIONS, query(self.whole, ["nOffered"], "queueId", granularity="PT1H"))
        note = self.sim.sim("queries?last=1")["queries"][0]
        self.assertEqual((note["function"], note["interval"], note["granularity"], note["groupBy"], note["filtered"]),
                         ("POST /api/v2" + CONVERSATIONS, self.whole, "PT1H", ["queueId"], False))


class ByHand(FactsCase):
    def test_an_event_falls_into_the_interval_of_its_moment(self) -> None:
        boundary = self.now_ms // MINUTE_MS * MINUTE_MS - 300 * MINUTE_MS
        self.add({"metric": "tAcd", "at_ms": boundary - 1, "value_ms": 7}, {"metric": "tAcd", "at_ms": boundary, "value_ms": 5})
        for begin, expected in ((boundary - MINUTE_MS, 7), (boundary, 5)):
            answer = self.ask("tAcd", interval=span(begin, begin + MINUTE_MS))
            self.assertEqual(answer["results"][0]["data"][0]["metrics"][0]["stats"],
                             {"count": 1, "sum": expected, "min": expected, "max": expected})

    def test_an_empty_answer_has_three_forms(self) -> None:
        asked = query(span(0, MINUTE_MS), ["nOffered"], "queueId")
        for setting, expected in (("list", {"results": []}), ("absent", {}), ("null", {"results": None})):
            self.sim.sim("config", {"aggregate_empty": setting})
            self.assertEqual(self.sim.call("POST", CONVERSATIONS, asked, lenient=True).json, expected)

    def test_a_deleted_queue_keeps_its_past(self) -> None:
        made = self.sim.sim("queues", {"op": "create", "name": "Doomed"})
        self.add({"metric": "nOffered", "queueId": "Doomed", "count": 3, "ago_s": 60})
        self.sim.sim("queues", {"op": "delete", "id": "Doomed"})
        self.assertEqual(summed(self.ask("nOffered"), by="queueId")[made["id"], "nOffered"], 3)

    def test_invisible_divisions_are_left_out(self) -> None:
        self.add({"metric": "nConsult", "queueId": "Queue 0001"}, {"metric": "nConsult", "queueId": "Queue 0002"})
        self.assertEqual(summed(self.ask("nConsult"))["nConsult"], 2)
        self.sim.sim("config", {"divisions": ["Home"]})
        self.assertEqual(summed(self.ask("nConsult"))["nConsult"], 1)

    def test_oddities_change_no_value(self) -> None:
        self.add({"metric": "tDialing", "value_ms": 1234, "count": 2})
        plain = self.ask("tDialing")
        self.sim.sim("config", {"aggregate_oddities": True})
        odd = self.sim.call("POST", CONVERSATIONS, query(self.whole, ["tDialing"], "queueId"), lenient=True).json["results"]
        kept = [r for r in odd if r and r.get("group") and "queueId" in r["group"] and r.get("data")]
        self.assertEqual([r["group"] for r in kept], [r["group"] for r in plain["results"]])
        self.assertEqual(kept[0]["data"][0]["metrics"][0]["stats"]["sum"], 2468)
        self.assertIn(None, odd)
        self.assertTrue(any(r and r.get("data", 0) is None for r in odd))

    def test_the_limits_are_answered_with_400(self) -> None:
        self.sim.sim("config", {"aggregate_group_by_max": 2, "aggregate_groups_max": 1, "aggregate_buckets_max": 100})
        self.add({"metric": "nError", "queueId": "Queue 0001"}, {"metric": "nError", "queueId": "Queue 0002"})
        day, many = 24 * 60 * MINUTE_MS, [GHOST] * 201
        at = self.now_ms
        rows: list[tuple[str, str, Any, str]] = [
            ("an interval too wide", CONVERSATIONS, query(span(at - 32 * day, at), ["nOffered"]), "bad.request"),
            ("too many buckets", CONVERSATIONS, query(span(at - day, at), ["nOffered"], granularity="PT1M"), "bad.request"),
            ("too fine", CONVERSATIONS, query(span(at - MINUTE_MS, at), ["nOffered"], granularity="PT30S"), "bad.request"),
            ("too many predicates", CONVERSATIONS, query(self.whole, ["nOffered"], filter=predicates("queueId", many)), "bad.request"),
            ("too many users", USERS, query(self.whole, ["tSystemPresence"], "userId", filter=predicates("userId", many[:101])), "bad.request"),
            ("too many dimensions", CONVERSATIONS, query(self.whole, ["nOffered"], "queueId", "userId", "ani"), "bad.request"),
            ("too many groups", CONVERSATIONS, query(self.whole, ["nError"], "queueId"), "bad.request"),
            ("no interval", CONVERSATIONS, {"metrics": ["nOffered"]}, "bad.request"),
            ("a bad interval", CONVERSATIONS, query("yesterday", ["nOffered"]), "bad.request"),
            ("a bad granularity", CONVERSATIONS, query(self.whole, ["nOffered"], granularity="1 minute"), "bad.request"),
            ("no metric", CONVERSATIONS, query(self.whole, []), "bad.request"),
            ("an unknown metric", CONVERSATIONS, query(self.whole, ["nOffered", "nInvented"]), "invalid.value"),
            ("an observation", CONVERSATIONS, query(self.whole, ["oWaiting"]), "invalid.value"),
            ("a metric of conversations", USERS, query(self.whole, ["tTalk"], "userId"), "invalid.value"),
            ("a metric of conversations", FLOWS, query(self.whole, ["nOffered"], "flowId"), "invalid.value"),
            ("an unknown dimension", CONVERSATIONS, query(self.whole, ["nOffered"], "queue"), "invalid.value"),
            ("users by queue", USERS, query(self.whole, ["tSystemPresence"], "queueId"), "invalid.value"),
            ("an unknown filter", CONVERSATIONS, query(self.whole, ["nOffered"], filter=predicates("colour", ["red"])), "invalid.value"),
            ("a filter's type", CONVERSATIONS, query(self.whole, ["nOffered"], filter={"predicates": []}), "invalid.value"),
            ("an unknown zone", CONVERSATIONS, query(self.whole, ["nOffered"], timeZone="Mars/North"), "invalid.value"),
            ("an unknown member", CONVERSATIONS, query(self.whole, ["nOffered"], granularty="PT1M"), "bad.request")]
        for name, path, body, code in rows:
            with self.subTest(name):
                self.refused(self.sim.call("POST", path, body), 400, code)
        near = query(span(at - day, at), ["nOffered"], "queueId", "mediaType", filter=predicates("queueId", many[:200]))
        self.assertEqual(self.sim.call("POST", CONVERSATIONS, near).status, 200)

    def test_a_query_without_its_permission_is_refused(self) -> None:
        self.sim.sim("config", {"permissions": ["routing:queue:view"]})
        for path, what in ((CONVERSATIONS, "conversationAggregate"), (USERS, "userAggregate"), (FLOWS, "flowAggregate")):
            record = self.refused(self.sim.call("POST", path, {}), 403, "missing.any.permissions")
            self.assertIn("analytics:%s:view" % what, record["message"])

    def test_the_bodies_of_these_tests_are_official(self) -> None:
        if SWAGGER is None:
            self.skipTest("no schemas at hand")
        for path, metric, by in ((CONVERSATIONS, "nOffered", "queueId"), (USERS, "tSystemPresence", "userId"),
                                 (FLOWS, "nFlow", "flowId")):
            body = query(self.whole, [metric], by, granularity="PT1M", filter=predicates(by, [GHOST]))
            self.assertEqual(SWAGGER.check_body("POST", "/api/v2" + path, body), [])


class Filled(unittest.TestCase):
    """5,000 queues with 20 metrics each: the answer follows the rule and is streamed."""
    METRICS = ["nOffered", "nConnected", "nOverSla", "nTransferred", "nBlindTransferred", "nConsultTransferred", "nError",
               "nConsult", "oServiceLevel", "tAbandon", "tAcd", "tAcw", "tAlert", "tAnswered", "tHandle", "tHeld",
               "tHeldComplete", "tTalk", "tTalkComplete", "tWait"]

    def test_a_large_answer_streams_and_adds_up(self) -> None:
        sim = Sim("--queues", "5000", "--agents", "10", "--plain-names", "--load", "0", "--warmup", "0", "--frozen")
        self.addCleanup(sim.close)
        sim.sim("config", {"filler": {"media": ["voice"]}})
        begin = 1_700_000_040_000
        minute = begin // MINUTE_MS
        body = query(span(begin, begin + 2 * MINUTE_MS), self.METRICS, "queueId", "mediaType", granularity="PT1M")
        answer = sim.call("POST", CONVERSATIONS, body, lenient=True)
        self.assertEqual(answer.headers.get("transfer-encoding"), "chunked")
        self.assertGreater(len(answer.raw), 8_000_000)
        expected = sum(2 + (i + t) % 7 for i in range(5000) for t in (minute, minute + 1))
        counts = summed(answer.json)
        self.assertEqual([counts[m] for m in ("nOffered", "tWait")], [expected] * 2)
        self.assertEqual(summed(answer.json, "sum")["tHandle"], expected * 1500)
        if SWAGGER is not None:
            one = {"results": answer.json["results"][:3]}
            self.assertEqual(SWAGGER.check_answer("POST", "/api/v2" + CONVERSATIONS, 200, one), [])
        zipped = sim.call("POST", CONVERSATIONS, body, lenient=True, headers={"Accept-Encoding": "gzip"})
        self.assertLess(len(zipped.raw), len(answer.raw) // 5)
        sim.sim("faults", {"on": "* *", "answer": "truncate", "count": 1})
        with self.assertRaises(Exception):
            json.loads(sim.call("POST", CONVERSATIONS, body, lenient=True).raw)
