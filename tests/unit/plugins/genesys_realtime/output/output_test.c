/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/output.h"

#include <stdio.h>

#include "tests/support/check.h"

static size_t passed;

static void count_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  (void)s;
  passed++;
}

static const struct gc_samples out = {count_sample, NULL};

/* Puts one reading with `count` gauges; true if its end has an outcome. */
static bool put_reading(struct output *o, uint64_t at_s, unsigned count,
                        bool is_last, struct gc_err *ret_err) {
  struct gc_samples sink =
      output_begin(o, at_s * 1000, (int64_t)at_s * 1000, &out);
  passed = 0;
  for (unsigned i = 0; i < count; i++) {
    char name[16];
    snprintf(name, sizeof(name), "Queue %u", i);
    sink.put(sink.ctx, &(struct gc_sample){.metric = GC_METRIC_QUEUE_DEPTH,
                                           .instance = name,
                                           .qualifier = "voice",
                                           .values = {{.gauge = 1.0}}});
  }
  return output_end(o, is_last, ret_err);
}

static void an_overflow_is_reported_once_and_when_it_is_over(void) {
  struct queues_options options = {
      .raw = true, .series_max = 2, .queue_expiry_s = 86400};
  GC_AUTO(output_free_auto)
  struct output *o = output_new(&options);
  struct gc_err err;
  CHECK(!output_has_windows(o));
  CHECK(!put_reading(o, 1000, 2, false, &err));
  CHECK(put_reading(o, 1010, 3, false, &err));
  CHECK_INT(err.code, GC_ERR_LIMIT);
  CHECK_INT(passed, 2);
  CHECK_INT(output_overflow(o), 1);
  CHECK(!put_reading(o, 1020, 2, false, &err));
  CHECK(!put_reading(o, 1609, 2, false, &err));
  CHECK(put_reading(o, 1610, 2, false, &err));
  CHECK_INT(err.code, GC_OK);
  CHECK(!put_reading(o, 1620, 2, false, &err));
}

static void the_end_puts_the_open_window(void) {
  struct queues_options options = {
      .window_s = 60, .series_max = 10, .queue_expiry_s = 86400};
  GC_AUTO(output_free_auto)
  struct output *o = output_new(&options);
  struct gc_err err;
  CHECK(output_has_windows(o));
  CHECK(!put_reading(o, 6000, 3, false, &err));
  CHECK_INT(passed, 0);
  CHECK(!put_reading(o, 6010, 0, true, &err));
  CHECK_INT(passed, 3);
}

/* With "Raw false" nothing else would show that these gauges are lost. */
static void a_gauge_that_finds_no_window_is_an_overflow(void) {
  struct queues_options options = {
      .window_s = 60, .series_max = 2, .queue_expiry_s = 86400};
  GC_AUTO(output_free_auto)
  struct output *o = output_new(&options);
  struct gc_err err;
  CHECK(put_reading(o, 6000, 3, false, &err));
  CHECK_INT(err.code, GC_ERR_LIMIT);
  CHECK_INT(output_overflow(o), 1);
}

int main(void) {
  RUN(an_overflow_is_reported_once_and_when_it_is_over);
  RUN(the_end_puts_the_open_window);
  RUN(a_gauge_that_finds_no_window_is_an_overflow);
  return check_done();
}
