# SPDX-License-Identifier: MIT
"""The true state of the world, for tests."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from .web.message import Request
from . import sums
from .api import aggregates, windows
from .world import gauges, ledger
from .world.facts import FOREVER
from .world.model import MEDIA, Conversation, Participant, PresenceDefinition, Queue

if TYPE_CHECKING:
    from .application import Simulator


def whole(app: "Simulator", queue_id: Optional[str] = None, conversations: bool = False) -> dict[str, Any]:
    world = app.world
    with world.lock:
        world.advance()
        definitions = {p.id: p for p in world.presences}
        chosen = [q for q in world.queues.values() if queue_id in (None, q.id)]
        record: dict[str, Any] = {
            "seq": app.ledger.seq, "now_ms": int(world.clock.wall() * 1000), "virtual_s": round(world.clock.now(), 3),
            "frozen": world.clock.frozen, "speed": world.clock.speed,
            "totals_since_ms": app.tally.since_ms, "conversations_live":
                sum(c.end_ms is None for c in world.conversations.values()),
            "conversations_known": len(world.conversations),
            "presences": {p.id: {"name": p.name, "system": p.upper, "deactivated": p.deactivated}
                          for p in world.presences},
            "queues": {q.id: _queue(app, q, definitions, conversations) for q in chosen},
            "agents": len(world.agents), "users": {a.id: a.name for a in world.agents.values()},
            "flows": _flows(app), "flow_outcomes": {o.id: o.name for o in world.flows.outcomes},
            "flow_milestones": {m.id: m.name for m in world.flows.milestones}}
        record["deleted_queues"] = {q: _media_totals(app, q) for q in
                                  {q for q, _ in app.tally.totals} - set(world.queues)}
    return record


def _queue(app: "Simulator", queue: Queue, definitions: dict[str, PresenceDefinition],
           conversations: bool) -> dict[str, Any]:
    counts = gauges.user_counts(queue)
    systems: dict[str, int] = {}
    for presence, count in counts.presences.items():
        upper = definitions[presence].upper
        systems[upper] = systems.get(upper, 0) + count
    return {"name": queue.name, "division": queue.division.name, "visible": app.sees(queue.division),
            "media": {m: _contacts(queue, m, conversations) for m in MEDIA},
            "totals": _media_totals(app, queue.id),
            "members": counts.members, "active": counts.active,
            "on_queue": dict(counts.on_queue), "on_queue_total": sum(counts.on_queue.values()),
            "off_queue": dict(counts.off_queue), "off_queue_total": sum(counts.off_queue.values()),
            "routing": dict(counts.statuses), "presence_org": dict(counts.presences),
            "presence_system": systems,
            "sla_ms": {m: max(1, round(ms / app.world.clock.speed)) for m, ms in queue.sla_ms.items()}}


def _flows(app: "Simulator") -> dict[str, Any]:
    """Conversations in flows now, also of invisible divisions."""
    flows = app.world.flows
    record: dict[str, Any] = {f.id: {"name": f.name, "type": f.type, "visible": app.sees(f.division), "active": {}}
                            for f in flows.flows.values()}
    for run in flows.runs.values():
        active = record[run.flow.id]["active"]
        active[run.conversation.media] = active.get(run.conversation.media, 0) + 1
    return record


def _contacts(queue: Queue, media: str, conversations: bool) -> dict[str, Any]:
    found = {metric: gauges.visits(queue, media, metric) for metric in
             ("oWaiting", "oAlerting", "oInteracting")}
    record: dict[str, Any] = {
        "waiting": len(found["oWaiting"]), "alerting": len(found["oAlerting"]),
        "interacting": len(found["oInteracting"]),
        "held": sum(v.served_by.comm.held for v in found["oInteracting"]),
        "oldest_waiting_ms": gauges.oldest_ms(found["oWaiting"]),
        "oldest_interacting_ms": gauges.oldest_ms(found["oInteracting"])}
    if conversations:
        record["conversations"] = {metric[1:].lower(): [v.conversation.id for v in visits]
                                 for metric, visits in found.items()}
    return record


def _media_totals(app: "Simulator", queue_id: str) -> dict[str, Any]:
    return {media: app.tally.totals[queue_id, media].as_json() for media in MEDIA
            if (queue_id, media) in app.tally.totals}


# ---- expected counters of the conversation topics ------------------------

def question(request: Request) -> ledger.Question:
    def number(name: str, kind: Callable[[str], Any]) -> Any:
        text = request.one(name)
        return None if text is None else kind(text)

    made = ledger.Question(
        number("since_ms", int), number("until_ms", int), number("since_seq", int),
        number("until_seq", int), number("offered_since_ms", int), request.one("queue"), number("target_s", lambda t: float(t) * 1000),
        fresh=(request.one("fresh") or "0") not in ("0", "false"),
        listening_since_ms=number("listening_since_ms", int))
    if request.many("buckets"):
        made.bounds_s = tuple(float(bound) for bound in request.many("buckets"))
    return made


def stream(app: "Simulator", asked: ledger.Question) -> dict[str, Any]:
    world = app.world
    with world.lock:
        world.advance()
        now_ms = int(world.clock.wall() * 1000)
        queues: dict[str, dict[str, Any]] = {}
        for (queue, media), made in ledger.sums(app.ledger, asked, now_ms).items():
            queues.setdefault(queue, {})[media] = made.as_json(asked.bounds_s)
        return {"now_ms": now_ms, "seq": app.ledger.seq, "since_ms": app.tally.since_ms, "queues": queues,
                "complete": len(app.ledger.lines) < ledger.KEPT_LINES}


def events(app: "Simulator", asked: ledger.Question, what: list[str], limit: int) -> dict[str, Any]:
    """The lines, the oldest first."""
    world = app.world
    with world.lock:
        world.advance()
        found = [line._asdict() for line in app.ledger.lines if asked.wants(line) and (not what or line.what in what)]
        return {"now_ms": int(world.clock.wall() * 1000), "seq": app.ledger.seq, "events": found[:limit],
                "truncated": len(found) > limit}


def conversation(found: Conversation) -> dict[str, Any]:
    """The whole history of a conversation."""
    return {"id": found.id, "media": found.media, "start_ms": found.start_ms, "end_ms": found.end_ms,
            "state": found.visit.state if found.visit else ("ended" if found.end_ms else "ivr"),
            "participants": [_participant(p) for p in found.participants]}


def _participant(who: Participant) -> dict[str, Any]:
    comm = who.comm
    return {"id": who.id, "purpose": who.purpose, "name": who.name,
            "queue": who.queue.id if who.queue else None, "user": who.agent.id if who.agent else None,
            "connected_ms": who.connected_ms, "end_ms": who.end_ms, "state": comm.state,
            "held": comm.held, "disconnect_type": comm.disconnect_type, "session": comm.id,
            "start_acw_ms": who.start_acw_ms, "end_acw_ms": who.end_acw_ms,
            "wrapup": who.wrapup_code.name if who.wrapup_code else None}


# ---- final aggregates -----------------------------------------------------

KINDS = {"conversations": aggregates.CONVERSATIONS, "users": aggregates.USERS, "flows": aggregates.FLOWS}


def final(app: "Simulator", request: Request) -> dict[str, Any]:
    """The final aggregates in the form of the answers, exactly by `groupBy`, without limits, with future facts.

    `pending` facts of the interval are not in answers yet or will be retracted; `settled_ms` is the time of
    the last of these changes. `now_ms` gives the answers of that moment.
    """
    kind = KINDS[request.one("what") or "conversations"]
    span = windows.interval(request.one("interval"))
    query = aggregates.Query(kind, list(windows.buckets(span, windows.period(request.one("granularity")), windows.zone(None))),
                             windows.zone(None), request.many("groupBy"),
                             request.many("metrics") or aggregates.WORDS[kind][0], None)
    world = app.world
    with world.lock:
        world.advance()
        now_ms = int(world.clock.wall() * 1000)
        at_ms = int(request.one("now_ms") or FOREVER - 1)
        if kind == aggregates.USERS:
            groups = sums.of_agents(world.facts, world.agents, query.metrics, query.by, query.buckets, at_ms, min(at_ms, now_ms))
            changes = [s.shown_ms for a in world.agents for _, _, s in world.facts.stretches(a, *span)]
        else:
            groups = aggregates.of_facts(app, query, at_ms, None)
            found = world.facts.within(world.facts.flows if kind == aggregates.FLOWS else world.facts.conversations, *span)
            changes = [ms for f in found for ms in (f.shown_ms, f.gone_ms) if ms != FOREVER]
        return {"now_ms": now_ms, "complete": world.facts.complete, "pending": sum(ms > now_ms for ms in changes),
                "settled_ms": max(changes, default=0), "results": list(aggregates.results_of(query, groups))}
