# SPDX-License-Identifier: MIT
"""The dashboards for Prometheus about queues: operations, service level, agents."""
from __future__ import annotations

from typing import Any

from grafana import DEPTH, FAULTS, SERVICE_LEVEL, WAIT_S, colored, dashboard, panel, row, table_columns
from promql import HOST, MEDIUM, QUEUE, USER, a_minute, gauge_sum, lines, listed, now, of_queues, quantile, service_level


def operations() -> dict[str, Any]:
    agents = "genesys_queue_agents"
    on_queue, available = QUEUE + ',status="on_queue"', QUEUE + ',status="available"'
    columns = [
        ("Waiting", colored("none", DEPTH)),
        ("Longest wait", colored("s", WAIT_S)),
        ("Ringing", {"unit": "none"}),
        ("Talking", {"unit": "none"}),
        ("On queue", {"unit": "none"}),
        ("Available", {"unit": "none"}),
        ("Wait, 95th percentile", colored("s", WAIT_S)),
        ("Service level", colored("percentunit", SERVICE_LEVEL, decimals=0)),
    ]
    table = now(
        gauge_sum("genesys_queue_depth"),
        gauge_sum("genesys_queue_longest_wait_seconds", how="max"),
        gauge_sum("genesys_queue_alerting"),
        gauge_sum("genesys_queue_interacting"),
        gauge_sum(agents, on_queue),
        gauge_sum(agents, available),
        quantile(0.95),
        service_level("15m"),
    )
    panels = [
        panel(
            "Waiting",
            "stat",
            lines((gauge_sum("genesys_queue_depth", by=""), "waiting")),
            (4, 4),
            about="Contacts that wait in the selected queues.",
        ),
        panel(
            "Longest wait",
            "stat",
            lines((gauge_sum("genesys_queue_longest_wait_seconds", by="", how="max"), "longest")),
            (4, 4),
            steps=WAIT_S,
        ),
        panel("Talking", "stat", lines((gauge_sum("genesys_queue_interacting", by=""), "talking")), (4, 4)),
        panel(
            "Available agents",
            "stat",
            lines((gauge_sum(agents, available, by=""), "available")),
            (4, 4),
            about="On queue and idle. An agent of several queues counts in each of them.",
        ),
        panel(
            "Service level, 15 min",
            "stat",
            lines((service_level("15m").replace("sum by (queue_name)", "sum"), "service level")),
            (4, 4),
            unit="percentunit",
            steps=SERVICE_LEVEL,
            top=1,
            about="Share of contacts within the target, all queues together.",
        ),
        panel(
            "Sources down",
            "stat",
            lines(("sum(genesys_source_up{%s} == bool 0)" % HOST, "down")),
            (4, 4),
            steps=FAULTS,
            about="Sources whose last attempts failed: their numbers are missing. The dashboard Plugin health names them.",
        ),
        panel(
            "Queues",
            "table",
            table,
            (24, 9),
            columns=table_columns({"queue_name": "Queue"}, columns, "Waiting"),
            about="No percentile: no answered contact in 5 min. No service level: no contact in 15 min.",
        ),
        panel(
            "Waiting contacts",
            "timeseries",
            lines((gauge_sum("genesys_queue_depth"), "{{queue_name}}")),
            (12, 8),
            steps=DEPTH,
            limits=True,
            about="The line is the limit of the alert GenesysQueueOverflow for voice, 50.",
        ),
        panel(
            "Wait, 95th percentile",
            "timeseries",
            lines((quantile(0.95), "{{queue_name}}")),
            (12, 8),
            unit="s",
            steps=WAIT_S,
            limits=True,
            connect=True,
            about="Of contacts answered in the last 5 min. The line is the limit of GenesysQueueWaitLong, 120 s.",
        ),
        panel(
            "Contacts per minute",
            "timeseries",
            lines(
                *(
                    (a_minute("genesys_queue_%s_total" % what, MEDIUM), word)
                    for what, word in (
                        ("offer", "offered"),
                        ("answer", "answered"),
                        ("abandon", "abandoned"),
                        ("transfer", "transferred"),
                    )
                )
            ),
            (12, 8),
        ),
        panel("Agents", "timeseries", lines((gauge_sum(agents, QUEUE, "status"), "{{status}}")), (12, 8)),
    ]
    return dashboard(
        "genesys-operations", "Genesys: operations", "The present state of the queues.", of_queues(), panels, "now-1h"
    )


def service() -> dict[str, Any]:
    breaches = "sum by (queue_name, sla_target_seconds) (increase(genesys_queue_sla_breach_total{%s}[$__range]))" % MEDIUM
    platform = 'avg by (queue_name, media_type) (genesys_queue_interval_ratio{%s,metric="oServiceLevel",member=""})' % MEDIUM
    mean = (
        "sum by (queue_name) (rate(genesys_queue_wait_time_seconds_sum{%(m)s}[5m]))\n"
        "  / (sum by (queue_name) (rate(genesys_queue_wait_time_seconds_count{%(m)s}[5m])) > 0)"
    ) % {"m": MEDIUM}
    gone = (
        "sum by (queue_name) (increase(genesys_queue_abandon_total{%(m)s}[15m]))\n"
        "  / (sum by (queue_name) (increase(genesys_queue_offer_total{%(m)s}[15m])) > 0)"
    ) % {"m": MEDIUM}
    buckets = lines(
        ("sum by (le) (increase(genesys_queue_wait_time_seconds_bucket{%s}[$__rate_interval]))" % MEDIUM, "{{le}}")
    )
    buckets[0]["format"] = "heatmap"
    panels = [
        panel(
            "Service level, 15 min",
            "bargauge",
            lines((service_level("15m"), "{{queue_name}}")),
            (12, 9),
            unit="percentunit",
            steps=SERVICE_LEVEL,
            top=1,
        ),
        panel(
            "Contacts past their target",
            "bargauge",
            [
                {**one, "range": False, "instant": True}
                for one in lines((breaches, "{{queue_name}}, {{sla_target_seconds}} s"))
            ],
            (12, 9),
            unit="none",
            about="In the time range. The target is that of ServiceLevelTarget, or of the queue.",
        ),
        panel(
            "Service level",
            "timeseries",
            lines((service_level("15m"), "{{queue_name}}")),
            (12, 8),
            unit="percentunit",
            steps=SERVICE_LEVEL,
            limits=True,
            connect=True,
            top=1,
            about="Of 15 min. Lines join the points of a quiet queue.",
        ),
        panel(
            "Service level by the platform",
            "timeseries",
            lines((platform, "{{queue_name}} {{media_type}}")),
            (12, 8),
            unit="percentunit",
            steps=SERVICE_LEVEL,
            limits=True,
            connect=True,
            top=1,
            about="oServiceLevel of genesys_analytics, of the newest interval.",
        ),
        panel(
            "Wait, 95th percentile",
            "timeseries",
            lines((quantile(0.95), "{{queue_name}}")),
            (12, 8),
            unit="s",
            steps=WAIT_S,
            limits=True,
            connect=True,
        ),
        panel(
            "Mean wait of answered contacts", "timeseries", lines((mean, "{{queue_name}}")), (12, 8), unit="s", connect=True
        ),
        panel("Waits of answered contacts", "heatmap", buckets, (12, 9), unit="s"),
        panel(
            "Abandoned share, 15 min",
            "timeseries",
            lines((gone, "{{queue_name}}")),
            (12, 9),
            unit="percentunit",
            connect=True,
        ),
    ]
    return dashboard(
        "genesys-service-level", "Genesys: service level", "Service level, waits and abandoned contacts.", of_queues(), panels
    )


def agents() -> dict[str, Any]:
    def state(status: str) -> str:
        return 'sum by (queue_name) (genesys_queue_agents{%s,status="%s"})' % (QUEUE, status)

    def spent(metric: str, by: str) -> str:
        return 'sum by (%s) (genesys_user_interval_seconds{%s,metric="%s"})' % (by, USER, metric)

    occupancy = "%s / (%s > 0)" % (state("busy"), state("on_queue"))
    columns = [(title, {"unit": "none"}) for title in ("Members", "Active", "On queue", "Available", "Busy")]
    columns.append(("Occupancy", {"unit": "percentunit", "decimals": 0}))
    table = now(*(state(one) for one in ("member", "active", "on_queue", "available", "busy")), occupancy)
    panels = [
        panel(
            "Agents of the queues",
            "table",
            table,
            (24, 8),
            columns=table_columns({"queue_name": "Queue"}, columns, "On queue"),
            about="An agent of several queues counts in each of them.",
        ),
        panel("Available agents", "timeseries", lines((state("available"), "{{queue_name}}")), (12, 8)),
        panel(
            "Occupancy",
            "timeseries",
            lines((occupancy, "{{queue_name}}")),
            (12, 8),
            unit="percentunit",
            connect=True,
            top=1,
            about="Busy agents as a share of those on queue.",
        ),
        panel(
            "Routing status",
            "timeseries",
            lines(("sum by (status) (genesys_queue_agents_routing{%s})" % QUEUE, "{{status}}")),
            (12, 8),
            stack=True,
        ),
        panel(
            "Presence",
            "timeseries",
            lines(("sum by (status) (genesys_queue_agents_presence{%s})" % QUEUE, "{{status}}")),
            (12, 8),
            stack=True,
        ),
        row("Single agents (a Query with Source users)"),
        panel(
            "Time by routing status",
            "timeseries",
            lines((spent("tAgentRoutingStatus", "qualifier"), "{{qualifier}}")),
            (12, 8),
            stack=True,
            about="Of the selected agents, in the newest interval.",
        ),
        panel(
            "Time by presence",
            "timeseries",
            lines((spent("tSystemPresence", "qualifier"), "{{qualifier}}")),
            (12, 8),
            stack=True,
        ),
        panel(
            "Time in presences",
            "table",
            now(spent("tSystemPresence", "user_name, qualifier")),
            (24, 9),
            columns=table_columns({"user_name": "Agent", "qualifier": "Presence"}, [("Time", {"unit": "s"})], "Time"),
        ),
    ]
    chosen = [*of_queues(media=False), listed("agent", "Agent", "genesys_user_interval_seconds{%s}" % HOST, "user_name")]
    return dashboard("genesys-agents", "Genesys: agents", "Agents of the queues, and what single agents do.", chosen, panels)
