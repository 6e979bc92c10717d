#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does every query of every panel in examples/grafana return data, whatever account, queue and medium are chosen?

One agent fills a real Prometheus, VictoriaMetrics, InfluxDB and Graphite. The variables of a query are replaced as
Grafana does it (lib/grafana.py), then the database answers. InfluxDB 1 has no Flux: the measurements, fields and tags
of the Flux queries are looked up in it, and with GC_FLUX_LSP (the folder of @influxdata/flux-lsp-node) their syntax and
types are checked.
"""
from __future__ import annotations

import json
import math
import os
import re
import time
import urllib.error
from typing import Any, NamedTuple, Union
from urllib.parse import urlencode

from lib import expected, grafana, node, process, report, sinks, timeseries
from lib.collectd import ANALYTICS, DAEMON, FLOWS, OURS, Collectd, account, block, built, query, queues
from lib.flows import FlowSender, notifications
from lib.genesys import TOP, Simulator, fetch
from lib.grafana import ALL, Board, Query, Values
from lib.graphite import GraphiteWeb, has_graphite_web
from lib.process import Program, free_port
from lib.report import check, note

NAMES = ("Sales_EMEA", "サポート窓口", 'VIP "Gold"')
HOST = "prod (EMEA)"
WITHIN_S = 60.0
SPAN_S, STEP_S = 900, 15
PLUGINS = ("genesys_prometheus", "genesys_influxdb", ANALYTICS, FLOWS)
FLUX_LSP = os.environ.get("GC_FLUX_LSP", "")
FLUX_CHECK = """
const { Flux } = require(process.argv[1]);
for (const text of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
  let wrong = '';
  try {
    const one = new Flux(text);
    if (!one.is_valid()) wrong = 'not valid';
    one.format();
  } catch (error) { wrong = String(error); }
  console.log(JSON.stringify(wrong));
}"""


class Choice(NamedTuple):
    """Values of the variables; `only` limits the test to queries with these words."""

    title: str
    values: Values
    only: str = ""


Row = tuple[str, list[float]]  # a series: its queue if its labels name one, and its numbers


class Source:
    """A data source of Grafana; `prefix` begins the names of its dashboards."""

    name = ""
    prefix = ""
    built_in: dict[str, str] = {}

    def values(self, text: str) -> list[str]:
        """The answer to a variable's query."""
        raise NotImplementedError

    def rows(self, query: Query, text: str) -> list[Row]:
        raise NotImplementedError

    def text(self, query: Query) -> str:
        raise NotImplementedError


class PromQL(Source):
    """Prometheus, or another database with its API."""

    prefix = "prometheus-"
    built_in = {"__rate_interval": "1m", "__interval": "15s", "__range": "%ds" % SPAN_S}

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, url

    def _get(self, path: str, **words: str) -> Any:
        return json.loads(fetch("%s/api/v1/%s?%s" % (self.url, path, urlencode(words)), within_s=30))["data"]

    def values(self, text: str) -> list[str]:
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", text)
        assert found, text
        return self._get("label/%s/values" % found[2], **{"match[]": found[1]})

    def text(self, query: Query) -> str:
        return query.target["expr"]

    def rows(self, query: Query, text: str) -> list[Row]:
        now = time.time()
        if query.target.get("instant"):
            found = self._get("query", query=text)["result"]
        else:
            found = self._get("query_range", query=text, start="%.3f" % (now - SPAN_S), end="%.3f" % now, step=str(STEP_S))[
                "result"
            ]
        return [
            (one["metric"].get("queue_name", ""), [float(value) for _, value in one.get("values") or [one["value"]]])
            for one in found
        ]


class InfluxQL(Source):
    name = "InfluxDB"
    prefix = "influxql-"
    built_in = {"timeFilter": "time >= now() - %ds and time <= now()" % SPAN_S, "__interval": "30s"}

    def __init__(self, database: timeseries.Influx1) -> None:
        self.ask = database.ask

    def values(self, text: str) -> list[str]:
        return [value for series in self.ask(text) for _, value in series["values"]]

    def text(self, query: Query) -> str:
        return query.target["query"]

    def rows(self, query: Query, text: str) -> list[Row]:
        return [
            (series.get("tags", {}).get("queue_name", ""), [row[1] for row in series["values"] if row[1] is not None])
            for series in self.ask(text)
        ]


class Graphite(Source):
    name = "Graphite"
    prefix = "graphite-"

    def __init__(self, web: GraphiteWeb) -> None:
        self.web = web

    def values(self, text: str) -> list[str]:
        found = re.fullmatch(r"expand\((.*)\)", text)
        assert found, text
        return self.web.expand(found[1])

    def text(self, query: Query) -> str:
        return query.target["target"]

    def rows(self, query: Query, text: str) -> list[Row]:
        """Returns the rows; the name of a series by queue is the queue, or the queue and the medium."""
        answer = self.web.render('aliasSub(%s, "(^.*$)", "\\1 %s")' % (text, query.ref), 280)
        is_by_queue = "'^genesys-" in text and "source_up" not in text
        return [
            (
                one["target"].split(" ")[0] if is_by_queue else "",
                [value for value, _ in one["datapoints"] if value is not None],
            )
            for one in answer
        ]


class Stack:
    """An agent that writes into all databases; its contact centre has voice contacts only, so that no queue is idle."""

    def __init__(self) -> None:
        self.sim = Simulator(
            queues=5, agents=20, media="voice", speed=40, load=2, warmup=1800, rate_limit=0, plain_names=True
        )
        for one, name in zip(sorted(self.sim.truth()["queues"]), NAMES):
            self.sim.call("queues", {"op": "rename", "id": one, "name": name})
        port = free_port()
        self.prometheus = sinks.Prometheus(port, "")
        self.influx = timeseries.Influx1()
        self.carbon = sinks.Carbon()
        self.victoria = victoria(port) if timeseries.VICTORIA else None
        self.graphite = GraphiteWeb(self.carbon) if has_graphite_web() else None
        graphite = block(
            "Node",
            "carbon",
            {
                "Host": "127.0.0.1",
                "Port": str(self.carbon.port),
                "Protocol": "tcp",
                "EscapeCharacter": "_",
                "StoreRates": False,
            },
        )
        more = self.influx.node(Plugin="genesys") + block("Plugin write_graphite", None, {}, graphite)
        more += "<Plugin genesys_prometheus>\nPort %d\n</Plugin>\n" % port
        flows = block("Flows", "flows", {"Account": "prod", "Backfill": "PT5M", "SettleDelay": 1, "ObservationInterval": 5})
        self.daemon = Collectd(
            account(self.sim, RequestsPerMinute=10000, Host=HOST),
            queues(ServiceLevelTarget=5),
            queries=query(Backfill="PT5M", SettleDelay=1) + query("agents", Source="users", Backfill="PT5M", SettleDelay=1),
            flows=notifications() + flows,
            load=("write_graphite",),
            ours=(*OURS, *PLUGINS[:2]),
            more=more,
        )
        self.daemon.wait_up(host=HOST)
        self.daemon.restart()  # only a second start has a restart_gap

    def freeze_when_contacts_wait(self) -> None:
        """Freezes the simulator while contacts wait and talk: zeros could equal the truth by chance."""

        def waits() -> bool:
            self.sim.freeze()
            media = [record["media"]["voice"] for record in self.sim.truth()["queues"].values()]
            if any(one["waiting"] for one in media) and any(one["interacting"] for one in media):
                return True
            self.sim.thaw()
            return False

        process.wait_until(waits, 30, "contacts that wait", 0.5)

    def send_flow_metrics(self) -> None:
        self.daemon.says("topics subscribed", within_s=40)
        FlowSender(self.sim).send(20000, per_s=100)


def victoria(port: int) -> str:
    """The URL of a VictoriaMetrics that scrapes the port."""
    folder = process.folder("victoria")
    (folder / "scrape.yml").write_text(
        "scrape_configs:\n- job_name: collectd\n  scrape_interval: 1s\n  static_configs:\n"
        "  - targets: ['127.0.0.1:%d']\n" % port
    )
    own = free_port()
    Program(
        [
            str(timeseries.VICTORIA),
            "-storageDataPath=%s" % (folder / "data"),
            "-httpListenAddr=127.0.0.1:%d" % own,
            "-promscrape.config=%s" % (folder / "scrape.yml"),
            "-search.latencyOffset=0s",
            "-loggerLevel=ERROR",
        ]
    )
    return "http://127.0.0.1:%d" % own


def choices(board: Board, offered: dict[str, list[str]]) -> list[Choice]:
    """All values, one account and medium with each of the names, and several names at once."""
    made = [Choice("All", {})]
    if "queue" in offered:
        names = [one for one in offered["queue"] if one in NAMES or one == "VIP__Gold_"]
        one_account = {"account": [offered["account"][0]], **({"media": ["voice"]} if "media" in offered else {})}
        made += [Choice(name, {**one_account, "queue": [name]}) for name in names]
        made.append(Choice("three queues", {**one_account, "queue": names}))
    if "flow_a" in offered:
        odd = {
            "flow_a": 'Quote "VIP"',
            "flow_b": "Back\\slash",
            "flow": ['Quote "VIP"', "Back\\slash"],
            "metric": ['"quoted"', "a.b/c"],
        }
        made.append(Choice("odd flows and metrics", odd, "genesys_flow_metric_total"))
    return made


def complete(board: Board, offered: dict[str, list[str]], values: Values) -> Values:
    """The values, and for the other variables those that Grafana chooses first."""
    made: Values = {one["name"]: ALL if one.get("includeAll") else "" for one in board.variables}
    for name, listed in offered.items():
        if made[name] == "":
            made[name] = "CustomerRouting" if "CustomerRouting" in listed else listed[0] if listed else ""
    return {**made, **values}


def offers(board: Board, source: Source) -> dict[str, list[str]]:
    return board.options(complete(board, {}, {}), source.values, source.built_in)


def offers_all_queues(board: Board, source: Source) -> bool:
    offered = offers(board, source)
    wanted = {"VIP__Gold_" if source.prefix == "graphite-" and '"' in name else name for name in NAMES}
    return all(offered.values()) and wanted <= set(offered.get("queue", wanted))


def problem(source: Source, one: Query, text: str, queues: Union[str, list[str]]) -> str:
    """Returns the fault of the answer to a query; empty for data of the chosen queues, and of them alone."""
    try:
        rows = source.rows(one, text)
    except urllib.error.HTTPError as refusal:
        return "HTTP %d: %s" % (refusal.code, refusal.read()[:300])
    except RuntimeError as refusal:
        return str(refusal)
    rows = [(name, numbers) for name, numbers in rows if any(math.isfinite(number) for number in numbers)]
    if not rows:
        return "no data"
    named = {name for name, _ in rows} - {""}
    if named and queues != ALL and named != set(queues):
        return "no data of %s" % sorted(set(queues) - named) if named < set(queues) else "data of %s" % sorted(named)
    return ""


def check_panels(source: Source) -> None:
    """Each query is repeated until it returns data; a query that the database refuses is not repeated."""
    for board in grafana.boards(TOP, source.prefix):
        process.wait_until(lambda: offers_all_queues(board, source), WITHIN_S, "%s: values of the variables" % board.name)
        offered, left = offers(board, source), {}
        for choice in choices(board, offered):
            values = complete(board, offered, choice.values)
            for one in board.queries():
                if choice.only in source.text(one):
                    text = board.text(source.text(one), values, source.built_in)
                    left[board.name, one.panel, one.ref, choice.title] = (one, text, values.get("queue", ALL))
        count, refused = len(left), []

        def without_data() -> list[str]:
            wrong = []
            for key, (one, text, chosen) in list(left.items()):
                why = problem(source, one, text, chosen)
                if not why.startswith("no data"):
                    del left[key]
                if why:
                    (wrong if key in left else refused).append("%s: %s: %s" % (" / ".join(key), why, text))
            return wrong

        wrong = process.wait_for_none(without_data, WITHIN_S, board.name, 1.0) + refused
        check(
            "%s, %s: each of %d queries returns data" % (source.name, board.name, count),
            count and not wrong,
            "\n".join(wrong[:8]),
        )


def check_gauges(source: Source, sim: Simulator) -> None:
    """Checks the first numbers that an operator sees, in a frozen world: waiting and talking contacts, available agents."""
    truth = sim.truth()
    wanted = expected.values(truth, expected.by_name(truth))
    board = next(one for one in grafana.boards(TOP, source.prefix) if one.name.endswith("-operations"))
    kinds = {"Waiting": "queue_depth-", "Talking": "queue_interacting-", "Available agents": "queue_agents-available"}
    asked = [(one, kinds[one.panel]) for one in board.queries() if one.panel in kinds]

    def differences() -> list[str]:
        wrong, offered = [], offers(board, source)
        for choice in choices(board, offered):
            chosen = [name.replace("VIP__Gold_", NAMES[2]) for name in choice.values.get("queue", [])]
            for one, kind in asked:
                right = sum(
                    value
                    for key, value in wanted.items()
                    if key.partition("/")[2].startswith(kind) and (not chosen or key.partition("/")[0] in chosen)
                )
                text = board.text(source.text(one), complete(board, offered, choice.values), source.built_in)
                got = [numbers[-1] for _, numbers in source.rows(one, text) if numbers]
                if got != [right]:
                    wrong.append("%s of %s: %s, wanted %s" % (one.panel, choice.title, got, right))
        return wrong

    wrong = process.wait_for_none(differences, WITHIN_S, "the truth", 1.0)
    check("%s: %d gauges equal the truth" % (source.name, len(kinds)), asked and not wrong, wrong)


def check_flux_names(influx: timeseries.Influx1) -> None:
    fields = {series["name"]: {row[0] for row in series["values"]} for series in influx.ask("SHOW FIELD KEYS")}
    tags = {series["name"]: {row[0] for row in series["values"]} for series in influx.ask("SHOW TAG KEYS")}
    wrong, texts = [], []
    for board in grafana.boards(TOP, "flux-"):
        offered = {one["name"]: NAMES for one in board.variables}
        for one in board.queries():
            text = one.target["query"]
            texts.append(board.text(text, {name: list(NAMES) for name in offered}, {}))
            kind, field = (
                re.search(pattern, text)[1] for pattern in (r'r\._measurement == "(\w+)"', r'r\._field == "(\w+)"')
            )
            used = set(re.findall(r"\br\.([a-z]\w*) ", text)) | set(re.findall(r'columns: \["_time", "(\w+)"', text))
            lost = sorted(used - tags.get(kind, set()))
            if field not in fields.get(kind, set()) or lost:
                wrong.append("%s: %s.%s, tags %s" % (one.panel, kind, field, lost))
        texts += [board.text(one["query"], {name: list(NAMES) for name in offered}, {}) for one in board.variables]
    check("Flux: measurements, fields and tags of %d queries exist" % len(texts), texts and not wrong, wrong)
    check_flux_syntax(texts)


def check_flux_syntax(texts: list[str]) -> None:
    if not FLUX_LSP or not node.NODE:
        note("Flux is not parsed: GC_FLUX_LSP does not name the folder of @influxdata/flux-lsp-node")
        return
    v = 'option v = {defaultBucket: "genesys", timeRangeStart: -1h, timeRangeStop: now(), windowPeriod: 10s}\n'
    whole = [
        re.sub(r'\A((?:import "[^"]+"\n)*)', lambda found: found[1] + v, text)
        for text in [*texts, "from(bucket: )", "x |> y("]
    ]
    done = process.run([str(node.NODE), "-e", FLUX_CHECK, FLUX_LSP], 60, stdin=json.dumps(whole).encode())
    said = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith('"')]
    check(
        "Flux: the parser accepts %d queries, and refuses two broken ones" % len(texts),
        len(said) == len(whole) and all(said[-2:]) and not any(said[:-2]),
        [(text, why) for text, why in zip(texts, said) if why][:3] or done.stdout[-500:],
    )


def every_panel_shows_data() -> None:
    stack = Stack()
    stack.send_flow_metrics()
    sources = [PromQL("Prometheus", stack.prometheus.url), InfluxQL(stack.influx)]
    if stack.victoria:
        sources.append(PromQL("VictoriaMetrics", stack.victoria))
    if stack.graphite:
        stack.graphite.wait_open()
        sources.append(Graphite(stack.graphite))
    else:
        note("Graphite is left out: graphite-web is not installed")
    for source in sources:
        check_panels(source)
    check_flux_names(stack.influx)
    stack.freeze_when_contacts_wait()
    for source in sources:
        check_gauges(source, stack.sim)
    stack.daemon.stop()


if __name__ == "__main__":
    report.main(
        [every_panel_shows_data],
        {
            "collectd": DAEMON,
            "prometheus": sinks.PROMETHEUS,
            "influxd": timeseries.INFLUXD,
            "carbon-cache": sinks.CARBON,
            **{name: built(name) for name in PLUGINS},
        },
    )
