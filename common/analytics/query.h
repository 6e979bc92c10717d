/* SPDX-License-Identifier: MIT */
/* A <Query> as configured, for requests, decoders and samples. It is made once
 * from the options and const afterwards. Pure, any thread. */
#ifndef GC_ANALYTICS_QUERY_H
#define GC_ANALYTICS_QUERY_H

#include <stdint.h>

#include "common/analytics/source_table.h"
#include "common/base/err.h"

enum gc_query_label {
  GC_QUERY_LABEL_NAME,
  GC_QUERY_LABEL_ID,
  GC_QUERY_LABEL_BOTH
};
enum { GC_QUERY_DIMS_MAX = 8, GC_QUERY_METRICS_MAX = 100 };

struct gc_query { /* all borrowed */
  enum gc_query_source source;
  char *const *metrics;
  size_t metric_count;
  char *const
      *group_by; /* names of dimensions (dimension_table.h), in this order */
  size_t group_count;
  const char *granularity; /* as in requests: "PT1M" */
  int64_t period_ms;       /* the same, in ms */
};

/* The index of `name` in group_by; -1 when it is not there. */
int gc_query_place_of(const struct gc_query *q, const char *name);

/* The owner of the series, which becomes the plugin instance: the first of
 * queue, user and flow that is in group_by. `ret_place` is its place in
 * group_by; -1 without an owner. */
enum gc_query_owner {
  GC_QUERY_OF_QUEUE,
  GC_QUERY_OF_USER,
  GC_QUERY_OF_FLOW,
  GC_QUERY_OF_NONE
};
enum gc_query_owner gc_query_owner_of(const struct gc_query *q, int *ret_place);

/* Writes a text that differs whenever the answers could differ: a query never
 * uses the totals of another one. `selectors` are the Queue or Flow options. 64
 * hexadecimal digits at most. */
void gc_query_identity(char out[65], const struct gc_query *q,
                       char *const *selectors, size_t selector_count);

#endif
