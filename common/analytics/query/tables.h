/* SPDX-License-Identifier: MIT */
/* What the API reference says about interval queries, as tables: the endpoints
 * with the properties of their requests and answers, the dimensions of groups,
 * the metrics with the meaning and the unit of each number. Pure, any
 * thread. */
#ifndef GC_ANALYTICS_QUERY_TABLES_H
#define GC_ANALYTICS_QUERY_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/genesys/endpoint.h"

enum gc_query_source {
  GC_QUERY_CONVERSATIONS,
  GC_QUERY_USERS,
  GC_QUERY_QUEUE_DETAILS, /* guide dialect */
  GC_QUERY_FLOWS,
  GC_QUERY_SOURCE_COUNT
};

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

struct gc_query_words {
  const char *const *at;
  size_t count;
};

struct gc_api_metric {
  const char *name;
  enum gc_stats_kind kind;
  const char *meaning; /* NULL: the metric is in no table */
};

struct gc_source {
  const char *name; /* "conversations" */
  struct {
    const struct gc_api_metric *at;
    size_t count;
  } table; /* the metrics that the API reference lists */
  enum gc_endpoint_id endpoint;
  /* The dimension whose values a block can choose by name: "queueId"; NULL:
   * none. */
  const char *chosen;
  const char *option, *noun; /* in messages: "Queue", "queue" */
  bool takes_filter;         /* the request can name the ids */
  /* Each group names its medium, which is part of the series even if GroupBy
   * does not have it. Otherwise answers of several media add up. */
  bool is_by_media;
  const char *only; /* only dimension for GroupBy; NULL: any of the API */
  struct gc_query_words metrics, groups; /* the defaults */
};

/* Returns the row; never NULL. */
GC_API const struct gc_source *gc_source(enum gc_query_source source);

/* ---- dimensions, by which aggregates can be grouped ---- */

/* The kind of a dimension's values. */
enum gc_dimension_kind {
  GC_DIMENSION_WORD,  /* a word or an id without a list: shown as it is */
  GC_DIMENSION_CODE,  /* a word of the API in any case: shown in lower case */
  GC_DIMENSION_QUEUE, /* ids with names */
  GC_DIMENSION_USER,
  GC_DIMENSION_FLOW,
  GC_DIMENSION_OUTCOME,
  GC_DIMENSION_MILESTONE,
  GC_DIMENSION_PRESENCE, /* of a qualifier; without a name shown as the id */
  GC_DIMENSION_MEDIA,    /* the media type: it has its own place in a name */
  GC_DIMENSION_PERSONAL, /* of one conversation or customer: never shown */
};

/* Returns the kind of the dimension `name`; GC_DIMENSION_WORD for a name that
 * the table lacks. */
enum gc_dimension_kind gc_dimension_of(const char *name);

/* Returns the list with the names of the values, an enum gc_name_kind; -1: no
 * list. */
int gc_dimension_list(enum gc_dimension_kind kind);

/* Checks a name of GroupBy. GC_ERR_CONFIG, with a text, for a name that is not
 * a dimension of the source, and for a personal dimension. */
GC_API GC_MUST_CHECK enum gc_code
gc_dimension_check(const char *name, enum gc_query_source source,
                   struct gc_err *err);

/* ---- metrics ---- */

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

/* Sets of members are bits. */
#define GC_HAS(member) (UINT32_C(1) << GC_MEMBER_##member)
#define GC_HAS_SUMMARY (GC_HAS(COUNT) | GC_HAS(SUM) | GC_HAS(MIN) | GC_HAS(MAX))
#define GC_HAS_RATIO (GC_HAS(RATIO) | GC_HAS(NUMERATOR) | GC_HAS(DENOMINATOR))

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

/* Returns the row; never NULL. A name that is not in the table gets a row by
 * its first letter: t is a duration in ms, any other a count. */
const struct gc_api_metric *gc_api_metric_of(const char *name);

/* True if the metric's qualifiers are ids of presences, which have names. */
bool gc_api_metric_is_by_presence(const char *name);

/* Returns those members in `has` (bits GC_HAS) that get a
 * series of their own, because the metric's own series have no place for them.
 * For a metric that is not in the table, these are all members in `has` except
 * those of its own series. */
uint32_t gc_api_metric_others(const struct gc_api_metric *m, uint32_t has);

/* Checks a name of the option Metric. GC_ERR_CONFIG, with a text, for what is
 * no name, and for a name that resembles one of the tables so closely that it
 * is probably mistyped. Other names may be newer than the tables. */
GC_API GC_MUST_CHECK enum gc_code gc_api_metric_check(const char *name,
                                                      struct gc_err *err);

#endif
