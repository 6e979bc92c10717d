/* SPDX-License-Identifier: MIT */
/* The metrics of the aggregate queries: the meaning and the unit of each
 * number. The names and the milliseconds of t metrics are from the API
 * reference (aggregate queries). Pure. */
#ifndef GC_ANALYTICS_METRIC_TABLE_H
#define GC_ANALYTICS_METRIC_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* How the stats of a metric become values. */
enum gc_stats_kind {
  GC_STATS_COUNT,    /* stats.count: events */
  GC_STATS_DURATION, /* count, sum, min, max of durations */
  GC_STATS_SECONDS,  /* sum alone: time in a status */
  GC_STATS_RATIO,    /* ratio, or numerator and denominator */
  GC_STATS_TARGET,   /* current: a configured share */
  GC_STATS_MEAN,     /* only a mean: it cannot be added up */
};

struct gc_api_metric {
  const char *name;
  enum gc_stats_kind kind;
  double per_second;  /* of a duration: 1000 for ms */
  const char *source; /* a gc_source's name */
  const char *meaning;
};

extern const struct gc_api_metric gc_api_metrics[];
extern const size_t gc_api_metric_count;

/* The row. A name that is not in the table gets a row by its first letter: n a
 * count, t a duration in ms, o a count. Never NULL. */
const struct gc_api_metric *gc_api_metric_of(const char *name);

/* True when `name` can be a name of the API: a lower-case letter, then letters
 * and digits. */
GC_API bool gc_api_metric_is_name(const char *name);

#endif
