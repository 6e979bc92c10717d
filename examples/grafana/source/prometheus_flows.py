# SPDX-License-Identifier: MIT
"""The dashboard for Prometheus about flows, with the comparison of two of them."""
from __future__ import annotations

from typing import Any

from grafana import dashboard, override, panel, row, table_columns
from promql import FLOW, HOST, a_minute, lines, listed, now, variables


def flows() -> dict[str, Any]:
    metric = FLOW + ",metric=~`${metric:regex}`"

    def growth(variant: str) -> str:
        return "increase(genesys_flow_metric_total{%s,flow_name=~`${%s:regex}`" % (HOST, variant)

    def count(variant: str) -> str:
        return "sum by (metric) (%s,metric=~`${metric:regex}`}[$__range]))" % growth(variant)

    def share(variant: str) -> str:
        return "%s\n  / ignoring (metric) group_left () sum(%s}[$__range]))" % (count(variant), growth(variant))

    def pace(variant: str) -> str:
        labels = HOST + ",flow_name=~`${%s:regex}`,metric=~`${metric:regex}`" % variant
        return a_minute("genesys_flow_metric_total", labels, "metric")

    percent = {"unit": "percentunit", "decimals": 1}
    difference = {
        "id": "calculateField",
        "options": {
            "mode": "binary",
            "alias": "B - A",
            "replaceFields": False,
            "binary": {"left": "Share in B", "operator": "-", "right": "Share in A"},
        },
    }
    compared = table_columns(
        {"metric": "Metric"},
        [
            ("A", {"unit": "none", "decimals": 0}),
            ("B", {"unit": "none", "decimals": 0}),
            ("Share in A", percent),
            ("Share in B", percent),
        ],
        "Share in A",
        [difference],
    )
    compared["overrides"].append(override("B - A", **percent))
    panels = [
        panel(
            "Conversations in flows now",
            "timeseries",
            lines(("sum by (flow_name) (genesys_flow_active{%s})" % FLOW, "{{flow_name}}")),
            (12, 8),
            about="Observations of the <Flows> block.",
        ),
        panel(
            "Entries of the newest interval",
            "timeseries",
            lines(('sum by (flow_name) (genesys_flow_interval_number{%s,metric="nFlow"})' % FLOW, "{{flow_name}}")),
            (12, 8),
            connect=True,
        ),
        panel(
            "Metrics per minute",
            "timeseries",
            lines((a_minute("genesys_flow_metric_total", metric, "flow_name, metric"), "{{flow_name}}: {{metric}}")),
            (12, 9),
        ),
        panel(
            "Metrics in the time range",
            "bargauge",
            [
                {**one, "range": False, "instant": True}
                for one in lines(
                    (
                        "sort_desc(sum by (flow_name, metric) (increase(genesys_flow_metric_total{%s}[$__range])))" % metric,
                        "{{flow_name}}: {{metric}}",
                    )
                )
            ],
            (12, 9),
            unit="none",
        ),
        row("A/B comparison"),
        panel(
            "$flow_a (A) and $flow_b (B)",
            "table",
            now(count("flow_a"), count("flow_b"), share("flow_a"), share("flow_b")),
            (24, 10),
            columns=compared,
            about="Each metric's count in the time range, and its share of all metrics of its flow.",
        ),
        panel("A: $flow_a", "timeseries", lines((pace("flow_a"), "{{metric}}")), (12, 8)),
        panel("B: $flow_b", "timeseries", lines((pace("flow_b"), "{{metric}}")), (12, 8)),
    ]
    counted = "genesys_flow_metric_total{%s}"
    chosen = variables(
        listed("flow", "Flow", counted % HOST, "flow_name"),
        listed("metric", "Metric", counted % FLOW, "metric"),
        listed("flow_a", "A", counted % HOST, "flow_name", multi=False),
        listed("flow_b", "B", counted % HOST, "flow_name", multi=False),
    )
    return dashboard(
        "genesys-flows",
        "Genesys: flows",
        "Metrics that flows set, and a comparison of two flows.",
        chosen,
        panels,
        "now-24h",
        "30s",
    )
