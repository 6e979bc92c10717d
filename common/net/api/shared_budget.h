/* SPDX-License-Identifier: MIT */
/* Request budgets by OAuth client: accounts that share a client share its
 * budget, as the platform counts. Any thread. */
#ifndef GC_NET_API_SHARED_BUDGET_H
#define GC_NET_API_SHARED_BUDGET_H

#include "common/base/policy/budget.h"

struct gc_shared_budget;

/* Counted reference to the budget of `client_id`. The first one decides
 * `per_minute`; a later one with less lowers it. NULL when out of memory. */
struct gc_shared_budget *gc_budgets_get(const char *client_id,
                                        uint32_t per_minute, uint64_t now_ms);
void gc_budgets_put(struct gc_shared_budget *b);

/* base/budget under a lock. */
bool gc_budgets_take(struct gc_shared_budget *b, uint64_t now_ms);
uint32_t gc_budgets_wait_ms(struct gc_shared_budget *b, uint64_t now_ms);
uint32_t gc_budgets_left(struct gc_shared_budget *b, uint64_t now_ms);

#endif
