/* SPDX-License-Identifier: MIT */
#include "common/analytics/source_table.h"

static const char *const metrics[] = {
    "nOffered", "nOverSla", "nTransferred",  "oServiceLevel", "tAnswered",
    "tAbandon", "tFlowOut", "tHandle",       "tTalk",         "tHeld",
    "tAcw",     "tAlert",   "tNotResponding"};
static const char *const user_metrics[] = {"tAgentRoutingStatus",
                                           "tSystemPresence"};
static const char *const flow_metrics[] = {
    "nFlow", "nFlowOutcome", "nFlowOutcomeFailed", "nFlowMilestone",
    "tFlow", "tFlowExit",    "tFlowDisconnect",    "tFlowOutcome"};
static const char *const by_queue_and_media[] = {"queueId", "mediaType"};
static const char *const by_user[] = {"userId"};
static const char *const by_queue[] = {"queueId"};
static const char *const by_flow[] = {"flowId"};

#define WORDS(list)                                                            \
  { list, GC_COUNT(list) }

static const struct gc_source sources[GC_QUERY_SOURCE_COUNT] = {
    [GC_QUERY_CONVERSATIONS] =
        {.name = "conversations",
         .endpoint = GC_ENDPOINT_CONVERSATION_AGGREGATES,
         .chosen = "queueId",
         .chosen_word = "queues",
         .chosen_option = "Queue",
         .chosen_noun = "queue",
         .none_chosen = "no queue matches the Queue options of this block",
         .takes_filter = true,
         .is_by_media = true,
         .metrics = WORDS(metrics),
         .groups = WORDS(by_queue_and_media)},
    [GC_QUERY_USERS] = {.name = "users",
                        .endpoint = GC_ENDPOINT_USER_AGGREGATES,
                        .is_by_media = true,
                        .only = "userId",
                        .metrics = WORDS(user_metrics),
                        .groups = WORDS(by_user)},
    [GC_QUERY_QUEUE_DETAILS] =
        {.name = "queue_details",
         .endpoint = GC_ENDPOINT_QUEUE_DETAILS,
         .chosen = "queueId",
         .chosen_word = "queues",
         .chosen_option = "Queue",
         .chosen_noun = "queue",
         .none_chosen = "no queue matches the Queue options of this block",
         .is_by_media = true,
         .only = "queueId",
         .groups = WORDS(by_queue)},
    [GC_QUERY_FLOWS] = {.name = "flows",
                        .endpoint = GC_ENDPOINT_FLOW_AGGREGATES,
                        .chosen = "flowId",
                        .chosen_word = "flows",
                        .chosen_option = "Flow",
                        .chosen_noun = "flow",
                        .none_chosen =
                            "no flow matches the Flow options of this block",
                        .takes_filter = true,
                        .metrics = WORDS(flow_metrics),
                        .groups = WORDS(by_flow)},
};

const struct gc_source *gc_source(enum gc_query_source source) {
  return &sources[(unsigned)source < GC_QUERY_SOURCE_COUNT ? source : 0];
}
