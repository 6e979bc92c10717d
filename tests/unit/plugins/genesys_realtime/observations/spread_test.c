/* SPDX-License-Identifier: MIT */
/* What has changed leaves at once, the rest in turn, each value once. */
#include "plugins/genesys_realtime/observations/spread.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

enum { QUEUES = 40, SERIES = 3, INTERVAL_MS = 10000 };

static struct spread s;
static uint64_t now_ms;
static double values[QUEUES][SERIES];
static unsigned put_count[QUEUES][SERIES]; /* since the new reading */
static size_t put_total;
static unsigned queue_count; /* of the reading */

static void record(void *ctx, const struct gc_sample *sample) {
  unsigned queue, series;
  (void)ctx;
  CHECK_INT(sscanf(sample->instance, "q%u", &queue), 1);
  CHECK_INT(sscanf(sample->qualifier, "s%u", &series), 1);
  CHECK(sample->values[0].gauge == values[queue][series]);
  put_count[queue][series]++;
  put_total++;
}

static bool accept_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

/* One pass, as obs_samples makes it; returns the number of values that left. */
static size_t pass(bool is_new, bool is_last, unsigned first_series) {
  const struct queue_display display = {.accepts = accept_all};
  const struct gc_samples out = {record, NULL};
  put_total = 0;
  if (is_new)
    memset(put_count, 0, sizeof(put_count));
  if (!spread_begin(&s, now_ms, is_new, is_last, &display, &out))
    return 0;
  for (unsigned q = 0; q < queue_count; q++) {
    char id[16], qualifier[16];
    snprintf(id, sizeof(id), "q%u", q);
    const struct gc_entry entry = {id, id, id, ""};
    if (!s.display.accepts(s.display.accepts_ctx, &entry))
      continue;
    for (unsigned i = first_series; i < SERIES; i++) {
      snprintf(qualifier, sizeof(qualifier), "s%u", i);
      const struct gc_sample sample = {.metric = GC_METRIC_QUEUE_DEPTH,
                                       .instance = id,
                                       .qualifier = qualifier,
                                       .values = {{.gauge = values[q][i]}}};
      s.sink.put(s.sink.ctx, &sample);
    }
  }
  return put_total;
}

static void begin(uint32_t interval_ms) {
  spread_init(&s, interval_ms);
  now_ms = 5000;
  queue_count = QUEUES;
  memset(values, 0, sizeof(values));
}

/* Passes each second up to the next reading; returns the largest pass. */
static size_t pass_the_rest(unsigned seconds) {
  size_t largest = 0;
  for (unsigned i = 0; i < seconds; i++) {
    now_ms += 1000;
    size_t put = pass(false, false, 0);
    largest = put > largest ? put : largest;
  }
  return largest;
}

static void check_each_left_once(void) {
  for (unsigned q = 0; q < queue_count; q++)
    for (unsigned i = 0; i < SERIES; i++)
      CHECK_INT(put_count[q][i], 1);
}

static void the_first_reading_leaves_at_once(void) {
  begin(INTERVAL_MS);
  CHECK_INT(pass(true, false, 0), QUEUES * SERIES);
  CHECK_INT(pass_the_rest(12), 0);
  check_each_left_once();
  spread_clear(&s);
}

static void what_has_not_changed_is_spread_over_the_interval(void) {
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  (void)pass_the_rest(9);
  for (unsigned reading = 0; reading < 5; reading++) {
    now_ms += 1000;
    values[7][1]++;
    size_t put = pass(true, false, 0);
    CHECK(put >= 1 && put <= 1 + QUEUES / 8 * SERIES);
    CHECK_INT(put_count[7][1], 1);
    CHECK(pass_the_rest(reading % 2 == 0 ? 9 : 7) <= QUEUES / 8 * SERIES);
    check_each_left_once();
  }
  spread_clear(&s);
}

/* Pushed observations make a reading each second. */
static void early_readings_leave_no_queue_out(void) {
  unsigned left[QUEUES] = {0};
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  for (unsigned second = 0; second < 80; second++) {
    now_ms += 1000;
    CHECK_INT(pass(true, false, 0), QUEUES / 8 * SERIES);
    for (unsigned q = 0; q < QUEUES; q++)
      left[q] += put_count[q][0];
  }
  for (unsigned q = 0; q < QUEUES; q++)
    CHECK_INT(left[q], 10);
  spread_clear(&s);
}

static void late_passes_have_several_turns(void) {
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  now_ms += 10000;
  (void)pass(true, false, 0);
  now_ms += 5000;
  CHECK_INT(pass(false, false, 0), 0); /* the late turns came with the first */
  check_each_left_once();
  spread_clear(&s);
}

static void the_last_pass_puts_the_rest(void) {
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  now_ms += 1000;
  (void)pass(true, false, 0);
  now_ms += 10;
  CHECK(pass(false, true, 0) > 0);
  check_each_left_once();
  CHECK_INT(pass(false, true, 0), 0);
  spread_clear(&s);
}

static void a_new_holder_puts_all_at_once(void) {
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  spread_forget(&s);
  CHECK_INT(pass(true, false, 0), QUEUES * SERIES);
  spread_clear(&s);
}

static void without_an_interval_all_leaves_at_once(void) {
  begin(0);
  CHECK_INT(pass(true, false, 0), QUEUES * SERIES);
  CHECK_INT(pass(true, false, 0), QUEUES * SERIES);
  CHECK_INT(pass(false, false, 0), 0);
  spread_clear(&s);
}

/* A series that is gone moves those behind it. Between two readings nothing may
 * leave for the second time. */
static void series_that_move_count_as_changed(void) {
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  now_ms += 100;
  size_t put = pass(true, false, 1);
  CHECK_INT(put, QUEUES * (SERIES - 1));
  now_ms += 1000;
  (void)pass(false, false, 0);
  for (unsigned q = 0; q < queue_count; q++)
    for (unsigned i = 1; i < SERIES; i++)
      CHECK_INT(put_count[q][i], 1);
  spread_clear(&s);
}

static void queues_that_are_gone_are_forgotten(void) {
  begin(INTERVAL_MS);
  (void)pass(true, false, 0);
  queue_count = 5;
  for (unsigned i = 0; i < 3; i++)
    (void)pass(true, false, 0);
  CHECK_INT(s.by_id.count, 5);
  queue_count = 6;
  (void)pass(true, false, 0);
  CHECK_INT(put_count[5][0], 1);
  spread_clear(&s);
}

int main(void) {
  RUN(the_first_reading_leaves_at_once);
  RUN(what_has_not_changed_is_spread_over_the_interval);
  RUN(early_readings_leave_no_queue_out);
  RUN(late_passes_have_several_turns);
  RUN(the_last_pass_puts_the_rest);
  RUN(a_new_holder_puts_all_at_once);
  RUN(without_an_interval_all_leaves_at_once);
  RUN(series_that_move_count_as_changed);
  RUN(queues_that_are_gone_are_forgotten);
  return check_done();
}
