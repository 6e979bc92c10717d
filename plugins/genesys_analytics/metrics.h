/* SPDX-License-Identifier: MIT */
/* The metrics of the aggregate queries: what each number is, and in what it
 * comes. Names, and that t metrics are in milliseconds, are the API's
 * (reference, aggregate queries). Pure. */
#ifndef GC_ANALYTICS_METRICS_H
#define GC_ANALYTICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>

/* What becomes of the stats of a metric. */
enum metric_kind {
  METRIC_COUNT,    /* stats.count: events */
  METRIC_DURATION, /* count, sum, min, max of durations */
  METRIC_SECONDS,  /* sum alone: time in a status */
  METRIC_RATIO,    /* ratio, or numerator and denominator */
  METRIC_TARGET,   /* current: a configured share */
  METRIC_MEAN,     /* a mean alone: it cannot be added up */
};

struct metric {
  const char *name;
  enum metric_kind kind;
  double per_second;  /* of a duration: 1000 for ms */
  const char *source; /* "conversations", "users", "queue_details" */
  const char *meaning;
};

extern const struct metric metrics[];
extern const size_t metric_count;

/* The row; for a name that is none of the table a row of its kind by its
 * prefix: n a count, t a duration in ms, o a count. Never NULL. */
const struct metric *metric_of(const char *name);

/* True when it can be a name of the API: a small letter, then letters and
 * digits. */
bool metric_is_name(const char *name);

#endif
