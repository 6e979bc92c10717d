/* SPDX-License-Identifier: MIT */
/* Computes when a source is polled next: after its interval, or later after a
 * refusal. Pure.
 *
 *   polls every 10 s, the first at 0 s  0   10   20   30
 *   the poll of 10 s takes 4 s          next at 20 s: the schedule stays
 *   the poll of 10 s takes 12 s         next at 30 s: the poll of 20 s is
 *                                       skipped
 *   the poll of 10 s is refused         next at 70 s */
#ifndef GC_BASE_POLICY_POLL_PACE_H
#define GC_BASE_POLICY_POLL_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

/* Only an operator can end a refusal: a source that refused is polled once a
 * minute, so that it costs little of the budget. */
enum { GC_PACE_REFUSED_MS = 60 * 1000 };

/* True if the same request will be refused again: a missing permission, an
 * unknown address, a bad request. */
GC_API bool gc_pace_is_refusal(enum gc_code code);

/* Returns a number of a source for gc_pace_begin: a hash of the host of its
 * values and of its instance, so that neither the hosts of a fleet nor the
 * sources of a host poll all at once. */
GC_API uint32_t gc_pace_phase(const char *host, const char *instance);

/* Returns the due time of the schedule to which a poll at `now_ms` belongs, for
 * gc_pace_next. `due_ms` 0: it is the first poll, which is sent at once. The
 * second poll follows one to one and a half intervals later, as `phase` says,
 * and never sooner, since a gateway may allow one request in an interval. A
 * poll before its due time does not move the schedule. */
GC_API uint64_t gc_pace_begin(uint64_t due_ms, uint64_t now_ms,
                              uint32_t interval_ms, uint32_t phase);

/* Returns when the poll after that of `due_ms` is due: a multiple of the
 * interval later, or of GC_PACE_REFUSED_MS if `was_refused` and that is longer,
 * and never before `now_ms` (monotonic). */
GC_API uint64_t gc_pace_next(uint64_t due_ms, uint64_t now_ms,
                             uint32_t interval_ms, bool was_refused);

#endif
