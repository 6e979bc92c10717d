/* SPDX-License-Identifier: MIT */
/* The metrics of the aggregate queries: the meaning and the unit of each
 * number. The names and the milliseconds of t metrics are from the API
 * reference (aggregate queries). Pure. */
#ifndef GC_ANALYTICS_METRIC_TABLE_H
#define GC_ANALYTICS_METRIC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* The ways in which the stats of a metric become values. */
enum gc_stats_kind {
  GC_STATS_COUNT,    /* count: events */
  GC_STATS_SUM,      /* sum: events; count: contacts with at least one event */
  GC_STATS_DURATION, /* count, sum, min, max of durations */
  GC_STATS_SECONDS,  /* sum alone: time in a status */
  GC_STATS_RATIO,    /* ratio, or numerator and denominator */
  GC_STATS_TARGET,   /* current: a configured share */
  GC_STATS_MEAN,     /* only a mean: it cannot be added up */
  GC_STATS_VALUE,    /* one number of any meaning */
};

/* The members of `stats`, as the API's StatisticalSummary has them. */
enum gc_stats_member {
  GC_MEMBER_COUNT,
  GC_MEMBER_SUM,
  GC_MEMBER_MIN,
  GC_MEMBER_MAX,
  GC_MEMBER_RATIO,
  GC_MEMBER_NUMERATOR,
  GC_MEMBER_DENOMINATOR,
  GC_MEMBER_CURRENT,
  GC_MEMBER_TARGET,
  GC_MEMBER_P95,
  GC_MEMBER_P99,
  GC_MEMBER_COUNT_NEGATIVE,
  GC_MEMBER_COUNT_POSITIVE,
  GC_MEMBER_CALCULATED,
  GC_MEMBERS
};

/* A member that has a series of its own, beside the metric's. */
struct gc_api_member {
  const char *name;        /* name in `stats` and in the key of the series */
  enum gc_stats_kind kind; /* kind of its series */
  bool is_unnamed;         /* the name of the series is the metric's alone */
};
extern const struct gc_api_member gc_api_members[GC_MEMBERS];

/* Finds the row of a member's name; NULL: there is none. */
const struct gc_api_member *gc_api_member_of(const char *name);

/* True if `label` is the name, in snake case, that a member of the table has in
 * the identity of its series. */
bool gc_api_member_has_label(const char *label);

struct gc_api_metric {
  const char *name;
  enum gc_stats_kind kind;
  double per_second;  /* units per second of a duration: 1000 for ms */
  const char *source; /* name of a gc_source; "": not in the table */
  const char *meaning;
};

extern const struct gc_api_metric gc_api_metrics[];
extern const size_t gc_api_metric_count;

/* Returns the row; never NULL. A name that is not in the table gets a row by
 * its first letter: t is a duration in ms, any other a count. */
const struct gc_api_metric *gc_api_metric_of(const char *name);

/* True if the metric's qualifiers are ids of presences, which have names. */
bool gc_api_metric_is_by_presence(const char *name);

/* Returns those members in `has` (bits 1 << enum gc_stats_member) that get a
 * series of their own, because the metric's own series have no place for them.
 * For a metric that is not in the table, these are all members in `has` except
 * those of its own series. */
uint32_t gc_api_metric_others(const struct gc_api_metric *m, uint32_t has);

/* Returns the metric of the table that the mistyped `name` was probably meant
 * to be: at most two characters differ, and the first is the same. NULL for a
 * name of the table, and for a name that resembles none of them: it may be
 * newer than the table. */
GC_API const char *gc_api_metric_meant(const char *name);

/* True if `name` can be a name of the API: a lower-case letter, then letters
 * and digits, 60 bytes at most. */
GC_API bool gc_api_metric_is_name(const char *name);

#endif
