/* SPDX-License-Identifier: MIT */
/* One request budget per OAuth client: accounts of the same client share it,
 * since the platform counts requests per client. It allows 300 in any minute
 * and does not say how many are left (it has sent no inin-ratelimit headers
 * since 2021). Any thread. */
#ifndef GC_NET_API_SHARED_BUDGET_H
#define GC_NET_API_SHARED_BUDGET_H

#include "common/base/policy/budget.h"

struct gc_shared_budget;

/* Returns a counted reference to the budget of `client_id`, NULL when out of
 * memory. The first reference sets `per_minute`; a later reference can only
 * lower it. `now_ms`: monotonic. */
struct gc_shared_budget *gc_shared_budget_get(const char *client_id,
                                              uint32_t per_minute,
                                              uint64_t now_ms);
/* Releases a reference; the last one frees the budget. NULL is allowed. */
void gc_shared_budget_put(struct gc_shared_budget *b);

/* These are the functions of base/policy/budget under a lock. */
bool gc_shared_budget_take(struct gc_shared_budget *b, uint64_t now_ms);
uint32_t gc_shared_budget_wait_ms(struct gc_shared_budget *b, uint64_t now_ms);
uint32_t gc_shared_budget_left(struct gc_shared_budget *b, uint64_t now_ms);

#endif
