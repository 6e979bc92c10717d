# SPDX-License-Identifier: MIT
"""Flow metrics and their sources: the SQS side of the simulator, blocks, totals."""
from __future__ import annotations

import http.client
import re
import ssl
from pathlib import Path
from typing import Any, Optional, Union

from . import process
from .collectd import Collectd, block
from .expected import clean, cut
from .genesys import Service, Simulator, fetch
from .process import free_port

Totals = dict[str, float]
SECRET = "e2e-webhook-s3cret"
VISIBILITY_S = 5  # the minimum that is accepted: SQS soon delivers the messages of a killed agent again


class Sqs(Service):
    """sqs_sim.py as a program; `words` as in its --help."""

    def __init__(self, *words: str, tls: bool = False) -> None:
        self.folder = process.folder("sqs")
        super().__init__("sqs_sim.py", ["--workdir", str(self.folder), *([] if tls else ["--no-tls"]), *words])
        self.secret_file = self.private("aws.secret", self.aws_secret_access_key)
        self.shared_secret_file = self.private("webhook.secret", SECRET)

    def private(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def feed(self, events: int, **plan: Any) -> None:
        self.call("flow/feed", {"events": events, **plan})

    def truth(self) -> dict[str, Any]:
        return self.call("flow/truth")

    def queue(self, name: str = "genesys") -> dict[str, Any]:
        return self.call("sqs")["queues"][name]

    def rules(self, **rules: Any) -> None:
        self.call("sqs/queues", {"op": "rules", **rules})

    def send(self, *bodies: str) -> None:
        self.call("sqs/send", {"bodies": list(bodies)})

    def faults(self, *steps: dict[str, Any]) -> None:
        self.call("sqs/faults", {"replace": True, "steps": list(steps)})

    def hits(self) -> int:
        return sum(step["hits"] for step in self.call("sqs/faults")["steps"])

    def is_empty(self) -> bool:
        record = self.queue()
        return record["left"] == 0 and not record["feeding"]

    def push(self, hook: "Hook", events: int = 0, **more: Any) -> None:
        self.call("push", {"url": hook.url, "secret": SECRET, "header": hook.header, "first_pause_ms": 20,
                           "max_pause_ms": 300, "attempts": 100_000, "events": events, **more})

    def pushed(self) -> dict[str, Any]:
        return self.call("push")


class Hook:
    """A webhook; with `tls` it presents the certificate of `sqs`."""

    def __init__(self, sqs: Sqs, tls: bool = False, header: str = "X-Api-Key") -> None:
        self.sqs, self.tls, self.header, self.port = sqs, tls, header, free_port()
        self.url = "%s://localhost:%d/genesys" % ("https" if tls else "http", self.port)

    def block(self, name: str = "hook", **changes: Any) -> str:
        options: dict[str, Any] = {"Source": "webhook", "Listen": "127.0.0.1", "Port": self.port, "Path": "/genesys",
                                   "SharedSecretFile": self.sqs.shared_secret_file}
        if self.tls:
            options.update(TLSCert=self.sqs.folder / "server.pem", TLSKey=self.sqs.folder / "server.key")
        return block("Attributes", name, {**options, **changes})

    def connect(self, within_s: float = 5.0) -> http.client.HTTPConnection:
        if self.tls:
            context = ssl.create_default_context(cafile=self.sqs.ca)
            return http.client.HTTPSConnection("localhost", self.port, timeout=within_s, context=context)
        return http.client.HTTPConnection("localhost", self.port, timeout=within_s)

    def post(self, body: bytes, secret: Optional[str] = SECRET, path: str = "/genesys", method: str = "POST",
             headers: Optional[dict[str, str]] = None) -> tuple[int, bytes]:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if secret is not None:
            sent[self.header] = secret
        connection = self.connect()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_open(self, daemon: Collectd, within_s: float = 15.0) -> None:
        daemon.lives_until(lambda: process.listens(self.port), within_s, "the webhook listens")


class FlowSender:
    """Conversations of the main simulator with attributes of flows, on the queues' topics."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def truth(self) -> dict[str, Any]:
        return self.sim.call("flow/truth")

    def sent(self) -> dict[str, Any]:
        return self.sim.call("flow/sent")

    def send(self, events: int, **plan: Any) -> None:
        self.sim.call("flow/send", {"events": events, **plan})

    def repeat(self) -> None:
        """Lets each conversation of this test send another event."""
        self.sim.call("flow/repeat", {})

    def wait_sent(self, daemon: Collectd, within_s: float = 60.0) -> None:
        daemon.lives_until(lambda: not self.sent()["running"], within_s, "all events are sent")


def notifications(name: str = "ivr", **changes: Any) -> str:
    """An Attributes block on the account's channel."""
    return block("Attributes", name, {"Source": "notifications", "Account": "prod", **changes})


def wait_connected(daemon: Collectd, name: str = "ivr", within_s: float = 40.0) -> None:
    """Waits until the source has all topics."""
    def listens() -> bool:
        wanted = state(daemon, "stream_topics", "wanted", name)
        return bool(wanted and state(daemon, "stream_topics", "covered", name) == wanted
                    and state(daemon, "stream_connected", "", name) == 1
                    and state(daemon, "source_up", "notifications", name) == 1)
    daemon.lives_until(listens, within_s, "the notifications of %s" % name)


def wait_reconnected(sim: Simulator, daemon: Collectd, name: str = "ivr", within_s: float = 60.0) -> None:
    """Waits after drops and closes until each has ended a socket and the agent reports the newest socket. An older reading
    would report an earlier connection."""
    def is_back() -> bool:
        record = sim.counters()["stream"]
        ends = record.get("action drop", 0) + record.get("action close", 0)
        return (record["sockets_open"] == 1 and record["sockets_opened"] > ends
                and state(daemon, "stream_reconnects", "", name) == record["sockets_opened"] - 1
                and state(daemon, "stream_connected", "", name) == 1)
    daemon.lives_until(is_back, within_s, "connected again")


def attributes(sqs: Sqs, name: str = "ivr", **changes: Any) -> str:
    """An Attributes block that reads the simulator's queue."""
    options: dict[str, Any] = {"Source": "sqs", "QueueURL": sqs.queue_url, "AWSRegion": sqs.aws_region,
                               "AccessKeyId": sqs.aws_access_key_id, "SecretAccessKeyFile": sqs.secret_file,
                               "VisibilityTimeout": VISIBILITY_S}
    return block("Attributes", name, {**options, **changes})


def state(daemon: Collectd, kind: str, qualifier: str = "", name: str = "ivr") -> Optional[float]:
    """Self-telemetry of a block."""
    return daemon.latest("attributes-" + name, kind, qualifier)


def wanted(truth: dict[str, Any], kind: str = "flow_metric", member: str = "count") -> Totals:
    """The expected totals: "FLOW/TYPE-METRIC" -> number."""
    return {"%s/%s-%s" % (cut(clean(c["flow"])), kind, cut(clean(c["metric"]))): c[member] for c in truth["counts"]}


def totals(daemon: Collectd, kind: str = "flow_metric", host: str = "agent") -> Totals:
    """The newest values of the csv files."""
    return {key: value for key, (_, value) in daemon.snapshot(host).items()
            if key.partition("/")[2].startswith(kind + "-")}


def differences(truth: Totals, got: Totals, most: int = 5) -> list[str]:
    found = ["%s is %s, wanted %s" % (key, got.get(key), truth.get(key)) for key in sorted({*truth, *got})
             if got.get(key) != truth.get(key)]
    more = ["… %d differ of %d" % (len(found), len(truth))] if len(found) > most else []
    return found[:most] + more


def wait_equal(daemon: Collectd, sqs: Union[Sqs, FlowSender], within_s: float = 15.0, kind: str = "flow_metric",
               member: str = "count") -> list[str]:
    """Waits until csv has the truth; returns the differences that are left."""
    truth = wanted(sqs.truth(), kind, member)
    return process.wait_for_none(lambda: differences(truth, totals(daemon, kind)), within_s, "totals")


_SAMPLE = re.compile(r'collectd_genesys_flow_metric_total\{(.*)\} (\S+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def scraped(port: int) -> Totals:
    """Totals from write_prometheus."""
    made: Totals = {}
    for line in fetch("http://127.0.0.1:%d/metrics" % port).decode().splitlines():
        found = _SAMPLE.match(line)
        if found:
            labels = {name: re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)
                      for name, value in _LABEL.findall(found[1])}
            made["%s/flow_metric-%s" % (labels["genesys"], labels["type"])] = float(found[2].split()[0])
    return made
