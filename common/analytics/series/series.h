/* SPDX-License-Identifier: MIT */
/* The series of a query and their totals. A series is one metric of one group:
 *
 *   METRIC SEP QUALIFIER SEP MEDIA [SEP VALUE]…     SEP is \x1f
 *
 * If a member of the metric's stats has a series of its own, the member's name
 * ends QUALIFIER: "\x1enumerator". The name of a member that no table has is in
 * snake case. Each dimension of GroupBy except mediaType has a VALUE, in the
 * order of GroupBy. MEDIA is "" if the source has no media; a VALUE is "" if
 * the group has none.
 *
 * Totals need no memory of windows: an answer always covers all windows that
 * are not settled, so total = base + slow (settled windows) + the sum of the
 * answer for the others. A correction is only another sum. Pure; bounded. */
#ifndef GC_ANALYTICS_SERIES_SERIES_H
#define GC_ANALYTICS_SERIES_SERIES_H

#include "common/base/intern.h"

#define GC_SERIES_SEP '\x1f'
#define GC_SERIES_MEMBER '\x1e'
enum { GC_SERIES_KEY_SIZE = 1024 };

/* A count and a sum, in the metric's own unit. */
struct gc_amount {
  int64_t count;
  double sum;
};

/* Adds two counts. Counts of an answer are bounded, but their sums are not: a
 * sum stops at the end of the type. */
static inline int64_t gc_add_counts(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    sum = a < 0 ? INT64_MIN : INT64_MAX;
  return sum;
}

static inline struct gc_amount gc_amount_add(struct gc_amount a,
                                             struct gc_amount b) {
  return (struct gc_amount){gc_add_counts(a.count, b.count), a.sum + b.sum};
}

struct gc_series {
  struct gc_amount base; /* sum of the settled windows … */
  struct gc_amount slow; /* … except those that the slow pass reads again */
  int64_t sent;          /* counter that was dispatched last; never falls */
  bool is_begun;         /* its first 0 is in an outbox */

  /* From the last answer. */
  struct gc_amount again;  /* the windows that are read again */
  struct gc_amount settle; /* those of them that settle with the answer */
  struct gc_amount total;  /* after the last window that is sent */
  bool is_known;           /* `total` is known */
  bool is_dirty;           /* differs from what is stored */
  uint64_t seen;           /* gc_series_set.windows at its last event */
};

struct gc_series_set {
  struct gc_intern keys; /* .max: MaxSeries; set by the owner */
  struct gc_series *at;  /* indexed by the number of the series */
  size_t cap;
  uint64_t windows; /* sent so far by this process; no clock moves it */
};

/* Finds or adds the number of `key`; GC_ERR_LIMIT past keys.max. */
GC_MUST_CHECK enum gc_code gc_series_put(struct gc_series_set *s,
                                         const char *key, size_t len,
                                         uint32_t *ret_number);
void gc_series_clear(struct gc_series_set *s); /* `max` stays */

/* Drops the sums that a failed poll has read. */
void gc_series_forget_again(struct gc_series_set *s);

/* What becomes of a window that settles. */
enum gc_settling {
  GC_SETTLES_NOT,
  GC_SETTLES_SLOW, /* the slow pass reads it again */
  GC_SETTLES_BASE,
};
/* Corrects the totals by an answer: each total becomes the settled windows plus
 * those that were read again, of which some settle, as `how` says. Returns how
 * many totals changed; these are corrections of windows that were sent
 * before. */
size_t gc_series_revise(struct gc_series_set *s, enum gc_settling how);
/* Takes the answer of a slow pass: `again` is what it reads again next time,
 * `settle` goes to the base. */
void gc_series_take_slow(struct gc_series_set *s);
/* Adds a sent window to the total, and to the settled ones as `how` says. */
void gc_series_add(struct gc_series_set *set, uint32_t number,
                   const struct gc_amount *a, enum gc_settling how);
/* Forgets the saved series that had no event in the last `idle` windows; a
 * series that returns begins at 0. Numbers of series change. Returns how many
 * series are forgotten: 0 when out of memory. */
size_t gc_series_forget_idle(struct gc_series_set *s, uint64_t idle);
/* Returns the counter to dispatch, which is the total, but never less than the
 * last one. Keeps it in `sent`. */
int64_t gc_series_counter(struct gc_series *s);
/* Returns the sum of the differences between counters and their lower
 * totals. */
int64_t gc_series_carried(const struct gc_series_set *s);

#endif
