# SPDX-License-Identifier: MIT
"""Databases that accept the line protocol over HTTP, and a load with a known truth.

A real InfluxDB 1 and a real VictoriaMetrics can be killed and started again on the same data and port.
"""
from __future__ import annotations

import base64
import json
import os
import re
import signal
import ssl
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlencode

from . import process
from .collectd import block
from .process import Program, free_port, wait_until
from .unixsock import Unixsock

INFLUXD = process.program("influxd")
VICTORIA = process.program("victoria-metrics")
DAY_S = 86400  # accelerated clocks give points of the future
BY_DEFAULT = ("type_instance",)
Points = dict[tuple[Any, ...], list[float]]


def get(url: str, body: Optional[bytes] = None, user: str = "", ca: str = "", within_s: float = 10) -> bytes:
    request = urllib.request.Request(url, body)
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
    handlers: list[Any] = [urllib.request.ProxyHandler({})]
    if ca:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
    with urllib.request.build_opener(*handlers).open(request, timeout=within_s) as answer:
        return answer.read()


class Database:
    """A program with a port and a folder of its own."""
    where: dict[str, Any] = {}  # options of a Node

    def __init__(self) -> None:
        self.folder = process.folder("database")
        self.port = free_port()
        self.user, self.ca, self.scheme = "", "", "http"
        self.program: Optional[Program] = None

    @property
    def url(self) -> str:
        return "%s://127.0.0.1:%d" % (self.scheme, self.port)

    def words(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        self.program = Program(self.words(), env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin"})
        wait_until(self._answers, 60, "the database answers")

    def _answers(self) -> bool:
        try:
            get(self.url + "/ping", user=self.user, ca=self.ca, within_s=2)
            return True
        except OSError:
            return False

    def kill(self) -> None:
        assert self.program is not None
        os.kill(self.program.pid, signal.SIGKILL)
        self.program.wait(5)

    def end(self) -> None:
        """Ends the database by the hardest signal after which it keeps all points that it acknowledged."""
        self.kill()

    def get(self, path: str, body: Optional[bytes] = None) -> bytes:
        return get(self.url + path, body, self.user, self.ca, 30)

    def points(self, measurement: str, *tags: str, instance: str = "") -> Points:
        """(tag …, time ns) -> values of the field `value`; `tags`: the tags in the key, by default type_instance.
        `instance`: only this instance."""
        raise NotImplementedError

    def node(self, **changes: Any) -> str:
        """A plugin section with one node; Plugin "load": the values of class Load."""
        return section(self.block("main", **changes))

    def block(self, name: str, inside: str = "", **changes: Any) -> str:
        options = {"URL": self.url, "BatchSize": 200, "FlushInterval": 1, "Plugin": "load", **self.where, **changes}
        return block("Node", name, options, inside)


def section(*blocks: str) -> str:
    return "<Plugin genesys_influxdb>\n%s</Plugin>\n" % "".join(blocks)


class Influx1(Database):
    where = {"Version": 1, "Database": "genesys"}

    def __init__(self, user: str = "", cert: Optional[Path] = None, key: Optional[Path] = None, ca: str = "") -> None:
        super().__init__()
        self.ca, self.scheme = ca, "https" if cert else "http"
        config = self.folder / "influxdb.conf"
        config.write_text(
            'reporting-disabled = true\nbind-address = "127.0.0.1:%d"\n[meta]\ndir = "%s/meta"\n[data]\ndir = "%s/data"\n'
            'wal-dir = "%s/wal"\nquery-log-enabled = false\n[http]\nbind-address = "127.0.0.1:%d"\nlog-enabled = false\n'
            'auth-enabled = %s\nhttps-enabled = %s\nhttps-certificate = "%s"\nhttps-private-key = "%s"\n'
            '[monitor]\nstore-enabled = false\n[logging]\nlevel = "warn"\n'
            % (free_port(), self.folder, self.folder, self.folder, self.port, "true" if user else "false",
               "true" if cert else "false", cert or "", key or ""))
        self.start()
        if user:
            name, password = user.split(":")
            self.ask("CREATE USER %s WITH PASSWORD '%s' WITH ALL PRIVILEGES" % (name, password))
            self.user = user
        self.ask("CREATE DATABASE genesys")

    def words(self) -> list[str]:
        return [str(INFLUXD), "-config", str(self.folder / "influxdb.conf")]

    def ask(self, text: str) -> list[dict[str, Any]]:
        body = urlencode({"db": "genesys", "epoch": "ns", "q": text}).encode()
        result = json.loads(self.get("/query", body))["results"][0]
        if "error" in result:
            raise RuntimeError(result["error"])
        return result.get("series", [])

    def points(self, measurement: str, *tags: str, instance: str = "") -> Points:
        tags = tags or BY_DEFAULT
        made: Points = {}
        where = "WHERE instance = '%s' " % instance if instance else ""
        by = ",".join(map('"{}"'.format, tags))
        for series in self.ask('SELECT value FROM "%s" %sGROUP BY %s' % (measurement, where, by)):
            for at, value in series["values"]:
                made.setdefault((*(series["tags"][tag] for tag in tags), at), []).append(value)
        return made


class Victoria(Database):
    """VictoriaMetrics keeps both copies of a point that is sent twice, so that it shows the repeated points."""
    where = {"Bucket": "genesys"}

    def __init__(self) -> None:
        super().__init__()
        self.flags: list[str] = []
        self.start()

    def deduplicate(self) -> None:
        """Restarts the database with the deduplication that the README of genesys_influxdb recommends."""
        self.end()
        self.flags = ["-dedup.minScrapeInterval=1ms"]
        self.start()

    def words(self) -> list[str]:
        return [str(VICTORIA), "-storageDataPath=%s" % (self.folder / "data"), "-httpListenAddr=127.0.0.1:%d" % self.port,
                "-retentionPeriod=100y", "-search.latencyOffset=0s", "-loggerLevel=ERROR", *self.flags]

    def end(self) -> None:
        """A kill -9 costs VictoriaMetrics the last 10 s that it acknowledged (seen with 1.79), so it gets a SIGTERM."""
        assert self.program is not None
        os.kill(self.program.pid, signal.SIGTERM)
        self.program.wait(20)

    def points(self, measurement: str, *tags: str, instance: str = "") -> Points:
        tags = tags or BY_DEFAULT
        self.get("/internal/force_flush")
        name = '{__name__="%s_value"%s}' % (measurement, ',instance="%s"' % instance if instance else "")
        body = self.get("/api/v1/export?" + urlencode({"match[]": name, "start": "0", "end": "%d" % (time.time() + DAY_S)}))
        made: Points = {}
        for line in body.splitlines():
            row = json.loads(line)
            for at, value in zip(row["timestamps"], row["values"]):
                made.setdefault((*(row["metric"][tag] for tag in tags), at * 1000000), []).append(value)
        return made


class Load:
    """Values through collectd's unixsock plugin: load/gauge-SERIES with their own times, one second apart, value = number."""
    MEASUREMENT = "collectd_load_gauge"

    def __init__(self, first: int = 0) -> None:
        self.socket = Unixsock()
        self.number = first
        self.slowest_s = 0.0
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None

    @staticmethod
    def time_ns(number: int) -> int:
        return (1700000000 + number) * 1000000000

    def put(self, count: int, every_s: float = 0.0) -> None:
        """Puts values until `count` are in, collectd ends, or stop()."""
        try:
            with self.socket.connect() as one, one.makefile("rw") as lines:
                for _ in range(count):
                    if self._stop.is_set():
                        return
                    began = time.monotonic()
                    lines.write("PUTVAL agent/load/gauge-s%d interval=1 %d:%d\n" % (
                        self.number % 7, self.time_ns(self.number) // 10**9, self.number))
                    lines.flush()
                    if not lines.readline().startswith("0 "):
                        return
                    self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                    self.number += 1
                    if every_s:
                        self._stop.wait(every_s)
        except OSError:
            return

    def send(self, identifier: str, value: str) -> str:
        """Puts one value of another series at the time of number 0; returns the answer."""
        quoted = re.sub(r'(["\\])', r"\\\1", identifier)
        return self.socket.ask(['PUTVAL "%s" interval=1 %d:%s' % (quoted, self.time_ns(0) // 10**9, value)])[0]

    def start(self, every_s: float = 0.001) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self.put, args=(10**9, every_s), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(20)


def spooled(folder: Path) -> set[int]:
    """The numbers of all whole lines in the segments of a spool, delivered or not."""
    made: set[int] = set()
    for path in folder.glob("*.seg"):
        made |= {int(n) for n in re.findall(rb"collectd_load_gauge,[^\n]* value=(\d+) \d+\n", path.read_bytes())}
    return made
