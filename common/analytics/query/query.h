/* SPDX-License-Identifier: MIT */
/* A <Query> or <Flows> as configured: the rows of the options fill it
 * (daemon/analytics_options.h), and requests, decoders and samples read it. It
 * is const after the configuration. Pure, any thread. */
#ifndef GC_ANALYTICS_QUERY_QUERY_H
#define GC_ANALYTICS_QUERY_QUERY_H

#include <stdint.h>

#include "common/analytics/query/tables.h"
#include "common/analytics/query/windows.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/strs.h"

enum gc_query_label {
  GC_QUERY_LABEL_NAME,
  GC_QUERY_LABEL_ID,
  GC_QUERY_LABEL_BOTH
};
enum { GC_QUERY_DIMS_MAX = 8, GC_QUERY_METRICS_MAX = 100 };

struct gc_query {
  struct gc_strs metrics;
  struct gc_strs group_by; /* names of dimensions (tables.h), in this
                              order */
  struct gc_strs chosen;   /* globs (base/glob): the options Queue or Flow */
  char *granularity;       /* as in requests: "PT1M" */
  char *backfill;          /* an ISO 8601 duration */
  char *revisit;           /* a number of windows or an ISO 8601 duration */
  char *prefix;            /* InstancePrefix; NULL: none */
  int label;               /* enum gc_query_label */
  uint32_t settle_s, max_series;
  bool counters;               /* writes cumulative series too */
  struct gc_windows_rule rule; /* granularity, settle_s, backfill and revisit */
  enum gc_query_source source; /* set from the block's options */
};

/* Returns the index of `name` in group_by; -1 when it is not there. */
GC_API int gc_query_place_of(const struct gc_query *q, const char *name);

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
 * uses the totals of another one. 64 hexadecimal digits at most. */
void gc_query_identity(char out[65], const struct gc_query *q);

/* ---- its request bodies ---- */

/* Limits of queues or flows: in the filter of one request (the API accepts 100
 * to 200 predicates, API reference), and in all filters of a query. With more
 * ids, a query requests all queues or flows and filters the answers, if they
 * name the id. */
enum { GC_QUERY_IDS_MAX = 100, GC_QUERY_FILTER_MAX = 200 };

/* Writes the body of the request for [from_ms, to_ms), whole windows. `ids` are
 * the queues or flows to name in the filter; count 0: all. Replaces the
 * contents of `out`. */
GC_API GC_MUST_CHECK enum gc_code
gc_analytics_query_body(const struct gc_query *q, int64_t from_ms,
                        int64_t to_ms, const char *const *ids, size_t count,
                        struct gc_buf *out);

/* Returns the requests a minute of a query with `ids` ids in the filter, 0: no
 * filter: the newest windows once for each window, GC_QUERY_IDS_MAX ids a
 * request, and one request an hour if Revisit is a duration. */
GC_API double gc_query_per_minute(const struct gc_query *q, size_t ids);

#endif
