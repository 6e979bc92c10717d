/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/base/strmap.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/parts.h"

/* ---- windows ---- */

/* For each metric, the metric of its windows; 0: it has no windows. */
static const enum gc_metric_id window_metrics[GC_METRIC_COUNT] = {
    [GC_METRIC_QUEUE_DEPTH] = GC_METRIC_QUEUE_DEPTH_WINDOW,
    [GC_METRIC_QUEUE_INTERACTING] = GC_METRIC_QUEUE_INTERACTING_WINDOW,
    [GC_METRIC_QUEUE_ALERTING] = GC_METRIC_QUEUE_ALERTING_WINDOW,
    [GC_METRIC_QUEUE_WAITING] = GC_METRIC_QUEUE_WAITING_WINDOW,
    [GC_METRIC_QUEUE_LONGEST_WAIT] = GC_METRIC_QUEUE_LONGEST_WAIT_WINDOW,
    [GC_METRIC_QUEUE_AGENTS] = GC_METRIC_QUEUE_AGENTS_WINDOW,
    [GC_METRIC_QUEUE_AGENTS_ROUTING] = GC_METRIC_QUEUE_AGENTS_ROUTING_WINDOW,
    [GC_METRIC_QUEUE_AGENTS_PRESENCE] = GC_METRIC_QUEUE_AGENTS_PRESENCE_WINDOW,
    [GC_METRIC_QUEUE_OBSERVATION] = GC_METRIC_QUEUE_OBSERVATION_WINDOW,
    [GC_METRIC_ACTIVE_CONVERSATIONS] = GC_METRIC_ACTIVE_CONVERSATIONS_WINDOW,
};

enum { KEY_SIZE = 64 + 2 * GC_NAME_SIZE + GC_PARTS_SIZE };

/* One gauge in the open window. */
struct gauge {
  enum gc_metric_id metric; /* metric of the window */
  double sum, min, max;
  uint32_t readings;
  const char *instance, *qualifier; /* texts in the memory behind `key` */
  const char *parts;                /* the end of `key` */
  char key[];                       /* "TYPE/INSTANCE/QUALIFIER/PARTS" */
};

struct windows {
  uint32_t span_ms;  /* Window; 0: there is no down-sampling */
  bool raw;          /* the gauges are passed on */
  size_t series_max; /* further series have no windows */
  struct gc_strmap by_key;
  struct gauge **at;
  size_t count, cap;
  int64_t start_ms; /* start of the open window; all earlier windows were put */
  int64_t now_ms;
  const struct gc_samples *out;
  uint64_t overflow;
};

static void drop_gauges(struct windows *w) {
  for (size_t i = 0; i < w->count; i++)
    free(w->at[i]);
  w->count = 0;
  gc_strmap_clear(&w->by_key);
}

static void put_window(const struct windows *w, const struct gauge *g) {
  struct gc_sample sample = {.metric = g->metric,
                             .instance = g->instance,
                             .qualifier = g->qualifier,
                             .parts = g->parts,
                             .values = {{.gauge = g->sum / g->readings},
                                        {.gauge = g->min},
                                        {.gauge = g->max}},
                             .time_ms = w->start_ms + w->span_ms,
                             .interval_ms = w->span_ms};
  w->out->put(w->out->ctx, &sample);
}

/* Puts the open window and opens the next. */
static void close_window(struct windows *w) {
  size_t kept = 0;
  for (size_t i = 0; i < w->count; i++) {
    struct gauge *g = w->at[i];
    if (g->readings == 0) {
      (void)gc_strmap_drop(&w->by_key, g->key);
      free(g);
      continue;
    }
    put_window(w, g);
    g->readings = 0;
    w->at[kept++] = g;
  }
  w->count = kept;
  w->start_ms += w->span_ms;
}

/* Opens the window of this time. Returns false when that window was put
 * already. */
static bool open_window(struct windows *w, int64_t at_ms) {
  int64_t start_ms = at_ms - at_ms % w->span_ms;
  if (start_ms < w->start_ms) {
    if (w->start_ms - start_ms <= OUTPUT_BACK_MAX_MS)
      return false;
    drop_gauges(w);
  } else if (start_ms > w->start_ms) {
    close_window(w);
  }
  w->start_ms = start_ms;
  return true;
}

static struct gauge *new_gauge(enum gc_metric_id metric, const char *key,
                               const struct gc_sample *sample) {
  size_t key_size = strlen(key) + 1;
  size_t instance_size = strlen(sample->instance) + 1;
  size_t qualifier_size = strlen(sample->qualifier) + 1;
  struct gauge *g =
      calloc(1, sizeof(*g) + key_size + instance_size + qualifier_size);
  if (g == NULL)
    return NULL;
  char *instance = g->key + key_size, *qualifier = instance + instance_size;
  memcpy(g->key, key, key_size);
  memcpy(instance, sample->instance, instance_size);
  memcpy(qualifier, sample->qualifier, qualifier_size);
  g->metric = metric;
  g->instance = instance;
  g->qualifier = qualifier;
  g->parts = g->key + key_size - 1 -
             (sample->parts != NULL ? strlen(sample->parts) : 0);
  return g;
}

static bool grow_gauges(struct windows *w) {
  if (w->count >= w->series_max)
    return false;
  if (w->count < w->cap)
    return true;
  size_t cap = w->cap == 0 ? 64 : w->cap * 2;
  struct gauge **at = realloc(w->at, cap * sizeof(struct gauge *));
  if (at == NULL)
    return false;
  w->at = at;
  w->cap = cap;
  return true;
}

/* Finds or adds the gauge of a sample. Returns NULL when there are too many
 * gauges or no memory. */
static struct gauge *gauge_of(struct windows *w, enum gc_metric_id metric,
                              const struct gc_sample *sample) {
  char key[KEY_SIZE];
  snprintf(key, sizeof(key), "%s/%s/%s/%s", gc_metric(metric)->name,
           sample->instance, sample->qualifier,
           sample->parts != NULL ? sample->parts : "");
  struct gauge *g = gc_strmap_get(&w->by_key, key);
  if (g != NULL || !grow_gauges(w))
    return g;
  g = new_gauge(metric, key, sample);
  if (g == NULL)
    return NULL;
  gc_strmap_put(&w->by_key, g->key, g);
  w->at[w->count++] = g;
  return g;
}

static void add_value(struct gauge *g, double value) {
  bool is_first = g->readings == 0;
  g->sum = is_first ? value : g->sum + value;
  g->min = is_first || value < g->min ? value : g->min;
  g->max = is_first || value > g->max ? value : g->max;
  g->readings++;
}

static void add_reading(struct windows *w, enum gc_metric_id metric,
                        const struct gc_sample *sample) {
  double value = sample->values[0].gauge;
  if (!isfinite(value) ||
      !open_window(w, sample->time_ms > 0 ? sample->time_ms : w->now_ms))
    return;
  struct gauge *g = gauge_of(w, metric, sample);
  if (g != NULL)
    add_value(g, value);
  else
    w->overflow++;
}

static void put_downsampled(void *ctx, const struct gc_sample *sample) {
  struct windows *w = ctx;
  enum gc_metric_id metric = window_metrics[sample->metric];
  if (metric != 0)
    add_reading(w, metric, sample);
  if (metric == 0 || w->raw)
    w->out->put(w->out->ctx, sample);
}

static struct gc_samples windows_sink(struct windows *w, int64_t now_ms,
                                      const struct gc_samples *out) {
  w->now_ms = now_ms;
  w->out = out;
  (void)open_window(w, now_ms - OUTPUT_GRACE_MS);
  return (struct gc_samples){put_downsampled, w};
}

/* ---- the limit of series ---- */

enum { FIRST_SIZE = 256, CHECKS_PER_EXPIRY = 8 };

struct place {
  uint64_t hash; /* 0: free */
  uint64_t put_ms;
};

struct series_limit {
  size_t max;
  uint64_t expiry_ms, now_ms, checked_ms;
  struct place *places; /* open addressing; a power of two, half of it free */
  size_t room, count;
  uint64_t overflow;
  const struct gc_samples *out;
};

/* Adds the text and its NUL to the hash. */
static uint64_t hash_text(uint64_t h, const char *text) {
  return gc_hash_add(h, text, strlen(text) + 1);
}

static uint64_t hash_of(const struct gc_sample *s) {
  uint64_t h = GC_HASH_INIT ^ (uint64_t)s->metric;
  h = hash_text(hash_text(h, s->instance), s->qualifier);
  h = gc_hash_fold(h);
  return h != 0 ? h : 1;
}

/* Returns the place of the series, or the free place for it. */
static struct place *place_of(struct place *places, size_t room,
                              uint64_t hash) {
  size_t i = hash & (room - 1);
  while (places[i].hash != 0 && places[i].hash != hash)
    i = (i + 1) & (room - 1);
  return &places[i];
}

/* Moves all series that have not expired to a table of `room` places. */
static bool resize_table(struct series_limit *l, size_t room) {
  struct place *places = calloc(room, sizeof(*places));
  if (places == NULL)
    return false;
  l->count = 0;
  for (size_t i = 0; i < l->room; i++) {
    const struct place *p = &l->places[i];
    if (p->hash == 0 || l->now_ms - p->put_ms >= l->expiry_ms)
      continue;
    *place_of(places, room, p->hash) = *p;
    l->count++;
  }
  free(l->places);
  l->places = places;
  l->room = room;
  return true;
}

static bool take_place(struct series_limit *l) {
  if (l->count >= l->max)
    return false;
  if (l->count * 2 < l->room)
    return true;
  return resize_table(l, l->room == 0 ? FIRST_SIZE : l->room * 2);
}

static bool has_place(struct series_limit *l, const struct gc_sample *sample) {
  uint64_t hash = hash_of(sample);
  struct place *p =
      l->room > 0 ? place_of(l->places, l->room, hash) : l->places;
  if (p == NULL || p->hash == 0) {
    if (!take_place(l))
      return false;
    p = place_of(l->places, l->room, hash);
    p->hash = hash;
    l->count++;
  }
  p->put_ms = l->now_ms;
  return true;
}

static void put_limited(void *ctx, const struct gc_sample *sample) {
  struct series_limit *l = ctx;
  if (has_place(l, sample))
    l->out->put(l->out->ctx, sample);
  else
    l->overflow++;
}

static struct gc_samples limit_sink(struct series_limit *l, uint64_t now_ms,
                                    const struct gc_samples *out) {
  l->out = out;
  l->now_ms = now_ms;
  if (now_ms - l->checked_ms >= l->expiry_ms / CHECKS_PER_EXPIRY) {
    l->checked_ms = now_ms;
    if (l->count > 0)
      (void)resize_table(l, l->room); /* without memory they stay longer */
  }
  return (struct gc_samples){put_limited, l};
}

/* ---- the path ---- */

/* The limit is reported as good again when no value was left out for this long.
 */
enum { GOOD_AGAIN_MS = 10 * 60 * 1000 };

struct output {
  struct windows windows;
  struct series_limit limit;
  struct gc_samples limited;
  uint64_t now_ms;
  uint64_t full_ms; /* when a value was left out last; 0: never */
  uint64_t reported_overflow;
};

struct output *output_new(const struct queues_options *options) {
  struct output *o = gc_zalloc(1, sizeof(*o));
  o->windows = (struct windows){.span_ms = options->window_s * 1000,
                                .raw = options->raw,
                                .series_max = options->series_max};
  o->limit = (struct series_limit){
      .max = options->series_max,
      .expiry_ms = (uint64_t)options->queue_expiry_s * 1000};
  return o;
}

void output_free(struct output *o) {
  if (o == NULL)
    return;
  drop_gauges(&o->windows);
  free(o->windows.at);
  free(o->limit.places);
  free(o);
}

struct gc_samples output_begin(struct output *o, uint64_t now_ms,
                               int64_t wall_ms, const struct gc_samples *out) {
  o->now_ms = now_ms;
  o->limited = limit_sink(&o->limit, now_ms, out);
  return output_has_windows(o) ? windows_sink(&o->windows, wall_ms, &o->limited)
                               : o->limited;
}

bool output_end(struct output *o, bool is_last, struct gc_err *ret_err) {
  GC_ASSERT(o->limit.count <= o->limit.max && o->windows.count <= o->limit.max);
  if (is_last && output_has_windows(o))
    close_window(&o->windows);
  uint64_t overflow = output_overflow(o);
  bool is_more = overflow > o->reported_overflow;
  o->reported_overflow = overflow;
  *ret_err = (struct gc_err){.code = GC_OK};
  if (is_more)
    (void)gc_fail(ret_err, GC_ERR_LIMIT,
                  "all %zu places of MaxSeries are taken; further series are "
                  "left out (series_overflow): name fewer queues or media "
                  "(Queue, Media), share them between agents (Shard), or raise "
                  "MaxSeries",
                  o->limit.max);
  else if (o->full_ms == 0 || o->now_ms - o->full_ms < GOOD_AGAIN_MS)
    return false;
  o->full_ms = is_more ? o->now_ms : 0;
  return true;
}

size_t output_series(const struct output *o) { return o->limit.count; }

uint64_t output_overflow(const struct output *o) {
  return o->limit.overflow + o->windows.overflow;
}

bool output_has_windows(const struct output *o) {
  return o->windows.span_ms > 0;
}
