# SPDX-License-Identifier: MIT
"""The operations dashboard for InfluxDB (InfluxQL and Flux) and for Graphite, from one list of panels."""
from __future__ import annotations

from typing import Any, NamedTuple

from about import measurement
from grafana import DEPTH, DOWN_UP, SERVICE_LEVEL, UP, WAIT_S, dashboard, datasource_variable, panel, target, variable

MEDIA, STATUS = "media_type", "status"
GAP_MS = 120_000  # lines join points over shorter gaps; a longer one is an outage, and shows
STEP = "30s"  # FlushInterval of genesys_influxdb: shorter steps would be half empty


class Series(NamedTuple):
    """The values of one type. `by` are the labels that remain; the series of the other labels become one by `how`."""

    type: str
    legend: str
    by: tuple[str, ...] = ("queue_name",)
    how: str = "sum"
    label: str = MEDIA  # the label that follows the queue: of contacts the medium, of agents the status
    metric: str = ""
    field: str = "value"
    where: str = ""  # the only value of `label`
    is_counter: bool = False  # shown as events per minute


AVAILABLE = Series("queue_agents", "available", (), label=STATUS, where="available")
COUNTERS = tuple(
    Series(kind, legend, (), is_counter=True)
    for kind, legend in (("queue_offer", "offered"), ("queue_answer", "answered"), ("queue_abandon", "abandoned"))
)
SOURCES = Series("source_up", "sources", ("block", "source"), "min", label="source")
# Title, kind, size, series, further arguments of panel().
PANELS: list[tuple[str, str, tuple[int, int], tuple[Series, ...], dict[str, Any]]] = [
    ("Waiting", "stat", (6, 4), (Series("queue_depth", "waiting", ()),), {}),
    (
        "Longest wait",
        "stat",
        (6, 4),
        (Series("queue_longest_wait", "longest", (), "max"),),
        {"steps": WAIT_S},
    ),
    ("Talking", "stat", (6, 4), (Series("queue_interacting", "talking", ()),), {}),
    (
        "Available agents",
        "stat",
        (6, 4),
        (AVAILABLE,),
        {"about": "On queue and idle. An agent of several queues counts in each of them."},
    ),
    (
        "Waiting contacts",
        "timeseries",
        (12, 8),
        (Series("queue_depth", ""),),
        {"steps": DEPTH, "limits": True, "connect": GAP_MS},
    ),
    (
        "Longest wait by queue",
        "timeseries",
        (12, 8),
        (Series("queue_longest_wait", "", how="max"),),
        {"steps": WAIT_S, "limits": True, "connect": GAP_MS},
    ),
    ("Contacts per minute", "timeseries", (12, 8), COUNTERS, {"connect": GAP_MS}),
    (
        "Agents",
        "timeseries",
        (12, 8),
        (Series("queue_agents", "", (STATUS,), label=STATUS),),
        {"connect": GAP_MS},
    ),
    (
        "Service level",
        "timeseries",
        (12, 8),
        (Series("queue_interval_ratio", "", ("queue_name", MEDIA), "mean", metric="oServiceLevel"),),
        {
            "unit": "percentunit",
            "steps": SERVICE_LEVEL,
            "limits": True,
            "connect": True,
            "top": 1,
            "about": "oServiceLevel of genesys_analytics, of each interval. Lines join the points of a quiet queue.",
        },
    ),
    (
        "Longest wait of answered contacts",
        "timeseries",
        (12, 8),
        (Series("queue_interval_duration", "", how="max", metric="tAnswered", field="max"),),
        {"steps": WAIT_S, "limits": True, "connect": True, "about": "Of each interval of genesys_analytics."},
    ),
    ("Sources", "state-timeline", (24, 7), (SOURCES,), {"steps": UP, "mappings": DOWN_UP}),
]


def conditions(one: Series) -> list[tuple[str, str, str]]:
    """Returns (label, operator, value) for each condition; the values of =~ are variables."""
    made = [("host", "=~", "account")]
    if one is SOURCES:
        return made
    made.append(("queue_name", "=~", "queue"))
    if one.label == MEDIA:
        made.append((MEDIA, "=~", "media"))
    if one.where:
        made.append((one.label, "=", one.where))
    if one.metric:
        made += [("metric", "=", one.metric), ("member", "=", "")]
    return made


# ---- InfluxQL --------------------------------------------------------------------------------


def influxql(one: Series) -> str:
    """Returns a query for the newest value of each series in each step, then for one value of all of them. Both queries
    have $timeFilter: without it the inner one would read the whole database."""
    where = [
        '"%s" =~ /^${%s:regex}$/' % (label, value) if operator == "=~" else "\"%s\" = '%s'" % (label, value)
        for label, operator, value in conditions(one)
    ]
    value = 'last("%s")' % one.field
    if one.is_counter:
        value = "non_negative_derivative(%s, 1m)" % value
    tags = '"host", "instance", "type_instance"' if one is not SOURCES else '"host", "block", "source"'
    tags += "".join(', "%s"' % name for name in ("queue_name", one.label) if one is not SOURCES)
    groups = "".join(', "%s"' % name for name in one.by)
    return (
        'SELECT %s("v") FROM (SELECT %s AS "v" FROM "%s" WHERE %s AND $timeFilter GROUP BY time($__interval), %s) '
        "WHERE $timeFilter GROUP BY time($__interval)%s fill(none)"
        % (one.how, value, measurement(one.type), " AND ".join(where), tags, groups)
    )


def influxql_target(number: int, one: Series) -> dict[str, Any]:
    alias = one.legend if not one.by else " ".join("$tag_" + name for name in one.by)
    return target("influxdb", number, rawQuery=True, query=influxql(one), resultFormat="time_series", alias=alias)


def influxql_variables() -> list[dict[str, Any]]:
    def values(key: str, *conditions: str) -> str:
        where = " AND ".join('"%s" =~ /^${%s:regex}$/' % tuple(one.split()) for one in conditions)
        return 'SHOW TAG VALUES FROM "genesys_queue_depth" WITH KEY = "%s"%s' % (key, " WHERE " + where if where else "")

    return [
        datasource_variable("influxdb", "genesys-influxql"),
        variable("influxdb", "account", "Account", values("host")),
        variable("influxdb", "queue", "Queue", values("queue_name", "host account")),
        variable("influxdb", "media", "Media", values(MEDIA, "host account", "queue_name queue")),
    ]


# ---- Flux ------------------------------------------------------------------------------------


def flux(one: Series) -> str:
    words = {"=~": "r.%s =~ /^${%s:regex}$/", "=": 'r.%s == "%s"'}
    where = [
        words[operator] % (label, value) if value else "not exists r." + label for label, operator, value in conditions(one)
    ]
    columns = ", ".join('"%s"' % name for name in one.by)
    steps = [
        "from(bucket: v.defaultBucket)",
        "range(start: v.timeRangeStart, stop: v.timeRangeStop)",
        'filter(fn: (r) => r._measurement == "%s" and r._field == "%s")' % (measurement(one.type), one.field),
        "filter(fn: (r) => %s)" % " and ".join(where),
        "aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)",
    ]
    if one.is_counter:
        steps.append("derivative(unit: 1m, nonNegative: true)")
    steps += [
        "group(columns: [%s])" % ", ".join(filter(None, ('"_time"', columns))),
        one.how + "()",
        "group(columns: [%s])" % columns,
        'sort(columns: ["_time"])',
    ]
    return "\n  |> ".join(steps)


def flux_name(one: Series) -> str:
    """Returns the name that Grafana shows for a series, since the answer has labels only."""
    return " ".join("${__field.labels.%s}" % name for name in one.by) or one.legend


def flux_target(number: int, one: Series) -> dict[str, Any]:
    return target("influxdb", number, query=flux(one))


def flux_variables() -> list[dict[str, Any]]:
    def values(tag: str, *conditions: str) -> str:
        where = "".join(" and r.%s =~ /^${%s:regex}$/" % tuple(one.split()) for one in conditions)
        return (
            'import "influxdata/influxdb/schema"\n\nschema.tagValues(bucket: v.defaultBucket, tag: "%s", '
            'predicate: (r) => r._measurement == "genesys_queue_depth"%s, start: v.timeRangeStart)' % (tag, where)
        )

    return [
        datasource_variable("influxdb", "genesys-flux"),
        variable("influxdb", "account", "Account", values("host")),
        variable("influxdb", "queue", "Queue", values("queue_name", "host account")),
        variable("influxdb", "media", "Media", values(MEDIA, "host account", "queue_name queue")),
    ]


# ---- Graphite --------------------------------------------------------------------------------


def graphite(one: Series) -> str:
    """Returns a query. Nodes are counted from the end, so that a prefix may have any number of them."""
    kind, last = one.type, "$media"
    if one.label == STATUS:
        last = one.where or "*"
    if one.metric:
        last = one.metric + "-" + last
    owner, series = "$queue", kind + "-" + last
    if one is SOURCES:
        owner, series = "*", kind + "-*"
    at = -1
    if one.field != "value":
        series, at = series + "." + one.field, -2
    path = "${prefix}$account.genesys-%s.%s" % (owner, series)
    how = {"mean": "avg"}.get(one.how, one.how)
    if one.is_counter:
        path = "scale(perSecond(keepLastValue(%s)), 60)" % path
    if not one.by:
        whole = {"sum": "sumSeries", "max": "maxSeries"}[one.how]
        return "alias(%s(keepLastValue(%s, 2)), '%s')" % (whole, path, one.legend)
    if one.by == (STATUS,):
        return r"aliasSub(groupByNode(%s, %d, '%s'), '^queue_agents-', '')" % (path, at, how)
    if len(one.by) == 1:
        return "aliasSub(groupByNode(%s, %d, '%s'), '^genesys-', '')" % (path, at - 1, how)
    name = r"^genesys-(.*)\.%s-(.*)$" % (kind + ("-" + one.metric if one.metric else ""))
    return "aliasSub(groupByNodes(%s, '%s', %d, %d), '%s', '\\1 \\2')" % (path, how, at - 1, at, name)


def graphite_target(number: int, one: Series) -> dict[str, Any]:
    return target("graphite", number, target=graphite(one), textEditor=True)


def graphite_variables() -> list[dict[str, Any]]:
    """Returns the variables. `expand` gives whole paths; the regular expression takes the node."""
    prefix = {
        "name": "prefix",
        "label": "Prefix",
        "type": "textbox",
        "query": "",
        "current": {"text": "", "value": ""},
        "hide": 0,
        "description": "The Prefix of write_graphite, with the dot at its end",
        "options": [],
    }
    path = "expand(${prefix}%s.genesys-%s.queue_depth-*)"
    return [
        datasource_variable("graphite", "genesys-graphite"),
        prefix,
        variable("graphite", "account", "Account", path % ("*", "*"), every="*", regex=r"/([^.]*)\.genesys-/"),
        variable("graphite", "queue", "Queue", path % ("$account", "*"), every="*", regex=r"/\.genesys-([^.]*)\./"),
        variable("graphite", "media", "Media", path % ("$account", "$queue"), every="*", regex="/queue_depth-(.*)$/"),
    ]


def operations(uid: str, title: str, variables: list[dict[str, Any]], make: Any, name: Any = None) -> dict[str, Any]:
    """Returns a dashboard. `make` returns the query of a series, `name` its name where the query cannot name it."""
    panels = []
    for heading, kind, size, series, more in PANELS:
        names = tuple(map(name, series)) if name else ()
        targets = [make(number, one) for number, one in enumerate(series)]
        panels.append(panel(heading, kind, targets, size, least=STEP, names=names, **more))
    return dashboard(uid, title, "The present state of the queues.", variables, panels, "now-1h")


def influxql_operations() -> dict[str, Any]:
    title = "Genesys: operations (InfluxQL)"
    return operations("genesys-operations-influxql", title, influxql_variables(), influxql_target)


def flux_operations() -> dict[str, Any]:
    title = "Genesys: operations (Flux)"
    return operations("genesys-operations-flux", title, flux_variables(), flux_target, flux_name)


def graphite_operations() -> dict[str, Any]:
    title = "Genesys: operations (Graphite)"
    return operations("genesys-operations-graphite", title, graphite_variables(), graphite_target)
