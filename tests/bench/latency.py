# SPDX-License-Identifier: MIT
"""Measures how long after an event its value is at /metrics of write_prometheus, with a collectd and blocks at their
defaults; and how long the start with 2,000 queues takes, with genesys_prometheus."""
from __future__ import annotations

import random
import re
import threading
import time
from typing import Any, Callable, Iterator, NamedTuple

from figures import Row, Wrong, met, need_collectd, say
from lib import process
from lib.collectd import FLOWS, OURS, Collectd, account, block
from lib.flows import Hook, Sqs
from lib.genesys import Simulator, fetch
from lib.process import wait_until

SAMPLES = 240
QUEUES = 24
INTERVAL_S = 10  # collectd's own default
PAUSE_S = (0.9, 2.1)  # between two events of one series: at any moment between two ticks of a second
EVERY_S = 0.01  # between two readings of /metrics
LATE_S = 60.0
P99_MAX_S = 1.2
FIRST_MAX_S, COVERED_MAX_S = 5.0, 15.0
MANY = 2000
CONNECTED = ("genesys_stream_connected", "queues-all", "")
POLL = "POST /api/v2/analytics/queues/observations/query"
SERIES = re.compile(r'^collectd_(\w+)\{genesys="((?:[^"\\]|\\.)*)"(?:,type="([^"]*)")?,instance="[^"]*"\} (\S+)')
Key = tuple[str, str, str]  # type, instance of the plugin, qualifier


class Wanted(NamedTuple):
    """A value that has been expected since `began`."""
    began: float
    is_seen: Callable[[float], bool]


def values_of(text: str) -> dict[Key, float]:
    found = (SERIES.match(line) for line in text.splitlines())
    return {(one[1], one[2], one[3] or ""): float(one[4]) for one in found if one}


class Metrics:
    """Reads /metrics again and again, and notes when a wanted value is there."""

    def __init__(self, port: int) -> None:
        self.url = "http://127.0.0.1:%d/metrics" % port
        self.values: dict[Key, float] = {}
        self._wanted: dict[Key, tuple[Wanted, list[float], threading.Event]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            try:
                values = values_of(fetch(self.url).decode())
            except process.NOT_YET:
                continue
            now = time.time()
            with self._lock:
                self.values = values
                seen = [key for key, (wanted, _, _) in self._wanted.items() if key in values and wanted.is_seen(values[key])]
                for key in seen:
                    wanted, took, event = self._wanted.pop(key)
                    took.append(now - wanted.began)
                    event.set()

    def want(self, key: Key, wanted: Wanted, took: list[float]) -> threading.Event:
        """Adds the time until the value is there to `took`, and sets the event."""
        event = threading.Event()
        with self._lock:
            self._wanted[key] = (wanted, took, event)
        return event

    def value(self, key: Key) -> float:
        return wait_until(lambda: (self.values[key] + 1,) if key in self.values else None, LATE_S, "%s" % (key,))[0] - 1

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def side_by_side(works: list[Callable[[], None]]) -> None:
    """Runs all works at once; the main thread does their forks meanwhile."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    process.serve_main_thread(lambda: not any(thread.is_alive() for thread in threads))


def repeated(metrics: Metrics, key: Key, cause: Callable[[], Any], took: list[float], count: int) -> Callable[[], None]:
    """Causes the event and waits for the counter to be one more, `count` times."""
    def run() -> None:
        for _ in range(count):
            time.sleep(random.uniform(*PAUSE_S))
            last = metrics.value(key)
            done = metrics.want(key, Wanted(time.time(), lambda value, last=last: value > last), took)
            cause()
            if not done.wait(LATE_S):
                raise process.Late("%s is not more than %g" % (key, last))
    return run


def row(work: str, took: list[float]) -> Row:
    if len(took) < SAMPLES:
        raise Wrong("%s: %d of %d values came" % (work, len(took), SAMPLES))
    ordered = sorted(took)
    p50, p99 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    say("  %-44s %4d events: p50 %.2f s  p99 %.2f s  max %.2f s" % (work, len(ordered), p50, p99, ordered[-1]))
    return Row("7", work, "p50 %.2f s, p99 %.2f s, max %.2f s" % (p50, p99, ordered[-1]),
               aim="p99 < %.1f s" % P99_MAX_S, met=met(p99 < P99_MAX_S))


def conversations(sim: Simulator, metrics: Metrics, names: dict[str, str]) -> list[float]:
    """A contact arrives: the first event of its queue's topic."""
    took: list[float] = []

    def arrive(queue: str) -> Callable[[], Any]:
        return lambda: sim.call("contacts", {"op": "arrive", "queueId": queue, "mediaType": "voice", "count": 1})
    for queue in names:
        arrive(queue)()
    side_by_side([repeated(metrics, ("genesys_queue_offer_total", name, "voice"), arrive(queue), took, SAMPLES // QUEUES)
                  for queue, name in names.items()])
    return took


def attributes(hook: Hook, metrics: Metrics) -> list[float]:
    """EventBridge's request with one attribute."""
    took: list[float] = []

    def post(flow: str) -> Callable[[], Any]:
        def run() -> None:
            body = hook.sqs.call("flow/set", {"flow": flow, "metric": "Calls", "return": True})["bodies"][0]
            status, said = hook.post(body.encode())
            if status != 200:
                raise RuntimeError("the webhook answers %d: %r" % (status, said))
        return run
    flows = ["Flow%d" % number for number in range(QUEUES)]
    for flow in flows:
        post(flow)()
    side_by_side([repeated(metrics, ("genesys_flow_metric_total", flow, "Calls"), post(flow), took, SAMPLES // QUEUES)
                  for flow in flows])
    return took


def last_answer(sim: Simulator) -> float:
    """The time at which the newest answer of the observations left."""
    ended = [one["time"] + one["ms"] / 1000 for one in sim.counters()["last"]
             if one["function"].startswith(POLL) and one["status"] == "200"]
    return max(ended, default=0.0)


def observations(sim: Simulator, metrics: Metrics, names: dict[str, str], op: str) -> list[float]:
    """An agent of each queue leaves or joins it; the next answer shows that, within an ObservationInterval."""
    before = {name: metrics.value(("genesys_queue_agents", name, "active")) for name in names.values()}
    took: list[float] = []
    answered, began = last_answer(sim), time.time()
    waits = [metrics.want(("genesys_queue_agents", name, "active"), Wanted(began, lambda value, old=value: value != old), took)
             for name, value in before.items()]
    for queue in names:
        sim.call("agents", {"op": op, "queueId": queue})
    for wait in waits:
        if not wait.wait(LATE_S):
            raise process.Late("the agents of a queue do not change")
    known = wait_until(lambda: (last_answer(sim),) if last_answer(sim) > answered else None, LATE_S, "an answer")[0]
    return [began + one - known for one in took]


PROMETHEUS = """<Plugin write_prometheus>
  Host "127.0.0.1"
  Port "%d"
</Plugin>
"""
EXPOSITION = "genesys_prometheus"
# Without csv, which would make 90,000 files for 2,000 queues. The chain hides the values from the write tracker of
# genesys, too.
EXPOSITION_ALONE = """<Plugin genesys_prometheus>
  Port %d
</Plugin>
<Chain "PostCache">
  <Target "write">
    Plugin "genesys_prometheus"
  </Target>
  Target "stop"
</Chain>
"""


def metrics_of_collectd() -> tuple[int, dict[str, Any]]:
    """A port, and what a collectd needs to show its values there; Interval is its own default."""
    port = process.free_port()
    return port, {"interval": INTERVAL_S, "load": ("write_prometheus",), "more": PROMETHEUS % port}


def begun(sim: Simulator, hook: Hook) -> tuple[Collectd, Metrics]:
    port, shown = metrics_of_collectd()
    shown["more"] += "<Plugin %s>\n%s</Plugin>\n" % (FLOWS, hook.block())
    daemon = Collectd(account(sim), block("Queues", "all", {"Account": "prod"}), ours=(*OURS, FLOWS), **shown)
    metrics = Metrics(port)
    daemon.lives_until(lambda: metrics.values.get(CONNECTED) == 1, LATE_S, "the stream")
    hook.wait_open(daemon, LATE_S)
    return daemon, metrics


def ended(daemon: Collectd, metrics: Metrics) -> None:
    metrics.end()
    daemon.stop()


def latency(left_out: list[str]) -> Iterator[Row]:
    need_collectd(FLOWS)
    say("event known -> value at /metrics, no option set: Interval %d, ObservationInterval 10" % INTERVAL_S)
    sim = Simulator(queues=QUEUES, agents=4 * QUEUES, load=0, plain_names=True, media="voice")
    names = {queue: one["name"] for queue, one in sim.truth()["queues"].items()}
    hook = Hook(Sqs())
    daemon, metrics = begun(sim, hook)
    yield row("conversation event", conversations(sim, metrics, names))
    yield row("webhook attribute, committed", attributes(hook, metrics))
    ended(daemon, metrics)
    # All polls of one collectd have the same distance from the tick of its second.
    took: list[float] = []
    for number in range(SAMPLES // QUEUES):
        daemon, metrics = begun(sim, hook)
        took += observations(sim, metrics, names, "join" if number % 2 else "leave")
        ended(daemon, metrics)
    yield row("observation, since its answer", took)


def covered(sim: Simulator) -> int:
    """Topics on a channel with a socket."""
    return len({topic for one in sim.call("channels")["channels"] if one["socket"] for topic in one["topics"]})


def start(left_out: list[str]) -> Iterator[Row]:
    need_collectd(EXPOSITION)
    sim = Simulator(queues=MANY, agents=400, plain_names=True)
    port = process.free_port()
    url = "http://127.0.0.1:%d/metrics" % port
    began = time.monotonic()
    daemon = Collectd(account(sim), block("Queues", "all", {"Account": "prod"}), ours=(*OURS, EXPOSITION),
                      interval=INTERVAL_S, more=EXPOSITION_ALONE % port)
    took: dict[str, float] = {}

    def note(what: str, is_true: bool) -> None:
        if is_true and what not in took:
            took[what] = time.monotonic() - began
            say("  %-28s %5.1f s" % (what, took[what]))

    def is_shown() -> bool:
        try:
            return b"\ngenesys_queue_depth{" in fetch(url)
        except process.NOT_YET:
            return False

    def is_complete() -> bool:
        note("first values", "first values" in took or is_shown())
        note("all topics covered", covered(sim) == MANY)
        return len(took) == 2
    say("cold start, %d queues, no option set" % MANY)
    daemon.lives_until(is_complete, 4 * LATE_S, "the first values and all topics")
    for what, most in (("first values", FIRST_MAX_S), ("all topics covered", COVERED_MAX_S)):
        yield Row("8", "cold start, %d queues: %s" % (MANY, what), "%.1f s" % took[what],
                  aim="< %.0f s" % most, met=met(took[what] < most))
    daemon.stop()
