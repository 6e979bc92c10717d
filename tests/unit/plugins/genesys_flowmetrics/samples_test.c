/* SPDX-License-Identifier: MIT */
/* The times at which the counters of a real ledger are dispatched, by the
 * test's own clock. */
#include "plugins/genesys_flowmetrics/samples.h"

#include <stdlib.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"

enum { INTERVAL_MS = 60 * 1000 };
#define NOW INT64_C(1678004300000)

static char folder[64];
static struct ledger *ledger;
static struct stats stats;
static const struct ledger_source source = {.scope = "",
                                            .retention_ms = INT64_C(86400000),
                                            .max_series = 10,
                                            .stats = &stats};
static struct gate gate = GATE_INIT;
static bool is_done;
static unsigned sent;
static int64_t newest = -1;

static int64_t wall_clock_ms(void) { return NOW; }

static void on_done(struct batch *b, enum gc_code code) {
  CHECK_INT(code, GC_OK);
  batch_clear(b);
  GATE_CHANGE(&gate, is_done = true);
}

static bool batch_is_done(void *ctx) {
  (void)ctx;
  return is_done;
}

static void count_metric(const char *conversation) {
  struct batch b = {.source = &source, .done = on_done};
  struct event_metric m = {
      .conversation = conversation, .name = "n", .name_len = 1};
  m.parts = (struct attribute){.flow = "Flow",
                               .metric = "Metric",
                               .flow_len = 4,
                               .metric_len = 6,
                               .time_ms = NOW};
  CHECK_INT(batch_add(&b, &m), GC_OK);
  is_done = false;
  ledger_submit(ledger, &b);
  CHECK(gate_wait(&gate, batch_is_done, NULL));
}

static bool count_sample(void *ctx, const char *scope,
                         const struct gc_sample *sample) {
  (void)ctx, (void)scope;
  sent++;
  newest = sample->values[0].derive;
  return true;
}

/* Returns how many values are dispatched at this second. */
static unsigned sent_at(unsigned second) {
  sent = 0;
  samples_flow(ledger, second * UINT64_C(1000), INTERVAL_MS, count_sample,
               NULL);
  return sent;
}

/* Waits until the writer has recorded that the 0 was sent. */
static void wait_recorded(void) {
  struct ledger_view v = {.has_first = true};
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (ledger_read(ledger, 0, &v) && v.has_first && gc_clock_now_ms() < until)
    ;
  CHECK(!v.has_first);
}

static void a_changed_counter_leaves_at_once_and_others_each_interval(void) {
  count_metric("c1");
  CHECK_INT(sent_at(100), 1);
  CHECK_INT(newest, 0); /* of a new counter */
  wait_recorded();
  CHECK_INT(sent_at(101), 1);
  CHECK_INT(newest, 1);
  CHECK_INT(sent_at(102), 0);
  count_metric("c2");
  count_metric("c3");
  CHECK_INT(sent_at(103), 1);
  CHECK_INT(newest, 3);
  CHECK_INT(sent_at(162), 0);
  CHECK_INT(sent_at(163), 1); /* unchanged, an interval later */
  CHECK_INT(newest, 3);
}

static int64_t source_up;

static void note_source_up(void *ctx, const struct gc_sample *sample) {
  (void)ctx;
  if (sample->metric == GC_METRIC_SOURCE_UP)
    source_up = sample->values[0].gauge > 0;
}

/* Returns 0 or 1; -1: not sent. */
static int64_t source_up_of(const struct samples_block *b) {
  const struct gc_samples out = {note_source_up, NULL};
  source_up = -1;
  samples_state(b, &stats, &out);
  return source_up;
}

static void source_up_needs_an_attempt_and_a_store_that_works(void) {
  struct samples_block b = {.instance = "attributes-ivr",
                            .source = "sqs",
                            .of = SAMPLES_SQS,
                            .commit_s = -1,
                            .state = "sqlite",
                            .is_state_up = true};
  memset(&stats, 0, sizeof(stats));
  CHECK_INT(source_up_of(&b), -1); /* the first long poll runs */
  stats.is_tried = true;
  CHECK_INT(source_up_of(&b), 0);
  stats.up = 2;
  CHECK_INT(source_up_of(&b), 1);
  b.is_standby = true;
  CHECK_INT(source_up_of(&b), -1); /* the holder of the lease receives */
  b.is_standby = false;
  b.is_state_up = false;
  CHECK_INT(source_up_of(&b), 0);
  memset(&stats, 0, sizeof(stats));
  CHECK_INT(source_up_of(&b), 0); /* nothing could be committed */
}

static unsigned commit_times;

static void count_commit_times(void *ctx, const struct gc_sample *sample) {
  (void)ctx;
  commit_times += sample->metric == GC_METRIC_COMMIT_TIME;
}

static void before_the_first_commit_its_time_has_no_value(void) {
  const struct gc_samples out = {count_commit_times, NULL};
  struct samples_block b = {.instance = "attributes-ivr",
                            .source = "sqs",
                            .of = SAMPLES_SQS,
                            .commit_s = -1,
                            .state = "sqlite"};
  memset(&stats, 0, sizeof(stats));
  samples_state(&b, &stats, &out);
  CHECK_INT(commit_times, 0);
  b.commit_s = 0;
  samples_state(&b, &stats, &out);
  CHECK_INT(commit_times, 1);
}

int main(void) {
  snprintf(folder, sizeof(folder), "/tmp/gc-samples-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return 99;
  const struct ledger_options settings = {.folder = folder,
                                          .retention_ms = INT64_C(86400000),
                                          .wall_ms = wall_clock_ms};
  ledger = ledger_new(&settings, NULL);
  if (ledger == NULL || ledger_start(ledger, NULL) != GC_OK)
    return 99;
  RUN(a_changed_counter_leaves_at_once_and_others_each_interval);
  RUN(before_the_first_commit_its_time_has_no_value);
  RUN(source_up_needs_an_attempt_and_a_store_that_works);
  ledger_free(ledger);
  CHECK(folder_remove(folder));
  return check_done();
}
