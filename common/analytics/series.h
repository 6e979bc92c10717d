/* SPDX-License-Identifier: MIT */
/* The series of a query and their totals. A series is one metric of one group:
 *
 *   METRIC SEP QUALIFIER SEP MEDIA [SEP VALUE]…     SEP is \x1f
 *
 * with a value for each dimension of GroupBy but mediaType, in its order; MEDIA
 * is "" where the source tells none, a value is "" where a group has none.
 *
 * Totals without a memory for windows: an answer always covers all windows that
 * are not settled, so total = base (settled windows) + what the answer says of
 * the others. A correction is nothing but another sum. Pure; bounded. */
#ifndef GC_ANALYTICS_SERIES_H
#define GC_ANALYTICS_SERIES_H

#include "common/base/intern.h"

#define GC_SERIES_SEP '\x1f'
enum { GC_SERIES_KEY_SIZE = 1024 };

/* A count and a sum, in the metric's own unit. */
struct gc_amount {
  int64_t count;
  double sum;
};

struct gc_series {
  struct gc_amount base; /* of settled windows */
  int64_t sent;          /* the counter as it was dispatched; never falls */
  bool is_begun;         /* it has been dispatched: its 0 is out */

  /* Of the last answer. */
  struct gc_amount again;  /* windows that were read again */
  struct gc_amount settle; /* those of them that settle with it */
  struct gc_amount total;  /* after the last window that left */
  bool is_known;           /* `total` is */
  bool is_dirty;           /* differs from what is stored */
};

struct gc_series_set {
  struct gc_intern keys; /* .most: MaxSeries; set by the owner */
  struct gc_series *at;  /* by number */
  size_t cap;
};

/* The number of `key`; GC_ERR_LIMIT past the most. */
GC_MUST_CHECK enum gc_code gc_series_put(struct gc_series_set *s,
                                         const char *key, size_t len,
                                         uint32_t *ret_number);
void gc_series_clear(struct gc_series_set *s); /* `max` stays */

/* Forgets what a poll that came to nothing has read again. */
void gc_series_forget_again(struct gc_series_set *s);

/* Begins the windows of an answer: what was read again becomes each series'
 * total, and what settles its base. Returns how many totals changed, which are
 * corrections of windows that had left. */
size_t gc_series_revise(struct gc_series_set *s);
/* A window that leaves: adds to the total, and to the base when it settles. */
void gc_series_add(struct gc_series *s, const struct gc_amount *a,
                   bool settles);
/* The counter to dispatch: the total, but never less than what was. */
int64_t gc_series_counter(struct gc_series *s);
/* How much all counters are above their totals. */
int64_t gc_series_carried(const struct gc_series_set *s);

#endif
