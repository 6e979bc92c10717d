# SPDX-License-Identifier: MIT
"""The expected counters of a stream, computed from the simulator's truth, and the counters in csv."""
from __future__ import annotations

import base64
import json
import re
import sys
import urllib.request
from collections import Counter
from typing import Any, Iterable, NamedTuple
from urllib.parse import urlencode

from . import expected, faketime, process
from .collectd import Collectd, account, queues
from .genesys import TOP, Simulator, direct
from .report import Skip, check

sys.path.insert(0, str(TOP / "tests" / "sim"))
from selftest.websocket import Client, Ended  # noqa: E402  (the simulator's own client)

SPEED = 20
BUCKETS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)  # the default bounds at 20 times the speed
TARGET_S = 1  # 20 s at 20 times the speed
WITHIN_S = 20.0
PLENTY = {"RequestsPerMinute": 10000}
COUNTED = r"/(queue_(offer|answer|abandon|transfer|sla_breach|wait_time_seconds_\w+)|state_changes)-[^/]*\Z"
TOTALS = {"offers": "queue_offer", "answers": "queue_answer", "abandons": "queue_abandon",
          "transfers": "queue_transfer"}
Counts = dict[str, float]


def block(name: str = "all", **changes: Any) -> str:
    """A block with a stream, at the simulator's speed."""
    return queues(name, **{"ServiceLevelTarget": TARGET_S, "IdleTimeout": 10, "ReconnectMax": 2, **changes}).replace(
        "</Queues>", "  WaitBuckets %s\n</Queues>" % " ".join("%g" % bound for bound in BUCKETS))


def simulator(**changes: Any) -> Simulator:
    """A frozen simulator; a heartbeat each half second shows that no event is in flight."""
    sim = Simulator(**{"frozen": True, "speed": SPEED, "rate_limit": 0, **changes})
    sim.config(heartbeat_s=0.5)
    return sim


def daemon(sim: Simulator, blocks: str = "", changes: dict[str, Any] = {}, **more: Any) -> Collectd:
    return Collectd(account(sim, **{**PLENTY, **changes}), blocks or block(), **more)


def fast(sim: Simulator, rate: float, blocks: str, more: str = "", load: tuple[str, ...] = (), **changes: Any) -> Collectd:
    """A collectd whose clock runs `rate` times as fast as real time, like the simulator's (`clock_rate`): minutes pass in
    seconds, and intervals, time-outs and ages are seconds of that clock. `changes`: options of the account."""
    if faketime.FAKETIME is None:
        raise Skip("libfaketime is not installed")
    return Collectd(account(sim, **{**faketime.LONG_TIMEOUTS, **changes}), blocks, more="WriteThreads 1\n" + more,
                    load=load, interval=rate, **faketime.options("+0", rate))


class Start(NamedTuple):
    """The beginning of a window of the truth."""
    at_ms: int
    seq: int


# ---- expected counters ---------------------------------------------------------------

def ask(sim: Simulator, **bounds: Any) -> dict[str, Any]:
    """/sim/truth/stream: queue -> medium -> sums."""
    words = {"buckets": ",".join("%g" % bound for bound in BUCKETS), "target_s": TARGET_S, **bounds}
    record = sim.call("truth/stream?" + urlencode({name: value for name, value in words.items() if value is not None}))
    if not record["complete"]:
        raise RuntimeError("the simulator has forgotten old lines")
    return record["queues"]


def now(sim: Simulator) -> Start:
    record = sim.call("truth/stream")
    return Start(record["now_ms"], record["seq"])


def _sums(medium: str, record: dict[str, Any], only_ended: bool) -> Iterable[tuple[str, float]]:
    target_ms = record["target_ms"]  # None: no contact waited
    ended = sum(ms > (target_ms or 0) for ms in record["waits_ms"] + record["abandon_waits_ms"])
    for name, series in TOTALS.items():
        yield "%s-%s" % (series, medium), record[name]
    for bound, count in record["wait_le_s"].items():
        yield "queue_wait_time_seconds_bucket-%s-le-%s" % (medium, bound), count
    yield "queue_wait_time_seconds_sum-" + medium, record["wait_sum_ms"] / 1000
    yield "queue_wait_time_seconds_count-" + medium, record["answers"]
    if target_ms is not None:
        yield "queue_sla_breach-%s-%g" % (medium, target_ms / 1000), ended if only_ended else record["breaches"]


def counted(sim: Simulator, start: Start, only_new: bool = False, only_ended_breaches: bool = False,
            **bounds: Any) -> Counts:
    """"LABEL/TYPE-QUALIFIER" -> count, of events since the start, for contacts that were offered since then. Changes of state
    are those of new contacts (`only_new`), or of all contacts, without the changes that a client cannot know. Breaches are all
    breaches, or those of waits with a known end (`only_ended_breaches`: within the bounds, without flow-outs)."""
    label = expected.by_name(sim.truth())
    made: Counts = {}
    within = {"since_seq": start.seq, **bounds}
    of_changes = {"offered_since_ms": start.at_ms} if only_new else {}
    for queue, media in ask(sim, offered_since_ms=start.at_ms, **within).items():
        for medium, record in media.items():
            made.update(("%s/%s" % (label(queue, ""), series), value)
                        for series, value in _sums(medium, record, only_ended_breaches))
    for queue, media in ask(sim, listening_since_ms=start.at_ms, **within, **of_changes).items():
        for medium, record in media.items():
            made.update(("%s/state_changes-%s-%s" % (label(queue, ""), medium, change), value)
                        for change, value in record["state_changes"].items())
    return made


def plus(*parts: Counts) -> Counts:
    made: Counter[str] = Counter()
    for part in parts:
        made.update(part)
    return dict(made)


def minus(whole: Counts, part: Counts) -> Counts:
    return {key: whole.get(key, 0) - part.get(key, 0) for key in {*whole, *part}}


# ---- counters in csv --------------------------------------------------------------------

def shown(of: Collectd, host: str = "agent") -> Counts:
    """The newest value of each counter of streams."""
    return {key: value for key, (_, value) in of.snapshot(host).items() if re.search(COUNTED, key)}


def unequal(wanted: Counts, got: Counts) -> list[str]:
    """Lines about unequal counters; a counter that is 0 may be absent."""
    return ["%s is %s, wanted %g" % (key, got.get(key, "missing"), wanted.get(key, 0))
            for key in sorted({*wanted, *got}) if abs(got.get(key, 0) - wanted.get(key, 0)) > 0.0005]


def outside(bounds: tuple[Counts, Counts], got: Counts) -> list[str]:
    """Lines about counters below the lower or above the upper bound."""
    least, most = bounds
    return ["%s is %g, not %g to %g" % (key, got.get(key, 0), least.get(key, 0), most.get(key, 0))
            for key in sorted({*least, *got})
            if not least.get(key, 0) - 0.0005 <= got.get(key, 0) <= most.get(key, 0) + 0.0005]


def becomes(name: str, wanted: Any, got: Any, differences: Any, within_s: float = WITHIN_S) -> bool:
    """Waits until the values read equal the wanted ones. Each turn reads both, because both change: a waiting contact
    becomes a breach also while the simulated world is frozen."""
    all_wanted: Any = {}

    def left_now() -> list[str]:
        nonlocal all_wanted
        all_wanted = wanted()
        return list(differences(all_wanted, got()))
    left = process.wait_for_none(left_now, within_s, name, 0.4)
    series = all_wanted[-1] if isinstance(all_wanted, tuple) else all_wanted
    return check("%s (%d series)" % (name, len(series)), series and not left,
                 "%d differences: %s" % (len(left), "; ".join(left[:8])))


def counters_equal(name: str, sim: Simulator, of: Collectd, start: Start, without: str = "-", **bounds: Any) -> bool:
    """`without`: a type of series that is not compared."""
    def compared(counts: Counts) -> Counts:
        return {key: value for key, value in counts.items() if not key.rpartition("/")[2].startswith(without + "-")}
    return becomes(name, lambda: compared(counted(sim, start, **bounds)), lambda: compared(shown(of)), unequal)


def gauges_equal(name: str, sim: Simulator, of: Collectd, within_s: float = WITHIN_S) -> bool:
    def wanted() -> dict[str, Any]:
        truth = sim.truth()
        return expected.values(truth, expected.by_name(truth))
    return becomes(name, wanted, lambda: expected.of_queues(of.snapshot()), expected.differences, within_s)


def total(counts: Counts, series: str) -> float:
    """The sum of a series over all queues and media."""
    return sum(value for key, value in counts.items() if key.rpartition("/")[2].startswith(series + "-"))


def totals(counts: Counts) -> dict[str, float]:
    made: Counter[str] = Counter()
    for key, value in counts.items():
        made[re.match(r"[a-z_]+", key.rpartition("/")[2]).group()] += value
    return {name: round(value, 3) for name, value in made.items() if name != "queue_wait_time_seconds_bucket"}


# ---- the stream itself ------------------------------------------------------------------

def state(of: Collectd, what: str, qualifier: str = "", name: str = "all", host: str = "agent") -> float:
    """Self-telemetry of the block; -1: no value yet."""
    found = of.latest("queues-" + name, what, qualifier, host)
    return -1 if found is None else found


def wait_listening(of: Collectd, name: str = "all", within_s: float = 20.0, host: str = "agent") -> None:
    """Waits until the stream of the block is open and covers all queues."""
    def listens() -> bool:
        wanted = state(of, "stream_topics", "wanted", name, host)
        return (state(of, "stream_connected", "", name, host) == 1 and wanted > 0
                and state(of, "stream_topics", "covered", name, host) == wanted)
    of.lives_until(listens, within_s, "the stream of %s" % name)


def sockets(sim: Simulator) -> list[dict[str, Any]]:
    """All sockets, open and closed, the oldest first."""
    return sim.call("sockets")["sockets"]


def opened(sim: Simulator, which: int) -> Start:
    """The opening of a socket as the start of a window, plus a second, because subscription and opening are separate."""
    one = sockets(sim)[which]
    return Start(one["opened_ms"] + 1000, one["opened_seq"])


def open_sockets(sim: Simulator) -> list[dict[str, Any]]:
    return [one for one in sockets(sim) if one["closed_ms"] is None]


def stream_counts(sim: Simulator) -> dict[str, Any]:
    return sim.counters()["stream"]


def topic(queue: str) -> str:
    return "v2.routing.queues.%s.conversations" % queue


class Sibling:
    """Another program of the same OAuth client, with its own channel and socket, without TLS."""

    def __init__(self, sim: Simulator) -> None:
        self.sim, self.token = sim, ""
        who = base64.b64encode(("%s:%s" % (sim.client_id, sim.client_secret)).encode()).decode()
        self.token = "Bearer " + self._post("/oauth/token", b"grant_type=client_credentials", "Basic " + who,
                                            "application/x-www-form-urlencoded")["access_token"]
        self.channel = self._post("/api/v2/notifications/channels", b"", self.token)
        body = json.dumps([{"id": topic(next(iter(sim.truth()["queues"])))}]).encode()
        self._post("/api/v2/notifications/channels/%s/subscriptions" % self.channel["id"], body, self.token)
        self.socket = Client(self.channel["connectUri"], lenient=True)

    def _post(self, path: str, body: bytes, who: str, kind: str = "application/json") -> Any:
        request = urllib.request.Request(self.sim.http + path, body, {"Authorization": who, "Content-Type": kind})
        return json.loads(direct.open(request, timeout=10).read())

    def lives(self) -> bool:
        """True if the channel exists and its socket has never been closed."""
        there = any(one["id"] == self.channel["id"] and one["socket"] is not None
                    for one in self.sim.call("channels")["channels"])
        try:
            self.socket.drain(0.2)
        except Ended:
            return False
        return there


def topics(sim: Simulator) -> set[str]:
    """The topics of all channels."""
    return {name for one in sim.call("channels")["channels"] for name in one["topics"]}
