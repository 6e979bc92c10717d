# SPDX-License-Identifier: MIT
"""Activity queries: the current values, with groupBy and pages.

Differences from the observation queries (Genesys docs): the metric of the
request is an object {"metric": …}, `count` stands directly in the data
element, and pages come by pageSize and pageNumber of the query string.
"""
from __future__ import annotations

from typing import Any, Callable, Iterable, Optional

from ..clock import iso_ms
from ..web.message import bad_request, invalid_value
from ..world import gauges
from ..world.model import MEDIA, Agent, Membership, Queue, Visit
from . import filters, paging
from .observations import DETAILS_MAX, USER_METRICS, queue_count
from .router import Call, Route

CONTACT_METRICS = sorted(gauges.CONTACT_METRICS)
CONTACT_DIMENSIONS = [
    "activeRouting", "addressFrom", "addressTo", "agentScore", "ani", "conversationId", "convertedFrom",
    "convertedTo", "direction", "dnis", "mediaType", "participantName", "queueId", "requestedLanguageId",
    "requestedRouting", "requestedRoutingSkillId", "routingPriority", "scoredAgentId", "sessionId",
    "teamId", "usedRouting", "userId"]
USER_DIMENSIONS = ["organizationPresenceId", "presenceDate", "queueId", "queueMembershipStatus",
                   "routingStatus", "routingStatusDate", "systemPresence", "teamId", "userId"]
Group = tuple[Optional[str], ...]


def _metrics(body: dict[str, Any], allowed: list[str], kind: str) -> list[tuple[str, bool]]:
    raw = body.get("metrics")
    if not isinstance(raw, list) or not raw:
        raise bad_request("The query must contain at least one metric.")
    made = []
    for one in raw:
        name = one.get("metric") if isinstance(one, dict) else None
        if name not in allowed:
            raise invalid_value(name, kind, allowed)
        made.append((name, bool(one.get("details"))))
    return made


def _group_by(body: dict[str, Any], allowed: list[str], kind: str) -> list[str]:
    raw = body.get("groupBy")
    if not isinstance(raw, list) or not raw:
        raise bad_request("The query must contain at least one groupBy dimension.")
    for one in raw:
        if one not in allowed:
            raise invalid_value(one, kind, allowed)
    return raw


def _answer(call: Call, body: dict[str, Any], groups: list[Any],
            render: Callable[[Any], dict[str, Any]], entity: Optional[str]) -> dict[str, Any]:
    """One page.  Genesys docs: it has neither total nor nextUri; an oversized page is clamped."""
    most = call.app.settings.activity_page_max
    size, page = paging.window(call, most, default=min(100, most))
    order = body.get("order", "unordered")
    if order not in ("asc", "desc", "unordered"):
        raise invalid_value(order, "QueryOrder", ["asc", "desc", "unordered"])
    if order == "desc":
        groups = groups[::-1]
    made: dict[str, Any] = {"results": [render(group) for group in paging.cut(groups, size, page)]}
    if entity:
        made["entityIdDimension"] = entity
    return made


# ---- conversations --------------------------------------------------------------

def dimension_of(visit: Visit, dimension: str) -> Optional[str]:
    conversation, who = visit.conversation, visit.served_by
    call_like = conversation.media in ("voice", "callback")
    served = who is not None and who.agent is not None
    if dimension == "queueId":
        return visit.queue.id
    if dimension == "mediaType":
        return conversation.media
    if dimension in ("ani", "dnis"):
        return getattr(conversation, dimension) if call_like else None
    if dimension in ("addressFrom", "addressTo"):
        return None if call_like else conversation.ani if dimension == "addressFrom" else conversation.dnis
    if dimension == "userId":
        return who.agent.id if served else None
    if dimension == "usedRouting":
        return "Standard" if served else None
    return {"conversationId": conversation.id, "direction": conversation.direction,
            "participantName": conversation.customer, "routingPriority": "0",
            "requestedRouting": "Standard", "activeRouting": "Standard",
            "sessionId": (who or visit.acd).comm.id}.get(dimension)


def query_conversations(call: Call) -> dict[str, Any]:
    body = call.body()
    metrics = _metrics(body, CONTACT_METRICS, "ConversationActivityMetric")
    by = _group_by(body, CONTACT_DIMENSIONS, "ConversationActivityDimension")
    node = filters.parse(body.get("filter"), CONTACT_DIMENSIONS, "ConversationActivity", required=False)
    with call.app.world.lock:
        groups = _contact_groups(call, by, node)
        entity = "conversationId" if any(details for _, details in metrics) else None
        return _answer(call, body, list(groups.items()),
                       lambda item: _contact_result(by, item[0], item[1], metrics), entity)


def _contact_groups(call: Call, by: list[str], node: Optional[filters.Node]) -> dict[Group, list[Visit]]:
    """Groups of existing contacts; with `activity_zeros` all possible groups."""
    groups: dict[Group, list[Visit]] = {}
    queues = call.app.visible_queues(node.only("queueId") if node else None)
    if call.app.settings.activity_zeros and set(by) <= {"queueId", "mediaType"}:
        for queue in queues:
            for media in MEDIA:
                here = {"queueId": queue.id, "mediaType": media}
                if node is None or node.matches(here.get):
                    groups.setdefault(tuple(here[d] for d in by), [])
    for visit in _visits(queues):
        if node is None or node.matches(lambda d, v=visit: dimension_of(v, d)):
            groups.setdefault(tuple(dimension_of(visit, d) for d in by), []).append(visit)
    return groups


def _visits(queues: Iterable[Queue]) -> Iterable[Visit]:
    for queue in queues:
        for media in MEDIA:
            yield from queue.waiting[media]
            yield from queue.alerting[media].values()
            yield from queue.interacting[media].values()


def _contact_result(by: list[str], key: Group, found: list[Visit],
                    metrics: list[tuple[str, bool]]) -> dict[str, Any]:
    data, entities, truncated = [], [], False
    for metric, details in metrics:
        state = {"oWaiting": "waiting", "oLongestWaiting": "waiting", "oAlerting": "alerting",
                 "oInteracting": "interacting", "oLongestInteracting": "interacting"}[metric]
        mine = sorted((v for v in found if v.state == state), key=lambda v: (gauges.began_ms(v), v.serial))
        if metric.startswith("oLongest"):
            if mine:
                data.append({"metric": metric, "calculatedMetricValue": gauges.began_ms(mine[0])})
            continue
        row: dict[str, Any] = {"metric": metric, "count": len(mine)}
        if details:
            row["entityIds"] = [v.conversation.id for v in mine[:DETAILS_MAX]]
            truncated = truncated or len(mine) > DETAILS_MAX
            entities += [_contact_entity(v, metric) for v in mine[:DETAILS_MAX]]
        data.append(row)
    result: dict[str, Any] = {"group": {d: v for d, v in zip(by, key) if v is not None}, "data": data}
    if any(details for _, details in metrics):
        result.update(truncated=truncated, entities=entities)
    return result


def _contact_entity(visit: Visit, metric: str) -> dict[str, Any]:
    record = {d: dimension_of(visit, d) for d in
            ("conversationId", "sessionId", "queueId", "mediaType", "direction", "participantName",
             "userId", "usedRouting", "ani", "dnis", "addressFrom", "addressTo")}
    return {"activityDate": iso_ms(gauges.began_ms(visit)), "metric": metric, "routingPriority": 0,
            **{d: v for d, v in record.items() if v is not None}}


# ---- routing (the agents of the queues) ---------------------------------------------

def _member_value(queue: Queue, member: Membership, dimension: str) -> Optional[str]:
    agent = member.agent
    return {"queueId": queue.id, "userId": agent.id, "organizationPresenceId": agent.presence.id,
            "systemPresence": agent.presence.upper, "routingStatus": agent.routing_status,
            "routingStatusDate": iso_ms(agent.routing_ms), "presenceDate": iso_ms(agent.presence_ms),
            "queueMembershipStatus": "ACTIVE" if member.joined else "INACTIVE"}.get(dimension)


def query_routing(call: Call) -> dict[str, Any]:
    body = call.body()
    metrics = _metrics(body, sorted(gauges.USER_METRICS), "RoutingActivityMetric")
    _group_by(body, ["queueId"], "RoutingActivityDimension")
    node = filters.parse(body.get("filter"), USER_DIMENSIONS, "RoutingActivity", required=False)
    wanted = any(details for _, details in metrics)
    with call.app.world.lock:
        queues = list(call.app.visible_queues(node.only("queueId") if node else None))
        return _answer(call, body, queues, lambda queue: _routing_result(queue, metrics, node),
                       "userId" if wanted else None)


def _routing_result(queue: Queue, metrics: list[tuple[str, bool]],
                    node: Optional[filters.Node]) -> dict[str, Any]:
    """Caches the pieces of an unfiltered query without details until an agent changes."""
    plain = node is None and not any(details for _, details in metrics)
    key = ("routing", tuple(name for name, _ in metrics))
    kept = queue.cache.get(key) if plain else None
    if kept is not None and kept[0] == queue.users_version:
        return kept[1]
    chosen = {m.agent.id: m for m in queue.members.values() if node is None
              or node.matches(lambda d, m=m: _member_value(queue, m, d))}
    counts = gauges.user_counts(queue, lambda member: member.agent.id in chosen)
    data: list[dict[str, Any]] = []
    for metric, details in metrics:
        for qualifier, count in gauges.user_rows(counts, metric):
            row: dict[str, Any] = {"metric": metric, "count": count}
            if qualifier is not None:
                row["qualifier"] = qualifier
            data.append(row)
    result: dict[str, Any] = {"group": {"queueId": queue.id}, "data": data}
    if plain:
        queue.cache[key] = (queue.users_version, result)
    else:
        members = list(chosen.values())
        result["truncated"] = len(members) > DETAILS_MAX
        result["entities"] = [_member_entity(queue, m) for m in members[:DETAILS_MAX]]
    return result


def _member_entity(queue: Queue, member: Membership) -> dict[str, Any]:
    record = {d: _member_value(queue, member, d) for d in USER_DIMENSIONS}
    return {"activityDate": iso_ms(member.agent.routing_ms),
            **{d: v for d, v in record.items() if v is not None}}


# ---- users -----------------------------------------------------------------------

def query_users(call: Call) -> dict[str, Any]:
    body = call.body()
    metrics = _metrics(body, USER_METRICS, "UserActivityMetric")
    _group_by(body, ["userId"], "UserActivityDimension")
    node = filters.parse(body.get("filter"), USER_DIMENSIONS, "UserActivity", required=False)
    with call.app.world.lock:
        agents = [a for a in call.app.world.agents.values()
                  if node is None or node.matches({"userId": a.id, "routingStatus": a.routing_status,
                                                   "systemPresence": a.presence.upper,
                                                   "organizationPresenceId": a.presence.id}.get)]
        return _answer(call, body, agents, lambda agent: _user_result(agent, metrics), None)


def _user_result(agent: Agent, metrics: list[tuple[str, bool]]) -> dict[str, Any]:
    return {"group": {"userId": agent.id},
            "data": [{"metric": m, "count": queue_count(agent, m)} for m, _ in metrics]}


ROUTES = [
    Route("POST", "/analytics/conversations/activity/query", query_conversations,
          ("analytics:queueObservation:view",)),
    Route("POST", "/analytics/routing/activity/query", query_routing, ("analytics:queueObservation:view",)),
    Route("POST", "/analytics/users/activity/query", query_users, ("analytics:userObservation:view",)),
]
