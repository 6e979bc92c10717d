/* SPDX-License-Identifier: MIT */
/* The dimensions by which aggregates can be grouped (API reference). Pure. */
#ifndef GC_ANALYTICS_DIMENSIONS_H
#define GC_ANALYTICS_DIMENSIONS_H

#include <stdbool.h>

#include "common/base/err.h"

/* What its values are. */
enum dimension_kind {
  DIMENSION_WORD,  /* a word or an id that has no name here: shown as it is */
  DIMENSION_QUEUE, /* ids with names */
  DIMENSION_USER,
  DIMENSION_MEDIA,    /* the media type: its own place in a name */
  DIMENSION_PERSONAL, /* of one conversation or customer: never shown */
};

enum dimension_kind dimension_of(const char *name);

/* GC_ERR_CONFIG with words for what is no dimension, or a personal one. */
GC_MUST_CHECK enum gc_code dimension_check(const char *name,
                                           struct gc_err *err);

#endif
