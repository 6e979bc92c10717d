/* SPDX-License-Identifier: MIT */
/* Series that retire when idle, and names that must stay distinct. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include "common/health/entity.h"

#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/ledger_bench.h"

static void put_named(struct batch *b, const char *flow, const char *metric) {
  struct event_metric m = {.conversation = flow, .name = "n", .name_len = 1};
  m.parts = (struct attribute){.flow = flow,
                               .metric = metric,
                               .flow_len = strlen(flow),
                               .metric_len = strlen(metric),
                               .time_ms = NOW};
  CHECK_INT(batch_add(b, &m), GC_OK);
}

static void names_are_selected_and_numbers_refused(void) {
  static char only[] = "IVR*", number[] = "+49*", not_test[] = "!*test*";
  static char *flows[] = {only}, *metrics[] = {number, not_test};
  struct ledger_source s = {.scope = "h", .stats = &lb_stats};
  struct batch b = {.source = &s};
  memset(&lb_stats, 0, sizeof(lb_stats));
  put_named(&b, "IVR", "+491701234567"); /* number of a customer */
  put_named(&b, "IVR 0170 123 456", "Calls");
  put_named(&b, "IVR 20261123", "Calls 99999999");
  CHECK_INT(b.count, 1);
  CHECK_INT(lb_stats.outcomes[OUTCOME_REFUSED], 2);
  s.flows = (struct name_filter){flows, 1};
  s.metrics = (struct name_filter){metrics, 2};
  put_named(&b, "IVR", "+491701234567"); /* the option names it */
  put_named(&b, "Sales", "+49");
  put_named(&b, "IVR", "a test");
  CHECK_INT(b.count, 2);
  CHECK_INT(lb_stats.outcomes[OUTCOME_FILTERED], 2);
  batch_clear(&b);
}

static void names_of_one_identity_are_distinguished_and_reported(void) {
  lb_fresh_folder();
  lb_names = (struct gc_err){.code = GC_OK};
  struct ledger *l = lb_start();
  struct batch *b = lb_batch_new();
  lb_put(b, "c", "a_b", 1, NOW, NULL);
  ledger_submit(l, b);
  lb_wait_finished(1);
  b = lb_batch_new();
  lb_put(b, "c", "a/b", 1, NOW, NULL);
  lb_put(b, "d", "a/b", 1, NOW, NULL);
  ledger_submit(l, b);
  lb_wait_finished(2);
  CHECK_INT(lb_count_of(l, "a_b"), 1);
  CHECK_INT(lb_count_of(l, "a_b~2"), 2);
  ledger_free(l);
  CHECK(gc_health_is_information("names of metrics", lb_names.code));

  CHECK_HAS(lb_names.text, "1 metrics have the name of another one");
  CHECK_HAS(lb_names.text, "\"Flow/flow_metric-a_b~2\"");

  /* The names come in the other order after a restart: each keeps its label. */
  l = lb_start();
  b = lb_batch_new();
  lb_put(b, "e", "a/b", 1, NOW, NULL);
  lb_put(b, "e", "a_b", 1, NOW, NULL);
  ledger_submit(l, b);
  lb_wait_finished(3);
  CHECK_INT(lb_count_of(l, "a_b"), 2);
  CHECK_INT(lb_count_of(l, "a_b~2"), 3);
  ledger_free(l);
  lb_remove_folder();
}

static bool is_idle(struct ledger *l) {
  return ledger_is_healthy(l) && ledger_count(l, "h", NULL) == 0;
}

/* The writer retires idle series when it begins, then each minute. */
static struct ledger *start_idle(int64_t hours) {
  lb_later_ms += hours * HOUR * MINUTE;
  struct ledger *l = lb_start();
  for (unsigned i = 0; i < 20000 && !is_idle(l); i++)
    usleep(1000);
  return l;
}

static void count_late(struct ledger *l, const char *metric, unsigned number) {
  struct batch *b = lb_batch_new();
  unsigned want = lb_finished + 1;
  lb_put(b, "late", metric, number, NOW + lb_later_ms, "2");
  ledger_submit(l, b);
  lb_wait_finished(want);
}

static void an_idle_series_retires_and_returns_where_it_was(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_count_one(l, 1);
  lb_count_one(l, 2);
  CHECK_INT(lb_dispatch(l, 1000), 0);
  lb_wait_shown(l);
  CHECK_INT(lb_dispatch(l, 11000), 2);
  ledger_free(l);

  l = start_idle(25);
  CHECK_INT(ledger_count(l, "h", NULL), 0);
  CHECK_INT(lb_dispatch(l, 21000), -1);
  count_late(l, "A", 3);
  CHECK_INT(ledger_count(l, "h", NULL), 1);
  CHECK_INT(lb_dispatch(l, 31000),
            2); /* the earlier count first: a rate needs it */
  CHECK_INT(lb_dispatch(l, 32000), 3);
  struct ledger_view v;
  CHECK(ledger_read(l, 0, &v));
  CHECK_REAL(v.sum, 4);
  ledger_free(l);
  lb_later_ms = 0;
  lb_remove_folder();
}

/* Starts a ledger with as many series as it may have: Old0 to Old9. */
static struct ledger *start_full(void) {
  char metric[16];
  lb_fresh_folder();
  struct ledger *l = lb_start();
  struct batch *b = lb_batch_new();
  for (unsigned i = 0; i < 10; i++) {
    snprintf(metric, sizeof(metric), "Old%u", i);
    lb_put(b, "c", metric, i, NOW, NULL);
  }
  ledger_submit(l, b);
  lb_wait_finished(1);
  return l;
}

static void a_retired_series_frees_its_place(void) {
  char metric[16];
  struct ledger *l = start_full();
  count_late(l, "New", 1);
  CHECK_INT(lb_stats.outcomes[OUTCOME_OVERFLOW], 1);
  ledger_free(l);

  l = start_idle(25);
  for (unsigned i = 0; i < 10; i++) {
    snprintf(metric, sizeof(metric), "New%u", i);
    count_late(l, metric, i);
  }
  CHECK_INT(ledger_count(l, "h", NULL), 10);
  CHECK_INT(lb_stats.outcomes[OUTCOME_OVERFLOW], 1);
  count_late(l, "Old0", 20); /* no room to return */
  CHECK_INT(lb_stats.outcomes[OUTCOME_OVERFLOW], 2);
  CHECK_INT(ledger_count(l, "h", NULL), 10);
  ledger_free(l);
  lb_later_ms = 0;
  lb_remove_folder();
}

/* A queue that was waiting delivers as soon as the file is open. */
static void idle_series_retire_before_the_first_transaction(void) {
  struct ledger *l = start_full();
  ledger_free(l);

  lb_later_ms = 25 * HOUR * MINUTE;
  l = lb_start();
  count_late(l, "New", 1);
  CHECK_INT(lb_count_of(l, "New"), 1);
  CHECK_INT(lb_stats.outcomes[OUTCOME_OVERFLOW], 0);
  ledger_free(l);
  lb_later_ms = 0;
  lb_remove_folder();
}

/* The writer does not run. */
static void a_step_of_the_clock_retires_no_series(void) {
  const struct ledger_options settings = {.folder = "/nowhere",
                                          .retention_ms = HOUR * MINUTE,
                                          .wall_ms = lb_wall_ms,
                                          .notice = lb_on_notice};
  struct ledger *l = ledger_new(&settings, NULL);
  struct series *s = NULL;
  CHECK(l != NULL);
  CHECK_INT(series_find(&l->set, "h", "F", "M", 9, &s), GC_OK);
  s->kept.id = 1;
  s->kept.last_minute = ledger_minute_of(NOW);
  for (int i = 0; i < 3; i++) {
    lb_later_ms = i == 1 ? 15 * 24 * HOUR * MINUTE : 0;
    l->next_retire_ms = 0;
    ledger_retire_idle(l);
    CHECK_INT(ledger_count(l, "h", NULL), 1);
  }
  ledger_free(l);
}

/* ---- reports; the writer does not run ---- */

static struct ledger *new_ledger(void) {
  const struct ledger_options settings = {.folder = "/nowhere",
                                          .retention_ms = HOUR * MINUTE,
                                          .wall_ms = lb_wall_ms,
                                          .notice = lb_on_notice};
  lb_names = lb_series = (struct gc_err){.code = GC_OK};
  return ledger_new(&settings, NULL);
}

static void a_renamed_series_counts_while_it_is_not_retired(void) {
  struct ledger *l = new_ledger();
  size_t renamed = 0;
  struct series *first = NULL, *second = NULL;
  CHECK_INT(series_find(&l->set, "h", "F", "a_b", 9, &first), GC_OK);
  CHECK_INT(series_find(&l->set, "h", "F", "a/b", 9, &second), GC_OK);
  ledger_report_names(l);
  CHECK(gc_health_is_information("names of metrics", lb_names.code));

  second->kept.last_minute = 100;
  CHECK_INT(series_retire_idle(&l->set, 101), 1);
  CHECK_INT(ledger_count(l, "h", &renamed), 1);
  CHECK_INT(renamed, 0);
  ledger_report_names(l);
  lb_names = (struct gc_err){.code = GC_OK};
  CHECK_INT(series_revive(&l->set, second, 9), GC_OK);
  CHECK_INT(ledger_count(l, "h", &renamed), 2);
  CHECK_INT(renamed, 1);
  ledger_report_names(l);
  CHECK(gc_health_is_information("names of metrics", lb_names.code));
  lb_names = (struct gc_err){.code = GC_OK};
  ledger_report_names(l); /* once */
  CHECK_INT(lb_names.code, GC_OK);
  ledger_free(l);
}

/* Finds the series of a metric for a block with this MaxSeries. Returns false
 * when it has no place. */
static bool find_place(struct ledger *l, size_t max, const char *metric) {
  struct ledger_source s = {
      .scope = "h", .max_series = max, .stats = &lb_stats};
  struct batch b = {.source = &s};
  struct series *found = NULL;
  put_named(&b, "F", metric);
  struct occurrence_ref ref = {b.occurrences, &b, NULL};
  CHECK_INT(ledger_find_series(l, &ref, &found, NULL), GC_OK);
  batch_clear(&b);
  ledger_report_names(l);
  return found != NULL;
}

static void a_place_of_another_block_ends_no_overflow(void) {
  struct ledger *l = new_ledger();
  CHECK(find_place(l, 1, "A"));
  CHECK(!find_place(l, 1, "B"));
  CHECK_INT(lb_series.code, GC_ERR_LIMIT);
  CHECK(find_place(l, 9, "C"));
  CHECK_INT(lb_series.code, GC_ERR_LIMIT);
  ledger_free(l);
}

static void an_overflow_is_over_when_nothing_was_left_out_for_a_while(void) {
  struct ledger *l = new_ledger();
  CHECK(find_place(l, 1, "A"));
  CHECK(!find_place(l, 1, "B"));
  l->full_ms -= LEDGER_GOOD_AGAIN_MS / 2;
  CHECK(!find_place(l, 1, "C"));
  l->full_ms -= LEDGER_GOOD_AGAIN_MS / 2;
  CHECK(find_place(l, 1, "A"));
  CHECK_INT(lb_series.code, GC_ERR_LIMIT);
  l->full_ms -= LEDGER_GOOD_AGAIN_MS / 2;
  ledger_report_names(l); /* no new series, for months */
  CHECK_INT(lb_series.code, GC_OK);
  CHECK(!find_place(l, 1, "D"));
  CHECK_INT(lb_series.code, GC_ERR_LIMIT);
  ledger_free(l);
}

int main(void) {
  RUN(a_renamed_series_counts_while_it_is_not_retired);
  RUN(a_place_of_another_block_ends_no_overflow);
  RUN(an_overflow_is_over_when_nothing_was_left_out_for_a_while);
  RUN(names_are_selected_and_numbers_refused);
  RUN(names_of_one_identity_are_distinguished_and_reported);
  RUN(a_step_of_the_clock_retires_no_series);
  RUN(an_idle_series_retires_and_returns_where_it_was);
  RUN(a_retired_series_frees_its_place);
  RUN(idle_series_retire_before_the_first_transaction);
  return check_done();
}
