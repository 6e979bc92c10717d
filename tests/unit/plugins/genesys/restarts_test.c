/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/restarts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"

static char folder[32], lines[400], samples[200];

static struct gc_health_entity entities[3];
static struct gc_health_time t;

static void record_line(void *ctx, const char *block, const char *line) {
  size_t used = strlen(lines);
  (void)ctx;
  snprintf(lines + used, sizeof(lines) - used, "%s: %s\n", block, line);
}

static void record_sample(void *ctx, const struct gc_sample *s) {
  size_t used = strlen(samples);
  snprintf(samples + used, sizeof(samples) - used, "%s/%s %d %.1f\n",
           (const char *)ctx, s->instance, s->metric == GC_METRIC_RESTART_GAP,
           s->values[0].gauge);
}

static struct gc_samples sink_of(const char *host) {
  return (struct gc_samples){.put = record_sample,
                             .ctx = (void *)(uintptr_t)host};
}

static const char *samples_of(struct restarts *r) {
  samples[0] = '\0';
  restarts_samples(r, 10000, sink_of);
  return samples;
}

static struct gc_store *open_store(void) {
  struct gc_store *store = NULL;
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  CHECK_INT(gc_store_open(folder, 60000, &store, &warning, &err), GC_OK);
  return store;
}

/* Notes a block of queues, a query and an account, each with its newest
 * success. */
static void note_successes(struct restarts *r, struct gc_store *store,
                           int64_t success_ms, bool saves_now) {
  static const struct gc_health_id ids[] = {
      {.kind = GC_HEALTH_BLOCK,
       .plugin = "genesys_realtime",
       .name = "queues-all",
       .account = "prod",
       .host = "h"},
      {.kind = GC_HEALTH_BLOCK,
       .plugin = "genesys_analytics",
       .name = "query-q",
       .account = "prod",
       .host = "h"},
      {.kind = GC_HEALTH_ACCOUNT, .plugin = "genesys", .name = "account-prod"},
  };
  const struct gc_health_snapshot s = {entities, GC_COUNT(entities)};
  lines[0] = '\0';
  t.now_ms += 1000;
  t.wall_ms = success_ms;
  for (size_t i = 0; i < GC_COUNT(ids); i++) {
    entities[i].id = ids[i];
    entities[i].last_success_ms = success_ms;
  }
  restarts_note(r, &s, store, &t, saves_now, record_line, NULL);
}

static void only_a_second_start_reports_a_gap(void) {
  struct gc_store *store = open_store();
  struct restarts *r = restarts_new();
  note_successes(r, store, 1700000000000, false);
  note_successes(r, store, 1700000001000, true);
  CHECK_STR(lines, "");
  CHECK_STR(samples_of(r), "");
  restarts_free(r);
  gc_store_close(store);

  store = open_store();
  r = restarts_new();
  note_successes(r, NULL, 1700000043500, true); /* the file is not open yet */
  CHECK_STR(lines, "");
  note_successes(r, store, 1700000044500, false);
  CHECK_STR(lines, "queues-all: no values for 42.5 s over the restart, from "
                   "2023-11-14T22:13:21.000Z to 2023-11-14T22:14:03.500Z "
                   "(restart_gap)\n");
  CHECK_STR(samples_of(r), "h/queues-all 1 42.5\n");
  note_successes(r, store, 1700000045500, false);
  CHECK_STR(lines, "");
  CHECK_STR(samples_of(r), "h/queues-all 1 42.5\n");
  restarts_free(r);
  gc_store_close(store);
}

/* After a kill the gap may be too long by RESTARTS_SAVE_MS, not by more. */
static void the_last_success_is_saved_again_and_again(void) {
  struct gc_store *store = open_store();
  struct restarts *r = restarts_new();
  for (int i = 0; i <= 25; i++)
    note_successes(r, store, 1700000100000 + i * 1000, false);
  restarts_free(r);
  r = restarts_new();
  note_successes(r, store, 1700000125000, false);
  CHECK_HAS(lines, "no values for ");
  double gap_s = 0;
  CHECK_INT(sscanf(lines, "queues-all: no values for %lf s", &gap_s), 1);
  CHECK(gap_s <= RESTARTS_SAVE_MS / 1000.0);
  restarts_free(r);
  gc_store_close(store);
}

enum { MANY = 150 };

/* Notes MANY blocks of two accounts. */
static void note_many(struct restarts *r, struct gc_store *store,
                      int64_t success_ms) {
  static struct gc_health_entity blocks[MANY];
  const struct gc_health_snapshot s = {blocks, MANY};
  t.now_ms += 1000;
  t.wall_ms = success_ms;
  for (int i = 0; i < MANY; i++) {
    struct gc_health_id *id = &blocks[i].id;
    id->kind = GC_HEALTH_BLOCK;
    blocks[i].last_success_ms = success_ms + i * 1000;
    snprintf(id->plugin, sizeof(id->plugin), "genesys_realtime");
    snprintf(id->name, sizeof(id->name), "queues-%d", i);
    snprintf(id->account, sizeof(id->account), i % 2 == 0 ? "a" : "b");
  }
  restarts_note(r, &s, store, &t, true, record_line, NULL);
}

static unsigned gaps_of_a_minute;

static void count_gap(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  gaps_of_a_minute += s->values[0].gauge == 60;
}

static struct gc_samples counter_of(const char *host) {
  (void)host;
  return (struct gc_samples){.put = count_gap};
}

static void many_blocks_have_their_gaps(void) {
  struct gc_store *store = open_store();
  for (int life = 0; life < 2; life++) {
    struct restarts *r = restarts_new();
    gaps_of_a_minute = 0;
    note_many(r, store, 1700001000000 + life * 60000);
    restarts_samples(r, 10000, counter_of);
    restarts_free(r);
    CHECK_INT(gaps_of_a_minute, life == 0 ? 0 : MANY);
  }
  gc_store_close(store);
}

int main(void) {
  char command[64];
  snprintf(folder, sizeof(folder), "/tmp/restarts_XXXXXX");
  if (mkdtemp(folder) == NULL)
    abort();
  RUN(only_a_second_start_reports_a_gap);
  RUN(the_last_success_is_saved_again_and_again);
  RUN(many_blocks_have_their_gaps);
  snprintf(command, sizeof(command), "rm -r %s", folder);
  CHECK_INT(system(command), 0);
  return check_done();
}
