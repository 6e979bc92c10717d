# SPDX-License-Identifier: MIT
"""Real collectds that dispatch the same series every 10 s and show them to Prometheus: with genesys_prometheus, with
write_prometheus, and with collectd_exporter behind the network plugin. One without a writer is the part of collectd
itself."""
from __future__ import annotations

import http.client
import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, Optional

from figures import LeftOut, Row, Wrong, met, need_collectd, say
from lib import collectd as c
from lib import process
from lib.process import Program, free_port, watch_for

SERIES = int(os.environ.get("GC_SERIES", "100000"))
SPAN_S = 30  # three rounds
BEFORE_S = 60  # longest wait before that span, for a program that does not show all series
SCRAPE_S = 20
EXPORTER = process.program("collectd_exporter")
TYPES = "/usr/share/collectd/types.db"
CHAIN = 'PostCacheChain "PostCache"\n<Chain "PostCache">\n%s\n</Chain>\n'


@dataclass
class Load:
    """The load of a program: the share of a core, MB, and seconds of a scrape (None: no answer)."""
    core: float
    mb: float
    scrape_s: Optional[float]
    shown: int
    after_s: float  # since the program's start

    def beyond(self, alone: "Load") -> "Load":
        return replace(self, core=self.core - alone.core, mb=self.mb - alone.mb)

    def __str__(self) -> str:
        scrape = "no scrape in %d s" % SCRAPE_S if self.scrape_s is None else "%.0f ms" % (self.scrape_s * 1000)
        text = "%.1f %%, %.0f MB, %s" % (self.core * 100, self.mb, scrape)
        return text if self.shown == SERIES else text + " after %.0f s, %d k series shown" % (self.after_s,
                                                                                             self.shown // 1000)


def scrape(port: int) -> tuple[Optional[float], int]:
    """Seconds and series of a scrape without gzip, which write_prometheus does not have."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SCRAPE_S)
    began = time.monotonic()
    try:
        client.request("GET", "/metrics")
        body = client.getresponse().read()
    except OSError:
        return None, 0
    finally:
        client.close()
    return time.monotonic() - began, body.count(b"\ncollectd_bench")


def cpu_s(pid: int) -> float:
    fields = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    return int(Path("/proc/%d/statm" % pid).read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Agent:
    """A collectd with the series, whose values reach only that writer."""

    def __init__(self, writer: str, section: str = "") -> None:
        base = process.folder("bench")
        (base / "plugins").mkdir()
        shutil.copy(c.build_folder() / ".libs" / "bench_link.so", base / "plugins")
        target = '<Target "write">\nPlugin "%s"\n</Target>' % writer if writer else 'Target "stop"'
        ours = (writer,) if writer.startswith("genesys") else ()
        self.daemon = c.Collectd("", ours=ours, load=() if ours or not writer else (writer,), interval=10, base=base,
                                 more="LoadPlugin bench_link\n" + CHAIN % target + section,
                                 env={"BENCH_SERIES": str(SERIES), "BENCH_SPREAD": "1"})

    def load(self, port: int = 0, pid: int = 0) -> Load:
        """Returns the load of collectd, or of the program `pid`, once it shows all series, or after BEFORE_S."""
        pid, began = pid or self.daemon.program.pid, time.monotonic()
        while time.monotonic() < began + BEFORE_S and (port == 0 or scrape(port)[1] < SERIES):
            watch_for(1)
        begin, from_s = cpu_s(pid), time.monotonic()
        watch_for(SPAN_S)
        now_s = time.monotonic()
        core, mb = (cpu_s(pid) - begin) / (now_s - from_s), resident_mb(pid)
        took, shown = min((scrape(port) for _ in range(3)), key=lambda x: x[0] or SCRAPE_S) if port else (0.0, SERIES)
        return Load(core, mb, took, shown, now_s - began)

    def end(self) -> None:
        self.daemon.program.end()


def writer_load(writer: str, section: str) -> Load:
    port = free_port()
    agent = Agent(writer, section % port)
    load = agent.load(port)
    agent.end()
    return load


def exporter_load() -> Load:
    if EXPORTER is None:
        raise LeftOut("collectd_exporter is not in PATH")
    port, packets = free_port(), free_port()
    exporter = Program([EXPORTER, "--web.listen-address=127.0.0.1:%d" % port, "--collectd.typesdb-file=" + TYPES,
                        "--collectd.listen-address=127.0.0.1:%d" % packets, "--collectd.udp-buffer=8388608"])
    agent = Agent("network", '<Plugin network>\nServer "127.0.0.1" "%d"\n</Plugin>\n' % packets)
    load = agent.load(port, exporter.pid)
    agent.end()
    exporter.end()
    return load


def rows(left_out: list[str]) -> Iterator[Row]:
    need_collectd("genesys_prometheus")
    agent = Agent("")
    alone = agent.load()
    agent.end()
    ours = writer_load("genesys_prometheus", '<Plugin genesys_prometheus>\nPort %d\nPlugin "*"\n</Plugin>\n').beyond(alone)
    say("%d series every 10 s in a collectd: alone %.1f %%, %.0f MB; genesys_prometheus %s beyond it"
        % (SERIES, alone.core * 100, alone.mb, ours))
    others = []
    if (c.system_plugins() / "write_prometheus.so").exists():
        load = writer_load("write_prometheus", '<Plugin write_prometheus>\nPort "%d"\n</Plugin>\n').beyond(alone)
        others.append("write_prometheus %s" % load)
        say(others[-1])
    else:
        left_out.append("write_prometheus: not installed")
    try:
        others.append("collectd_exporter %s" % exporter_load())
        say(others[-1])
    except LeftOut as why:
        left_out.append(str(why))
    if ours.shown != SERIES:
        raise Wrong("genesys_prometheus shows %d of %d series" % (ours.shown, SERIES))
    reaches = ours.core < 0.05 and ours.mb < 60 and ours.scrape_s is not None and ours.scrape_s < 0.3
    yield Row("P", "%d k series in a collectd" % (SERIES // 1000), str(ours), "; ".join(others),
              aim="< 5 %, < 60 MB, < 300 ms", met=met(reaches))
