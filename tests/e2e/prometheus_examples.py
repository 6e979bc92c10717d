#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the files in examples/prometheus and examples/nginx show the contact centre to a real Prometheus?

One collectd has genesys_prometheus, and write_prometheus behind a real nginx. Two Prometheus scrape them with the two
configurations of the examples.
"""
from __future__ import annotations

import base64
import http.client
import re
import shutil
import ssl
from pathlib import Path
from typing import Any

from lib import process, report, sinks
from lib.collectd import DAEMON, OURS, Collectd, account, block, query, queues
from lib.flows import notifications
from lib.genesys import TOP, Simulator
from lib.process import Program, free_port
from lib.redis import SERVER, Redis
from lib.report import check, check_soon, same, same_soon

EXAMPLES = TOP / "examples"
NGINX = process.program("nginx")
PASSWORD = "correct horse"
WITHIN_S = 60.0

# The numbers that the published guides show, as queries of Prometheus. Those of guide D are its own.
QUERIES = {
    "A: conversations": 'sum by (queue_id) (genesys_active_conversations{queue_id!=""})',
    "A: waits": "histogram_quantile(0.95, sum(rate(genesys_queue_wait_seconds_bucket[5m])) by (le, queue_id)) >= 0",
    "A: state changes": 'sum by (from_state, to_state, queue_id) '
                        '(rate(genesys_state_changes_total{from_state!="",to_state!="",queue_id!=""}[5m]))',
    "B: answered": 'sum by (queue_id) (genesys_queue_interval_number{metric="tAnswered",media_type="voice"})',
    "B: abandoned": 'sum by (queue_name) (genesys_queue_interval_number{metric="tAbandon"})',
    "B: offered": 'sum by (queue_name) (genesys_queue_metric_total{metric="nOffered",media_type="voice"})',
    "B: wait time": 'genesys_queue_interval_duration_average_seconds{metric="tAnswered"} >= 0',
    "C: queued": 'genesys_queue_depth_window_average{queue_name!="",media_type="all"}',
    "C: queued, least": 'genesys_queue_depth_window_min{media_type="all"}',
    "C: queued, most": 'genesys_queue_depth_window_max{media_type="all"}',
    "C: waiting": 'genesys_queue_waiting_window_average{media_type="all"}',
    "C: available agents": 'genesys_queue_agents_window_average{status="available"}',
    "C: busy agents": 'genesys_queue_agents_window_average{status="busy"}',
    "D: depth": 'sum by (queue_name) (genesys_queue_depth{media_type="voice"})',
    "D: waits": "histogram_quantile(0.95, sum(rate(genesys_queue_wait_time_seconds_bucket[5m])) by (le, queue_name)) >= 0",
    "D: service level": "1 - (sum(increase(genesys_queue_sla_breach_total[15m])) by (queue_name) / "
                        "sum(increase(genesys_queue_offer_total[15m])) by (queue_name)) <= 1",
    "D: targets": 'genesys_queue_sla_breach_total{queue_id!="",queue_name!="",sla_target_seconds="1"}',
    "E: metrics of a flow": 'sum by (flow_name, metric) (genesys_flow_metric_total{flow_name!="",metric!=""})',
    "E: comparison": 'sum by (metric) (increase(genesys_flow_metric_total{flow_name!=""}[15m])) > 0',
    "agents": 'sum by (user_name) (genesys_user_interval_seconds{user_name!="",metric="tAgentRoutingStatus"})',
    "odd names": 'count(count by (queue_name) (genesys_queue_agents{queue_name=~"Sales_EMEA|サポート窓口|VIP \\"Gold\\".*"})) == 3',
}
# Labels that are equal in both ways, and families whose series come and go with an interval or a scrape.
LABELS = ("queue_name", "queue_id", "flow_name", "account", "block", "media_type", "le", "sla_target_seconds", "from_state",
          "to_state", "status", "metric", "source", "state", "result", "host")
OF_SQS = {"genesys_queue_lag_seconds"}
FLEETING = re.compile("genesys_((queue|user)_(interval|metric)_|scrape|flow_|api_latency|api_requests|state_changes|queue_wait_seconds)")


def world() -> Simulator:
    sim = Simulator(speed=20, queues=8, agents=40)
    sim.config(flow_metrics=95)
    return sim


def agent(sim: Simulator, ours: int, theirs: int, password: Path, lease: Redis) -> Collectd:
    """Values of all plugins, with a lease. Two queues are read in the way of guide C."""
    endpoint = {"Port": ours, "User": "prometheus", "PasswordFile": password, "TLSCert": sim.folder / "server.pem",
                "TLSKey": sim.folder / "server.key"}
    more = (block("Plugin genesys_prometheus", None, endpoint)
            + block("Plugin write_prometheus", None, {"Host": "127.0.0.1", "Port": str(theirs)})
            + block("Plugin genesys_influxdb", None, {},
                    block("Node", "main", {"URL": "http://127.0.0.1:%d" % free_port(), "Bucket": "genesys"})))
    blocks = (queues("guide", Queue="Sales*", QueueLabel="both", Observations="queue_metrics", Stream="none", Window=5,
                     ObservationInterval=5)
              + queues(QueueLabel="both", ServiceLevelTarget=1))
    prod = account(sim, RequestsPerMinute=10000, MonthlyRequests=1_000_000_000, Host="org", LeaseURL=lease.url, LeaseTTL=3)
    return Collectd(prod, blocks,
                    queries=query(QueueLabel="both", Backfill="PT5M") + query("agents", Source="users", Backfill="PT5M"),
                    flows=notifications(StateURL=lease.url), load=("write_prometheus",),
                    ours=(*OURS, "genesys_prometheus", "genesys_influxdb"), more=more)


def nginx(sim: Simulator, target: int, port: int) -> Program:
    """The example's server with other ports and files."""
    folder = process.folder("nginx")
    hashed = process.run(["openssl", "passwd", "-6", PASSWORD]).stdout.decode()
    (folder / "htpasswd").write_text("prometheus:" + hashed)
    text = (EXAMPLES / "nginx" / "genesys-metrics.conf").read_text()
    for old, new in (("listen 9443", "listen 127.0.0.1:%d" % port), ("127.0.0.1:9103", "127.0.0.1:%d" % target),
                     ("/etc/nginx/genesys-server", str(sim.folder / "server")),
                     ("/etc/nginx/genesys.htpasswd;", "%s;" % (folder / "htpasswd"))):
        check("the example has %s" % old, old in text)
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    places = "".join("%s_temp_path %s/%s;\n" % (kind, folder, kind)
                     for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        "daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%sinclude %s;\n}\n"
        % (folder, places, folder / "site.conf"))
    return Program([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"])


def example(name: str, port: int, sim: Simulator, password: Path) -> Path:
    """A configuration of the examples with its commented lines, this test's port and files, and faster scrapes."""
    folder = process.folder("prometheus")
    for rules in ("genesys.rules.yml", "genesys.names.yml"):
        shutil.copy(EXAMPLES / "prometheus" / rules, folder)
    text = (EXAMPLES / "prometheus" / name).read_text()
    text = re.sub(r"(?m)^( +)#(?= *(scheme|tls_config|ca_file|basic_auth|username|password_file|- genesys\b))", r"\1", text)
    text = re.sub(r"interval: 1[05]s", "interval: 1s", text)
    text = re.sub(r"127\.0\.0\.1:910[34]", "localhost:%d" % port, text)
    text = text.replace("/etc/prometheus/genesys-ca.pem", str(sim.ca)).replace("/etc/prometheus/genesys.password", str(password))
    path = folder / name
    path.write_text(text.replace("127.0.0.1:9093", "127.0.0.1:%d" % free_port()))
    return path


def labels(prometheus: sinks.Prometheus) -> dict[str, set[tuple[str, ...]]]:
    """Family -> the labels of its series."""
    made: dict[str, set[tuple[str, ...]]] = {}
    for row in prometheus.query('{__name__=~"genesys_.+"}'):
        of = row["metric"]
        if not FLEETING.match(of["__name__"]):
            parts = [of.get(label, "") for label in LABELS]
            parts[LABELS.index("le")] = of.get("le", "").removesuffix(".0")
            # Of queues with one name, only genesys_prometheus numbers the second one beside its id.
            parts[0] = parts[0].removesuffix("~2")
            made.setdefault(of["__name__"], set()).add(tuple(parts))
    return made


def unequal(ours: sinks.Prometheus, theirs: sinks.Prometheus) -> list[str]:
    a, b = labels(ours), labels(theirs)
    return ["%s: only genesys_prometheus %s, only relabelled %s" % (name, sorted(a.get(name, set()) - b.get(name, set()))[:2],
                                                                   sorted(b.get(name, set()) - a.get(name, set()))[:2])
            for name in sorted({*a, *b}) if a.get(name) != b.get(name)]


def check_queries(way: str, prometheus: sinks.Prometheus) -> None:
    same_soon("%s: the target" % way, prometheus.target_health, ("up", ""), WITHIN_S)
    for name, expression in QUERIES.items():
        check_soon("%s: %s" % (way, name), lambda: prometheus.query(expression), lambda: prometheus.target_health(), WITHIN_S)


def check_rules(way: str, prometheus: sinks.Prometheus) -> None:
    """Each rule is evaluated without an error, and each family that it names has series."""
    rules = prometheus.rules()
    same("%s: rules with an error" % way, [(r["name"], r.get("lastError")) for r in rules if r["health"] == "err"], [])
    names = sorted({name for r in rules for name in re.findall(r"(?<!:)\bgenesys_\w+", r["query"])})
    check("%s: the rules name families" % way, len(names) > 15, names)
    same_soon("%s: families of rules without a series" % way,
              lambda: [name for name in names if not prometheus.query(name)], [], WITHIN_S)
    firing = [a["metric"]["alertname"] for a in prometheus.query('ALERTS{alertstate="firing"}')]
    same("%s: alerts about an agent that reads all its sources" % way,
         [name for name in firing if name in ("GenesysAgentDown", "GenesysNoSource", "GenesysTokenEnds")], [])


def check_commands(text: str) -> None:
    """Each `metrics '…'` of docs/operations.md selects a line of /metrics, and each family that the page names exists."""
    page = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
    patterns = re.findall(r"^metrics '(.+)'$", page, re.M)
    check("the page has commands", len(patterns) > 15, patterns)
    same("commands that show nothing", [pattern for pattern in patterns if not re.search(
        "^genesys_(%s)" % re.sub(r'_name="\w+"', '_name="', pattern), text, re.M)], [])
    named = set(re.findall(r"\b(genesys_[a-z_]+?)(?:[`{\[])", page)) - {path.name for path in (TOP / "plugins").iterdir()} - OF_SQS
    same("families that do not exist", sorted(name for name in named if "\n" + name not in text), [])


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(("prometheus:" + password).encode()).decode()}


def answer(port: int, sim: Simulator, path: str = "/metrics", method: str = "GET", password: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection("localhost", port, timeout=10,
                                             context=ssl.create_default_context(cafile=sim.ca))
    try:
        connection.request(method, path, headers=basic(password) if password else {})
        found = connection.getresponse()
        return found.status, found.read()
    finally:
        connection.close()


def check_password(port: int, sim: Simulator) -> None:
    got: dict[str, Any] = {"none": answer(port, sim)[0], "wrong": answer(port, sim, password="wrong")[0],
                           "right": answer(port, sim, password=PASSWORD)[0],
                           "another path": answer(port, sim, "/", password=PASSWORD)[0],
                           "another method": answer(port, sim, method="POST", password=PASSWORD)[0]}
    same("statuses of nginx", got, {"none": 401, "wrong": 401, "right": 200, "another path": 404, "another method": 403})
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    plain.request("GET", "/metrics")
    same("the status of nginx without TLS", plain.getresponse().status, 400)
    plain.close()


def queries_and_rules_find_data_in_both_ways() -> None:
    sim, ours, theirs, front = world(), free_port(), free_port(), free_port()
    password = process.folder("secret") / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    daemon = agent(sim, ours, theirs, password, Redis())
    daemon.wait_up("all", "guide")
    daemon.restart()  # only a second start has a restart_gap
    server = nginx(sim, theirs, front)
    daemon.lives_until(lambda: all(map(process.listens, (ours, theirs, front))), 20, "all endpoints listen")
    check_password(front, sim)
    direct = sinks.Prometheus(ours, config=example("prometheus.yml", ours, sim, password))
    relabelled = sinks.Prometheus(front, config=example("write_prometheus.yml", front, sim, password))
    for way, prometheus in (("genesys_prometheus", direct), ("write_prometheus", relabelled)):
        check_queries(way, prometheus)
        check_rules(way, prometheus)
    left = process.wait_for_none(lambda: unequal(direct, relabelled), 20, "labels")
    same("families whose labels differ", left, [])
    same("complaints", [line for line in daemon.complaints() if "genesys_prometheus" in line], [])
    text = answer(ours, sim, password=PASSWORD)[1]
    check_commands(text.decode())
    found = process.run([str(sinks.PROMTOOL), "check", "metrics"], stdin=text)
    check("promtool reads genesys_prometheus", found.returncode in (0, 3), found.stdout)
    same("visible secrets", daemon.leaks(PASSWORD), [])
    same("complaints of nginx", server.matching("[error]")[2:], [])
    daemon.stop()


if __name__ == "__main__":
    report.main([queries_and_rules_find_data_in_both_ways],
                {"collectd": DAEMON, "prometheus": sinks.PROMETHEUS, "promtool": sinks.PROMTOOL, "nginx": NGINX, "redis-server": SERVER})
