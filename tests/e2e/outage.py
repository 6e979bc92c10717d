#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""When the API is away, throttles or talks nonsense: one line for each cause, no storm, and values by themselves after?"""
from __future__ import annotations

import time
from typing import Any, Callable, NamedTuple

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, polled
from lib.gate import Gate
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True, "rate_limit": 0}
SERIES = ("Queue 0001", "queue_agents", "member")
OBSERVATIONS = "POST /api/v2/analytics/*"
LONGEST_REST_S = 5.0  # of a breaker that opens for the first time
BUSY_S = 4.0  # what a busy machine and a request that was under way may add


def times(daemon: Collectd) -> list[float]:
    return [at for at, _ in daemon.readings(*SERIES)]


def recovery_s(daemon: Collectd, since: float, within_s: float) -> float:
    """Seconds from `since` (epoch) to the next value."""
    def next_value() -> float:
        return next((at for at in times(daemon) if at > since), 0.0)
    return wait_until(next_value, within_s, "values after the outage") - since


def small(sim: Simulator, **changes: Any) -> str:
    return account(sim, **{"RequestsPerMinute": 10000, "Timeout": 2, "ConnectTimeout": 1, **changes})


def is_told_once(daemon: Collectd, name: str, *parts: str) -> None:
    complaints = daemon.log()
    check("%s: one line" % name, len(complaints) == 1 and all(p in complaints[0] for p in parts), complaints)


# ---- no API at all -------------------------------------------------------------------

def away_at_the_start() -> None:
    sim = Simulator(**SMALL)
    gate = Gate(sim.https_port, is_open=False)
    daemon = Collectd(small(sim, BaseURL=gate.url), polled())
    daemon.says("account prod, token: no token", "Couldn't connect", within_s=5)
    watch_for(6)
    is_told_once(daemon, "refused for 6 s", "check Region (or BaseURL), Proxy and the firewall")
    same("source_up meanwhile", daemon.latest("queues-all", "source_up", "observations"), 0)
    gate.open()
    took = recovery_s(daemon, time.time(), 25)
    note("values %.1f s after the API came (outage of 6 s at the start)" % took)
    check("back within the breaker's rest", took < 2 * LONGEST_REST_S + BUSY_S, took)
    daemon.says("token", "good again", within_s=3)
    same("token requests that arrived", sim.counters()["token_requests_total"], 1)
    daemon.stop()


def away_in_the_middle() -> None:
    sim = Simulator(**SMALL)
    gate = Gate(sim.https_port)
    daemon = Collectd(small(sim, BaseURL=gate.url), polled() + polled("b", Observations="activity"))
    daemon.wait_up("all", "b")
    gate.shut()
    watch_for(7)
    same("source_up after three intervals", daemon.latest("queues-all", "source_up", "observations"), 0)
    lines = daemon.log()
    check("one line, not one for each block and interval", len(lines) == 1 and "account prod, api" in lines[0], lines)
    gate.open()
    took = recovery_s(daemon, time.time(), 25)
    note("values %.1f s after the API was back (outage of 7 s)" % took)
    check("back within the breaker's rest", took < 2 * LONGEST_REST_S + BUSY_S, took)
    daemon.says("api: good again", within_s=5)
    daemon.stop()


def names_outlive_a_restart() -> None:
    """The list of queues fails, observations work: labels come from StateDir."""
    sim = Simulator(**SMALL)
    state = process.folder("state") / "genesys"  # not there yet
    first = Collectd(small(sim), polled(), state_dir=state)
    first.wait_up()
    wait_until(lambda: times(first), 5, "values")
    first.stop()
    sim.faults({"on": "GET /api/v2/routing/queues", "answer": 503})
    again = Collectd(small(sim), polled(), state_dir=state)
    wait_until(lambda: times(again), 12, "values under the kept names")
    check("names come from StateDir while the list fails", sim.fault_hits() > 0)
    mode = (state.stat().st_mode & 0o777, sorted({p.stat().st_mode & 0o777 for p in state.iterdir()}))
    same("StateDir and its files are private", mode, (0o700, [0o600]))
    again.stop()


# ---- throttling ------------------------------------------------------------------------

def retry_after_is_honoured_exactly() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled() + polled("b", Observations="activity"))
    daemon.wait_up("all", "b")
    sim.reset_counters()
    sim.faults({"on": OBSERVATIONS, "answer": 429, "retry_after_s": 7, "count": 1})
    wait_until(lambda: sim.fault_hits() == 1, 5, "the 429")
    under_way_s = 0.5  # an answer that was on its way when the 429 came
    took = recovery_s(daemon, time.time() + under_way_s, 12) + under_way_s
    told = sim.counters()
    refused = next(i for i, one in enumerate(told["last"]) if one["status"] == "429")
    later = [one for one in told["last"][refused + 1:] if one["time"] > told["last"][refused]["time"] + 0.2]
    silence = later[0]["time"] - told["last"][refused]["time"]
    early = told["during_retry_after"].get("(any function)", 0)
    under_way = len(told["last"][refused + 1:]) - len(later)
    check("no request for 7 s", 7.0 <= silence < 8.5 and early <= under_way, (silence, told["during_retry_after"]))
    note("silence of %.2f s, values %.2f s after the 429" % (silence, took))
    check("values right after", took < 8.5, took)
    is_told_once(daemon, "429 with Retry-After", "account prod, throttle", "429", "for 7.0 s", "RequestsPerMinute")
    same("api_throttled", daemon.latest("account-prod", "api_throttled"), 1)
    daemon.stop()


def without_retry_after_it_backs_off() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled())
    daemon.wait_up()
    sim.faults({"on": OBSERVATIONS, "answer": 429, "count": 2})
    wait_until(lambda: sim.fault_hits() == 2, 12, "two 429")
    took = recovery_s(daemon, time.time(), 15)
    note("values %.2f s after the second of two 429 without Retry-After" % took)
    is_told_once(daemon, "429 without Retry-After", "account prod, throttle", "429")
    daemon.stop()


def a_long_retry_after_rests_one_function_only() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled() + polled("b", Observations="activity"))
    daemon.wait_up("all", "b")
    sim.faults({"on": "POST /api/v2/analytics/conversations/*", "answer": 429, "retry_after_s": 600, "count": 1})
    wait_until(lambda: sim.fault_hits() == 1, 5, "the 429")
    since = time.time()
    wait_until(lambda: len([at for at in times(daemon) if at > since]) >= 3, 6, "the other functions go on")
    check("the others go on", True)
    is_told_once(daemon, "Retry-After 600", "conversation_activity", "this function rests, the others go on")
    same("requests of the resting function", sim.counters()["during_retry_after_total"], 0)
    daemon.stop()


# ---- nonsense ----------------------------------------------------------------------------

class Fault(NamedTuple):
    step: dict[str, Any]  # as the simulator wants it
    lasts_s: float
    slack_s: float  # allowed after it, beyond one interval
    parts: tuple[str, ...]  # of the line


ACCOUNT, BLOCK = "account prod, api", "queues-all"
FAULTS = {
    "5xx with HTML": Fault({"answer": 503, "html": True}, 3, LONGEST_REST_S, (ACCOUNT, "503")),
    "cut off": Fault({"answer": "truncate"}, 3, LONGEST_REST_S, (ACCOUNT, "127.0.0.1:")),
    "reset": Fault({"answer": "reset"}, 3, LONGEST_REST_S, (ACCOUNT, "127.0.0.1:")),
    # Three tries of a second each, and the pauses between, before it is told.
    "no answer": Fault({"answer": "hang"}, 7, LONGEST_REST_S, (ACCOUNT, "check Timeout")),
    "drop by drop": Fault({"answer": "slow_body", "drip_bytes": 1, "drip_ms": 200}, 7, LONGEST_REST_S,
                          (ACCOUNT, "check Timeout")),
    "broken JSON": Fault({"answer": "malformed"}, 3, 1, (BLOCK, "queue_observations", "JSON")),
    "HTML with 200": Fault({"answer": 200, "body": "<html>maintenance</html>", "content_type": "text/html"}, 3, 1,
                           (BLOCK, "queue_observations", "JSON")),
    "an empty answer": Fault({"answer": "empty"}, 3, 1, (BLOCK, "queue_observations", "JSON")),
}


def nonsense(name: str) -> Callable[[], None]:
    fault = FAULTS[name]

    def scenario() -> None:
        sim = Simulator(**SMALL)
        daemon = Collectd(small(sim, Timeout=1), polled())
        daemon.wait_up()
        sim.faults({"on": OBSERVATIONS, "for_s": fault.lasts_s, **fault.step})
        wait_until(lambda: sim.fault_hits() > 0, 5, "the fault")
        wait_until(lambda: sim.call("faults")["steps"][0]["state"] == "over", 10, "its end")
        ended = time.time()
        asked = sim.fault_hits()
        try:
            took = recovery_s(daemon, ended, 1 + fault.slack_s + BUSY_S)
            check("%s: values after it" % name, True)
            note("%s: values %.2f s after it, %d requests in its %g s" % (name, took, asked, fault.lasts_s))
        except process.Late as late:
            check("%s: values after it" % name, False, "%s; %s" % (late, daemon.text))
        is_told_once(daemon, name, *fault.parts)
        check("%s: no storm" % name, asked <= 15, asked)
        daemon.says("good again", within_s=3)
        daemon.stop()
    scenario.__name__ = "nonsense_" + name.lower().replace(" ", "_")
    return scenario


def one_bad_answer_costs_nothing() -> None:
    """A retry within the interval: the series has no hole."""
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled())
    daemon.wait_up()
    for answer in (500, "reset", "truncate"):
        sim.faults({"on": OBSERVATIONS, "answer": answer, "count": 1})
        wait_until(lambda: sim.fault_hits() == 1, 5, "the fault")
        recovery_s(daemon, time.time(), 4)
    stamps = times(daemon)
    gap = max(b - a for a, b in zip(stamps, stamps[1:]))
    check("no hole", gap < 2.5, gap)
    same("complaints", daemon.log(), [])
    note("longest gap %.2f s" % gap)
    daemon.stop()


def the_breaker_opens_and_closes() -> None:
    """Twice: what a first outage leaves must not spoil the second."""
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled())
    daemon.wait_up()
    for turn in ("first", "second"):
        sim.faults({"on": OBSERVATIONS, "answer": 503})
        wait_until(lambda: daemon.latest("account-prod", "api_breaker") == 1, 15, "api_breaker is 1")
        hits = sim.fault_hits()
        watch_for(3)
        check("%s: an open breaker sends nothing" % turn, sim.fault_hits() - hits <= 1, sim.fault_hits() - hits)
        sim.faults()
        took = recovery_s(daemon, time.time(), 15)
        note("%s: values %.2f s after the end of a 503 that had opened the breaker" % (turn, took))
        wait_until(lambda: daemon.latest("account-prod", "api_breaker") == 0, 5, "api_breaker is 0 again")
    daemon.says("api: good again")
    is_told_once(daemon, "breaker", "account prod, api", "503")
    daemon.stop()


def the_token_endpoint_fails() -> None:
    sim = Simulator(**SMALL)
    sim.faults({"on": "POST /oauth/token", "answer": 500, "html": True, "for_s": 4})
    daemon = Collectd(small(sim), polled())
    daemon.says("no token: the token endpoint answered 500", within_s=5)
    wait_until(lambda: sim.call("faults")["steps"][0]["state"] == "over", 6, "its end")
    took = recovery_s(daemon, time.time(), 15)
    note("values %.2f s after the token endpoint was well" % took)
    is_told_once(daemon, "500 for the token", "account prod, token")
    check("no storm at the token endpoint", sim.counters()["token_requests_total"] <= 6, sim.counters()["token_requests"])
    daemon.stop()


def a_huge_answer_does_not_take_the_memory() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim, Timeout=30), polled(ObservationInterval=2))
    daemon.wait_up()
    before = daemon.memory_kb()
    sim.faults({"on": OBSERVATIONS, "answer": "huge", "huge_mb": 300, "count": 1})
    wait_until(lambda: sim.fault_hits() == 1, 5, "the fault")
    took = recovery_s(daemon, time.time(), 30)
    grown = daemon.memory_kb() - before
    note("300 MB: values again after %.1f s, the peak grew by %d KB" % (took, grown))
    check("the peak grows by less than 20 MB", grown < 20000, grown)
    check("at most one line", len(daemon.log()) <= 1, daemon.log())
    daemon.stop()


if __name__ == "__main__":
    report.main([away_at_the_start, away_in_the_middle, a_huge_answer_does_not_take_the_memory,
                 retry_after_is_honoured_exactly, without_retry_after_it_backs_off, the_breaker_opens_and_closes,
                 the_token_endpoint_fails, *[nonsense(name) for name in FAULTS],
                 a_long_retry_after_rests_one_function_only, one_bad_answer_costs_nothing, names_outlive_a_restart],
                {"collectd": DAEMON})
