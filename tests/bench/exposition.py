# SPDX-License-Identifier: MIT
"""The endpoint for Prometheus: values written, memory, a scrape."""
from __future__ import annotations

import gzip
import http.client
import json
import subprocess
import time
from typing import Iterator

import exposition_agents
from figures import HERE, LeftOut, Result, Row, met, node, node_modules, ours, result_of, say
from lib.process import free_port, wait_until

INTERVAL_S = 10
AIMS = {100_000: (0.05, 60, 0.3), 300_000: (None, None, None)}  # of a core, MB, seconds of a scrape
SCRAPES = 5


def scrape(port: int, encoding: str) -> tuple[float, bytes]:
    """Seconds until the last byte, and the text."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.monotonic()
    client.request("GET", "/metrics", headers={"Accept-Encoding": encoding})
    body = client.getresponse().read()
    took = time.monotonic() - began
    client.close()
    return took, gzip.decompress(body) if encoding == "gzip" else body


def run_ours(series: int) -> Result:
    port = free_port()
    with subprocess.Popen([ours("bench_exposition"), str(series), str(port)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as program:
        made: Result = json.loads(program.stdout.readline())
        wait_until(lambda: scrape(port, "gzip")[1], 10, "a scrape")
        made["gzip_s"], text = min(scrape(port, "gzip") for _ in range(SCRAPES))
        made["plain_s"] = min(scrape(port, "identity")[0] for _ in range(SCRAPES))
        lines = sum(not line.startswith(b"#") for line in text.splitlines())
        if lines != series:
            raise RuntimeError("%d lines of %d series" % (lines, series))
        program.stdin.close()
    return made


def beside_node(series: int, left_out: list[str]) -> str:
    try:
        env = node_modules("prom-client@15.1.3")
    except LeftOut as why:
        left_out.append("prom-client: %s" % why)
        return ""
    got = result_of([node(), str(HERE / "exposition.js"), str(series)], env=env)
    return "prom-client %.1f %%, %.0f MB, %.0f ms" % (got["round_s"] * 100 / INTERVAL_S, got["memory_kb"] / 1024,
                                                      got["scrape_s"] * 1000)


def rows(left_out: list[str]) -> Iterator[Row]:
    for series, (cpu, memory, seconds) in AIMS.items():
        made = run_ours(series)
        share, mb = made["round_s"] / INTERVAL_S, made["memory_kb"] / 1024
        say("%d series every %d s: first round %.2f s, then %.2f us a value; %.0f MB; a scrape %.0f ms with gzip, %.0f ms "
            "without" % (series, INTERVAL_S, made["first_s"], made["round_s"] * 1e6 / series, mb, made["gzip_s"] * 1000,
                         made["plain_s"] * 1000))
        reaches = cpu is None or (share < cpu and mb < memory and made["gzip_s"] < seconds)
        yield Row("P", "%d k series every %d s" % (series // 1000, INTERVAL_S),
                  "%.1f %%, %.0f MB, %.0f ms" % (share * 100, mb, made["gzip_s"] * 1000), beside_node(series, left_out),
                  aim="< 5 %, < 60 MB, < 300 ms" if cpu else "no cliff", met=met(reaches))
    yield from exposition_agents.rows(left_out)
