/* SPDX-License-Identifier: MIT */
#include "common/genesys/endpoint.h"

#include "tests/support/check.h"

/* The rows equal the operations of the platform's own list. */
static void
each_endpoint_equals_the_operation_that_the_platform_documents(void) {
  static const struct {
    enum gc_endpoint_id id;
    const char *function, *method, *path, *permission;
  } rows[] = {
      {GC_ENDPOINT_QUEUES, "queues", "GET", "/api/v2/routing/queues",
       "routing:queue:view"},
      {GC_ENDPOINT_USERS, "users", "GET", "/api/v2/users", ""},
      {GC_ENDPOINT_PRESENCES, "presences", "GET",
       "/api/v2/presence/definitions", "presence:presenceDefinition:view"},
      {GC_ENDPOINT_QUEUE_OBSERVATIONS, "queue_observations", "POST",
       "/api/v2/analytics/queues/observations/query",
       "analytics:queueObservation:view"},
      {GC_ENDPOINT_CONVERSATION_ACTIVITY, "conversation_activity", "POST",
       "/api/v2/analytics/conversations/activity/query",
       "analytics:queueObservation:view"},
      {GC_ENDPOINT_ROUTING_ACTIVITY, "routing_activity", "POST",
       "/api/v2/analytics/routing/activity/query",
       "analytics:queueObservation:view"},
      {GC_ENDPOINT_CHANNEL_CREATE, "channel_create", "POST",
       "/api/v2/notifications/channels", ""},
      {GC_ENDPOINT_CHANNEL_CHECK, "channel_check", "HEAD",
       "/api/v2/notifications/channels", ""},
      {GC_ENDPOINT_SUBSCRIPTIONS_REPLACE, "subscriptions_replace", "PUT",
       "/api/v2/notifications/channels", ""},
      {GC_ENDPOINT_SUBSCRIPTIONS_ADD, "subscriptions_add", "POST",
       "/api/v2/notifications/channels", ""},
      {GC_ENDPOINT_CONVERSATION_AGGREGATES, "conversation_aggregates", "POST",
       "/api/v2/analytics/conversations/aggregates/query",
       "analytics:conversationAggregate:view"},
      {GC_ENDPOINT_USER_AGGREGATES, "user_aggregates", "POST",
       "/api/v2/analytics/users/aggregates/query",
       "analytics:userAggregate:view"},
      {GC_ENDPOINT_QUEUE_DETAILS, "queue_details", "POST",
       "/api/v2/analytics/queues/details/query", "scope analytics:query"},
      {GC_ENDPOINT_QUEUE_METRICS, "queue_metrics", "GET",
       "/api/v2/queues/metrics", "scope analytics:realtime:read"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].function);
    const struct gc_endpoint *e = gc_endpoint(rows[i].id);
    CHECK_STR(e->function, rows[i].function);
    CHECK_STR(e->method, rows[i].method);
    CHECK_STR(e->path, rows[i].path);
    CHECK_STR(e->permission, rows[i].permission);
  }
}

static void all_rows_are_well_formed_and_differ(void) {
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++) {
    const struct gc_endpoint *e = gc_endpoint((enum gc_endpoint_id)i);
    CHECK_ROW(e->function);
    CHECK(e->function[strspn(e->function, "abcdefghijklmnopqrstuvwxyz_")] ==
          '\0');
    CHECK(strcmp(e->method, "GET") == 0 || strcmp(e->method, "POST") == 0 ||
          strcmp(e->method, "PUT") == 0 || strcmp(e->method, "HEAD") == 0 ||
          strcmp(e->method, "DELETE") == 0);
    CHECK(strncmp(e->path, "/api/v2/", 8) == 0);
    CHECK(e->path[strlen(e->path) - 1] != '/');
    CHECK(strchr(e->path, '?') == NULL);
    CHECK(e->permission != NULL);
    for (int k = 0; k < i; k++)
      CHECK(strcmp(gc_endpoint((enum gc_endpoint_id)k)->function,
                   e->function) != 0);
  }
}

static void a_number_out_of_range_gives_some_row(void) {
  CHECK(gc_endpoint((enum gc_endpoint_id)GC_ENDPOINT_COUNT) != NULL);
  CHECK(gc_endpoint((enum gc_endpoint_id)(-1)) != NULL);
}

int main(void) {
  RUN(each_endpoint_equals_the_operation_that_the_platform_documents);
  RUN(all_rows_are_well_formed_and_differ);
  RUN(a_number_out_of_range_gives_some_row);
  return check_done();
}
