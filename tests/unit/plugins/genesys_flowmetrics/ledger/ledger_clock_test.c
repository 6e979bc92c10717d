/* SPDX-License-Identifier: MIT */
/* The file with a wrong clock of this host: no clock alone makes an attribute
 * late, or a key old. */
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include "tests/support/check.h"
#include "tests/support/ledger_bench.h"

#define DAY (INT64_C(24) * HOUR * MINUTE)

static void count_at(struct ledger *l, unsigned number, int64_t time_ms) {
  struct batch *b = lb_batch_new();
  unsigned want = lb_finished + 1;
  lb_put(b, "c", "A", number, time_ms, NULL);
  ledger_submit(l, b);
  lb_wait_finished(want);
}

/* The clock is 15 days ahead before the first attribute, or after some. */
static void an_attribute_counts_once_while_our_clock_is_ahead(void) {
  for (unsigned before = 0; before < 3; before++) {
    lb_fresh_folder();
    struct ledger *l = lb_start();
    for (unsigned i = 0; i < before; i++)
      count_at(l, i, NOW);
    lb_later_ms = 15 * DAY;
    for (unsigned i = 0; i < 4; i++)
      count_at(l, i, NOW + i * MINUTE);
    CHECK_INT(lb_count_of(l, "A"), before == 2 ? 5 : 4);
    CHECK_INT(lb_stats.outcomes[OUTCOME_LATE], 0);
    CHECK_HAS(lb_clock.text, "older than Retention by this host's clock");
    ledger_free(l);
    l = lb_start();
    for (unsigned i = 0; i < 4; i++)
      count_at(l, i, NOW + i * MINUTE);
    CHECK_INT(lb_count_of(l, "A"), before == 2 ? 5 : 4);
    lb_later_ms = 0;
    for (unsigned i = 0; i < 6; i++)
      count_at(l, i, NOW + i * MINUTE);
    CHECK_INT(lb_count_of(l, "A"), before == 2 ? 7 : 6);
    CHECK_INT(lb_stats.outcomes[OUTCOME_LATE], 0);
    ledger_free(l);
    lb_remove_folder();
  }
}

/* By the clock and by the time of an attribute two days have passed. */
static void an_attribute_is_late_by_the_clock_and_a_newer_attribute(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  count_at(l, 1, NOW);
  lb_later_ms = 2 * DAY;
  count_at(l, 2, NOW + 2 * DAY);
  count_at(l, 3, NOW + DAY - MINUTE);
  CHECK_INT(lb_count_of(l, "A"), 2);
  CHECK_INT(lb_stats.outcomes[OUTCOME_LATE], 1);
  lb_later_ms = 0;
  count_at(l, 1, NOW);
  CHECK_INT(lb_count_of(l, "A"), 2);
  ledger_free(l);
  lb_remove_folder();
}

/* An attribute that is ahead of all clocks makes no other one late. */
static void an_attribute_ahead_makes_no_other_one_late(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_later_ms = 15 * DAY;
  struct batch *b = lb_batch_new();
  lb_put(b, "c", "A", 1, NOW, NULL);
  lb_put(b, "c", "A", 2, NOW + 17 * DAY, NULL);
  ledger_submit(l, b);
  lb_wait_finished(1);
  CHECK_INT(lb_count_of(l, "A"), 1);
  CHECK_INT(lb_stats.malformed[MALFORMED_FUTURE], 1);
  lb_later_ms = 0;
  ledger_free(l);
  lb_remove_folder();
}

/* A batch with one attribute of this time; its state after the commit. */
static struct {
  size_t ahead;
  bool doubts_clock;
} seen;

static void (*finish)(struct batch *b, enum gc_code code);
static void on_seen(struct batch *b, enum gc_code code) {
  seen.ahead = b->ahead;
  seen.doubts_clock = batch_doubts_clock(b);
  finish(b, code);
}

static void an_attribute_is_ahead_by_our_clock_and_the_dates_only(void) {
  static const struct {
    const char *name;
    int64_t ours, date, attribute; /* days after the truth */
    bool has_date, is_ahead, doubts_clock;
  } rows[] = {
      {"our clock is behind, no Date", -2, 0, 0, false, true, true},
      {"our clock is behind", -2, 0, 0, true, false, false},
      {"the Date is behind", 0, -2, 0, true, false, false},
      {"both are behind, and differ", -2, -3, 0, true, true, true},
      {"the attribute is ahead, no Date", 0, 0, 2, false, true, true},
      {"the attribute is ahead of both", 0, 0, 2, true, true, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    lb_fresh_folder();
    lb_later_ms = rows[i].ours * DAY;
    struct ledger *l = lb_start();
    if (rows[i].has_date)
      ledger_observe_date(l, NOW + rows[i].date * DAY);
    struct batch *b = lb_batch_new();
    finish = b->done;
    b->done = on_seen;
    lb_put(b, "c", "A", 1, NOW + rows[i].attribute * DAY, NULL);
    ledger_submit(l, b);
    lb_wait_finished(1);
    CHECK_INT(seen.ahead, rows[i].is_ahead);
    CHECK_INT(seen.doubts_clock, rows[i].doubts_clock);
    CHECK_INT(lb_count_of(l, "A") == 1, !rows[i].is_ahead);
    ledger_free(l);
    lb_remove_folder();
  }
  lb_later_ms = 0;
}

/* Our clock steps back by two days while Dates have confirmed it before. */
static void a_step_of_our_clock_makes_no_attribute_ahead(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  ledger_observe_date(l, NOW);
  lb_later_ms = -2 * DAY;
  count_at(l, 1, NOW);
  CHECK_INT(lb_count_of(l, "A"), 1);
  CHECK_INT(lb_stats.malformed[MALFORMED_FUTURE], 0);
  lb_later_ms = 0;
  ledger_free(l);
  lb_remove_folder();
}

int main(void) {
  RUN(an_attribute_is_ahead_by_our_clock_and_the_dates_only);
  RUN(a_step_of_our_clock_makes_no_attribute_ahead);
  RUN(an_attribute_counts_once_while_our_clock_is_ahead);
  RUN(an_attribute_is_late_by_the_clock_and_a_newer_attribute);
  RUN(an_attribute_ahead_makes_no_other_one_late);
  return check_done();
}
