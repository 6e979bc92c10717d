/* SPDX-License-Identifier: MIT */
/* How long to wait after a failure: exponential with full jitter and a cap,
 * unless the server says how long. Pure arithmetic.
 *
 * Example, base 1 s, cap 30 s: the first failure waits up to 1 s, then up to 2,
 * 4, 8, 16, 30, 30 … Each wait is drawn from the whole range, so that a fleet
 * that failed together does not come back together. */
#ifndef GC_BASE_POLICY_BACKOFF_H
#define GC_BASE_POLICY_BACKOFF_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_backoff {
  uint32_t base_ms, cap_ms;
  unsigned failures; /* running; 0 after gc_backoff_reset */
};

/* Notes a failure, returns how long to wait, at least 1. `ask_ms` is what the
 * server asked for (Retry-After): returned as it is when not 0. `random32`: any
 * 32 random bits. */
GC_API uint32_t gc_backoff_fail(struct gc_backoff *b, uint32_t ask_ms,
                                uint32_t random32);
/* Real success: the next failure begins at base_ms again. */
GC_API void gc_backoff_reset(struct gc_backoff *b);

#endif
