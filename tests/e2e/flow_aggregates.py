#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""<Flows>: do the totals of flows, outcomes and milestones equal the truth after late data, a kill and an
outage, under their names, and does oFlow equal its truth?"""
from __future__ import annotations

import os
import signal
from datetime import datetime
from typing import Any, Iterable, NamedTuple, Optional

from lib import report, windows
from lib.collectd import FLOWS, Collectd, account, block, built
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same
from lib.windows import MINUTE_MS, Fast, iso

RATE = 20.0  # a write thread that pauses for 15 s of this clock counts as hanging; a kill then loses the values that it held
SETTLED_S = 60.0  # the time that a busy machine may need
TIMEOUT_S = 40.0
NONE = "none"
# Name of a block: its dimensions and metrics.
BLOCKS: dict[str, tuple[list[str], list[str]]] = {
    "flows": (["flowId"], ["nFlow", "nFlowOutcome", "nFlowOutcomeFailed", "nFlowMilestone", "tFlow", "tFlowExit"]),
    "outcomes": (["flowId", "flowOutcomeId"], ["nFlowOutcome", "nFlowOutcomeFailed", "tFlowOutcome"]),
    "milestones": (["mediaType", "flowMilestoneId", "flowId"], ["nFlowMilestone"]),
}


class Key(NamedTuple):
    """A series of a flow."""
    label: str
    metric: str
    more: tuple[str, ...]

    @property
    def qualifier(self) -> str:
        return "-".join((self.metric, *self.more))

    @property
    def interval(self) -> str:
        return "flow_interval"

    @property
    def counter(self) -> str:
        return "flow_aggregate"


def flows_block(name: str, **options: Any) -> str:
    by, metrics = BLOCKS[name]
    return block("Flows", name, {"Account": "prod", "Metric": metrics, "GroupBy": by, **options})


class FastFlows(Fast):
    def learn(self) -> None:
        """Ids -> cleaned names of flows, outcomes and milestones, from the simulator's lists."""
        self.labels = {one: record["name"].replace("/", "_") for one, record in self.sim.truth()["flows"].items()}
        self.labels.update({**self.sim.truth()["flow_outcomes"], **self.sim.truth()["flow_milestones"]})

    def blocks(self, options: dict[str, Any]) -> dict[str, str]:
        return {"flows": "".join(flows_block(name, **{"Observations": "none", **options}) for name in BLOCKS)}

    def truth(self, begin: int, end: int, metrics: Iterable[str], granularity: str = "",
              now_ms: Optional[int] = None) -> dict[tuple[Any, int], dict[str, Any]]:
        """(series, end of the window) -> stats, of all blocks."""
        made: dict[tuple[Any, int], dict[str, Any]] = {}
        for by, all_metrics in BLOCKS.values():
            asked = [m for m in all_metrics if m in metrics]
            if not asked:
                continue
            words = "truth/aggregates?what=flows&interval=%s/%s&groupBy=%s&metrics=%s" % (
                iso(begin), iso(end), ",".join(by), ",".join(asked))
            words += "&granularity=" + granularity if granularity else ""
            words += "&now_ms=%d" % now_ms if now_ms is not None else ""
            for result in self.sim.call(words)["results"]:
                for bucket in result["data"]:
                    over = round(datetime.fromisoformat(bucket["interval"].split("/")[1]).timestamp() * 1000)
                    for row in bucket["metrics"]:
                        made[self.key(result["group"], by, row["metric"]), over] = row["stats"]
        return made

    def key(self, group: dict[str, str], by: list[str], metric: str) -> Key:
        """The medium first, then the other dimensions in their order."""
        others = [d for d in by if d not in ("flowId", "mediaType")]
        media = (group["mediaType"],) if "mediaType" in by else ()
        return Key(self.labels[group["flowId"]], metric,
                   (*media, *(self.labels[group[d]] if d in group else NONE for d in others)))

    def pending(self) -> int:
        begin, end = self.span()
        return self.sim.call("truth/aggregates?what=flows&interval=%s/%s" % (iso(begin), iso(end)))["pending"]


LATE = ["nFlowOutcome", "nFlowOutcomeFailed", "tFlowOutcome", "tFlow"]  # the other metrics are final in the first answer
METRICS = sorted({m for _, metrics in BLOCKS.values() for m in metrics})


def kill_and_be_away() -> tuple[FastFlows, list[Collectd], int]:
    """Kills collectd and starts it again five minutes later; also returns the end of the newest window that
    was requested before the kill."""
    fast = FastFlows(RATE, queues=6, agents=30, load=4, warmup=3600)
    fast.sim.config(late={"share": 0.3, "of": "metric", "metrics": LATE, "delay_s": [100, 300]})
    daemon = fast.collectd(Backfill="PT40M")
    daemon.lives_until(lambda: fast.asked() and daemon.snapshot(), TIMEOUT_S, "the first windows")
    fast.pass_until(fast.now_ms() + 2 * MINUTE_MS)
    os.kill(daemon.program.pid, signal.SIGKILL)
    daemon.program.wait(5)
    before = max(q["end"] for q in fast.asked())
    fast.pass_until(fast.now_ms() + 5 * MINUTE_MS)
    return fast, [daemon, fast.collectd(Backfill="PT40M")], before


def late_data_a_kill_and_an_outage_change_no_total() -> None:
    fast, daemons, before = windows.until_the_disk_is_fast_enough(kill_and_be_away, lambda found: found[1])
    daemon = daemons[-1]
    daemon.lives_until(lambda: fast.span()[1] >= before + 4 * MINUTE_MS, TIMEOUT_S, "queries for the missed windows")
    fast.sim.freeze()
    wait_until(lambda: fast.pending() == 0, TIMEOUT_S, "the late data are in the answers")
    begin = min(q["begin"] for q in fast.asked())
    fast.pass_until(fast.now_ms() + 3 * MINUTE_MS, TIMEOUT_S)
    windows.totals_become("totals equal the truth", fast, daemon, begin, fast.now_ms() - 2 * MINUTE_MS, SETTLED_S, METRICS)
    check_each_window_once(fast, daemon, begin)
    check_names(fast, daemon)
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def check_each_window_once(fast: FastFlows, daemon: Collectd, begin: int) -> None:
    """The kill may have repeated one window of each block, with the same values."""
    keys = {key for key, _ in fast.truth(begin, fast.span()[1], METRICS)}
    again = windows.windows_again(daemon, keys)
    same("no window is written twice with different values", windows.repeated(daemon, keys)[1], [])
    check("at most one window of each block is written twice", len(again) <= len(BLOCKS), [iso(over) for over in again])
    same("no counter decreases", windows.falling(daemon, keys), [])
    truth = fast.truth(begin, fast.span()[1], [m for m in METRICS if m not in LATE], "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each window is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    note("%d series, %d queries, %d windows twice" % (len(keys), len(fast.asked()), len(again)))


def check_names(fast: FastFlows, daemon: Collectd) -> None:
    record = daemon.snapshot()
    for name in ("Self-service", "Language chosen"):
        check("series of %s have its name" % name, any(key.endswith("-" + name) or "-%s-" % name in key for key in record))
    check("no identity has an id", not [key for key in record for one in fast.labels if one in key])


# ---- conversations in flows now --------------------------------------------------------------

def now_in(sim: Simulator, by_id: bool = False) -> dict[str, float]:
    """Series -> conversations in the flow, of the flows that have any."""
    return {"%s/flow_active-%s" % (one if by_id else record["name"].replace("/", "_"), media): count
            for one, record in sim.truth()["flows"].items() for media, count in record["active"].items() if count}


def has_current_values(daemon: Collectd) -> dict[str, float]:
    return {key: value for key, (_, value) in daemon.snapshot().items() if "/flow_active-" in key}


def wait_for_active_flows(sim: Simulator) -> None:
    """Freezes the world at a moment when three conversations or more are in flows."""
    def busy() -> bool:
        if sum(now_in(sim).values()) < 3:
            return False
        sim.freeze()
        if sum(now_in(sim).values()) >= 3:
            return True
        sim.thaw()
        return False
    wait_until(busy, TIMEOUT_S, "three conversations in flows", 0.2)


def equal_now(daemon: Collectd, sim: Simulator, by_id: bool = False) -> None:
    def differing() -> dict[str, tuple[float, float]]:
        truly, record = now_in(sim, by_id), has_current_values(daemon)
        return {key: (record.get(key, 0.0), truly.get(key, 0.0)) for key in {*truly, *record}
                if record.get(key, 0.0) != truly.get(key, 0.0)}
    try:
        daemon.lives_until(lambda: has_current_values(daemon) and not differing(), TIMEOUT_S, "flow_active")
    except AssertionError:
        pass
    check("flow_active equals the truth (%d)" % len(now_in(sim, by_id)), has_current_values(daemon) and not differing(), differing())


def observed(sim: Simulator, **options: Any) -> Collectd:
    return Collectd(account(sim), flows=block("Flows", "flows", {
        "Account": "prod", "ObservationInterval": 5, "Metric": "nFlow", **options}))


BUSY = {"load": 4, "media": "voice", "plain_names": True}
OBSERVATIONS = "POST /api/v2/analytics/flows/observations/query"
ACTIVITY = "POST /api/v2/analytics/flows/activity/query"


def few_flows_are_observed_by_id() -> None:
    sim = Simulator(**BUSY)
    daemon = observed(sim)
    for _ in range(2):
        wait_for_active_flows(sim)
        equal_now(daemon, sim)
        sim.thaw()
    check("an empty flow has the value 0", has_current_values(daemon).get("Old hotline/flow_active-voice") == 0, has_current_values(daemon))
    daemon.lives_until(lambda: daemon.latest("flows-flows", "source_up", "observations") == 1, TIMEOUT_S, "source_up")
    asked = sim.counters()["requests"]
    check("only the observation query is sent", OBSERVATIONS in asked and ACTIVITY not in asked, sorted(asked))
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


def flows_that_cannot_be_listed_are_named_by_id() -> None:
    sim = Simulator(**BUSY)
    sim.config(permissions=["analytics:flowObservation:view", "analytics:flowAggregate:view"])
    daemon = observed(sim)
    daemon.says("architect:flow:view", within_s=TIMEOUT_S)
    wait_for_active_flows(sim)
    equal_now(daemon, sim, by_id=True)
    asked = sim.counters()["requests"]
    check("only the activity query is sent", ACTIVITY in asked and OBSERVATIONS not in asked, sorted(asked))
    daemon.stop()


def a_permission_that_is_missing_is_named() -> None:
    sim = Simulator(queues=4, agents=8, plain_names=True)
    sim.config(permissions=["architect:flow:view"])
    daemon = observed(sim)
    for what, permission in (("aggregates", "analytics:flowAggregate:view"),
                             ("observations", "analytics:flowObservation:view")):
        line = daemon.says("flows-flows, " + what, permission, within_s=TIMEOUT_S)
        check("%s: the line names the missing permission" % what, "403" in line or "permission" in line, line)
        daemon.lives_until(lambda w=what: daemon.latest("flows-flows", "source_up", w) == 0, TIMEOUT_S, "source_up 0")
    same("no flow has a value", has_current_values(daemon), {})
    daemon.stop()


if __name__ == "__main__":
    report.main([late_data_a_kill_and_an_outage_change_no_total, few_flows_are_observed_by_id,
                 flows_that_cannot_be_listed_are_named_by_id, a_permission_that_is_missing_is_named],
                {**windows.NEEDS, "genesys_flowmetrics": built(FLOWS)})
