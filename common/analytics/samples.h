/* SPDX-License-Identifier: MIT */
/* One window of a results to values. Pure. */
#ifndef GC_ANALYTICS_SAMPLES_H
#define GC_ANALYTICS_SAMPLES_H

#include "common/analytics/outbox.h"
#include "common/analytics/results.h"
#include "common/analytics/series_name.h"

struct gc_samples_tally {
  uint64_t unnamed; /* facts that were held back */
  size_t series;    /* values of the window */
};

/* Puts the values of window number `window` of a sorted results, which ends at
 * `end_ms`, into the outbox: the zeros that begin a counter first, with the
 * time of the window before, then what the window holds, then the totals after
 * it. Adds the window to the totals; `settles`: it is never read again. */
GC_MUST_CHECK enum gc_code
gc_samples_of_window(const struct gc_samples_view *view,
                     const struct gc_results *r, uint32_t window, bool settles,
                     struct gc_outbox *out, struct gc_samples_tally *ret_tally);

/* The facts of a window: a run of a sorted results. */
size_t gc_samples_run(const struct gc_results *r, uint32_t window,
                      const struct gc_fact **ret_first);

#endif
