#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the files of examples/ work as they are, except for addresses: with carbon, InfluxDB 1, Kafka, OpenTelemetry, Datadog?

The real collectd writes with them. The receivers are a real carbon and InfluxDB, librdkafka's broker, and HTTP servers that
parse values as the real receivers do.
"""
from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import Any, Callable, Optional

from lib import expected, process, report, sinks
from lib.backends import KCAT, Found, HttpReceiver, Kafka, Records, example, without_loads
from lib.collectd import DAEMON, OURS, Collectd, account, build_folder, queues, system_plugins
from lib.genesys import Simulator, direct
from lib.process import free_port
from lib.report import Skip, check, check_soon, note, same, same_soon
from lib.unixsock import Unixsock

WITHIN_S = 25.0
HOST = "q"
MINUTE, HOUR, DAY = 60, 3600, 86400
NAMES = ("Sales_EMEA", "サポート窓口", 'VIP "Gold"', "a.b, c", "ends in a backslash\\")


def equal(name: str, wanted: dict[str, Any], read: Callable[[], Found], within_s: float = WITHIN_S) -> None:
    left = process.wait_for_none(lambda: expected.differences(wanted, read()), within_s, name, 0.25)
    check("%s (%d series)" % (name, len(wanted)), wanted and not left, "%d: %s" % (len(left), "; ".join(left[:6])))


# ---- the truth, through each writer ----

def named_world() -> Simulator:
    sim = Simulator(frozen=True, queues=2, agents=20, rate_limit=0)
    for name in NAMES:
        made = sim.call("queues", {"op": "create", "name": "to be renamed"})
        sim.call("queues", {"op": "rename", "id": made["id"], "name": name})
    return sim


def truth(sim: Simulator, label: Optional[Callable[[str, str], str]] = None) -> dict[str, Any]:
    record = sim.truth()
    return expected.values(record, label or expected.by_name(record))


def in_json(key: str) -> str:
    """The key as in collectd's JSON: collectd 5.12 writes a `?` for each byte that is not ASCII."""
    return "".join(chr(byte) if byte < 128 else "?" for byte in key.encode())


def written(sim: Simulator, load: str, text: str, ours: tuple[str, ...] = OURS, **options: Any) -> Collectd:
    daemon = Collectd(account(sim, Host=HOST, RequestsPerMinute=10000), queues(**options), load=(load,), ours=ours,
                      more=without_loads(text))
    daemon.wait_up(host=HOST)
    return daemon


def carbon_gets_the_truth() -> None:
    if not sinks.CARBON or not sinks.has_whisper():
        raise Skip("carbon-cache and python3-whisper are not installed")
    carbon, sim = storage(), named_world()
    daemon = written(sim, "write_graphite", example("graphite/write_graphite.conf", {'"2003"': '"%d"' % carbon.port}))
    equal("carbon has the truth", {sinks.graphite_path(key): value for key, value in truth(sim).items()},
          lambda: {key: found for key, found in carbon.latest().items() if "queue_wait_" not in key and re.search(
              r"\.(active_conversations|queue_(depth|interacting|alerting|longest_wait|agents))[^.]*\Z", key)})
    daemon.stop()


def influxdb_gets_the_truth() -> None:
    if not sinks.INFLUXD:
        raise Skip("influxdb is not installed")
    listener = example("influxdb1/collectd-listener.conf", {'":25826"': '"ADDRESS"', '"/usr/share/collectd"': '"TYPES"'})
    influx, sim = sinks.InfluxDB(build_folder() / "genesys.db", listener), named_world()
    daemon = written(sim, "network", example("influxdb1/network.conf", {
        'Server "127.0.0.1" "25826"': 'Server "127.0.0.1" "%d"' % influx.port}))
    equal("InfluxDB has the truth", truth(sim), lambda: expected.of_queues(influx.latest()))
    statements = re.split(r"\n(?=SELECT)", re.search(r"```sql\n(.*?)```", example("influxdb1/README.md"), re.S).group(1))
    same("queries of the README.md", len(statements), 3)
    for statement in statements:
        rows = influx.ask(" ".join(statement.split()))  # raises the error of InfluxDB
        check("the query %s… has rows" % statement[:40], rows or "queue_interval" in statement or "queue_offer" in statement)
    daemon.stop()


def kafka_gets_the_truth(form: str = "JSON") -> None:
    if not KCAT or not (system_plugins() / "write_kafka.so").exists():
        raise Skip("kcat or write_kafka is not installed")
    kafka, sim = Kafka("collectd"), named_world()
    daemon = written(sim, "write_kafka", example("kafka/write_kafka.conf", {"127.0.0.1:9092": kafka.address,
                                                                       "Format JSON": "Format " + form}))
    wanted = truth(sim) if form == "Command" else {in_json(key): value for key, value in truth(sim).items()}
    equal("the topic has the truth", wanted, lambda: expected.of_queues(kafka.read().of(HOST)))
    same("messages that are not records", kafka.complaints, [])
    same("keys", {key for _, key in kafka.placed}, {"agent-1"})
    same("partitions of the last messages of one key", len({partition for partition, _ in kafka.placed[-100:]}), 1)
    same("complaints about write_kafka", [line for line in daemon.program.matching("kafka") if "[info]" not in line], [])
    daemon.stop()


def kafka_gets_names_of_every_script_with_commands() -> None:
    kafka_gets_the_truth("Command")


def opentelemetry_gets_the_truth() -> None:
    sim, records, queries = named_world(), Records(), []

    def take(_path: str, query: dict[str, list[str]], headers: Any, body: bytes) -> bool:
        queries.append(query)
        return records.take(body)
    receiver = HttpReceiver(take)
    text = example("opentelemetry/write_http.conf", {"127.0.0.1:8081": "127.0.0.1:%d" % receiver.port})
    # Our own writers take the samples beside the queue: the values carry no meta data.
    daemon = written(sim, "write_http", text + "<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n" % free_port(),
                     (*OURS, "genesys_prometheus"), QueueLabel="both")
    wanted = {in_json(key): value for key, value in truth(sim, lambda queue, name: expected.label_both(name, queue)).items()}
    equal("the receiver has the truth", wanted, lambda: expected.of_queues(records.of(HOST)))
    same("records that the receiver refuses", records.complaints, [])
    same("records with meta data", records.metas, [])
    check("each request has the attribute", queries and all(one == {"attr_site": ["main"]} for one in queries), queries[:3])
    same("complaints about write_http", [line for line in daemon.program.matching("write_http") if "[info]" not in line], [])
    daemon.stop()


# ---- every type, through carbon's files and Datadog's list ----

# Type instances as the plugins write them, where "voice" is not one of the type; several where each has another meaning.
QUALIFIERS = {"queue_wait_time_seconds_bucket": ["voice-le-16", "voice-le-+Inf"], "queue_sla_breach": ["voice-20"],
              "state_changes": ["voice-waiting-active"], "state_changes_wrapup": ["voice-active-wrapup-Sale"],
              "api_requests": ["queues-2xx"], "queue_interval_value": ["oX-min-voice", "oX-max-voice", "oX-p95-voice"],
              "queue_interval_seconds": ["waitTime-all", "tX-min-voice", "tX-max-voice", "tX-p95-voice"]}
METHODS = {"sum": {"queue_interval_number", "user_interval_number", "flow_interval_number", "user_interval_seconds"},
           "max": {"queue_longest_wait", "stream_silence", "source_age", "writer_age", "spool_age", "spool_bytes",
                   "window_lag", "queue_lag", "commit_time", "scrape_time", "api_latency", "api_function_latency", "api_queued",
                   "api_breaker", "api_pause", "corrections_carried", "lease_age"},
           "min": {"source_up", "stream_connected", "state_up", "writer_up", "token_lifetime", "certificate_lifetime", "api_budget",
                   "api_minute_left"},
           "last": {"stream_gap", "flow_metric_value", "queue_metric_seconds", "user_metric_seconds",
                    "flow_aggregate_seconds", "queue_wait_time_seconds_sum", "token_state", "version", "window_length",
                    "restart_gap", "lease_state", "lease_fence", "api_month_requests", "api_month_share",
                    "series_max"}}
MEMBERS = {"min": "min", "max": "max", "p95": "max"}


def types() -> dict[str, list[tuple[str, str]]]:
    """The types of genesys.db: name -> (data source, kind)."""
    made = {}
    for line in (build_folder() / "genesys.db").read_text().splitlines():
        if line and not line.startswith("#"):
            name, *sources = line.replace(",", " ").split()
            made[name] = [(one.split(":")[0], one.split(":")[1]) for one in sources]
    return made


def method(kind: str, source: tuple[str, str], qualifier: str) -> str:
    """The method that aggregates the points of a series to a coarser one."""
    name, ds_kind = source
    if ds_kind == "DERIVE":
        return "last"
    if name != "value":
        return name  # sum, min, max, average
    member = re.search(r"-(min|max|p95)-", qualifier)
    return MEMBERS[member.group(1)] if member else \
        next((one for one, of in METHODS.items() if kind in of), "average")


def archives(kind: str) -> list[tuple[int, int]]:
    """Seconds for each point, and seconds that are kept."""
    if "_interval_" in kind:
        return [(MINUTE, 14 * DAY), (15 * MINUTE, 365 * DAY), (DAY, 3650 * DAY)]
    if kind.endswith("_window"):
        return [(MINUTE, 14 * DAY), (10 * MINUTE, 180 * DAY), (HOUR, 730 * DAY)]
    return [(10, 6 * HOUR), (MINUTE, 7 * DAY), (10 * MINUTE, 90 * DAY), (HOUR, 5 * 365 * DAY)]


def storage() -> sinks.Carbon:
    return sinks.Carbon(example("graphite/storage-schemas.conf"), example("graphite/storage-aggregation.conf"))


def put_every_type(unixsock: Unixsock, host: str = "agent") -> None:
    """Dispatches a value of every type and qualifier."""
    commands = ['PUTVAL "%s/genesys-Support/%s-%s" interval=10 N:%s' % (host, kind, qualifier, ":".join("7" for _ in sources))
                for kind, sources in types().items() for qualifier in QUALIFIERS.get(kind, ["voice"])]
    refused = [answer for answer in unixsock.ask(commands) if not answer.startswith("0 ")]
    if refused:
        raise RuntimeError("%d values refused: %s" % (len(refused), refused[:3]))


def wanted_files(separate: bool = False) -> dict[str, tuple[Any, ...]]:
    made = {}
    for kind, sources in types().items():
        for qualifier in QUALIFIERS.get(kind, ["voice"]):
            for source in sources:
                path = ("agent.genesys.Support.%s.%s" if separate else "agent.genesys-Support.%s-%s") % (kind, qualifier)
                made[path + ("." + source[0] if len(sources) > 1 else "")] = (method(kind, source, qualifier), archives(kind))
    return made


def every_type_has_its_storage(separate: bool = False) -> None:
    if not sinks.CARBON or not sinks.has_whisper():
        raise Skip("carbon-cache and python3-whisper are not installed")
    carbon = storage()
    changes = {'"2003"': '"%d"' % carbon.port}
    if separate:
        changes.update({"#Prefix": "Prefix", "#SeparateInstances": "SeparateInstances"})
    unixsock = Unixsock()
    daemon = Collectd("", ours=("genesys",), load=("write_graphite", "unixsock"), more=without_loads(
        example("graphite/write_graphite.conf", changes)) + unixsock.options)
    wanted = {("collectd." if separate else "") + path: of for path, of in wanted_files(separate).items()}
    got: dict[str, dict[str, Any]] = {}

    def all_there() -> bool:
        put_every_type(unixsock)  # once more: write_graphite sends a full buffer only
        got.update(carbon.files())
        return set(wanted) <= set(got)
    check_soon("each series has a file", all_there, lambda: sorted(set(wanted) - set(got))[:5], 30)
    shown = {path: (of["aggregationMethod"], [(a["secondsPerPoint"], a["retention"]) for a in of["archives"]])
             for path, of in got.items() if path in wanted}
    wrong = ["%s: %s, wanted %s" % (path, shown.get(path), wanted[path]) for path in wanted if shown.get(path) != wanted[path]]
    check("methods and retentions of %d files" % len(wanted), not wrong, "%d: %s" % (len(wrong), "; ".join(wrong[:5])))
    factors = {path.split(".", 2)[-1]: of["xFilesFactor"] for path, of in got.items() if path in wanted}
    loose = sorted(path for path, factor in factors.items() if round(factor, 3) not in (0, 0.1))
    same("series that need more than a tenth of the points", loose, [])
    sizes = sorted({round(of["fileSize"] / 1000) for path, of in got.items() if path in wanted})
    said = re.search(r"takes (\d+), (\d+) and (\d+) kB", example("graphite/storage-schemas.conf"))
    same("sizes in storage-schemas.conf", [int(one) for one in said.groups()], sizes)
    daemon.stop()


def a_slot_with_several_counts_keeps_every_event() -> None:
    """A changed counter is dispatched within a second, so that one slot of 10 s gets several values; carbon keeps the last."""
    if not sinks.CARBON or not sinks.has_whisper():
        raise Skip("carbon-cache and python3-whisper are not installed")
    carbon, unixsock = storage(), Unixsock()
    text = example("graphite/write_graphite.conf", {'"2003"': '"%d"' % carbon.port})
    # One write thread keeps the order of values that come at once.
    daemon = Collectd("", ours=("genesys",), load=("write_graphite", "unixsock"), more="WriteThreads 1\n" + without_loads(text)
                      + unixsock.options)
    start = int(time.time()) // 10 * 10 - 600
    # Two contacts at 13 s, three at 17 s, none until 23 s, one at 24 s.
    counts = [(0, 100), (10, 100), (13, 102), (17, 105), (20, 105), (23, 105), (24, 106), (30, 106)]
    said = unixsock.ask(["PUTVAL agent/genesys-Support/queue_offer-voice interval=10 %d:%d" % (start + at, count) for at, count in counts])
    check("collectd accepts the values", all(line.startswith("0 ") for line in said), said)

    def slots() -> list[float]:
        unixsock.ask(['FLUSH plugin="write_graphite/genesys"'])
        return [value for _, value in carbon.points(sinks.graphite_path("Support/queue_offer-voice", "agent"), start)]
    same_soon("counts of the slots", slots, [100, 105, 106, 106])
    daemon.stop()


def every_type_has_its_storage_with_separate_instances() -> None:
    every_type_has_its_storage(separate=True)


ACCEPT = {"openmetrics": "application/openmetrics-text;version=1.0.0", "text": "text/plain;version=0.0.4"}
PARSERS = {"openmetrics": "prometheus_client.openmetrics.parser", "text": "prometheus_client.parser"}


def families(port: int, form: str) -> dict[str, str]:
    """Name and type of each family, by the parser that Datadog's check uses: counters have no _total."""
    request = urllib.request.Request("http://127.0.0.1:%d/metrics" % port, headers={"Accept": ACCEPT[form]})
    with direct.open(request, timeout=10) as answer:
        text = answer.read()
    script = ("import json, sys\nfrom %s import text_string_to_metric_families\n"
              "print(json.dumps({one.name: one.type for one in text_string_to_metric_families(sys.stdin.read())}))\n" % PARSERS[form])
    done = process.run([sinks.SYSTEM_PYTHON, "-c", script], stdin=text)
    if done.returncode != 0:
        raise RuntimeError(done.stdout.decode(errors="replace"))
    return json.loads(done.stdout)


def datadog_s_metrics_are_in_the_exposition() -> None:
    if process.run([sinks.SYSTEM_PYTHON, "-c", "import prometheus_client"]).returncode != 0:
        raise Skip("python3-prometheus-client is not installed")
    unixsock, port = Unixsock(), free_port()
    text = example("datadog/openmetrics.d/conf.yaml")
    listed = re.findall(r"^      - (\w+): [a-z_.]+$", text.partition("\n    metrics:\n")[2], re.M)
    check("the file lists metrics", len(listed) >= 15, listed)
    endpoint = re.search(r"openmetrics_endpoint: (\S+)", text).group(1)
    same("the endpoint is the plugin's default", endpoint, "http://127.0.0.1:9104/metrics")
    daemon = Collectd("", ours=("genesys", "genesys_prometheus"), load=("unixsock",),
                      more="<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n" % port + unixsock.options)
    daemon.lives_until(lambda: process.listens(port), 20, "the endpoint")
    put_every_type(unixsock, "another")  # values of this agent's host come from its plugins alone

    for form in ("openmetrics", "text"):
        same_soon("listed metrics that nothing shows in the format " + form,
                  lambda: sorted(set(listed) - set(families(port, form))), [])
    shown = families(port, "openmetrics")
    kinds = {name: shown.get(name) for name in listed}
    same("metrics of a type that the check skips", {name: kind for name, kind in kinds.items()
                                                    if kind not in ("counter", "gauge", "histogram")}, {})
    note("%d metrics of %d families" % (len(listed), len(shown)))
    daemon.stop()


if __name__ == "__main__":
    report.main([every_type_has_its_storage, every_type_has_its_storage_with_separate_instances,
                 a_slot_with_several_counts_keeps_every_event, carbon_gets_the_truth, influxdb_gets_the_truth,
                 kafka_gets_the_truth, kafka_gets_names_of_every_script_with_commands, opentelemetry_gets_the_truth,
                 datadog_s_metrics_are_in_the_exposition], {"collectd": DAEMON})
