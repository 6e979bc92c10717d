# SPDX-License-Identifier: MIT
"""Aggregate queries: the facts that the platform has at that moment, by group and interval.

The README lists the points that the official documents leave open.
"""
from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Iterator, Optional

from .. import sums
from ..web.message import Reply, bad_request, dumps, invalid_value
from ..world.facts import Fact
from . import filler, filters, vocabulary, windows
from .observations import mapping, metric_names
from .router import Call, Route

if TYPE_CHECKING:
    from ..application import Simulator

CONVERSATIONS, FLOWS, USERS = "Conversation", "Flow", "User"
WORDS = {CONVERSATIONS: (vocabulary.CONVERSATION_METRICS, vocabulary.CONVERSATION_DIMENSIONS),
         FLOWS: (vocabulary.FLOW_METRICS, vocabulary.FLOW_DIMENSIONS),
         USERS: (vocabulary.USER_METRICS, vocabulary.USER_DIMENSIONS)}
STREAM_FROM = 1 << 18  # bytes; shorter answers have a Content-Length
KNOWN = {"interval", "granularity", "timeZone", "groupBy", "filter", "metrics", "flattenMultivaluedDimensions",
         "views", "alternateTimeDimension", "queryType", "sortMetric", "limit"}


@dataclass
class Query:
    kind: str
    buckets: list[windows.Bucket]
    zone: tzinfo
    by: list[str]
    metrics: list[str]
    node: Optional[filters.Node]


# ---- reading ----------------------------------------------------------------------

def read(app: "Simulator", body: dict[str, Any], kind: str) -> Query:
    """Each limit is a setting; the platform's limits are not documented."""
    metrics, dimensions = WORDS[kind]
    unknown = sorted(set(body) - KNOWN)
    if unknown:
        raise bad_request("Unrecognized field \"%s\"" % unknown[0])
    if body.get("views") or body.get("queryType") not in (None, "groupBy"):
        raise bad_request("views and queryType are not simulated.")
    made = Query(kind, [], windows.zone(body.get("timeZone")), _group_by(app, body, kind, dimensions),
                 metric_names(body.get("metrics"), metrics, kind + "AggregationMetric"), None)
    made.buckets = _buckets(app, body, made.zone)
    most = min(app.settings.aggregate_predicates_max, app.settings.aggregate_users_max if kind == USERS else filters.MANY)
    allowed = dimensions if kind == USERS else dimensions + vocabulary.FILTER_ONLY
    made.node = filters.parse(body.get("filter"), allowed, kind + "Aggregate", required=False, most=most)
    return made


def _group_by(app: "Simulator", body: dict[str, Any], kind: str, allowed: list[str]) -> list[str]:
    raw = body.get("groupBy") or []
    if not isinstance(raw, list):
        raise bad_request("groupBy must be an array.")
    for one in raw:
        if one not in allowed:
            raise invalid_value(one, kind + "AggregationDimension", allowed)
    if len(raw) > app.settings.aggregate_group_by_max:
        raise bad_request("The query groups by [%d] dimensions, the maximum is [%d]."
                          % (len(raw), app.settings.aggregate_group_by_max))
    return list(dict.fromkeys(raw))


def _buckets(app: "Simulator", body: dict[str, Any], zone: tzinfo) -> list[windows.Bucket]:
    settings, whole = app.settings, windows.interval(body.get("interval"))
    if whole[1] - whole[0] > settings.aggregate_interval_max_s * 1000:
        raise bad_request("The interval [%s] is too wide: it must not exceed [%d] seconds."
                          % (body["interval"], settings.aggregate_interval_max_s))
    period = windows.period(body.get("granularity"))
    if period is not None and period.least_ms < settings.aggregate_granularity_min_s * 1000:
        raise bad_request("The granularity [%s] is too fine." % body["granularity"])
    most = settings.aggregate_buckets_max
    made = list(itertools.islice(windows.buckets(whole, period, zone), most + 1))
    if len(made) > most:
        raise bad_request("The query asks for more than [%d] intervals; widen the granularity." % most)
    return made


# ---- answering ----------------------------------------------------------------------

def query_conversations(call: Call) -> Reply:
    return _answer(call, CONVERSATIONS)


def query_flows(call: Call) -> Reply:
    return _answer(call, FLOWS)


def query_users(call: Call) -> Reply:
    return _answer(call, USERS)


def _answer(call: Call, kind: str) -> Reply:
    app, body = call.app, call.body()
    note = app.noted_query(call.request, body)
    query = read(app, body, kind)
    now_ms = note["now_ms"] = int(app.wall() * 1000)
    with app.world.lock:
        head = {"systemToOrganizationMappings": mapping(call)} if kind == USERS else {}
        if kind == CONVERSATIONS and app.settings.filler is not None and set(query.by) <= filler.DIMENSIONS:
            results = _filled(app, query, now_ms)
        else:
            groups = _groups(app, query, now_ms)
            note["groups"] = len(groups)
            most = app.settings.aggregate_groups_max
            if most and len(groups) > most:
                raise bad_request("The query has [%d] groups, the maximum is [%d]; filter or group less."
                                  % (len(groups), most))
            results = (dumps(one) for one in results_of(query, groups))
            if app.settings.aggregate_oddities:
                results = _odd(results, query)
    return _reply(head, results, app.settings.aggregate_empty)


def _groups(app: "Simulator", query: Query, now_ms: int) -> sums.Groups:
    facts, settings = app.world.facts, app.settings
    if query.kind == USERS:
        node = query.node
        agents = [a for a in app.world.agents if node is None or node.matches({"userId": a}.get)]
        return sums.of_agents(facts, agents, query.metrics, query.by, query.buckets, now_ms, now_ms)
    seen = None if settings.divisions is None else {d.id for d in app.world.divisions if app.sees(d)}
    if "mediaType" not in query.by:  # Genesys docs: the group always has it
        query.by.append("mediaType")
    return of_facts(app, query, now_ms, seen)


def of_facts(app: "Simulator", query: Query, now_ms: int, seen: Optional[set[str]]) -> sums.Groups:
    facts, names, node = app.world.facts, sums.needed(query.metrics), query.node

    def wanted(fact: Fact) -> bool:
        return (fact.metric in names and (seen is None or fact.dimensions.get("divisionId") in seen)
                and (node is None or node.matches(fact.dimensions.get)))

    where = facts.flows if query.kind == FLOWS else facts.conversations
    found = facts.within(where, query.buckets[0][0], query.buckets[-1][1])
    return sums.of_facts(found, query.by, query.buckets, now_ms, wanted)


def results_of(query: Query, groups: sums.Groups) -> Iterator[dict[str, Any]]:
    for key in sorted(groups, key=lambda k: tuple(v or "" for v in k)):
        data = [{"interval": windows.interval_text(query.buckets[number], query.zone), "metrics": rows}
                for number in sorted(groups[key])
                for rows in [sums.rows(groups[key][number], query.metrics)] if rows]
        if data:
            yield {"group": {d: v for d, v in zip(query.by, key) if v is not None}, "data": data}


def _filled(app: "Simulator", query: Query, now_ms: int) -> Iterator[bytes]:
    rule = filler.Filler(app.settings.filler or {}, query.metrics)
    only = (query.node.only("queueId"), query.node.only("mediaType")) if query.node else (None, None)
    return rule.results(app.visible_queues(only[0]), query.buckets, now_ms, only[1])


def _odd(results: Iterator[bytes], query: Query) -> Iterator[bytes]:
    """Oddities that a client must accept: unknown members, sections that are null or missing, sums as doubles."""
    when = dumps(windows.interval_text(query.buckets[0], query.zone))
    yield b'{"group":{"queueId":"00000000-0000-4000-8000-000000000000","mediaType":"cobrowse"}}'
    yield b'{"group":{"mediaType":"cobrowse"},"data":null,"future":{"data":[{"metrics":[1]}]}}'
    yield b'{"group":null,"data":[{"interval":%s,"metrics":null,"views":null}]}' % when
    yield (b'{"group":{"mediaType":"cobrowse"},"data":[{"interval":%s,"metrics":[{"metric":"%s","stats":null},'
           b'{"metric":"%s"},null]},null]}' % (when, query.metrics[0].encode(), query.metrics[0].encode()))
    yield b"null"
    for result in results:
        yield b'{"future":[[],{}],' + result[1:].replace(b'"stats":{', b'"stats":{"p999":null,')


def _reply(head: dict[str, Any], results: Iterator[bytes], empty: str) -> Reply:
    """Returns a short answer whole and streams a long one."""
    begin = dumps(head)[:-1] + (b"," if head else b"")
    first: list[bytes] = []
    size = 0
    for piece in results:
        first.append(piece)
        size += len(piece)
        if size > STREAM_FROM:
            rest = (b"," + more for more in results)
            return Reply(200, stream=itertools.chain([begin + b'"results":[' + b",".join(first)], rest, [b"]}"]))
    if not first and empty != "list":
        return Reply(200, {"absent": dumps(head), "null": begin + b'"results":null}'}[empty])
    return Reply(200, begin + b'"results":[' + b",".join(first) + b"]}")


ROUTES = [
    Route("POST", "/analytics/conversations/aggregates/query", query_conversations,
          ("analytics:conversationAggregate:view",)),
    Route("POST", "/analytics/users/aggregates/query", query_users, ("analytics:userAggregate:view",)),
    Route("POST", "/analytics/flows/aggregates/query", query_flows, ("analytics:flowAggregate:view",)),
]
