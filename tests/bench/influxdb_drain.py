# SPDX-License-Identifier: MIT
"""Lines that wait on disk and are sent to a real VictoriaMetrics: by genesys_influxdb in a collectd, by vmagent and by Node.

Starts and pauses between tries do not count.
"""
from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from figures import HERE, LeftOut, Speed, Wrong, ours, result_of
from lib import process
from lib.collectd import Collectd
from lib.genesys import direct
from lib.process import Program, free_port, wait_until
from lib.timeseries import VICTORIA, Victoria

VMAGENT = process.program("vmagent")
NODE = process.program("node", "nodejs")
BATCH = 500
LONGEST_S = 200.0


def text_of(first: int, count: int) -> bytes:
    return "".join("genesys_queue_depth,host=host,instance=Queue\\ %05d,media_type=voice,plugin=genesys,queue_id=3f2c1d7a-%08d,"
                   "queue_name=Queue\\ %05d,type=queue_depth,type_instance=voice value=%d.5 %d000000000\n"
                   % (n % 10000, n % 10000, n % 10000, n % 97, 1700000000 + n // 10000)
                   for n in range(first, first + count)).encode()


def cpu_s(pid: int) -> float:
    fields = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def rows_in(database: Victoria) -> int:
    """Lines that the database has accepted since its start."""
    found = re.findall(r'^vm_rows_inserted_total\{.*\} (\d+)$', database.get("/metrics").decode(), re.M)
    return sum(map(int, found))


def speed_of(database: Victoria, pid: int, lines: int) -> Speed:
    """Watches a program that sends this number of lines; the database updates its counters once a second."""
    seen: list[tuple[float, float, int]] = []

    def all_arrived() -> bool:
        now, rows = time.monotonic(), rows_in(database)
        if rows > 0 and (not seen or rows > seen[-1][2]):
            seen.append((now, cpu_s(pid), rows))
        return rows >= lines
    wait_until(all_arrived, LONGEST_S, "all lines in the database", every_s=0.01)
    if seen[-1][2] != lines:
        raise Wrong("%d lines arrived, of %d" % (seen[-1][2], lines))
    if len(seen) < 3:
        raise LeftOut("%d lines are sent in two seconds: raise GC_LINES" % lines)
    (began, cpu, first), (ended, used, last) = seen[0], seen[-2]  # the last count is up to a second late
    return Speed((last - first) / (ended - began), (last - first) / max(used - cpu, 0.01))


@contextmanager
def empty_database() -> Iterator[Victoria]:
    assert VICTORIA is not None
    database = Victoria()
    try:
        yield database
    finally:
        database.end()


def by_agent(lines: int) -> Speed:
    spool = process.folder("spool") / "spool"
    result_of([ours("bench_influxdb"), str(spool), str(lines), "fill"])
    with empty_database() as database:
        daemon = Collectd("", ours=("genesys", "genesys_influxdb"),
                          more=database.node(SpoolDir=spool, BatchSize=BATCH, SpoolMax=4 * 1024**3 - 1))
        speed = speed_of(database, daemon.program.pid, lines)
        daemon.stop()
    return speed


def by_vmagent(lines: int) -> Speed:
    with empty_database() as database:
        database.kill()
        port = free_port()
        agent = Program([str(VMAGENT), "-httpListenAddr=127.0.0.1:%d" % port, "-loggerLevel=ERROR",
                         "-remoteWrite.tmpDataPath=%s" % process.folder("vmagent"), "-memory.allowedBytes=64MB",
                         "-remoteWrite.url=%s/api/v1/write" % database.url])
        url = "http://127.0.0.1:%d" % port
        wait_until(lambda: direct.open(url + "/health", timeout=2).status == 200, 20, "vmagent is ready")
        bodies = [text_of(n, BATCH) for n in range(0, 10 * BATCH, BATCH)]
        for n in range(lines // BATCH):
            direct.open(urllib.request.Request(url + "/api/v2/write", bodies[n % 10]), timeout=30).read()
        database.start()
        speed = speed_of(database, agent.pid, lines)
        agent.end()
    return speed


def by_node(lines: int) -> Speed:
    folder = process.folder("node")
    subprocess.run([str(NODE), str(HERE / "influxdb.js"), str(folder), str(lines)], stdout=subprocess.DEVNULL, timeout=600,
                   check=True)
    with empty_database() as database:
        client = Program([str(NODE), str(HERE / "influxdb.js"), str(folder), str(lines),
                          database.url + "/api/v2/write?bucket=genesys&precision=ns"])
        speed = speed_of(database, client.pid, lines)
        client.end()
    return speed
