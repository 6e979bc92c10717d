/* SPDX-License-Identifier: MIT */
/* Counts the series that the blocks of this process send, by their own
 * telemetry: for advice that depends on the size of the whole agent. Any
 * thread. */
#ifndef GC_DAEMON_SERIES_TOTAL_H
#define GC_DAEMON_SERIES_TOTAL_H

#include "common/genesys/sample.h"

/* Notes a sample of GC_METRIC_SERIES; ignores all others. */
void gc_series_total_note(const struct gc_sample *sample);

/* Returns the sum of the newest sample of each block. */
GC_API size_t gc_series_total(void);

#endif
