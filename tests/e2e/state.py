#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the state file closed cleanly, unaffected by a lock, migrated from older versions, and left alone if newer?"""
from __future__ import annotations

import sqlite3
from pathlib import Path

from lib import process, report
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account, built, query, queues
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same, has_line

STATES = Path(__file__).resolve().parent.parent / "support" / "states"
SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True}


def a_clean_stop_closes_the_file() -> None:
    sim = Simulator(**SMALL)
    state = process.folder("state")
    daemon = Collectd(account(sim), queues(), state_dir=state)
    daemon.wait_up()
    daemon.stop()
    same("only state.db is left", sorted(path.name for path in state.iterdir()), ["state.db"])


def a_locked_file_does_not_delay_the_stop() -> None:
    """A backup, or an operator's sqlite3 shell, holds a transaction open."""
    sims = [Simulator(**SMALL) for _ in range(3)]
    state = process.folder("state")
    first = Collectd(account(sims[0]), queues(), state_dir=state)
    first.wait_up()
    first.stop()
    holder = sqlite3.connect(state / "state.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    names = ["a", "b", "c"]
    daemon = Collectd("".join(account(sim, name, Host=name) for sim, name in zip(sims, names)),
                      "".join(queues(name, Account=name) for name in names), state_dir=state)
    daemon.says("Initialization complete")
    wait_until(lambda: all(sim.counters()["requests"].get("GET /api/v2/routing/queues") for sim in sims), 10, "the names")
    watch_for(0.5)  # collectd tries to save the names
    took, status = daemon.stop()
    holder.execute("ROLLBACK")
    holder.close()
    check("collectd stops in time", took < STOP_MAX_S, took)
    same("collectd ends with status 0", status, 0)
    note("stopped after %.2f s" % took)


def an_account_without_host_has_the_daemon_s_host() -> None:
    """The daemon's own host is "agent": the two accounts would share all identities."""
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim, "one") + account(sim, "two", Host="agent"),
                      queues("x", Account="one") + queues("y", Account="two"))
    line = daemon.says("the same Host as")
    has_line("the line names the remedy", line, "<Account", "give each account a Host of its own")
    wait_until(lambda: not daemon.program.is_running() or "Initialization complete" in daemon.text, 10, "the start")
    check("collectd runs on", daemon.program.is_running(), daemon.text)
    daemon.stop()


def a_queue_that_is_created_again_has_the_same_series() -> None:
    sim = Simulator(queues=4, agents=8, plain_names=True)
    state = process.folder("state")
    victim = sorted(sim.truth()["queues"].values(), key=lambda q: q["name"])[0]["name"]
    first = Collectd(account(sim), queues(), state_dir=state)
    first.wait_up()
    first.stop()
    sim.call("queues", {"op": "delete", "id": victim})
    sim.call("queues", {"op": "create", "name": victim})
    second = Collectd(account(sim), queues(), state_dir=state)
    second.wait_up()
    wait_until(lambda: second.latest(victim, "queue_depth", "voice") is not None, 10, "values of " + victim)
    same("the queue has no second name", second.latest(victim + "~2", "queue_depth", "voice"), None)
    same("the log has no complaints", second.complaints(), [])
    second.stop()


def _file_of(version: int, state: Path) -> Path:
    """state.db as a release with that version of the file writes it."""
    path = state / "state.db"
    db = sqlite3.connect(path)
    db.executescript((STATES / ("state-%d.sql" % version)).read_text(encoding="utf-8"))
    db.close()
    return path


def _version(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        return db.execute("PRAGMA user_version").fetchone()[0]
    finally:
        db.close()


def _newest() -> int:
    return max(int(path.stem.split("-")[1]) for path in STATES.glob("state-*.sql"))


def a_file_of_the_first_version_is_migrated() -> None:
    sim = Simulator(**SMALL)
    state = process.folder("state")
    path = _file_of(1, state)
    daemon = Collectd(account(sim), queues(), state_dir=state)
    daemon.wait_up()
    daemon.stop()
    same("the log has no complaint about the file", [line for line in daemon.complaints() if "state" in line], [])
    same("the file has the newest version", _version(path), _newest())
    db = sqlite3.connect(path)
    same("the names from the old file are kept", db.execute("SELECT text FROM pages WHERE account = 'test'").fetchall(), [("It's a test\t\tIt's a test",)])
    kept = db.execute("SELECT count(*) FROM pages WHERE account = 'prod' AND page = 'names queue'").fetchone()[0]
    check("new names are saved too", kept >= SMALL["queues"], kept)
    db.close()


def a_file_of_a_newer_version_stays_as_it_is() -> None:
    """After a downgrade: values are collected, the file is not changed, and one line says so."""
    sim = Simulator(**SMALL)
    state = process.folder("state")
    path = _file_of(_newest(), state)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = %d" % (_newest() + 1))
    db.commit()
    db.close()
    before = path.read_bytes()
    with_queries = query() if built("genesys_analytics") else ""
    daemon = Collectd(account(sim), queues(), queries=with_queries, state_dir=state)
    line = daemon.says("state.db", "version")
    has_line("the line names the remedy", line, "[error]", str(path), "has version %d" % (_newest() + 1), "knows %d" % _newest(),
          "upgrade the package, or name another StateDir", "untouched")
    daemon.wait_up()
    wait_until(lambda: daemon.latest("account-prod", "token_lifetime") is not None, 30, "values of the account")
    same("the log has one line about the version", [one for one in daemon.complaints() if "has version" in one], [line])
    took, status = daemon.stop()
    check("collectd stops in time", took < STOP_MAX_S, took)
    same("collectd ends with status 0", status, 0)
    check("the file is the same, byte for byte", path.read_bytes() == before)
    same("no other file is in StateDir", sorted(one.name for one in state.iterdir() if one.name not in ("state.db-wal", "state.db-shm")),
         ["state.db"])


if __name__ == "__main__":
    report.main([a_clean_stop_closes_the_file, a_locked_file_does_not_delay_the_stop,
                 an_account_without_host_has_the_daemon_s_host, a_queue_that_is_created_again_has_the_same_series,
                 a_file_of_the_first_version_is_migrated, a_file_of_a_newer_version_stays_as_it_is],
                {"collectd": DAEMON})
