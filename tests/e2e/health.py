#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does /health name a fault within seconds, and answer at once while everything else hangs? Do changes become
notifications?"""
from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Optional

from lib import process, report
from lib.backends import HttpReceiver
from lib.collectd import DAEMON, STOP_MAX_S, Collectd, account, block, built, polled, queues
from lib.gate import Gate
from lib.genesys import Simulator, direct
from lib.hanging_disk import hanging_disk
from lib.report import check, note, same
from lib.resolver import UNKNOWN_NAME, silent_resolver

SMALL = {"queues": 4, "agents": 8, "plain_names": True, "frozen": True, "rate_limit": 0}
ANSWER_MS = 100  # of the contract, for the fastest answer
LATE_MS = 5000  # for each answer: a busy host runs other programs meanwhile
ASKED = 200
SECRET = "a secret of health checks"
UNPRIVILEGED_USER = "nobody"  # account of every Unix system
OBSERVATIONS = "POST /api/v2/analytics/queues/observations/query"
ROUTING_ACTIVITY = "POST /api/v2/analytics/routing/activity/query"


class Health:
    """The <Health> block of a collectd and its answers."""

    def __init__(self, **options: Any) -> None:
        self.port = process.free_port()
        self.headers: dict[str, str] = {}
        self.tls: Optional[Simulator] = None  # /health has the certificates of that simulator
        self.shows_certificate = False
        self.config = block("Health", None, {"Port": self.port, **options})

    def ask(self, path: str = "/health", headers: Optional[dict[str, str]] = None) -> tuple[int, Any]:
        base = "http://127.0.0.1" if self.tls is None else "https://localhost"
        request = urllib.request.Request("%s:%d%s" % (base, self.port, path), headers=headers or self.headers)
        try:
            with self._opener().open(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            body = error.read().decode()
            return error.code, json.loads(body) if body.startswith("{") else body

    def _opener(self) -> urllib.request.OpenerDirector:
        if self.tls is None:
            return direct
        context = ssl.create_default_context(cafile=str(self.tls.ca))
        if self.shows_certificate:
            context.load_cert_chain(self.tls.client_cert, self.tls.client_key)
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def status(self, **headers: str) -> int:
        """0: no TLS connection."""
        try:
            return self.ask(headers={name.replace("_", "-"): text for name, text in headers.items()})[0]
        except OSError:
            return 0

    def state(self, name: str) -> str:
        document = self.ask("/health?block=" + name)[1]
        found = [one["state"] for one in document.get("accounts", []) + document.get("blocks", [])]
        return found[0] if found else ""

    def durations_ms(self) -> list[float]:
        """How long ASKED answers took, the fastest first."""
        durations = []
        for _ in range(ASKED):
            began = time.monotonic()
            self.ask()
            durations.append((time.monotonic() - began) * 1000)
        return sorted(durations)

    def answers_in_time(self, when: str) -> None:
        durations = self.durations_ms()
        fastest, slowest = durations[0], durations[-1]
        note("%d answers while %s: %.1f ms to %.1f ms (contract: %d ms)" % (ASKED, when, fastest, slowest, ANSWER_MS))
        check("the fastest answer is within the contract while " + when, fastest < ANSWER_MS, fastest)
        check("no answer is late while " + when, slowest < LATE_MS, slowest)


class Notifications:
    """NotificationExec of collectd's exec plugin: a program that appends each notification to a file."""

    def __init__(self) -> None:
        self.folder = process.folder("exec")
        self.folder.chmod(0o755)
        self.file = self.folder / "log" / "lines"
        self.file.parent.mkdir()
        self.file.parent.chmod(0o777)
        script = self.folder / "notify.sh"
        script.write_text("#!/bin/sh\n{ tr '\\n' '|'; echo; } >>%s\n" % self.file)
        script.chmod(0o755)
        # The exec plugin starts no program as root.
        user = UNPRIVILEGED_USER if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.config = '<Plugin exec>\nNotificationExec "%s" "%s"\n</Plugin>\n' % (user, script)

    def arrives(self, daemon: Collectd, *parts: str) -> None:
        daemon.lives_until(lambda: self.all(*parts), 40, "a notification with %s" % (parts,))

    def all(self, *parts: str) -> list[str]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line for line in lines if all(part in line for part in parts)]


def small(sim: Simulator, health: Health, **changes: Any) -> str:
    return account(sim, **{"RequestsPerMinute": 10000, "Timeout": 2, "ConnectTimeout": 1, **changes}) + health.config


def a_secret(path: Path, text: str) -> Path:
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def becomes(daemon: Collectd, health: Health, path: str, status: int, within_s: float = 20) -> Any:
    """Waits for an answer with that status."""
    daemon.lives_until(lambda: health.ask(path)[0] == status, within_s, "%s answers %d" % (path, status))
    return health.ask(path)[1]


def an_outage_of_the_api_is_reported_until_it_ends() -> None:
    sim, health, sent = Simulator(**SMALL), Health(), Notifications()
    gate = Gate(sim.https_port)
    threshold = ('<Plugin threshold>\n<Plugin "genesys">\n<Type "source_up">\nInstance "observations"\nFailureMin 1\n'
                 "</Type>\n</Plugin>\n</Plugin>\n")
    daemon = Collectd(small(sim, health, BaseURL=gate.url), polled(Queue="*[12]") + polled("b", Queue="*[34]"), load=("exec", "threshold"),
                      more=sent.config + threshold)
    document = becomes(daemon, health, "/health/ready", 200)
    same("members of the published guide B", [key in document for key in ("status", "last_poll_time", "last_write_latency_ms",
                                                           "wal_pending", "errors")], [True] * 5)
    status, document = health.ask()
    same("the status is ok", (status, document["status"], document["errors"]), (200, "ok", []))
    same("blocks", [one["name"] for one in document["blocks"]], ["queues-all", "queues-b"])
    daemon.lives_until(lambda: all(one["series"] > 0 and one["selected"] == 2 for one in health.ask()[1]["blocks"]), 10,
                       "series and selected queues")
    same("status for an unknown block", health.ask("/health?block=nothing")[0], 404)
    same("status for another path", health.ask("/metrics")[0], 404)

    gate.close()
    becomes(daemon, health, "/health", 503)
    daemon.lives_until(lambda: health.state("queues-all") == "down", 20, "the block is down")
    document = health.ask("/health?block=queues-all")[1]
    check("block and cause are named", document["errors"] and "queues-all: down" in document["errors"][0], document["errors"])
    daemon.lives_until(lambda: health.state("account-prod") == "down", 20, "the account is down")
    daemon.lives_until(lambda: sent.all("Severity: FAILURE", "PluginInstance: account-prod", "account-prod: down"), 20,
                       "a notification of the account")
    daemon.lives_until(lambda: sent.all("Severity: FAILURE", "PluginInstance: queues-all", "source_up"), 30,
                       "a notification of the plugin threshold")
    same("the agent stays ready", health.ask("/health/ready")[0], 200)

    gate.open()
    becomes(daemon, health, "/health", 200, 40)
    daemon.lives_until(lambda: sent.all("Severity: OKAY", "PluginInstance: account-prod"), 20, "the notification of the end")
    for line in sent.all("Type: health"):
        note(line)
    check("blocks send no notification of their own while the account is down", len(sent.all("Type: health")) <= 2 + 2, sent.all())
    daemon.stop()


def refused_credentials_are_reported_until_they_are_corrected() -> None:
    sim, health, sent = Simulator(**SMALL), Health(), Notifications()
    secret = a_secret(process.folder("secret") / "secret", "wrong")
    daemon = Collectd(small(sim, health, ClientSecretFile=secret), polled(), load=("exec",), more=sent.config)
    becomes(daemon, health, "/health", 503)
    daemon.lives_until(lambda: health.state("account-prod") == "credentials_refused", 20, "the account's state")
    document = health.ask()[1]
    check("account and cause are named", any("account-prod: credentials_refused: token: " in one for one in document["errors"]),
          document["errors"])
    daemon.lives_until(lambda: health.state("queues-all") == "credentials_refused", 20, "the block's state")
    document = health.ask("/health?block=queues-all")[1]
    check("the block has the cause", any("queues-all: credentials_refused: token: " in one for one in document["errors"]),
          document["errors"])
    same("status of /health/ready", health.ask("/health/ready")[0], 503)
    daemon.lives_until(lambda: sent.all("Severity: FAILURE", "account-prod: credentials_refused"), 20, "a notification")
    shutil.copy(sim.client_secret_file, secret)
    becomes(daemon, health, "/health", 200, 40)
    becomes(daemon, health, "/health/ready", 200)
    daemon.lives_until(lambda: sent.all("Severity: OKAY", "account-prod: up"), 20, "the notification of the end")
    same("the answer has no secret", Path(sim.client_secret_file).read_text().strip() in str(health.ask()), False)
    daemon.stop()


def a_silent_stream_is_reported_until_a_message_comes() -> None:
    sim, health, sent = Simulator(**SMALL), Health(), Notifications()
    daemon = Collectd(small(sim, health), queues(IdleTimeout=5, ReconnectMax=2), load=("exec",), more=sent.config)
    becomes(daemon, health, "/health/ready", 200)
    same("the status is 200", health.ask()[0], 200)
    sim.faults({"ws": "silence"})
    document = becomes(daemon, health, "/health?block=all", 503, 40)
    same("the block's state", document["blocks"][0]["state"], "stream_silent")
    check("block and cause are named", "queues-all: stream_silent" in document["errors"][0], document["errors"])
    sent.arrives(daemon, "Severity: FAILURE", "queues-all: stream_silent")
    sim.faults()
    sim.config(heartbeat_s=1)
    becomes(daemon, health, "/health", 200, 40)
    sent.arrives(daemon, "Severity: OKAY", "queues-all: up (was stream_silent)")
    daemon.stop()


def each_other_state_sends_its_notification() -> None:
    """A state file that is moved aside, MaxSeries, a database that is down, a role without a permission, 429."""
    sim, health, sent, state = Simulator(**SMALL), Health(), Notifications(), process.folder("state")
    (state / "flowmetrics.db").write_bytes(b"no database" * 1000)
    database = HttpReceiver(lambda *_request: True, 204)
    gate = Gate(database.port, is_open=False)
    node = ('<Plugin genesys_influxdb>\n<Node "main">\nURL "http://127.0.0.1:%d"\nVersion 1\nDatabase "x"\nFlushInterval 1\n'
            "</Node>\n</Plugin>\n" % gate.port)
    daemon = Collectd(small(sim, health), polled(Queue="*[12]") + polled("small", Queue="*[34]", MaxSeries=3, Observations="activity"),
                      flows=block("Attributes", "ivr", {"Source": "webhook", "Port": process.free_port(),
                                                        "SharedSecretFile": a_secret(state / "secret", SECRET)}),
                      load=("exec",), more=sent.config + node, state_dir=state,
                      ours=("genesys", "genesys_realtime", "genesys_influxdb"))
    sent.arrives(daemon, "Severity: WARNING", "PluginInstance: attributes-ivr", "state_file (was up): state file moved aside: ")
    sent.arrives(daemon, "Severity: WARNING", "PluginInstance: queues-small", "series_overflow (was up): series: ", "MaxSeries")
    sent.arrives(daemon, "Severity: WARNING", "PluginInstance: node-main", "spool_growing (was starting): database: ")
    gate.open()
    sent.arrives(daemon, "Severity: OKAY", "node-main: up (was spool_growing)")
    sim.faults({"on": OBSERVATIONS, "answer": 403}, {"on": ROUTING_ACTIVITY, "answer": 429, "retry_after_s": 10, "skip": 5, "count": 1})
    sent.arrives(daemon, "Severity: FAILURE", "queues-all: permission_missing (was up): observations: ",
                 "analytics:queueObservation:view")
    sent.arrives(daemon, "Severity: WARNING", "account-prod: budget_spent (was up): throttle: ")
    sent.arrives(daemon, "Severity: OKAY", "account-prod: up (was budget_spent)")
    same("outages without a cause", sent.all("the source does not answer"), [])
    for line in sent.all("Type: health"):
        note(line)
    daemon.stop()


def an_address_in_use_is_tried_again() -> None:
    health = Health(SharedSecretFile=a_secret(process.folder("shared") / "secret", SECRET))
    taken = socket.create_server(("127.0.0.1", health.port))
    daemon = Collectd(health.config, ours=("genesys",))
    daemon.says("cannot listen on 127.0.0.1 port %d" % health.port, "another program uses this port")
    taken.close()
    daemon.lives_until(lambda: health.ask()[0] == 401, 10, "an answer without a secret")
    same("status with a wrong secret", health.ask(headers={"X-Api-Key": SECRET[:-1]})[0], 401)
    same("status with the secret", health.ask(headers={"X-Api-Key": SECRET})[0], 200)
    same("leaks", daemon.leaks(SECRET), [])
    took, status = daemon.stop()
    check("the stop is clean and in time", status == 0 and took < STOP_MAX_S, (took, status))


def health_answers_while_api_and_disks_hang() -> None:
    """The API accepts connections and answers nothing; the disk of the secrets and of the state hangs."""
    sim, disk = Simulator(**SMALL), hanging_disk("health")
    health = Health(SharedSecretFile=a_secret(disk.below / "shared", SECRET))
    health.headers = {"X-Api-Key": SECRET}
    gate = Gate(sim.https_port)
    secret = a_secret(disk.below / "secret", Path(sim.client_secret_file).read_text().strip())
    daemon = Collectd(small(sim, health, BaseURL=gate.url, ClientSecretFile=secret), queues(), state_dir=disk.below / "state",
                      preload=str(disk.shim), env=disk.env)
    becomes(daemon, health, "/health/ready", 200)
    health.answers_in_time("all works")
    disk.hang()
    gate.stop_answering()
    sim.call("tokens", {"op": "revoke"})
    daemon.lives_until(lambda: health.ask()[0] == 503, 60, "503 while the API hangs")
    health.answers_in_time("API and disks hang")
    daemon.stop()
    disk.answer()


def health_answers_while_the_resolver_hangs() -> None:
    resolver, sim, health = silent_resolver(), Simulator(**SMALL), Health()
    daemon = Collectd(small(sim, health, BaseURL="https://" + UNKNOWN_NAME), queues(), wrapper=resolver.wrapper)
    daemon.lives_until(resolver.asked.is_set, 20, "a question to the name server")
    health.answers_in_time("the resolver hangs")
    document = becomes(daemon, health, "/health", 503)
    check("the account is named", any("account-prod: down: token: " in one for one in document["errors"]), document["errors"])
    daemon.stop()


def certificates_and_secret_change_without_a_restart() -> None:
    one, two, folder = Simulator(queues=2), Simulator(queues=2), process.folder("health-tls")
    secret = a_secret(folder / "secret", SECRET)

    def present(sim: Simulator) -> None:
        """Writes the files of the certificates, each in one step."""
        for name, source in (("server.key", sim.folder / "server.key"), ("server.pem", sim.folder / "server.pem"),
                             ("clients.pem", Path(sim.client_ca))):
            shutil.copy(source, folder / "new")
            os.replace(folder / "new", folder / name)
    present(one)
    health = Health(Listen="0.0.0.0", TLSCert=folder / "server.pem", TLSKey=folder / "server.key",
                    TLSClientCA=folder / "clients.pem", SharedSecretFile=secret)
    health.tls, health.shows_certificate = one, True
    daemon = Collectd(health.config, ours=("genesys",))
    daemon.lives_until(lambda: health.status(X_Api_Key=SECRET) == 200, 15, "an answer over TLS")
    same("status with a certificate and without the secret", health.status(), 401)
    health.shows_certificate = False
    status = health.status(X_Api_Key=SECRET)
    check("the secret without a certificate is refused", status in (0, 401), status)
    present(two)
    health.tls, health.shows_certificate = two, True
    daemon.lives_until(lambda: health.status(X_Api_Key=SECRET) == 200, 15, "an answer with the new certificates")
    health.tls = one
    same("status with the old authority", health.status(X_Api_Key=SECRET), 0)
    health.tls = two
    a_secret(secret, "another secret")
    daemon.lives_until(lambda: health.status(X_Api_Key="another secret") == 200, 15, "an answer with the new secret")
    same("status with the old secret", health.status(X_Api_Key=SECRET), 401)
    left_s = daemon.latest("health", "certificate_lifetime", "tls_cert") or 0
    check("certificate_lifetime is above 0", left_s > 0, left_s)
    same("complaints", daemon.complaints(), [])
    daemon.stop()


SCENARIOS: list[Callable[[], None]] = [an_outage_of_the_api_is_reported_until_it_ends, refused_credentials_are_reported_until_they_are_corrected,
                                       a_silent_stream_is_reported_until_a_message_comes, each_other_state_sends_its_notification,
                                       an_address_in_use_is_tried_again, health_answers_while_the_resolver_hangs,
                                       certificates_and_secret_change_without_a_restart, health_answers_while_api_and_disks_hang]

if __name__ == "__main__":
    report.main(SCENARIOS, {"collectd": DAEMON, "genesys_influxdb": built("genesys_influxdb")})
