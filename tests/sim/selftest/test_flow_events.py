# SPDX-License-Identifier: MIT
"""Attribute events: the truth of the simulator equals the contents of their bodies."""
from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path
from typing import Any, Optional

from simulator.flow import names
from simulator.flow.events import Maker, Plan
from simulator.flow.truth import Truth

from .sqs_client import SqsCase
from .streams import StreamCase, conversations
from .support import HERE, Sim, wait_for


def metric(name: str) -> Optional[tuple[str, str, float]]:
    """Flow, metric and epoch seconds of an attribute's name, parsed from its end, independently of the simulator."""
    if not name.endswith(")"):
        return None
    front, _, text = name[:-1].rpartition("(")
    flow, divided, what = front.rpartition("Metric_")
    try:
        when = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    return (flow, what, when.timestamp()) if divided and flow and what else None


def opened(body: str) -> dict[str, Any]:
    """The eventBody in any envelope; {} for other events."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    if "Message" in found:
        found = json.loads(found["Message"])
    event = found.get("detail", found).get("eventBody", {})
    return event if "attributes" in event else {}


def counted(bodies: list[str], now: float) -> tuple[Counter[tuple[str, str]], dict[tuple[str, str], float], int]:
    counts: Counter[tuple[str, str]] = Counter()
    sums: dict[tuple[str, str], float] = {}
    late, seen = 0, set()
    for event in map(opened, bodies):
        for name, value in event.get("attributes", {}).items():
            key, what = (event["conversationId"], name), metric(name)
            if what is None or key in seen:
                continue
            seen.add(key)
            if what[2] < now - 14 * 86_400:
                late += 1
                continue
            counts[what[:2]] += 1
            try:
                number = float(value) if "n" not in value.lower() and value != "1e999" else None
            except ValueError:
                number = None
            if number is not None:
                sums[what[:2]] = sums.get(what[:2], 0.0) + number
    return counts, sums, late


class Made(unittest.TestCase):
    def make(self, **plan: Any) -> tuple[list[str], Truth]:
        truth = Truth()
        maker = Maker(Plan.parse(plan), truth, int(time.time() * 1000))
        return [body for portion in maker.portions() for body in portion], truth

    def compare(self, bodies: list[str], record: dict[str, Any]) -> None:
        counts, sums, late = counted(bodies, time.time())
        self.assertEqual({(c["flow"], c["metric"]): c["count"] for c in record["counts"]}, dict(counts))
        for c in record["counts"]:
            self.assertEqual(c["sum"], sums.get((c["flow"], c["metric"]), 0.0), c)
        self.assertEqual((record["total"], record["late"]), (sum(counts.values()), late))

    def test_the_truth_equals_the_bodies(self) -> None:
        bodies, truth = self.make(events=6000, seed=5, late=3, garbage=1, sns=20, bare=20, socket=20)
        self.assertEqual(len(bodies), 6000)
        self.compare(bodies, truth.as_json())
        self.assertGreater(min(truth.late, truth.garbage, truth.noise, truth.no_number), 20)
        self.assertEqual(set(truth.malformed), set(names.MALFORMED))

    def test_attributes_repeat_in_later_events(self) -> None:
        bodies, truth = self.make(events=4000, seed=2, duplicates=0)
        seen = sum(metric(name) is not None for event in map(opened, bodies) for name in event.get("attributes", {}))
        self.assertGreater(seen, 3 * truth.as_json()["total"])

    def test_a_fifth_is_repeated_and_the_order_is_random(self) -> None:
        bodies, truth = self.make(events=10_000, seed=3)
        self.assertAlmostEqual(truth.repeated, 2000, delta=200)
        self.assertEqual(len(bodies) - len(set(bodies)), truth.repeated)
        sizes: dict[str, list[int]] = {}
        for event in map(opened, bodies):
            if event:
                sizes.setdefault(event["conversationId"], []).append(len(event["attributes"]))
        backward = sum(any(a > b for a, b in zip(known, known[1:])) for known in sizes.values())
        self.assertGreater(backward, len(sizes) // 2)

    def test_names_are_odd_and_escaped_in_many_ways(self) -> None:
        bodies, _ = self.make(events=5000, seed=4, escapes=100)
        whole = "\n".join(bodies)
        self.assertGreater(whole.count("\\u0"), 500)
        hidden = [b for b in bodies if opened(b) and any(map(metric, opened(b)["attributes"])) and "Metric_" not in b]
        self.assertGreater(len(hidden), 0)
        flows = {metric(name)[0] for event in map(opened, bodies)  # type: ignore[index]
                 for name in event.get("attributes", {}) if metric(name)}
        self.assertEqual(flows, set(names.FLOWS))

    def test_malformed_names_are_no_metrics(self) -> None:
        good = names.stamp(int(time.time() * 1000))
        for reason, forms in names.MALFORMED.items():
            for form in forms:
                with self.subTest(reason, form=form):
                    self.assertIsNone(metric(form % good if "%s" in form else form))
        for name, _ in names.ORDINARY:
            self.assertIsNone(metric(name))
        self.assertEqual(metric("A Metric_ insideMetric_Calls (new)(%s)" % good)[:2],  # type: ignore[index]
                         ("A Metric_ inside", "Calls (new)"))

    def test_the_same_seed_makes_the_same_events(self) -> None:
        first, _ = self.make(events=500, seed=9)
        truth = Truth()
        maker = Maker(Plan.parse({"events": 500, "seed": 9}), truth, maker_now(first))
        self.assertEqual([opened(b) for p in maker.portions() for b in p], [opened(b) for b in first])
        self.assertNotEqual(self.make(events=500, seed=10)[0], first)

    def test_a_plan_with_a_typo_is_refused(self) -> None:
        self.assertRaisesRegex(ValueError, "duplicate", Plan.parse, {"duplicate": 3})

    def test_a_file_holds_the_events_and_their_truth(self) -> None:
        with tempfile.TemporaryDirectory() as where:
            path = Path(where) / "events"
            subprocess.run([sys.executable, str(HERE / "sqs_sim.py"), "--dump", "3000", str(path)], check=True,
                           capture_output=True, timeout=60)
            bodies = path.read_text().splitlines()
            self.assertEqual(len(bodies), 3000)
            self.compare(bodies, json.loads((Path(where) / "events.truth").read_text()))


def maker_now(bodies: list[str]) -> int:
    return next(opened(b)["eventTime"] for b in bodies if opened(b))


class ThroughTheQueue(SqsCase):
    def test_draining_the_queue_gives_the_truth(self) -> None:
        self.rules(redeliver_percent=5, redeliver_s=0.05, twice_percent=5)
        self.sqs.sim("flow/feed", {"events": 3000, "seed": 7})
        bodies = self.sqs.drain(WaitTimeSeconds=0)
        self.assertGreater(len(bodies), 3000)
        record, (counts, _, _) = self.sqs.sim("flow/truth"), counted(bodies, time.time())
        self.assertEqual({(c["flow"], c["metric"]): c["count"] for c in record["counts"]}, dict(counts))
        self.assertEqual((record["events"], self.sqs.queue()["feeding"]), (3000, False))

    def test_a_single_metric_is_sent_now(self) -> None:
        record = self.sqs.sim("flow/set", {"flow": "Main Menu", "metric": "Calls", "value": "2.5"})
        event = opened(self.sqs.receive()[0]["Body"])
        (name, value), = event["attributes"].items()
        self.assertEqual((metric(name)[:2], value), (("Main Menu", "Calls"), "2.5"))  # type: ignore[index]
        self.assertAlmostEqual(metric(name)[2] * 1000, record["now_ms"], delta=1)  # type: ignore[index]
        self.assertEqual(self.sqs.sim("flow/truth")["counts"],
                         [{"flow": "Main Menu", "metric": "Calls", "count": 1, "sum": 2.5}])


class AtTheCustomers(StreamCase):
    WORDS = ("--frozen", "--queues", "6", "--agents", "40", "--speed", "100", "--rate-limit", "0")

    def test_the_metrics_in_the_snapshots_are_the_truth(self) -> None:
        client = self.listen(*(conversations(q) for q in self.queues()))
        self.sim.sim("config", {"flow_metrics": 60})
        self.sim.sim("thaw", {})
        seen = client.collect(lambda seen: len(seen) >= 300, 30.0)
        self.sim.sim("freeze", {})
        found = {(body["id"], name) for body in (m["eventBody"] for m in seen + client.drain())
                 for who in body["participants"] for name in who["attributes"]}
        counts = Counter(metric(name)[:2] for _, name in found if metric(name))  # type: ignore[index]
        record = self.sim.sim("flow/truth")
        self.assertEqual({(c["flow"], c["metric"]): c["count"] for c in record["counts"]}, dict(counts))
        self.assertGreater(record["total"], 50)


class OnTheTopics(StreamCase):
    WORDS = ("--frozen", "--queues", "3", "--agents", "8", "--rate-limit", "0")

    def sent(self) -> dict[str, Any]:
        wait_for(lambda: not self.sim.sim("flow/sent")["running"])
        return self.sim.sim("flow/sent")

    def test_all_events_or_the_last_ones_give_the_truth(self) -> None:
        self.sim.sim("flow/send", {"events": 500, "seed": 3})
        record = self.sent()
        self.assertEqual((record["sent"], record["unsubscribed"]), (500, 500))
        client = self.listen(*(conversations(q) for q in self.queues()))
        self.sim.sim("flow/send", {"events": 1500, "seed": 4, "per_s": 3000})
        self.assertEqual(self.sent()["unsubscribed"], 500)
        again = self.sim.sim("flow/repeat", {})["events"]
        seen = client.collect(lambda seen: len(seen) >= 1500 + again, 30.0)
        bodies = [m["eventBody"] for m in seen]
        self.assertTrue(all(any(p.get("queueId") == m["topicName"].split(".")[3] for p in m["eventBody"]["participants"])
                            for m in seen))
        record = self.sim.sim("flow/truth")
        for received in (bodies, bodies[1500:]):
            names = {(b["id"], name) for b in received for who in b["participants"] for name in who["attributes"]}
            counts = Counter(metric(name)[:2] for _, name in names if metric(name))  # type: ignore[index]
            self.assertEqual({(c["flow"], c["metric"]): c["count"] for c in record["counts"]}, dict(counts))
        self.assertGreater(record["repeated"], 200)


class InTheSimulator(unittest.TestCase):
    def test_the_organisation_has_the_queue_beside_it(self) -> None:
        sim = Sim("--frozen")
        self.addCleanup(sim.close)
        self.assertEqual(sim.sim("flow/feed", {"events": 50}), {"events": 50})
        record = sim.sim("sqs")["queues"]["genesys"]
        self.assertEqual((record["visible"], sim.sim("flow/truth")["events"]), (50, 50))
        sim.port = sim.ready["sqs_port"]
        self.assertEqual(sim.sim("sqs")["queues"]["genesys"]["visible"], 50)
        self.assertTrue(sim.ready["queue_url"].endswith(":%d/123456789012/genesys" % sim.port))
