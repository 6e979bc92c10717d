/* SPDX-License-Identifier: MIT */
/* The path of a block's samples: down-sampling (Window), then the limit of
 * series (MaxSeries), then the caller's sink. Reports when the limit leaves
 * values out and when it no longer does. Pure; one thread at a time.
 *
 *   struct gc_samples sink = output_begin(o, now_ms, wall_ms, out);
 *   sink.put(sink.ctx, &sample);                        as often as needed
 *   if (output_end(o, false, &err)) report err          GC_OK: good again
 *
 * Down-sampling: average, minimum and maximum of each gauge over windows of the
 * wall clock. Gauges of queues (queue_depth …) are added to their window
 * (queue_depth_window …) and, with Raw, passed on. Counters are passed on: a
 * rate over any time can be computed from them.
 *
 *   Window 60   10:00:10  10:00:30  10:01:20  10:01:50  10:02:30
 *   gauge              2         6         1         -         3
 *   windows     10:01:00  average 4, min 2, max 6     (60 s up to its time)
 *               10:02:00  average 1, min 1, max 1
 *
 * Windows begin at multiples of the span since 1970. A series without a reading
 * in a window has no value for it. One window is open at a time. It is closed
 * and put by a later reading, or OUTPUT_GRACE_MS after its end, so that late
 * readings still count. A window is put once:
 *
 *   clock set forward   the open window is put with its readings so far; the
 *                       skipped windows have no readings and are not put
 *   clock set back      readings of windows that were put are left out until
 *                       the clock has caught up
 *
 * If the clock is set back by more than OUTPUT_BACK_MAX_MS, the old time must
 * have been wrong: the open window is dropped, and windows begin at the new
 * time. Memory: some 300 bytes for each series that had a reading in this
 * window or the last.
 *
 * MaxSeries: the values of the first N series pass, the others are counted. A
 * series that has passed once keeps passing, so that no series appears and
 * disappears at the limit. Its place is free again when it had no value for
 * QueueExpiry.
 *
 * A series is known by a 64-bit hash of its type, instance and qualifier, and
 * takes at most 64 bytes of memory (a small table 4 KB). Among 200,000 series
 * two have the same hash with a probability of one in 10^9; they count as one.
 */
#ifndef GENESYS_REALTIME_OUTPUT_OUTPUT_H
#define GENESYS_REALTIME_OUTPUT_OUTPUT_H

#include "common/genesys/sample.h"
#include "plugins/genesys_realtime/options.h"

#define OUTPUT_GRACE_MS INT64_C(1000)
#define OUTPUT_BACK_MAX_MS INT64_C(86400000)

struct output;

/* Makes the path of Window, Raw, MaxSeries and QueueExpiry; `options` are not
 * used later. */
struct output *output_new(const struct queues_options *options);
void output_free(struct output *o); /* NULL: does nothing */
GC_DEFINE_AUTO(struct output, output_free)

/* Begins a reading; the sink is valid until output_end. `now_ms` is monotonic;
 * `wall_ms` is the time of samples without a time. Puts a window that is over,
 * so call it about every second, even without readings. */
struct gc_samples output_begin(struct output *o, uint64_t now_ms,
                               int64_t wall_ms, const struct gc_samples *out);
/* Ends a reading; the last one puts the open windows too, with the time of
 * their end. Returns true if *ret_err is an outcome to report. */
bool output_end(struct output *o, bool is_last, struct gc_err *ret_err);

/* Returns the number of series that have a place of MaxSeries: those that had a
 * value within QueueExpiry. */
size_t output_series(const struct output *o);
/* Returns the number of values that were left out since the start: series
 * without a place, and readings that found no window. */
uint64_t output_overflow(const struct output *o);
/* Returns true if there is down-sampling. */
bool output_has_windows(const struct output *o);

#endif
