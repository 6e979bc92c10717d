#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the demo show values, rules and the wallboard, and does it leave no process and no port behind after any end?

The demo runs in a build folder of its own that borrows the plugins of this build; demo.sh is a step of tests/run.sh.
"""
from __future__ import annotations

import json
import os
import re
import signal
import threading
from pathlib import Path

from lib import process, report, sinks
from lib.collectd import DAEMON, build_folder
from lib.genesys import PYTHON, TOP, fetch
from lib.process import Program, wait_until
from lib.report import check, check_soon, same, same_soon

WITHIN_S = 60.0
starting = threading.Lock()  # two demos that start at once would choose the same ports
VALUES = ("/metrics (write_prometheus)", "/metrics (genesys_prometheus)")


class Demo:
    def __init__(self, **env: str) -> None:
        self.folder = process.folder("demo")
        (self.folder / ".libs").symlink_to(build_folder() / ".libs")
        self.program = Program([PYTHON, str(TOP / "examples" / "demo.py"), str(TOP), str(self.folder)],
                               env={**os.environ, "PYTHONUNBUFFERED": "1", **env})

    def until(self, *parts: str) -> str:
        """The first line with all the parts."""
        def found() -> list[str]:
            if not self.program.is_running():
                raise RuntimeError("the demo ended with %s:\n%s" % (self.program.wait(5), self.program.text))
            return self.program.matching(*parts)
        return wait_until(found, WITHIN_S, "a line with %r" % (parts,))[0]

    def url(self, *parts: str) -> str:
        return re.findall(r"http://\S+", self.until(*parts))[0]

    def processes(self) -> list[str]:
        """The command lines of its processes."""
        made = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").replace("\0", " ")
            except OSError:
                continue
            if str(self.folder) in words:
                made.append(words)
        return made

    def ports(self) -> set[int]:
        """The ports of the addresses that it prints."""
        return {int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", self.program.text)}

    def ends_cleanly(self, status: int) -> None:
        """Waits for the end, and checks that nothing is left behind."""
        same("the exit status", self.program.wait(30), status)
        check("the output has no traceback", "Traceback" not in self.program.text, self.program.text)
        same("processes left behind", self.processes(), [])
        same_soon("ports left behind", lambda: [port for port in self.ports() if process.listens(port)], [])


def started(**env: str) -> Demo:
    """A demo that listens at all of its addresses."""
    with starting:
        demo = Demo(**env)
        demo.until("values")
        demo.until("Prometheus")
        wait_until(lambda: all(map(process.listens, demo.ports())), WITHIN_S, "the demo listens")
        return demo


def without_prometheus() -> str:
    """A folder for PATH with all that the demo needs, except Prometheus."""
    folder = process.folder("path")
    (folder / "openssl").symlink_to(str(process.program("openssl")))
    return str(folder)


def the_demo_shows_values_rules_and_the_wallboard() -> None:
    demo = started()
    check("the demo runs a simulator, collectd and Prometheus", len(demo.processes()) > 3, demo.processes())
    for parts in VALUES:
        check_soon("values at %s" % parts, lambda: b"Sales_EMEA" in fetch(demo.url(parts)), within_s=WITHIN_S)
    found = process.run([str(sinks.PROMTOOL), "check", "metrics"], stdin=fetch(demo.url(VALUES[1])))
    check("promtool reads the values", found.returncode in (0, 3), found.stdout)
    server = demo.url("Prometheus").rstrip("/")
    demo.until("Sales_EMEA")

    def rows(query: str) -> list[object]:
        return json.loads(fetch("%s/api/v1/query?query=%s" % (server, query)))["data"]["result"]
    check_soon("Prometheus has the queues", lambda: rows("genesys_queue_depth"), within_s=WITHIN_S)
    check_soon("a recording rule has data", lambda: rows("queue:genesys_service_level:ratio_15m"), within_s=WITHIN_S)
    groups = json.loads(fetch(server + "/api/v1/rules"))["data"]["groups"]
    same("rules with an error", [r["name"] for g in groups for r in g["rules"] if r["health"] == "err"], [])
    if (TOP / "examples" / "wallboard" / "index.html").exists():
        check("the wallboard is served", b"<html" in fetch(demo.url("wallboard")))
    os.killpg(demo.program.pid, signal.SIGINT)  # as Ctrl-C in a terminal
    demo.ends_cleanly(0)


def a_demo_without_prometheus_ends_after_its_time() -> None:
    demo = started(DEMO_SECONDS="20", PATH=without_prometheus())
    demo.until("Prometheus", "is not installed", "no alerts and no wallboard")
    demo.until("Sales_EMEA")
    demo.ends_cleanly(0)


def a_signal_at_the_start_leaves_no_process() -> None:
    with starting:
        demo = Demo()
        wait_until(lambda: len(demo.processes()) > 1, 20, "the first program runs")
        os.kill(demo.program.pid, signal.SIGTERM)
        demo.ends_cleanly(128 + signal.SIGTERM)


if __name__ == "__main__":
    report.main([the_demo_shows_values_rules_and_the_wallboard, a_demo_without_prometheus_ends_after_its_time,
                 a_signal_at_the_start_leaves_no_process],
                {"collectd": DAEMON, "prometheus": sinks.PROMETHEUS, "promtool": sinks.PROMTOOL})
