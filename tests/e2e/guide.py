#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guide dialect: do values equal the truth, does polling respect the gateway's pace, are failures explained?"""
from __future__ import annotations

from typing import Any

from lib import expected, guide as dialect, report, stream
from lib.collectd import DAEMON, Collectd, account, queues
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, check_soon, same, same_soon

METRICS, STATS = "GET /api/v2/queues/metrics", "GET /api/v2/queues/stats"
SMALL = {"queues": 6, "agents": 20, "load": 1.5, "frozen": True}


def guide(name: str = "all", **changes: Any) -> str:
    return queues(name, **{"Stream": "none", "Observations": "queue_metrics", "ObservationInterval": 5, **changes})


def truth(sim: Simulator, label: Any = None) -> dict[str, float]:
    """The expected values: sums over the media; absent numbers are 0."""
    record = sim.truth()
    name = label or expected.by_name(record)
    made: dict[str, float] = {}
    for queue, of in record["queues"].items():
        waiting, alerting = (sum(m[what] for m in of["media"].values()) for what in ("waiting", "alerting"))
        head = name(queue, of["name"])
        made[head + "/queue_depth-all"] = waiting + alerting
        made[head + "/queue_waiting-all"] = waiting
        made[head + "/queue_agents-available"] = of["on_queue"].get("IDLE", 0)
        made[head + "/queue_agents-busy"] = of["on_queue"].get("INTERACTING", 0) + of["on_queue"].get("COMMUNICATING", 0)
    return made


def shown(of: Collectd) -> dict[str, float]:
    """All values of queues."""
    return {key: value for key, (_, value) in of.snapshot().items() if "/queue_" in key or "/active_" in key}


def unequal(want: dict[str, float], got: dict[str, float]) -> list[str]:
    """The agent measures a wait between the arrivals of two events; each may be late by a moment."""
    found = []
    for key in sorted({*want, *got}):
        slack = 0.1 * want.get(key.replace("wait_time_seconds_sum", "answer"), 0) if "_sum-" in key else 0
        if abs(want.get(key, 0) - got.get(key, 0)) > slack:
            found.append("%s is %s, wanted %s" % (key, got.get(key), want.get(key)))
    return found


def values_equal(sim: Simulator, daemon: Collectd) -> bool:
    return stream.becomes("the values equal the truth", lambda: truth(sim), lambda: shown(daemon), unequal)


def asked(sim: Simulator, function: str) -> list[dict[str, Any]]:
    return [one for one in sim.counters()["last"] if one["function"] == function]


def values_equal_the_truth_at_the_gateway_s_pace() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), guide(Media="voice"))
    daemon.wait_up()
    values_equal(sim, daemon)
    check("some contacts wait", sum(value for key, value in truth(sim).items() if "waiting" in key) > 0)
    wait_until(lambda: len(asked(sim, METRICS)) >= 3, 15, "three readings")
    times = [one["time"] for one in asked(sim, METRICS)]
    pauses = [b - a for a, b in zip(times, times[1:])]
    check("at most one request is sent every 5 s", min(pauses) > 4.5, pauses)
    same("the log has no complaints", [line for line in daemon.complaints() if "names of queues" not in line and "events is unknown" not in line], [])
    daemon.stop()


def a_request_has_at_most_a_hundred_ids() -> None:
    sim = Simulator(**{**SMALL, "queues": 230, "plain_names": True, "warmup": 60})
    daemon = Collectd(account(sim, RequestsPerMinute=10000), guide())
    daemon.wait_up()
    values_equal(sim, daemon)
    record = asked(sim, METRICS)
    spans = (record[-1]["time"] - record[0]["time"]) / 5
    check("230 queues take three requests", 3 <= len(record) <= 3 * (spans + 2), (len(record), spans))
    daemon.stop()


def names_come_with_the_answers_where_the_list_is_refused() -> None:
    sim = Simulator(**SMALL)
    sim.config(permissions=["analytics:realtime:read"])
    ids = list(sim.truth()["queues"])
    daemon = Collectd(account(sim), guide(Queue=ids, Path="/api/v2/queues/stats"))
    daemon.wait_up()
    values_equal(sim, daemon)
    same("the path metrics is not used", len(asked(sim, METRICS)), 0)
    daemon.stop()


def failures_are_explained() -> None:
    """A missing scope; then six answers 429, one more than the retries of a request."""
    sim = Simulator(**SMALL)
    sim.config(permissions=["routing:queue:view"])
    daemon = Collectd(account(sim), guide("lacks"))
    daemon.says("queues-lacks", "403", "needs the scope analytics:realtime:read", "OAuth client")
    daemon.stop()
    sim.config(permissions=None)
    sim.faults({"on": METRICS, "answer": 429, "retry_after_s": 1, "count": 6})
    daemon = Collectd(account(sim), guide("slow"))
    wait_until(lambda: sim.fault_hits() == 6, 20, "six answers 429")
    daemon.wait_up("slow", within_s=15)
    values_equal(sim, daemon)
    early = [one["early_by_s"] for one in sim.counters()["during_retry_after_events"] if one["function"] == METRICS]
    check("no request is sent more than 10 ms before the end of a Retry-After", max(early, default=0) <= 0.01, early)
    daemon.stop()


# ---- the stream -----------------------------------------------------------------------

BUSY_S = 3.0  # time that a busy machine may add to a pause
SOCKET = "GET /api/v2/analytics/realtime/conversations"
COUNTED = ("/queue_offer-", "/queue_answer-", "/queue_abandon-", "/queue_transfer-", "/state_changes-", "/state_changes_wrapup-",
           "/active_conversations-", "/queue_wait_time_seconds_sum-")
LIVELY = {"queues": 5, "agents": 40, "speed": 60, "load": 2}


def listening(name: str = "all", **changes: Any) -> str:
    return queues(name, **{"Stream": "conversations", "Observations": "none", **changes})


def wait_open(sim: Simulator, daemon: Collectd, within_s: float = 15) -> None:
    daemon.lives_until(lambda: sim.call("guide")["sockets"] == 1 and stream.state(daemon, "stream_connected") == 1,
                       within_s, "the stream")


def wanted(sim: Simulator, codes: tuple[str, ...] = ()) -> dict[str, float]:
    record = sim.truth()
    name = expected.by_name(record)
    return dialect.counted(sim.call("guide")["events"],
                           lambda queue: queue if queue == "unassigned" else name(queue, record["queues"][queue]["name"]), codes)


def stream_shown(of: Collectd) -> dict[str, float]:
    return {key: value for key, (_, value) in of.snapshot().items() if any(part in key for part in COUNTED) and value}


def everything_is_counted_through_repeats_and_noise() -> None:
    sim = Simulator(**LIVELY)
    sim.config(guide_no_queue=0.2, guide_noise=True, guide_wrapup_codes=["Sale", "Sale, again", "secret", "lost"])
    sim.faults({"ws": "duplicate", "percent": 30, "delay_ms": 300, "for_s": 60})
    daemon = Collectd(account(sim), listening(Media=["voice", "chat"], WrapUpCode=["!secret", "lost", "S*"]))
    wait_open(sim, daemon)
    wait_until(lambda: len(sim.call("guide")["events"]) > 300, 20, "300 events")
    sim.freeze()
    same("the query names the media", [q["where"] for q in sim.call("guide")["queries"]], [["type = 'voice' OR type = 'chat'"]])

    codes = ("Sale", "Sale, again", "lost")
    stream.becomes("the counters equal the truth", lambda: {key: value for key, value in wanted(sim, codes).items() if "-voice" in key or
                                        "-chat" in key}, lambda: stream_shown(daemon), unequal)
    some = wanted(sim, codes)
    check("changes are counted by each allowed code", all(any("_wrapup-" in k and k.endswith("-" + code) for k in some)
                                                      for code in codes), some)
    check("the stream had many events", sum(v for k, v in some.items() if "queue_answer" in k) > 10 and
          any(k.startswith("unassigned/") for k in some), some)
    check_soon("unknown messages are counted", lambda: stream.state(daemon, "events", "other") > 100)
    same_soon("no event is malformed", lambda: stream.state(daemon, "events", "malformed"), 0)
    same("the log has no complaints", [line for line in daemon.complaints() if "names of queues" not in line and "events is unknown" not in line], [])
    daemon.stop()


def refusals_are_explained_and_the_stream_reconnects() -> None:
    sim = Simulator(**{**LIVELY, "load": 1})
    sim.config(permissions=["routing:queue:view"])
    daemon = Collectd(account(sim), listening())
    daemon.says("queues-all", "403", "scope analytics:realtime:read")
    sim.config(permissions=None)
    wait_open(sim, daemon)
    sim.faults({"ws": "drop", "count": 1}, {"on": SOCKET, "answer": 429, "count": 3})
    wait_until(lambda: sim.fault_hits() >= 3, 20, "three answers 429")
    wait_open(sim, daemon, 20)
    times = [one["time"] for one in asked(sim, SOCKET) if one["status"] == "429"]
    pauses = [b - a for a, b in zip(times, times[1:])]
    check("the pause after a 429 doubles", len(pauses) == 2 and 0.9 < pauses[0] < 2.1 + BUSY_S and 1.9 < pauses[1] < 3.1 + BUSY_S, pauses)
    same_soon("stream_reconnects is 1", lambda: stream.state(daemon, "stream_reconnects"), 1)
    daemon.says("queues-all, stream", "429")
    check_soon("the gap is counted", lambda: stream.state(daemon, "stream_gap") > 3, lambda: stream.state(daemon, "stream_gap"))
    same("the log has no header with the token", daemon.leaks("Bearer "), [])
    elapsed, status = daemon.stop()
    check("collectd stops in time with status 0", elapsed < 2 and status == 0, (elapsed, status))


def a_token_that_ends_is_replaced_before_the_server_closes() -> None:
    sim = Simulator(**{**LIVELY, "load": 1, "token_life": 10})
    daemon = Collectd(account(sim), listening())
    wait_open(sim, daemon)
    wait_until(lambda: len(stream.sockets(sim)) >= 3, 60, "two renewals")
    ends = [one["ended"] for one in stream.sockets(sim) if one["ended"]]
    check("the server closes no socket", ends and not [e for e in ends if "token" in e], ends)
    sim.freeze()
    stream.becomes("the counters equal the truth", lambda: wanted(sim), lambda: stream_shown(daemon), unequal)
    same_soon("stream_gap is 0", lambda: stream.state(daemon, "stream_gap"), 0)
    same_soon("stream_reconnects is 0", lambda: stream.state(daemon, "stream_reconnects"), 0)
    daemon.stop()


SKIPPED_KINDS = ("malformed", "bad_utf8", "empty", "ping")
BREAKING = ("masked", "rsv", "opcode", "stray_continuation", "long_ping", "bad_close", "half_frame", "binary", "huge")


def invalid_messages_are_skipped_or_end_the_socket() -> None:
    """Events are counted afterwards, and memory stays bounded."""
    sim = Simulator(**{**LIVELY, "load": 1})
    daemon = Collectd(account(sim), listening(ReconnectMax=1))
    wait_open(sim, daemon)
    sim.faults(*[{"ws": kind, "at_s": 0.1 * i} for i, kind in enumerate(SKIPPED_KINDS)])
    wait_until(lambda: all(stream.stream_counts(sim).get("action " + kind, 0) for kind in SKIPPED_KINDS), 15, "all messages")
    daemon.lives_until(lambda: stream.state(daemon, "events", "malformed") >= 2, 30, "malformed events in the telemetry")
    same("one socket is opened", len(stream.sockets(sim)), 1)
    same("the log complains of messages only", [line for line in daemon.complaints()
                                                if "names of queues" not in line and "messages: a message of" not in line
                                                and "events is unknown" not in line], [])
    check("the log complains of messages", any("messages: a message of" in line for line in daemon.complaints()))
    for number, kind in enumerate(BREAKING, 2):
        sim.faults({"ws": kind, "huge_mb": 64})
        daemon.lives_until(lambda: len(stream.sockets(sim)) >= number, 30, "another socket after " + kind)
        check("%s: the socket is replaced" % kind, True)
        wait_open(sim, daemon, 30)
    before = stream.state(daemon, "events", "new")
    daemon.lives_until(lambda: stream.state(daemon, "events", "new") > before, 30, "new events")
    check("memory stays below 64 MB (%d MB)" % (daemon.memory_kb() // 1024), daemon.memory_kb() < 64 * 1024)
    daemon.stop()


def mistakes_are_named_and_collectd_does_not_start() -> None:
    sim = Simulator(**SMALL)
    for changes, words in (({"ObservationInterval": 4}, ("ObservationInterval: 4 s", "5 or more")),
                           ({"Observations": "query", "Path": "/x"}, ("Path", "official API")),
                           ({"Observations": "query", "Where": "x"}, ("Where", "official API")),
                           ({"WrapUpCode": "x"}, ("WrapUpCode", "official API")),
                           ({"Stream": "conversations", "Path": "/x"}, ("Path", "write two blocks")),
                           ({"Path": "stats"}, ('Path: "stats"', "/api/v2/queues/stats"))):
        daemon = Collectd(account(sim), guide(**changes))
        daemon.program.wait(10)
        line = daemon.program.matching("genesys_realtime", *words)
        check("the log has one line with %s" % (words,), len(line) == 1, daemon.text)
    same("no token is requested", sim.counters()["token_requests_total"], 0)


if __name__ == "__main__":
    report.main([invalid_messages_are_skipped_or_end_the_socket, a_request_has_at_most_a_hundred_ids,
                 everything_is_counted_through_repeats_and_noise,
                 a_token_that_ends_is_replaced_before_the_server_closes,
                 refusals_are_explained_and_the_stream_reconnects,
                 values_equal_the_truth_at_the_gateway_s_pace, failures_are_explained,
                 names_come_with_the_answers_where_the_list_is_refused,
                 mistakes_are_named_and_collectd_does_not_start], {"collectd": DAEMON})
