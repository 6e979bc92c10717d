/* SPDX-License-Identifier: MIT */
/* The dimensions by which aggregates can be grouped (API reference). Pure. */
#ifndef GC_ANALYTICS_DIMENSION_TABLE_H
#define GC_ANALYTICS_DIMENSION_TABLE_H

#include <stdbool.h>

#include "common/analytics/source_table.h"

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

#endif
