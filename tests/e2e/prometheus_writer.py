#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does genesys_prometheus show all values, to permitted scrapers only, without delaying a writer?

prometheus_examples.py has a real Prometheus. Values of many series come through collectd's unixsock plugin.
"""
from __future__ import annotations

import base64
import gzip
import http.client
import re
import shutil
import socket
import ssl
import threading
import time
import warnings
from typing import Any, Optional

from lib import process, report, sinks, stream, timeseries
from lib.collectd import DAEMON, OURS, Collectd, account, block, built, polled, query, queues
from lib.genesys import Simulator
from lib.process import free_port, wait_until, watch_for
from lib.report import check, check_soon, has_line, note, same, same_soon
from lib.unixsock import Unixsock

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
SERIES = 50_000
PASSWORD = "correct horse"


class Endpoint:
    """The plugin's options, and its clients."""

    def __init__(self, tls: Optional[Simulator] = None, **options: Any) -> None:
        self.port, self.tls = free_port(), tls
        self.shows_certificate = False
        self.options = {"Port": self.port, **options}
        if tls is not None:
            self.options.update(TLSCert=tls.folder / "server.pem", TLSKey=tls.folder / "server.key")

    def config(self) -> str:
        return block("Plugin", "genesys_prometheus", self.options).replace('"genesys_prometheus"', "genesys_prometheus")

    def get(self, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case, body without gzip."""
        if self.tls is not None:
            context = ssl.create_default_context(cafile=self.tls.ca)
            if self.shows_certificate:
                context.load_cert_chain(self.tls.client_cert, self.tls.client_key)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection("localhost", self.port, timeout=10,
                                                                                 context=context)
        else:
            connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            body, fields = answer.read(), {}
            for name, text in answer.getheaders():
                fields[name.lower()] = ", ".join(filter(None, (fields.get(name.lower()), text)))
            return answer.status, fields, gzip.decompress(body) if fields.get("content-encoding") == "gzip" else body
        finally:
            connection.close()

    def status(self, **headers: str) -> int:
        return self.get(**headers)[0]

    def text(self, **headers: str) -> str:
        return self.get(**headers)[2].decode()

    def wait_open(self, daemon: Collectd, within_s: float = 15.0) -> None:
        daemon.lives_until(lambda: process.listens(self.port), within_s, "the endpoint listens")


def plain(endpoint: Endpoint, *load: str, more: str = "", ours: tuple[str, ...] = ()) -> Collectd:
    """A collectd that shows the values of all its plugins."""
    return Collectd("", ours=("genesys", "genesys_prometheus", *ours), load=load, more=more + endpoint.config())


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(b"prometheus:" + password.encode()).decode()


# csv would write a file for each series; it and the other writers get the series `late` only.
CHAIN = """PostCacheChain "PostCache"
<Chain "PostCache">
  <Rule "many">
    <Match "regex">
      Plugin "^(many|x+)$"
    </Match>
    <Target "write">
      Plugin "genesys_prometheus"
    </Target>
    Target "stop"
  </Rule>
  Target "write"
</Chain>
"""


class Values:
    """A client of collectd's unixsock plugin that puts one value of each series, as fast as collectd reads them."""

    def __init__(self) -> None:
        self.socket = Unixsock()
        self.config = self.socket.options + CHAIN

    def put(self, count: int, name: str = "many") -> float:
        """Puts the values; returns the seconds."""
        began = time.monotonic()
        client = self.socket.connect()
        for first in range(0, count, 500):
            lines = ["PUTVAL agent/%s-%d/gauge-value interval=10 N:%d\n" % (name, i, i)
                     for i in range(first, min(first + 500, count))]
            client.sendall("".join(lines).encode())
            answers = b""
            while answers.count(b"\n") < len(lines):
                answers += client.recv(65536)
        client.close()
        return time.monotonic() - began


# ---- names ---------------------------------------------------------------------------------


def prometheus_reads_openmetrics_with_a_password() -> None:
    """A real Prometheus over TLS; prometheus_examples.py asks it the queries of the guides."""
    sim = Simulator(speed=20, queues=6)
    password = process.folder("secret") / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    endpoint = Endpoint(sim, User="prometheus", PasswordFile=password)
    daemon = Collectd(account(sim, RequestsPerMinute=10000), queues(ServiceLevelTarget=1),
                      ours=(*OURS, "genesys_prometheus"),
                      queries=query(Granularity="PT1M", Backfill="PT2M", SettleDelay=0), more=endpoint.config())
    endpoint.wait_open(daemon)
    check_soon("the page has intervals", lambda: "genesys_queue_interval_number{" in endpoint.text(Authorization=basic(PASSWORD)),
               within_s=30)
    prometheus = sinks.Prometheus(endpoint.port, "  scheme: https\n  tls_config: {ca_file: %s, server_name: localhost}\n"
                                  "  basic_auth: {username: prometheus, password: %s}\n" % (sim.ca, PASSWORD))
    check_soon("the depth has data", lambda: prometheus.query("genesys_queue_depth"), lambda: prometheus.target_health(), 30)
    same("the target", prometheus.target_health(), ("up", ""))
    for name, accept in (("the text format", "text/plain"), ("OpenMetrics", OPENMETRICS)):
        found = endpoint.text(Authorization=basic(PASSWORD), Accept=accept)
        done = process.run([sinks.PROMTOOL, "check", "metrics"], stdin=found.encode())
        check("promtool reads %s" % name, done.returncode in (0, 3), done.stdout)
        if accept == "text/plain":  # promtool reads no OpenMetrics: it says so of each # UNIT
            same("what promtool says of the whole page", done.stdout.decode().splitlines(), [])
    same("Prometheus has read OpenMetrics: the text format has no unit",
         prometheus.unit("genesys_queue_longest_wait_seconds"), "seconds")
    same("complaints", [line for line in daemon.complaints() if "genesys_prometheus" in line], [])
    same("visible secrets", daemon.leaks(PASSWORD), [])
    daemon.stop()


def a_0_is_scraped_before_the_first_contact() -> None:
    sim = stream.simulator(queues=3, agents=10, load=2)
    endpoint = Endpoint()
    daemon = Collectd(account(sim, **stream.PLENTY), stream.block(Media="voice"), ours=(*OURS, "genesys_prometheus"),
                      more=endpoint.config())
    stream.wait_listening(daemon)
    endpoint.wait_open(daemon)

    def offers() -> dict[str, float]:
        lines = re.findall(r"^genesys_queue_offer_total({.*}) (\S+)$", endpoint.text(), re.M)
        return {labels: float(value) for labels, value in lines}
    check_soon("each queue has a counter before its first contact", lambda: len(offers()) == 3, offers)
    before = offers()
    same("the counters are 0", set(before.values()), {0.0})
    sim.thaw()
    check_soon("one of these series counts its first contact", lambda: any(offers()[labels] > 0 for labels in before), offers, 30)
    same("no other series has begun", sorted(offers()), sorted(before))
    daemon.stop()


def without_dispatch_only_our_writers_have_the_values() -> None:
    """The queue of collectd stays empty: csv, a writer of collectd's own, gets no value of this suite, but those of load."""
    sim, endpoint, database = Simulator(queues=3, plain_names=True), Endpoint(), timeseries.Influx1()
    daemon = Collectd("Dispatch false\n" + account(sim), polled(), load=("load",),
                      ours=(*OURS, "genesys_prometheus", "genesys_influxdb"),
                      more=endpoint.config() + database.node(Plugin="genesys", SpoolDir=process.folder("spool") / "s"))
    endpoint.wait_open(daemon)
    check_soon("/metrics has each queue", lambda: endpoint.text().count("\ngenesys_queue_depth{") >= 3, endpoint.text, 30)
    check_soon("InfluxDB has each queue", lambda: len({queue for queue, _ in database.points("genesys_queue_depth", "queue_name")}) >= 3,
               lambda: database.ask("SHOW SERIES")[:1], 30)
    host = daemon.csv / "agent"
    check_soon("csv has the values of load", lambda: any(host.glob("load/*")), lambda: sorted(host.glob("*")), 30)
    daemon.stop()
    same("csv has none of ours", sorted(host.glob("genesys*")), [])


def values_of_another_host_are_shown() -> None:
    """The values come through collectd's network plugin, which transports no meta data: the labels come from the identity."""
    sim, port = Simulator(queues=3), free_port()
    endpoint = Endpoint(Staleness=3)
    daemon = plain(endpoint, "network", more='<Plugin network>\nListen "127.0.0.1" "%d"\n</Plugin>\n' % port)
    endpoint.wait_open(daemon)
    far = Collectd(account(sim), polled(), load=("network",), hostname="far",
                   more='<Plugin network>\nServer "127.0.0.1" "%d"\n</Plugin>\n' % port)
    far.wait_up(host="far")
    shown = re.compile(r'^genesys_queue_depth\{queue_name="[^"]+",media_type="voice",host="far"\} \d+$', re.M)
    check_soon("queues of the other host", lambda: shown.search(endpoint.text()), endpoint.text)
    far.stop()
    check_soon("the series of the host that is gone disappear", lambda: 'host="far"' not in endpoint.text(), endpoint.text, 20)
    check("the series of this host stay", 'host="agent"' in endpoint.text())
    daemon.stop()


# ---- who may read -----------------------------------------------------------------------------


def only_permitted_scrapers_read() -> None:
    sim = Simulator(queues=2)
    folder = process.folder("secret")
    password, token = folder / "password", folder / "token"
    password.write_text(PASSWORD + "\n")
    token.write_text("t0ken\n")
    token.chmod(0o644)
    endpoint = Endpoint(sim, User="prometheus", PasswordFile=password, BearerTokenFile=token)
    daemon = plain(endpoint)
    endpoint.wait_open(daemon)
    same("status without credentials", endpoint.status(), 401)
    challenge = endpoint.get()[1].get("www-authenticate", "")
    check("the answer has both challenges", "Basic" in challenge and "Bearer" in challenge, challenge)
    same("status with a wrong password", endpoint.status(Authorization=basic("wrong")), 401)
    same("status with a prefix of the password", endpoint.status(Authorization=basic(PASSWORD[:-1])), 401)
    same("status with the password", endpoint.status(Authorization=basic(PASSWORD)), 200)
    same("status with the token", endpoint.status(Authorization="Bearer t0ken"), 200)
    same("status with a wrong token", endpoint.status(Authorization="Bearer token"), 401)
    same("status for another path", endpoint.get("/")[0], 404)
    same("status for another method", endpoint.get(method="POST", Authorization=basic(PASSWORD))[0], 405)
    daemon.says("BearerTokenFile", "readable by every user")
    password.write_text("new one\n")
    same("statuses after a change of the password", [endpoint.status(Authorization=basic(p)) for p in (PASSWORD, "new one")], [401, 200])
    password.unlink()
    same("status without the password's file", endpoint.status(Authorization=basic("new one")), 503)
    daemon.says("PasswordFile", "cannot be read")
    context = ssl.create_default_context(cafile=sim.ca)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("localhost", endpoint.port), timeout=5) as raw:
            context.wrap_socket(raw, server_hostname="localhost")
        check("TLS 1.1 is refused", False)
    except (ssl.SSLError, ConnectionError, ValueError):
        check("TLS 1.1 is refused", True)
    daemon.stop()


def a_certificate_of_the_clients_authority_is_enough() -> None:
    sim = Simulator(queues=2)
    endpoint = Endpoint(sim, Listen="0.0.0.0", TLSClientCA=sim.client_ca)
    daemon = plain(endpoint)
    endpoint.wait_open(daemon)
    try:
        status = endpoint.status()
    except OSError:
        status = 0
    check("a request without a certificate is refused: %d" % status, status in (0, 401), status)
    endpoint.shows_certificate = True
    same("with a certificate", endpoint.status(), 200)
    same("complaints", daemon.complaints(), [])
    daemon.stop()


def a_new_certificate_counts_without_a_restart() -> None:
    one, two = Simulator(queues=2), Simulator(queues=2)
    folder = process.folder("certs")
    for name in ("server.pem", "server.key"):
        shutil.copy(one.folder / name, folder)
    endpoint = Endpoint(one)
    endpoint.options.update(TLSCert=folder / "server.pem", TLSKey=folder / "server.key")
    daemon = plain(endpoint)
    endpoint.wait_open(daemon)
    same("status", endpoint.status(), 200)
    for name in ("server.key", "server.pem"):
        shutil.copy(two.folder / name, folder)
    endpoint.tls = two
    same_soon("status with the new authority", endpoint.status, 200)
    daemon.stop()


def a_port_in_use_is_tried_again() -> None:
    endpoint = Endpoint()
    with socket.create_server(("127.0.0.1", endpoint.port)):
        daemon = plain(endpoint)
        line = daemon.says(str(endpoint.port))
        has_line("the line names the cause", line, "in use")
    daemon.says("listening", "good again")
    same_soon("status", endpoint.status, 200)
    daemon.stop()


# ---- formats and numbers -------------------------------------------------------------------------


def scrapes_of_many_series_are_complete_during_writes() -> None:
    """Scrapes of 50,000 series are complete while the writers continue."""
    values = Values()
    endpoint = Endpoint(Plugin="*")
    daemon = plain(endpoint, "unixsock", "match_regex", more=values.config)
    endpoint.wait_open(daemon)
    note("%d new series in %.1f s" % (SERIES, values.put(SERIES)))

    def shown() -> int:
        return endpoint.text(Accept_Encoding="gzip").count("\ncollectd_many_gauge{")
    same_soon("series in the text format", shown, SERIES, 30)
    status, fields, body = endpoint.get(Accept=OPENMETRICS, Accept_Encoding="gzip")
    same("status, encoding", (status, fields["content-encoding"]), (200, "gzip"))
    check("OpenMetrics", fields["content-type"].startswith("application/openmetrics-text; version=1.0.0"), fields)
    check("OpenMetrics ends with # EOF", body.endswith(b"\n# EOF\n"))
    same("an answer without gzip", "content-encoding" in endpoint.get()[1], False)
    writer = threading.Thread(target=values.put, args=(SERIES,))
    writer.start()
    whole, took = 0, []
    while writer.is_alive():
        began = time.monotonic()
        whole += shown() == SERIES
        took.append(time.monotonic() - began)
    same("whole scrapes while values are written", whole, len(took))
    note("%d scrapes while %d values were written, slowest %.0f ms" % (len(took), SERIES, 1000 * max(took)))
    same("complaints", daemon.complaints(), [])
    daemon.stop()


def dead_scrapers_delay_no_other() -> None:
    """Clients send requests and never read. Values still reach csv and a database, and other clients get answers."""
    values = Values()
    endpoint = Endpoint(Plugin="*")
    database = timeseries.Victoria() if timeseries.VICTORIA and built("genesys_influxdb") else None
    daemon = plain(endpoint, "unixsock", "match_regex", ours=("genesys_influxdb",) if database else (),
                   more=values.config + (database.node(Plugin="late") if database else ""))
    endpoint.wait_open(daemon)
    long = "x" * 60  # 6 MB without gzip, more than the kernel buffers for a client
    values.put(30_000, long)
    same_soon("series", lambda: endpoint.text(Accept_Encoding="gzip").count("\ncollectd_%s_gauge{" % long), 30_000, 30)
    dead = []
    for _ in range(8):
        client = socket.create_connection(("127.0.0.1", endpoint.port), timeout=5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        dead.append(client)
    took = values.put(100, "late")
    check("100 values are written in time (%.1f s)" % took, took < 5, took)
    csv = daemon.csv / "agent" / "late-99"
    check_soon("values reach csv", lambda: csv.is_dir() and any(csv.iterdir()))
    same_soon("another client sees the values",
              lambda: endpoint.text(Accept_Encoding="gzip").count("\ncollectd_late_gauge{"), 100)
    if database:
        same_soon("values reach the database", lambda: len(database.points("collectd_late_gauge", "instance")), 100, 20)
    check_soon("dead clients are cut off", lambda: 'status="cut",host="agent"} 8' in endpoint.text(), lambda: "", 40)
    for client in dead:
        client.close()
    took, status = daemon.stop()
    check("collectd stops in time (%.1f s)" % took, status == 0 and took < 5, (took, status))


def idle_clients_keep_no_scrape_out() -> None:
    """Clients connect and send nothing: 120, then more than there are connections. Scrapes take no longer."""
    endpoint = Endpoint(Plugin="*")
    daemon = plain(endpoint, "unixsock", "match_regex", more=Values().config)
    endpoint.wait_open(daemon)
    idle: list[socket.socket] = []

    def slowest() -> float:
        took = []
        for _ in range(20):
            begin = time.monotonic()
            endpoint.text()
            took.append(time.monotonic() - begin)
        return sorted(took)[len(took) // 2]

    before = slowest()
    for count in (120, 400):
        while len(idle) < count:
            idle.append(socket.create_connection(("127.0.0.1", endpoint.port), timeout=5))
        took = slowest()
        check("%d idle connections cost a scrape less than 0.2 s (%.4f s, %.4f s without)" % (count, took, before),
              took - before < 0.2, took)
    has_line("one line tells it", daemon.says("connections are in use", within_s=20), "genesys_prometheus", "send nothing")
    for client in idle:
        client.close()
    daemon.stop()


def a_password_in_the_clear_gives_a_warning() -> None:
    password = process.folder("secret") / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    for listen, warns in (("0.0.0.0", True), ("127.0.0.1", False)):
        endpoint = Endpoint(Listen=listen, User="prometheus", PasswordFile=password)
        daemon = plain(endpoint)
        endpoint.wait_open(daemon)
        same("a warning for %s" % listen, any("TLSCert" in line for line in daemon.complaints()), warns)
        daemon.stop()


def many_series_in_write_prometheus_give_a_warning() -> None:
    """The warning comes above 10,000 series of this suite. A chain drops all values, so that neither csv nor write_prometheus delays
    the test."""
    chain = CHAIN[:CHAIN.index("  <Rule")] + '  Target "stop"\n</Chain>\n'
    for number, warns in ((600, True), (100, False)):
        sim = Simulator(queues=number, agents=20, rate_limit=0)
        daemon = Collectd(account(sim, RequestsPerMinute=10000), polled(Observations="activity"), load=("write_prometheus",),
                          more=chain + '<Plugin write_prometheus>\nPort "%d"\n</Plugin>\n' % free_port())
        if warns:
            line = daemon.says("write_prometheus is loaded", within_s=60)
            has_line("the line names the plugin to load", line, "[warning]", "genesys_prometheus")
            check("the number of series", int(re.search(r"sends (\d+) series", line).group(1)) > 10_000, line)
        else:
            wait_until(lambda: sim.counters()["requests_total"] > 10, 30, "requests")
        watch_for(3)
        same("warnings with %d queues" % number, len(daemon.program.matching("write_prometheus is loaded")), int(warns))
        daemon.stop()


def a_bad_configuration_is_refused() -> None:
    for options, words in (({"User": "x"}, "PasswordFile"), ({"TLSKey": "/x"}, "TLSCert"), ({"Path": "metrics"}, "Path"),
                           ({"Listne": "x"}, "Listen")):
        daemon = plain(Endpoint(**options))
        daemon.program.wait(10)
        has_line("the line names %s" % words, daemon.text, "[error]", "genesys_prometheus", words)


if __name__ == "__main__":
    report.main([prometheus_reads_openmetrics_with_a_password, a_0_is_scraped_before_the_first_contact,
                 without_dispatch_only_our_writers_have_the_values, values_of_another_host_are_shown, only_permitted_scrapers_read,
                 a_certificate_of_the_clients_authority_is_enough, a_new_certificate_counts_without_a_restart,
                 a_port_in_use_is_tried_again, scrapes_of_many_series_are_complete_during_writes, dead_scrapers_delay_no_other,
                 idle_clients_keep_no_scrape_out,
                 a_password_in_the_clear_gives_a_warning, many_series_in_write_prometheus_give_a_warning,
                 a_bad_configuration_is_refused],
                {"collectd": DAEMON, "genesys_prometheus": built("genesys_prometheus"), "prometheus": sinks.PROMETHEUS,
                 "promtool": sinks.PROMTOOL})
