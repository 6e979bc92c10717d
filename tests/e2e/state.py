#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the state file left in order, and is whoever holds it no trouble?"""
from __future__ import annotations

import sqlite3

from lib import process, report
from lib.collectd import DAEMON, STOP_MOST_S, Collectd, account, queues
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same, tells

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True}


def a_clean_stop_closes_the_file() -> None:
    sim = Simulator(**SMALL)
    state = process.folder("state")
    daemon = Collectd(account(sim), queues(), state_dir=state)
    daemon.wait_up()
    daemon.stop()
    same("files left", sorted(path.name for path in state.iterdir()), ["state.db"])


def somebody_who_holds_the_file_does_not_hold_the_stop() -> None:
    """A backup, or an operator's sqlite3 shell in the middle of a transaction."""
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
    watch_for(0.5)  # the names have come and want to be kept
    took, status = daemon.stop()
    holder.execute("ROLLBACK")
    holder.close()
    check("stopped in time", took < STOP_MOST_S, took)
    same("exit status", status, 0)
    note("stopped after %.2f s" % took)


def an_account_without_host_is_the_daemon_s_host() -> None:
    """The daemon here is called "agent": two accounts would share all identities."""
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim, "one") + account(sim, "two", Host="agent"),
                      queues("x", Account="one") + queues("y", Account="two"))
    line = daemon.says("the same Host as")
    tells("the message", line, "<Account", "give each account a Host of its own")
    wait_until(lambda: not daemon.program.is_running() or "Initialization complete" in daemon.text, 10, "the start")
    check("collectd runs on", daemon.program.is_running(), daemon.text)
    daemon.stop()


def a_queue_that_is_made_again_is_the_same_series() -> None:
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
    same("values under another name", second.latest(victim + "~2", "queue_depth", "voice"), None)
    same("complaints", second.complaints(), [])
    second.stop()


if __name__ == "__main__":
    report.main([a_clean_stop_closes_the_file, somebody_who_holds_the_file_does_not_hold_the_stop,
                 an_account_without_host_is_the_daemon_s_host, a_queue_that_is_made_again_is_the_same_series],
                {"collectd": DAEMON})
