# SPDX-License-Identifier: MIT
"""Databases for collectd's values: a real Prometheus, carbon and InfluxDB, all private."""
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlencode

from . import process
from .genesys import fetch
from .process import Program, free_port, wait_until

PROMETHEUS = process.program("prometheus")
PROMTOOL = process.program("promtool")
CARBON = process.program("carbon-cache")
SYSTEM_PYTHON = "/usr/bin/python3"  # the interpreter for which carbon and whisper are packaged


class Prometheus:
    """Scrapes one target each second; `job` has further lines of the scrape configuration, `words` further options. `config`
    is a whole configuration to use instead; its rule files are beside it."""

    def __init__(self, target_port: int, job: str = "  honor_labels: true\n", config: Optional[Path] = None,
                 words: tuple[str, ...] = ()) -> None:
        folder = config.parent if config else process.folder("prometheus")
        if config is None:
            config = folder / "prometheus.yml"
            config.write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
                              "- job_name: collectd\n%s  static_configs:\n"
                              "  - targets: ['127.0.0.1:%d']\n" % (job, target_port))
        self.url = "http://127.0.0.1:%d" % free_port()
        self.target = "http://127.0.0.1:%d/metrics" % target_port
        self.program = Program([PROMETHEUS, "--config.file=%s" % config, "--log.level=warn",
                                "--storage.tsdb.path=%s" % (folder / "data"),
                                "--web.listen-address=" + self.url.removeprefix("http://"), *words])
        wait_until(self._is_ready, 20, "prometheus is ready")

    def _is_ready(self) -> bool:
        try:
            return b"eady" in fetch(self.url + "/-/ready", within_s=2)
        except OSError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = json.loads(fetch("%s/api/v1/query?%s" % (self.url, urlencode({"query": expression}))))
        if answer["status"] != "success":
            raise RuntimeError("prometheus: %s" % answer)
        return answer["data"]["result"]

    def target_health(self) -> tuple[str, str]:
        """("up" | "down" | "unknown", the last error)"""
        active = json.loads(fetch(self.url + "/api/v1/targets"))["data"]["activeTargets"]
        return (active[0]["health"], active[0]["lastError"]) if active else ("unknown", "no target yet")

    def rules(self) -> list[dict[str, Any]]:
        """All recording and alerting rules, with `health`, `lastError` and `query`."""
        groups = json.loads(fetch(self.url + "/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def unit(self, family: str) -> str:
        """The unit that the scrape names."""
        found = json.loads(fetch("%s/api/v1/metadata?%s" % (self.url, urlencode({"metric": family}))))["data"]
        return found[family][0]["unit"]

    def lint(self) -> tuple[int, str]:
        """Exit status and output of promtool for the scrape."""
        done = process.run([PROMTOOL, "check", "metrics"], stdin=fetch(self.target))
        return done.returncode, done.stdout.decode(errors="replace")


def prometheus_series(rows: list[dict[str, Any]], prefix: str = "collectd_genesys_") -> dict[str, tuple[float, float]]:
    """"HOST/INSTANCE/TYPE-QUALIFIER" -> (epoch, value) of the newest sample, from the samples of a time range. An instant
    query would give a sample the time of the query, though the sample may be older by seconds."""
    made = {}
    for row in rows:
        labels = dict(row["metric"])
        kind = labels["__name__"].removeprefix(prefix)
        qualifier = labels.get("type", "")
        key = "%s/%s/%s" % (labels["instance"], labels.get("genesys", ""), kind + ("-" + qualifier if qualifier else ""))
        at, value = row["values"][-1]
        made[key] = (float(at), float(value))
    return made


def graphite_path(key: str, host: str = "q") -> str:
    """The path of carbon's file for the series INSTANCE/TYPE-QUALIFIER.

    collectd replaces what Graphite forbids."""
    instance, kind = key.rsplit("/", 1)
    parts = [host, "genesys-" + instance, kind]
    return ".".join(re.sub(r"[ \t\n\v\f\r.\"\\:!,/()\x00-\x1f]", "_", part) for part in parts)


class Carbon:
    """carbon-cache; `schemas` and `aggregation` are the texts of its storage-schemas.conf and storage-aggregation.conf. By
    default it keeps one point for each second."""

    def __init__(self, schemas: str = "[all]\npattern = .*\nretentions = 1s:5m\n", aggregation: str = "") -> None:
        self.folder = process.folder("carbon")
        self.port = free_port()
        conf = self.folder / "carbon.conf"
        conf.write_text(
            "[cache]\nSTORAGE_DIR = %(dir)s\nLOCAL_DATA_DIR = %(dir)s/whisper\nCONF_DIR = %(dir)s\n"
            "LOG_DIR = %(dir)s/log\nPID_DIR = %(dir)s\nMAX_CACHE_SIZE = inf\nMAX_UPDATES_PER_SECOND = inf\n"
            "MAX_CREATES_PER_MINUTE = inf\nLINE_RECEIVER_INTERFACE = 127.0.0.1\nLINE_RECEIVER_PORT = %(line)d\n"
            "PICKLE_RECEIVER_INTERFACE = 127.0.0.1\nPICKLE_RECEIVER_PORT = %(pickle)d\n"
            "CACHE_QUERY_INTERFACE = 127.0.0.1\nCACHE_QUERY_PORT = %(query)d\nCARBON_METRIC_INTERVAL = 0\n"
            "ENABLE_TAGS = False\nLOG_UPDATES = False\nLOG_CREATES = False\nWHISPER_SPARSE_CREATE = True\n"
            % {"dir": self.folder, "line": self.port, "pickle": free_port(), "query": free_port()})
        (self.folder / "storage-schemas.conf").write_text(schemas)
        (self.folder / "storage-aggregation.conf").write_text(aggregation)
        (self.folder / "log").mkdir()
        self.program = Program([SYSTEM_PYTHON, CARBON, "--nodaemon", "--config=%s" % conf,
                                "--pidfile=%s" % (self.folder / "pid"), "start"])
        wait_until(self._listens, 20, "carbon listens")

    def _listens(self) -> bool:
        if not self.program.is_running():
            raise RuntimeError("carbon-cache: " + self.program.text)
        return process.listens(self.port)

    def latest(self, seconds: int = 60) -> dict[str, tuple[float, float]]:
        """The newest point of each whisper file: "a.b.c" -> (epoch, value)."""
        made = self._whisper("(start, _, step), points = whisper.fetch(path, time.time() - %d)\n"
                             "known = [(start + i * step, v) for i, v in enumerate(points) if v is not None]\n"
                             "if known: made[name] = known[-1]\n" % seconds)
        return {key: (at, value) for key, (at, value) in made.items()}

    def points(self, name: str, since: float) -> list[tuple[int, float]]:
        """The known points of one file, (epoch, value)."""
        return [(at, value) for at, value in self._whisper(
            "(start, _, step), points = whisper.fetch(path, %d)\n"
            "if name == %r: made[name] = [(start + i * step, v) for i, v in enumerate(points) if v is not None]\n"
            % (since - 1, name)).get(name, [])]

    def files(self) -> dict[str, dict[str, Any]]:
        """The output of whisper-info for each file: "a.b.c" -> aggregationMethod, xFilesFactor, fileSize, archives."""
        return self._whisper("made[name] = dict(whisper.info(path), fileSize=os.path.getsize(path))\n")

    def _whisper(self, each: str) -> dict[str, Any]:
        """Runs the lines of Python for each file and returns `made`; a file that is just being written is left out."""
        script = ("import json, os, sys, time, whisper\n"
                  "top, made = sys.argv[1], {}\n"
                  "def look(path, name):\n  %s\n"
                  "for where, _, names in os.walk(top):\n"
                  "  for name in names:\n"
                  "    path = os.path.join(where, name)\n"
                  "    try: look(path, os.path.relpath(path, top)[:-4].replace('/', '.'))\n"
                  "    except Exception: continue\n"
                  "print(json.dumps(made))\n" % each.rstrip().replace("\n", "\n  "))
        done = process.run([SYSTEM_PYTHON, "-c", script, str(self.folder / "whisper")], 30)
        if done.returncode != 0:
            raise RuntimeError(done.stdout.decode(errors="replace"))
        return json.loads(done.stdout)


def has_whisper() -> bool:
    return subprocess.run([SYSTEM_PYTHON, "-c", "import whisper, carbon"], capture_output=True,
                          check=False).returncode == 0


INFLUXD = process.program("influxd")
COLLECTD_TYPES = Path("/usr/share/collectd/types.db")
LISTENER = ('[[collectd]]\nenabled = true\nbind-address = "ADDRESS"\ndatabase = "collectd"\ntypesdb = "TYPES"\n'
            'batch-timeout = "1s"\nread-buffer = 8388608\n')


class InfluxDB:
    """InfluxDB 1 behind collectd's network plugin, with our genesys.db; `listener` is another [[collectd]] section."""

    def __init__(self, types: Path, listener: str = LISTENER) -> None:
        folder = process.folder("influxdb")
        self.url = "http://127.0.0.1:%d" % free_port()
        self.port = free_port()
        (folder / "types").mkdir()
        for path in (types, COLLECTD_TYPES):
            if path.exists():
                (folder / "types" / path.name).write_bytes(path.read_bytes())
        config = folder / "influxdb.conf"
        config.write_text(
            'reporting-disabled = true\nbind-address = "127.0.0.1:%d"\n[meta]\ndir = "%s/meta"\n[data]\ndir = "%s/data"\n'
            'wal-dir = "%s/wal"\nquery-log-enabled = false\n[http]\nbind-address = "%s"\nlog-enabled = false\n[monitor]\n'
            'store-enabled = false\n[logging]\nlevel = "warn"\n'
            % (free_port(), folder, folder, folder, self.url.removeprefix("http://"))
            + listener.replace("ADDRESS", "127.0.0.1:%d" % self.port).replace("TYPES", str(folder / "types")))
        self.program = Program([INFLUXD, "-config", str(config)], env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
        wait_until(self._is_ready, 20, "influxd is ready")

    def _is_ready(self) -> bool:
        try:
            return bool(self.ask("SHOW DATABASES"))
        except OSError:
            return False

    def ask(self, text: str) -> list[dict[str, Any]]:
        """The series of an answer, times in epoch ms."""
        answer = json.loads(fetch("%s/query?%s" % (self.url, urlencode({"db": "collectd", "epoch": "ms", "q": text})),
                                  within_s=30))
        result = answer["results"][0]
        if "database not found" in result.get("error", ""):
            return []  # its listener creates it with the first packet
        if "error" in result:
            raise RuntimeError("influxdb: %s" % result["error"])
        return result.get("series", [])

    def points(self, kind: str, source: str = "value") -> dict[tuple[str, str], list[tuple[int, float]]]:
        """Returns (instance, type instance) -> [(epoch ms, value)] of a type."""
        made = {}
        for series in self.ask("SELECT value FROM genesys_%s WHERE type = '%s' GROUP BY instance, type_instance" % (source, kind)):
            made[series["tags"]["instance"], series["tags"]["type_instance"]] = [tuple(v) for v in series["values"]]
        return made

    def latest(self, source: str = "value", ending: str = "", host: str = "q") -> dict[str, tuple[float, float]]:
        """The newest point of each series, by keys as in csv: INSTANCE/TYPE-QUALIFIER. Only types with the ending; the keys
        lack the ending."""
        made = {}
        for series in self.ask('SELECT last(value) FROM "genesys_%s" GROUP BY host, instance, type, type_instance' % source):
            of = series["tags"]
            at, value = series["values"][0]
            kind = of["type"] + ("-" + of["type_instance"] if of["type_instance"] else "")
            if of["host"] == host and of["type"].endswith(ending):
                made["%s/%s" % (of["instance"], kind.replace(ending, "", 1))] = (at / 1000, value)
        return made

    def options(self) -> str:
        """Configuration of collectd's network plugin; load=("network",)."""
        return '<Plugin network>\nServer "127.0.0.1" "%d"\n</Plugin>\n' % self.port
