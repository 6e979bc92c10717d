/* SPDX-License-Identifier: MIT */
/* The InfluxDB writer without a network: values to lines, lines to a spool that
 * is synced for each batch of 500, and the spool read again.
 *
 *   bench_influxdb FOLDER [LINES]
 *   bench_influxdb FOLDER LINES fill    leaves the lines in the spool
 *
 * Prints one line of JSON; `disk_factor` is bytes on disk by bytes of lines. */
#include <inttypes.h>
#include <string.h>

#include "common/net/clock.h"
#include "common/net/spool/spool.h"
#include "plugins/genesys_influxdb/inbox.h"
#include "plugins/genesys_influxdb/lines/join.h"
#include "tests/bench/lap.h"

enum { SERIES = 10000, BATCH = 500, GROUP = 5000 };

struct figures {
  double formatted, spooled, drained; /* lines/s */
  double formatted_cpu;
  uint64_t text_bytes, disk_bytes;
};

/* Puts value `n`, queue_depth of one of SERIES queues. */
static void put_value(struct influx_inbox *in, size_t n) {
  char key[256], parts[64];
  int len = snprintf(key, sizeof(key), "host%cgenesys%cQueue %05zu%c%s%cvoice",
                     0, 0, n % SERIES, 0, "queue_depth", 0);
  snprintf(parts, sizeof(parts), "queue_id=3f2c1d7a-%08zu\n", n % SERIES);
  struct influx_sample s = {.key = key,
                            .key_len = (size_t)len + 1,
                            .parts = parts,
                            .time_ns = (int64_t)(1700000000 + n / SERIES) *
                                       INT64_C(1000000000),
                            .count = 1};
  s.sources[0] = (struct influx_source){
      "value", INFLUX_REAL, {.real = (double)(n % 97) + 0.5}};
  (void)influx_inbox_put(in, &s);
}

/* Formats the values of the inbox, in groups; the text of the last group stays
 * in `out`. */
static struct lap format_lines(size_t lines, struct gc_buf *out,
                               uint64_t *ret_bytes) {
  struct influx_inbox in;
  struct gc_strs tags = {.count = 0};
  struct influx_points *points = influx_points_new(&tags, 1000000);
  struct influx_join *join = influx_join_new();
  struct gc_buf taken = {.max = 1};
  struct lap all = {0};
  influx_inbox_init(&in);
  for (size_t n = 0; n < lines; n += GROUP) {
    for (size_t i = 0; i < GROUP; i++)
      put_value(&in, n + i);
    influx_inbox_take(&in, &taken);
    struct influx_sample sample;
    size_t at = 0;
    gc_buf_reset(out);
    struct lap began = lap_begin();
    while (influx_inbox_next(&taken, &at, &sample))
      exit_unless(influx_join_add(join, &sample,
                                  influx_points_of(points, &sample),
                                  0) == GC_OK,
                  "join");
    exit_unless(influx_join_take(join, UINT64_MAX, GROUP, out) == GROUP,
                "take");
    struct lap lap = lap_end(began);
    /* The first round makes the names: they are kept. */
    if (n >= SERIES) {
      all.wall_s += lap.wall_s;
      all.cpu_s += lap.cpu_s;
    }
    *ret_bytes = out->len;
    gc_buf_reset(&taken);
  }
  influx_join_free(join);
  influx_points_free(points);
  influx_inbox_clear(&in);
  gc_buf_clear(&taken);
  return all;
}

/* Saves the 10 batches of a group again and again. */
static double spool_lines(struct gc_spool *s, size_t lines,
                          const struct gc_buf *text, uint64_t *ret_bytes) {
  struct gc_err err = {.code = GC_OK};
  struct lap began = lap_begin();
  const char *at = text->data;
  for (size_t n = 0; n < lines; n += BATCH) {
    const char *end = at;
    for (int i = 0; i < BATCH; i++)
      end = strchr(end, '\n') + 1;
    struct gc_record r = {.payload = at,
                          .len = (uint32_t)(end - at),
                          .lines = BATCH,
                          .time_ms = gc_clock_wall_ms()};
    exit_unless(gc_spool_append(s, &r, &err) == GC_OK, err.text);
    *ret_bytes += r.len;
    at = *end != '\0' ? end : text->data;
  }
  return (double)lines / lap_end(began).wall_s;
}

static double drain_lines(struct gc_spool *s, size_t lines) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  struct gc_buf out = {.max = 1 << 24};
  size_t batches = 0;
  struct lap began = lap_begin();
  for (;; batches++) {
    gc_buf_reset(&out);
    exit_unless(gc_spool_read(s, BATCH, &out, &end, &err) == GC_OK, err.text);
    if (out.len == 0)
      break;
    exit_unless(gc_spool_commit(s, end, &err) == GC_OK, err.text);
  }
  exit_unless(batches == lines / BATCH, "all batches are read");
  gc_buf_clear(&out);
  return (double)lines / lap_end(began).wall_s;
}

int main(int argc, char **argv) {
  struct figures f = {0};
  struct gc_err err = {.code = GC_OK};
  struct gc_buf text = {.max = 1 << 24};
  uint64_t group = 0;
  exit_unless(argc >= 2, "usage: bench_influxdb FOLDER [LINES]");
  size_t lines = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
  exit_unless(lines >= 2 * SERIES && lines % GROUP == 0,
              "LINES: 20000, 25000 …");
  struct lap lap = format_lines(lines, &text, &group);
  f.formatted = (double)(lines - SERIES) / lap.wall_s;
  f.formatted_cpu = (double)(lines - SERIES) / lap.cpu_s;

  struct gc_spool_settings settings = {.folder = argv[1],
                                       .max_bytes = UINT64_C(4) << 30};
  struct gc_spool *s = gc_spool_new(&settings, &err);
  struct gc_spool_stats stats;
  exit_unless(s != NULL && gc_spool_open(s, &err) == GC_OK, err.text);
  f.spooled = spool_lines(s, lines, &text, &f.text_bytes);
  gc_spool_stats(s, &stats);
  f.disk_bytes = stats.bytes;
  if (argc < 4)
    f.drained = drain_lines(s, lines);
  gc_spool_free(s);
  gc_buf_clear(&text);
  printf("{\"lines\": %zu, \"formatted\": %.0f, \"formatted_cpu\": %.0f, "
         "\"spooled\": %.0f, \"drained\": %.0f, \"line_bytes\": %.1f, "
         "\"disk_factor\": %.3f}\n",
         lines, f.formatted, f.formatted_cpu, f.spooled, f.drained,
         (double)f.text_bytes / (double)lines,
         (double)f.disk_bytes / (double)f.text_bytes);
  return 0;
}
