# SPDX-License-Identifier: MIT
"""The cost of the suite for a host and an account, measured on a real collectd."""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Iterator

from figures import Row, met, need_collectd, say
from lib import collectd as c
from lib import process
from lib.genesys import Simulator
from lib.process import Program, wait_until, watch_for

SETTLE_S = 30
MINUTE_S = 65
START_MAX_S = 180  # csv files of 90,000 series
BUDGET = 250  # requests a minute
RSS_MAX_MB, PRIVATE_MAX_MB = 16.0, 4.0
SHARES = (("auto", 12), ("query", 60), ("activity", 12), ("topic", 10))  # percent of the budget


def memory_of(pid: int) -> tuple[int, int]:
    """(resident, private) in KB."""
    text = Path("/proc/%d/smaps_rollup" % pid).read_text()
    field = {k: int(v) for k, v in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return field["Rss"], field["Private_Clean"] + field["Private_Dirty"]


def plain_collectd(plugins: list[str], env: dict[str, str]) -> Program:
    """A collectd without our plugins, with csv and the other plugins that the arguments name."""
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


def beyond(memory: tuple[int, int], before: tuple[int, int]) -> tuple[float, float]:
    """(resident, private) in MB."""
    return (memory[0] - before[0]) / 1024, (memory[1] - before[1]) / 1024


def show(name: str, memory: tuple[int, int], before: tuple[int, int] = (0, 0)) -> None:
    say("%-44s RSS %7.1f MB  private %7.1f MB" % (name, *beyond(memory, before)))


def memory(left_out: list[str]) -> Iterator[Row]:
    need_collectd("genesys_realtime")
    sim = Simulator(queues=200, agents=200, plain_names=True, rate_limit=0)
    link = str(c.build_folder() / ".libs" / "bench_link.so")
    reach = {"BENCH_URL": sim.https + "/sim/", "BENCH_CA": sim.ca}
    ours = c.Collectd(c.account(sim, RequestsPerMinute=100000), c.queues(ObservationInterval=10))
    idle = c.Collectd(c.account(sim, RequestsPerMinute=100000), c.queues(Queue="none of these"))
    ours.wait_up(within_s=START_MAX_S)
    series = int(wait_until(lambda: ours.latest("queues-all", "series"), START_MAX_S, "series"))
    programs = [plain_collectd([], {}), plain_collectd([link], reach),
                plain_collectd([link], {**reach, "BENCH_SERIES": str(series)})]
    watch_for(SETTLE_S)
    bare, linked, same, none, all_queues = map(memory_of, (*(p.pid for p in programs), idle.program.pid,
                                                           ours.program.pid))
    say("memory after %d s, 200 queues x 5 media every 10 s = %d series" % (SETTLE_S, series))
    show("collectd alone (csv)", bare)
    show("+ a plugin that only links and connects", linked, bare)
    show("+ genesys and genesys_realtime, no queue", none, bare)
    show("+ the linking plugin with %d series" % series, same, bare)
    show("+ genesys and genesys_realtime, all queues", all_queues, bare)
    show("= ours beyond linking, no queue", none, linked)
    show("= ours beyond linking, equal series", all_queues, same)
    for one in (ours, idle):
        one.stop()
    for program in programs:
        program.end()
    rss, private = beyond(none, bare)[0], beyond(none, linked)[1]
    # The memory that collectd itself keeps for each series is not counted.
    for work, mine, link_alone, most in (("no queue", none, linked, RSS_MAX_MB),
                                         ("%d series" % series, all_queues, same, None)):
        rss, private = beyond(mine, bare)[0], beyond(mine, link_alone)[1]
        yield Row("5", "RSS added, " + work, "%.1f MB" % rss, "linking alone %.1f MB" % beyond(link_alone, bare)[0],
                  beyond(link_alone, bare)[0] / rss, aim="< %.0f MB" % most if most else "reported",
                  met=met(rss < most) if most else "")
        yield Row("5", "  private, beyond linking", "%.1f MB" % private, aim="< %.0f MB" % PRIVATE_MAX_MB,
                  met=met(private < PRIVATE_MAX_MB))


def requests(left_out: list[str]) -> Iterator[Row]:
    need_collectd("genesys_realtime")
    say("requests per minute, 2,000 queues every 10 s, budget %d" % BUDGET)
    for source, most in SHARES:
        sim = Simulator(queues=2000, agents=400, plain_names=True, rate_limit=0)
        ours = c.Collectd(c.account(sim), c.queues(ObservationInterval=10, Observations=source))
        ours.wait_up(within_s=START_MAX_S)
        ours.lives_until(lambda: ours.latest("queues-all", "stream_connected") == 1, START_MAX_S,
                         "the stream is open")
        watch_for(SETTLE_S)  # the start alone requests snapshots
        sim.reset_counters()
        watch_for(MINUTE_S)
        counters = sim.counters()
        for function, answers in sorted(counters["requests"].items()):
            say("  %-9s %-52s %6.1f" % (source, function, sum(answers.values()) * 60 / MINUTE_S))
        total = counters["requests_total"] * 60 / MINUTE_S
        share = total / BUDGET * 100
        say("  %-9s %-52s %6.1f  = %.0f %% of the budget" % (source, "all", total, share))
        ours.stop()
        sim.call("quit", {})
        yield Row("6", '2,000 queues, "%s"' % source, "%.0f a minute" % total, "a call a queue %d" % (2000 * 6),
                  2000 * 6 / max(total, 1), aim="<= %d %% of %d" % (most, BUDGET), met=met(share <= most))
