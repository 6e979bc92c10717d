/* SPDX-License-Identifier: MIT */
/* MaxSeries: a sink in front of another sink that passes the values of the
 * first N series and counts the others. A series that has passed once keeps
 * passing, so that no series appears and disappears at the limit. Its place is
 * free again when it had no value for QueueExpiry.
 *
 * A series is known by a 64-bit hash of its type, instance and qualifier, and
 * takes at most 64 bytes of memory (a small table 4 KB). Among 200,000 series
 * two have the same hash with a probability of one in 10^9; they count as one.
 * Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_OUTPUT_SERIES_LIMIT_H
#define GENESYS_REALTIME_OUTPUT_SERIES_LIMIT_H

#include "common/genesys/sample.h"

#include <stddef.h>

struct series_limit;

/* Makes a limit of `max` series. Returns NULL when out of memory. */
struct series_limit *series_limit_new(size_t max, uint64_t expiry_ms);
void series_limit_free(struct series_limit *l); /* NULL: does nothing */
GC_DEFINE_AUTO(struct series_limit, series_limit_free)

/* Returns the sink in front of `out`, which is borrowed until the next call.
 * `now_ms` is monotonic. */
struct gc_samples series_limit_sink(struct series_limit *l, uint64_t now_ms,
                                    const struct gc_samples *out);

/* Returns the number of series that pass. */
size_t series_limit_count(const struct series_limit *l);
/* Returns the number of values that were left out since the start, because
 * there was no place or no memory. */
uint64_t series_limit_overflow(const struct series_limit *l);

#endif
