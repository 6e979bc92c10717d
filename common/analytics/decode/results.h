/* SPDX-License-Identifier: MIT */
/* The answers of one poll: the facts of each new window, and the sums of the
 * windows that are read again, which are in the series. They count when all
 * answers of the poll are complete. The memory depends on the number of series
 * and new windows, not on the bytes of the answers. Pure; one thread at a time.
 *
 * Answers of one poll may have the same series and window (batches of queues
 * when the groups do not name the queue): they add up. */
#ifndef GC_ANALYTICS_DECODE_RESULTS_H
#define GC_ANALYTICS_DECODE_RESULTS_H

#include "common/analytics/query/query.h"
#include "common/analytics/query/windows.h"
#include "common/analytics/series/series.h"
#include "common/genesys/unknown_words.h"

/* The stats of one series in one window. A ratio has no sum, so both share
 * memory. */
struct gc_fact {
  uint32_t series; /* number of the series */
  uint32_t window; /* index among the new windows */
  uint32_t has;    /* members that the answer has: bits GC_HAS */
  int64_t count;
  union {
    double sum, ratio; /* ratio: also `current` */
  };
  union {
    double min, numerator;
  };
  union {
    double max, denominator;
  };
};

#define GC_SERIES_UNKNOWN UINT32_MAX

/* Returns what the fact adds to a total. */
static inline struct gc_amount gc_fact_amount(const struct gc_fact *f) {
  return (struct gc_amount){f->count, f->has & GC_HAS(SUM) ? f->sum : 0.0};
}

/* Counts of facts: all that were read, and the rejected ones by reason. */
struct gc_results_tally {
  uint64_t read;
  uint64_t foreign; /* facts of a window or metric that was not requested, or of
                       a group without an owner */
  uint64_t broken;  /* facts with an invalid time or number */
  uint64_t overflow; /* facts of series past MaxSeries */
};

struct gc_results {
  const struct gc_query *query;
  struct gc_windows_plan plan;
  /* The windows of the current request, within the plan, as ends of windows in
   * (from, to], epoch ms. Other windows of its answer are ignored, since their
   * own request brings them. */
  int64_t asked_from_ms, asked_to_ms;
  struct gc_series_set *series; /* borrowed */
  /* The ids to accept in answers; NULL: all. Borrowed. */
  const struct gc_intern *wanted;

  size_t max;         /* limit of `count`; set by the owner */
  bool settles_apart; /* `again` of the series is without what settles: of a
                         slow pass; set by the owner */

  struct gc_fact *facts;
  size_t count, cap;
  struct gc_results_tally tally;
  struct gc_unknown_words unknown; /* members; of all answers */
};

/* Frees the facts and zeroes the tally; borrowed members and words stay. */
void gc_results_clear(struct gc_results *r);

/* Orders the facts by window and series, and merges facts of the same window
 * and series. Then the facts of each window are adjacent, in the order of the
 * series. */
void gc_results_sort(struct gc_results *r);

/* Adds the stats of the series `key` in the window that ends at `end_ms`; sets
 * fact->window, and fact->series if it is GC_SERIES_UNKNOWN. A fact outside the
 * windows of the plan, or past MaxSeries, is only counted. GC_ERR_LIMIT past
 * `max`; GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code gc_results_add(struct gc_results *r, const char *key,
                                          size_t key_len, int64_t end_ms,
                                          struct gc_fact *fact);

#endif
