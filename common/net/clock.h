/* SPDX-License-Identifier: MIT */
/* The clocks and the random numbers of this host. base/ and genesys/ take them
 * as arguments, so that tests can replace them. Any thread. */
#ifndef GC_NET_CLOCK_H
#define GC_NET_CLOCK_H

#include "common/base/cleanup.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Returns monotonic milliseconds since an unspecified start, for waiting. */
GC_API uint64_t gc_clock_now_ms(void);
/* Returns the time of the same clock in microseconds, for durations. */
GC_API uint64_t gc_clock_now_us(void);
/* Initialises a condition whose timed waits end at a time of gc_clock_timespec,
 * so that a step of the wall clock neither shortens nor prolongs a wait. The
 * caller destroys it with pthread_cond_destroy. */
GC_API void gc_clock_cond_init(pthread_cond_t *condition);
/* Returns a time of gc_clock_now_ms for pthread_cond_timedwait, with a
 * condition of gc_clock_cond_init. */
GC_API struct timespec gc_clock_timespec(uint64_t at_ms);

/* ---- the stop of the process ----
 *
 * collectd calls the parts of a stop one after the other, so they share one
 * limit: a part that waits for long leaves less to the next ones. */
enum {
  GC_STOP_MS = 1500,
  GC_STOP_LEAST_MS = 30, /* what a wait has when the limit is over */
};

/* Begins a run of the process, which has no limit. */
GC_API void gc_clock_begin_run(void);
/* Begins the stop: waits end GC_STOP_MS after the first call at the latest. */
GC_API void gc_clock_begin_stop(void);
/* Returns the time of gc_clock_now_ms at which a wait that begins now ends:
 * `wait_ms` later, or earlier during the stop. */
GC_API uint64_t gc_clock_bound(uint64_t wait_ms);

/* Returns monotonic milliseconds that also count the time in which the machine
 * is suspended: for a permission that must not outlive a sleep. */
GC_API uint64_t gc_clock_boot_ms(void);

/* Returns milliseconds since 1970 (UTC) by this host's wall clock, which may
 * jump; for the times of values and windows only. */
GC_API int64_t gc_clock_wall_ms(void);

/* Returns 32 unpredictable bits, for jitter, WebSocket masks and keys. If the
 * system has no entropy source, they are derived from the wall clock. */
GC_API uint32_t gc_random32(void);

#endif
