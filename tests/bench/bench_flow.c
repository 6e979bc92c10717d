/* SPDX-License-Identifier: MIT */
/* Our side of the flow metrics' benchmark: recorded attribute events, one per
 * line, through the decoder and the ledger into SQLite (WAL, FULL), in batches
 * of ten as SQS delivers them. As many batches are pending at once as a webhook
 * has under load.
 *
 *   bench_flow FILE FOLDER    FOLDER is empty, for the state file
 *
 * Prints one line of JSON as the reference programs do: the counts, and the
 * time from the first event to the last commit. */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "tests/bench/lap.h"
#include "tests/bench/resident.h"

enum {
  A_BATCH = 10,
  IN_FLIGHT = 200, /* batches */
  FILE_MAX = 1 << 30,
};
#define RETENTION_MS (INT64_C(14) * 86400000)

/* Batches that are not in use. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch all[IN_FLIGHT], *free[IN_FLIGHT];
  size_t count;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER};

static void give_back(struct batch *b, enum gc_code code) {
  exit_unless(code == GC_OK, gc_code_words(code));
  pthread_mutex_lock(&pool.lock);
  pool.free[pool.count++] = b;
  pthread_cond_signal(&pool.changed);
  pthread_mutex_unlock(&pool.lock);
}

static struct batch *take_free(void) {
  pthread_mutex_lock(&pool.lock);
  while (pool.count == 0)
    pthread_cond_wait(&pool.changed, &pool.lock);
  struct batch *b = pool.free[--pool.count];
  pthread_mutex_unlock(&pool.lock);
  batch_truncate(b, 0);
  gc_buf_reset(&b->names);
  return b;
}

static void wait_for_all(void) {
  pthread_mutex_lock(&pool.lock);
  while (pool.count < IN_FLIGHT)
    pthread_cond_wait(&pool.changed, &pool.lock);
  pthread_mutex_unlock(&pool.lock);
}

static struct gc_buf read_file(const char *path) {
  struct gc_buf text = {.max = FILE_MAX};
  char chunk[65536];
  size_t len;
  FILE *f = fopen(path, "rb");
  exit_unless(f != NULL, "the file of events cannot be read");
  while ((len = fread(chunk, 1, sizeof(chunk), f)) > 0)
    exit_unless(gc_buf_add(&text, chunk, len) == GC_OK, "no memory for events");
  fclose(f);
  return text;
}

/* Returns the text after the lines. */
static const char *read_batch(struct event_reader *r, const char *at,
                              const char *end, struct event_counts *counts,
                              struct batch *b) {
  const struct event_sink sink = {batch_add, b};
  for (int i = 0; i < A_BATCH && at < end; i++) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if (stop == NULL)
      stop = end;
    exit_unless(event_read(r, at, (size_t)(stop - at), counts, &sink, NULL) ==
                    GC_OK,
                "an event is not read");
    at = stop + 1;
  }
  return at;
}

static struct event_counts count_text(struct ledger *ledger,
                                      const struct gc_buf *text) {
  struct attribute_form form;
  struct event_counts counts = {0};
  exit_unless(attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})",
                                 NULL) == GC_OK,
              "the form of attributes");
  struct event_reader *r = event_reader_new(&form);
  exit_unless(r != NULL, "no memory for a reader");
  const char *end = text->data + text->len;
  for (const char *at = text->data; at < end;) {
    struct batch *b = take_free();
    at = read_batch(r, at, end, &counts, b);
    ledger_submit(ledger, b);
  }
  wait_for_all();
  event_reader_free(r);
  return counts;
}

static void print_result(struct ledger *ledger,
                         const struct event_counts *counts, double wall_s,
                         double cpu_s) {
  struct gc_buf text = {.max = 1 << 20};
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *by_name = gc_document_add_object(&d, NULL, NULL);
  struct ledger_view view;
  for (size_t i = 0; ledger_read(ledger, i, &view); i++) {
    char name[512];
    snprintf(name, sizeof(name), "%s|%s", view.flow, view.metric);
    gc_document_add_int(&d, by_name, name, view.count);
  }
  exit_unless(gc_document_write(&d, &text, NULL) == GC_OK,
              "no memory for the outcome");
  printf(
      "{\"wall_s\":%.6f,\"cpu_s\":%.6f,\"rss_kb\":%ld,\"totals\":{\"events\":"
      "%" PRIu64 ",\"counts\":%s}}\n",
      wall_s, cpu_s, resident_kb("VmHWM"), counts->events,
      gc_buf_string(&text));
  gc_buf_clear(&text);
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  if (err->code != GC_OK)
    fprintf(stderr, "bench: %s: %s\n", cause, err->text);
}

int main(int argc, char **argv) {
  exit_unless(argc == 3, "usage: bench_flow FILE FOLDER");
  static struct stats stats;
  const struct ledger_source source = {.scope = "h",
                                       .retention_ms = RETENTION_MS,
                                       .max_series = 5000,
                                       .stats = &stats};
  const struct ledger_options settings = {.folder = argv[2],
                                          .retention_ms = RETENTION_MS,
                                          .wall_ms = gc_clock_wall_ms,
                                          .notice = on_notice};
  struct gc_err err = {.code = GC_OK};
  struct gc_buf text = read_file(argv[1]);
  struct ledger *ledger = ledger_new(&settings, &err);
  exit_unless(ledger != NULL && ledger_start(ledger, &err) == GC_OK, err.text);
  for (size_t i = 0; i < IN_FLIGHT; i++) {
    pool.all[i] = (struct batch){.source = &source, .done = give_back};
    pool.free[pool.count++] = &pool.all[i];
  }
  double wall_s = lap_clock(CLOCK_MONOTONIC);
  double cpu_s = lap_clock(CLOCK_PROCESS_CPUTIME_ID);
  struct event_counts counts = count_text(ledger, &text);
  wall_s = lap_clock(CLOCK_MONOTONIC) - wall_s;
  cpu_s = lap_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
  print_result(ledger, &counts, wall_s, cpu_s);
  ledger_stop(ledger);
  ledger_free(ledger);
  for (size_t i = 0; i < IN_FLIGHT; i++)
    batch_clear(&pool.all[i]);
  gc_buf_clear(&text);
  return 0;
}
