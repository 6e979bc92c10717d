# SPDX-License-Identifier: MIT
"""Lines for InfluxDB: formatted, saved with a sync for each batch of 500, read again, sent to a database; beside vmagent and
Node."""
from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from typing import Iterator

from figures import HERE, LeftOut, Row, Speed, met, ours, result_of, thousands
from influxdb_drain import NODE, VICTORIA, VMAGENT, by_agent, by_node, by_vmagent, text_of
from lib.collectd import DAEMON, built
from lib.process import Program, free_port, wait_until

LINES = int(os.environ.get("GC_LINES", "1000000"))
SENT = 2 * LINES
FORMATTED, DURABLE, ON_DISK = 500e3, 200e3, 1.5


def vmagent_per_s() -> tuple[float, float]:
    """Lines a second that vmagent takes while its receiver is down (it does not sync), and bytes on disk by bytes of lines."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        port = free_port()
        agent = Program([str(VMAGENT), "-httpListenAddr=127.0.0.1:%d" % port, "-remoteWrite.tmpDataPath=" + folder,
                         "-remoteWrite.url=http://127.0.0.1:1/", "-loggerLevel=ERROR", "-memory.allowedBytes=64MB"])
        url = "http://127.0.0.1:%d" % port
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def is_ready() -> bool:
            try:
                return opener.open(url + "/health", timeout=2).status == 200
            except OSError:
                return False
        wait_until(is_ready, 20, "vmagent is ready")
        bodies = [text_of(n, 500) for n in range(0, min(LINES, 200000), 500)]
        began = time.monotonic()
        for body in bodies:
            opener.open(urllib.request.Request(url + "/api/v2/write", body), timeout=30).read()
        took = time.monotonic() - began
        agent.end()
        disk = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)
        return 500 * len(bodies) / took, disk / sum(map(len, bodies))


def node_figures() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        done = subprocess.run([str(NODE), str(HERE / "influxdb.js"), folder, str(LINES)], stdout=subprocess.PIPE, timeout=600,
                              check=True)
        return json.loads(done.stdout)


def drained(left_out: list[str]) -> Iterator[Row]:
    missing = [name for name, found in (("victoria-metrics", VICTORIA), ("collectd", DAEMON),
                                        ("genesys_influxdb", built("genesys_influxdb"))) if not found]
    if missing:
        left_out.append("lines sent to a database: %s is not installed" % ", ".join(missing))
        return
    others: list[tuple[str, Speed]] = []
    try:
        mine = by_agent(SENT)
        for name, found, measure in (("Node", NODE, by_node), ("vmagent", VMAGENT, by_vmagent)):
            if found:
                others.append((name, measure(SENT)))
    except LeftOut as why:
        left_out.append("lines sent to a database: %s" % why)
        return
    first = others[0][1] if others else None
    yield Row("I", "lines sent from disk to VictoriaMetrics", str(mine), ", ".join("%s %s" % one for one in others),
              mine.wall / first.wall if first else None, mine.cpu / first.cpu if first else None)


def rows(left_out: list[str]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        mine = result_of([ours("bench_influxdb"), os.path.join(folder, "spool"), str(LINES)])
    node = node_figures() if NODE else None
    if node is None:
        left_out.append("Node: not installed")
    speed = Speed(mine["formatted"], mine["formatted_cpu"])
    beside = "Node %s/s" % thousands(node["formatted"]) if node else ""
    yield Row("I", "values -> lines", str(speed), beside, speed.wall / node["formatted"] if node else None,
              aim=">= %s/s" % thousands(FORMATTED), met=speed.reaches(FORMATTED))
    beside = "Node %s/s" % thousands(node["durable"]) if node else ""
    ratio = mine["spooled"] / node["durable"] if node else None
    if VMAGENT:
        per_s, _ = vmagent_per_s()
        beside += ", vmagent %s/s without a sync" % thousands(per_s)
    else:
        left_out.append("vmagent: not installed")
    yield Row("I", "lines saved, a sync for 500", "%s/s" % thousands(mine["spooled"]), beside, ratio,
              aim=">= %s/s" % thousands(DURABLE), met=met(mine["spooled"] >= DURABLE))
    yield Row("I", "lines read, the position saved for 500", "%s/s" % thousands(mine["drained"]))
    yield from drained(left_out)
    yield Row("I", "bytes on disk by bytes of lines", "%.3f" % mine["disk_factor"], aim="<= %.1f" % ON_DISK,
              met=met(mine["disk_factor"] <= ON_DISK))
