# SPDX-License-Identifier: MIT
"""Names of flows, metrics and attributes, including odd ones.

A metric is an attribute `<Flow>Metric_<Metric>(<UTC time>)` (guide E).  The
guide does not say which of several "Metric_" divides the name: here the last one
does, so no metric's name contains it. The last parentheses contain the time.
"""
from __future__ import annotations

import time

FLOWS = (
    "CustomerRouting", "Main Menu", "Billing (EU)", "Survey_After Call", "Metric_Lab", "A Metric_ inside",
    "Büro Zürich", "顧客ルーティング", "Sales 50% & more", "Quote \"VIP\"", "Back\\slash", "Night/Weekend",
    "dots.and-dashes", "Emoji \U0001f4de line", "Tarif <b>fix</b>", "Returns",
)
METRICS = (
    "Unknown", "Calls", "Menu_1", "Agent Requested", "Calls (new)", "Überlauf", "a.b.c", "50%", "\"quoted\"",
    "Zero", "Callback offered", "Abandon",
)
ORDINARY = (
    ("AccountID", "0-000000"), ("customerTier", "gold"), ("step", "3"),
    ("note", "CustomerRoutingMetric_Fake(2023-03-05T08:18:04.568Z)"),
    ("Metrics", "7"), ("metric_lower(2023-03-05T08:18:04.568Z)", "1"), ("phone", "+4930123456789"), ("empty", ""),
)

# Names that are no metric, by reason; %s is a good time.
MALFORMED = {
    "no_time": ("CustomerRoutingMetric_Calls", "Main MenuMetric_Unknown "),
    "open": ("CustomerRoutingMetric_Calls(%s", "ReturnsMetric_(%s"),
    "bad_time": ("CustomerRoutingMetric_Calls(yesterday)", "Main MenuMetric_Calls()",
                 "Main MenuMetric_Calls(%%{time})"),
    "trailing": ("ReturnsMetric_Calls(%s) twice", "Main MenuMetric_Zero(%s)x"),
    "no_flow": ("Metric_Calls(%s)",),
    "no_metric": ("CustomerRoutingMetric_(%s)",),
}
LATE_S = 15 * 86_400  # older than the usual retention of 14 days


def stamp(epoch_ms: int) -> str:
    seconds, ms = divmod(epoch_ms, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%03dZ" % ms


def attribute(flow: str, metric: str, epoch_ms: int) -> str:
    return "%sMetric_%s(%s)" % (flow, metric, stamp(epoch_ms))
