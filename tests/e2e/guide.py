#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guide dialect: are a gateway's numbers the truth, asked for at its pace, and is its trouble explained?"""
from __future__ import annotations

from typing import Any

from lib import expected, report
from lib.collectd import DAEMON, Collectd, account, polled
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, same

METRICS, STATS = "GET /api/v2/queues/metrics", "GET /api/v2/queues/stats"
SMALL = {"queues": 6, "agents": 20, "load": 1.5, "frozen": True}


def guide(name: str = "all", **changes: Any) -> str:
    return polled(name, **{"Observations": "queue_metrics", "ObservationInterval": 5, **changes})


def truth(sim: Simulator, label: Any = None) -> dict[str, float]:
    """What must come out: sums over the media; absent numbers are 0."""
    told = sim.truth()
    name = label or expected.by_name(told)
    made: dict[str, float] = {}
    for queue, of in told["queues"].items():
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


def asked(sim: Simulator, function: str) -> list[dict[str, Any]]:
    return [one for one in sim.counters()["last"] if one["function"] == function]


def the_numbers_are_the_truth_at_the_source_s_pace() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), guide(Media="voice"))
    daemon.wait_up()
    same("values", shown(daemon), truth(sim))
    check("somebody waits", sum(value for key, value in truth(sim).items() if "waiting" in key) > 0)
    wait_until(lambda: len(asked(sim, METRICS)) >= 3, 15, "three readings")
    times = [one["time"] for one in asked(sim, METRICS)]
    pauses = [b - a for a, b in zip(times, times[1:])]
    check("never faster than each 5 s", min(pauses) > 4.5, pauses)
    same("complaints", [line for line in daemon.complaints() if "names of queues" not in line], [])
    daemon.stop()


def names_come_with_the_answers_where_the_list_is_refused() -> None:
    sim = Simulator(**SMALL)
    sim.config(permissions=["analytics:realtime:read"])
    ids = list(sim.truth()["queues"])
    daemon = Collectd(account(sim), guide(Queue=ids, Path="/api/v2/queues/stats"))
    daemon.wait_up()
    same("values", shown(daemon), truth(sim))
    same("the other path", len(asked(sim, METRICS)), 0)
    daemon.stop()


def trouble_is_explained() -> None:
    """A scope that is missing; then six answers 429, one more than are outlasted."""
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
    same("values", shown(daemon), truth(sim))
    same("requests while asked to wait", sim.counters()["during_retry_after"].get(METRICS, 0), 0)
    daemon.stop()


def mistakes_are_named_and_collectd_does_not_start() -> None:
    sim = Simulator(**SMALL)
    for changes, words in (({"ObservationInterval": 4}, ("ObservationInterval: 4 s", "5 or more")),
                           ({"Observations": "query", "Path": "/x"}, ("Path", "official API")),
                           ({"Path": "stats"}, ('Path: "stats"', "/api/v2/queues/stats"))):
        daemon = Collectd(account(sim), guide(**changes))
        daemon.program.wait(10)
        line = daemon.program.matching("genesys_realtime", *words)
        check("says %s" % (words,), len(line) == 1, daemon.text)
    same("nothing was asked", sim.counters()["token_requests_total"], 0)


if __name__ == "__main__":
    report.main([the_numbers_are_the_truth_at_the_source_s_pace, trouble_is_explained,
                 names_come_with_the_answers_where_the_list_is_refused,
                 mistakes_are_named_and_collectd_does_not_start], {"collectd": DAEMON})
