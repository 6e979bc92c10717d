#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does collectd restart with all names after a kill at any moment? GC_KILLS is the number of kills (make check-long: 50)."""
from __future__ import annotations

import os
import random
import signal
import sqlite3

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, queues
from lib.genesys import Simulator
from lib.process import wait_until, watch_for
from lib.report import check, note, same

KILLS = int(os.environ.get("GC_KILLS", "5"))


def names_survive_kills_at_random_moments() -> None:
    """Renames queues all the time, so that each reading of the list has changes to save."""
    sim = Simulator(queues=60, agents=20, rate_limit=0)
    state = process.folder("state")
    rng = random.Random(7)
    survived = 0
    for turn in range(KILLS):
        ids = sorted(sim.truth()["queues"])
        sim.call("queues", {"op": "rename", "id": ids[turn % len(ids)], "name": "Renamed %d" % turn})
        daemon = Collectd(account(sim, RequestsPerMinute=10000), queues(), state_dir=state)
        watch_for(rng.uniform(0.05, 1.5))
        os.kill(daemon.program.pid, signal.SIGKILL)
        daemon.program.wait(5)
        survived += "renamed" not in daemon.text and "state file" not in daemon.text
    same("each start finds an intact state file", survived, KILLS)

    daemon = Collectd(account(sim, RequestsPerMinute=10000), queues(), state_dir=state)
    daemon.wait_up()
    wait_until(lambda: daemon.latest("Renamed %d" % (KILLS - 1), "queue_agents", "member") is not None, 10,
               "values under the last name")
    check("the log complains of equal names only", all("share their name with another" in line for line in daemon.complaints()),
          daemon.complaints())
    daemon.stop()
    with sqlite3.connect(state / "state.db") as db:
        same("the state file is intact", db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        kept = db.execute("SELECT count(*), count(DISTINCT substr(text, 1, instr(text, char(9)))) FROM pages WHERE page = 'names queue'").fetchone()
    same("all queues are kept with distinct labels", kept, (60, 60))
    note("%d kills" % KILLS)


if __name__ == "__main__":
    report.main([names_survive_kills_at_random_moments], {"collectd": DAEMON})
