#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does genesys-probe --once say what is wrong between this host and the servers, and does it leave everything as it was?"""
from __future__ import annotations

import os
import socket
import subprocess
import time
from typing import Any

from lib import report
from lib.collectd import DAEMON, account, build_folder
from lib.genesys import Simulator
from lib.report import check, has_line, same
from probe import PROBE, Place, ours

PROD = '<Account "prod">'
SMALL: dict[str, Any] = {"queues": 4, "agents": 4, "warmup": 0, "frozen": True}
LIMIT_S = 60


def probe(text: str, *words: str, more: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Runs genesys-probe --once with a private collectd.conf; it must end within its limit."""
    place = Place(text, more)
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "LD_LIBRARY_PATH": str(build_folder() / ".libs"),
           "GENESYS_PROBE_LIBRARY": str(build_folder() / ".libs")}
    begin = time.monotonic()
    done = subprocess.run([str(PROBE), "--once", "-C", str(place.config), *words], env=env, text=True, capture_output=True,
                          timeout=2 * LIMIT_S, cwd=place.base, check=False)
    took_s = time.monotonic() - begin
    check("it ends within %d s" % LIMIT_S, took_s < LIMIT_S, took_s)
    check("no secret is shown", "sim-secret" not in done.stdout + done.stderr, done.stdout)
    same("the folder", sorted(path.name for path in place.base.iterdir()), ["collectd.conf", "plugins"])
    return done


def an_account_that_works_has_status_0() -> None:
    sim = Simulator(**SMALL)
    done = probe(ours(account(sim)))
    same("status", (done.returncode, done.stderr), (0, ""))
    host = "127.0.0.1:%d" % sim.https_port
    has_line("the address", done.stdout, "ok", "dns", PROD, host, "is 127.0.0.1")
    has_line("the connection", done.stdout, "ok", "tcp", PROD, host, "connected to 127.0.0.1")
    has_line("the certificate", done.stdout, "ok", "tls", PROD, host, "CN=localhost < CN=Simulator CA", "82", "days left")
    has_line("the token", done.stdout, "ok", "token", PROD, "valid for 8", " s; it names no scope")
    has_line("the organisation", done.stdout, "ok", "organisation", PROD, "Simulated Contact Centre (")
    has_line("the clock", done.stdout, "ok", "clock", PROD, "agree")


def a_wrong_account_has_its_row() -> None:
    """Each row: what is wrong, the options, the row, and the first check that is left out."""
    sim = Simulator(**SMALL)
    rows: list[tuple[str, dict[str, Any], int, tuple[str, ...], str]] = [
        ("wrong secret", {"ClientSecretFile": None, "ClientSecret": "tell-tale"}, 2,
         ("failed", "token", PROD, "refuses client id", sim.client_id), "organisation"),
        ("unknown host", {"BaseURL": "https://nowhere.invalid"}, 2,
         ("failed", "dns", PROD, "nowhere.invalid:443", "check Region (or BaseURL) and DNS"), "tcp"),
        ("nobody listens", {"BaseURL": "https://localhost:1"}, 2, ("failed", "tcp", PROD, "localhost:1:"), "tls"),
        ("another host's certificate", {"BaseURL": sim.https_wrong_host}, 2,
         ("failed", "tls", PROD, "the certificate is another host's"), "token"),
        ("expired certificate", {"BaseURL": sim.https_expired}, 2, ("failed", "tls", PROD, "certificate has expired"), "token"),
        ("certificate for five more days", {"BaseURL": sim.https_soon}, 1, ("warning", "tls", PROD, "; 4 days left"), ""),
        ("not verified", {"BaseURL": sim.https_wrong_host, "VerifyHost": False}, 1,
         ("warning", "tls", PROD, "not verified"), ""),
    ]
    for name, changes, status, parts, left_out in rows:
        done = probe(ours(account(sim, **changes)))
        same(name + ": status", (done.returncode, done.stderr), (status, ""))
        has_line(name, done.stdout, *parts)
        has_line(name + ": what to do", done.stdout, "next: ")
        check(name + ": the secret is not shown", "tell-tale" not in done.stdout, done.stdout)
        check(name + ": what cannot be asked is left out",
              not left_out or not any(line.split()[1:2] == [left_out] for line in done.stdout.splitlines()), done.stdout)


def a_clock_that_is_wrong_has_its_row() -> None:
    for offset_s, status, parts in ((600, 2, ("failed", "clock", PROD, "this host is 600 s behind the server")),
                                    (-30, 1, ("warning", "clock", PROD, "this host is 30 s ahead of the server"))):
        sim = Simulator(clock_offset=offset_s, **SMALL)
        done = probe(ours(account(sim)))
        same("status", done.returncode, status)
        has_line("%d s" % offset_s, done.stdout, *parts)


def a_server_that_hangs_ends_within_the_bound() -> None:
    sim = Simulator(**SMALL)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        done = probe(ours(account(sim, BaseURL="https://localhost:%d" % silent.getsockname()[1], ConnectTimeout=1)))
    same("no TLS: status", done.returncode, 2)
    has_line("no TLS", done.stdout, "failed", "tls", PROD, "check Timeout, ConnectTimeout")
    for path, row in (("/oauth/token", ("failed", "token", PROD, "timed out")),
                      ("/api/v2/tokens/me", ("failed", "organisation", PROD, "no answer within 12 s"))):
        sim.faults({"on": "* " + path, "answer": "hang"})
        done = probe(ours(account(sim)))
        same(path + ": status", done.returncode, 2)
        has_line(path + " hangs", done.stdout, *row)


if __name__ == "__main__":
    report.main([an_account_that_works_has_status_0, a_wrong_account_has_its_row, a_clock_that_is_wrong_has_its_row,
                 a_server_that_hangs_ends_within_the_bound], {"collectd": DAEMON})
