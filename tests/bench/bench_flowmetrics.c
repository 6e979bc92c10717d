/* SPDX-License-Identifier: MIT */
/* Flow metrics: events rejected, events decoded, keys committed. GC_ROWS is the
 * number of keys in the file when batches are measured (1,000,000; the target
 * is stated for 5,000,000). The file is in GC_FOLDER (/tmp). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "plugins/genesys_flowmetrics/events/decode.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "tests/bench/lap.h"
#include "tests/support/folder.h"

enum { EVENTS = 300000, PER_MINUTE = 500, SYNCS = 100 };

/* Writes an attributes event of EventBridge, about 1.2 KB. */
static void make_event(struct gc_buf *out, const char *metric) {
  gc_buf_reset(out);
  (void)!gc_buf_print(
      out, "%s",
      "{\"version\":\"0\",\"id\":\"58fb5dac-f077-4eec-a25f-c638dbdd4368\","
      "\"detail-type\":\"v2.detail.events.conversation.{id}.attributes\","
      "\"source\":\"aws.partner/genesys.com/cloud/0-0/ops\",\"account\":"
      "\"123456789012\",\"time\":\"2023-03-05T08:18:05Z\",\"region\":"
      "\"us-east-1\",\"resources\":[],\"detail\":{\"topicName\":\"v2.detail."
      "events.conversation.2f7bf00a-0fc2-4d6a-9b56-92238191433e.attributes\","
      "\"version\":\"2\",\"eventBody\":{\"eventTime\":1678004284949,"
      "\"conversationId\":\"2f7bf00a-0fc2-4d6a-9b56-92238191433e\","
      "\"participantId\":\"9fb2ca78-0fc2-4d6a-9b56-92238191433e\","
      "\"attributes\":{");
  for (int i = 0; i < 12; i++)
    (void)!gc_buf_print(out,
                        "\"CustomerField%d\":\"some value of a customer "
                        "%d\",",
                        i, i * 7919);
  (void)!gc_buf_print(
      out,
      "%s\"Tier\":\"gold\"},\"communications\":[{\"id\":\"a\","
      "\"mediaType\":\"VOICE\"}]},\"metadata\":{\"CorrelationId\":\"7272d3"
      "62\"},\"timestamp\":\"2023-03-05T08:18:05.013Z\"}}",
      metric);
}

static void put_rate(const char *what, unsigned count, struct lap lap) {
  printf("%-42s %9.0f/s %9.0f per CPU s\n", what, count / lap.wall_s,
         count / lap.cpu_s);
  fflush(stdout);
}

static enum gc_code take_metric(void *ctx, const struct event_metric *m) {
  struct batch *b = ctx;
  batch_truncate(b, 0);
  gc_buf_reset(&b->names);
  return batch_add(b, m);
}

static void measure_events(const char *what, const char *metric) {
  struct attribute_form form;
  struct event_counts counts = {0};
  const struct ledger_source source = {.scope = "h"};
  struct batch b = {.source = &source};
  const struct event_sink sink = {take_metric, &b};
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 8192};
  make_event(&text, metric);
  if (attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", NULL) !=
      GC_OK)
    exit(1);
  struct event_reader *r = event_reader_new(&form);
  struct lap lap = lap_begin();
  for (int i = 0; i < EVENTS; i++)
    exit_unless(event_read(r, text.data, text.len, &counts, &sink, NULL) ==
                    GC_OK,
                "an event is not read");
  put_rate(what, EVENTS, lap_end(lap));
  event_reader_free(r);
  batch_clear(&b);
}

static struct seen_key key_of(unsigned number) {
  char name[64];
  int len =
      snprintf(name, sizeof(name), "CustomerRoutingMetric_Unknown%u", number);
  return seen_key_of("h", "2f7bf00a-0fc2-4d6a-9b56-92238191433e", name,
                     (size_t)len,
                     (INT64_C(28000000) + number / PER_MINUTE) * 60000);
}

static int by_key(const void *a, const void *b) {
  return memcmp(a, b, sizeof(struct seen_key));
}

/* Commits `count` keys in transactions of `batch`, as the ledger does. */
static struct lap commit_keys(struct sqlite_db *s, unsigned from,
                              unsigned count, unsigned batch) {
  static struct seen_key keys[20000];
  struct lap began = lap_begin();
  for (unsigned at = from; at < from + count; at += batch) {
    bool is_new;
    for (unsigned i = 0; i < batch; i++)
      keys[i] = key_of(at + i);
    qsort(keys, batch, sizeof(*keys), by_key);
    exit_unless(sqlite_db_begin(s, NULL) == GC_OK, "no transaction");
    for (unsigned i = 0; i < batch; i++)
      exit_unless(sqlite_db_add_key(s, &keys[i], &is_new, NULL) == GC_OK,
                  "a key is not kept");
    exit_unless(sqlite_db_commit(s, NULL) == GC_OK, "no commit");
  }
  return lap_end(began);
}

static void measure_commits(const char *what, struct sqlite_db *s,
                            unsigned from, unsigned count, unsigned batch) {
  put_rate(what, count, commit_keys(s, from, count, batch));
}

static void measure_sync(const char *folder) {
  char path[256], page[4096] = "x";
  snprintf(path, sizeof(path), "%s/sync", folder);
  int fd = open(path, O_RDWR | O_CREAT, 0600);
  struct lap began = lap_begin();
  for (int i = 0; i < SYNCS; i++)
    exit_unless(write(fd, page, sizeof(page)) == sizeof(page) &&
                    fdatasync(fd) == 0,
                "a page is not written");
  printf("%-42s %9.3f ms\n", "fdatasync of a page here",
         lap_end(began).wall_s / SYNCS * 1000);
  close(fd);
}

static void measure_keys(void) {
  const char *where = getenv("GC_FOLDER"), *wanted = getenv("GC_ROWS");
  unsigned rows =
      wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : 1000000;
  char folder[200], path[256];
  struct gc_err warning, err = {.text = ""};
  struct sqlite_db *s = NULL;
  struct stat st = {.st_size = 0};
  snprintf(folder, sizeof(folder), "%s/gc-bench-XXXXXX",
           where != NULL ? where : "/tmp");
  if (mkdtemp(folder) == NULL ||
      sqlite_db_open(folder, &s, &warning, &err) != GC_OK) {
    printf("%s\n", err.text);
    exit(1);
  }
  measure_sync(folder);
  commit_keys(s, 0, rows, 20000);
  printf("keys committed, with %u in the file:\n", rows);
  measure_commits("  batches of 10", s, rows, 5000, 10);
  measure_commits("  batches of 1,000", s, rows + 5000, 200000, 1000);
  measure_commits("  batches of 20,000", s, rows + 205000, 400000, 20000);
  measure_commits("  of 1,000, all seen before", s, rows + 5000, 200000, 1000);
  sqlite_db_close(s);
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
  if (stat(path, &st) == 0)
    printf("%-42s %9.1f MB\n", "file per million keys",
           (double)st.st_size / (rows + 605000.0));
  exit_unless(folder_remove(folder), "rm");
}

int main(void) {
  measure_events("events without a metric, dismissed", "");
  measure_events("events without one, but with \\u", "\"x\":\"\\u00e4\",");
  measure_events("events with a metric, decoded and hashed",
                 "\"CustomerRoutingMetric_Unknown(2023-03-05T08:18:04.568Z)\":"
                 "\"1\",");
  measure_keys();
  return 0;
}
