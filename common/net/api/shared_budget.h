/* SPDX-License-Identifier: MIT */
/* Request budgets by OAuth client: accounts that share a client share its
 * budget, as the platform counts. Any thread. */
#ifndef GC_NET_API_SHARED_BUDGET_H
#define GC_NET_API_SHARED_BUDGET_H

#include "common/base/policy/budget.h"

struct gc_shared_budget;

/* Counted reference to the budget of `client_id`. The first one decides
 * `per_minute`; a later one with less lowers it. NULL when out of memory. */
struct gc_shared_budget *gc_shared_budget_get(const char *client_id,
                                              uint32_t per_minute,
                                              uint64_t now_ms);
void gc_shared_budget_put(struct gc_shared_budget *b);

/* base/budget under a lock. */
bool gc_shared_budget_take(struct gc_shared_budget *b, uint64_t now_ms);
uint32_t gc_shared_budget_wait_ms(struct gc_shared_budget *b, uint64_t now_ms);
uint32_t gc_shared_budget_left(struct gc_shared_budget *b, uint64_t now_ms);

#endif
