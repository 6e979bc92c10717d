/* SPDX-License-Identifier: MIT */
/* The path of a block's samples: down-sampling (Window), then the limit of
 * series (MaxSeries), then the caller's sink. Reports when the limit leaves
 * values out and when it no longer does. Pure; one thread at a time.
 *
 *   struct gc_samples sink = output_begin(o, now_ms, wall_ms, out);
 *   sink.put(sink.ctx, &sample);                        as often as needed
 *   if (output_end(o, false, &err)) report err          GC_OK: good again */
#ifndef GENESYS_REALTIME_OUTPUT_OUTPUT_H
#define GENESYS_REALTIME_OUTPUT_OUTPUT_H

#include "plugins/genesys_realtime/output/downsample.h"

struct output;

/* Makes the path. `settings->span_ms` 0: no down-sampling. A series is
 * forgotten `expiry_ms` after its last sample. Returns NULL when out of memory.
 */
struct output *output_new(const struct downsample_settings *settings,
                          uint64_t expiry_ms);
void output_free(struct output *o); /* NULL: does nothing */
GC_DEFINE_AUTO(struct output, output_free)

/* Begins a reading; the sink is valid until output_end. `now_ms` is monotonic.
 */
struct gc_samples output_begin(struct output *o, uint64_t now_ms,
                               int64_t wall_ms, const struct gc_samples *out);
/* Ends a reading; the last one puts the open windows too. Returns true if
 * *ret_err is an outcome to report. */
bool output_end(struct output *o, bool is_last, struct gc_err *ret_err);

/* Returns the number of series that have a place of MaxSeries: those that had a
 * value within `expiry_ms`. */
size_t output_series(const struct output *o);
/* Returns the number of values that were left out since the start. */
uint64_t output_overflow(const struct output *o);
/* Returns true if there is down-sampling. */
bool output_has_windows(const struct output *o);

#endif
