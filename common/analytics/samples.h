/* SPDX-License-Identifier: MIT */
/* Makes the values of one window of the results. Pure; one thread at a time. */
#ifndef GC_ANALYTICS_SAMPLES_H
#define GC_ANALYTICS_SAMPLES_H

#include "common/analytics/outbox.h"
#include "common/analytics/results.h"
#include "common/analytics/series_name.h"

struct gc_samples_tally {
  uint64_t unnamed;  /* facts without a name for one of their ids */
  uint64_t collided; /* facts whose series another series of the block has */
  char instance[GC_NAME_SIZE], qualifier[GC_NAME_SIZE]; /* of one of these */
};

/* Puts the values of window number `window` of sorted results into the outbox:
 * the zeros that begin a counter first, with the time of the window before,
 * then the facts of the window, then the totals after it. Adds the window to
 * the totals; `settles`: the window is never read again. GC_ERR_LIMIT,
 * GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code
gc_samples_of_window(const struct gc_samples_view *view,
                     const struct gc_results *r, uint32_t window, bool settles,
                     struct gc_outbox *out, struct gc_samples_tally *ret_tally);

#endif
