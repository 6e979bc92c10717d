# SPDX-License-Identifier: MIT
"""The guide dialect: calls of a published how-to guide that the official API lacks.

    POST /api/v2/analytics/queues/details/query
    {"select": ["count(waitTime)", "sum(answered)", "sum(abandoned)", "sum(offered)"], "where": [],
     "groupBy": ["queueId"], "interval": "PT1M", "since": RFC 3339, "until": RFC 3339}

The answer has a row for each queue and minute in which something happened;
waitTime is the mean wait of the answered contacts, in seconds.
"""
from __future__ import annotations

import itertools
from typing import Any

from .. import sums
from ..clock import iso_ms
from ..web.message import bad_request, standard_error
from . import aggregates, windows
from .router import Call, Route

SELECT = {"count(waitTime)": "waitTime", "sum(answered)": "answered", "sum(abandoned)": "abandoned",
          "sum(offered)": "offered"}
METRICS = ["nOffered", "tAnswered", "tAbandon"]
SCOPE = "analytics:query"


def query_details(call: Call) -> dict[str, Any]:
    app, body = call.app, call.body()
    scopes = app.settings.token_scopes
    if scopes is not None and SCOPE not in scopes:
        raise standard_error(403, message="The token lacks the scope " + SCOPE)
    wait = app.limiter.refuse_for(call.client + " details", app.settings.guide_rate_limit, app.wall())
    if wait is not None:
        raise standard_error(429, retry_after=wait)
    query = _read(call, body)
    note = app.noted_query(call.request, {**body, "interval": "%s/%s" % (body["since"], body["until"]),
                                   "granularity": body["interval"]})
    now_ms = note["now_ms"] = int(app.wall() * 1000)
    with app.world.lock:
        seen = None if app.settings.divisions is None else {d.id for d in app.world.divisions if app.sees(d)}
        groups = aggregates.of_facts(app, query, now_ms, seen)
    rows = [_row(key[0], body["interval"], query.buckets[number][1], found)
            for key, numbered in groups.items() for number, found in sorted(numbered.items())]
    if rows and app.settings.guide_bad_interval_end:
        rows[0]["intervalEnd"] = "a minute ago"
    return {"totalCount": len(rows), "results": rows}


def _read(call: Call, body: dict[str, Any]) -> aggregates.Query:
    select, period = body.get("select"), windows.period(body.get("interval"))
    if not isinstance(select, list) or not select or any(one not in SELECT for one in select):
        raise bad_request("select: give some of " + ", ".join(SELECT))
    if body.get("groupBy") != ["queueId"] or body.get("where"):
        raise bad_request("groupBy must be [\"queueId\"] and where empty.")
    if period is None:
        raise bad_request("The interval is required.")
    span = windows.interval("%s/%s" % (body.get("since"), body.get("until")))
    most = call.app.settings.aggregate_buckets_max
    buckets = list(itertools.islice(windows.buckets(span, period, windows.zone(None)), most + 1))
    if len(buckets) > most:
        raise bad_request("since and until are too far apart.")
    return aggregates.Query(aggregates.CONVERSATIONS, buckets, windows.zone(None), ["queueId"], METRICS, None)


def _row(queue: str, interval: str, end_ms: int, found: sums.Sums) -> dict[str, Any]:
    offered, answered, abandoned = (found.get((metric, None), sums.Sum()) for metric in METRICS)
    mean_s = answered.sum_ms / answered.count / 1000 if answered.count else 0.0
    return {"queueId": queue, "waitTime": round(mean_s, 3), "answered": answered.count, "abandoned": abandoned.count,
            "offered": offered.count, "interval": interval, "intervalEnd": iso_ms(end_ms)}


ROUTES = [Route("POST", "/analytics/queues/details/query", query_details, official=False)]
