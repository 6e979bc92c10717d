# SPDX-License-Identifier: MIT
"""Builds a contact centre: divisions, presences, queues, agents."""
from __future__ import annotations

import random

from . import names
from .model import (SYSTEM_PRESENCES, Agent, Division, Membership, PresenceDefinition,
                    Queue, WrapupCode, new_id)

# Shares of the media in a centre that serves all of them.
MEDIA_SHARE = {"voice": 0.5, "chat": 0.14, "email": 0.14, "message": 0.14, "callback": 0.08}
SLA_MS = {"voice": 20_000, "chat": 30_000, "email": 86_400_000, "message": 60_000, "callback": 120_000}
ALERTING_TIMEOUT_S = {"voice": 8, "chat": 30, "email": 300, "message": 30, "callback": 30}
# Virtual seconds an agent is busy per contact: talk plus wrap-up, see contacts.py.
HANDLE_S = {"voice": 215.0, "chat": 150.0, "email": 330.0, "message": 160.0, "callback": 220.0}
ON_QUEUE_SHARE = 0.65
OCCUPANCY = 0.85


def divisions(rng: random.Random) -> list[Division]:
    return [Division(new_id(rng), name, home=index == 0) for index, name in enumerate(names.DIVISIONS)]


def presences(rng: random.Random) -> list[PresenceDefinition]:
    """The ten system definitions first, then those that the organisation added."""
    made = [PresenceDefinition(new_id(rng), system, system, "System", {"en_US": system})
            for system in SYSTEM_PRESENCES]
    for name, system, labels in names.ORGANISATION_PRESENCES:
        made.append(PresenceDefinition(new_id(rng), name, system, "User", labels))
    name, system, labels = names.DEACTIVATED_PRESENCE
    made.append(PresenceDefinition(new_id(rng), name, system, "User", labels, deactivated=True))
    return made


def wrapup_codes(rng: random.Random) -> list[WrapupCode]:
    return [WrapupCode(new_id(rng), name) for name in names.WRAPUP_CODES]


def queue(rng: random.Random, index: int, name: str, division: Division, media: list[str],
          codes: list[WrapupCode], now_ms: int) -> Queue:
    """Most queues serve some of the media only; voice is the commonest."""
    kept = [m for m in media if rng.random() < (0.85 if m == "voice" else 0.5)] or [rng.choice(media)]
    whole = sum(MEDIA_SHARE[m] for m in kept)
    created = now_ms - rng.randrange(86_400_000, 900 * 86_400_000)
    return Queue(
        id=new_id(rng), name=name, division=division,
        mix={m: MEDIA_SHARE[m] / whole for m in kept}, rate=rng.lognormvariate(0.0, 0.8),
        created_ms=created, modified_ms=created + (now_ms - created) // 2,
        sla_ms=dict(SLA_MS), alerting_timeout_s=dict(ALERTING_TIMEOUT_S),
        codes=rng.sample(codes, k=min(3, len(codes))), index=index)


def queues(rng: random.Random, count: int, media: list[str], plain: bool, where: list[Division],
           codes: list[WrapupCode], now_ms: int) -> list[Queue]:
    """The divisions take turns; queue 12 is an exception, so that the two queues "Support" are in two divisions."""
    return [queue(rng, i, names.queue_name(i, plain), where[i % len(where) if i != 12 else 1],
                  media, codes, now_ms) for i in range(count)]


def agents(rng: random.Random, count: int, all_queues: list[Queue], where: list[Division],
           defined: list[PresenceDefinition], now_ms: int) -> list[Agent]:
    """Each agent belongs to at least two queues, and each queue has some members."""
    offline = next(p for p in defined if p.system == "Offline")
    staff = [Agent(id=new_id(rng), name=names.agent_name(i), email="agent%d@example.com" % (i + 1),
                   division=where[i % len(where)], presence=offline, presence_ms=now_ms,
                   routing_status="OFF_QUEUE", routing_ms=now_ms, index=i) for i in range(count)]
    for agent in staff:
        for chosen in rng.sample(all_queues, k=min(len(all_queues), rng.choice((2, 2, 3, 4)))):
            join(rng, agent, chosen)
    if not staff:
        return staff
    for one in all_queues:
        wanted = min(count, 4 + rng.randrange(6))
        while len(one.members) < wanted:
            join(rng, rng.choice(staff), one)
    return staff


def join(rng: random.Random, agent: Agent, one: Queue) -> None:
    if agent.id not in one.members:
        one.members[agent.id] = Membership(agent, joined=rng.random() < 0.93,
                                           ring_number=1 + (rng.random() < 0.1))
        agent.queues[one.id] = one


def calibrate(all_queues: list[Queue], agent_count: int) -> None:
    """Scales the arrival rates so that the agents on queue are well occupied.

    Some queues are then overstaffed and some understaffed, at random: some have
    no waits, and some have many waiting contacts and lose some of them.
    """
    busy = sum(q.rate * sum(share * HANDLE_S[m] for m, share in q.mix.items()) for q in all_queues)
    if busy <= 0:
        return
    scale = agent_count * ON_QUEUE_SHARE * OCCUPANCY / busy
    for one in all_queues:
        one.rate *= scale
