/* SPDX-License-Identifier: MIT */
/* The request budget of one client of a server: a token bucket. Pure.
 *
 * The server allows a number of requests in any minute and does not say how
 * many are left, so the budget counts them. A bucket of B that refills R a
 * minute lets B + R through in the worst minute: a tenth of the budget may
 * burst, nine tenths refill, and no period of one minute, whenever it begins,
 * has more requests than the budget.
 *
 * Example, 250 a minute: 25 at once, then one every 267 ms. */
#ifndef GC_BASE_POLICY_BUDGET_H
#define GC_BASE_POLICY_BUDGET_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_budget {
  uint32_t burst;      /* requests */
  uint32_t refill;     /* requests per minute */
  uint64_t credit;     /* in 1/60000 of a request */
  uint64_t counted_ms; /* the refill up to this time is in `credit` */
};

/* Fills the bucket; `per_minute` is at least 2. */
GC_API void gc_budget_init(struct gc_budget *b, uint32_t per_minute,
                           uint64_t now_ms);
/* Takes one request; false when none is left at `now_ms` (monotonic). */
GC_API bool gc_budget_take(struct gc_budget *b, uint64_t now_ms);
/* Returns the milliseconds until a request can be taken; 0: now. */
GC_API uint32_t gc_budget_wait_ms(struct gc_budget *b, uint64_t now_ms);
/* Returns how many whole requests can be taken at once. */
GC_API uint32_t gc_budget_left(struct gc_budget *b, uint64_t now_ms);

#endif
