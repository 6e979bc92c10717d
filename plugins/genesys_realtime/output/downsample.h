/* SPDX-License-Identifier: MIT */
/* Down-sampling: average, minimum and maximum of each gauge over windows of the
 * wall clock. A sink in front of another sink: gauges of queues (queue_depth …)
 * are added to their window (queue_depth_window …) and, with Raw, passed on.
 * Counters are passed on: a rate over any time can be computed from them.
 *
 *   Window 60   10:00:10  10:00:30  10:01:20  10:01:50  10:02:30
 *   gauge              2         6         1         -         3
 *   windows     10:01:00  average 4, min 2, max 6     (60 s up to its time)
 *               10:02:00  average 1, min 1, max 1
 *
 * Windows begin at multiples of the span since 1970. A series without a reading
 * in a window has no value for it. One window is open at a time. It is closed
 * and put by a later reading, or DOWNSAMPLE_GRACE_MS after its end, so that
 * late readings still count. A window is put once:
 *
 *   clock set forward   the open window is put with its readings so far; the
 *                       skipped windows have no readings and are not put
 *   clock set back      readings of windows that were put are left out until
 *                       the clock has caught up
 *
 * If the clock is set back by more than DOWNSAMPLE_BACK_MAX_MS, the old time
 * must have been wrong: the open window is dropped, and windows begin at the
 * new time.
 *
 * Pure; one thread at a time. Memory: some 300 bytes for each series that had a
 * reading in this window or the last. */
#ifndef GENESYS_REALTIME_OUTPUT_DOWNSAMPLE_H
#define GENESYS_REALTIME_OUTPUT_DOWNSAMPLE_H

#include "common/genesys/sample.h"

#include <stddef.h>

#define DOWNSAMPLE_GRACE_MS INT64_C(1000)
#define DOWNSAMPLE_BACK_MAX_MS INT64_C(86400000)

struct downsample_settings {
  uint32_t span_ms;  /* Window */
  bool raw;          /* Raw: gauges are passed on */
  size_t series_max; /* further series have no windows */
};

struct downsample;

/* Makes a sink for down-sampling. Returns NULL when out of memory. */
struct downsample *downsample_new(const struct downsample_settings *settings);
void downsample_free(struct downsample *w); /* NULL: does nothing */
GC_DEFINE_AUTO(struct downsample, downsample_free)

/* Returns the sink in front of `out`, which is borrowed until the next call.
 * `now_ms` (wall clock) is the time of samples without a time. Puts a window
 * that is over, so call it about every second, even without readings. */
struct gc_samples downsample_sink(struct downsample *w, int64_t now_ms,
                                  const struct gc_samples *out);
/* Puts the open window, with the time of its end. */
void downsample_finish(struct downsample *w, const struct gc_samples *out);

/* Returns the number of readings that found no window, because there were too
 * many series or no memory. */
uint64_t downsample_overflow(const struct downsample *w);

#endif
