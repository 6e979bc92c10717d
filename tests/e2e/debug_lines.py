#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do debug lines show what the plugins do, but no secret and no customer data?"""
from __future__ import annotations

import re

from lib import process, report, stream
from lib.collectd import DAEMON, account, block, query
from lib.flows import FlowSender, notifications, wait_connected
from lib.process import free_port
from lib.report import check, same
from lib.timeseries import section

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", re.I)
ADDRESS = re.compile(r"\S+@\S+|\+\d{6,}|\btel:|\bsip:")
# The table of docs/troubleshooting.md, row by row.
EXPECTED = (r"api \S+: sent, \d+ in flight, \d+ waiting", r"api \S+: HTTP 200 after \d+ ms, \d+ bytes: done",
            r"token: ready", r"channel prod 1: open", r"websocket: text of \d+ bytes",
            r"query: requests \S+ to \S+, batch \d+ of \d+", r"query: the window that ends at \S+ is sent with \d+ values",
            r"influxdb: secret -> sending", r"ledger: a batch was committed after [\d.]+ s",
            r"drift: \d+ contacts now, \d+ since the start")
OF_CUSTOMERS = ("+4930123456789", "0-000000", "12 apples", "1e999")  # in attributes of the sender's conversations
PASSWORD = "e2e-influx-s3cret"
DROPPED = {"ws": "drop", "at_s": 3, "every_s": 4, "count": 100}


def debug_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if "genesys: debug: " in line]


def database_that_is_away() -> str:
    password = process.folder("influx") / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    return section(block("Node", "main", {"URL": "http://127.0.0.1:%d" % free_port(), "Version": 1, "Database": "genesys",
                                          "User": "agent", "PasswordFile": password, "FlushInterval": 1}))


def each_documented_line_is_logged_without_a_secret() -> None:
    sim = stream.simulator(queues=6, agents=20, load=2)
    daemon = stream.Collectd("  Debug true\n" + account(sim, **stream.PLENTY), stream.block(), queries=query(Backfill="PT2M"),
                             flows=notifications(), more=database_that_is_away(),
                             ours=("genesys", "genesys_realtime", "genesys_influxdb"))
    stream.wait_listening(daemon)
    wait_connected(daemon)
    sender = FlowSender(sim)
    sender.send(200)
    sender.wait_sent(daemon)
    sim.faults(DROPPED)
    sim.thaw()
    for pattern in EXPECTED:
        daemon.lives_until(lambda: any(re.search(pattern, line) for line in debug_lines(daemon.text)), 90,
                           "a debug line like %s" % pattern)
    sim.freeze()
    daemon.stop()
    lines = debug_lines(daemon.text)
    check("the log has debug lines", len(lines) >= len(EXPECTED), len(lines))
    same("no debug line has an id", [line for line in lines if UUID.search(line)], [])
    same("no debug line has an address", [line for line in lines if ADDRESS.search(line)], [])
    same("no debug line has an attribute of a customer", [line for line in lines for text in OF_CUSTOMERS if text in line], [])
    secrets = (sim.client_secret, PASSWORD, "Bearer")
    same("no debug line has a secret or a token", [line for line in lines for text in secrets if text in line], [])


def without_debug_no_debug_line_is_logged() -> None:
    sim = stream.simulator(queues=4, agents=8)
    daemon = stream.daemon(sim)
    stream.wait_listening(daemon)
    daemon.stop()
    same("the log has no debug lines", debug_lines(daemon.text), [])


if __name__ == "__main__":
    report.main([each_documented_line_is_logged_without_a_secret, without_debug_no_debug_line_is_logged], {"collectd": DAEMON})
