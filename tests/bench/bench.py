#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the suite costs a host and an account, measured on a real collectd.

usage: bench.py memory | requests
Environment: top_srcdir, top_builddir, as in the end-to-end tests.
"""
from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from lib import collectd as c  # noqa: E402
from lib import process  # noqa: E402
from lib.genesys import Simulator  # noqa: E402
from lib.process import Program, wait_until, watch_for  # noqa: E402

SETTLE_S = 30
MINUTE_S = 65


def memory_of(pid: int) -> tuple[int, int]:
    """(resident, private) in KB."""
    text = Path("/proc/%d/smaps_rollup" % pid).read_text()
    field = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return field["Rss"], field["Private_Clean"] + field["Private_Dirty"]


def plain_collectd(plugins: list[str], env: dict[str, str]) -> Program:
    """A collectd without our plugins, with csv and whatever else is named."""
    base = process.folder("plain")
    (base / "plugins").mkdir()
    for path in [str(c.system_plugins() / "csv.so"), str(c.system_plugins() / "logfile.so"), *plugins]:
        shutil.copy(path, base / "plugins")
    names = ["csv"] + [Path(p).stem for p in plugins]
    conf = base / "collectd.conf"
    conf.write_text('Hostname "agent"\nBaseDir "%s"\nPIDFile "%s/pid"\nPluginDir "%s/plugins"\nInterval 1\n'
                    'LoadPlugin logfile\n<Plugin logfile>\nFile stdout\n</Plugin>\n%s<Plugin csv>\n'
                    'DataDir "%s/csv"\n</Plugin>\n'
                    % (base, base, base, "".join("LoadPlugin %s\n" % n for n in names), base))
    return Program([c.DAEMON, "-f", "-C", str(conf)], env={**os.environ, **env})


def show(name: str, memory: tuple[int, int], before: tuple[int, int] = (0, 0)) -> None:
    print("%-44s RSS %7.1f MB  private %7.1f MB" %
          (name, (memory[0] - before[0]) / 1024, (memory[1] - before[1]) / 1024), flush=True)


def memory() -> None:
    sim = Simulator(queues=200, agents=200, plain_names=True, rate_limit=0)
    link = str(c.build_folder() / ".libs" / "bench_link.so")
    reach = {"BENCH_URL": sim.https + "/sim/", "BENCH_CA": sim.ca}
    ours = c.Collectd(c.account(sim, RequestsPerMinute=100000), c.queues(ObservationInterval=10))
    idle = c.Collectd(c.account(sim, RequestsPerMinute=100000), c.queues(Queue="none of these"))
    ours.wait_up(within_s=30)
    series = int(wait_until(lambda: ours.latest("queues-all", "series"), 20, "series"))
    bare = plain_collectd([], {})
    linked = plain_collectd([link], reach)
    same = plain_collectd([link], {**reach, "BENCH_SERIES": str(series)})
    watch_for(SETTLE_S)
    none = memory_of(bare.pid)
    print("memory after %d s, 200 queues x 5 media each 10 s = %d series" % (SETTLE_S, series))
    show("collectd alone (csv)", none)
    show("+ a plugin that only links and connects", memory_of(linked.pid), none)
    show("+ genesys and genesys_realtime, no queue", memory_of(idle.program.pid), none)
    show("+ the linking plugin with %d series" % series, memory_of(same.pid), none)
    show("+ genesys and genesys_realtime, all queues", memory_of(ours.program.pid), none)
    show("= ours beyond linking, no queue", memory_of(idle.program.pid), memory_of(linked.pid))
    show("= ours beyond linking, equal series", memory_of(ours.program.pid), memory_of(same.pid))


def requests() -> None:
    print("requests per minute, 2,000 queues each 10 s, budget 250")
    for source in ("query", "activity"):
        sim = Simulator(queues=2000, agents=400, plain_names=True, rate_limit=0)
        ours = c.Collectd(c.account(sim), c.queues(ObservationInterval=10, Observations=source))
        ours.wait_up(within_s=60)
        sim.reset_counters()
        watch_for(MINUTE_S)
        told = sim.counters()
        for function, answers in sorted(told["requests"].items()):
            print("  %-9s %-52s %6.1f" % (source, function, sum(answers.values()) * 60 / MINUTE_S))
        total = told["requests_total"] * 60 / MINUTE_S
        print("  %-9s %-52s %6.1f  = %.0f %% of the budget" % (source, "all", total, total / 2.5), flush=True)
        ours.stop()
        sim.call("quit", {})


if __name__ == "__main__":
    for name in sys.argv[1:] or ["memory", "requests"]:
        {"memory": memory, "requests": requests}[name]()
