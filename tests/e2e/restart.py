#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does an upgrade in place, under load, lose an interval or a flow metric, and does the agent report the time without values?"""
from __future__ import annotations

import os
import shutil
from pathlib import Path

from lib import process, report, windows
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account, build_folder, queues
from lib.flows import Sqs, attributes, wait_equal
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same
from lib.windows import METRICS, MINUTE_MS, Fast

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "rate_limit": 0}
UPGRADES = 2
EVENTS = 12000


def replace_files(base: Path) -> None:
    """Replaces plugins and library as a package manager does: new files take over the names, while the agent runs."""
    for path in [*base.glob("plugins/genesys*.so"), *base.glob("lib/*.so*")]:
        fresh = path.with_name(path.name + ".new")
        shutil.copy(path, fresh)
        os.replace(fresh, path)


def own_library(base: Path) -> dict[str, str]:
    """The environment of an agent with its own copy of the library."""
    (base / "lib").mkdir(exist_ok=True)
    for path in (build_folder() / ".libs").glob("libgenesys_core*.so"):
        if not (base / "lib" / path.name).exists():
            shutil.copy(path.resolve(), base / "lib" / path.name)
    return {"LD_LIBRARY_PATH": str(base / "lib")}


def stop(daemon: Collectd) -> None:
    took, status = daemon.stop()
    check("a clean stop in under %g s" % STOP_MAX_S, took < STOP_MAX_S and status == 0, (took, status))


def upgrades_lose_no_flow_metric_and_report_the_gap() -> None:
    sim, sqs, base, state = Simulator(**SMALL), Sqs(), process.folder("collectd"), process.folder("state")

    def start() -> Collectd:
        return Collectd(account(sim), queues(), flows=attributes(sqs), base=base, state_dir=state, env=own_library(base))

    def times() -> list[float]:
        """The times at which the number of members of the first queue was dispatched."""
        found = sorted(key for key in daemon.snapshot() if key.endswith("/queue_agents-member"))
        return [at for at, _ in daemon.readings(found[0].split("/")[0], "queue_agents", "member")] if found else []
    sqs.rules(redeliver_percent=2, redeliver_s=2, twice_percent=2)
    sqs.feed(EVENTS, seed=7)
    daemon = start()
    daemon.lives_until(lambda: len(times()) > 2 and sqs.queue()["deleted"] > 0, 30, "values and deleted messages")
    same("the first start reports no gap", daemon.program.matching("over the restart"), [])
    for turn in range(UPGRADES):
        replace_files(base)
        stop(daemon)
        last, count = times()[-1], len(times())
        sqs.feed(EVENTS, seed=8 + turn)
        daemon = start()
        note(daemon.says("queues-all: no values for", "over the restart", within_s=30))
        daemon.lives_until(lambda: daemon.latest("queues-all", "restart_gap") is not None and len(times()) > count, 20, "restart_gap")
        gap, seen = daemon.latest("queues-all", "restart_gap") or 0, times()[count] - last
        check("restart_gap is the gap in the values (%.1f s, %.1f s)" % (gap, seen), abs(gap - seen) < 3, (gap, seen))
    daemon.lives_until(sqs.is_empty, 90, "the queue is empty")
    sent = [value for _, value in daemon.readings("account-prod", "api_month_requests")]
    check("api_month_requests goes on", sent == sorted(sent) and sent[0] < sent[-1], sent)
    wrong = wait_equal(daemon, sqs)
    check("totals equal the truth", not wrong, wrong)
    same("complaints", daemon.complaints(), [])
    stop(daemon)


def upgrades_lose_and_repeat_no_interval() -> None:
    fast = Fast(20.0, queues=4, agents=12, warmup=1200)
    metrics = [m for m in METRICS if not m.startswith("o")]

    def start() -> Collectd:
        return fast.collectd(Backfill="PT10M", env=own_library(fast.base))
    daemon = start()
    fast.pass_until(fast.now_ms() + 2 * MINUTE_MS)
    wait_until(fast.is_saved, 20, "the state of the last window")
    replace_files(fast.base)
    daemon.stop()
    fast.pass_until(fast.now_ms() + MINUTE_MS)
    daemon = start()
    fast.pass_until(fast.now_ms() + 2 * MINUTE_MS)
    fast.sim.freeze()
    fast.pass_until(fast.now_ms() + 2 * MINUTE_MS)
    begin, end = fast.span()
    windows.totals_become("totals equal the truth", fast, daemon, begin, end, 40)
    truth = fast.truth(begin, end, metrics, "PT1M")
    missing = windows.wait_for_windows(daemon, truth)
    check("each interval is there with the right count (%d)" % len(truth), truth and not missing, missing[:5])
    same("intervals that were written twice", windows.repeated(daemon, {key for key, _ in truth}), (0, []))
    daemon.stop()


if __name__ == "__main__":
    report.main([upgrades_lose_no_flow_metric_and_report_the_gap, upgrades_lose_and_repeat_no_interval],
                {"collectd": DAEMON, **windows.NEEDS})
