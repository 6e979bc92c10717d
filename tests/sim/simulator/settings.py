# SPDX-License-Identifier: MIT
"""Settings, changed at the start (options, scenario) and at run time (/sim/config)."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Optional

DEFAULT_CLIENT_ID = "5f7c1d2e-0a3b-4c6d-8e9f-a1b2c3d4e5f6"
DEFAULT_SECRET = "sim-secret-kYv3_Q7+test/only=="  # characters that must be encoded in a form


@dataclass
class Settings:
    client_id: str = DEFAULT_CLIENT_ID
    client_secret: str = DEFAULT_SECRET
    token_life_s: float = 86_400.0
    expires_in: Optional[int] = None  # the lifetime in the answer, s, if different
    token_idle_s: Optional[float] = None  # HIPAA organisations: 900
    token_scopes: Optional[list[str]] = None  # guide dialect: "scope" in the token answer
    rate_limit: int = 300  # requests of a client in a sliding minute; 0 = none
    permissions: Optional[list[str]] = None  # None: all
    divisions: Optional[list[str]] = None  # ids or names the client may see; None: all
    page_max: int = 100
    page_max_all: int = 500  # divisionviews/all
    activity_page_max: int = 1000
    page_refuse: bool = False  # refuse an oversized pageSize with 400 instead of clamping it
    activity_zeros: bool = False  # true: activity answers name every queue and medium
    bare_groups: bool = True  # some groups have no "data"
    gzip: bool = True
    channel_life_s: float = 86_400.0
    heartbeat_s: float = 30.0
    closing_notice_s: float = 60.0  # between v2.system.socket_closing and the close
    token_end_closes: bool = True  # a channel's socket is closed (1001) when the token that subscribed it ends
    combined_as_one: bool = True  # a combined topic counts as one towards the 1,000
    half_hour_s: float = 1800.0  # interval of the aggregates in v2.analytics.queues.{id}.observations
    observation_gap_s: float = 1.0  # least time between messages of a queue's analytics topic
    flow_metrics: float = 0.0  # percent of the snapshots before which a flow sets a metric at the customer
    connect_base: Optional[str] = None  # of connectUri, e.g. "wss://localhost:8443"; None: the listener of the request
    aggregate_interval_max_s: int = 31 * 86_400
    aggregate_granularity_min_s: float = 60
    aggregate_buckets_max: int = 10_000
    aggregate_predicates_max: int = 200
    aggregate_users_max: int = 100  # predicates of the users' query
    aggregate_group_by_max: int = 10
    aggregate_groups_max: int = 0  # groups of an answer; 0: no limit
    aggregate_empty: str = "list"  # of an answer without results: list | absent | null
    aggregate_oddities: bool = False  # null and missing sections, unknown members
    aggregate_latency_s: float = 0.0  # facts appear in answers this long after their event
    late: Optional[dict[str, Any]] = None  # {"share", "delay_s", "of", "metrics"}
    corrections: Optional[dict[str, Any]] = None  # {"share", "after_s", "factor", "metrics"}
    filler: Optional[dict[str, Any]] = None  # {"media", "growing_s"}: every queue has every metric
    guide_rate_limit: int = 100  # queues/details/query, requests a minute; 0: no limit
    guide_bad_interval_end: bool = False  # the first row's intervalEnd is no time
    guide_no_queue: float = 0.0  # share of the conversations whose guide events name no queue
    guide_wrapup_codes: list[str] = field(default_factory=lambda: ["done"])  # of guide events; by conversation
    guide_noise: bool = False  # each guide event is followed by an unknown event type and an unknown state
    keep_alive_s: float = 300.0  # an idle connection is closed after this time, without a notice
    namespaces: dict[str, dict[str, int]] = field(default_factory=lambda: {
        "platform.api": {"client.credentials.token.rate.per.minute": 300,
                         "token.rate.per.minute": 300,
                         "org.app.user.rate.per.minute": 300,
                         "org.user.rate.per.minute": 3000,
                         "request.bytes.max": 512000},
        "notifications": {"channels.per.user.and.application": 20, "topics.per.channel": 1000},
        "analytics": {}, "analytics.realtime": {}, "routing": {}, "conversation": {}, "presence": {},
    })

    def change(self, changes: dict[str, Any]) -> None:
        """Changes all settings or none; an unknown name is an error, so that a test's typo is found."""
        unknown = [name for name in changes if name not in self.__dataclass_fields__]
        if unknown:
            raise ValueError("unknown setting %s; there are: %s"
                             % (", ".join(unknown), ", ".join(self.__dataclass_fields__)))
        for name, needed in (("late", "delay_s"), ("corrections", "after_s")):
            if changes.get(name) is not None and needed not in changes[name]:
                raise ValueError("%s: %s is missing" % (name, needed))
        for name, value in changes.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "client_secret": "(hidden)"}
