/* SPDX-License-Identifier: MIT */
/* The options that all blocks of interval queries have: the rows for their
 * tables, and the checks that rows cannot make. This file needs no daemon, so
 * that the manual can be printed without one. Configuration phase, one
 * thread. */
#ifndef GC_DAEMON_ANALYTICS_OPTIONS_H
#define GC_DAEMON_ANALYTICS_OPTIONS_H

#include "common/analytics/query/query.h"
#include "common/daemon/options.h"

GC_API extern const char
    *const gc_analytics_labels[]; /* words of the option …Label */

/* The rows that are the same in all plugins; their options have a member
 * `struct gc_query query`. */
#define GC_ANALYTICS_OPTIONS(owner)                                            \
  GC_OPT_STR(owner, query.granularity, "Granularity", "PT1M", 0,               \
             "Length of an interval: an ISO 8601 duration that divides a "     \
             "day, `PT1M`, `PT15M`, `PT30M`, `PT1H`, `P1D` …",                 \
             "PT15M"),                                                         \
      GC_OPT_INT(owner, query.settle_s, "SettleDelay", "30", 0, 86400, "s",    \
                 "Time from the end of an interval to its request. Numbers "   \
                 "that the platform counts later go into the counters, by "    \
                 "Revisit.",                                                   \
                 "90"),                                                        \
      GC_OPT_STR(owner, query.revisit, "Revisit", "30", GC_OPT_OR_NUMBER,      \
                 "Past intervals that each request reads again, 0 to 1000; "   \
                 "late numbers go into the counters. Or a duration up to "     \
                 "`P31D`: older intervals are then read again by one request " \
                 "an hour.",                                                   \
                 "P3D"),                                                       \
      GC_OPT_STR(                                                              \
          owner, query.backfill, "Backfill", "PT6H", 0,                        \
          "Age of the oldest missed interval that is requested, and of "       \
          "the first interval of a query without a checkpoint.",               \
          "P1D"),                                                              \
      GC_OPT_BOOL(owner, query.counters, "Counters", "true",                   \
                  "Cumulative series too, which include late numbers.",        \
                  "false"),                                                    \
      GC_OPT_INT(owner, query.max_series, "MaxSeries", "200000", 1, 10000000,  \
                 "series",                                                     \
                 "Metrics times groups that are kept; `series_overflow` "      \
                 "counts the values of further series.",                       \
                 "20000"),                                                     \
      GC_OPT_STR(owner, query.prefix, "InstancePrefix", NULL, 0,               \
                 "Text before each type instance of the block, such as "       \
                 "`30m-`. It distinguishes blocks that would write the same "  \
                 "series, which collectd refuses.",                            \
                 "30m-")

/* Checks the options, and fills in the defaults of the source and the members
 * that follow from the options. */
GC_API GC_MUST_CHECK enum gc_code
gc_analytics_options_check(struct gc_query *o, enum gc_query_source source,
                           struct gc_err *err);
/* Warns of options that have no effect together, after that check. */
GC_API void gc_analytics_options_warn(const struct gc_query *o,
                                      struct gc_err *ret_warning);

#endif
