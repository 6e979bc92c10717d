/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/downsample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/strmap.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/parts.h"

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

struct downsample {
  struct downsample_settings s;
  struct gc_strmap by_key;
  struct gauge **at;
  size_t count, cap;
  int64_t start_ms; /* start of the open window; all earlier windows were put */
  int64_t now_ms;
  const struct gc_samples *out;
  uint64_t overflow;
};

struct downsample *downsample_new(const struct downsample_settings *settings) {
  struct downsample *w = calloc(1, sizeof(*w));
  if (w != NULL)
    w->s = *settings;
  return w;
}

static void drop_gauges(struct downsample *w) {
  for (size_t i = 0; i < w->count; i++)
    free(w->at[i]);
  w->count = 0;
  gc_strmap_clear(&w->by_key);
}

void downsample_free(struct downsample *w) {
  if (w == NULL)
    return;
  drop_gauges(w);
  free(w->at);
  free(w);
}

uint64_t downsample_overflow(const struct downsample *w) { return w->overflow; }

/* ---- out ---- */

static void put_window(const struct downsample *w, const struct gauge *g) {
  struct gc_sample sample = {.metric = g->metric,
                             .instance = g->instance,
                             .qualifier = g->qualifier,
                             .parts = g->parts,
                             .values = {{.gauge = g->sum / g->readings},
                                        {.gauge = g->min},
                                        {.gauge = g->max}},
                             .time_ms = w->start_ms + w->s.span_ms,
                             .interval_ms = w->s.span_ms};
  w->out->put(w->out->ctx, &sample);
}

/* Puts the open window and opens the next. */
static void close_window(struct downsample *w) {
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
  w->start_ms += w->s.span_ms;
}

/* Opens the window of this time. Returns false when that window was put
 * already. */
static bool open_window(struct downsample *w, int64_t at_ms) {
  int64_t start_ms = at_ms - at_ms % w->s.span_ms;
  if (start_ms < w->start_ms) {
    if (w->start_ms - start_ms <= DOWNSAMPLE_BACK_MAX_MS)
      return false;
    drop_gauges(w);
  } else if (start_ms > w->start_ms) {
    close_window(w);
  }
  w->start_ms = start_ms;
  return true;
}

/* ---- in ---- */

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

static bool grow_gauges(struct downsample *w) {
  if (w->count >= w->s.series_max)
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
static struct gauge *gauge_of(struct downsample *w, enum gc_metric_id metric,
                              const struct gc_sample *sample) {
  char key[KEY_SIZE];
  snprintf(key, sizeof(key), "%s/%s/%s/%s", gc_metric(metric)->name,
           sample->instance, sample->qualifier,
           sample->parts != NULL ? sample->parts : "");
  struct gauge *g = gc_strmap_get(&w->by_key, key);
  if (g != NULL || !grow_gauges(w))
    return g;
  g = new_gauge(metric, key, sample);
  if (g != NULL && gc_strmap_put(&w->by_key, g->key, g) != GC_OK) {
    free(g);
    return NULL;
  }
  if (g != NULL)
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

static void add_reading(struct downsample *w, enum gc_metric_id metric,
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
  struct downsample *w = ctx;
  enum gc_metric_id metric = window_metrics[sample->metric];
  if (metric != 0)
    add_reading(w, metric, sample);
  if (metric == 0 || w->s.raw)
    w->out->put(w->out->ctx, sample);
}

struct gc_samples downsample_sink(struct downsample *w, int64_t now_ms,
                                  const struct gc_samples *out) {
  w->now_ms = now_ms;
  w->out = out;
  (void)open_window(w, now_ms - DOWNSAMPLE_GRACE_MS);
  return (struct gc_samples){put_downsampled, w};
}

void downsample_finish(struct downsample *w, const struct gc_samples *out) {
  w->out = out;
  close_window(w);
}
