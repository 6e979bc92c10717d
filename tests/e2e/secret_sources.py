#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each of the four sources of the client secret work, and is the secret invisible?"""
from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from lib import process, report
from lib.collectd import DAEMON, Collectd, account, polled
from lib.genesys import Simulator
from lib.process import wait_until
from lib.report import check, note, same

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True}
CHECK_S = 10.0  # the interval of the checks of a refused secret's file


def new_file(text: str, name: str = "secret") -> Path:
    path = process.folder("secret") / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def works(sim: Simulator, env: Any = None, **options: Any) -> Collectd:
    daemon = Collectd(account(sim, **{"ClientSecretFile": None, **options}), polled(), env=env)
    daemon.wait_up()
    same("the log has no complaints", daemon.complaints(), [])
    same("the secret is not visible outside", daemon.leaks(sim.client_secret), [])
    return daemon


def a_file_may_have_white_space_around_the_secret() -> None:
    sim = Simulator(**SMALL)
    works(sim, ClientSecretFile=new_file("\n  %s \r\n" % sim.client_secret)).stop()


def the_environment_gives_the_secret_and_is_wiped() -> None:
    sim = Simulator(**SMALL, token_life=3)
    daemon = works(sim, env={"GC_SECRET": sim.client_secret}, ClientSecretEnv="GC_SECRET")
    environ = Path("/proc/%d/environ" % daemon.program.pid).read_bytes()
    check("/proc/PID/environ is readable and has no secret", environ and sim.client_secret.encode() not in environ)
    wait_until(lambda: sim.counters()["token_requests_total"] >= 3, 10, "renewals after the wiping")
    same("each renewal with the kept secret succeeds", set(sim.counters()["token_requests"]), {"200"})
    daemon.stop()


def a_credential_of_systemd_gives_the_secret() -> None:
    sim = Simulator(**SMALL)
    path = new_file(sim.client_secret, "genesys")
    works(sim, env={"CREDENTIALS_DIRECTORY": str(path.parent)}, ClientSecretCredential="genesys").stop()


def the_configuration_gives_the_secret() -> None:
    sim = Simulator(**SMALL)
    works(sim, ClientSecret=sim.client_secret).stop()


def a_changed_file_ends_a_refusal() -> None:
    sim = Simulator(**SMALL)
    path = new_file("wrong\n")
    daemon = Collectd(account(sim, ClientSecretFile=path), polled())
    daemon.says("the token endpoint refuses client id", "when the secret's file changes")
    asked = sim.counters()["token_requests_total"]
    fresh = path.with_name("fresh")
    fresh.write_text(sim.client_secret + "\n")
    fresh.chmod(0o600)
    os.replace(fresh, path)
    changed = time.monotonic()
    daemon.wait_up(within_s=CHECK_S + 4)
    took = time.monotonic() - changed
    note("values %.1f s after the file changed" % took)
    check("values arrive within %g s after the file changed" % (CHECK_S + 2), took < CHECK_S + 2, took)
    same("one token request follows the refused one", sim.counters()["token_requests_total"] - asked, 1)
    daemon.says("token: good again")
    daemon.stop()


def a_secret_changed_at_the_platform_is_read_again() -> None:
    """The old token expires and the file has the new secret: collectd needs no restart."""
    sim = Simulator(**SMALL)
    path = new_file(sim.client_secret)
    daemon = Collectd(account(sim, ClientSecretFile=path), polled())
    daemon.wait_up()
    sim.config(client_secret="another-secret")
    path.write_text("another-secret")
    sim.call("tokens", {"op": "revoke"})
    wait_until(lambda: sim.counters()["token_requests"].get("200") == 2, 5, "the renewal with the new secret")
    same("no token request is refused", sim.counters()["token_requests"], {"200": 2})
    same("the log has no complaints", daemon.complaints(), [])
    daemon.stop()


if __name__ == "__main__":
    report.main([a_changed_file_ends_a_refusal, the_environment_gives_the_secret_and_is_wiped,
                 a_file_may_have_white_space_around_the_secret, a_credential_of_systemd_gives_the_secret,
                 the_configuration_gives_the_secret, a_secret_changed_at_the_platform_is_read_again], {"collectd": DAEMON})
