# SPDX-License-Identifier: MIT
"""The contact centre alone, on a clock that the test advances."""
from __future__ import annotations

import unittest
from typing import Any, Optional

from simulator.clock import Clock, iso_ms
from simulator.world import gauges
from simulator.world.model import MEDIA, Agent, Conversation, Participant, Queue
from simulator.world.tally import Tally
from simulator.world.world import PRUNE_MS, World

HOUR = 3600.0


class HandClock(Clock):
    """A clock that the test advances."""

    def __init__(self, speed: float = 1.0) -> None:
        self.hand = 1_800_000_000.0
        super().__init__(speed)

    def wall(self) -> float:
        return self.hand


class Journal:
    """An observer that records everything."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def metric(self, queue: Queue, conversation: Conversation, name: str, value_ms: Optional[int], at_ms: int,
               who: Optional[Participant]) -> None:
        self.lines.append((at_ms, queue.id, conversation.media, name, value_ms, who.agent.id if who else None))

    def conversation(self, conversation: Conversation, queue: Optional[Queue], at_ms: int) -> None:
        self.lines.append((at_ms, conversation.id, len(conversation.participants)))

    def agent(self, agent: Agent, what: str, at_ms: int) -> None:
        self.lines.append((at_ms, agent.id, what, agent.presence.id, agent.routing_status))


def world(seed: int = 7, hours: float = 1.0, step_s: float = 60.0, speed: float = 1.0,
          **more: Any) -> tuple[World, Journal, Tally]:
    clock = HandClock(speed)
    made = World(clock, seed, more.pop("queues", 8), more.pop("agents", 30), warmup_s=0.0, **more)
    journal, tally = Journal(), Tally(0)
    made.observers += [journal, tally]
    play(made, hours, step_s)
    return made, journal, tally


def play(made: World, hours: float, step_s: float = 60.0) -> None:
    end = made.clock.hand + hours * HOUR
    while made.clock.hand < end:
        made.clock.hand += step_s
        made.advance()


def live(made: World, queue: Queue, media: str) -> int:
    return sum(len(gauges.visits(queue, media, m)) for m in ("oWaiting", "oAlerting", "oInteracting"))


class Determinism(unittest.TestCase):
    def test_a_seed_repeats_all_events_in_steps_of_any_length(self) -> None:
        self.assertEqual(world(3, step_s=60.0)[1].lines, world(3, step_s=8.0)[1].lines)

    def test_another_seed_gives_other_events(self) -> None:
        self.assertNotEqual(world(3)[1].lines, world(4)[1].lines)


class Laws(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.world, cls.journal, cls.tally = world(hours=5.0, load=1.1)

    def test_each_offer_was_answered_abandoned_or_still_waits(self) -> None:
        for queue in self.world.queues.values():
            for media in queue.mix:
                record = self.tally.of(queue.id, media).as_json()
                waiting = sum(len(gauges.visits(queue, media, m)) for m in ("oWaiting", "oAlerting"))
                self.assertEqual(record["offered"], record["answered"] + record["abandoned"] + waiting)

    def test_each_kind_of_event_occurs(self) -> None:
        whole: dict[str, int] = {}
        for totals in self.tally.totals.values():
            for name, value in totals.as_json().items():
                whole[name] = whole.get(name, 0) + (value if isinstance(value, int) else value["count"])
        for name in ("answered", "abandoned", "transferred_blind", "transferred_consult", "not_responding",
                     "held", "wrapup", "over_sla"):
            self.assertGreater(whole[name], 5, name)
        self.assertEqual(whole["transferred"], whole["transferred_blind"] + whole["transferred_consult"])
        statuses = {line[4] for line in self.journal.lines if len(line) == 5}
        self.assertEqual(statuses, {"OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"})
        self.assertGreater(len({line[3] for line in self.journal.lines if len(line) == 5}), 10)

    def test_histories_have_the_official_form(self) -> None:
        """The acd participant ends with a transfer exactly when an agent answered."""
        seen: set[str] = set()
        for conversation in self.world.conversations.values():
            people = conversation.participants
            self.assertEqual(people[0].purpose, "customer")
            for at, who in enumerate(people):
                seen.add("%s %s" % (who.purpose, who.comm.disconnect_type))
                if who.end_ms is not None:
                    self.assertEqual(who.comm.state, "disconnected")
                    self.assertGreaterEqual(who.end_ms, who.connected_ms or 0)
                    self.assertIsNotNone(who.comm.disconnect_type)
                if who.purpose == "agent":
                    self.assertIs(who.queue, next(p for p in reversed(people[:at]) if p.purpose == "acd").queue)
                    self.assertTrue(who.queue.members[who.agent.id].joined)
                    answered = who.connected_ms is not None
                    self.assertEqual(who.comm.state == "alerting", not answered and who.end_ms is None)
                if who.purpose == "acd" and who.comm.disconnect_type == "transfer":
                    answer = [p for p in people[at + 1:] if p.purpose == "agent" and p.connected_ms == who.end_ms]
                    self.assertEqual(len(answer), 1)
            if conversation.end_ms is not None:
                self.assertTrue(all(p.end_ms is not None for p in people))
                self.assertIsNone(conversation.visit)
        self.assertTrue({"acd transfer", "acd peer", "agent transfer", "agent transfer.consult", "agent client",
                         "agent peer", "agent transfer.noanswer", "ivr transfer", "customer endpoint",
                         "customer peer"} <= seen, seen)

    def test_waiting_lines_are_in_order_of_entering(self) -> None:
        for queue in self.world.queues.values():
            for media in MEDIA:
                entered = [v.entered_ms for v in queue.waiting[media]]
                self.assertEqual(entered, sorted(entered))

    def test_agents_work_as_their_status_says(self) -> None:
        made, _, _ = world(seed=11, hours=0.5)
        for _ in range(60):
            play(made, 0.05, 180.0)
            for agent in made.agents.values():
                status = agent.routing_status
                self.assertEqual(status == "OFF_QUEUE", not agent.on_queue)
                self.assertEqual(status if status in ("NOT_RESPONDING", "COMMUNICATING") else None, agent.hindered)
                if status == "IDLE":
                    self.assertEqual(set(agent.load), agent.alerting)
                if status == "INTERACTING":
                    self.assertGreater(len(agent.load), len(agent.alerting))
                self.assertTrue(len(agent.load) <= 1 or set(agent.load.values()) <= {"chat", "message"})

    def test_counts_of_users_agree_with_each_other(self) -> None:
        for queue in self.world.queues.values():
            counts = gauges.user_counts(queue)
            self.assertEqual(counts.active, sum(counts.on_queue.values()) + sum(counts.off_queue.values()))
            self.assertEqual(counts.members, sum(counts.presences.values()))
            self.assertEqual(counts.members, sum(counts.statuses.values()))

    def test_a_wait_is_not_restarted_by_an_alert(self) -> None:
        made, _, _ = world(seed=2, hours=0.0, load=2.0)
        for _ in range(2000):
            play(made, 2 / HOUR, 2.0)
            back = [v for q in made.queues.values() for m in MEDIA for v in q.waiting[m] if v.since_ms > v.entered_ms]
            if back:
                break
        self.assertEqual(gauges.began_ms(back[0]), back[0].acd.connected_ms)
        first = gauges.visits(back[0].queue, back[0].media, "oWaiting")
        self.assertEqual(gauges.oldest_ms(first), min(v.acd.connected_ms for v in first))

    def test_no_contact_waits_while_a_member_is_free(self) -> None:
        staff = self.world.staff
        for queue in self.world.queues.values():
            for media in MEDIA:
                for visit in queue.waiting[media]:
                    self.assertIsNone(staff.best_for(visit))

    def test_waits_are_times_from_entering_to_answer(self) -> None:
        waits = [line[4] for line in self.journal.lines if len(line) == 6 and line[3] == "tAnswered"]
        self.assertEqual(sum(waits), sum(t.times["wait"].sum_ms for t in self.tally.totals.values()))
        for totals in self.tally.totals.values():
            record = totals.as_json()["wait"]
            self.assertEqual(record["le_s"]["+Inf"], record["count"])
            self.assertEqual(list(record["le_s"].values()), sorted(record["le_s"].values()))


class Time(unittest.TestCase):
    def test_speed_divides_durations_and_multiplies_arrivals(self) -> None:
        slow, fast = world(5, hours=1.0)[1], world(5, hours=0.1, step_s=6.0, speed=10.0)[1]
        self.assertEqual(len(slow.lines), len(fast.lines))
        start = 1_800_000_000_000
        for a, b in zip(slow.lines[:2000], fast.lines[:2000]):
            self.assertAlmostEqual((a[0] - start) / 10, b[0] - start, delta=2)
            self.assertEqual(a[1], b[1])

    def test_frozen_time_continues_where_it_stopped(self) -> None:
        made, journal, _ = world(hours=0.5)
        made.freeze()
        count, virtual = len(journal.lines), made.clock.now()
        play(made, 2.0)
        self.assertEqual((len(journal.lines), made.clock.now()), (count, virtual))
        made.thaw()
        made.advance()
        self.assertEqual(len(journal.lines), count)
        thawed = made.clock.hand * 1000
        play(made, 0.5)
        self.assertGreater(len(journal.lines), count)
        self.assertTrue(all(line[0] >= thawed - 1 for line in journal.lines[count:]))

    def test_a_change_of_speed_leaves_old_stamps_alone(self) -> None:
        made, _, _ = world(hours=0.5)
        stamps = {c.id: c.start_ms for c in made.conversations.values()}
        made.set_speed(50.0)
        play(made, 0.01, 1.0)
        for conversation in made.conversations.values():
            self.assertEqual(conversation.start_ms, stamps.get(conversation.id, conversation.start_ms))
        with self.assertRaises(ValueError):
            made.set_speed(0)

    def test_stamps_have_the_platforms_form(self) -> None:
        self.assertEqual(iso_ms(1_596_428_895_134), "2020-08-03T04:28:15.134Z")
        self.assertEqual(iso_ms(1_596_428_895_004), "2020-08-03T04:28:15.004Z")


class Bounds(unittest.TestCase):
    def test_ended_conversations_are_forgotten_after_a_while(self) -> None:
        made, _, _ = world(hours=2.0)
        oldest = made.clock.hand * 1000 - PRUNE_MS
        for conversation in made.conversations.values():
            self.assertTrue(not conversation.over or conversation.end_ms > oldest - 3_600_000)
        made.load = 0.0
        play(made, 24.0)
        self.assertEqual(made.conversations, {})
        self.assertEqual(sum(live(made, q, m) for q in made.queues.values() for m in MEDIA), 0)

    def test_media_can_be_limited(self) -> None:
        made, journal, _ = world(media=["voice", "chat"])
        self.assertEqual({line[2] for line in journal.lines if len(line) == 6}, {"voice", "chat"})

    def test_a_centre_without_agents_answers_no_contact(self) -> None:
        _, _, tally = world(agents=0, hours=0.5)
        self.assertEqual(sum(t.as_json()["answered"] for t in tally.totals.values()), 0)


class Administration(unittest.TestCase):
    def test_a_deleted_queue_loses_its_waiting_contacts(self) -> None:
        made, _, tally = world(hours=2.0, load=3.0)
        queue = max(made.queues.values(), key=lambda q: sum(len(q.waiting[m]) for m in MEDIA))
        waiting = [v.conversation for m in MEDIA for v in queue.waiting[m]]
        talking = [v.conversation for m in MEDIA for v in queue.interacting[m].values()]
        self.assertTrue(waiting)
        made.delete_queue(queue.id)
        self.assertTrue(all(c.end_ms is not None for c in waiting))
        self.assertEqual({c.participants[0].comm.disconnect_type for c in waiting}, {"system"})
        self.assertTrue(all(c.end_ms is None for c in talking))
        self.assertFalse(any(queue.id in a.queues for a in made.agents.values()))
        offered = tally.of(queue.id, "voice").as_json()["offered"]
        play(made, 1.0)
        self.assertEqual(tally.of(queue.id, "voice").as_json()["offered"], offered)
        self.assertTrue(all(c.end_ms is not None for c in talking))

    def test_a_new_queue_gets_members_and_contacts(self) -> None:
        made, _, tally = world(hours=0.1)
        queue = made.create_queue("New one")
        self.assertEqual((queue.name, made.queues[queue.id]), ("New one", queue))
        play(made, 2.0)
        self.assertGreater(sum(tally.of(queue.id, m).as_json()["answered"] for m in queue.mix), 0)
        self.assertEqual(made.rename_queue(queue.id, "Old one").name, "Old one")

    def test_a_contact_can_be_disconnected_wherever_it_is(self) -> None:
        made, _, _ = world(hours=1.0, load=2.0)
        states = {}
        for conversation in made.conversations.values():
            if conversation.end_ms is None:
                states.setdefault(conversation.visit.state if conversation.visit else "ivr", conversation)
        self.assertTrue({"waiting", "interacting"} <= set(states), states)
        for state, conversation in states.items():
            self.assertTrue(made.contacts.disconnect(conversation), state)
            self.assertIsNotNone(conversation.end_ms)
            self.assertFalse(made.contacts.disconnect(conversation))
        play(made, 1.0)


