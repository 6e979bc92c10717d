# SPDX-License-Identifier: MIT
"""Late data, corrections, and the final truth."""
from __future__ import annotations

from .facts import CONVERSATIONS, FactsCase, query, span, summed
from .support import SimCase, wait_for


class LateByHand(FactsCase):
    def count(self) -> int:
        return summed(self.ask("nTakeover"))["nTakeover"]

    def test_a_late_fact_comes_into_its_own_interval(self) -> None:
        self.add({"metric": "nTakeover", "ago_s": 3000, "count": 4, "in_s": 600})
        self.assertEqual((self.count(), summed(self.final())["nTakeover"], self.final()["pending"]), (0, 4, 4))
        self.sim.pass_time(600)
        self.assertEqual(self.count(), 4)
        before = self.now_ms - 2_900_000
        self.assertEqual(summed(self.ask("nTakeover", interval=span(before - 600_000, before)))["nTakeover"], 4)
        self.assertEqual(self.final()["pending"], 0)

    def test_a_retracted_fact_was_in_earlier_answers(self) -> None:
        self.add({"metric": "tBarging", "value_ms": 900, "count": 2, "gone_in_s": 600},
                 {"metric": "tBarging", "value_ms": 300})
        self.assertEqual(summed(self.ask("tBarging"), "sum")["tBarging"], 2100)
        self.assertEqual(summed(self.final(), "sum")["tBarging"], 300)
        self.sim.pass_time(600)
        self.assertEqual(summed(self.ask("tBarging"), "sum")["tBarging"], 300)

    def test_the_truth_of_a_moment_equals_its_answers(self) -> None:
        self.add({"metric": "tIvr", "value_ms": 5, "ago_s": 100, "in_s": 60, "gone_in_s": 120})
        for now_s, count in ((59, 0), (61, 1), (121, 0)):
            record = self.final(metrics="tIvr", now_ms=str(self.now_ms + 1000 * now_s))
            self.assertEqual(summed(record)["tIvr"], count, now_s)

    def test_settled_ms_is_the_time_of_the_last_change(self) -> None:
        self.add({"metric": "nConversations", "in_s": 50}, {"metric": "nConversations", "gone_in_s": 90})
        record = self.final()
        self.assertTrue(85_000 < record["settled_ms"] - self.now_ms < 95_000, record["settled_ms"] - self.now_ms)

    def test_a_share_needs_its_delay(self) -> None:
        answer = self.sim.http("POST", "/sim/config", b'{"late": {"share": 0.5}}')
        self.assertEqual(answer.status, 400)
        self.assertIsNone(self.sim.sim("config")["late"])


class LateWorld(SimCase):
    WORDS = ("--queues", "10", "--agents", "40", "--speed", "900", "--seed", "11")

    def sums(self, whole: str) -> dict[str, int]:
        return summed(self.sim.post(CONVERSATIONS, query(whole, ["nOffered", "tAnswered", "tHandle"], "queueId")), "count")

    def play(self, **settings: object) -> str:
        """Runs the world for a while under the settings; returns the interval."""
        begin = self.sim.sim("queries")["now_ms"]
        self.sim.sim("config", settings)
        self.sim.sim("thaw", {})
        offered = self.offers()
        wait_for(lambda: self.offers() > offered + 150)
        self.sim.sim("freeze", {})
        self.sim.sim("config", {name: None for name in settings})
        return span(begin, self.sim.sim("queries")["now_ms"] + 1)

    def offers(self) -> int:
        return sum(m["offered"] for q in self.sim.sim("truth")["queues"].values() for m in q["totals"].values())

    def truth(self, whole: str) -> dict[str, int]:
        record = self.sim.sim("truth/aggregates?interval=%s&groupBy=queueId&metrics=nOffered,tAnswered,tHandle" % whole)
        return summed(record)

    def test_a_share_of_the_conversations_is_late(self) -> None:
        whole = self.play(late={"share": 0.3, "delay_s": [600, 900]})
        final, now = self.truth(whole), self.sums(whole)
        for metric, count in final.items():
            self.assertTrue(0.5 * count < now[metric] < 0.9 * count, (metric, now[metric], count))
        self.sim.pass_time(900)
        self.assertEqual(self.sums(whole), final)

    def test_a_single_metric_can_be_late(self) -> None:
        whole = self.play(late={"share": 1, "of": "metric", "metrics": ["tHandle"], "delay_s": 900})
        final, now = self.truth(whole), self.sums(whole)
        self.assertEqual((now["nOffered"], now["tAnswered"]), (final["nOffered"], final["tAnswered"]))
        self.assertLess(now["tHandle"], final["tHandle"])
        self.sim.pass_time(900)
        self.assertEqual(self.sums(whole), final)

    def test_corrections_retract_facts(self) -> None:
        whole = self.play(corrections={"share": 0.2, "after_s": 900})
        final, now = self.truth(whole), self.sums(whole)
        for metric, count in final.items():
            self.assertGreater(now[metric], count, metric)
        self.sim.pass_time(900)
        self.assertEqual(self.sums(whole), final)

    def test_corrections_with_a_factor_change_values_only(self) -> None:
        whole = self.play(corrections={"share": 0.5, "after_s": 900, "factor": 0.5, "metrics": ["tHandle"]})
        self.assertEqual(self.sums(whole), self.truth(whole))
        body = query(whole, ["tHandle"])
        first = summed(self.sim.post(CONVERSATIONS, body), "sum")["tHandle"]
        final = summed(self.sim.sim("truth/aggregates?metrics=tHandle&interval=" + whole), "sum")["tHandle"]
        self.assertLess(final, first)
        self.sim.pass_time(900)
        self.assertEqual(summed(self.sim.post(CONVERSATIONS, body), "sum")["tHandle"], final)

    def test_all_facts_have_the_latency(self) -> None:
        whole = self.play(aggregate_latency_s=3600)
        self.assertEqual(sum(self.sums(whole).values()), 0)
        self.assertGreater(sum(self.truth(whole).values()), 0)
