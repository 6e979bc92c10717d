/* SPDX-License-Identifier: MIT */
#include "tools/origins.h"

/* A queue's values are also absent while its name is unknown. docs/metrics.md
 * states that once, not in each row. */
#define NOT_NAMED "the reading fails, or does not mention queue and medium"
#define NOT_NAMED_QUEUE "the reading fails, or does not mention the queue"
#define NO_CONTACT                                                             \
  "until the first contact of queue and medium, unless the medium is "         \
  "certain; "                                                                  \
  "while the queue's topic is not subscribed"
#define NO_READING "a window without a reading; without Window"
#define NO_STREAM "with Stream \"none\""
#define NO_TOPICS NO_STREAM "; with Source sqs or webhook"
#define COUNTS                                                                 \
  "`stats.count`; `sum` of counted things; METRIC-numerator… of ratios"
#define LONE_TIMES "a lone `stats.sum`, `min`, `max`, `p95` … (ms); `waitTime`"
#define LONE_VALUES                                                            \
  "`stats.min`, `max`, `current`, `p95` … that no other type has, "          \
  "also members that this version does not know"
#define NOTHING_SENT "the answer has nothing about the interval"
#define NOT_BEGUN "until the first event; with Counters false"
#define NO_SQS "with another Source than sqs"
#define NO_WEBHOOK "with another Source than webhook"
#define NEVER "never"

static const struct origin origins[GC_METRIC_COUNT] = {
    [GC_METRIC_QUEUE_DEPTH] = {"MEDIUM",
                               "`oWaiting`; `queue_metrics`: `queued`; a guide "
                               "stream alone: its contacts",
                               NOT_NAMED},
    [GC_METRIC_QUEUE_WAITING] =
        {"MEDIUM", "`queue_metrics`: `waiting`",
         "with any other Observations; " NOT_NAMED_QUEUE},
    [GC_METRIC_QUEUE_INTERACTING] =
        {"MEDIUM", "`oInteracting`; a guide stream alone: its contacts",
         NOT_NAMED},
    [GC_METRIC_QUEUE_ALERTING] = {"MEDIUM", "`oAlerting`", NOT_NAMED},
    [GC_METRIC_QUEUE_LONGEST_WAIT] =
        {"MEDIUM",
         "the server's time minus `oLongestWaiting`; 0 where `oWaiting` is 0",
         NOT_NAMED
         "; contacts wait, and the answer has no time or no two clocks agree"},
    [GC_METRIC_QUEUE_AGENTS] =
        {"`member` `active` `on_queue` `off_queue` `available` `busy`",
         "`oMemberUsers`, `oActiveUsers`, sums of `oOnQueueUsers` and "
         "`oOffQueueUsers`; `queue_metrics`: `agentAvailable`, `agentBusy`",
         NOT_NAMED_QUEUE},
    [GC_METRIC_QUEUE_AGENTS_ROUTING] = {"routing status",
                                        "`oUserRoutingStatuses`",
                                        NOT_NAMED_QUEUE},
    [GC_METRIC_QUEUE_AGENTS_PRESENCE] =
        {"system presence",
         "`oUserPresences`, summed by the system presence of each",
         NOT_NAMED_QUEUE},
    [GC_METRIC_QUEUE_OBSERVATION] =
        {"METRIC-MEMBER, METRIC-QUALIFIER-MEMBER, with -MEDIUM where it has "
         "one",
         "an unknown metric: each number of its `stats`, or of the element",
         "the answer has no unknown metric; more than 100 names, or 16 numbers "
         "beside `count` and `calculatedMetricValue`; a part of the name has "
         "nine digits or more, or is a UUID, except that of a presence"},
    [GC_METRIC_QUEUE_OFFER] = {"MEDIUM",
                               "an `acd` participant with `connectedTime`",
                               NO_CONTACT},
    [GC_METRIC_QUEUE_ANSWER] =
        {"MEDIUM", "the first `agent` participant's `connectedTime`",
         NO_CONTACT},
    [GC_METRIC_QUEUE_ABANDON] =
        {"MEDIUM", "`acd` and customer have `endTime`, no agent connected",
         NO_CONTACT},
    [GC_METRIC_QUEUE_TRANSFER] =
        {"MEDIUM",
         "the agent's `disconnectType` begins with `transfer`; or `acd` ended "
         "unanswered, another leg began before the customer left",
         NO_CONTACT},
    [GC_METRIC_QUEUE_SLA_BREACH] =
        {"MEDIUM-TARGET",
         "wait against `ServiceLevelTarget`, else the queue's "
         "`serviceLevel.durationMs` of the medium",
         NO_CONTACT "; a queue without a target"},
    [GC_METRIC_QUEUE_WAIT_BUCKET] =
        {"MEDIUM-le-BOUND", "`connectedTime` of the agent minus that of `acd`",
         NO_CONTACT},
    [GC_METRIC_QUEUE_WAIT_SUM] = {"MEDIUM", "likewise", NO_CONTACT},
    [GC_METRIC_QUEUE_WAIT_COUNT] = {"MEDIUM", "likewise", NO_CONTACT},
    [GC_METRIC_STATE_CHANGES] =
        {"MEDIUM-FROM-TO",
         "`connectedTime`, `endTime`, `held`, `startHoldTime`, `startAcwTime`, "
         "`endAcwTime`; guide dialect: `state`",
         "until the first such change"},
    [GC_METRIC_STATE_CHANGES_WRAPUP] =
        {"MEDIUM-FROM-TO-CODE",
         "guide dialect: `wrapUpCode` of the event that changed the state",
         "until the first such change; without WrapUpCode"},
    [GC_METRIC_ACTIVE_CONVERSATIONS] =
        {"MEDIUM",
         "`oWaiting` + `oAlerting` + `oInteracting`; without observations the "
         "stream's set",
         NOT_NAMED "; of a stream: while it is blind"},
    [GC_METRIC_QUEUE_DEPTH_WINDOW] = {"as its gauge", "its gauge", NO_READING},
    [GC_METRIC_QUEUE_INTERACTING_WINDOW] = {"as its gauge", "its gauge",
                                            NO_READING},
    [GC_METRIC_QUEUE_ALERTING_WINDOW] = {"as its gauge", "its gauge",
                                         NO_READING},
    [GC_METRIC_QUEUE_WAITING_WINDOW] = {"as its gauge", "its gauge",
                                        NO_READING},
    [GC_METRIC_QUEUE_LONGEST_WAIT_WINDOW] = {"as its gauge", "its gauge",
                                             NO_READING},
    [GC_METRIC_QUEUE_AGENTS_WINDOW] = {"as its gauge", "its gauge", NO_READING},
    [GC_METRIC_QUEUE_AGENTS_ROUTING_WINDOW] = {"as its gauge", "its gauge",
                                               NO_READING},
    [GC_METRIC_QUEUE_AGENTS_PRESENCE_WINDOW] = {"as its gauge", "its gauge",
                                                NO_READING},
    [GC_METRIC_QUEUE_OBSERVATION_WINDOW] = {"as its gauge", "its gauge",
                                            NO_READING},
    [GC_METRIC_ACTIVE_CONVERSATIONS_WINDOW] = {"as its gauge", "its gauge",
                                               NO_READING},
    [GC_METRIC_STREAM_CONNECTED] = {"", "the sockets of the block's topics",
                                    NO_TOPICS},
    [GC_METRIC_STREAM_SILENCE] = {"", "counted here", NO_TOPICS},
    [GC_METRIC_STREAM_TOPICS] = {"`wanted` `covered`",
                                 "`state` of the subscriptions' answers",
                                 NO_TOPICS "; of the guide stream"},
    [GC_METRIC_STREAM_RECONNECTS] = {"", "counted here", NO_TOPICS},
    [GC_METRIC_STREAM_GAP] = {"", "counted here", NO_TOPICS},
    [GC_METRIC_RESTART_GAP] = {"", "`state.db` and the readings",
                               "at the first start; without StateDir; of "
                               "blocks that lose nothing by a restart"},
    [GC_METRIC_STREAM_DRIFT] = {"", "stream and observations, compared",
                                NO_STREAM},
    [GC_METRIC_EVENTS] =
        {"`received` `new` `malformed` `other` `unknown` `lost`; of flow "
         "metrics "
         "`received` `skipped` `unplaced` `counted` `duplicate` `late` "
         "`filtered` "
         "`refused` "
         "`no_number` "
         "`malformed-REASON` `lost`",
         "counted here",
         "with Stream \"none\"; `lost` with Source sqs or webhook"},
    [GC_METRIC_CONVERSATIONS] = {"`live` `kept`", "the stream's set",
                                 NO_STREAM},
    [GC_METRIC_CONVERSATIONS_LOST] =
        {"`poll` `age` `limit` `participants` `late`", "the stream's set",
         NO_STREAM},
    [GC_METRIC_FLOW_METRIC] = {"metric", "names of participant attributes",
                               "until the flow first sets the metric"},
    [GC_METRIC_FLOW_METRIC_VALUE] =
        {"metric", "values of participant attributes",
         "with Values false; until the first number"},
    [GC_METRIC_FLOW_ACTIVE] = {"MEDIUM", "`oFlow`",
                               "the reading fails; until an answer first "
                               "has flow and medium; "
                               "with Observations none"},
    [GC_METRIC_FLOW_INTERVAL_NUMBER] = {"METRIC", COUNTS, NOTHING_SENT},
    [GC_METRIC_FLOW_INTERVAL_DURATION] =
        {"METRIC", "`stats.sum`, `min`, `max`, `count` (ms)", NOTHING_SENT},
    [GC_METRIC_FLOW_INTERVAL_RATIO] =
        {"METRIC", "`stats.numerator` / `denominator`, else `ratio`",
         NOTHING_SENT},
    [GC_METRIC_FLOW_INTERVAL_SECONDS] = {"METRIC[-MEMBER]", LONE_TIMES,
                                         NOTHING_SENT},
    [GC_METRIC_FLOW_INTERVAL_VALUE] = {"METRIC-MEMBER", LONE_VALUES,
                                       NOTHING_SENT},
    [GC_METRIC_FLOW_AGGREGATE] = {"METRIC", "sum of `stats.count`", NOT_BEGUN},
    [GC_METRIC_FLOW_AGGREGATE_SECONDS] = {"METRIC", "sum of `stats.sum`",
                                          NOT_BEGUN},
    [GC_METRIC_BATCHES] = {"`committed` `failed`", "counted here", NEVER},
    [GC_METRIC_COMMIT_TIME] = {"", "counted here",
                               "until the first transaction"},
    [GC_METRIC_STATE_UP] = {"`sqlite` `redis` `state_db`",
                            "the state's last answer", NEVER},
    [GC_METRIC_QUEUE_LAG] = {"`sqs`", "`SentTimestamp` of the message",
                             NO_SQS "; until the first answer"},
    [GC_METRIC_SQS_MESSAGES] = {"`received` `deleted` `not_deleted` `poison`",
                                "counted here", NO_SQS},
    [GC_METRIC_SQS_REQUESTS] = {"`all` `throttled`", "counted here", NO_SQS},
    [GC_METRIC_WEBHOOK_REQUESTS] = {"status, `cut`", "counted here",
                                    NO_WEBHOOK},
    [GC_METRIC_SOURCE_UP] =
        {"`observations` `stream` `aggregates` `sqs` `webhook` `notifications`",
         "counted here",
         "`observations`: while no queue or flow is selected; until the first "
         "answer, for three intervals at most. "
         "`aggregates`: after a restart until an interval is due. `sqs`: until "
         "the first answer, 20 s on an empty queue"},
    [GC_METRIC_SOURCE_AGE] = {"as source_up", "counted here",
                              "until the first complete answer"},
    [GC_METRIC_SERIES] = {"of flows also `observations`", "counted here",
                          NEVER},
    [GC_METRIC_SERIES_MAX] = {"", "`MaxSeries`", NEVER},
    [GC_METRIC_SERIES_OVERFLOW] = {"as series", "counted here", NEVER},
    [GC_METRIC_SERIES_COLLIDED] = {"", "counted here",
                                   "without genesys_prometheus"},
    [GC_METRIC_SERIES_OLD] = {"", "counted here", "without genesys_prometheus"},
    [GC_METRIC_SCRAPES] = {"`200` `401` `404` `405` `503` `cut`",
                           "counted here", "without genesys_prometheus"},
    [GC_METRIC_SCRAPE_TIME] = {"", "counted here", "until the first scrape"},
    [GC_METRIC_FLOWS] = {"`matched` `unnamed`",
                         "`/api/v2/flows` and the options",
                         "with Observations none; until the list is known; "
                         "unnamed: until the first reading"},
    [GC_METRIC_OBSERVATIONS_IGNORED] = {"", "counted here",
                                        "with Observations none"},
    [GC_METRIC_QUEUES] = {"`matched` `unnamed`",
                          "`/api/v2/routing/queues` and the options",
                          "until the list is known; unnamed: until the first "
                          "reading"},
    [GC_METRIC_QUEUE_INTERVAL_NUMBER] = {"METRIC-MEDIUM", COUNTS, NOTHING_SENT},
    [GC_METRIC_QUEUE_INTERVAL_DURATION] =
        {"METRIC-MEDIUM", "`stats.sum`, `min`, `max`, `count` (ms)",
         NOTHING_SENT},
    [GC_METRIC_QUEUE_INTERVAL_RATIO] =
        {"METRIC-MEDIUM",
         "`stats.numerator` / `denominator`, else `ratio`; `current`; "
         "`target`",
         NOTHING_SENT},
    [GC_METRIC_QUEUE_INTERVAL_SECONDS] = {"METRIC[-MEMBER]-MEDIUM", LONE_TIMES,
                                          NOTHING_SENT},
    [GC_METRIC_QUEUE_INTERVAL_VALUE] = {"METRIC-MEMBER-MEDIUM", LONE_VALUES,
                                        NOTHING_SENT},
    [GC_METRIC_QUEUE_METRIC] = {"METRIC-MEDIUM", "sum of `stats.count`",
                                NOT_BEGUN},
    [GC_METRIC_QUEUE_METRIC_SECONDS] = {"METRIC-MEDIUM", "sum of `stats.sum`",
                                        NOT_BEGUN},
    [GC_METRIC_USER_INTERVAL_NUMBER] = {"METRIC-MEDIUM", COUNTS, NOTHING_SENT},
    [GC_METRIC_USER_INTERVAL_DURATION] =
        {"METRIC-MEDIUM", "`stats.sum`, `min`, `max`, `count` (ms)",
         NOTHING_SENT},
    [GC_METRIC_USER_INTERVAL_RATIO] =
        {"METRIC-MEDIUM",
         "`stats.numerator` / `denominator`, else `ratio`; `current`; "
         "`target`",
         NOTHING_SENT},
    [GC_METRIC_USER_INTERVAL_SECONDS] = {"METRIC-STATUS", "`stats.sum` (ms)",
                                         NOTHING_SENT},
    [GC_METRIC_USER_INTERVAL_VALUE] = {"METRIC-MEMBER-MEDIUM", LONE_VALUES,
                                       NOTHING_SENT},
    [GC_METRIC_USER_METRIC] = {"METRIC-MEDIUM", "sum of `stats.count`",
                               NOT_BEGUN},
    [GC_METRIC_USER_METRIC_SECONDS] = {"METRIC-STATUS", "sum of `stats.sum`",
                                       NOT_BEGUN},
    [GC_METRIC_WINDOW_LAG] = {"", "the server's clock and the state file",
                              "until an interval was sent"},
    [GC_METRIC_WINDOW_LENGTH] = {"", "`Granularity`", NEVER},
    [GC_METRIC_WINDOWS] = {"`done` `skipped`", "counted here", NEVER},
    [GC_METRIC_QUERY_REQUESTS] = {"`answered` `failed`", "counted here", NEVER},
    [GC_METRIC_QUERY_ROWS] =
        {"`read` `unnamed` `foreign` `broken` `collided` `unknown`",
         "counted here", NEVER},
    [GC_METRIC_REVISIONS] = {"", "counted here", NEVER},
    [GC_METRIC_CORRECTIONS_CARRIED] = {"", "counted here", NEVER},
    [GC_METRIC_WRITER_UP] = {"", "counted here", NEVER},
    [GC_METRIC_WRITER_AGE] = {"", "counted here",
                              "before the first accepted request"},
    [GC_METRIC_WRITER_VALUES] = {"`received` `lost` `too_large` `ambiguous`",
                                 "counted here", NEVER},
    [GC_METRIC_WRITER_LINES] = {"`sent` `refused` `lost` `dropped`",
                                "counted here", NEVER},
    [GC_METRIC_WRITER_REQUESTS] = {"`taken` `failed`", "counted here", NEVER},
    [GC_METRIC_SPOOL_BYTES] = {"`waiting` `damaged`", "counted here", NEVER},
    [GC_METRIC_SPOOL_AGE] = {"", "counted here", NEVER},
    [GC_METRIC_API_REQUESTS] = {"FUNCTION-CLASS", "HTTP status",
                                "until the function's first request"},
    [GC_METRIC_BLOCK_REQUESTS] = {"", "HTTP status", "without an account"},
    [GC_METRIC_API_LATENCY] = {"", "counted here",
                               "an interval without an answer"},
    [GC_METRIC_API_FUNCTION_LATENCY] = {"FUNCTION", "counted here",
                                        "an interval without an answer of "
                                        "the function"},
    [GC_METRIC_API_BUDGET] = {"", "`RequestsPerMinute` and what was sent",
                              NEVER},
    [GC_METRIC_API_MINUTE_LEFT] = {"", "`RequestsPerMinute` and what was sent",
                                   NEVER},
    [GC_METRIC_API_MONTH_REQUESTS] = {"", "counted here",
                                      "until a clock is known to be right"},
    [GC_METRIC_API_MONTH_SHARE] = {"", "counted here",
                                   "without "
                                   "`MonthlyRequests`"},
    [GC_METRIC_API_QUEUED] = {"", "counted here", NEVER},
    [GC_METRIC_WRITE_QUEUE_LEFT_OUT] = {"", "counted here", NEVER},
    [GC_METRIC_API_THROTTLED] = {"", "HTTP status", NEVER},
    [GC_METRIC_API_BYTES] = {"", "counted here", NEVER},
    [GC_METRIC_API_BREAKER] = {"", "failures in a row", NEVER},
    [GC_METRIC_API_PAUSE] = {"`account` `function` `token`", "`Retry-After`",
                             NEVER},
    [GC_METRIC_TOKEN_STATE] = {"", "the token endpoint's answers", NEVER},
    [GC_METRIC_VERSION] = {"VERSION", "the package", NEVER},
    [GC_METRIC_CLOCK_OFFSET] = {"", "counted here",
                                "no two of the three clocks agree"},
    [GC_METRIC_TOKEN_LIFETIME] = {"", "`expires_in`", NEVER},
    [GC_METRIC_CERTIFICATE_LIFETIME] =
        {"`platform` `ca_cert` `client_cert` `tls_cert`", "the certificate",
         "until it is known; for a server without TLS"},
    [GC_METRIC_TOKEN_REQUESTS] = {"`ok` `failed`", "counted here", NEVER},
    [GC_METRIC_LEASE_STATE] = {"", "the Redis of `LeaseURL`",
                               "without `LeaseURL`"},
    [GC_METRIC_LEASE_FENCE] = {"", "the Redis of `LeaseURL`",
                               "until Redis answers"},
    [GC_METRIC_LEASE_AGE] = {"", "counted here", "until Redis answers"},
    [GC_METRIC_NAMES] = {"`queue` `user` `presence` `flow` `flow_outcome` "
                         "`flow_milestone`",
                         "lists of names", "until the list was read"},
};

const struct origin *origin_of(enum gc_metric_id id) {
  return origins[id].instance != NULL ? &origins[id] : NULL;
}
