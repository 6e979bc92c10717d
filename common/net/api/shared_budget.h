/* SPDX-License-Identifier: MIT */
/* One request budget per OAuth client: accounts of the same client share it,
 * since the platform counts requests per client. It allows 300 in any minute
 * and does not say how many are left (it has sent no inin-ratelimit headers
 * since 2021). Background requests, such as back-fill, take a quarter of the
 * budget at most, in equal distances and in turn. Any thread. */
#ifndef GC_NET_API_SHARED_BUDGET_H
#define GC_NET_API_SHARED_BUDGET_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_shared_budget;

/* Returns a counted reference to the budget of `client_id`. The first reference
 * sets `per_minute`, at least 2; a later reference can only lower it. `now_ms`:
 * monotonic. */
struct gc_shared_budget *gc_shared_budget_get(const char *client_id,
                                              uint32_t per_minute,
                                              uint64_t now_ms);
/* Releases a reference; the last one frees the budget. NULL is allowed. */
void gc_shared_budget_put(struct gc_shared_budget *b);

/* Reserves the time of one background request, monotonic ms, now or later. An
 * account reserves one time, sends at this time or later, and then reserves the
 * next one: so accounts take turns. The request itself is taken from the budget
 * when it is sent. */
uint64_t gc_shared_budget_reserve_background(struct gc_shared_budget *b,
                                             uint64_t now_ms);

/* Takes one request; false when none is left at `now_ms`. */
bool gc_shared_budget_take(struct gc_shared_budget *b, uint64_t now_ms);
/* Returns the milliseconds until a request can be taken; 0: now. */
uint32_t gc_shared_budget_wait_ms(struct gc_shared_budget *b, uint64_t now_ms);
/* Returns how many whole requests can be taken at once. */
uint32_t gc_shared_budget_left(struct gc_shared_budget *b, uint64_t now_ms);
/* Returns the budget minus the requests of the last 60 s. */
uint32_t gc_shared_budget_minute_left(struct gc_shared_budget *b,
                                      uint64_t now_ms);

#endif
