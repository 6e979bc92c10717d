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

#define SERIES_SEP '\x1f'
enum { SERIES_KEY_ROOM = 1024 };

/* A count and a sum, in the metric's own unit. */
struct amount {
  int64_t count;
  double sum;
};

struct series {
  struct amount base; /* of settled windows */
  int64_t sent;       /* the counter as it was dispatched; never falls */
  bool is_begun;      /* it has been dispatched: its 0 is out */

  /* Of the last answer. */
  struct amount again;  /* windows that were read again */
  struct amount settle; /* those of them that settle with it */
  struct amount total;  /* after the last window that left */
  bool is_known;        /* `total` is */
  bool is_dirty;        /* differs from what is stored */
};

struct series_set {
  struct gc_intern keys; /* .most: MaxSeries; set by the owner */
  struct series *at;     /* by number */
  size_t cap;
};

/* The number of `key`; GC_ERR_LIMIT past the most. */
GC_MUST_CHECK enum gc_code series_put(struct series_set *s, const char *key,
                                      size_t len, uint32_t *ret_number);
void series_clear(struct series_set *s); /* `most` stays */

/* Forgets what a poll that came to nothing has read again. */
void series_forget_again(struct series_set *s);

/* Begins the windows of an answer: what was read again becomes each series'
 * total, and what settles its base. Returns how many totals changed, which are
 * corrections of windows that had left. */
size_t series_revise(struct series_set *s);
/* A window that leaves: adds to the total, and to the base when it settles. */
void series_add(struct series *s, const struct amount *a, bool settles);
/* The counter to dispatch: the total, but never less than what was. */
int64_t series_counter(struct series *s);
/* How much all counters are above their totals. */
int64_t series_carried(const struct series_set *s);

#endif
