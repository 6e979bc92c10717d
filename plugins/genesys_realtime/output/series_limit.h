/* SPDX-License-Identifier: MIT */
/* MaxSeries: a sink in front of another one that lets the first so many series
 * pass and counts what it leaves out. Who has begun goes on, so that nothing
 * flickers at the limit. A series of which nothing came for QueueExpiry gives
 * its place free.
 *
 * A series is known by a 64-bit hash of its type, instance and qualifier, 32
 * bytes each at worst; of 200,000 series two share one with a chance of one to
 * 10^9, and count as one then. Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_OUTPUT_SERIES_LIMIT_H
#define GENESYS_REALTIME_OUTPUT_SERIES_LIMIT_H

#include "common/genesys/sample.h"

#include <stddef.h>

struct series_limit;

/* NULL when out of memory. */
struct series_limit *series_limit_new(size_t max, uint64_t expiry_ms);
void series_limit_free(struct series_limit *l); /* NULL is fine */
GC_DEFINE_AUTO(struct series_limit, series_limit_free)

/* The sink in front of `out`, which is borrowed as long as it is used; until
 * the next call. `now_ms`: monotonic. */
struct gc_samples series_limit_sink(struct series_limit *l, uint64_t now_ms,
                                    const struct gc_samples *out);

/* Series that have a place. */
size_t series_limit_count(const struct series_limit *l);
/* Values that were left out since the start: no place, or no memory for it. */
uint64_t series_limit_overflow(const struct series_limit *l);

#endif
