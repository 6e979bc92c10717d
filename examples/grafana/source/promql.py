# SPDX-License-Identifier: MIT
"""Queries and variables for Prometheus, of the families of genesys_prometheus.

Labels are compared with `${name:regex}` in a raw string: Grafana's own escaping for "…" breaks the query of a queue whose
name has a quotation mark, and its escaping for '…' breaks the query of a queue whose name has an apostrophe.
"""
from __future__ import annotations

from typing import Any

from grafana import datasource_variable, target, variable

KIND = "prometheus"
HOST = "host=~`${account:regex}`"
QUEUE = HOST + ",queue_name=~`${queue:regex}`"
MEDIUM = QUEUE + ",media_type=~`${media:regex}`"
USER = HOST + ",user_name=~`${agent:regex}`"
FLOW = HOST + ",flow_name=~`${flow:regex}`"
BLOCK = HOST + ",block=~`${block:regex}`"
# The guide's formula, for queues with contacts: without any there is no service level, rather than 0 %.
SERVICE = (
    "clamp_min(1 - (sum by (queue_name) (increase(genesys_queue_sla_breach_total{%(m)s}[%(t)s]))\n"
    "  / (sum by (queue_name) (increase(genesys_queue_offer_total{%(m)s}[%(t)s])) > 0)), 0)"
)


def service_level(span: str) -> str:
    return SERVICE % {"m": MEDIUM, "t": span}


def quantile(share: float, span: str = "5m", by: str = "queue_name") -> str:
    by = ", ".join(filter(None, ("le", by)))
    return "histogram_quantile(%g, sum by (%s) (rate(genesys_queue_wait_time_seconds_bucket{%s}[%s])))" % (
        share,
        by,
        MEDIUM,
        span,
    )


def a_minute(family: str, labels: str, by: str = "") -> str:
    """Returns the query for the events of a counter per minute."""
    return "60 * sum%s (rate(%s{%s}[$__rate_interval]))" % (" by (%s)" % by if by else "", family, labels)


def lines(*queries: tuple[str, str]) -> list[dict[str, Any]]:
    """Returns queries over the time range. `queries` are (expression, legend)."""
    return [
        target(KIND, n, editorMode="code", expr=expr, legendFormat=legend, range=True)
        for n, (expr, legend) in enumerate(queries)
    ]


def now(*queries: str) -> list[dict[str, Any]]:
    """Returns queries of one moment, as rows of a table."""
    return [
        target(KIND, n, editorMode="code", expr=expr, instant=True, range=False, format="table", legendFormat="__auto")
        for n, expr in enumerate(queries)
    ]


def listed(name: str, label: str, of: str, key: str, **more: Any) -> dict[str, Any]:
    """Returns a variable with the values of a label; qryType 5 is a query as text."""
    query = {
        "qryType": 5,
        "query": "label_values(%s, %s)" % (of, key),
        "refId": "PrometheusVariableQueryEditor-VariableQuery",
    }
    return variable(KIND, name, label, query, **more)


def variables(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [datasource_variable(KIND, "genesys-prometheus"), listed("account", "Account", "genesys_source_up", "host"), *more]


def of_queues(media: bool = True) -> list[dict[str, Any]]:
    made = [listed("queue", "Queue", "genesys_queue_depth{%s}" % HOST, "queue_name")]
    if media:
        made.append(listed("media", "Media", "genesys_queue_depth{%s}" % QUEUE, "media_type"))
    return variables(*made)


def gauge_sum(family: str, labels: str = MEDIUM, by: str = "queue_name", how: str = "sum") -> str:
    return "%s%s (%s{%s})" % (how, " by (%s)" % by if by else "", family, labels)
