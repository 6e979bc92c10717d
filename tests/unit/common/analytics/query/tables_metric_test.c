/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/tables.h"

#include "tests/support/check.h"

static void the_table_or_the_first_letter_gives_a_metrics_kind(void) {
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
  static const size_t counts[GC_QUERY_SOURCE_COUNT] = {
      [GC_QUERY_CONVERSATIONS] = 80,
      [GC_QUERY_USERS] = 3,
      [GC_QUERY_QUEUE_DETAILS] = 4,
      [GC_QUERY_FLOWS] = 9};
  struct gc_err err;
  for (int i = 0; i < GC_QUERY_SOURCE_COUNT; i++) {
    const struct gc_source *s = gc_source((enum gc_query_source)i);
    CHECK_INT(s->table.count, counts[i]);
    for (size_t k = 0; k < s->table.count; k++) {
      const struct gc_api_metric *m = &s->table.at[k];
      CHECK_ROW(m->name);
      CHECK_INT(gc_api_metric_check(m->name, &err), GC_OK);
      CHECK(gc_api_metric_of(m->name) == m); /* none twice */
      CHECK(m->meaning[strlen(m->meaning) - 1] == '.');
      CHECK(strchr(m->meaning, '|') == NULL);
      CHECK(m->name[0] != 'n' || m->kind == GC_STATS_COUNT);
      CHECK(m->name[0] != 't' || m->kind == GC_STATS_DURATION ||
            m->kind == GC_STATS_SECONDS);
    }
  }
}

static void a_metric_name_is_a_letter_then_letters_and_digits(void) {
  static const char *const bad[] = {
      "", "Offered", "n-x", "n\"x",
      "n1234567890123456789012345678901234567890123456789012345678901"};
  struct gc_err err;
  CHECK_INT(gc_api_metric_check("nNobodyKnows", &err), GC_OK);
  for (size_t i = 0; i < GC_COUNT(bad); i++) {
    CHECK_INT(gc_api_metric_check(bad[i], &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, "is not the name of a metric");
  }
}

int main(void) {
  RUN(the_table_or_the_first_letter_gives_a_metrics_kind);
  RUN(the_table_of_metrics_is_whole);
  RUN(a_metric_name_is_a_letter_then_letters_and_digits);
  return check_done();
}
