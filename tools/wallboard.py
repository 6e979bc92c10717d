#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes the picture of examples/wallboard for the documents, with the contact centre of the demo.

usage: wallboard.py PNG

Needs the packages of tools/deps.sh test, and fonts with the names' letters: fonts-vlgothic fonts-noto-color-emoji.
"""
from __future__ import annotations

import os
import sys
from pathlib import Path

TOP = Path(os.environ.get("top_srcdir") or Path(__file__).resolve().parents[1])
sys.path.insert(0, str(TOP / "tests" / "e2e"))
from lib import process, sinks  # noqa: E402
from lib.browser import Page  # noqa: E402
from lib.collectd import OURS, Collectd, account, block, query, queues  # noqa: E402
from lib.genesys import Simulator  # noqa: E402

LIVES_S = 90.0
SHOWN = """[Number(document.querySelector("#tiles b")?.textContent) >= 5,
  ...["good", "warn", "bad"].map(colour => document.querySelector("td." + colour) !== null)].every(Boolean)"""


def main(target: str) -> None:
    sim = Simulator(speed=6, queues=8, agents=40, load=1.7)
    port = process.free_port()
    daemon = Collectd(account(sim, RequestsPerMinute=10000), queues(ServiceLevelTarget=6), queries=query(),
                      ours=(*OURS, "genesys_prometheus"), more=block("Plugin genesys_prometheus", None, {"Port": port}))
    prometheus = sinks.Prometheus(port, words=("--web.console.templates=%s" % (TOP / "examples" / "wallboard"),))
    daemon.wait_up()
    process.watch_for(LIVES_S)  # contacts come and go
    page = Page(1280, 560)
    page.open(prometheus.url + "/consoles/index.html?refresh=1")
    process.wait_until(lambda: page.evaluate(SHOWN), 60, "contacts that wait, and all colours")
    process.watch_for(0.3)
    picture = page.picture()
    Path(target).write_bytes(picture)
    print("%s: %d kB, %d errors in the browser" % (target, len(picture) // 1000, len(page.errors())))


if __name__ == "__main__":
    main(sys.argv[1])
