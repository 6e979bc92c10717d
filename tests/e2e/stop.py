#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does collectd stop in under two seconds in any state of network, disk and load, and leave no process behind?"""
from __future__ import annotations

import socket
import sqlite3
from pathlib import Path
from typing import Callable

from lib import process, report, stream
from lib.collectd import DAEMON, OURS, STOP_MAX_S, Collectd, account, block, query, queues
from lib.flows import SECRET, Hook, Sqs, attributes
from lib.gate import Gate
from lib.genesys import Proxy, Simulator
from lib.hanging_disk import hanging_disk
from lib.process import wait_until, watch_for
from lib.report import check, note, same
from lib.resolver import UNKNOWN_NAME, silent_resolver

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True, "rate_limit": 0}
OBSERVATIONS = "POST /api/v2/analytics/*"
BLOCKS = queues(Queue="*[12]") + queues("b", Queue="*[34]", Observations="activity")


def stops_cleanly(daemon: Collectd) -> None:
    check("the plugin's thread runs", any(name.startswith("gc-") for name in daemon.threads()), daemon.threads())
    took, status = daemon.stop()
    check("collectd stops in under %g s (%.2f s)" % (STOP_MAX_S, took), took < STOP_MAX_S, took)
    same("collectd ends with status 0", status, 0)
    check("no process is left", not Path("/proc/%d" % daemon.program.pid).exists() and not group(daemon))
    bad = [line for line in daemon.text.splitlines()
           if any(word in line for word in ("Segmentation", "abort", "corrupt", "free():", "double free", "Assertion"))]
    same("the log has no sign of a crash", bad, [])
    note("stopped after %.2f s" % took)


def group(daemon: Collectd) -> list[int]:
    """The running processes of collectd's process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == daemon.program.pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def collectd_stops_in_time_while_all_works() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    daemon.wait_up("all", "b")
    stops_cleanly(daemon)


def collectd_stops_in_time_during_its_start() -> None:
    """collectd stops during its start."""
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    daemon.lives_until(lambda: any(name.startswith("gc-") for name in daemon.threads()), 5, "the plugin's thread")
    stops_cleanly(daemon)


def a_wrong_secret_delays_no_stop() -> None:
    sim = Simulator(**SMALL)
    path = process.folder("secret") / "secret"
    path.write_text("wrong")
    path.chmod(0o600)
    daemon = Collectd(account(sim, ClientSecretFile=path), BLOCKS)
    daemon.says("refuses client id")
    stops_cleanly(daemon)


def refused_connections_delay_no_stop() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim, BaseURL="https://127.0.0.1:%d" % process.free_port()), BLOCKS)
    daemon.says("no token")
    stops_cleanly(daemon)


def an_api_that_sends_nothing_delays_no_stop() -> None:
    """The API accepts connections and sends nothing, not even a TLS handshake."""
    sim = Simulator(**SMALL)
    gate = Gate(sim.https_port)
    gate.stop_answering()
    daemon = Collectd(account(sim, BaseURL=gate.url), BLOCKS)
    wait_until(lambda: gate.accepted > 0, 5, "a connection")
    stops_cleanly(daemon)


def requests_without_an_answer_delay_no_stop() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    daemon.wait_up("all", "b")
    sim.faults({"on": OBSERVATIONS, "answer": "hang"})
    wait_until(lambda: sim.fault_hits() >= 2, 5, "hanging requests")
    stops_cleanly(daemon)


def slow_answers_delay_no_stop() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    daemon.wait_up("all", "b")
    sim.faults({"on": OBSERVATIONS, "answer": "slow_body", "drip_bytes": 1, "drip_ms": 100})
    wait_until(lambda: sim.fault_hits() >= 2, 5, "slow answers")
    watch_for(0.5)
    stops_cleanly(daemon)


def a_pause_after_a_429_delays_no_stop() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    daemon.wait_up("all", "b")
    sim.faults({"on": OBSERVATIONS, "answer": 429, "retry_after_s": 100})
    daemon.says("throttle", "429")
    stops_cleanly(daemon)


def long_polls_of_sqs_delay_no_stop() -> None:
    """Two consumers wait for twenty seconds each."""
    sqs = Sqs()
    daemon = Collectd("", flows=attributes(sqs))
    daemon.lives_until(lambda: sqs.call("sqs")["polls"].get("now", 0) >= 2, 15, "long polls")
    stops_cleanly(daemon)


def a_queue_under_load_delays_no_stop() -> None:
    sqs = Sqs()
    daemon = Collectd("", flows=attributes(sqs))
    sqs.feed(100_000)
    daemon.lives_until(lambda: sqs.queue()["deleted"] > 500, 15, "messages are deleted")
    stops_cleanly(daemon)


def an_sqs_that_sends_nothing_delays_no_stop() -> None:
    sqs = Sqs()
    gate = Gate(sqs.sqs_port)
    gate.stop_answering()
    daemon = Collectd("", flows=attributes(sqs, QueueURL=sqs.queue_url.replace(":%d/" % sqs.sqs_port, ":%d/" % gate.port)))
    wait_until(lambda: gate.accepted > 0, 10, "a connection")
    stops_cleanly(daemon)


def open_requests_of_the_webhook_delay_no_stop() -> None:
    """The webhook has idle connections, one with half of a body, and a push."""
    sqs = Sqs()
    hook = Hook(sqs)
    daemon = Collectd("", flows=hook.block())
    hook.wait_open(daemon)
    idle = [socket.create_connection(("127.0.0.1", hook.port)) for _ in range(5)]
    idle[0].sendall(("POST /genesys HTTP/1.1\r\nHost: x\r\n%s: %s\r\nContent-Length: 100\r\n\r\n{" % (
        hook.header, SECRET)).encode())
    sqs.push(hook, 20_000)
    wait_until(lambda: sqs.pushed()["accepted"] > 50, 10, "a push")
    stops_cleanly(daemon)
    for one in idle:
        one.close()


def state_files_that_another_program_locks_delay_no_stop() -> None:
    """A backup, or an operator's sqlite3 shell, writes to both files while there are messages to count."""
    sim, sqs, state = Simulator(**SMALL), Sqs(), process.folder("state")
    daemon = Collectd(account(sim), queries=query(), flows=attributes(sqs), state_dir=state)
    daemon.lives_until(lambda: (state / "flowmetrics.db").exists(), 15, "the file of the flow metrics")
    holders = [sqlite3.connect(state / name, isolation_level=None) for name in ("state.db", "flowmetrics.db")]
    for holder in holders:
        holder.execute("BEGIN IMMEDIATE")
    sqs.feed(2_000)
    daemon.says("flowmetrics.db", "database is locked")
    daemon.says("state.db", "database is locked")
    stops_cleanly(daemon)
    for holder in holders:
        holder.close()


def a_proxy_that_hangs_delays_no_stop() -> None:
    sim, proxy = Simulator(**SMALL), Proxy()
    proxy.mode("hang")
    daemon = Collectd(account(sim, Proxy="http://127.0.0.1:%d" % proxy.port), BLOCKS)
    wait_until(lambda: proxy.counters()["counts"].get("connect", 0) > 0, 5, "a CONNECT")
    stops_cleanly(daemon)


def a_resolver_that_hangs_delays_no_stop() -> None:
    resolver, sim = silent_resolver(), Simulator(**SMALL)
    daemon = Collectd(account(sim, BaseURL="https://" + UNKNOWN_NAME), BLOCKS, wrapper=resolver.wrapper)
    wait_until(resolver.asked.is_set, 8, "a query to the name server")
    stops_cleanly(daemon)


def eight_silent_databases_a_disk_and_a_resolver_delay_no_stop() -> None:
    """All at once: each database has lines that it does not confirm, their spools and the state lie on a disk that hangs."""
    slow, sim, disk = silent_resolver(), Simulator(**SMALL), hanging_disk("state")
    database = Gate(sim.https_port)
    database.stop_answering()
    nodes = "".join(block("Node", "n%d" % n, {"URL": "http://127.0.0.1:%d" % database.port, "Version": 1, "Database": "d",
                                             "SpoolDir": disk.below / ("spool%d" % n)}) for n in range(8))
    daemon = Collectd(account(sim) + account(sim, "away", BaseURL="https://" + UNKNOWN_NAME, Host="away"),
                      BLOCKS + queues("far", Account="away"), more="<Plugin genesys_influxdb>\n%s</Plugin>\n" % nodes,
                      ours=(*OURS, "genesys_influxdb"), wrapper=slow.wrapper, preload=str(disk.shim), env=disk.env,
                      state_dir=disk.below)
    daemon.wait_up("all", "b")
    wait_until(slow.asked.is_set, 8, "a query to the name server")
    wait_until(lambda: database.accepted >= 8, 20, "a connection of each node")
    disk.hang()
    watch_for(3)  # each thread meets the disk
    stops_cleanly(daemon)


def a_stop_closes_an_open_stream_in_time() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    stream.wait_listening(daemon)
    stops_cleanly(daemon)
    wait_until(lambda: not stream.open_sockets(sim), 5, "the end of the socket")


def a_silent_stream_delays_no_stop() -> None:
    sim = Simulator(**SMALL)
    daemon = Collectd(account(sim), BLOCKS)
    stream.wait_listening(daemon)
    sim.faults({"ws": "silence"})
    wait_until(lambda: sim.call("faults")["ws_steps"][0]["state"] == "active", 5, "the silence")
    stops_cleanly(daemon)


def a_stream_under_load_delays_no_stop() -> None:
    """Hundreds of events arrive while collectd stops."""
    sim = Simulator(**{**SMALL, "frozen": False, "queues": 30, "agents": 300, "load": 5, "speed": 60})
    daemon = Collectd(account(sim), BLOCKS)
    stream.wait_listening(daemon)
    wait_until(lambda: stream.state(daemon, "events", "received") > 500, 15, "events")
    stops_cleanly(daemon)


def stream_hangs(path: str) -> None:
    sim = Simulator(**SMALL)
    sim.faults({"on": path, "answer": "hang"})
    daemon = Collectd(account(sim), BLOCKS)
    daemon.lives_until(lambda: sim.fault_hits() > 0, 10, "a hanging %s" % path)
    stops_cleanly(daemon)


def a_handshake_that_hangs_delays_no_stop() -> None:
    stream_hangs("GET /channels/*")


def a_subscription_that_hangs_delays_no_stop() -> None:
    stream_hangs("* /api/v2/notifications/channels/*/subscriptions")


def a_channel_creation_that_hangs_delays_no_stop() -> None:
    stream_hangs("POST /api/v2/notifications/channels")


SCENARIOS: list[Callable[[], None]] = [
    collectd_stops_in_time_while_all_works, collectd_stops_in_time_during_its_start, a_wrong_secret_delays_no_stop,
    refused_connections_delay_no_stop, an_api_that_sends_nothing_delays_no_stop,
    requests_without_an_answer_delay_no_stop, slow_answers_delay_no_stop, a_pause_after_a_429_delays_no_stop,
    a_proxy_that_hangs_delays_no_stop, a_resolver_that_hangs_delays_no_stop,
    eight_silent_databases_a_disk_and_a_resolver_delay_no_stop, a_stop_closes_an_open_stream_in_time,
    a_silent_stream_delays_no_stop, a_stream_under_load_delays_no_stop, a_handshake_that_hangs_delays_no_stop,
    a_subscription_that_hangs_delays_no_stop, a_channel_creation_that_hangs_delays_no_stop,
    long_polls_of_sqs_delay_no_stop, a_queue_under_load_delays_no_stop, an_sqs_that_sends_nothing_delays_no_stop,
    open_requests_of_the_webhook_delay_no_stop, state_files_that_another_program_locks_delay_no_stop]

if __name__ == "__main__":
    report.main(SCENARIOS, {"collectd": DAEMON})
