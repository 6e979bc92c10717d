# SPDX-License-Identifier: MIT
"""The dashboard for Prometheus about the plugins themselves."""
from __future__ import annotations

from typing import Any

from grafana import DOWN_UP, FAULTS, UP, dashboard, panel, row, states
from promql import BLOCK, HOST, a_minute, lines, listed, variables


def health() -> dict[str, Any]:
    def total(family: str, by: str, labels: str = BLOCK) -> tuple[str, str]:
        return a_minute(family, labels, by), " ".join("{{%s}}" % one for one in by.split(", "))

    def value(family: str, legend: str, labels: str = BLOCK) -> tuple[str, str]:
        return "%s{%s}" % (family, labels), legend

    panels = [
        panel(
            "Sources",
            "state-timeline",
            lines(value("genesys_source_up", "{{block}} {{source}}")),
            (24, 8),
            steps=UP,
            mappings=DOWN_UP,
            about="Down: the last attempts failed, and the numbers of the other dashboards are missing or old.",
        ),
        panel(
            "Age of the newest answer",
            "timeseries",
            lines(value("genesys_source_age_seconds", "{{block}} {{source}}")),
            (12, 8),
        ),
        panel(
            "Delay of the newest interval",
            "timeseries",
            lines(
                (
                    "genesys_window_lag_seconds{%s} - genesys_window_length_seconds{%s}" % (BLOCK, BLOCK),
                    "{{block}}",
                )
            ),
            (12, 8),
            steps=(("green", None), ("yellow", 900)),
            limits=True,
            about="The age without the length of the window itself. The line is the limit of GenesysWindowsStale.",
        ),
        row("Streams"),
        panel(
            "Connected",
            "state-timeline",
            lines(value("genesys_stream_connected", "{{block}}")),
            (12, 6),
            steps=UP,
            mappings=DOWN_UP,
        ),
        panel(
            "Silence",
            "timeseries",
            lines(value("genesys_stream_silence_seconds", "{{block}}")),
            (12, 6),
            steps=(("green", None), ("red", 90)),
            limits=True,
            about="The platform sends a heartbeat every 30 s.",
        ),
        panel(
            "Blind time",
            "timeseries",
            lines(("delta(genesys_stream_gap_seconds{%s}[5m])" % BLOCK, "{{block}}")),
            (8, 7),
            about="Time without a stream in the last 5 min: contacts that began and ended in it are not counted.",
        ),
        panel(
            "Time without values over the last restart",
            "timeseries",
            lines(value("genesys_restart_gap_seconds", "{{block}}")),
            (24, 6),
            steps=(("green", None), ("yellow", 120)),
            limits=True,
            about="A new value above the line raises GenesysRestartGap.",
        ),
        panel("Topics", "timeseries", lines(value("genesys_stream_topics", "{{block}} {{state}}")), (8, 7)),
        panel("Events per minute", "timeseries", lines(total("genesys_events_total", "block, result")), (8, 7)),
        row("Requests"),
        panel(
            "Requests per minute",
            "timeseries",
            lines(total("genesys_api_requests_total", "class", HOST)),
            (12, 8),
            stack=True,
        ),
        panel(
            "Requests of each block per minute",
            "timeseries",
            lines(total("genesys_block_requests_total", "block")),
            (12, 8),
            stack=True,
        ),
        panel("Answers 429 per minute", "timeseries", lines(total("genesys_api_throttled_total", "account", HOST)), (6, 8)),
        panel("Waiting requests", "timeseries", lines(value("genesys_api_queued", "{{account}}", HOST)), (6, 8)),
        panel(
            "Time of an answer",
            "timeseries",
            lines(value("genesys_api_function_latency_seconds", "{{account}} {{function}}", HOST)),
            (24, 8),
            steps=(("green", None), ("yellow", 5)),
            limits=True,
            about="The average of each function. The line is the limit of GenesysRequestsSlow.",
        ),
        panel(
            "Token lifetime",
            "timeseries",
            lines(value("genesys_token_lifetime_seconds", "{{account}}", HOST)),
            (8, 7),
            steps=(("red", None), ("green", 120)),
            limits=True,
        ),
        panel(
            "Budget",
            "timeseries",
            lines(value("genesys_api_minute_left", "{{account}}", HOST)),
            (8, 7),
            about="RequestsPerMinute minus the requests of the last 60 s (api_minute_left).",
        ),
        panel(
            "Requests of the month",
            "timeseries",
            lines(value("genesys_api_month_requests", "{{account}}", HOST)),
            (8, 7),
        ),
        panel(
            "Circuit breaker",
            "state-timeline",
            lines(value("genesys_api_breaker", "{{account}}", HOST)),
            (8, 7),
            steps=FAULTS,
            mappings=states("closed", "open", "green", "red"),
        ),
        panel(
            "Certificates",
            "timeseries",
            lines(value("genesys_certificate_lifetime_seconds", "{{account}}{{block}} {{certificate}}", HOST)),
            (24, 7),
            steps=(("red", None), ("green", 14 * 86400)),
            limits=True,
            about="Time until each certificate ends. The line is the limit of GenesysCertificateEnds.",
        ),
        row("Series"),
        panel(
            "Series",
            "timeseries",
            lines(
                value("genesys_series", "{{block}} {{source}}"),
                value("genesys_series_max", "{{block}} MaxSeries"),
            ),
            (12, 7),
        ),
        panel(
            "Values beyond MaxSeries, per minute",
            "timeseries",
            lines(total("genesys_series_overflow_total", "block")),
            (12, 7),
        ),
    ]
    chosen = variables(listed("block", "Block", "genesys_source_up{%s}" % HOST, "block"))
    return dashboard(
        "genesys-plugin-health",
        "Genesys: plugin health",
        "Sources, streams, requests and series of the plugins.",
        chosen,
        panels,
        "now-6h",
        "30s",
    )
