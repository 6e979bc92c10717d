# SPDX-License-Identifier: MIT
"""The truth of the streams: visits, states, breaches, by hand and over a day."""
from __future__ import annotations

import unittest
from typing import Any, Optional

from simulator.world.ledger import Ledger, Question, Stay, Sums, breach_ms, state_of, sums
from simulator.world.model import Communication, Participant, Queue

from .test_world import HOUR, play, world

Q = Question


def participant(purpose: str, queue: Any, connected: Optional[int] = 1, end: Optional[int] = None, held: bool = False,
                acw: Optional[tuple[int, Optional[int]]] = None) -> Participant:
    comm = Communication("c", "connected", "inbound", 0, held=held)
    return Participant("p", purpose, "n", comm, connected, end, queue, start_acw_ms=acw[0] if acw else None,
                       end_acw_ms=acw[1] if acw else None)


class States(unittest.TestCase):
    def test_the_participants_decide_the_state(self) -> None:
        here, there = object(), object()
        waiting, over = participant("acd", here), participant("acd", here, end=2)
        rows = [
            ([waiting], "waiting"), ([waiting, participant("agent", here, None)], "alerting"),
            ([over, participant("agent", here)], "active"), ([over, participant("agent", here, held=True)], "held"),
            ([over, participant("agent", here, end=3, acw=(3, None))], "wrapup"),
            ([over, participant("agent", here, end=3, acw=(3, 4))], "ended"), ([over], "ended"),
            ([waiting, participant("agent", here, None, end=2)], "waiting"),  # did not answer
            ([participant("customer", None), over, participant("agent", there)], "ended"),
            # An open participant has priority over the wrap-up of an earlier visit.
            ([over, participant("agent", here, end=3, acw=(3, None)), participant("acd", here)], "waiting"),
            ([over, participant("agent", here, end=3, acw=(3, None)), over, participant("agent", here)], "active")]
        for people, state in rows:
            with self.subTest(state=state):
                self.assertEqual(state_of(people, here), state)  # type: ignore[arg-type]


class Breaches(unittest.TestCase):
    def stay(self, waited: Optional[int]) -> Stay:
        return Stay("q", "voice", "c", 100_000, 20_000.0, waited)

    def test_a_wait_above_the_target_is_a_breach(self) -> None:
        rows = [(20_000, 200_000, None), (20_001, 200_000, 120_001), (21_999, 200_000, 121_999),
                (30_000, 200_000, 122_000), (None, 121_999, None), (None, 122_000, 122_000)]
        for waited, now, at in rows:
            with self.subTest(waited=waited, now=now):
                self.assertEqual(breach_ms(self.stay(waited), 20_000.0, now), at)


class Buckets(unittest.TestCase):
    def test_a_wait_equal_to_a_bound_is_in_its_bucket(self) -> None:
        one = Sums()
        one.waits_ms = [1000, 1001, 500, 0]
        self.assertEqual(one.as_json((0.5, 1.0, 2.0))["wait_le_s"], {"0.5": 2, "1": 3, "2": 4, "+Inf": 4})


class Totals(unittest.TestCase):
    """The ledger reads participants, and the tally receives metrics: two ways to the same totals."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.world, _, cls.tally = world(seed=5, hours=0.0, queues=6, agents=30, load=1.2)
        cls.world.flow_out = 0.3
        cls.ledger = Ledger(cls.world.conversations.values(), cls.world.clock)
        cls.world.observers.append(cls.ledger)
        play(cls.world, 3.0)
        cls.now_ms = int(cls.world.clock.hand * 1000)

    def sums(self, **asked: Any) -> dict[tuple[str, str], dict[str, Any]]:
        found = sums(self.ledger, Question(**asked), self.now_ms)
        return {key: one.as_json(Question(**asked).bounds_s) for key, one in found.items()}

    def test_offers_answers_abandons_and_transfers_are_those_of_the_metrics(self) -> None:
        record = self.sums()
        for key, totals in self.tally.totals.items():
            real, mine = totals.as_json(), record[key]
            self.assertEqual((mine["offers"], mine["answers"], mine["abandons"]),
                             (real["offered"], real["answered"], real["abandoned"]))
            self.assertEqual(mine["transfers"] - mine["flow_outs"], real["transferred"])
            self.assertEqual(mine["no_answers"] > 0, any(
                line.what == "no_answer" for line in self.ledger.lines if (line.queue, line.media) == key))
            self.assertEqual(mine["wait_sum_ms"], real["wait"]["sum_ms"])
            self.assertEqual({b: n for b, n in mine["wait_le_s"].items()}, real["wait"]["le_s"])
        self.assertGreater(sum(t["flow_outs"] for t in record.values()), 0)

    def test_breaches_count_each_wait_once(self) -> None:
        for target_ms in (5_000.0, 60_000.0):
            record = self.sums(target_ms=target_ms)
            for (queue, media), mine in record.items():
                stays = [s for s in self.ledger.stays if (s.queue, s.media) == (queue, media)]
                real = sum((s.waited_ms > target_ms) if s.waited_ms is not None
                           else self.now_ms >= s.offered_ms + target_ms + 2000 for s in stays)
                self.assertEqual(mine["breaches"], real)
        own = self.sums()
        over = {key: totals.as_json()["over_sla"] for key, totals in self.tally.totals.items()}
        for key, mine in own.items():
            self.assertGreaterEqual(mine["breaches"], over[key])  # unanswered contacts add to them

    def test_bounds_of_time_cut_without_a_gap(self) -> None:
        half = self.now_ms - int(1.5 * HOUR * 1000)
        middle = next(line.at_ms for line in self.ledger.lines if line.at_ms > half)
        whole, early, late = self.sums(), self.sums(until_ms=middle), self.sums(since_ms=middle)
        for key, mine in whole.items():
            for name in ("offers", "answers", "abandons", "transfers", "snapshots", "breaches", "wait_sum_ms"):
                parts = [t[key][name] for t in (early, late) if key in t]
                self.assertEqual(mine[name], sum(parts), name)

    def test_visits_offered_before_a_moment_can_be_left_out(self) -> None:
        half = self.now_ms - int(1.5 * HOUR * 1000)
        middle = next(line.at_ms for line in self.ledger.lines
                      if line.what == "answer" and line.at_ms > half and line.wait_ms > 0)
        late, born_late = self.sums(since_ms=middle), self.sums(offered_since_ms=middle)
        self.assertEqual({k: m["offers"] for k, m in late.items() if m["offers"]},
                         {k: m["offers"] for k, m in born_late.items() if m["offers"]})
        self.assertGreater(sum(m["answers"] for m in late.values()), sum(m["answers"] for m in born_late.values()))
        for mine in born_late.values():
            self.assertGreaterEqual(mine["offers"], mine["answers"] + mine["abandons"] + mine["flow_outs"])

    def test_each_change_of_state_is_possible(self) -> None:
        changes = {name for mine in self.sums().values() for name in mine["state_changes"]}
        possible = {"waiting-alerting", "waiting-ended", "alerting-active", "alerting-waiting", "alerting-ended",
                    "active-held", "held-active", "active-wrapup", "active-ended", "held-wrapup", "held-ended",
                    "wrapup-ended", "wrapup-waiting", "ended-waiting"}
        self.assertLessEqual(changes, possible)
        self.assertLessEqual({"waiting-alerting", "alerting-active", "active-wrapup", "wrapup-ended"}, changes)

    def test_ended_conversations_are_forgotten_except_their_lines(self) -> None:
        live = {c.id for c in self.world.conversations.values() if not c.over}
        self.assertEqual(set(self.ledger.live), live)

    def test_a_ledger_that_begins_later_knows_the_states_but_counts_nothing(self) -> None:
        later = Ledger(self.world.conversations.values(), self.world.clock)
        self.assertEqual((len(later.lines), later.seq), (0, 0))
        self.assertEqual({c: one.states for c, one in later.live.items()},
                         {c: one.states for c, one in self.ledger.live.items()})
        self.assertTrue(all(stay.waited_ms is None for stay in later.stays))

    def test_a_question_may_name_one_queue(self) -> None:
        queue: Queue = next(iter(self.world.queues.values()))
        self.assertEqual({q for q, _ in self.sums(queue=queue.id)}, {queue.id})
