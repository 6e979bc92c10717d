/* SPDX-License-Identifier: MIT */
/* The answers of one poll: what each new window holds, and the sums of those
 * that were read again. A decoder stages the facts of one answer and hands them
 * over when it is whole: a broken attempt leaves nothing. Memory goes with the
 * series and the new windows, not with the bytes. Pure; one thread at a time.
 *
 * Answers of one poll may speak of the same series and window (batches of
 * queues that are not told apart): they add up. */
#ifndef GC_ANALYTICS_RESULTS_H
#define GC_ANALYTICS_RESULTS_H

#include "common/analytics/query.h"
#include "common/analytics/series.h"
#include "common/analytics/windows.h"

/* What a fact tells, bits of `has`. */
enum {
  GC_FACT_COUNT = 1,
  GC_FACT_SUM = 2,
  GC_FACT_MIN = 4,
  GC_FACT_MAX = 8,
  GC_FACT_RATIO = 16,
  GC_FACT_NUMERATOR = 32,
  GC_FACT_DENOMINATOR = 64,
  GC_FACT_CURRENT = 128,
};

/* The stats of one metric in one window. A ratio has no sum: they share. */
struct gc_fact {
  uint32_t series; /* its number */
  uint32_t window; /* which of the new ones, from 0 */
  uint32_t has;
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

/* Facts that no series came of, and why. */
struct gc_results_tally {
  uint64_t read;
  uint64_t foreign;  /* of no window that was asked for, or of no group */
  uint64_t broken;   /* a time or a number that is none */
  uint64_t overflow; /* past MaxSeries */
};

struct gc_results {
  const struct gc_query *query;
  struct gc_windows_plan plan;
  /* What the present answer was asked for, within the plan: what else it tells
   * another request tells too. Ends of windows, (from, to]. */
  int64_t asked_from_ms, asked_to_ms;
  struct gc_series_set *series; /* borrowed */
  /* Where everything is asked for and some is wanted: NULL: all. */
  const struct gc_intern *wanted;

  size_t max; /* facts of new windows that it takes; set by the owner */

  struct gc_fact *facts;
  size_t count, cap;
  struct gc_results_tally tally;
};

/* In the caller's memory; the facts go, the borrowed stays. */
void gc_results_clear(struct gc_results *r);

/* Orders the facts by window and series and makes one of those of the same
 * series: afterwards those of window w are a run, in the order of the series.
 */
void gc_results_sort(struct gc_results *r);

/* What one answer has staged so far. */
struct gc_stage_again {
  struct gc_amount again, settle;
};
struct gc_stage {
  struct gc_results *into;
  struct gc_fact *facts;
  size_t count, cap;
  struct gc_stage_again *again; /* by number of series */
  size_t again_cap;
  struct gc_results_tally tally;
};

void gc_stage_reset(struct gc_stage *s);
void gc_stage_clear(struct gc_stage *s);

/* Notes the stats of the series `key` in the window that ends at `end_ms`;
 * fact->window is filled in here, and so is fact->series unless it is known
 * already (GC_SERIES_UNKNOWN: it is not). What is no window of the plan, or too
 * many series, is counted. GC_ERR_LIMIT past results->most. */
GC_MUST_CHECK enum gc_code gc_stage_fact(struct gc_stage *s, const char *key,
                                         size_t key_len, int64_t end_ms,
                                         struct gc_fact *fact);
/* The answer is whole: hands it over. On failure nothing was. */
GC_MUST_CHECK enum gc_code gc_stage_finish(struct gc_stage *s);

#endif
