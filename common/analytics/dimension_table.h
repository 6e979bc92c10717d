/* SPDX-License-Identifier: MIT */
/* The dimensions by which aggregates can be grouped (API reference). Pure. */
#ifndef GC_ANALYTICS_DIMENSION_TABLE_H
#define GC_ANALYTICS_DIMENSION_TABLE_H

#include <stdbool.h>

#include "common/analytics/source_table.h"

/* What its values are. */
enum gc_dimension_kind {
  GC_DIMENSION_WORD, /* a word or an id that has no name here: shown as it is */
  GC_DIMENSION_CODE, /* a word of the API in either case: shown lower */
  GC_DIMENSION_QUEUE, /* ids with names */
  GC_DIMENSION_USER,
  GC_DIMENSION_FLOW,
  GC_DIMENSION_OUTCOME,
  GC_DIMENSION_MILESTONE,
  GC_DIMENSION_MEDIA,    /* the media type: its own place in a name */
  GC_DIMENSION_PERSONAL, /* of one conversation or customer: never shown */
};

enum gc_dimension_kind gc_dimension_of(const char *name);

/* The list with the names of its values, an enum gc_name_kind; -1: they have
 * none. */
int gc_dimension_list(enum gc_dimension_kind kind);

/* GC_ERR_CONFIG with words for what is no dimension of the source, or a
 * personal one. */
GC_API GC_MUST_CHECK enum gc_code
gc_dimension_check(const char *name, enum gc_query_source source,
                   struct gc_err *err);

#endif
