/* SPDX-License-Identifier: MIT */
/* Computes how long to wait after a failure: exponential with full jitter and a
 * cap, unless the server sets the time. Pure.
 *
 * Example, base 1 s, cap 30 s: the first failure waits up to 1 s, then up to 2,
 * 4, 8, 16, 30, 30 … Each wait is a random value of the whole range, so that
 * agents that fail together do not retry together. */
#ifndef GC_BASE_POLICY_BACKOFF_H
#define GC_BASE_POLICY_BACKOFF_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_backoff {
  uint32_t base_ms, cap_ms;
  unsigned failures; /* in a row; 0 after gc_backoff_reset */
};

/* Notes a failure and returns how many milliseconds to wait, at least 1.
 * `retry_after_ms` is the time that the server asks for (Retry-After); a time
 * other than 0 is returned as it is. `random32`: any 32 random bits. */
GC_API uint32_t gc_backoff_fail(struct gc_backoff *b, uint32_t retry_after_ms,
                                uint32_t random32);
/* Returns the wait for a Retry-After of `asked_s` seconds, of which at most
 * `max_s` count; 0: the server asks for none. It is one millisecond longer:
 * gc_clock_now_ms cuts off parts of a millisecond, and a request should not
 * arrive before the server's time has passed. */
GC_API uint32_t gc_retry_after_ms(uint32_t asked_s, uint32_t max_s);
/* Notes a success: the next failure begins at base_ms again. */
GC_API void gc_backoff_reset(struct gc_backoff *b);

#endif
