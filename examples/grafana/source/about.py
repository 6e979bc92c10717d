# SPDX-License-Identifier: MIT
"""What a panel shows, its source, and when it is empty, by its title: for panels that have no
description of their own."""
from __future__ import annotations

from typing import Any

LIVE = "Empty while the observations have no answer (source_up)."
STREAM = "Counted from the stream of conversation events; empty before the first contact."
ABOUT = {
    "Waiting": "Contacts that wait now, of all selected queues (queue_depth). " + LIVE,
    "Longest wait": "Time of the contact that waits longest (queue_longest_wait). Empty where nobody waits.",
    "Talking": "Contacts that an agent handles now (queue_interacting). " + LIVE,
    "Waiting contacts": "Contacts that wait, by queue (queue_depth). " + LIVE,
    "Longest wait by queue": "queue_longest_wait by queue. Empty where nobody waits.",
    "Contacts per minute": "Offers, answers and abandons (queue_offer, queue_answer, queue_abandon). " + STREAM,
    "Agents": "Agents of the queues by state (queue_agents); an agent of several queues counts in each. " + LIVE,
    "Sources": "1 or green: the last attempt of this source succeeded (source_up).",
    "Service level, 15 min": "Share of the offers of 15 minutes that were answered within the target "
    "(queue_sla_breach, queue_offer). Empty for a queue without offers or without a target.",
    "Wait, 95th percentile": "Of the contacts that were answered, 1 in 20 waited longer (queue_wait). " + STREAM,
    "Mean wait of answered contacts": "Sum of the waits by their number (queue_wait). Empty without answers.",
    "Waits of answered contacts": "Histogram of the waits, by WaitBuckets (queue_wait). " + STREAM,
    "Abandoned share, 15 min": "Abandons by offers of 15 minutes (queue_abandon, queue_offer). Empty without offers.",
    "Available agents": "Agents who are on queue and idle (queue_agents, available). " + LIVE,
    "Routing status": "Agents by routing status (queue_agents_routing). " + LIVE,
    "Presence": "Agents by system presence (queue_agents_presence). " + LIVE,
    "Time by presence": "Seconds of agents in each presence, by interval. Needs a Query with Source users.",
    "Time in presences": "Seconds of each agent in each presence. Needs a Query with Source users.",
    "Age of the newest answer": "Seconds since the newest answer of each source (source_age). It grows in an outage.",
    "Connected": "1 or green: the block's stream is connected (stream_connected).",
    "Topics": "Topics that are subscribed, and those that are not (stream_topics). Empty without a stream.",
    "Events per minute": "Events that the stream delivered, by kind (events). Empty without a stream.",
    "Requests per minute": "Requests to the API by class of their answer (api_requests).",
    "Requests of each block per minute": "Requests to the API that each block causes (block_requests).",
    "Answers 429 per minute": "Refusals for too many requests (api_throttled). 0 is good.",
    "Waiting requests": "Requests that wait for the budget, a pause or a connection (api_queued).",
    "Token lifetime": "Seconds that the token is still valid (token_lifetime). Empty without a token.",
    "Circuit breaker": "Open while the API does not answer (api_breaker).",
    "Series": "Series of each block (series), and the most that it sends (series_max).",
    "Values beyond MaxSeries, per minute": "Values that have no place (series_overflow). 0 is good.",
    "Entries of the newest interval": "Contacts that entered each flow (flow_interval, nFlow). Needs a Flows block.",
    "Metrics per minute": "Metrics that the flows set (flow_metric). Empty before the first one.",
    "Metrics in the time range": "Number of each metric in the chosen time (flow_metric). Empty before the first one.",
    "A: $flow_a": "Metrics of the flow that the variable flow_a names (flow_metric).",
    "B: $flow_b": "Metrics of the flow that the variable flow_b names (flow_metric).",
}


def describe(board: dict[str, Any]) -> dict[str, Any]:
    """Fills the descriptions of a dashboard's panels. A title without a row is an error."""
    for panel in board["panels"]:
        if panel["type"] != "row" and not panel["description"]:
            panel["description"] = ABOUT[panel["title"]]
    return board
