#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""When the API is down, throttles or sends invalid answers: does the log have one line for each cause, does the agent send no
storm of requests, and do values return afterwards?"""
from __future__ import annotations

import time
from typing import Any, Callable, NamedTuple

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, polled
from lib.gate import Gate
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same, same_soon

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True, "rate_limit": 0}
SERIES = ("Queue 0001", "queue_agents", "member")
OBSERVATIONS = "POST /api/v2/analytics/*"
IN_FLIGHT_S = 0.5  # for this time after a 429 a client that has not read it may send requests
LONGEST_REST_S = 5.0  # rest of a breaker that opens for the first time
BUSY_S = 10.0  # time that a busy machine and a request in flight may add


def times(daemon: Collectd) -> list[float]:
    return [at for at, _ in daemon.readings(*SERIES)]


def recovery_s(daemon: Collectd, since: float, within_s: float) -> float:
    """Seconds from `since` (epoch) to the next value."""
    def next_value() -> float:
        return next((at for at in times(daemon) if at > since), 0.0)
    return wait_until(next_value, within_s, "values after the outage") - since


def small(sim: Simulator, **changes: Any) -> str:
    return account(sim, **{"RequestsPerMinute": 10000, "Timeout": 2, "ConnectTimeout": 1, **changes})


def is_logged_once(daemon: Collectd, name: str, *parts: str) -> None:
    complaints = daemon.complaints()
    check("%s: the log has one line" % name, len(complaints) == 1 and all(p in complaints[0] for p in parts), complaints)


# ---- no API at all -------------------------------------------------------------------

def values_begin_when_the_api_becomes_reachable() -> None:
    sim = Simulator(**SMALL)
    gate = Gate(sim.https_port, is_open=False)
    daemon = Collectd(small(sim, BaseURL=gate.url), polled())
    daemon.says("account prod, token: no token", "Failed to connect", within_s=5)
    watch_for(6)
    is_logged_once(daemon, "refused for 6 s", "check Region (or BaseURL), Proxy and the firewall")
    same_soon("source_up is 0 during the outage", lambda: daemon.latest("queues-all", "source_up", "observations"), 0)
    gate.open()
    took = recovery_s(daemon, time.time(), 25)
    note("values %.1f s after the API was up (outage of 6 s at the start)" % took)
    check("values return within the breaker's rest", took < 2 * LONGEST_REST_S + BUSY_S, took)
    daemon.says("token", "good again", within_s=3)
    same("one token request arrives", sim.counters()["token_requests_total"], 1)
    daemon.stop()


def values_return_after_an_outage() -> None:
    sim = Simulator(**SMALL)
    gate = Gate(sim.https_port)
    daemon = Collectd(small(sim, BaseURL=gate.url), polled(Queue="*[12]") + polled("b", Queue="*[34]", Observations="activity"))
    daemon.wait_up("all", "b")
    gate.close()
    watch_for(7)
    same_soon("source_up is 0 after three intervals", lambda: daemon.latest("queues-all", "source_up", "observations"), 0)
    lines = daemon.complaints()
    check("the log has one line, not one for each block and interval", len(lines) == 1 and "account prod, api" in lines[0], lines)
    gate.open()
    took = recovery_s(daemon, time.time(), 25)
    note("values %.1f s after the API was back (outage of 7 s)" % took)
    check("values return within the breaker's rest", took < 2 * LONGEST_REST_S + BUSY_S, took)
    daemon.says("api: good again", within_s=5)
    daemon.stop()


def names_survive_a_restart() -> None:
    """While the list of queues fails and observations work, labels come from StateDir."""
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
    daemon = Collectd(small(sim), polled(Queue="*[12]") + polled("b", Queue="*[34]", Observations="activity"))
    daemon.wait_up("all", "b")
    sim.reset_counters()
    sim.faults({"on": OBSERVATIONS, "answer": 429, "retry_after_s": 7, "count": 1})
    wait_until(lambda: sim.fault_hits() == 1, 5, "the 429")

    def later() -> list[dict[str, Any]]:
        """The 429 and all requests after it, less those in flight when it came."""
        last = sim.counters()["last"]
        refused = next(i for i, one in enumerate(last) if one["status"] == "429")
        at = last[refused]["time"]
        return [last[refused], *(one for one in last[refused + 1:] if one["time"] > at + IN_FLIGHT_S)]
    wait_until(lambda: len(later()) > 1, 12, "a request after the 429")
    refused_at, silence = later()[0]["time"], later()[1]["time"] - later()[0]["time"]
    took = recovery_s(daemon, refused_at + 7, 12) + 7
    record = sim.counters()  # its early requests are exact, by the monotonic clock
    in_flight = [one for one in record["last"] if refused_at < one["time"] <= refused_at + IN_FLIGHT_S]
    early = record["during_retry_after"].get("(any function)", 0)
    check("no request is sent for 7 s", 6.9 < silence < 8.5 + BUSY_S and early <= len(in_flight),
          (silence, record["during_retry_after"]))
    note("silence of %.2f s, values %.2f s after the 429" % (silence, took))
    check("values follow the end of the Retry-After", took < 8.5 + BUSY_S, took)
    is_logged_once(daemon, "429 with Retry-After", "account prod, throttle", "429", "for 7.0 s", "RequestsPerMinute")
    same_soon("api_throttled is 1", lambda: daemon.latest("account-prod", "api_throttled"), 1)
    daemon.stop()


def a_429_without_retry_after_causes_a_back_off() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled())
    daemon.wait_up()
    sim.faults({"on": OBSERVATIONS, "answer": 429, "count": 2})
    wait_until(lambda: sim.fault_hits() == 2, 12, "two 429")
    took = recovery_s(daemon, time.time(), 15)
    note("values %.2f s after the second of two 429 without Retry-After" % took)
    is_logged_once(daemon, "429 without Retry-After", "account prod, throttle", "429")
    daemon.stop()


def a_long_retry_after_pauses_one_function_only() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled(Queue="*[12]") + polled("b", Queue="*[34]", Observations="activity"))
    daemon.wait_up("all", "b")
    sim.faults({"on": "POST /api/v2/analytics/conversations/*", "answer": 429, "retry_after_s": 600, "count": 1})
    wait_until(lambda: sim.fault_hits() == 1, 5, "the 429")
    since = time.time()
    wait_until(lambda: len([at for at in times(daemon) if at > since]) >= 3, 6, "the other functions continue")
    check("the other functions have values", True)
    is_logged_once(daemon, "Retry-After 600", "conversation_activity", "only this function is suspended")
    same("no request of the paused function is sent", sim.counters()["during_retry_after_total"], 0)
    daemon.stop()


# ---- invalid answers ----------------------------------------------------------------------------

class Fault(NamedTuple):
    step: dict[str, Any]  # as the simulator expects it
    lasts_s: float  # the least time; the fault also lasts until a line is written
    slack_s: float  # allowed after the fault, beyond one interval
    parts: tuple[str, ...]  # parts of the line


ACCOUNT, BLOCK = "account prod, api", "queues-all"
FAULTS = {
    "5xx with HTML": Fault({"answer": 503, "html": True}, 3, LONGEST_REST_S, (ACCOUNT, "503")),
    "cut off": Fault({"answer": "truncate"}, 3, LONGEST_REST_S, (ACCOUNT, "127.0.0.1:")),
    "reset": Fault({"answer": "reset"}, 3, LONGEST_REST_S, (ACCOUNT, "127.0.0.1:")),
    # Three tries of a second each, and the pauses between them, come before the line.
    "no answer": Fault({"answer": "hang"}, 7, LONGEST_REST_S, (ACCOUNT, "check Timeout")),
    "byte by byte": Fault({"answer": "slow_body", "drip_bytes": 1, "drip_ms": 200}, 7, LONGEST_REST_S,
                          (ACCOUNT, "check Timeout")),
    "broken JSON": Fault({"answer": "malformed"}, 3, 1, (BLOCK, "queue_observations", "JSON")),
    "HTML with 200": Fault({"answer": 200, "body": "<html>maintenance</html>", "content_type": "text/html"}, 3, 1,
                           (BLOCK, "queue_observations", "JSON")),
    "an empty answer": Fault({"answer": "empty"}, 3, 1, (BLOCK, "queue_observations", "JSON")),
}


def invalid_answers(name: str) -> Callable[[], None]:
    fault = FAULTS[name]

    def scenario() -> None:
        sim = Simulator(**SMALL)
        daemon = Collectd(small(sim, Timeout=1), polled())
        daemon.wait_up()
        sim.faults({"on": OBSERVATIONS, **fault.step})
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > fault.lasts_s and daemon.complaints(), 20, "a line")
        asked = sim.fault_hits()
        lasted_s = time.monotonic() - began
        sim.faults()
        ended = time.time()
        try:
            took = recovery_s(daemon, ended, 1 + fault.slack_s + BUSY_S)
            check("%s: values return after the fault" % name, True)
            note("%s: values %.2f s after the fault, %d requests in its %.1f s" % (name, took, asked, lasted_s))
        except process.Late as late:
            check("%s: values return after the fault" % name, False, "%s; %s" % (late, daemon.text))
        is_logged_once(daemon, name, *fault.parts)
        check("%s: the number of requests is bounded" % name, asked <= 15 + 2 * (lasted_s - fault.lasts_s), asked)
        daemon.says("good again", within_s=3)
        daemon.stop()
    scenario.__name__ = "invalid_answers_" + name.lower().replace(" ", "_")
    return scenario


def one_bad_answer_loses_no_value() -> None:
    """A retry within the interval leaves no gap in the series."""
    sim = Simulator(**SMALL)
    daemon = Collectd(small(sim), polled())
    daemon.wait_up()
    for answer in (500, "reset", "truncate"):
        sim.faults({"on": OBSERVATIONS, "answer": answer, "count": 1})
        wait_until(lambda: sim.fault_hits() == 1, 5, "the fault")
        recovery_s(daemon, time.time(), 4)
    stamps = times(daemon)
    gap = max(b - a for a, b in zip(stamps, stamps[1:]))
    check("the values have no gap", gap < LONGEST_REST_S, gap)
    same("the log has no complaints", daemon.complaints(), [])
    note("longest gap %.2f s" % gap)
    daemon.stop()


def the_breaker_opens_and_closes() -> None:
    """The API fails twice: the second outage must not depend on the state after the first."""
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
    is_logged_once(daemon, "breaker", "account prod, api", "503")
    daemon.stop()


def failures_of_the_token_endpoint_are_logged_once() -> None:
    sim = Simulator(**SMALL)
    sim.faults({"on": "POST /oauth/token", "answer": 500, "html": True})
    daemon = Collectd(small(sim), polled())
    daemon.says("no token: the token endpoint answered 500", within_s=5)
    watch_for(4)
    sim.faults()
    took = recovery_s(daemon, time.time(), 15)
    note("values %.2f s after the token endpoint was repaired" % took)
    is_logged_once(daemon, "500 for the token", "account prod, token")
    check("at most six tokens are requested", sim.counters()["token_requests_total"] <= 6, sim.counters()["token_requests"])
    daemon.stop()


def a_huge_answer_leaves_memory_bounded() -> None:
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
    check("the log has at most one line", len(daemon.complaints()) <= 1, daemon.complaints())
    daemon.stop()


if __name__ == "__main__":
    report.main([values_begin_when_the_api_becomes_reachable, values_return_after_an_outage, a_huge_answer_leaves_memory_bounded,
                 retry_after_is_honoured_exactly, a_429_without_retry_after_causes_a_back_off, the_breaker_opens_and_closes,
                 failures_of_the_token_endpoint_are_logged_once, *[invalid_answers(name) for name in FAULTS],
                 a_long_retry_after_pauses_one_function_only, one_bad_answer_loses_no_value, names_survive_a_restart],
                {"collectd": DAEMON})
