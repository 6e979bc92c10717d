#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do init, readings and the stop take under two seconds each while a disk, a lock, a resolver or a queue hangs?"""
from __future__ import annotations

import fcntl
import http.server
import os
import re
import shutil
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Optional

from lib import process, report
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account, built, query, queues
from lib.flows import Hook, Sqs, state as flow_state, wait_equal
from lib.genesys import Simulator, direct
from lib.hanging_disk import Disk, hanging_disk
from lib.process import wait_until
from lib.redis import SERVER, Redis
from lib.report import check, note, same
from lib.resolver import UNKNOWN_NAME, silent_resolver

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True, "rate_limit": 0}
INIT_MAX_S = 2.0


def started(daemon: Collectd) -> None:
    began = time.monotonic()
    daemon.says("Initialization complete", within_s=40)
    took = time.monotonic() - began
    check("init takes under %g s" % INIT_MAX_S, took < INIT_MAX_S, took)


def reads_on(daemon: Collectd, host: str = "agent") -> None:
    """Values of the account are dispatched each second; collectd logs a read callback that takes longer."""
    def readings() -> int:
        return len(daemon.readings("account-prod", "token_lifetime", host=host))
    before = readings()
    daemon.lives_until(lambda: readings() >= before + 2, 5, "two readings of the account")
    same("readings that took too long", daemon.program.matching("read-function", "took"), [])


def stops(daemon: Collectd) -> None:
    took, status = daemon.stop()
    check("collectd stops in under %g s (%.2f s)" % (STOP_MAX_S, took), took < STOP_MAX_S, took)
    same("collectd ends with status 0", status, 0)
    note("stopped after %.2f s" % took)


def with_query() -> str:
    return query() if built("genesys_analytics") else ""


def secret_below(disk: Disk, sim: Simulator) -> Path:
    path = disk.below / "secret"
    shutil.copy(sim.client_secret_file, path)
    path.chmod(0o600)
    return path


def a_secret_on_a_disk_that_hangs_is_named_and_delays_no_reading() -> None:
    sim, disk = Simulator(**SMALL), hanging_disk("secrets")
    path = secret_below(disk, sim)
    disk.hang()
    daemon = Collectd(account(sim, ClientSecretFile=path), queues(), preload=str(disk.shim), env=disk.env)
    started(daemon)
    line = daemon.says("the client secret", within_s=12)
    check("the line names file and remedy", str(path) in line and "check its disk" in line, line)
    reads_on(daemon)
    stops(daemon)


def a_disk_that_answers_again_needs_no_restart() -> None:
    """Another account works meanwhile."""
    sims, disk = [Simulator(**SMALL) for _ in range(2)], hanging_disk("secrets")
    path = secret_below(disk, sims[0])
    disk.hang()
    daemon = Collectd(account(sims[0], ClientSecretFile=path, Host="one") + account(sims[1], "two", Host="two"),
                      queues() + queues("b", Account="two"), preload=str(disk.shim), env=disk.env)
    started(daemon)
    daemon.wait_up("b", host="two")
    check("the account with the secret has no values", not daemon.is_up(host="one"))
    disk.answer()
    daemon.wait_up(host="one")
    stops(daemon)


def a_renewal_whose_secret_hangs_delays_no_reading() -> None:
    sim, disk = Simulator(**SMALL), hanging_disk("secrets")
    daemon = Collectd(account(sim, ClientSecretFile=secret_below(disk, sim)), queues(), preload=str(disk.shim),
                      env=disk.env)
    daemon.wait_up()
    disk.hang()
    sim.call("tokens", {"op": "revoke"})
    daemon.says("the client secret", "no answer of the file system", within_s=20)
    reads_on(daemon)
    stops(daemon)


def certificates_on_a_disk_that_hangs_delay_their_account_alone() -> None:
    """The disk hangs at the start, then while the connection is opened again; another account works meanwhile."""
    sims, disk = [Simulator(**SMALL) for _ in range(2)], hanging_disk("certificates")
    ca = disk.below / "ca.pem"
    shutil.copy(sims[0].ca, ca)
    disk.hang()
    daemon = Collectd(account(sims[0], CACert=ca, Host="one") + account(sims[1], "two", Host="two"),
                      queues() + queues("b", Account="two"), preload=str(disk.shim), env=disk.env)
    started(daemon)
    line = daemon.says("CACert", "no answer of the file system")
    check("the line names file and remedy", str(ca) in line and "check its disk" in line, line)
    daemon.wait_up("b", host="two")
    reads_on(daemon, host="one")
    disk.answer()
    daemon.wait_up(host="one", within_s=30)
    disk.hang()
    sims[0].call("tokens", {"op": "revoke"})
    reads_on(daemon, host="one")
    stops(daemon)


def scrapes_get_503_while_the_disk_of_their_credentials_hangs() -> None:
    """The disk hangs before the start and while collectd runs: scrapes are refused at once, and nothing else waits."""
    sim, disk, port = Simulator(**SMALL), hanging_disk("prometheus"), process.free_port()
    secret = disk.below / "token"
    secret.write_text("a token\n")
    secret.chmod(0o600)

    def status() -> int:
        request = urllib.request.Request("http://127.0.0.1:%d/metrics" % port, headers={"Authorization": "Bearer a token"})
        try:
            with direct.open(request, timeout=3) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
    disk.hang()
    daemon = Collectd(account(sim), queues(), preload=str(disk.shim), env=disk.env,
                      ours=("genesys", "genesys_realtime", "genesys_prometheus"),
                      more='<Plugin genesys_prometheus>\nPort %d\nBearerTokenFile "%s"\n</Plugin>\n' % (port, secret))
    started(daemon)
    daemon.lives_until(lambda: status() == 503, 15, "503 while the disk hangs")
    reads_on(daemon)
    disk.answer()
    daemon.lives_until(lambda: status() == 200, 15, "200 when the disk answers")
    disk.hang()
    daemon.lives_until(lambda: status() == 503, 15, "503 again")
    reads_on(daemon)
    stops(daemon)


def a_state_disk_that_hangs_at_the_start_delays_no_reading() -> None:
    sim, sqs, disk = Simulator(**SMALL), Sqs(), hanging_disk("state")
    hook = Hook(sqs)
    disk.hang()
    daemon = Collectd(account(sim), queues(), queries=with_query(), flows=hook.block(), state_dir=disk.below,
                      preload=str(disk.shim), env=disk.env)
    started(daemon)
    daemon.says("state.db", "no answer of the file system")
    daemon.wait_up()
    reads_on(daemon)
    daemon.says("flowmetrics.db", "no answer of the file system", within_s=20)
    same("the telemetry of the state", flow_state(daemon, "state_up", "sqlite", "hook"), 0)
    disk.answer()
    sqs.push(hook, 200)
    daemon.lives_until(lambda: not sqs.pushed()["running"], 60, "the push has ended")
    same("totals", wait_equal(daemon, sqs), [])
    stops(daemon)


def a_state_disk_that_hangs_under_load_changes_no_total() -> None:
    """Nothing is counted twice or lost, although the stop leaves a transaction behind."""
    sim, sqs, disk = Simulator(**SMALL), Sqs(), hanging_disk("state")
    hook = Hook(sqs)
    words: dict[str, Any] = {"queries": with_query(), "flows": hook.block(), "state_dir": disk.below,
                             "preload": str(disk.shim), "env": disk.env}
    first = Collectd(account(sim), queues(), **words)
    first.wait_up()
    hook.wait_open(first)
    sqs.push(hook, 400, concurrency=4)
    first.lives_until(lambda: sqs.pushed()["accepted"] > 100, 30, "a part of the push")
    disk.hang()
    reads_on(first)
    stops(first)
    disk.answer()
    second = Collectd(account(sim), queues(), **words)
    second.lives_until(lambda: not sqs.pushed()["running"], 60, "the push has ended")
    same("totals", wait_equal(second, sqs), [])
    stops(second)


def a_lease_password_on_a_disk_that_hangs_delays_no_reading() -> None:
    """The connection to Redis is lost meanwhile, so that the password is read again."""
    sim, disk = Simulator(**SMALL), hanging_disk("lease")
    password = disk.below / "password"
    password.write_text("lease-password\n")
    password.chmod(0o600)
    redis = Redis("user lease on >lease-password ~* +@all")
    daemon = Collectd(account(sim, Host="pair", LeaseURL=redis.url, LeaseUser="lease", LeasePasswordFile=password, LeaseTTL=3),
                      queues(), preload=str(disk.shim), env=disk.env)

    def state() -> Optional[float]:
        return daemon.latest("account-prod", "lease_state", host="agent")
    daemon.lives_until(lambda: state() == 2, 30, "the agent holds the lease")
    disk.hang()
    redis.ask("CLIENT", "KILL", "USER", "lease")
    daemon.lives_until(lambda: state() == 4, 15, "the agent dispatches nothing")
    reads_on(daemon)
    stops(daemon)


def databases_that_other_programs_lock_delay_no_reading() -> None:
    sim, state, sqs = Simulator(**SMALL), process.folder("state"), Sqs()
    hook = Hook(sqs)
    first = Collectd(account(sim), queues(), flows=hook.block(), state_dir=state)
    first.wait_up()
    hook.wait_open(first)
    first.stop()
    holders = [sqlite3.connect(state / name, isolation_level=None) for name in ("state.db", "flowmetrics.db")]
    for holder in holders:
        holder.execute("BEGIN IMMEDIATE")
    daemon = Collectd(account(sim), queues(), flows=hook.block(), state_dir=state)
    started(daemon)
    reads_on(daemon)
    stops(daemon)
    for holder in holders:
        holder.close()


def a_lock_on_the_state_folder_by_another_user_delays_nothing() -> None:
    """A user who may only open StateDir can lock it."""
    sim, state, hook = Simulator(**SMALL), process.folder("state"), Hook(Sqs())
    holder = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    daemon = Collectd(account(sim), queues(), queries=with_query(), flows=hook.block(), state_dir=state)
    started(daemon)
    daemon.wait_up()
    hook.wait_open(daemon)
    reads_on(daemon)
    stops(daemon)
    os.close(holder)


def a_resolver_that_hangs_delays_no_reading() -> None:
    sim, resolver = Simulator(**SMALL), silent_resolver()
    daemon = Collectd(account(sim, BaseURL="https://" + UNKNOWN_NAME, LoginURL="https://" + UNKNOWN_NAME), queues(),
                      queries=with_query(), wrapper=resolver.wrapper)
    started(daemon)
    wait_until(resolver.asked.is_set, 8, "a query to the name server")
    reads_on(daemon)
    stops(daemon)


def a_full_write_queue_delays_no_reading() -> None:
    """collectd drops values; the plugins' write tracker waits for none of them."""
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), queues(), more="WriteQueueLimitHigh 2\nWriteQueueLimitLow 1\n")
    started(daemon)
    daemon.says("Dropping", within_s=10)
    lines = len(daemon.program.matching("Dropping"))
    daemon.lives_until(lambda: len(daemon.program.matching("Dropping")) > lines + 10, 10, "more values that are dropped")
    same("readings that took too long", daemon.program.matching("read-function", "took"), [])
    stops(daemon)


class SlowReceiver(http.server.BaseHTTPRequestHandler):
    """What a slow writer sends to: each request takes half a second until `quick` is set."""
    quick = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.quick.wait(0.5)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def a_slow_writer_fills_no_queue() -> None:
    """write_http takes some 100 values a second of 2,000; genesys_prometheus has all of them meanwhile."""
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowReceiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    sim, port = Simulator(**{**SMALL, "queues": 40}), process.free_port()
    writers = ('<Plugin write_http>\n<Node "slow">\nURL "http://127.0.0.1:%d/"\nBufferSize 4096\n</Node>\n</Plugin>\n'
               "<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n" % (receiver.server_address[1], port))
    daemon = Collectd(account(sim), queues(ObservationInterval=1), more=writers, load=("write_http",),
                      ours=("genesys", "genesys_realtime", "genesys_prometheus"))

    def left_out() -> float:
        page = direct.open("http://127.0.0.1:%d/metrics" % port, timeout=5).read().decode()
        found = re.search(r"^genesys_write_queue_left_out_total{[^}]*} ([0-9.e+]+)$", page, re.M)
        return float(found[1]) if found else 0
    daemon.says("write queue: collectd's writers are more than 10 s behind", within_s=60)
    before = daemon.lives_until(left_out, 30, "write_queue_left_out at /metrics")
    daemon.lives_until(lambda: left_out() > before + 2000, 30, "more values that do not enter the queue")
    SlowReceiver.quick.set()
    daemon.says("write queue: good again", within_s=60)
    stops(daemon)
    receiver.shutdown()


SCENARIOS: list[Callable[[], None]] = [
    a_secret_on_a_disk_that_hangs_is_named_and_delays_no_reading, a_disk_that_answers_again_needs_no_restart,
    a_renewal_whose_secret_hangs_delays_no_reading, certificates_on_a_disk_that_hangs_delay_their_account_alone,
    scrapes_get_503_while_the_disk_of_their_credentials_hangs, a_state_disk_that_hangs_at_the_start_delays_no_reading,
    a_state_disk_that_hangs_under_load_changes_no_total, databases_that_other_programs_lock_delay_no_reading,
    a_lock_on_the_state_folder_by_another_user_delays_nothing, a_resolver_that_hangs_delays_no_reading,
    a_full_write_queue_delays_no_reading,
    *([a_slow_writer_fills_no_queue] if built("genesys_prometheus") else []),
    *([a_lease_password_on_a_disk_that_hangs_delays_no_reading] if SERVER else [])]

if __name__ == "__main__":
    report.main(SCENARIOS, {"collectd": DAEMON})
