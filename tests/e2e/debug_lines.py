#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do debug lines show what the plugins do, but no secret and no customer data?"""
from __future__ import annotations

import re

from lib import report, stream
from lib.collectd import DAEMON, account
from lib.report import check, same

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", re.I)
ADDRESS = re.compile(r"\S+@\S+|\+\d{6,}|\btel:|\bsip:")
EXPECTED = (r"token: ready", r"api \S+: sent, \d+ in flight, \d+ waiting",
            r"api \S+: HTTP 200 after \d+ ms, \d+ bytes: done", r"websocket: text of \d+ bytes")


def debug_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if "genesys: debug: " in line]


def they_show_requests_and_frames_and_no_secret() -> None:
    sim = stream.simulator(queues=6, agents=20, load=2)
    daemon = stream.Collectd("  Debug true\n" + account(sim, **stream.PLENTY), stream.block())
    stream.wait_listening(daemon)
    sim.thaw()
    for pattern in EXPECTED:
        daemon.lives_until(lambda: any(re.search(pattern, line) for line in debug_lines(daemon.text)), 20,
                           "a debug line like %s" % pattern)
    sim.freeze()
    daemon.stop()
    lines = debug_lines(daemon.text)
    check("the log has debug lines", len(lines) >= len(EXPECTED), len(lines))
    same("no debug line has an id", [line for line in lines if UUID.search(line)], [])
    same("no debug line has an address", [line for line in lines if ADDRESS.search(line)], [])
    same("no debug line has the secret or a token", [line for line in lines if sim.client_secret in line or "Bearer" in line], [])


def without_the_option_there_are_none() -> None:
    sim = stream.simulator(queues=4, agents=8)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    daemon.stop()
    same("the log has no debug lines", debug_lines(daemon.text), [])


if __name__ == "__main__":
    report.main([they_show_requests_and_frames_and_no_secret, without_the_option_there_are_none], {"collectd": DAEMON})
