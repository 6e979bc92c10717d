/* SPDX-License-Identifier: MIT */
/* Timers, fired in the order of their time. Pure: the caller passes the time
 * (monotonic ms), so that a test can step it. A timer lives in its owner's
 * memory. One thread. */
#ifndef GC_BASE_TIMERS_H
#define GC_BASE_TIMERS_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_timer {
  void (*fire)(void *ctx, uint64_t now_ms);
  void *ctx;
  uint64_t due_ms; /* monotonic; never before the last run */
  uint64_t turn;   /* order of timers with the same due_ms */
  size_t place;    /* in the heap, from 1; 0: not set */
};

struct gc_timers {
  struct gc_timer **heap; /* heap[0] is the next to fire */
  size_t count, cap;
  uint64_t turns;  /* calls of gc_timers_set so far */
  uint64_t ran_ms; /* time of the last run, monotonic */
};

/* Sets a timer, or moves it. A time before that of the last run counts as that
 * time: the timer fires with the next run, after those that were due then.
 */
GC_API void gc_timers_set(struct gc_timers *t, struct gc_timer *timer,
                          uint64_t due_ms);
/* Unsets a timer; does nothing when it is not set. */
GC_API void gc_timers_unset(struct gc_timers *t, struct gc_timer *timer);

/* Fires the timers that are due at `now_ms`, the earliest first; timers with
 * the same due_ms in the order in which they were set. It fires no more timers
 * than were due at the beginning: a timer that sets itself again can neither
 * block the loop nor delay the others. The owner may set, unset and free timers
 * inside. */
GC_API void gc_timers_run(struct gc_timers *t, uint64_t now_ms);

/* Returns the milliseconds until the next timer, 0 when one is due, `max_ms` at
 * most. */
GC_API uint32_t gc_timers_wait_ms(const struct gc_timers *t, uint64_t now_ms,
                                  uint32_t max_ms);

/* Unsets all timers and frees the heap. */
GC_API void gc_timers_clear(struct gc_timers *t);

#endif
