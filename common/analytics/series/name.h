/* SPDX-License-Identifier: MIT */
/* Names of series: makes the plugin instance, type and type instance that
 * collectd shows from a key of ids and API words (series.h).
 * Pure; the caller holds the lists of names during the call. */
#ifndef GC_ANALYTICS_SERIES_NAME_H
#define GC_ANALYTICS_SERIES_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/analytics/query/query.h"
#include "common/analytics/query/tables.h"
#include "common/analytics/series/series.h"
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

/* The settings for the names of a query's series. All borrowed. */
struct gc_samples_view {
  const struct gc_query *query;
  const struct gc_dimension_names *dimension_names;
  const char *block; /* the instance of series without queue, user or flow */
};

/* The collectd types of an owner's series. Series of a flow query have the
 * types of flows with every GroupBy. */
struct gc_owner_types {
  enum gc_metric_id count, duration, ratio, seconds, value, total,
      total_seconds;
};

struct gc_identity {
  enum gc_stats_kind kind;
  double per_second; /* units of its numbers; 1000 for ms */
  bool is_time;      /* its numbers are durations */
  const struct gc_owner_types *types;
  char instance[GC_NAME_SIZE];
  char qualifier[4 * GC_NAME_SIZE]; /* [PREFIX]METRIC[-QUALIFIER][-MEMBER]
                                       [-MEDIA][-VALUE]… */
  char parts[GC_PARTS_SIZE];        /* the same, each under its name */
};

/* Makes the identity of the series `key`. The qualifier ends with "~" and a
 * hash of the key if another key of the query could have the same text. False,
 * with `id` unfinished, when the name of an id is not known yet. */
bool gc_identity_make(const struct gc_samples_view *view, const char *key,
                      struct gc_identity *id);

/* True if a series from number `from` on has an id without a name that a
 * newer list may give; `ret_kind` is then the kind of its dimension. */
bool gc_series_lacks_names(const struct gc_samples_view *view,
                           const struct gc_series_set *series, uint32_t from,
                           enum gc_dimension_kind *ret_kind);

/* ---- spelling ----
 *
 * Decides if the text of a type instance belongs to one group only. Parts are
 * joined with "-", and collectd and its writer for Graphite replace characters
 * by "_": the values "a-b", "c" and "a", "b-c" make one text, and so do "A/B"
 * and "A_B". Of all values that make one text at most one is ordinary; the text
 * of every other one needs a hash. The answer depends on the values alone, so
 * that all agents give it. */

/* True if no other value that is ordinary has the same text to Graphite. The
 * character between the words of an ordinary value is
 *   ' '  in a name, which has capital and small letters: Billing A
 *   '_'  in a word of capital letters: ON_QUEUE; in codes, media and the ids of
 *        lists: queue_1
 *   '.'  in other words and numbers: transfer.consult, 12.0
 * A value without such characters is ordinary, such as a UUID. "none" is not,
 * since it is the text of a missing value; "", the missing value, is. */
GC_API bool gc_value_is_ordinary(enum gc_dimension_kind kind,
                                 const char *value);

/* True if `status` is the ordinary spelling of a status that is shown in snake
 * case: NOT_RESPONDING, but neither NotResponding nor "not responding". */
bool gc_status_is_ordinary(const char *status);

/* True if a reader of the text finds the `count` parts that begin at the
 * offsets `begins`. It cuts at each "-" that is not within a UUID: first the
 * parts before number `rest`, from the left, then those behind it, from the
 * right. Part `rest` is what remains, so it may have "-"; so may the last part
 * if it is an id (7fb334b0-0e9e) or a code of the platform
 * (ININ-WRAP-UP-TIMEOUT). */
bool gc_parts_are_clear(const char *text, const size_t *begins, size_t count,
                        size_t rest);

/* True if the text ends like one with a hash: "~" and 16 digits. */
bool gc_has_hash(const char *text);

#endif
