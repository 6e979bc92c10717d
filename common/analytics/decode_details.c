/* SPDX-License-Identifier: MIT */
/* Decodes the guide dialect's queue details: one row for each queue and
 * interval. The row's time is the end of the interval, rounded down to the
 * minute. */
#include <math.h>
#include <string.h>

#include "common/analytics/decode_internal.h"
#include "common/base/timestamp.h"

enum { K_RESULTS = 1, K_QUEUE, K_END, K_COLUMN /* + place in `columns` */ };
enum { MINUTE_MS = 60000 };

static const struct {
  const char *name;
  bool is_count;
} columns[] = {
    {"answered", true},
    {"abandoned", true},
    {"offered", true},
    {"waitTime", false},
};

#define ROW GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM)

static enum gc_code read_column(struct gc_decoder *d, size_t i,
                                const struct gc_json_value *v) {
  struct gc_fact fact = {.has = columns[i].is_count ? GC_FACT_COUNT
                                                    : GC_FACT_CURRENT};
  if (v->kind == GC_JSON_NULL)
    return GC_OK;
  bool fits = columns[i].is_count
                  ? gc_json_int(v, &fact.count) && fact.count >= 0 &&
                        fact.count <= GC_DECODE_COUNT_MAX
                  : gc_json_real(v, &fact.ratio) && isfinite(fact.ratio);
  if (!fits) {
    d->stage.tally.broken++;
    return GC_OK;
  }
  if (!columns[i].is_count && fact.ratio < 0.0)
    fact.ratio = 0.0;
  return gc_decode_add(d, columns[i].name, "", 0, &fact);
}

static void read_end(struct gc_decoder *d, const struct gc_json_value *v) {
  d->has_window =
      v->kind == GC_JSON_STRING &&
      gc_timestamp_parse(v->text, v->len, &d->end_ms, NULL) == GC_OK;
  if (d->has_window)
    d->end_ms = gc_timestamp_floor(d->end_ms, MINUTE_MS);
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct gc_decoder *d = ctx;
  unsigned last = (unsigned)(at->path & 0xff);
  if (at->path >> 8 != ROW)
    return GC_OK;
  if (last == K_QUEUE)
    gc_decode_value(d->values[0], v);
  else if (last == K_END)
    read_end(d, v);
  else if (last >= K_COLUMN && last < K_COLUMN + GC_COUNT(columns))
    return read_column(d, last - K_COLUMN, v);
  return GC_OK;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path == ROW) {
    gc_decode_begin_group(d);
    d->has_window = false;
    memcpy(d->media, "all", sizeof("all"));
  }
  return GC_OK;
}

/* Ends a row. Without a valid time it is broken; it does not get the current
 * time. */
static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path != ROW)
    return GC_OK;
  d->is_broken = !d->has_window;
  for (size_t i = 0; i < d->number_count; i++)
    d->numbers[i].end_ms = d->end_ms;
  return gc_decode_end_group(d);
}

void gc_decode_details(struct gc_decoder *d) {
  size_t count = 0;
  d->keys[count++] = (struct gc_json_key){"results", K_RESULTS};
  d->keys[count++] = (struct gc_json_key){"queueId", K_QUEUE};
  d->keys[count++] = (struct gc_json_key){"intervalEnd", K_END};
  for (size_t i = 0; i < GC_COUNT(columns); i++)
    d->keys[count++] =
        (struct gc_json_key){columns[i].name, (uint8_t)(K_COLUMN + i)};
  d->reader.key_count = count;
  d->reader.open = on_open;
  d->reader.close = on_close;
  d->reader.value = on_value;
}
