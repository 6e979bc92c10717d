/* SPDX-License-Identifier: MIT */
/* Every type of value that the plugins dispatch, as one table. The plugins
 * register the rows as collectd data sets. genesys.db and docs/metrics.md are
 * printed from them, and a sample names its type by the enum. Pure. */
#ifndef GC_GENESYS_METRIC_H
#define GC_GENESYS_METRIC_H

#include "common/base/err.h"

#include <stdint.h>

enum { GC_DS_MAX = 4 };

enum gc_ds_kind {
  GC_GAUGE,  /* double; not finite means "not known" */
  GC_DERIVE, /* monotonic count since a start; collectd computes the rate */
};

/* One data source; collectd's data_source_t without collectd. */
struct gc_ds {
  const char *name; /* "value" for a single data source */
  enum gc_ds_kind kind;
};

/*     enum name              collectd type, kind of each data source, owner
 *                            (queue, user, flow, block, account; "queue,
 *                            stream": a value of the conversation stream),
 *                            unit, meaning */
#define GC_METRIC_MAP(XX)                                                      \
  XX(QUEUE_DEPTH, "queue_depth", ONE(GAUGE), "queue", "contacts",              \
     "Contacts waiting.")                                                      \
  XX(QUEUE_WAITING, "queue_waiting", ONE(GAUGE), "queue", "contacts",          \
     "Contacts that the guide dialect counts as waiting, beside those that "   \
     "it counts as queued (queue_depth). Observations \"queue_metrics\" "      \
     "only.")                                                                  \
  XX(QUEUE_INTERACTING, "queue_interacting", ONE(GAUGE), "queue", "contacts",  \
     "Contacts with an agent.")                                                \
  XX(QUEUE_ALERTING, "queue_alerting", ONE(GAUGE), "queue", "contacts",        \
     "Contacts ringing at an agent.")                                          \
  XX(QUEUE_LONGEST_WAIT, "queue_longest_wait", ONE(GAUGE), "queue", "s",       \
     "Age of the contact that has waited longest; 0 when none waits.")         \
  XX(QUEUE_AGENTS, "queue_agents", ONE(GAUGE), "queue", "agents",              \
     "Agents of the queue: member, active, on_queue, off_queue, available "    \
     "(on queue and idle), busy (on queue, interacting or communicating).")    \
  XX(QUEUE_AGENTS_ROUTING, "queue_agents_routing", ONE(GAUGE), "queue",        \
     "agents", "Agents of the queue by routing status.")                       \
  XX(QUEUE_AGENTS_PRESENCE, "queue_agents_presence", ONE(GAUGE), "queue",      \
     "agents", "Agents of the queue by presence.")                             \
  XX(QUEUE_OBSERVATION, "queue_observation", ONE(GAUGE), "queue",              \
     "as the API gives it",                                                    \
     "A number of an observation metric that this version does not know, "     \
     "METRIC-MEMBER-MEDIUM.")                                                  \
  XX(QUEUE_OFFER, "queue_offer", ONE(DERIVE), "queue, stream", "contacts",     \
     "Contacts that came into the queue, by medium.")                          \
  XX(QUEUE_ANSWER, "queue_answer", ONE(DERIVE), "queue, stream", "contacts",   \
     "Contacts that an agent answered.")                                       \
  XX(QUEUE_ABANDON, "queue_abandon", ONE(DERIVE), "queue, stream", "contacts", \
     "Contacts whose customer left before an agent answered.")                 \
  XX(QUEUE_TRANSFER, "queue_transfer", ONE(DERIVE), "queue, stream",           \
     "contacts",                                                               \
     "Contacts that an agent transferred, or that went on elsewhere "          \
     "unanswered.")                                                            \
  XX(QUEUE_SLA_BREACH, "queue_sla_breach", ONE(DERIVE), "queue, stream",       \
     "contacts",                                                               \
     "Contacts that waited longer than the target, MEDIUM-TARGET (s); a "      \
     "contact counts once.")                                                   \
  XX(QUEUE_WAIT_BUCKET, "queue_wait_time_seconds_bucket", ONE(DERIVE),         \
     "queue, stream", "contacts",                                              \
     "Answered contacts that waited BOUND s or less, MEDIUM-le-BOUND; "        \
     "cumulative over the bounds.")                                            \
  XX(QUEUE_WAIT_SUM, "queue_wait_time_seconds_sum", ONE(GAUGE),                \
     "queue, stream", "s",                                                     \
     "Sum of the waits of answered contacts since the start.")                 \
  XX(QUEUE_WAIT_COUNT, "queue_wait_time_seconds_count", ONE(DERIVE),           \
     "queue, stream", "contacts",                                              \
     "Answered contacts whose wait is in the buckets.")                        \
  XX(STATE_CHANGES, "state_changes", ONE(DERIVE), "queue, stream", "changes",  \
     "Changes of a contact's state in the queue, MEDIUM-FROM-TO: waiting, "    \
     "alerting, active, held, wrapup, ended. Those that "                      \
     "state_changes_wrapup counts are not among them.")                        \
  XX(STATE_CHANGES_WRAPUP, "state_changes_wrapup", ONE(DERIVE),                \
     "queue, stream", "changes",                                               \
     "State changes that named a wrap-up code which WrapUpCode allows, "       \
     "MEDIUM-FROM-TO-CODE.")                                                   \
  XX(ACTIVE_CONVERSATIONS, "active_conversations", ONE(GAUGE), "queue",        \
     "contacts",                                                               \
     "Contacts in the queue or with one of its agents: waiting, alerting, "    \
     "interacting.")                                                           \
  XX(QUEUE_DEPTH_WINDOW, "queue_depth_window", WINDOW, "queue", "contacts",    \
     "queue_depth over each Window; the time is its end.")                     \
  XX(QUEUE_INTERACTING_WINDOW, "queue_interacting_window", WINDOW, "queue",    \
     "contacts", "queue_interacting over each Window.")                        \
  XX(QUEUE_ALERTING_WINDOW, "queue_alerting_window", WINDOW, "queue",          \
     "contacts", "queue_alerting over each Window.")                           \
  XX(QUEUE_WAITING_WINDOW, "queue_waiting_window", WINDOW, "queue",            \
     "contacts", "queue_waiting over each Window.")                            \
  XX(QUEUE_LONGEST_WAIT_WINDOW, "queue_longest_wait_window", WINDOW, "queue",  \
     "s", "queue_longest_wait over each Window.")                              \
  XX(QUEUE_AGENTS_WINDOW, "queue_agents_window", WINDOW, "queue", "agents",    \
     "queue_agents over each Window.")                                         \
  XX(QUEUE_AGENTS_ROUTING_WINDOW, "queue_agents_routing_window", WINDOW,       \
     "queue", "agents", "queue_agents_routing over each Window.")              \
  XX(QUEUE_AGENTS_PRESENCE_WINDOW, "queue_agents_presence_window", WINDOW,     \
     "queue", "agents", "queue_agents_presence over each Window.")             \
  XX(QUEUE_OBSERVATION_WINDOW, "queue_observation_window", WINDOW, "queue",    \
     "as the API gives it", "queue_observation over each Window.")             \
  XX(ACTIVE_CONVERSATIONS_WINDOW, "active_conversations_window", WINDOW,       \
     "queue", "contacts", "active_conversations over each Window.")            \
  XX(STREAM_CONNECTED, "stream_connected", ONE(GAUGE), "block", "0 or 1",      \
     "1 while the stream is open and its topics are subscribed.")              \
  XX(STREAM_SILENCE, "stream_silence", ONE(GAUGE), "block", "s",               \
     "Time since the stream's last message, heartbeat or answered ping, or "   \
     "since the block's start before the first one, whatever is missing.")     \
  XX(STREAM_TOPICS, "stream_topics", ONE(GAUGE), "block", "topics",            \
     "Topics of the block: wanted, covered (subscribed).")                     \
  XX(STREAM_RECONNECTS, "stream_reconnects", ONE(DERIVE), "block",             \
     "connections", "Connections of the stream after the first one.")          \
  XX(STREAM_GAP, "stream_gap", ONE(GAUGE), "block", "s",                       \
     "Sum of the time since the block's start in which the stream was "        \
     "blind, including a wait of more than 10 s for the first connection "     \
     "(for a token, an address or the list of queues, say); events of that "   \
     "time may be missing in the counters.")                                   \
  XX(RESTART_GAP, "restart_gap", ONE(GAUGE), "block", "s",                     \
     "Time without values over the last start of collectd: from the last "     \
     "success before it to the first one after.")                              \
  XX(STREAM_DRIFT, "stream_drift", ONE(DERIVE), "block", "differences",        \
     "Differences between stream and observations that outlasted two polls.")  \
  XX(EVENTS, "events", ONE(DERIVE), "block", "events",                         \
     "Events of the stream: received, new (changed a conversation), "          \
     "malformed, other (of no conversation), unknown (words in events that "   \
     "are not known, such as a state), lost (no memory). Of flow "             \
     "metrics: received, skipped, unplaced (not understood), "                 \
     "malformed-REASON, and their attributes: counted, duplicate, late, "      \
     "filtered and refused (by their names), no_number, lost (found no room "  \
     "while nothing could be committed).")                                     \
  XX(CONVERSATIONS, "conversations", ONE(GAUGE), "block", "conversations",     \
     "Conversations in memory: live, kept (includes those that ended "         \
     "recently).")                                                             \
  XX(CONVERSATIONS_LOST, "conversations_lost", ONE(DERIVE), "block",           \
     "conversations",                                                          \
     "Conversations dropped before an event reported their end: poll (the "    \
     "observations no longer list them), age, limit. participants: "           \
     "conversations with ended participants that were dropped, since no "      \
     "more than 200 fit. late: conversations with a fact that was first "      \
     "reported more than ten minutes after their end, so that the "            \
     "counters lack it.")                                                      \
  XX(FLOW_METRIC, "flow_metric", ONE(DERIVE), "flow", "occurrences",           \
     "Times that the flow set the metric; each time counts once, also over "   \
     "restarts.")                                                              \
  XX(FLOW_METRIC_VALUE, "flow_metric_value", ONE(GAUGE), "flow",               \
     "of the flow",                                                            \
     "Sum of the numeric values that the flow gave the metric (Values "        \
     "true).")                                                                 \
  XX(FLOW_ACTIVE, "flow_active", ONE(GAUGE), "flow", "conversations",          \
     "Conversations in the flow now, by medium.")                              \
  XX(FLOW_INTERVAL_COUNT, "flow_interval_count", ONE(GAUGE), "flow", "events", \
     "As queue_interval_count, of a flow.")                                    \
  XX(FLOW_INTERVAL_DURATION, "flow_interval_duration", SUMMARY, "flow", "s",   \
     "As queue_interval_duration, of a flow.")                                 \
  XX(FLOW_INTERVAL_RATIO, "flow_interval_ratio", ONE(GAUGE), "flow", "0 to 1", \
     "As queue_interval_ratio, of a flow; no known metric is a ratio.")        \
  XX(FLOW_INTERVAL_SECONDS, "flow_interval_seconds", ONE(GAUGE), "flow", "s",  \
     "As queue_interval_seconds, of a flow.")                                  \
  XX(FLOW_INTERVAL_VALUE, "flow_interval_value", ONE(GAUGE), "flow",           \
     "as the API gives it", "As queue_interval_value, of a flow.")             \
  XX(FLOW_AGGREGATE, "flow_aggregate", ONE(DERIVE), "flow", "events",          \
     "As queue_metric, of a flow.")                                            \
  XX(FLOW_AGGREGATE_SECONDS, "flow_aggregate_seconds", ONE(GAUGE), "flow",     \
     "s", "As queue_metric_seconds, of a flow.")                               \
  XX(BATCHES, "batches", ONE(DERIVE), "block", "batches",                      \
     "Batches of events: committed, failed (not committed; the source sends "  \
     "them again).")                                                           \
  XX(COMMIT_TIME, "commit_time", ONE(GAUGE), "block", "s",                     \
     "Duration of the newest transaction.")                                    \
  XX(STATE_UP, "state_up", ONE(GAUGE), "block", "0 or 1",                      \
     "1 while the state can be saved: sqlite and redis (flow metrics), "       \
     "state_db (state.db of the accounts).")                                   \
  XX(QUEUE_LAG, "queue_lag", ONE(GAUGE), "block", "s",                         \
     "Time between the sending of the newest message and its receipt, by "     \
     "the clocks of the queue and of this host; 0 when a poll finds none.")    \
  XX(SQS_MESSAGES, "sqs_messages", ONE(DERIVE), "block", "messages",           \
     "Messages: received, deleted, not_deleted (the queue delivers them "      \
     "again), poison (left to the queue's dead-letter policy).")               \
  XX(SQS_REQUESTS, "sqs_requests", ONE(DERIVE), "block", "requests",           \
     "Requests to the queue: all, throttled.")                                 \
  XX(WEBHOOK_REQUESTS, "webhook_requests", ONE(DERIVE), "block", "requests",   \
     "Requests by the status of the plugin's answer; cut: the client was "     \
     "too slow or disconnected.")                                              \
  XX(SOURCE_UP, "source_up", ONE(GAUGE), "block", "0 or 1",                    \
     "1 while a source of the block answers in time.")                         \
  XX(SOURCE_AGE, "source_age", ONE(GAUGE), "block", "s",                       \
     "Time since the source's last complete answer.")                          \
  XX(SERIES, "series", ONE(GAUGE), "block", "series",                          \
     "Series that the block sends.")                                           \
  XX(SERIES_OVERFLOW, "series_overflow", ONE(DERIVE), "block", "values",       \
     "Values of further series that were left out because of MaxSeries.")      \
  XX(SERIES_COLLIDED, "series_collided", ONE(DERIVE), "block", "series",       \
     "Series of genesys_prometheus that are not shown, because another one "   \
     "has the same name and labels.")                                          \
  XX(SCRAPES, "scrapes", ONE(DERIVE), "block", "requests",                     \
     "Requests to genesys_prometheus by the status of the answer; cut: the "   \
     "client did not take the whole answer.")                                  \
  XX(SCRAPE_TIME, "scrape_time", ONE(GAUGE), "block", "s",                     \
     "Time to write the newest answer of genesys_prometheus.")                 \
  XX(QUEUES, "queues", ONE(GAUGE), "block", "queues",                          \
     "Queues: matched (by the block's selectors), unnamed (held back until "   \
     "their name is known).")                                                  \
  XX(OBSERVATIONS_IGNORED, "observations_ignored", ONE(DERIVE), "block",       \
     "numbers",                                                                \
     "Numbers of observations that were ignored: no queue, medium or status "  \
     "where one is needed, no number that can be read, or a name that cannot " \
     "be kept; and pushed messages that cannot be read.")                      \
  XX(FLOWS, "flows", ONE(GAUGE), "block", "flows",                             \
     "Flows: matched (by the block's selectors), unnamed (pairs of flow and "  \
     "medium held back until the name is known).")                             \
  XX(QUEUE_INTERVAL_COUNT, "queue_interval_count", ONE(GAUGE), "queue",        \
     "events",                                                                 \
     "Events of one interval, METRIC-MEDIUM: n metrics, and the count of t "   \
     "metrics. The time is the interval's end; the first value of an "         \
     "interval stays.")                                                        \
  XX(QUEUE_INTERVAL_DURATION, "queue_interval_duration", SUMMARY, "queue",     \
     "s", "Durations of one interval, METRIC-MEDIUM: t metrics.")              \
  XX(QUEUE_INTERVAL_RATIO, "queue_interval_ratio", ONE(GAUGE), "queue",        \
     "0 to 1", "Ratio of one interval, METRIC-MEDIUM: the service level.")     \
  XX(QUEUE_INTERVAL_SECONDS, "queue_interval_seconds", ONE(GAUGE), "queue",    \
     "s",                                                                      \
     "A time of one interval that the source gives as one number, "            \
     "METRIC-MEMBER-MEDIUM; the mean wait of queue_details.")                  \
  XX(QUEUE_INTERVAL_VALUE, "queue_interval_value", ONE(GAUGE), "queue",        \
     "as the API gives it",                                                    \
     "A number of one interval that is neither a count nor a time nor a "      \
     "ratio, METRIC-MEMBER-MEDIUM: members of metrics that this version does " \
     "not know, max and min of o metrics.")                                    \
  XX(QUEUE_METRIC, "queue_metric", ONE(DERIVE), "queue", "events",             \
     "Events since the query's first interval, METRIC-MEDIUM, including "      \
     "late corrections.")                                                      \
  XX(QUEUE_METRIC_SECONDS, "queue_metric_seconds", ONE(GAUGE), "queue", "s",   \
     "Sum of durations since the query's first interval, METRIC-MEDIUM, "      \
     "including late corrections.")                                            \
  XX(USER_INTERVAL_COUNT, "user_interval_count", ONE(GAUGE), "user", "events", \
     "As queue_interval_count, of an agent.")                                  \
  XX(USER_INTERVAL_DURATION, "user_interval_duration", SUMMARY, "user", "s",   \
     "As queue_interval_duration, of an agent.")                               \
  XX(USER_INTERVAL_RATIO, "user_interval_ratio", ONE(GAUGE), "user", "0 to 1", \
     "As queue_interval_ratio, of an agent.")                                  \
  XX(USER_INTERVAL_SECONDS, "user_interval_seconds", ONE(GAUGE), "user", "s",  \
     "Time that an agent spent in a status within one interval, "              \
     "METRIC-STATUS; of metrics whose source gives a sum only.")               \
  XX(USER_INTERVAL_VALUE, "user_interval_value", ONE(GAUGE), "user",           \
     "as the API gives it", "As queue_interval_value, of an agent.")           \
  XX(USER_METRIC, "user_metric", ONE(DERIVE), "user", "events",                \
     "As queue_metric, of an agent.")                                          \
  XX(USER_METRIC_SECONDS, "user_metric_seconds", ONE(GAUGE), "user", "s",      \
     "As queue_metric_seconds, of an agent.")                                  \
  XX(WINDOW_LAG, "window_lag", ONE(GAUGE), "block", "s",                       \
     "Time since the end of the newest interval that was sent.")               \
  XX(WINDOW_LENGTH, "window_length", ONE(GAUGE), "block", "s",                 \
     "Length of an interval: Granularity.")                                    \
  XX(WINDOWS, "windows", ONE(DERIVE), "block", "intervals",                    \
     "Intervals: done, skipped (older than Backfill when they would have "     \
     "been requested).")                                                       \
  XX(QUERY_REQUESTS, "query_requests", ONE(DERIVE), "block", "requests",       \
     "Requests of a query: answered, failed.")                                 \
  XX(QUERY_ROWS, "query_rows", ONE(DERIVE), "block", "rows",                   \
     "Numbers of the answers: read, unnamed (their queue, agent or flow is "   \
     "unknown), foreign (of an interval or metric that was not requested, "    \
     "or without a value of GroupBy), broken (an invalid time or number), "    \
     "collided (another block or group writes the same series), unknown (of "  \
     "a member of the statistics that no table has, where its metric is "      \
     "known or its name cannot be kept).")                                     \
  XX(REVISIONS, "revisions", ONE(DERIVE), "block", "series",                   \
     "Totals that were corrected after their interval was sent.")              \
  XX(CORRECTIONS_CARRIED, "corrections_carried", ONE(GAUGE), "block",          \
     "events",                                                                 \
     "Downward corrections of counters, held until growth absorbs them.")      \
  XX(WRITER_UP, "writer_up", ONE(GAUGE), "block", "0 or 1",                    \
     "1 while the database accepts lines.")                                    \
  XX(WRITER_AGE, "writer_age", ONE(GAUGE), "block", "s",                       \
     "Time since the database last accepted lines; absent before that.")       \
  XX(WRITER_VALUES, "writer_values", ONE(DERIVE), "block", "values",           \
     "Values for the database: received, lost (no room in memory while the "   \
     "spool could not be written), too_large (a COUNTER above the largest "    \
     "integer of the database), ambiguous (written, but other values have "    \
     "the same measurement, tags and field).")                                 \
  XX(WRITER_LINES, "writer_lines", ONE(DERIVE), "block", "lines",              \
     "Lines: sent, resent (again, after a break of the connection: "           \
     "ResendAfterBreak), refused (by the database: quarantined), lost "        \
     "(refused, while refused.lines could not be written), dropped (the "      \
     "oldest, past SpoolMax).")                                                \
  XX(WRITER_REQUESTS, "writer_requests", ONE(DERIVE), "block", "requests",     \
     "Write requests: taken, failed.")                                         \
  XX(SPOOL_BYTES, "spool_bytes", ONE(GAUGE), "block", "bytes",                 \
     "Lines that wait on disk: waiting; damaged: bytes of broken records "     \
     "that were skipped or cut since the start.")                              \
  XX(SPOOL_AGE, "spool_age", ONE(GAUGE), "block", "s",                         \
     "Age of the oldest line that waits in the spool, by this host's clock; "  \
     "0 for an empty one.")                                                    \
  XX(API_REQUESTS, "api_requests", ONE(DERIVE), "account", "requests",         \
     "Requests answered or failed, FUNCTION-CLASS; class is 2xx, 3xx, 4xx, "   \
     "5xx or network.")                                                        \
  XX(API_LATENCY, "api_latency", ONE(GAUGE), "account", "s",                   \
     "Average time to a complete answer since the last read; absent "          \
     "without one.")                                                           \
  XX(API_FUNCTION_LATENCY, "api_function_latency", ONE(GAUGE), "account", "s", \
     "Average time to a complete answer of each function of the API since "    \
     "the last read; absent without one.")                                     \
  XX(API_BUDGET, "api_budget", ONE(GAUGE), "account", "requests",              \
     "Requests that could be sent at once: up to a tenth of "                  \
     "RequestsPerMinute, refilled evenly; not the rest of the minute's "       \
     "budget.")                                                                \
  XX(API_QUEUED, "api_queued", ONE(GAUGE), "account", "requests",              \
     "Requests that wait for budget, token or a free connection.")             \
  XX(API_THROTTLED, "api_throttled", ONE(DERIVE), "account", "answers",        \
     "Answers 429.")                                                           \
  XX(API_BYTES, "api_bytes", ONE(DERIVE), "account", "bytes",                  \
     "Bytes of answers, after decompression.")                                 \
  XX(API_BREAKER, "api_breaker", ONE(GAUGE), "account", "0 or 1",              \
     "1 while the breaker is open and nothing is sent.")                       \
  XX(API_PAUSE, "api_pause", ONE(GAUGE), "account", "s",                       \
     "Time left of a Retry-After: account (a 429 for all its requests), "      \
     "function (the longest of the suspended functions), token (until the "    \
     "next token request while there is no token); 0 without one.")            \
  XX(TOKEN_STATE, "token_state", ONE(GAUGE), "account", "state",               \
     "0: none was requested yet; 1: requested; 2: there is a token; 3: "       \
     "there is none, and the last request failed.")                            \
  XX(VERSION, "version", ONE(GAUGE), "account", "1",                           \
     "1, under the version of the package as type instance.")                  \
  XX(TOKEN_LIFETIME, "token_lifetime", ONE(GAUGE), "account", "s",             \
     "Time until the access token ends; 0 without one.")                       \
  XX(TOKEN_REQUESTS, "token_requests", ONE(DERIVE), "account", "requests",     \
     "Token requests: ok, failed.")                                            \
  XX(NAMES, "names", ONE(GAUGE), "account", "names",                           \
     "Names in the cache: queue, user, presence, flow, flow_outcome, "         \
     "flow_milestone; absent for a kind whose list was never read.")           \
  XX(LEASE_STATE, "lease_state", ONE(GAUGE), "account", "state",               \
     "0: standby; 1: takes the lease; 2: holder; 3: goes on without Redis; "   \
     "4: blind, Redis does not answer and nothing is dispatched. With "        \
     "LeaseURL.")                                                              \
  XX(LEASE_FENCE, "lease_fence", ONE(GAUGE), "account", "number",              \
     "Fencing number of the lease; it grows with each change of the holder.")  \
  XX(LEASE_AGE, "lease_age", ONE(GAUGE), "account", "s",                       \
     "Time since Redis last answered about the lease.")

enum gc_metric_id {
#define XX(id, name, ds, owner, unit, meaning) GC_METRIC_##id,
  GC_METRIC_MAP(XX)
#undef XX
      GC_METRIC_COUNT
};

struct gc_metric {
  const char *name;
  struct gc_ds ds[GC_DS_MAX];
  unsigned ds_count;
  const char *owner;   /* kind of plugin_instance, as in the map above */
  const char *unit;    /* for the manual */
  const char *meaning; /* for the manual */
};

/* Returns the row of `id`; never NULL. */
GC_API const struct gc_metric *gc_metric(enum gc_metric_id id);

/* Appends "NAME  value:GAUGE:U:U, …\n", the row as collectd's types.db(5)
 * writes it. DERIVE has the minimum 0: a restart is a gap, not a wrap. */
struct gc_buf;
GC_API GC_MUST_CHECK enum gc_code gc_metric_typesdb(enum gc_metric_id id,
                                                    struct gc_buf *out);

#endif
