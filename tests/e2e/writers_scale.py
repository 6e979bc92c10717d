#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2,000 queues in one agent with both writers: does every value arrive, and what CPU time and memory does it cost?

GC_MINUTES: length of the run (0.7).

The database is down for the middle third. csv cannot write the series of 2,000 queues, so a filter chain passes only telemetry
and the values of some queues to csv.
"""
from __future__ import annotations

import gzip
import os
import time
import urllib.request
from pathlib import Path

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, built, queues
from lib.gate import Gate
from lib.genesys import Simulator, direct
from lib.process import free_port, watch_for
from lib.report import check, note, same
from lib.timeseries import VICTORIA, Points, Victoria

MINUTES = float(os.environ.get("GC_MINUTES", "0.7"))
QUEUES = 2000
SHOWN = ["Queue %04d" % n for n in (1, 1000, 2000)]
INTERVAL_S = 10
CHAIN = """PostCacheChain "PostCache"
<Chain "PostCache">
  <Rule "csv">
    <Match "regex">
      PluginInstance "^(node-main|%s)$"
    </Match>
    <Target "write">
      Plugin "csv"
    </Target>
  </Rule>
  <Target "write">
    Plugin "genesys_prometheus"
    Plugin "genesys_influxdb/main"
    Plugin "genesys_write_tracker"
  </Target>
</Chain>
"""


def cpu_s(pid: int) -> float:
    """CPU time of a process, user and system."""
    fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scrape(port: int) -> tuple[float, int]:
    """Seconds and series of one scrape with gzip."""
    request = urllib.request.Request("http://127.0.0.1:%d/metrics" % port, headers={"Accept-Encoding": "gzip"})
    began = time.monotonic()
    with direct.open(request, timeout=30) as answer:
        body = answer.read()
    took = time.monotonic() - began
    return took, sum(not line.startswith(b"#") for line in gzip.decompress(body).splitlines())


class Cost:
    """The CPU time and memory of collectd from now on, and its scrapes."""

    def __init__(self, daemon: Collectd, port: int) -> None:
        self.daemon, self.port = daemon, port
        self.began, self.cpu_before = time.monotonic(), cpu_s(daemon.program.pid)
        self.memory_before = daemon.memory_kb("VmRSS")
        self.scrapes: list[tuple[float, int]] = []

    def watch(self, phase: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.scrapes.append(scrape(self.port))
            watch_for(min(INTERVAL_S, max(0.1, end - time.monotonic())))
        note("%s: %d series, %d MB, %s lines sent, %s bytes wait" % (
            phase, self.scrapes[-1][1], self.daemon.memory_kb("VmRSS") / 1000,
            self.daemon.latest("node-main", "writer_lines", "sent"), self.daemon.latest("node-main", "spool_bytes", "waiting")))

    def show(self) -> None:
        took = time.monotonic() - self.began
        times = sorted(seconds for seconds, _ in self.scrapes)
        note("%d queues, %d series, %.1f minutes: %.1f %% of a core, %d MB at first, at most %d MB" % (
            QUEUES, self.scrapes[-1][1], took / 60, 100 * (cpu_s(self.daemon.program.pid) - self.cpu_before) / took,
            self.memory_before / 1000, self.daemon.memory_kb() / 1000))
        note("%d scrapes with gzip: %.2f s in the middle, %.2f s at most" % (len(times), times[len(times) // 2], times[-1]))


def shown_values(daemon: Collectd) -> list[tuple[str, str, float, float]]:
    """(queue, status, epoch, value), from csv."""
    return [(queue, status, at, value) for queue in SHOWN for status in ("on_queue", "member")
            for at, value in daemon.readings(queue, "queue_agents", status)]


def not_in(database: Victoria, values: list[tuple[str, str, float, float]]) -> list[str]:
    points = {queue: database.points("genesys_queue_agents", instance=queue) for queue in SHOWN}
    return ["%s %s at %d" % (queue, status, at) for queue, status, at, value in values
            if value not in near(points[queue], status, at)]


def near(points: Points, status: str, at: float) -> list[float]:
    """csv rounds times to milliseconds."""
    ms = round(at * 1000)
    return [value for time_ms in (ms - 1, ms, ms + 1) for value in points.get((status, time_ms * 10**6), [])]


def two_thousand_queues_in_both_writers() -> None:
    sim = Simulator(queues=QUEUES, agents=200, plain_names=True, rate_limit=0)
    database, port = Victoria(), free_port()
    gate = Gate(database.port)
    writers = database.node(URL="http://127.0.0.1:%d" % gate.port, BatchSize=5000, FlushInterval=10, Plugin="genesys")
    writers += "<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n" % port
    daemon = Collectd(account(sim), queues(ObservationInterval=INTERVAL_S), interval=INTERVAL_S,
                      more=writers + CHAIN % "|".join(SHOWN), load=("match_regex",),
                      ours=("genesys", "genesys_realtime", "genesys_prometheus", "genesys_influxdb"))
    daemon.lives_until(lambda: scrape(port)[1] > QUEUES and all(daemon.readings(q, "queue_agents", "member") for q in SHOWN),
                       60, "values of all queues")
    cost = Cost(daemon, port)
    third = MINUTES * 60 / 3
    cost.watch("with the database", third)
    gate.close()
    cost.watch("without it", third)
    gate.open()
    cost.watch("with it again", third)
    cost.show()
    values = shown_values(daemon)  # later values are in csv before they are in the database
    left = process.wait_for_none(lambda: not_in(database, values), 60, "values in the database", every_s=1)
    check("%d values of %d queues in csv are in the database" % (len(values), len(SHOWN)), values and not left, left[:5])
    for kind, qualifier in (("writer_values", "lost"), ("writer_lines", "dropped"), ("writer_lines", "refused"), ("writer_lines", "lost")):
        same("%s-%s" % (kind, qualifier), daemon.latest("node-main", kind, qualifier), 0)
    times = [at for at, _ in daemon.readings("node-main", "writer_up")]
    check("no reading is missing for a minute", max(b - a for a, b in zip(times, times[1:])) < 6 * INTERVAL_S, times)
    complaints = [line for line in daemon.complaints() if "node-main, database" not in line]
    same("complaints besides the database's outage", complaints, [])
    daemon.stop()


if __name__ == "__main__":
    report.main([two_thousand_queues_in_both_writers],
                {"collectd": DAEMON, "genesys_influxdb": built("genesys_influxdb"),
                 "genesys_prometheus": built("genesys_prometheus"), "victoria-metrics": VICTORIA})
