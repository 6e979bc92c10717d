/* SPDX-License-Identifier: MIT */
/* The options that all blocks of interval queries have: rows for their tables,
 * and what rows cannot see. Configuration phase, one thread. */
#ifndef GC_DAEMON_ANALYTICS_OPTIONS_H
#define GC_DAEMON_ANALYTICS_OPTIONS_H

#include "common/analytics/analytics.h"
#include "common/daemon/options.h"

/* A member `query` of the plugin's own options. */
struct gc_query_options {
  struct gc_strs metrics, group_by;
  struct gc_strs chosen; /* of queues, or flows */
  int label;             /* enum gc_query_label */
  char *granularity, *backfill;
  uint32_t settle_s, revisit, max_series;
  bool counters;

  /* Made by gc_query_options_check. */
  int64_t period_ms, backfill_ms;
};

GC_API extern const char *const gc_query_labels[]; /* of the option …Label */

/* The rows that say the same everywhere. */
#define GC_QUERY_OPTIONS(owner)                                                \
  GC_OPT_STR(owner, query.granularity, "Granularity", "PT1M", 0,               \
             "Length of an interval: an ISO 8601 duration that divides a "     \
             "day, `PT1M`, `PT15M`, `PT30M`, `PT1H`, `P1D` …",                 \
             "PT15M"),                                                         \
      GC_OPT_INT(owner, query.settle_s, "SettleDelay", "90", 0, 86400, "s",    \
                 "An interval is asked for this long after its end: the "      \
                 "platform needs a while to count.",                           \
                 "120"),                                                       \
      GC_OPT_INT(owner, query.revisit, "Revisit", "30", 0, 1000, "intervals",  \
                 "So many intervals are read again with each request; what "   \
                 "came late goes into the counters.",                          \
                 "60"),                                                        \
      GC_OPT_STR(owner, query.backfill, "Backfill", "PT6H", 0,                 \
                 "How far back missed intervals are asked for, and where a "   \
                 "query without a checkpoint begins.",                         \
                 "P1D"),                                                       \
      GC_OPT_BOOL(owner, query.counters, "Counters", "true",                   \
                  "Cumulative series too, which include what came late.",      \
                  "false"),                                                    \
      GC_OPT_INT(owner, query.max_series, "MaxSeries", "200000", 1, 10000000,  \
                 "series",                                                     \
                 "Metrics times groups that are kept; what is beyond is "      \
                 "counted in `series_overflow`.",                              \
                 "20000")

/* Fills in what the source's defaults are. */
GC_API GC_MUST_CHECK enum gc_code
gc_query_options_check(struct gc_query_options *o, enum gc_query_source source,
                       struct gc_err *err);

#endif
