# SPDX-License-Identifier: MIT
"""Lines for InfluxDB: formatted, saved with a sync for each batch of 500, read again; beside vmagent and Node."""
from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from typing import Iterator

from figures import HERE, Row, Speed, met, ours, result_of, thousands
from lib import process
from lib.process import Program, free_port, wait_until

LINES = int(os.environ.get("GC_LINES", "1000000"))
VMAGENT = process.program("vmagent")
NODE = process.program("node", "nodejs")
FORMATTED, DURABLE, ON_DISK = 500e3, 200e3, 1.5


def text_of(first: int, count: int) -> bytes:
    return "".join("genesys_queue_depth,host=host,instance=Queue\\ %05d,media_type=voice,plugin=genesys,queue_id=3f2c1d7a-%08d,"
                   "queue_name=Queue\\ %05d,type=queue_depth,type_instance=voice value=%d.5 %d000000000\n"
                   % (n % 10000, n % 10000, n % 10000, n % 97, 1700000000 + n // 10000)
                   for n in range(first, first + count)).encode()


def vmagent_per_s() -> tuple[float, float]:
    """Lines a second that it takes while its receiver is away (it does not sync), and their bytes on disk by theirs."""
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
    yield Row("I", "bytes on disk by bytes of lines", "%.3f" % mine["disk_factor"], aim="<= %.1f" % ON_DISK,
              met=met(mine["disk_factor"] <= ON_DISK))
