/* SPDX-License-Identifier: MIT */
/* Changes of state by the wrap-up code that they name. */
#include "plugins/genesys_realtime/conversations/internal.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

enum { START_MS = 1785578400 };

static struct {
  size_t series;
  int64_t sum, changes;
} seen;

static void record_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  CHECK(strlen(s->qualifier) < GC_NAME_SIZE);
  if (s->metric == GC_METRIC_STATE_CHANGES)
    seen.changes += s->values[0].derive;
  if (s->metric != GC_METRIC_STATE_CHANGES_WRAPUP)
    return;
  seen.series++;
  seen.sum += s->values[0].derive;
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static void read_all(struct conversations *m) {
  struct queue_display queues = {.accepts = accepts_all,
                                 .label = QUEUE_LABEL_ID};
  struct conversations_view view = {.queues = &queues};
  struct gc_samples out = {record_sample, NULL};
  struct conversations_cursor cursor = {0};
  memset(&seen, 0, sizeof(seen));
  while (conversations_samples(m, &view, &out, &cursor))
    ;
}

static struct conversations *make_model(char *const *codes, size_t count) {
  struct conversations_settings settings = {.is_guide = true,
                                            .started_ms = START_MS,
                                            .max = 100000,
                                            .age_ms = 86400000,
                                            .pairs_max = 100,
                                            .wrapups = codes,
                                            .wrapup_count = count};
  return conversations_new(&settings, NULL);
}

/* Talks, then wraps up with this code. */
static void wrap_up(struct conversations *m, unsigned who, const char *queue,
                    const char *code) {
  struct guide_event e = {.id = {1, who + UINT64_C(1)},
                          .queue = uuid_key_read(queue, strlen(queue)),
                          .media = CV_VOICE,
                          .state = CV_STATE_ACTIVE};
  snprintf(e.queue_text, sizeof(e.queue_text), "%s", queue);
  CHECK_INT(conversations_apply_state(m, &e, START_MS), GC_OK);
  e.state = CV_STATE_WRAPUP;
  snprintf(e.wrapup, sizeof(e.wrapup), "%s", code);
  CHECK_INT(conversations_apply_state(m, &e, START_MS), GC_OK);
}

static void without_a_list_no_code_is_a_name(void) {
  GC_AUTO(conversations_free_auto)
  struct conversations *m = make_model(NULL, 0);
  wrap_up(m, 1, "q1", "Sale");
  read_all(m);
  CHECK_INT(seen.series, 0);
}

static void a_series_begins_with_zero_and_every_change_is_counted_once(void) {
  char sale[] = "Sale", *const codes[] = {sale};
  GC_AUTO(conversations_free_auto)
  struct conversations *m = make_model(codes, 1);
  wrap_up(m, 1, "q1", "Sale");
  wrap_up(m, 1, "q1", "Sale");
  wrap_up(m, 2, "q1", "Lost");
  read_all(m);
  CHECK_INT(seen.series, 1);
  CHECK_INT(seen.sum, 0);
  read_all(m);
  CHECK_INT(seen.sum, 1);
  CHECK_INT(seen.changes, 1);
}

/* Changes with a code past the thousandth are in state_changes. */
static void codes_are_bounded(void) {
  char all[] = "*", *const codes[] = {all};
  char code[32];
  struct conversations_stats stats;
  GC_AUTO(conversations_free_auto)
  struct conversations *m = make_model(codes, 1);
  for (unsigned i = 0; i < CV_WRAPUPS_MAX + 5; i++) {
    snprintf(code, sizeof(code), "code %u", i);
    wrap_up(m, i, "q1", code);
  }
  wrap_up(m, 100000, "q1", "code 7");
  read_all(m);
  read_all(m);
  CHECK_INT(seen.series, CV_WRAPUPS_MAX);
  CHECK_INT(seen.sum, CV_WRAPUPS_MAX + 1);
  CHECK_INT(seen.changes, 5);
  conversations_stats(m, &stats);
  CHECK_INT(stats.wrapups_left, 5);
}

static bool is_listed(void *ctx, const char *queue) {
  (void)ctx;
  (void)queue;
  return false;
}

/* The memory of changes by code is freed, and the queue begins with zero. */
static void a_retired_queue_frees_its_codes(void) {
  char all[] = "*", *const codes[] = {all};
  GC_AUTO(conversations_free_auto)
  struct conversations *m = make_model(codes, 1);
  wrap_up(m, 1, "q1", "Sale");
  wrap_up(m, 2, "q1", "Lost");
  CHECK_INT(m->wrapup_changes, 2);
  conversations_tick(m, &(struct conversations_now){.monotonic_ms = 90000000});
  conversations_tick(m, &(struct conversations_now){.monotonic_ms = 180000000});
  CHECK_INT(conversations_retire(m, 3600000, is_listed, NULL), 1);
  CHECK_INT(m->wrapup_changes, 0);
  read_all(m);
  CHECK_INT(seen.series, 0);
}

static void reset_counters_begin_without_codes(void) {
  char all[] = "*", *const codes[] = {all};
  GC_AUTO(conversations_free_auto)
  struct conversations *m = make_model(codes, 1);
  wrap_up(m, 1, "q1", "Sale");
  conversations_reset(m, "q1", m->now_ms);
  CHECK_INT(m->wrapup_changes, 0);
  wrap_up(m, 2, "q1", "Sale");
  read_all(m);
  read_all(m);
  CHECK_INT(seen.sum, 1);
}

int main(void) {
  RUN(without_a_list_no_code_is_a_name);
  RUN(a_series_begins_with_zero_and_every_change_is_counted_once);
  RUN(codes_are_bounded);
  RUN(a_retired_queue_frees_its_codes);
  RUN(reset_counters_begin_without_codes);
  return check_done();
}
