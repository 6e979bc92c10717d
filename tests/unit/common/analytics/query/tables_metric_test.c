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

int main(void) {
  RUN(the_table_or_the_first_letter_gives_a_metrics_kind);
  RUN(the_table_of_metrics_is_whole);
  RUN(a_metric_name_is_a_letter_then_letters_and_digits);
  return check_done();
}
