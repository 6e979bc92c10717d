/* SPDX-License-Identifier: MIT */
#include "common/base/policy/budget.h"

#include "common/base/assert.h"

/* One request in credit: with a refill of R a minute, a millisecond brings
 * exactly R. */
static const uint64_t one = 60000;

static void add_refill(struct gc_budget *b, uint64_t now_ms) {
  GC_ASSERT(b->refill > 0 && b->credit <= b->burst * one);
  if (now_ms <= b->counted_ms)
    return;
  uint64_t full = b->burst * one;
  uint64_t passed_ms = now_ms - b->counted_ms;
  /* A minute always fills the bucket; the limit keeps the product small. */
  uint64_t more = passed_ms > one ? full : passed_ms * b->refill;
  b->credit = b->credit + more > full ? full : b->credit + more;
  b->counted_ms = now_ms;
}

void gc_budget_init(struct gc_budget *b, uint32_t per_minute, uint64_t now_ms) {
  uint32_t burst = per_minute / 10 > 0 ? per_minute / 10 : 1;
  *b = (struct gc_budget){.burst = burst,
                          .refill = per_minute > burst ? per_minute - burst : 1,
                          .credit = burst * one,
                          .counted_ms = now_ms};
}

bool gc_budget_take(struct gc_budget *b, uint64_t now_ms) {
  add_refill(b, now_ms);
  if (b->credit < one)
    return false;
  b->credit -= one;
  return true;
}

uint32_t gc_budget_wait_ms(struct gc_budget *b, uint64_t now_ms) {
  add_refill(b, now_ms);
  if (b->credit >= one)
    return 0;
  return (uint32_t)((one - b->credit + b->refill - 1) / b->refill);
}

uint32_t gc_budget_left(struct gc_budget *b, uint64_t now_ms) {
  add_refill(b, now_ms);
  return (uint32_t)(b->credit / one);
}
