/* SPDX-License-Identifier: MIT */
#include "tools/needs.h"

#define PUSHED                                                                 \
  "`Queues`: `Stream \"notifications\"`, `Observations \"topic\"`; "           \
  "`Attributes`: `Source \"notifications\"`"
#define PROBED "`genesys-probe`: one channel to try"
#define NOTHING "nothing is needed"

static const struct need needs[GC_ENDPOINT_COUNT] = {
    [GC_ENDPOINT_QUEUES] =
        {"`Queues`, `Query`: the names and targets of queues; `Attributes`, "
         "`Source \"notifications\"`: the list of queues",
         "ids take the place of names; with `Observations \"query\"` and with "
         "`Queue` patterns queues must be named by id; no breach without "
         "`ServiceLevelTarget`; `Source \"notifications\"` "
         "has the queues of earlier lists only"},
    [GC_ENDPOINT_TOKEN] = {"`genesys-probe`: the organisation", NOTHING},
    [GC_ENDPOINT_USERS] = {"`Query`: the names of agents", NOTHING},
    [GC_ENDPOINT_PRESENCES] =
        {"`Queues`: `Observations \"activity\"`, or more than 200 queues; "
         "`Query`: the names of presences (`tOrganizationPresence`)",
         "`queue_agents_presence` has `unknown` alone; in `Query` ids take the "
         "place of names"},
    [GC_ENDPOINT_QUEUE_OBSERVATIONS] =
        {"`Queues`: `Observations \"query\"` and `\"topic\"`",
         "all gauges of queues; `source_up` is 0"},
    [GC_ENDPOINT_CONVERSATION_ACTIVITY] =
        {"`Queues`: `Observations \"activity\"`, or more than 200 queues",
         "all gauges of queues; `source_up` is 0"},
    [GC_ENDPOINT_ROUTING_ACTIVITY] =
        {"`Queues`: `Observations \"activity\"`, or more than 200 queues",
         "all gauges of queues; `source_up` is 0"},
    [GC_ENDPOINT_CHANNEL_CREATE] = {PUSHED, NOTHING},
    [GC_ENDPOINT_CHANNEL_CHECK] = {PUSHED, NOTHING},
    [GC_ENDPOINT_SUBSCRIPTIONS_REPLACE] = {PUSHED,
                                           "nothing is needed for the call; "
                                           "each topic below has its own "
                                           "permissions"},
    [GC_ENDPOINT_SUBSCRIPTIONS_ADD] = {PUSHED, "likewise"},
    [GC_ENDPOINT_CHANNEL_LIST] = {PROBED, NOTHING},
    [GC_ENDPOINT_SUBSCRIPTIONS_LIST] = {PROBED, NOTHING},
    [GC_ENDPOINT_SUBSCRIPTIONS_REMOVE] = {PROBED, NOTHING},
    [GC_ENDPOINT_CONVERSATION_AGGREGATES] = {"`Query`: "
                                             "`Source \"conversations\"`",
                                             "the whole query"},
    [GC_ENDPOINT_USER_AGGREGATES] = {"`Query`: `Source \"users\"`",
                                     "the whole query"},
    [GC_ENDPOINT_QUEUE_DETAILS] = {"`Query`: `Source \"queue_details\"` (guide "
                                   "dialect)",
                                   "the whole query"},
    [GC_ENDPOINT_QUEUE_METRICS] = {"`Queues`: `Observations "
                                   "\"queue_metrics\"` (guide dialect)",
                                   "all gauges of queues"},
    [GC_ENDPOINT_FLOWS] = {"`Flows`: the names of flows",
                           "ids take the place of names, and `Flow` patterns "
                           "must be ids"},
    [GC_ENDPOINT_FLOW_OUTCOMES] = {"`Flows`: `GroupBy \"flowOutcomeId\"`",
                                   "ids take the place of names"},
    [GC_ENDPOINT_FLOW_MILESTONES] = {"`Flows`: `GroupBy \"flowMilestoneId\"`",
                                     "ids take the place of names"},
    [GC_ENDPOINT_FLOW_OBSERVATIONS] =
        {"`Flows`: `Observations`, up to 200 flows",
         "`flow_active`; `source_up-observations` is 0"},
    [GC_ENDPOINT_FLOW_ACTIVITY] =
        {"`Flows`: `Observations`, more than 200 flows",
         "`flow_active`; `source_up-observations` is 0"},
    [GC_ENDPOINT_FLOW_AGGREGATES] = {"`Flows`: the aggregates",
                                     "the whole query"},
};

const struct topic_need topic_deps[] = {
    {"v2.routing.queues.{id}.conversations",
     "`routing:queue:view`",
     {"`Queues`: `Stream \"notifications\"`; `Attributes`: "
      "`Source \"notifications\"`",
      "the counters, or the flow metrics, of that queue; its gauges continue. "
      "The platform's refusal names the missing permissions"}},
    {"v2.analytics.queues.{id}.observations",
     "`analytics:queueObservation:view` and "
     "`analytics:conversationAggregate:view`",
     {"`Queues`: `Observations \"topic\"`",
      "only more requests: the block polls all queues each interval, as with "
      "`query`"}},
    {"v2.analytics.queues.{id}.activity",
     "`analytics:queueObservation:view`",
     {"`Queues`: `Observations \"topic\"`", "likewise"}},
};
const size_t topic_need_count = GC_COUNT(topic_deps);

const struct need *need_of(enum gc_endpoint_id id) {
  return needs[id].by != NULL ? &needs[id] : NULL;
}
