/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/output.h"

#include <stdio.h>

#include "tests/support/check.h"

static struct output *o;
static size_t passed;

static void count_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  (void)s;
  passed++;
}

static const struct gc_samples out = {count_sample, NULL};

static bool passes_limit(uint64_t at_s, enum gc_metric_id metric,
                         const char *instance, const char *qualifier) {
  struct gc_samples sink = output_begin(o, at_s * 1000, 0, &out);
  size_t before = passed;
  sink.put(sink.ctx, &(struct gc_sample){.metric = metric,
                                         .instance = instance,
                                         .qualifier = qualifier});
  return passed > before;
}

static bool lets_number(uint64_t at_s, unsigned number) {
  char name[32];
  snprintf(name, sizeof(name), "Queue %u", number);
  return passes_limit(at_s, GC_METRIC_QUEUE_DEPTH, name, "voice");
}

static void begin_limit(uint32_t max, uint32_t expiry_s) {
  output_free(o);
  o = output_new(
      &(struct queues_options){.series_max = max, .queue_expiry_s = expiry_s});
}

static void the_first_series_pass_and_keep_passing(void) {
  static const uint32_t mosts[] = {1, 2, 128, 129, 1000};
  for (size_t i = 0; i < GC_COUNT(mosts); i++) {
    unsigned refused = 0, lost = 0;
    begin_limit(mosts[i], 86400);
    for (unsigned n = 0; n < mosts[i] + 500; n++)
      refused += !lets_number(1, n);
    CHECK_INT(refused, 500);
    for (unsigned n = 0; n < mosts[i]; n++)
      lost += !lets_number(11, n);
    CHECK_INT(lost, 0);
    CHECK_INT(output_series(o), mosts[i]);
    CHECK_INT(output_overflow(o), 500);
  }
}

static void type_instance_and_qualifier_make_a_series(void) {
  static const struct {
    enum gc_metric_id metric;
    const char *instance, *qualifier;
    size_t count;
  } rows[] = {
      {GC_METRIC_QUEUE_DEPTH, "Q", "voice", 1},
      {GC_METRIC_QUEUE_DEPTH, "Q", "voice", 1},
      {GC_METRIC_QUEUE_DEPTH, "Q", "chat", 2},
      {GC_METRIC_QUEUE_ALERTING, "Q", "voice", 3},
      {GC_METRIC_QUEUE_DEPTH, "Qv", "oice", 4},
      {GC_METRIC_QUEUE_DEPTH, "q", "voice", 5},
      {GC_METRIC_QUEUE_DEPTH, "", "", 6},
      {GC_METRIC_QUEUE_DEPTH, "Q", "voice", 6},
  };
  begin_limit(100, 86400);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK(passes_limit(1, rows[i].metric, rows[i].instance, rows[i].qualifier));
    CHECK_INT(output_series(o), rows[i].count);
  }
}

static void silent_series_free_their_places(void) {
  begin_limit(10, 800);
  for (unsigned n = 0; n < 10; n++)
    CHECK(lets_number(0, n));
  CHECK(!lets_number(700, 10));
  CHECK(lets_number(700, 3));
  CHECK(lets_number(900, 10));
  CHECK(lets_number(900, 3));
  CHECK_INT(output_series(o), 2);
  CHECK_INT(output_overflow(o), 1);
  /* No sample arrives. */
  (void)output_begin(o, 2000 * 1000, 0, &out);
  CHECK_INT(output_series(o), 0);
}

int main(void) {
  RUN(the_first_series_pass_and_keep_passing);
  RUN(type_instance_and_qualifier_make_a_series);
  RUN(silent_series_free_their_places);
  output_free(o);
  return check_done();
}
