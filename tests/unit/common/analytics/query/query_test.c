/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/query.h"

#include "common/analytics/query/tables.h"
#include "tests/support/check.h"

static void the_defaults_of_each_source_are_valid(void) {
  for (int i = 0; i < GC_QUERY_SOURCE_COUNT; i++) {
    const struct gc_source *s = gc_source((enum gc_query_source)i);
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(s->name);
    CHECK(s->groups.count > 0);
    for (size_t k = 0; k < s->metrics.count; k++) {
      const struct gc_api_metric *m = gc_api_metric_of(s->metrics.at[k]);
      CHECK(m >= s->table.at && m < s->table.at + s->table.count);
    }
    for (size_t k = 0; k < s->groups.count; k++)
      CHECK_INT(
          gc_dimension_check(s->groups.at[k], (enum gc_query_source)i, &err),
          GC_OK);
    CHECK(s->chosen == NULL || (s->option != NULL && s->noun != NULL));
  }
}

static void the_owner_is_the_queue_then_the_agent_then_the_flow(void) {
  char *by_both[] = {(char[]){"userId"}, (char[]){"queueId"}};
  char *by_flow[] = {(char[]){"mediaType"}, (char[]){"flowId"}};
  char *by_none[] = {(char[]){"mediaType"}};
  struct gc_query q = {.group_by = {by_both, 2}};
  int place;
  CHECK_INT(gc_query_owner_of(&q, &place), GC_QUERY_OF_QUEUE);
  CHECK_INT(place, 1);
  q.group_by.count = 1;
  CHECK_INT(gc_query_owner_of(&q, &place), GC_QUERY_OF_USER);
  CHECK_INT(place, 0);
  q.group_by = (struct gc_strs){by_flow, 2};
  CHECK_INT(gc_query_owner_of(&q, &place), GC_QUERY_OF_FLOW);
  CHECK_INT(place, 1);
  q.group_by = (struct gc_strs){by_none, 1};
  CHECK_INT(gc_query_owner_of(&q, &place), GC_QUERY_OF_NONE);
  CHECK_INT(place, -1);
}

static void the_identity_differs_when_the_request_does(void) {
  char *ab[] = {(char[]){"nA"}, (char[]){"nB"}, (char[]){"nA"}};
  char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};
  struct gc_query q = {.metrics = {ab, 2},
                       .group_by = {groups, 2},
                       .rule = {.period_ms = 60000}};
  struct gc_query other = q;
  char one[65], two[65];
  gc_query_identity(one, &q);
  other.metrics.at = ab + 1; /* the same in another order */
  gc_query_identity(two, &other);
  CHECK_STR(two, one);
  other.metrics.count = 1;
  gc_query_identity(two, &other);
  CHECK(strcmp(one, two) != 0);
  other = q;
  other.group_by.count = 1;
  gc_query_identity(two, &other);
  CHECK(strcmp(one, two) != 0);
  other = q;
  other.rule.period_ms = 1000;
  gc_query_identity(two, &other);
  CHECK(strcmp(one, two) != 0);
  other = q;
  other.chosen = (struct gc_strs){groups, 1};
  gc_query_identity(two, &other);
  CHECK(strcmp(one, two) != 0);
}

/* State files have the identity: another value would reset every query's totals
 * to 0. */
static void the_identity_never_changes(void) {
  char *metrics[] = {(char[]){"tTalk"}, (char[]){"nOffered"}};
  char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};
  char *selectors[] = {(char[]){"Support*"}};
  const struct gc_query q = {.source = GC_QUERY_CONVERSATIONS,
                             .metrics = {metrics, 2},
                             .group_by = {groups, 2},
                             .chosen = {selectors, 1},
                             .rule = {.period_ms = 1800000}};
  char identity[65];
  gc_query_identity(identity, &q);
  CHECK_STR(identity, "7772fdbff8f787ddfb933f2dd1b24128");
}

int main(void) {
  RUN(the_defaults_of_each_source_are_valid);
  RUN(the_owner_is_the_queue_then_the_agent_then_the_flow);
  RUN(the_identity_differs_when_the_request_does);
  RUN(the_identity_never_changes);
  return check_done();
}
