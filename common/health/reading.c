/* SPDX-License-Identifier: MIT */
#include "common/health/reading.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_source(struct gc_health_reading *r, const char *name,
                       bool is_up) {
  struct gc_health_source *s = &r->sources[r->source_count];
  if (r->source_count == GC_HEALTH_SOURCES_MAX)
    return;
  snprintf(s->name, sizeof(s->name), "%s", name);
  s->is_up = is_up;
  r->source_count++;
}

static void take_source(struct gc_health_reading *r, const struct gc_sample *s,
                        int unused) {
  (void)unused;
  add_source(r, s->qualifier, s->values[0].gauge > 0);
}

static void take_writer(struct gc_health_reading *r, const struct gc_sample *s,
                        int unused) {
  (void)unused;
  add_source(r, "writer", s->values[0].gauge > 0);
}

/* Adds the token as a source, by token_state of docs/metrics.md. 2: there is a
 * token; 3: the last request failed. */
static void take_token(struct gc_health_reading *r, const struct gc_sample *s,
                       int unused) {
  double state = s->values[0].gauge;
  (void)unused;
  if (state > 1.5)
    add_source(r, "token", state < 2.5);
}

static void take_breaker(struct gc_health_reading *r, const struct gc_sample *s,
                         int unused) {
  (void)unused;
  if (s->values[0].gauge > 0)
    add_source(r, "api", false);
}

/* Keeps the smallest age: the newest success. */
static void take_age(struct gc_health_reading *r, const struct gc_sample *s,
                     int unused) {
  double age_s = s->values[0].gauge;
  (void)unused;
  if (!(r->age_s <= age_s))
    r->age_s = age_s;
}

static void take_answers(struct gc_health_reading *r, const struct gc_sample *s,
                         int unused) {
  const char *word = strrchr(s->qualifier, '-');
  (void)unused;
  if (word != NULL && strcmp(word, "-2xx") == 0)
    r->answers += (uint64_t)s->values[0].derive;
}

/* Adds the value to the figure, since a block may have series of two kinds. */
static void take_sum(struct gc_health_reading *r, const struct gc_sample *s,
                     int figure) {
  double *sum = &r->figures[figure];
  *sum = (isfinite(*sum) ? *sum : 0) + s->values[0].gauge;
}

bool gc_health_is_stream(const struct gc_health_source *s) {
  return strcmp(s->name, "stream") == 0 ||
         strcmp(s->name, "notifications") == 0;
}

/* Takes the time since the last message, which is a success of the stream while
 * the stream is connected. */
static void take_silence(struct gc_health_reading *r, const struct gc_sample *s,
                         int figure) {
  take_sum(r, s, figure);
  for (size_t i = 0; i < r->source_count; i++)
    if (gc_health_is_stream(&r->sources[i]) && r->sources[i].is_up)
      take_age(r, s, 0);
}

static const struct {
  enum gc_metric_id metric;
  const char *qualifier; /* NULL: each */
  void (*take)(struct gc_health_reading *r, const struct gc_sample *s,
               int figure);
  int figure;
} rows[] = {
    {GC_METRIC_SOURCE_UP, NULL, take_source, 0},
    {GC_METRIC_SOURCE_AGE, NULL, take_age, 0},
    {GC_METRIC_WRITER_UP, NULL, take_writer, 0},
    {GC_METRIC_WRITER_AGE, NULL, take_age, 0},
    {GC_METRIC_TOKEN_STATE, NULL, take_token, 0},
    {GC_METRIC_API_BREAKER, NULL, take_breaker, 0},
    {GC_METRIC_API_REQUESTS, NULL, take_answers, 0},
    {GC_METRIC_WINDOW_LAG, NULL, take_sum, GC_HEALTH_FIGURE_LAG},
    {GC_METRIC_QUEUE_LAG, NULL, take_sum, GC_HEALTH_FIGURE_LAG},
    {GC_METRIC_STREAM_GAP, NULL, take_sum, GC_HEALTH_FIGURE_GAP},
    {GC_METRIC_STREAM_SILENCE, NULL, take_silence, GC_HEALTH_FIGURE_SILENCE},
    {GC_METRIC_API_QUEUED, NULL, take_sum, GC_HEALTH_FIGURE_PENDING},
    {GC_METRIC_SPOOL_BYTES, "waiting", take_sum, GC_HEALTH_FIGURE_PENDING},
    {GC_METRIC_SPOOL_AGE, NULL, take_sum, GC_HEALTH_FIGURE_SPOOL_AGE},
    {GC_METRIC_QUEUES, "matched", take_sum, GC_HEALTH_FIGURE_SELECTED},
    {GC_METRIC_FLOWS, "matched", take_sum, GC_HEALTH_FIGURE_SELECTED},
    {GC_METRIC_SERIES, NULL, take_sum, GC_HEALTH_FIGURE_SERIES},
    {GC_METRIC_API_LATENCY, NULL, take_sum, GC_HEALTH_FIGURE_LATENCY},
    {GC_METRIC_API_BUDGET, NULL, take_sum, GC_HEALTH_FIGURE_BUDGET},
    {GC_METRIC_API_PAUSE, "account", take_sum, GC_HEALTH_FIGURE_PAUSE},
    {GC_METRIC_LEASE_STATE, NULL, take_sum, GC_HEALTH_FIGURE_LEASE_STATE},
    {GC_METRIC_LEASE_AGE, NULL, take_sum, GC_HEALTH_FIGURE_LEASE_AGE},
    {GC_METRIC_TOKEN_LIFETIME, NULL, take_sum, GC_HEALTH_FIGURE_TOKEN_LIFE},
};

static void take_sample(void *ctx, const struct gc_sample *s) {
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (rows[i].metric == s->metric &&
        (rows[i].qualifier == NULL ||
         strcmp(rows[i].qualifier, s->qualifier) == 0))
      rows[i].take(ctx, s, rows[i].figure);
}

struct gc_samples gc_health_reading_begin(struct gc_health_reading *r) {
  *r = (struct gc_health_reading){.age_s = NAN};
  for (int i = 0; i < GC_HEALTH_FIGURE_COUNT; i++)
    r->figures[i] = NAN;
  return (struct gc_samples){.put = take_sample, .ctx = r};
}
