# SPDX-License-Identifier: MIT
"""Flows: their names, the conversations in them now, and those that have passed."""
from __future__ import annotations

from collections import Counter
from typing import Any

from .facts import FLOWS, query, span, summed
from .support import SWAGGER, SimCase, wait_for

OBSERVATIONS = "/analytics/flows/observations/query"
ACTIVITY = "/analytics/flows/activity/query"


def naming(flows: list[str]) -> dict[str, Any]:
    return {"type": "or", "predicates": [{"dimension": "flowId", "operator": "matches", "value": f} for f in flows]}


class Flows(SimCase):
    WORDS = ("--queues", "12", "--agents", "60", "--speed", "300", "--seed", "3")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        wait_for(lambda: cls.sim.sim("truth")["virtual_s"] > 1200 + 1200)
        wait_for(cls._is_frozen_with_calls)
        cls.truth = cls.sim.sim("truth")
        cls.flows = cls.truth["flows"]
        cls.whole = span(cls.truth["totals_since_ms"] + 1, cls.truth["now_ms"] + 1000)

    @classmethod
    def _is_frozen_with_calls(cls) -> bool:
        """Freezes the world; thaws it again if no calls are in flows at that moment."""
        cls.sim.sim("freeze", {})
        active = [f["active"] for f in cls.sim.sim("truth")["flows"].values()]
        if sum(one.get("voice", 0) for one in active) > 1:
            return True
        cls.sim.sim("thaw", {})
        return False

    def ask(self, metrics: list[str], *by: str, **more: Any) -> dict[str, Any]:
        return self.sim.post(FLOWS, query(self.whole, metrics, *by, **more))

    # ---- lists --------------------------------------------------------------------

    def test_flows_are_found_by_name_type_and_id(self) -> None:
        for path in ("/flows", "/flows/divisionviews"):
            found = {f["id"]: (f["name"], f["type"]) for f in self.sim.pages(path + "?pageSize=3")}
            self.assertEqual(found, {i: (f["name"], f["type"]) for i, f in self.flows.items()})
        calls = self.sim.get("/flows?type=inboundcall,inboundchat")
        self.assertEqual({f["type"] for f in calls["entities"]}, {"INBOUNDCALL", "INBOUNDCHAT"})
        (one,) = self.sim.get("/flows?name=customer*")["entities"]
        self.assertEqual(self.sim.get("/flows/" + one["id"])["name"], "CustomerRouting")
        self.refused(self.sim.call("GET", "/flows/" + "0" * 36), 404, "not.found")

    def test_outcomes_and_milestones_are_listed_in_pages(self) -> None:
        for kind, count in (("outcomes", 3), ("milestones", 2)):
            found = self.sim.pages("/flows/%s?pageSize=1" % kind)
            self.assertEqual((len(found), len({f["id"] for f in found})), (count, count))

    def test_flows_of_other_divisions_are_not_seen(self) -> None:
        self.sim.sim("config", {"divisions": ["Home"]})
        visible = {i for i, f in self.sim.sim("truth")["flows"].items() if f["visible"]}
        self.assertTrue(0 < len(visible) < len(self.flows))
        self.assertEqual({f["id"] for f in self.sim.pages("/flows")}, visible)
        self.assertTrue({r["group"]["flowId"] for r in self.ask(["nFlow"], "flowId")["results"]} <= visible)

    # ---- now ------------------------------------------------------------------------

    def test_observations_are_the_truth(self) -> None:
        answer = self.sim.post(OBSERVATIONS, {"filter": naming(list(self.flows)), "metrics": ["oFlow"], "detailMetrics": ["oFlow"]})
        found: Counter[str] = Counter()
        for result in answer["results"]:
            (row,) = result["data"]
            found[result["group"]["flowId"]] += row["stats"]["count"]
            self.assertEqual(len(row["observations"]), row["stats"]["count"])
        self.assertEqual(set(found), set(self.flows))  # zeros, too
        self.assertEqual(found, Counter({i: sum(f["active"].values()) for i, f in self.flows.items()}))

    def test_activity_is_the_truth(self) -> None:
        body = {"metrics": [{"metric": "oFlow", "details": True}], "groupBy": ["flowId", "mediaType"]}
        answer = self.sim.post(ACTIVITY, body)
        found = {r["group"]["flowId"]: r["data"][0]["count"] for r in answer["results"]}
        self.assertEqual(found, {i: sum(f["active"].values()) for i, f in self.flows.items() if f["active"]})
        pages = [self.sim.post(ACTIVITY + "?pageSize=1&pageNumber=%d" % n, body)["results"] for n in range(1, len(found) + 2)]
        self.assertEqual([len(p) for p in pages], [1] * len(found) + [0])
        by_type = self.sim.post(ACTIVITY, {"metrics": [{"metric": "oFlow"}], "groupBy": ["flowType"]})
        self.assertEqual([r["group"] for r in by_type["results"]], [{"flowType": "INBOUNDCALL"}])

    # ---- totals -------------------------------------------------------------------------

    def test_each_entry_has_an_exit_or_is_active(self) -> None:
        """Exits include those of contacts that were in a flow when the totals began."""
        everything = span(self.truth["totals_since_ms"] - 60_000, self.truth["now_ms"] + 1000)
        answer = self.sim.post(FLOWS, query(everything, ["nFlow", "tFlow", "tFlowDisconnect", "tFlowExit"], "flowId"))
        found = summed(answer, by="flowId")
        self.assertGreater(sum(v for (_, m), v in found.items() if m == "nFlow"), 100)
        for flow, record in self.flows.items():
            entered, left, lost, out = (found[flow, m] for m in ("nFlow", "tFlow", "tFlowDisconnect", "tFlowExit"))
            self.assertEqual((entered, left), (left + sum(record["active"].values()), lost + out), record["name"])
        self.assertGreater(sum(v for (_, m), v in found.items() if m == "tFlowDisconnect"), 0)

    def test_a_call_that_passes_a_flow_is_offered_to_a_queue(self) -> None:
        """All contacts of chat and email, except transfers, come through a flow."""
        exits = self.ask(["tFlowExit"], "exitReason", "transferType", "mediaType")
        self.assertEqual({(r["group"]["exitReason"], r["group"]["transferType"]) for r in exits["results"]}, {("TRANSFER", "ACD")})
        media = summed(exits, by="mediaType")
        offered = {m: sum(q["totals"].get(m, {}).get("offered", 0) for q in self.truth["queues"].values()) for m in ("chat", "email")}
        for medium, count in offered.items():
            self.assertTrue(0 < media[medium, "tFlowExit"] <= count, medium)

    def test_only_outcomes_that_fail_count_as_failures(self) -> None:
        ids = {o["id"] for o in self.sim.get("/flows/outcomes")["entities"]}
        answer = self.ask(["nFlowOutcome", "nFlowOutcomeFailed", "tFlowOutcome"], "flowOutcomeId", "flowOutcomeValue")
        self.assertEqual({r["group"]["flowOutcomeId"] for r in answer["results"]}, ids)
        by_value = summed(answer, by="flowOutcomeValue")
        self.assertGreater(by_value["FAILURE", "nFlowOutcome"], 0)
        self.assertEqual(by_value["FAILURE", "nFlowOutcome"], by_value["FAILURE", "nFlowOutcomeFailed"])
        self.assertEqual(by_value["SUCCESS", "nFlowOutcomeFailed"], 0)
        self.assertGreater(by_value["SUCCESS", "nFlowOutcome"], by_value["FAILURE", "nFlowOutcome"])

    def test_aggregates_have_each_milestone_of_the_list(self) -> None:
        ids = {m["id"] for m in self.sim.get("/flows/milestones")["entities"]}
        found = summed(self.ask(["nFlowMilestone", "oFlowMilestone"], "flowMilestoneId"), by="flowMilestoneId")
        self.assertEqual({key[0] for key in found}, ids)

    def test_the_truth_is_the_same_when_nothing_is_late(self) -> None:
        final = self.sim.sim("truth/aggregates?what=flows&groupBy=flowId,mediaType&metrics=nFlow,tFlow&interval=" + self.whole)
        self.assertEqual(final["results"], self.ask(["nFlow", "tFlow"], "flowId", "mediaType")["results"])

    def test_invalid_queries_are_refused(self) -> None:
        rows: list[tuple[str, Any, str]] = [
            (OBSERVATIONS, {"filter": naming(["x"]), "metrics": ["nFlow"]}, "invalid.value"),
            (OBSERVATIONS, {"metrics": ["oFlow"]}, "bad.request"),
            (OBSERVATIONS, {"filter": {"type": "and", "predicates": [{"dimension": "queueId", "value": "x"}]}, "metrics": ["oFlow"]}, "invalid.value"),
            (ACTIVITY, {"metrics": ["oFlow"], "groupBy": ["flowId"]}, "invalid.value"),
            (ACTIVITY, {"metrics": [{"metric": "oFlow"}]}, "bad.request"),
            (ACTIVITY, {"metrics": [{"metric": "oFlow"}], "groupBy": ["flowName"]}, "invalid.value")]
        for path, body, code in rows:
            with self.subTest(body=body):
                self.refused(self.sim.call("POST", path, body), 400, code)

    def test_the_bodies_of_these_tests_are_official(self) -> None:
        if SWAGGER is None:
            self.skipTest("no schemas at hand")
        for path, body in ((OBSERVATIONS, {"filter": naming(["x"]), "metrics": ["oFlow"], "detailMetrics": ["oFlow"]}),
                           (ACTIVITY, {"metrics": [{"metric": "oFlow", "details": True}], "groupBy": ["flowId"]})):
            self.assertEqual(SWAGGER.check_body("POST", "/api/v2" + path, body), [])
