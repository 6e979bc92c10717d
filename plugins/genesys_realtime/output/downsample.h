/* SPDX-License-Identifier: MIT */
/* Down-sampling: the average, least and most of each gauge over windows of the
 * wall clock. A sink in front of another one; the gauges of queues (queue_depth
 * …) are kept for queue_depth_window … and, unless only windows are wanted, go
 * on as they are. What is counted goes on untouched: a rate over any time can
 * be made of it.
 *
 *   Window 60   10:00:10  10:00:30  10:01:20  10:01:50  10:02:30
 *   gauge              2         6         1         -         3
 *   windows     10:01:00  average 4, min 2, max 6     (60 s up to its time)
 *               10:02:00  average 1, min 1, max 1
 *
 * Windows begin at multiples of the span since 1970. A series without a reading
 * in a window is silent in it. One window is open at a time; it leaves when a
 * later reading comes, or DOWNSAMPLE_GRACE_MS behind its end, so that a reading
 * may take a moment to get here. What has left never leaves again:
 *
 *   clock put forth   the open window leaves with what it has; those in between
 *                     had no reading and are none
 *   clock put back    readings of windows that have left are left out, until
 *                     the clock is there again; further back than
 *                     DOWNSAMPLE_BACK_MAX_MS it was wrong before: windows begin
 *                     anew, what is open is forgotten
 *
 * Pure; one thread at a time. Memory: some 300 bytes for a series that had a
 * reading in this window or the last. */
#ifndef GENESYS_REALTIME_OUTPUT_DOWNSAMPLE_H
#define GENESYS_REALTIME_OUTPUT_DOWNSAMPLE_H

#include "common/genesys/sample.h"

#include <stddef.h>

#define DOWNSAMPLE_GRACE_MS INT64_C(1000)
#define DOWNSAMPLE_BACK_MAX_MS INT64_C(86400000)

struct downsample_settings {
  uint32_t span_ms;  /* Window */
  bool raw;          /* Raw: the gauges go on */
  size_t series_max; /* further series have no windows */
};

struct downsample;

/* NULL when out of memory. */
struct downsample *downsample_new(const struct downsample_settings *settings);
void downsample_free(struct downsample *w); /* NULL is fine */
GC_DEFINE_AUTO(struct downsample, downsample_free)

/* The sink in front of `out`, which is borrowed as long as it is used; until
 * the next call. `now_ms` (wall clock): the time of samples that have none.
 * Windows that are over leave, so call it each second or so, readings or not.
 */
struct gc_samples downsample_sink(struct downsample *w, int64_t now_ms,
                                  const struct gc_samples *out);
/* The last words: what is open leaves, with the time of its end. */
void downsample_finish(struct downsample *w, const struct gc_samples *out);

/* Readings that belong to no window: too many series, no memory. */
uint64_t downsample_overflow(const struct downsample *w);

#endif
