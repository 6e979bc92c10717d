#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the configuration that genesys-env-config makes run in collectd, with every value of the environment unchanged?"""
from __future__ import annotations

import os
import re
import signal
from typing import Any

from lib import expected, process, report
from lib.backends import HttpReceiver
from lib.collectd import DAEMON, Collectd
from lib.genesys import TOP, Simulator, fetch
from lib.process import free_port
from lib.report import check, same, same_soon

SCRIPT = TOP / "examples" / "env" / "genesys-env-config"
HOSTILE = 'a"b\\c $(touch x) `id` ${HOME} サポート窓口 # é, = \\'


def environment(sim: Simulator, **changes: str) -> dict[str, str]:
    return {"GENESYS_CLIENT_ID": sim.client_id, "GENESYS_CLIENT_SECRET": open(sim.client_secret_file).read().strip(),
            "GENESYS_BASE_URL": sim.https, "GENESYS_CA_CERT": sim.ca, **changes}


def started(env: dict[str, str], *plugins: str) -> Collectd:
    """collectd as the script's command, with the plugins that the made configuration loads."""
    made = process.folder("env") / "made"
    return Collectd("", ours=("genesys", "genesys_realtime", *plugins), more='Include "%s/genesys.conf"\n' % made,
                    wrapper=("sh", str(SCRIPT), str(made)), env=env)


def stored_names(lines: list[str]) -> set[str]:
    """The queues of the lines."""
    return {tag.replace("\\", "") for line in lines
            for tag in re.findall(r"^genesys_queue_depth,.*?queue_name=((?:\\.|[^,\\])*)", line)}


def influxdb_gets_the_chosen_queues() -> None:
    sim = Simulator(frozen=True, queues=6, agents=20, rate_limit=0)
    requests: list[tuple[str, dict[str, list[str]], str, str]] = []

    def take(path: str, query: dict[str, list[str]], headers: Any, body: bytes) -> bool:
        requests.append((path, query, headers["Authorization"], body.decode()))
        return True
    server = HttpReceiver(take, 204)
    record = sim.truth()
    chosen = sorted(record["queues"])[:2]
    secrets = {"INFLUXDB_TOKEN": 't"0\\ken $(id)=='}
    env = environment(sim, TARGET_QUEUE_IDS=",".join(chosen), INFLUXDB_URL="http://127.0.0.1:%d" % server.port,
                      INFLUXDB_ORG=HOSTILE, INFLUXDB_BUCKET="b" + HOSTILE, ENVIRONMENT="pr od,=é", **secrets)
    daemon = started(env, "genesys_analytics", "genesys_influxdb")
    daemon.wait_up("env")
    wanted = expected.values(record, expected.by_name(record), lambda queue, _entry: queue in chosen)
    left = process.wait_for_none(lambda: expected.differences(wanted, expected.of_queues(daemon.snapshot())), 20, "values")
    check("collectd has the values of the chosen queues alone (%d series)" % len(wanted), not left, left[:5])
    same("visible secrets", daemon.leaks(env["GENESYS_CLIENT_SECRET"], secrets["INFLUXDB_TOKEN"]), [])
    names = {record["queues"][queue]["name"] for queue in chosen}

    def lines() -> list[str]:
        return "".join(body for *_, body in list(requests)).splitlines()

    def stored() -> set[str]:
        os.kill(daemon.program.pid, signal.SIGUSR1)  # collectd's flush; the lines would wait for FlushInterval
        return stored_names(lines())
    process.wait_for_none(lambda: sorted(names - stored()), 20, "queues in the database", 0.5)
    daemon.stop()
    same("queues", stored_names(lines()), names)
    same("paths", {path for path, *_ in requests}, {"/api/v2/write"})
    same("organization and bucket", {(query["org"][0], query["bucket"][0]) for _, query, *_ in requests},
         {(HOSTILE, "b" + HOSTILE)})
    same("token", {header for *_, header, _ in requests}, {"Token " + secrets["INFLUXDB_TOKEN"]})
    other = [line for line in lines() if not re.search(r",environment=pr\\ od\\,\\=é[, ]", line)]
    same("lines without the environment", other, [])


def prometheus_gets_all_queues() -> None:
    sim = Simulator(frozen=True, queues=6, agents=20, rate_limit=0)
    port = free_port()
    daemon = started(environment(sim, PROMETHEUS_PORT=str(port)), "genesys_prometheus")
    daemon.wait_up("env")

    def shown() -> set[str]:
        text = fetch("http://127.0.0.1:%d/metrics" % port).decode()
        return set(re.findall(r'^genesys_queue_depth\{.*queue_id="([^"]+)"', text, re.M))
    same_soon("queues", shown, set(sim.truth()["queues"]))
    daemon.stop()


def a_hostile_client_id_stays_a_client_id() -> None:
    """The refusal names the whole id: no part of the value is read as configuration."""
    sim = Simulator(frozen=True, queues=2, agents=2)
    daemon = started(environment(sim, GENESYS_CLIENT_ID=HOSTILE, PROMETHEUS_PORT=str(free_port())), "genesys_prometheus")
    line = daemon.says("client", 'a"b', within_s=20)
    check("the log names the whole id", HOSTILE in line, line)
    check("collectd still runs", daemon.program.is_running(), daemon.text)
    daemon.stop()


if __name__ == "__main__":
    report.main([influxdb_gets_the_chosen_queues, prometheus_gets_all_queues, a_hostile_client_id_stays_a_client_id],
                {"collectd": DAEMON})
