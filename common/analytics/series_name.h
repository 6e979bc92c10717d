/* SPDX-License-Identifier: MIT */
/* Names of series: makes the plugin instance, type and type instance that
 * collectd shows from a key of ids and API words (analytics/series.h). Pure;
 * the caller holds the lists of names during the call. */
#ifndef GC_ANALYTICS_SERIES_NAME_H
#define GC_ANALYTICS_SERIES_NAME_H

#include "common/analytics/dimension_table.h"
#include "common/analytics/metric_table.h"
#include "common/analytics/query.h"
#include "common/analytics/series.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/entities.h"
#include "common/genesys/metric.h"
#include "common/genesys/parts.h"
#include "common/net/name_cache.h"

/* One list of names, and those entries of the one before it that it lacks: a
 * deleted queue keeps its name for its last windows. Each is a counted
 * reference or NULL. */
struct gc_dimension_name_list {
  struct gc_entities *now, *before; /* before: by gc_labels_of_gone */
};

struct gc_dimension_names {
  struct gc_dimension_name_list lists[GC_NAME_KIND_COUNT];
  enum gc_query_label label;
};

/* Writes the name part for `value` of a dimension: the label of an id, the
 * value itself for a dimension without a list, "none" for "". If the API
 * refuses the list, and for a presence without a name, the id is the name.
 * False when another id is in neither list. */
GC_API bool gc_dimension_name_text(const struct gc_dimension_names *n,
                                   enum gc_dimension_kind kind,
                                   const char *value, char out[GC_NAME_SIZE]);
/* True if the id is in neither list and a newer list may have its name. */
bool gc_dimension_name_is_missing(const struct gc_dimension_names *n,
                                  enum gc_dimension_kind kind,
                                  const char *value);
/* Releases the lists; `label` stays. */
void gc_dimension_name_clear(struct gc_dimension_names *n);

struct gc_identity_claims;

/* The settings for the names of a query's series. All borrowed. */
struct gc_samples_view {
  const struct gc_query *query;
  const struct gc_dimension_names *dimension_names;
  const char *block;  /* the instance of series without queue, user or flow */
  const char *prefix; /* before each qualifier; NULL: none */
  bool counters;      /* writes cumulative series too */
  struct gc_identity_claims *claims; /* NULL: not checked */
};

/* The collectd types of an owner's series. Series of a flow query have the
 * types of flows with every GroupBy. */
struct gc_owner_types {
  enum gc_metric_id count, duration, ratio, seconds, value, total,
      total_seconds;
};

struct gc_identity {
  enum gc_stats_kind kind;
  double per_second; /* unit of its numbers, as in struct gc_api_metric */
  bool is_time;      /* its numbers are durations */
  const struct gc_owner_types *types;
  char instance[GC_NAME_SIZE];
  char qualifier[4 * GC_NAME_SIZE]; /* [PREFIX]METRIC[-QUALIFIER][-MEMBER]
                                       [-MEDIA][-VALUE]… */
  char parts[GC_PARTS_SIZE];        /* the same, each under its name */
};

/* Makes the identity of the series `key`. The qualifier ends with "~" and a
 * hash of the key if another key of the query could have the same text
 * (analytics/spelling.h). False, with `id` unfinished, when the name of an id
 * is not known yet. */
bool gc_identity_make(const struct gc_samples_view *view, const char *key,
                      struct gc_identity *id);

/* True if a series from number `from` on has an id without a name that a
 * newer list may give; `ret_kind` is then the kind of its dimension. */
bool gc_series_lacks_names(const struct gc_samples_view *view,
                           const struct gc_series_set *series, uint32_t from,
                           enum gc_dimension_kind *ret_kind);

#endif
