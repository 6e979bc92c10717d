/* SPDX-License-Identifier: MIT */
/* The calls of the Platform API v2 that the plugins make, as one table: name
 * for the self-telemetry, method, path, and the permission that a role needs.
 * The table follows the API's own operation list. QUEUE_DETAILS and
 * QUEUE_METRICS are calls of the guide dialect, where a scope of the token
 * allows a call. Pure. */
#ifndef GC_GENESYS_ENDPOINT_H
#define GC_GENESYS_ENDPOINT_H

#include "common/base/err.h"

#define GC_ENDPOINT_MAP(XX)                                                    \
  XX(QUEUES, "queues", "GET", "/api/v2/routing/queues", "routing:queue:view")  \
  XX(TOKEN, "token", "GET", "/api/v2/tokens/me", "")                           \
  XX(USERS, "users", "GET", "/api/v2/users", "")                               \
  XX(PRESENCES, "presences", "GET", "/api/v2/presence/definitions",            \
     "presence:presenceDefinition:view")                                       \
  XX(QUEUE_OBSERVATIONS, "queue_observations", "POST",                         \
     "/api/v2/analytics/queues/observations/query",                            \
     "analytics:queueObservation:view")                                        \
  XX(CONVERSATION_ACTIVITY, "conversation_activity", "POST",                   \
     "/api/v2/analytics/conversations/activity/query",                         \
     "analytics:queueObservation:view")                                        \
  XX(ROUTING_ACTIVITY, "routing_activity", "POST",                             \
     "/api/v2/analytics/routing/activity/query",                               \
     "analytics:queueObservation:view")                                        \
  XX(CHANNEL_CREATE, "channel_create", "POST",                                 \
     "/api/v2/notifications/channels", "")                                     \
  XX(CHANNEL_CHECK, "channel_check", "HEAD", "/api/v2/notifications/channels", \
     "")                                                                       \
  XX(SUBSCRIPTIONS_REPLACE, "subscriptions_replace", "PUT",                    \
     "/api/v2/notifications/channels", "")                                     \
  XX(SUBSCRIPTIONS_ADD, "subscriptions_add", "POST",                           \
     "/api/v2/notifications/channels", "")                                     \
  XX(CHANNEL_LIST, "channel_list", "GET", "/api/v2/notifications/channels",    \
     "")                                                                       \
  XX(SUBSCRIPTIONS_LIST, "subscriptions_list", "GET",                          \
     "/api/v2/notifications/channels", "")                                     \
  XX(SUBSCRIPTIONS_REMOVE, "subscriptions_remove", "DELETE",                   \
     "/api/v2/notifications/channels", "")                                     \
  XX(CONVERSATION_AGGREGATES, "conversation_aggregates", "POST",               \
     "/api/v2/analytics/conversations/aggregates/query",                       \
     "analytics:conversationAggregate:view")                                   \
  XX(USER_AGGREGATES, "user_aggregates", "POST",                               \
     "/api/v2/analytics/users/aggregates/query",                               \
     "analytics:userAggregate:view")                                           \
  XX(QUEUE_DETAILS, "queue_details", "POST",                                   \
     "/api/v2/analytics/queues/details/query", "scope analytics:query")        \
  XX(QUEUE_METRICS, "queue_metrics", "GET", "/api/v2/queues/metrics",          \
     "scope analytics:realtime:read")                                          \
  XX(FLOWS, "flows", "GET", "/api/v2/flows", "architect:flow:view")            \
  XX(FLOW_OUTCOMES, "flow_outcomes", "GET", "/api/v2/flows/outcomes",          \
     "architect:flowOutcome:view")                                             \
  XX(FLOW_MILESTONES, "flow_milestones", "GET", "/api/v2/flows/milestones",    \
     "architect:flowMilestone:view")                                           \
  XX(FLOW_OBSERVATIONS, "flow_observations", "POST",                           \
     "/api/v2/analytics/flows/observations/query",                             \
     "analytics:flowObservation:view")                                         \
  XX(FLOW_ACTIVITY, "flow_activity", "POST",                                   \
     "/api/v2/analytics/flows/activity/query",                                 \
     "analytics:flowObservation:view")                                         \
  XX(FLOW_AGGREGATES, "flow_aggregates", "POST",                               \
     "/api/v2/analytics/flows/aggregates/query",                               \
     "analytics:flowAggregate:view")

enum gc_endpoint_id {
#define XX(id, function, method, path, permission) GC_ENDPOINT_##id,
  GC_ENDPOINT_MAP(XX)
#undef XX
      GC_ENDPOINT_COUNT
};

/* Plans count requests a minute, and the bill those of a month: of 30 days. */
enum { GC_MONTH_MINUTES = 30 * 24 * 60 };

struct gc_endpoint {
  const char *function; /* for self-telemetry and messages */
  const char *method;
  const char *path;       /* below BaseURL; gc_call.path_tail follows */
  const char *permission; /* "" when none is needed; "scope NAME": a scope of
                             the token, not a permission of a role */
};

/* Returns the row; never NULL. */
GC_API const struct gc_endpoint *gc_endpoint(enum gc_endpoint_id id);

#endif
