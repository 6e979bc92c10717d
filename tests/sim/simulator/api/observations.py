# SPDX-License-Identifier: MIT
"""Observation queries: current values."""
from __future__ import annotations

from typing import Any, Iterator, Optional

from ..clock import iso_ms
from ..web.message import Reply, bad_request, dumps, invalid_value
from ..world import gauges
from ..world.model import MEDIA, Agent, Queue, Visit
from . import filters
from .router import Call, Route

BARE_MEDIA = "cobrowse"  # a medium whose group comes without "data"
DETAILS_MAX = 100
CACHED_SHAPES = 8  # distinct (metrics, details) whose pieces a queue keeps
QUEUE_METRICS = sorted(gauges.CONTACT_METRICS + gauges.USER_METRICS)
QUEUE_DETAILS = [m for m in QUEUE_METRICS if not m.startswith("oLongest")]
USER_METRICS = ["oActiveQueues", "oMemberQueues"]


def metric_names(raw: Any, allowed: list[str], kind: str, required: bool = True) -> list[str]:
    """Genesys docs: oServiceLevel, tWait or nOffered are no observation metrics (400)."""
    if not raw and not required:
        return []
    if not isinstance(raw, list) or not raw:
        raise bad_request("The query must contain at least one metric.")
    for name in raw:
        if name not in allowed:
            raise invalid_value(name, kind, allowed)
    return list(dict.fromkeys(raw))


# ---- queues -------------------------------------------------------------------

def query_queues(call: Call) -> Reply:
    body = call.body()
    node = filters.parse(body.get("filter"), ["mediaType", "queueId"], "QueueObservation")
    metrics = metric_names(body.get("metrics"), QUEUE_METRICS, "QueueObservationMetric")
    details = metric_names(body.get("detailMetrics"), QUEUE_DETAILS, "QueueObservationMetric", False)
    pieces: list[bytes] = []
    with call.app.world.lock:
        for queue in call.app.visible_queues(node.only("queueId")):
            shape = (tuple(metrics), tuple(details), call.app.settings.bare_groups)
            for media, piece in _pieces(queue, *shape):
                if node.matches({"queueId": queue.id, "mediaType": media}.get):
                    pieces.append(piece)
        mappings = dumps(mapping(call))
    return Reply(200, b'{"systemToOrganizationMappings":%s,"results":[%s]}' % (mappings, b",".join(pieces)))


def mapping(call: Call) -> dict[str, list[str]]:
    """system presence -> ids of the organisation's presences."""
    made: dict[str, list[str]] = {}
    for presence in call.app.world.presences:
        if not presence.deactivated:
            made.setdefault(presence.upper, []).append(presence.id)
    return made


def _pieces(queue: Queue, metrics: tuple[str, ...], details: tuple[str, ...],
            bare: bool) -> list[tuple[Optional[str], bytes]]:
    """(medium or None, rendered group), kept until the queue changes."""
    key, versions = (metrics, details, bare), (queue.contacts_version, queue.users_version)
    kept = queue.cache.get(key)
    if kept is None or kept[0] != versions:
        made = [(media, dumps(group)) for media, group in _groups(queue, metrics, details, bare)]
        if key not in queue.cache and len(queue.cache) >= CACHED_SHAPES:
            queue.cache.clear()
        kept = queue.cache[key] = (versions, made)
    return kept[1]


def _groups(queue: Queue, metrics: tuple[str, ...], details: tuple[str, ...],
            bare: bool) -> Iterator[tuple[Optional[str], dict[str, Any]]]:
    """User metrics in a group without mediaType; this group is not always the first."""
    of_contacts = [m for m in metrics if m in gauges.CONTACT_METRICS]
    of_users = [m for m in metrics if m in gauges.USER_METRICS]
    users = (None, {"group": {"queueId": queue.id}, "data": _user_data(queue, of_users, details)})
    if of_users and queue.index % 2 == 0:
        yield users
    if of_contacts:
        for media in MEDIA:  # explicit zeros for all media
            yield media, {"group": {"queueId": queue.id, "mediaType": media},
                          "data": _contact_data(queue, media, of_contacts, details)}
        if bare and queue.index % 7 == 3:
            yield BARE_MEDIA, {"group": {"queueId": queue.id, "mediaType": BARE_MEDIA}}
    if of_users and queue.index % 2 == 1:
        yield users


def _contact_data(queue: Queue, media: str, metrics: list[str],
                  details: tuple[str, ...]) -> list[dict[str, Any]]:
    data = []
    for metric in metrics:
        found = gauges.visits(queue, media, metric)
        if metric.startswith("oLongest"):
            oldest = gauges.oldest_ms(found)
            if oldest is not None or queue.index % 2:  # without contacts 0 or absent; both occur
                data.append({"metric": metric, "stats": {"calculatedMetricValue": oldest or 0}})
            continue
        row: dict[str, Any] = {"metric": metric, "stats": {"count": len(found)}}
        if metric in details:
            row["truncated"] = len(found) > DETAILS_MAX
            row["observations"] = [_contact_detail(v) for v in _both_ends(found)]
        data.append(row)
    return data


def _both_ends(found: list[Any]) -> list[Any]:
    """At most 100: the oldest and the newest half."""
    half = DETAILS_MAX // 2
    return found if len(found) <= DETAILS_MAX else found[:half] + found[-half:]


def _contact_detail(visit: Visit) -> dict[str, Any]:
    conversation, who = visit.conversation, visit.served_by
    detail = {"observationDate": iso_ms(gauges.began_ms(visit)), "conversationId": conversation.id,
              "sessionId": (who or visit.acd).comm.id, "routingPriority": 0,
              "participantName": conversation.customer, "direction": conversation.direction,
              "requestedRoutings": ["Standard"]}
    if conversation.media in ("voice", "callback"):
        detail.update(ani=conversation.ani, dnis=conversation.dnis)
    else:
        detail.update(addressFrom=conversation.ani, addressTo=conversation.dnis)
    if who is not None and who.agent is not None:
        detail.update(userId=who.agent.id, usedRouting="Standard")
    return detail


def _user_data(queue: Queue, metrics: list[str], details: tuple[str, ...]) -> list[dict[str, Any]]:
    if not metrics:
        return []
    data, counts = [], gauges.user_counts(queue)
    for metric in metrics:
        for qualifier, count in gauges.user_rows(counts, metric):
            row: dict[str, Any] = {"metric": metric}
            if qualifier is not None:
                row["qualifier"] = qualifier
            row["stats"] = {"count": count}
            if metric in details:
                agents = [m.agent for m in queue.members.values()
                          if _belongs(m.agent, m.joined, metric, qualifier)]
                row["truncated"] = len(agents) > DETAILS_MAX
                row["observations"] = [_user_detail(a, metric) for a in _both_ends(agents)]
            data.append(row)
    return data


def _belongs(agent: Agent, joined: bool, metric: str, qualifier: Optional[str]) -> bool:
    return {"oMemberUsers": True, "oActiveUsers": joined,
            "oOnQueueUsers": joined and agent.on_queue and agent.routing_status == qualifier,
            "oOffQueueUsers": joined and not agent.on_queue and agent.presence.id == qualifier,
            "oUserPresences": agent.presence.id == qualifier,
            "oUserRoutingStatuses": agent.routing_status == qualifier}[metric]


def _user_detail(agent: Agent, metric: str) -> dict[str, Any]:
    since = agent.presence_ms if metric in ("oUserPresences", "oOffQueueUsers") else agent.routing_ms
    return {"observationDate": iso_ms(since), "userId": agent.id}


# ---- users --------------------------------------------------------------------

def query_users(call: Call) -> dict[str, Any]:
    body = call.body()
    node = filters.parse(body.get("filter"), ["userId"], "UserObservation")
    metrics = metric_names(body.get("metrics"), USER_METRICS, "UserObservationMetric")
    metric_names(body.get("detailMetrics"), USER_METRICS, "UserObservationMetric", False)
    results = []
    with call.app.world.lock:
        for agent in call.app.world.agents.values():
            if node.matches({"userId": agent.id}.get):
                results.append({"group": {"userId": agent.id}, "data": [
                    {"metric": m, "stats": {"count": queue_count(agent, m)}} for m in metrics]})
    return {"results": results}


def queue_count(agent: Agent, metric: str) -> int:
    if metric == "oMemberQueues":
        return len(agent.queues)
    return sum(queue.members[agent.id].joined for queue in agent.queues.values())


ROUTES = [
    Route("POST", "/analytics/queues/observations/query", query_queues, ("analytics:queueObservation:view",)),
    Route("POST", "/analytics/users/observations/query", query_users, ("analytics:userObservation:view",)),
]
