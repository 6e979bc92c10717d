/* SPDX-License-Identifier: MIT */
/* One window of a reading to values. Pure. */
#ifndef GC_ANALYTICS_SAMPLES_H
#define GC_ANALYTICS_SAMPLES_H

#include "plugins/genesys_analytics/naming.h"
#include "plugins/genesys_analytics/outbox.h"
#include "plugins/genesys_analytics/reading.h"

struct samples_view { /* all borrowed */
  const struct query *query;
  const struct naming *naming;
  const char *block; /* the instance of series that no queue or user owns */
  bool counters;     /* cumulative series too */
};

struct samples_tally {
  uint64_t unnamed; /* facts that were held back */
  size_t series;    /* values of the window */
};

/* Puts the values of window number `window` of a sorted reading, which ends at
 * `end_ms`, into the outbox: the zeros that begin a counter first, with the
 * time of the window before, then what the window holds, then the totals after
 * it. Adds the window to the totals; `settles`: it is never read again. */
GC_MUST_CHECK enum gc_code samples_of_window(const struct samples_view *view,
                                             const struct reading *r,
                                             uint32_t window, bool settles,
                                             struct outbox *out,
                                             struct samples_tally *ret_tally);

/* The facts of a window: a run of a sorted reading. */
size_t samples_run(const struct reading *r, uint32_t window,
                   const struct fact **ret_first);

/* True when a series from number `from` on has an id without a name that a
 * newer list might tell; `ret_kind` says of which list. */
bool samples_lack_names(const struct samples_view *view,
                        const struct series_set *series, uint32_t from,
                        enum dimension_kind *ret_kind);

#endif
