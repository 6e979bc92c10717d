/* SPDX-License-Identifier: MIT */
/* The tables and small files of common/analytics: metrics, dimensions, the
 * identity of a query, the choice of queues, names, totals. */
#include <stdio.h>
#include <stdlib.h>

#include "common/analytics/dimension_table.h"
#include "common/analytics/filter.h"
#include "common/analytics/metric_table.h"
#include "common/analytics/query.h"
#include "common/analytics/series.h"
#include "common/analytics/series_name.h"
#include "tests/support/check.h"

static void a_metric_is_what_the_table_or_its_first_letter_says(void) {
  static const struct {
    const char *name;
    enum gc_stats_kind kind;
  } rows[] = {
      {"nOffered", GC_STATS_COUNT},      {"tAnswered", GC_STATS_DURATION},
      {"oServiceLevel", GC_STATS_RATIO}, {"oServiceTarget", GC_STATS_TARGET},
      {"oMessageTurn", GC_STATS_SUM},    {"tSystemPresence", GC_STATS_SECONDS},
      {"waitTime", GC_STATS_MEAN},       {"answered", GC_STATS_COUNT},
      {"nNobodyKnows", GC_STATS_COUNT},  {"tNobodyKnows", GC_STATS_DURATION},
      {"oNobodyKnows", GC_STATS_COUNT},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK_INT(gc_api_metric_of(rows[i].name)->kind, rows[i].kind);
  }
}

static void the_table_of_metrics_is_whole(void) {
  size_t conversations = 0, users = 0, flows = 0;
  for (size_t i = 0; i < gc_api_metric_count; i++) {
    const struct gc_api_metric *m = &gc_api_metrics[i];
    CHECK_ROW(m->name);
    CHECK(gc_api_metric_is_name(m->name));
    CHECK(gc_api_metric_of(m->name) == m); /* none twice */
    CHECK(m->meaning[strlen(m->meaning) - 1] == '.');
    CHECK(strchr(m->meaning, '|') == NULL);
    conversations += strcmp(m->source, "conversations") == 0;
    users += strcmp(m->source, "users") == 0;
    flows += strcmp(m->source, "flows") == 0;
    if (strcmp(m->source, "queue_details") == 0)
      continue;
    CHECK_REAL(m->per_second, m->name[0] == 't' ? 1000 : 1);
    CHECK(m->name[0] != 'n' || m->kind == GC_STATS_COUNT);
  }
  CHECK_INT(conversations, 80);
  CHECK_INT(users, 3);
  CHECK_INT(flows, 9);
}

static void a_metric_name_is_a_letter_then_letters_and_digits(void) {
  CHECK(gc_api_metric_is_name("nX"));
  CHECK(!gc_api_metric_is_name(""));
  CHECK(!gc_api_metric_is_name("Offered"));
  CHECK(!gc_api_metric_is_name("n-x"));
  CHECK(!gc_api_metric_is_name("n\"x"));
  CHECK(!gc_api_metric_is_name(
      "n1234567890123456789012345678901234567890123456789012"
      "345678901"));
}

static void a_dimension_of_single_customers_is_refused(void) {
  struct gc_err err;
  CHECK_INT(gc_dimension_check("queueId", GC_QUERY_CONVERSATIONS, &err), GC_OK);
  CHECK_INT(gc_dimension_check("divisionId", GC_QUERY_CONVERSATIONS, &err),
            GC_OK);
  CHECK_INT(gc_dimension_check("conversationId", GC_QUERY_CONVERSATIONS, &err),
            GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_check("participantName", GC_QUERY_CONVERSATIONS, &err),
            GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_check("queueid", GC_QUERY_CONVERSATIONS, &err),
            GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_check("entryReason", GC_QUERY_FLOWS, &err),
            GC_ERR_CONFIG); /* number that a customer dialled */
  CHECK_INT(gc_dimension_check("ani", GC_QUERY_FLOWS, &err), GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_of("userId"), GC_DIMENSION_USER);
  CHECK_INT(gc_dimension_of("mediaType"), GC_DIMENSION_MEDIA);
  CHECK_INT(gc_dimension_of("wrapUpCode"), GC_DIMENSION_WORD);
}

static void flows_have_dimensions_of_their_own(void) {
  static const struct {
    const char *name;
    bool of_conversations, of_flows;
  } rows[] = {
      {"queueId", true, true},
      {"mediaType", true, true},
      {"flowId", false, true},
      {"flowOutcomeId", false, true},
      {"flowMilestoneId", false, true},
      {"flowType", false, true},
      {"originatingSocialMediaPublic", true, false},
      {"flowid", false, false},
  };
  struct gc_err err;
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK((gc_dimension_check(rows[i].name, GC_QUERY_CONVERSATIONS, &err) ==
           GC_OK) == rows[i].of_conversations);
    CHECK((gc_dimension_check(rows[i].name, GC_QUERY_FLOWS, &err) == GC_OK) ==
          rows[i].of_flows);
  }
  CHECK_HAS(err.text, "flowOutcomeId");
  CHECK_INT(gc_dimension_of("flowType"), GC_DIMENSION_CODE);
}

static void every_list_has_its_dimension(void) {
  static const struct {
    const char *dimension;
    int list;
  } rows[] = {{"queueId", GC_QUEUE},
              {"userId", GC_USER},
              {"flowId", GC_FLOW},
              {"flowOutcomeId", GC_FLOW_OUTCOME},
              {"flowMilestoneId", GC_FLOW_MILESTONE},
              {"mediaType", -1},
              {"flowType", -1},
              {"divisionId", -1}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].dimension);
    CHECK_INT(gc_dimension_list(gc_dimension_of(rows[i].dimension)),
              rows[i].list);
  }
}

static void the_defaults_of_each_source_are_valid(void) {
  for (int i = 0; i < GC_QUERY_SOURCE_COUNT; i++) {
    const struct gc_source *s = gc_source((enum gc_query_source)i);
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(s->name);
    CHECK(s->groups.count > 0);
    for (size_t k = 0; k < s->metrics.count; k++)
      CHECK_STR(gc_api_metric_of(s->metrics.at[k])->source, s->name);
    for (size_t k = 0; k < s->groups.count; k++)
      CHECK_INT(
          gc_dimension_check(s->groups.at[k], (enum gc_query_source)i, &err),
          GC_OK);
    CHECK(s->chosen == NULL || s->chosen_option != NULL);
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

static const struct gc_entry entries[] = {{"q1", "Sales", "Sales", ""},
                                          {"q2", "Test", "Test", ""},
                                          {"q3", "Sales", "Sales~2", ""}};

static void a_deleted_queue_stays_chosen_and_a_renamed_one_does_not(void) {
  static const struct gc_entry later[] = {{"q2", "Test", "Test", ""},
                                          {"q3", "Other", "Other", ""}};
  char *selectors[] = {(char[]){"Sal*"}};
  struct gc_filter c = {.is_by_filter = true, .is_grouped = true};
  struct gc_entities *d = gc_entities_new(entries, 3, false);
  uint32_t n;
  CHECK(gc_filter_is_empty(&c));
  CHECK_INT(gc_filter_make(&c, d, selectors, 1), GC_OK);
  CHECK_INT(c.ids.count, 2);
  CHECK(gc_filter_for_request(&c) == &c.ids &&
        gc_filter_for_answers(&c) == &c.ids);
  gc_entities_put(d);
  d = gc_entities_new(later, 2, false);
  CHECK_INT(gc_filter_make(&c, d, selectors, 1), GC_OK);
  CHECK_INT(c.ids.count, 1);
  CHECK(gc_intern_find(&c.ids, "q1", 2, &n));
  gc_entities_put(d);
  gc_filter_clear(&c);
}

static void when_the_list_is_refused_ids_are_chosen(void) {
  char *selectors[] = {(char[]){"q7"}, (char[]){"Sal*"}};
  struct gc_filter c = {.is_by_filter = true, .is_grouped = true};
  struct gc_entities *d = gc_entities_new(NULL, 0, true);
  CHECK_INT(gc_filter_make(&c, d, selectors, 2), GC_OK);
  CHECK_INT(c.ids.count, 1);
  CHECK_STR(gc_intern_text(&c.ids, 0), "q7");
  CHECK_INT(gc_filter_make(&c, d, selectors, 0), GC_OK);
  CHECK(c.is_all && !gc_filter_is_empty(&c));
  CHECK(gc_filter_for_request(&c) == NULL && gc_filter_for_answers(&c) == NULL);
  gc_entities_put(d);
  gc_filter_clear(&c);
}

static void names_are_the_labels_of_the_list(void) {
  static const struct {
    enum gc_query_label label;
    const char *id, *text; /* NULL: not known yet */
  } rows[] = {
      {GC_QUERY_LABEL_NAME, "q3", "Sales~2"},
      {GC_QUERY_LABEL_ID, "q3", "q3"},
      {GC_QUERY_LABEL_BOTH, "q3", "Sales@q3"},
      {GC_QUERY_LABEL_NAME, "q9", "Gone"},
      {GC_QUERY_LABEL_NAME, "q8", NULL},
      {GC_QUERY_LABEL_ID, "q8", "q8"},
      {GC_QUERY_LABEL_BOTH, "q8", NULL},
      {GC_QUERY_LABEL_NAME, "", "none"},
  };
  static const struct gc_entry old = {"q9", "Gone", "Gone", ""};
  struct gc_naming n = {
      .lists = {[GC_QUEUE] = {gc_entities_new(entries, 3, false),
                              gc_entities_new(&old, 1, false)}}};
  char text[GC_NAME_SIZE];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].id);
    n.label = rows[i].label;
    CHECK(gc_naming_text(&n, GC_DIMENSION_QUEUE, rows[i].id, text) ==
          (rows[i].text != NULL));
    CHECK(gc_naming_is_missing(&n, GC_DIMENSION_QUEUE, rows[i].id) ==
          (rows[i].text == NULL));
    if (rows[i].text != NULL)
      CHECK_STR(text, rows[i].text);
  }
  CHECK(gc_naming_text(&n, GC_DIMENSION_WORD, "a/b", text));
  CHECK_STR(text, "a_b");
  gc_naming_clear(&n);
}

static void a_counter_never_falls_and_carries_corrections(void) {
  struct gc_series_set set = {.keys = {.max = 2}};
  uint32_t n;
  CHECK_INT(gc_series_put(&set, "a", 1, &n), GC_OK);
  struct gc_series *s = &set.at[n];
  gc_series_revise(&set);
  gc_series_add(&set, 0, &(struct gc_amount){10, 5.0}, false);
  CHECK_INT(gc_series_counter(s), 10);
  s->again = (struct gc_amount){4, 2.0};
  CHECK_INT(gc_series_revise(&set), 1);
  CHECK_INT(gc_series_counter(s), 10);
  CHECK_INT(gc_series_carried(&set), 6);
  CHECK_REAL(s->total.sum, 2.0);
  s->again = s->settle = (struct gc_amount){4, 2.0};
  CHECK_INT(gc_series_revise(&set), 0);
  CHECK_INT(s->base.count, 4);
  gc_series_add(&set, 0, &(struct gc_amount){7, 1.0}, true);
  CHECK_INT(s->base.count, 11);
  CHECK_INT(gc_series_counter(s), 11);
  CHECK_INT(gc_series_carried(&set), 0);
  CHECK_INT(gc_series_put(&set, "b", 1, &n), GC_OK);
  CHECK_INT(gc_series_put(&set, "c", 1, &n), GC_ERR_LIMIT);
  CHECK_INT(gc_series_put(&set, "a", 1, &n), GC_OK);
  gc_series_clear(&set);
}

int main(void) {
  RUN(a_metric_is_what_the_table_or_its_first_letter_says);
  RUN(the_table_of_metrics_is_whole);
  RUN(a_metric_name_is_a_letter_then_letters_and_digits);
  RUN(a_dimension_of_single_customers_is_refused);
  RUN(flows_have_dimensions_of_their_own);
  RUN(every_list_has_its_dimension);
  RUN(the_defaults_of_each_source_are_valid);
  RUN(the_owner_is_the_queue_then_the_agent_then_the_flow);
  RUN(the_identity_differs_when_the_request_does);
  RUN(the_identity_never_changes);
  RUN(a_deleted_queue_stays_chosen_and_a_renamed_one_does_not);
  RUN(when_the_list_is_refused_ids_are_chosen);
  RUN(names_are_the_labels_of_the_list);
  RUN(a_counter_never_falls_and_carries_corrections);
  return check_done();
}
