/* SPDX-License-Identifier: MIT */
/* Stops requests to a host that keeps failing: after `limit` failures in a row
 * no request is sent for `rest_ms`. Then one request is sent as a probe; if it
 * fails, another rest begins, twice as long, up to `rest_max_ms`. Pure.
 *
 * Example, limit 5, rest 5 s, longest rest 60 s: five failures at 10 s open the
 * breaker. At 15 s a probe is sent. It fails; the next probes are sent at 25 s,
 * 45 s … */
#ifndef GC_BASE_POLICY_BREAKER_H
#define GC_BASE_POLICY_BREAKER_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_breaker {
  unsigned limit;
  uint32_t rest_ms, rest_max_ms;

  unsigned failures;   /* in a row */
  uint32_t resting_ms; /* the current rest; 0: the breaker is closed */
  uint64_t opened_ms;  /* when the current rest began */
  bool probing;        /* the probe is sent, without an outcome yet */
};

/* True if a request may be sent now. */
GC_API bool gc_breaker_allows(const struct gc_breaker *b, uint64_t now_ms);
/* True from the failure that opens the breaker to the success that closes
 * it. */
GC_API bool gc_breaker_is_open(const struct gc_breaker *b);
/* Notes that an allowed request is sent, and returns whether it is the probe.
 * The caller passes the result on to gc_breaker_note, since requests that were
 * sent before the breaker opened may end later. */
GC_API bool gc_breaker_sent(struct gc_breaker *b);
/* Notes the outcome of a request: `ok` when the host answered, with any status
 * that is not a failure of the host. The failure of a request that is not the
 * probe does not prolong the rest. */
GC_API void gc_breaker_note(struct gc_breaker *b, bool was_probe, bool ok,
                            uint64_t now_ms);
/* Notes that a request is cancelled, so that its outcome stays unknown. If it
 * was the probe, the next request is the probe. */
GC_API void gc_breaker_cancelled(struct gc_breaker *b, bool was_probe);
/* Returns the milliseconds until a request may be sent again; 0: now, or the
 * probe has no answer yet. */
GC_API uint32_t gc_breaker_wait_ms(const struct gc_breaker *b, uint64_t now_ms);

#endif
