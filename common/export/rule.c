/* SPDX-License-Identifier: MIT */
#include "common/export/rule.h"

#include <string.h>

#define MEDIUM "media_type"
#define CHANGE MEDIUM "-from_state-to_state"
#define METRIC "metric"
#define GROUPS METRIC "-group"

/*    metric, name, unit, kind, member, pattern, help (NULL: as
 *    genesys/metric.h has it) */
#define RULE_MAP(XX)                                                           \
  XX(QUEUE_DEPTH, "queue_depth", "", GAUGE, VALUE, MEDIUM, NULL)               \
  XX(QUEUE_WAITING, "queue_waiting", "", GAUGE, VALUE, MEDIUM,                 \
     "Contacts that the guide dialect calls waiting.")                         \
  XX(QUEUE_INTERACTING, "queue_interacting", "", GAUGE, VALUE, MEDIUM, NULL)   \
  XX(QUEUE_ALERTING, "queue_alerting", "", GAUGE, VALUE, MEDIUM, NULL)         \
  XX(QUEUE_LONGEST_WAIT, "queue_longest_wait", "seconds", GAUGE, VALUE,        \
     MEDIUM, NULL)                                                             \
  XX(QUEUE_AGENTS, "queue_agents", "", GAUGE, VALUE, "status", NULL)           \
  XX(QUEUE_AGENTS_ROUTING, "queue_agents_routing", "", GAUGE, VALUE, "status", \
     NULL)                                                                     \
  XX(QUEUE_AGENTS_PRESENCE, "queue_agents_presence", "", GAUGE, VALUE,         \
     "status", NULL)                                                           \
  XX(QUEUE_OBSERVATION, "queue_observation", "", GAUGE, VALUE, METRIC, NULL)   \
  XX(QUEUE_OFFER, "queue_offer", "", COUNTER, VALUE, MEDIUM,                   \
     "Contacts that came into the queue.")                                     \
  XX(QUEUE_ANSWER, "queue_answer", "", COUNTER, VALUE, MEDIUM, NULL)           \
  XX(QUEUE_ABANDON, "queue_abandon", "", COUNTER, VALUE, MEDIUM, NULL)         \
  XX(QUEUE_TRANSFER, "queue_transfer", "", COUNTER, VALUE, MEDIUM, NULL)       \
  XX(QUEUE_SLA_BREACH, "queue_sla_breach", "", COUNTER, VALUE,                 \
     MEDIUM "-sla_target_seconds",                                             \
     "Contacts that waited longer than the target; each once.")                \
  XX(QUEUE_WAIT_BUCKET, "queue_wait_time", "seconds", HISTOGRAM, BUCKET,       \
     MEDIUM "-'le'-le", "Waits of answered contacts.")                         \
  XX(QUEUE_WAIT_SUM, "queue_wait_time", "seconds", HISTOGRAM, SUM, MEDIUM,     \
     "Waits of answered contacts.")                                            \
  XX(QUEUE_WAIT_COUNT, "queue_wait_time", "seconds", HISTOGRAM, COUNT, MEDIUM, \
     "Waits of answered contacts.")                                            \
  XX(STATE_CHANGES, "state_changes", "", COUNTER, VALUE, CHANGE,               \
     "Changes of a contact's state in the queue.")                             \
  XX(STATE_CHANGES_WRAPUP, "state_changes", "", COUNTER, VALUE,                \
     CHANGE "-wrap_up_code", "Changes of a contact's state in the queue.")     \
  XX(ACTIVE_CONVERSATIONS, "active_conversations", "", GAUGE, VALUE, MEDIUM,   \
     NULL)                                                                     \
  XX(QUEUE_DEPTH_WINDOW, "queue_depth_window", "", GAUGE, VALUE, MEDIUM, NULL) \
  XX(QUEUE_INTERACTING_WINDOW, "queue_interacting_window", "", GAUGE, VALUE,   \
     MEDIUM, NULL)                                                             \
  XX(QUEUE_ALERTING_WINDOW, "queue_alerting_window", "", GAUGE, VALUE, MEDIUM, \
     NULL)                                                                     \
  XX(QUEUE_WAITING_WINDOW, "queue_waiting_window", "", GAUGE, VALUE, MEDIUM,   \
     NULL)                                                                     \
  XX(QUEUE_LONGEST_WAIT_WINDOW, "queue_longest_wait_window", "seconds", GAUGE, \
     VALUE, MEDIUM, NULL)                                                      \
  XX(QUEUE_AGENTS_WINDOW, "queue_agents_window", "", GAUGE, VALUE, "status",   \
     NULL)                                                                     \
  XX(QUEUE_AGENTS_ROUTING_WINDOW, "queue_agents_routing_window", "", GAUGE,    \
     VALUE, "status", NULL)                                                    \
  XX(QUEUE_AGENTS_PRESENCE_WINDOW, "queue_agents_presence_window", "", GAUGE,  \
     VALUE, "status", NULL)                                                    \
  XX(QUEUE_OBSERVATION_WINDOW, "queue_observation_window", "", GAUGE, VALUE,   \
     METRIC, NULL)                                                             \
  XX(ACTIVE_CONVERSATIONS_WINDOW, "active_conversations_window", "", GAUGE,    \
     VALUE, MEDIUM, NULL)                                                      \
  XX(STREAM_CONNECTED, "stream_connected", "", GAUGE, VALUE, "", NULL)         \
  XX(STREAM_SILENCE, "stream_silence", "seconds", GAUGE, VALUE, "", NULL)      \
  XX(STREAM_TOPICS, "stream_topics", "", GAUGE, VALUE, "state", NULL)          \
  XX(STREAM_RECONNECTS, "stream_reconnects", "", COUNTER, VALUE, "", NULL)     \
  XX(STREAM_GAP, "stream_gap", "seconds", GAUGE, VALUE, "", NULL)              \
  XX(RESTART_GAP, "restart_gap", "seconds", GAUGE, VALUE, "", NULL)            \
  XX(STREAM_DRIFT, "stream_drift", "", COUNTER, VALUE, "", NULL)               \
  XX(EVENTS, "events", "", COUNTER, VALUE, "result", NULL)                     \
  XX(CONVERSATIONS, "conversations", "", GAUGE, VALUE, "state", NULL)          \
  XX(CONVERSATIONS_LOST, "conversations_lost", "", COUNTER, VALUE, "reason",   \
     NULL)                                                                     \
  XX(FLOW_METRIC, "flow_metric", "", COUNTER, VALUE, METRIC, NULL)             \
  XX(FLOW_METRIC_VALUE, "flow_metric_value", "", GAUGE, VALUE, METRIC, NULL)   \
  XX(FLOW_ACTIVE, "flow_active", "", GAUGE, VALUE, MEDIUM,                     \
     "Conversations in the flow now.")                                         \
  INTERVALS(XX, QUEUE, "queue", "queue")                                       \
  INTERVALS(XX, USER, "user", "agent")                                         \
  INTERVALS(XX, FLOW, "flow", "flow")                                          \
  TOTALS(XX, QUEUE_METRIC, "queue_metric", "queue")                            \
  TOTALS(XX, USER_METRIC, "user_metric", "agent")                              \
  TOTALS(XX, FLOW_AGGREGATE, "flow_aggregate", "flow")                         \
  XX(BATCHES, "batches", "", COUNTER, VALUE, "result", NULL)                   \
  XX(COMMIT_TIME, "commit_time", "seconds", GAUGE, VALUE, "", NULL)            \
  XX(STATE_UP, "state_up", "", GAUGE, VALUE, "store", NULL)                    \
  XX(QUEUE_LAG, "queue_lag", "seconds", GAUGE, VALUE, "source", NULL)          \
  XX(SQS_MESSAGES, "sqs_messages", "", COUNTER, VALUE, "result", NULL)         \
  XX(SQS_REQUESTS, "sqs_requests", "", COUNTER, VALUE, "result", NULL)         \
  XX(WEBHOOK_REQUESTS, "webhook_requests", "", COUNTER, VALUE, "status", NULL) \
  XX(SOURCE_UP, "source_up", "", GAUGE, VALUE, "source", NULL)                 \
  XX(SOURCE_AGE, "source_age", "seconds", GAUGE, VALUE, "source", NULL)        \
  XX(SERIES, "series", "", GAUGE, VALUE, "source", NULL)                       \
  XX(SERIES_MAX, "series_max", "", GAUGE, VALUE, "", NULL)                     \
  XX(SERIES_OVERFLOW, "series_overflow", "", COUNTER, VALUE, "source", NULL)   \
  XX(SERIES_COLLIDED, "series_collided", "", COUNTER, VALUE, "", NULL)         \
  XX(SERIES_OLD, "series_old", "", COUNTER, VALUE, "", NULL)                   \
  XX(SCRAPES, "scrapes", "", COUNTER, VALUE, "status", NULL)                   \
  XX(SCRAPE_TIME, "scrape_time", "seconds", GAUGE, VALUE, "", NULL)            \
  XX(QUEUES, "queues", "", GAUGE, VALUE, "state", NULL)                        \
  XX(OBSERVATIONS_IGNORED, "observations_ignored", "", COUNTER, VALUE,         \
     "source", NULL)                                                           \
  XX(FLOWS, "flows", "", GAUGE, VALUE, "state", NULL)                          \
  XX(WINDOW_LAG, "window_lag", "seconds", GAUGE, VALUE, "", NULL)              \
  XX(WINDOW_LENGTH, "window_length", "seconds", GAUGE, VALUE, "", NULL)        \
  XX(WINDOWS, "windows", "", COUNTER, VALUE, "result", NULL)                   \
  XX(QUERY_REQUESTS, "query_requests", "", COUNTER, VALUE, "result", NULL)     \
  XX(QUERY_ROWS, "query_rows", "", COUNTER, VALUE, "result", NULL)             \
  XX(REVISIONS, "revisions", "", COUNTER, VALUE, "", NULL)                     \
  XX(CORRECTIONS_CARRIED, "corrections_carried", "", GAUGE, VALUE, "", NULL)   \
  XX(WRITER_UP, "writer_up", "", GAUGE, VALUE, "", NULL)                       \
  XX(WRITER_AGE, "writer_age", "seconds", GAUGE, VALUE, "", NULL)              \
  XX(WRITER_VALUES, "writer_values", "", COUNTER, VALUE, "result", NULL)       \
  XX(WRITER_LINES, "writer_lines", "", COUNTER, VALUE, "result", NULL)         \
  XX(WRITER_REQUESTS, "writer_requests", "", COUNTER, VALUE, "result", NULL)   \
  XX(SPOOL_BYTES, "spool", "bytes", GAUGE, VALUE, "state", NULL)               \
  XX(SPOOL_AGE, "spool_age", "seconds", GAUGE, VALUE, "", NULL)                \
  XX(API_REQUESTS, "api_requests", "", COUNTER, VALUE, "function-class",       \
     "Requests answered or failed; the class is 2xx, 3xx, 4xx, 5xx or "        \
     "network.")                                                               \
  XX(BLOCK_REQUESTS, "block_requests", "", COUNTER, VALUE, "", NULL)           \
  XX(API_LATENCY, "api_latency", "seconds", GAUGE, VALUE, "", NULL)            \
  XX(API_FUNCTION_LATENCY, "api_function_latency", "seconds", GAUGE, VALUE,    \
     "function", NULL)                                                         \
  XX(API_BUDGET, "api_budget", "", GAUGE, VALUE, "", NULL)                     \
  XX(API_MINUTE_LEFT, "api_minute_left", "", GAUGE, VALUE, "", NULL)           \
  XX(API_MONTH_REQUESTS, "api_month_requests", "", GAUGE, VALUE, "", NULL)     \
  XX(API_MONTH_SHARE, "api_month_share", "", GAUGE, VALUE, "", NULL)           \
  XX(API_QUEUED, "api_queued", "", GAUGE, VALUE, "", NULL)                     \
  XX(API_THROTTLED, "api_throttled", "", COUNTER, VALUE, "", NULL)             \
  XX(WRITE_QUEUE_LEFT_OUT, "write_queue_left_out", "", COUNTER, VALUE, "",     \
     NULL)                                                                     \
  XX(API_BYTES, "api", "bytes", COUNTER, VALUE, "", NULL)                      \
  XX(API_BREAKER, "api_breaker", "", GAUGE, VALUE, "", NULL)                   \
  XX(API_PAUSE, "api_pause", "seconds", GAUGE, VALUE, "scope", NULL)           \
  XX(TOKEN_STATE, "token_state", "", GAUGE, VALUE, "", NULL)                   \
  XX(VERSION, "version", "", GAUGE, VALUE, "version",                          \
     "1, with the version of the package as a label.")                         \
  XX(CLOCK_OFFSET, "clock_offset", "seconds", GAUGE, VALUE, "", NULL)          \
  XX(TOKEN_LIFETIME, "token_lifetime", "seconds", GAUGE, VALUE, "", NULL)      \
  XX(CERTIFICATE_LIFETIME, "certificate_lifetime", "seconds", GAUGE, VALUE,    \
     "certificate", NULL)                                                      \
  XX(TOKEN_REQUESTS, "token_requests", "", COUNTER, VALUE, "result", NULL)     \
  XX(NAMES, "names", "", GAUGE, VALUE, "kind", NULL)                           \
  XX(LEASE_STATE, "lease_state", "", GAUGE, VALUE, "", NULL)                   \
  XX(LEASE_FENCE, "lease_fence", "", GAUGE, VALUE, "", NULL)                   \
  XX(LEASE_AGE, "lease_age", "seconds", GAUGE, VALUE, "", NULL)

/* The families of one owner's intervals and totals. */
#define INTERVALS(XX, OWNER, owner, words)                                     \
  XX(OWNER##_INTERVAL_NUMBER, owner "_interval_number", "", GAUGE, VALUE,      \
     GROUPS, "Events of one interval of the " words ".")                       \
  XX(OWNER##_INTERVAL_DURATION, owner "_interval_duration", "seconds", GAUGE,  \
     VALUE, GROUPS, "Durations of one interval of the " words)                 \
  XX(OWNER##_INTERVAL_RATIO, owner "_interval_ratio", "", GAUGE, VALUE,        \
     GROUPS, "Ratio of one interval of the " words ", 0 to 1.")                \
  XX(OWNER##_INTERVAL_SECONDS, owner "_interval", "seconds", GAUGE, VALUE,     \
     GROUPS, "A time of one interval of the " words ".")                       \
  XX(OWNER##_INTERVAL_VALUE, owner "_interval_value", "", GAUGE, VALUE,        \
     GROUPS, "A number of one interval of the " words ".")
#define TOTALS(XX, TYPE, type, words)                                          \
  XX(TYPE, type, "", COUNTER, VALUE, GROUPS,                                   \
     "Events of the " words " since the query's first interval.")              \
  XX(TYPE##_SECONDS, type, "seconds", GAUGE, VALUE, GROUPS,                    \
     "Sum of durations of the " words " since the query's first interval.")

static const struct gc_export_rule rules[GC_METRIC_COUNT] = {
#define XX(id, family, base_unit, type, role, labels, words)                   \
  [GC_METRIC_##id] = {.name = "genesys_" family,                               \
                      .unit = (base_unit),                                     \
                      .kind = GC_EXPORT_##type,                                \
                      .member = GC_EXPORT_##role,                              \
                      .pattern = (labels),                                     \
                      .help = (words)},
    RULE_MAP(XX)
#undef XX
};

const struct gc_export_rule *gc_export_rule(enum gc_metric_id id) {
  return &rules[(unsigned)id < GC_METRIC_COUNT ? id : 0];
}

enum gc_metric_id gc_export_metric_of(const char *type) {
  unsigned id = 0;
  while (id < GC_METRIC_COUNT &&
         strcmp(gc_metric((enum gc_metric_id)id)->name, type) != 0)
    id++;
  return (enum gc_metric_id)id;
}
