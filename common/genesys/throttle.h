/* SPDX-License-Identifier: MIT */
/* Decides after a 429 whether the account or one function pauses, and for how
 * long. Pure.
 *
 * A Retry-After up to 180 s is the account's rate limit: all requests of the
 * account pause for that long. A longer one is a daily quota of one
 * function (the official SDKs use the same limit): only that function pauses.
 * Without the header the function alone pauses, for 1, 2, 4, 8 and then 16 s,
 * as published guides do, so that the others keep their values. When a second
 * function is refused within GC_THROTTLE_PAIR_MS of the first one's pause, the
 * account is meant: it pauses for an exponential time with full jitter, at
 * first up to 3 s, later up to 60 s. A pause lasts one day at most, even if
 * Retry-After is longer. */
#ifndef GC_GENESYS_THROTTLE_H
#define GC_GENESYS_THROTTLE_H

#include "common/base/policy/backoff.h"
#include "common/genesys/endpoint.h"

enum {
  GC_THROTTLE_ACCOUNT_MAX_S = 180,
  GC_THROTTLE_MAX_S = 86400,
  GC_THROTTLE_PAIR_MS = 10 * 1000,
};

/* What pauses. */
enum gc_throttled {
  GC_THROTTLED_ACCOUNT,
  GC_THROTTLED_FUNCTION,  /* its calls wait */
  GC_THROTTLED_SUSPENDED, /* its calls fail: the pause is long */
};

struct gc_throttle {
  struct gc_backoff backoff;
  uint64_t paused_until_ms; /* end of the account's pause, monotonic */
  uint64_t suspended_until_ms[GC_ENDPOINT_COUNT]; /* end of a function's pause,
                                                     monotonic */
  /* Refusals in a row without Retry-After, and the end of their pause. */
  unsigned refusals[GC_ENDPOINT_COUNT];
  uint64_t held_until_ms[GC_ENDPOINT_COUNT];
  bool is_throttled; /* from the first 429 until gc_throttle_over */
};

GC_API void gc_throttle_init(struct gc_throttle *t);

/* Notes a 429 of `function`; retry_after_s 0: without Retry-After. Returns what
 * pauses, and for how long. A later answer never shortens a pause, and counts
 * as a further failure only if its Retry-After ends later. */
GC_API enum gc_throttled gc_throttle_note(struct gc_throttle *t,
                                          enum gc_endpoint_id function,
                                          uint32_t retry_after_s,
                                          uint32_t random32, uint64_t now_ms,
                                          uint64_t *ret_wait_ms);

/* Returns how long `function` is still suspended, in ms; 0: it is not. */
GC_API uint64_t gc_throttle_rest_ms(const struct gc_throttle *t,
                                    enum gc_endpoint_id function,
                                    uint64_t now_ms);

/* Notes a request of `function` with a good answer. True if the throttling ends
 * now; false while a function still pauses, and within the account's pause:
 * that request was sent before the 429. */
GC_API bool gc_throttle_over(struct gc_throttle *t,
                             enum gc_endpoint_id function, uint64_t now_ms);

#endif
