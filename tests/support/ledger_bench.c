/* SPDX-License-Identifier: MIT */
#include "tests/support/ledger_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/genesys_flowmetrics/samples.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"
#include "tests/support/ledger_view.h"

char lb_folder[64];
struct stats lb_stats;
_Atomic int64_t lb_later_ms;
unsigned lb_finished, lb_failed;
struct gc_err lb_state, lb_moved, lb_series, lb_names, lb_clock;
struct lb_sent lb_sent;

static struct ledger_source source = {.scope = "h",
                                      .retention_ms = 24 * HOUR * MINUTE,
                                      .max_series = 10,
                                      .values = true,
                                      .stats = &lb_stats};
static struct gate gate = GATE_INIT;

int64_t lb_wall_ms(void) { return NOW + lb_later_ms; }

void lb_on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  struct gc_err *at = strcmp(cause, "state") == 0                 ? &lb_state
                      : strcmp(cause, "series") == 0              ? &lb_series
                      : strcmp(cause, "names of metrics") == 0    ? &lb_names
                      : strcmp(cause, "attributes or clock") == 0 ? &lb_clock
                                                                  : &lb_moved;
  (void)ctx;
  GATE_CHANGE(&gate, *at = *err);
}

void lb_fresh_folder(void) {
  snprintf(lb_folder, sizeof(lb_folder), "/tmp/gc-ledger-XXXXXX");
  CHECK(mkdtemp(lb_folder) != NULL);
  memset(&lb_stats, 0, sizeof(lb_stats));
  lb_finished = lb_failed = 0;
}

void lb_remove_folder(void) { CHECK(folder_remove(lb_folder)); }

struct ledger *lb_start(void) {
  const struct ledger_options settings = {.folder = lb_folder,
                                          .retention_ms = 24 * HOUR * MINUTE,
                                          .wall_ms = lb_wall_ms,
                                          .notice = lb_on_notice};
  struct ledger *l = ledger_new(&settings, NULL);
  CHECK(l != NULL);
  CHECK_INT(ledger_start(l, NULL), GC_OK);
  return l;
}

static void on_done(struct batch *b, enum gc_code code) {
  GATE_CHANGE(&gate, lb_finished++; lb_failed += code != GC_OK);
  batch_clear(b);
  free(b);
}

struct batch *lb_batch_new(void) {
  struct batch *b = calloc(1, sizeof(*b));
  b->source = &source;
  b->done = on_done;
  return b;
}

void lb_put(struct batch *b, const char *conversation, const char *metric,
            unsigned number, int64_t time_ms, const char *value) {
  char name[64];
  int len = snprintf(name, sizeof(name), "%s %u %lld", metric, number,
                     (long long)time_ms);
  struct event_metric m = {.conversation = conversation,
                           .name = name,
                           .name_len = (size_t)len,
                           .has_value = value != NULL,
                           .value = value != NULL ? atof(value) : 0};
  m.parts = (struct attribute){.flow = "Flow",
                               .flow_len = 4,
                               .metric = metric,
                               .metric_len = strlen(metric),
                               .time_ms = time_ms};
  if (batch_add(b, &m) != GC_OK)
    abort(); /* on other threads too: no check */
}

static bool all_finished(void *ctx) { return lb_finished >= *(unsigned *)ctx; }
void lb_wait_finished(unsigned count) {
  CHECK(gate_wait(&gate, all_finished, &count));
}

int64_t lb_count_of(struct ledger *l, const char *metric) {
  return ledger_view_of(l, metric).count;
}

void lb_count_one(struct ledger *l, unsigned number) {
  struct batch *b = lb_batch_new();
  unsigned want = lb_finished + 1;
  lb_put(b, "c", "A", number, NOW, "1");
  ledger_submit(l, b);
  lb_wait_finished(want);
}

bool lb_on_sample(void *ctx, const char *scope,
                  const struct gc_sample *sample) {
  (void)ctx;
  CHECK_STR(scope, "h");
  if (lb_sent.refuses)
    return false;
  if (sample->metric == GC_METRIC_FLOW_METRIC) {
    CHECK_STR(sample->instance, "Flow");
    CHECK_STR(sample->qualifier, "A");
    CHECK_INT(sample->interval_ms, 10000);
    lb_sent.count = sample->values[0].derive;
    lb_sent.times++;
  }
  return true;
}

int64_t lb_dispatch(struct ledger *l, uint64_t now_ms) {
  unsigned before = lb_sent.times;
  samples_flow(l, now_ms, 10000, lb_on_sample, NULL);
  return lb_sent.times == before ? -1 : lb_sent.count;
}

static bool is_shown(void *ctx) {
  struct ledger_view v;
  return ledger_read(ctx, 0, &v) && v.is_shown;
}

void lb_wait_shown(struct ledger *l) {
  for (unsigned i = 0; i < 20000 && !is_shown(l); i++)
    usleep(1000);
  CHECK(is_shown(l));
}
