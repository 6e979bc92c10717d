# SPDX-License-Identifier: MIT
"""Architect flows: their lists, and how many conversations are in them now."""
from __future__ import annotations

from typing import Any, Callable, Iterable, Optional, Union

from ..clock import iso_ms
from ..web.message import ApiError, bad_request, invalid_value
from ..world.flows import Flow, Named, Run
from . import filters, paging, vocabulary
from .observations import DETAILS_MAX, metric_names
from .router import Call, Route
from .routing import name_matches

METRICS = ["oFlow"]


# ---- lists ---------------------------------------------------------------------------

def _division(one: Union[Flow, Named]) -> dict[str, str]:
    division = one.division
    return {"id": division.id, "name": division.name, "selfUri": "/api/v2/authorization/divisions/" + division.id}


def flow_json(flow: Flow) -> dict[str, Any]:
    return {**brief_json(flow), "description": "", "active": True, "system": False, "deleted": False,
            "virtualAgentEnabled": False}


def brief_json(flow: Flow) -> dict[str, Any]:
    return {"id": flow.id, "name": flow.name, "division": _division(flow), "type": flow.type,
            "publishedVersion": {"id": "%d.0" % flow.version, "name": "%d.0" % flow.version},
            "selfUri": "/api/v2/flows/" + flow.id}


def _named_json(kind: str) -> Callable[[Named], dict[str, Any]]:
    return lambda one: {"id": one.id, "name": one.name, "division": _division(one), "description": "",
                        "selfUri": "/api/v2/flows/%s/%s" % (kind, one.id)}


def _listing(call: Call, found: Iterable[Any], shape: Callable[[Any], dict[str, Any]], most: int) -> dict[str, Any]:
    request = call.request
    ids, wanted = set(request.many("id")), set(request.many("divisionId"))
    size, page = paging.window(call, most)
    chosen = [one for one in found if call.app.sees(one.division) and (not ids or one.id in ids)
              and (not wanted or one.division.id in wanted) and name_matches(request.one("name"), one.name)]
    chosen.sort(key=lambda one: (one.name.lower(), one.id),
                reverse=(request.one("sortOrder") or "asc").lower().startswith("desc"))
    return paging.listing(call, len(chosen), size, page, [shape(one) for one in paging.cut(chosen, size, page)])


def _flows(call: Call) -> list[Flow]:
    kinds = {kind.upper() for kind in call.request.many("type")}
    return [f for f in call.app.world.flows.flows.values() if not kinds or f.type in kinds]


def list_flows(call: Call) -> dict[str, Any]:
    """Genesys docs: pageSize at most 500."""
    return _listing(call, _flows(call), flow_json, call.app.settings.page_max_all)


def list_division_views(call: Call) -> dict[str, Any]:
    return _listing(call, _flows(call), lambda f: {k: v for k, v in brief_json(f).items()},
                    call.app.settings.page_max_all)


def get_flow(call: Call) -> dict[str, Any]:
    flow = call.app.world.flows.flows.get(call.params["flowId"])
    if flow is None or not call.app.sees(flow.division):
        raise ApiError(404, "not.found", "The requested resource was not found.")
    return flow_json(flow)


def list_outcomes(call: Call) -> dict[str, Any]:
    return _listing(call, call.app.world.flows.outcomes, _named_json("outcomes"), call.app.settings.page_max)


def list_milestones(call: Call) -> dict[str, Any]:
    return _listing(call, call.app.world.flows.milestones, _named_json("milestones"), call.app.settings.page_max)


# ---- now-values ----------------------------------------------------------------------

def _dimension(run: Run, dimension: str) -> Optional[str]:
    """A contact in a flow waits in no queue and has no agent."""
    conversation = run.conversation
    if dimension in ("ani", "dnis"):
        return getattr(conversation, dimension) if conversation.media in ("voice", "callback") else None
    return {"sessionId": conversation.participants[-1].comm.id,
            "participantName": conversation.customer}.get(dimension) or run.dimensions.get(dimension)


def _runs(call: Call, node: Optional[filters.Node]) -> list[Run]:
    found = [run for run in call.app.world.flows.runs.values() if call.app.sees(run.flow.division)
             and (node is None or node.matches(lambda d, r=run: _dimension(r, d)))]
    return sorted(found, key=lambda run: run.began_ms)


def query_observations(call: Call) -> dict[str, Any]:
    """Explicit zeros for the flows that the filter names."""
    body = call.body()
    node = filters.parse(body.get("filter"), ["flowId", "mediaType"], "FlowObservation")
    metric_names(body.get("metrics"), METRICS, "FlowObservationMetric")
    details = metric_names(body.get("detailMetrics"), METRICS, "FlowObservationMetric", False)
    results = []
    with call.app.world.lock:
        world = call.app.world
        groups: dict[tuple[str, str], list[Run]] = {}
        for flow_id in (node.only("flowId") if node else None) or ():
            flow = world.flows.flows.get(flow_id)
            if flow is not None and call.app.sees(flow.division):
                groups[flow.id, "voice"] = []
        for run in _runs(call, node):
            groups.setdefault((run.flow.id, run.conversation.media), []).append(run)
        for (flow_id, media), runs in groups.items():
            row: dict[str, Any] = {"metric": "oFlow", "stats": {"count": len(runs)}}
            if details:
                row["truncated"] = len(runs) > DETAILS_MAX
                row["observations"] = [_detail(run) for run in runs[:DETAILS_MAX]]
            results.append({"group": {"flowId": flow_id, "mediaType": media}, "data": [row]})
    return {"results": results}


def _detail(run: Run) -> dict[str, Any]:
    return {"observationDate": iso_ms(run.began_ms), "conversationId": run.conversation.id,
            "sessionId": run.conversation.participants[-1].comm.id, "direction": run.conversation.direction,
            "participantName": run.conversation.customer}


def query_activity(call: Call) -> dict[str, Any]:
    body = call.body()
    metrics = body.get("metrics")
    if not isinstance(metrics, list) or not metrics:
        raise bad_request("The query must contain at least one metric.")
    for one in metrics:
        if not isinstance(one, dict) or one.get("metric") not in METRICS:
            raise invalid_value(one.get("metric") if isinstance(one, dict) else None, "FlowActivityMetric", METRICS)
    by = body.get("groupBy")
    if not isinstance(by, list) or not by:
        raise bad_request("The query must contain at least one groupBy dimension.")
    for one in by:
        if one not in vocabulary.FLOW_ACTIVITY_DIMENSIONS:
            raise invalid_value(one, "FlowActivityDimension", vocabulary.FLOW_ACTIVITY_DIMENSIONS)
    node = filters.parse(body.get("filter"), vocabulary.FLOW_ACTIVITY_DIMENSIONS, "FlowActivity", required=False)
    most = call.app.settings.activity_page_max
    size, page = paging.window(call, most, default=min(100, most))
    wanted = any(one.get("details") for one in metrics)
    with call.app.world.lock:
        groups: dict[tuple[Optional[str], ...], list[Run]] = {}
        for run in _runs(call, node):
            groups.setdefault(tuple(_dimension(run, d) for d in by), []).append(run)
        shown = [_activity(by, key, runs, wanted) for key, runs in paging.cut(list(groups.items()), size, page)]
    return {"results": shown, **({"entityIdDimension": "conversationId"} if wanted else {})}


def _activity(by: list[str], key: tuple[Optional[str], ...], runs: list[Run], details: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"metric": "oFlow", "count": len(runs)}
    made: dict[str, Any] = {"group": {d: v for d, v in zip(by, key) if v is not None}, "data": [row]}
    if details:
        shown = runs[:DETAILS_MAX]
        row["entityIds"] = [run.conversation.id for run in shown]
        made["truncated"] = len(runs) > DETAILS_MAX
        made["entities"] = [{"activityDate": iso_ms(run.began_ms), "metric": "oFlow",
                             "conversationId": run.conversation.id, "flowId": run.flow.id,
                             "flowType": run.flow.type, "mediaType": run.conversation.media} for run in shown]
    return made


ROUTES = [
    Route("GET", "/flows", list_flows, ("architect:flow:view",)),
    Route("GET", "/flows/divisionviews", list_division_views, ("architect:flow:search",), "ALL"),
    Route("GET", "/flows/outcomes", list_outcomes, ("architect:flowOutcome:view",), "ALL"),
    Route("GET", "/flows/milestones", list_milestones, ("architect:flowMilestone:view",), "ALL"),
    Route("GET", "/flows/{flowId}", get_flow, ("architect:flow:view",)),
    Route("POST", "/analytics/flows/observations/query", query_observations, ("analytics:flowObservation:view",)),
    Route("POST", "/analytics/flows/activity/query", query_activity, ("analytics:flowObservation:view",)),
]
