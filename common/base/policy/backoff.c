/* SPDX-License-Identifier: MIT */
#include "common/base/policy/backoff.h"

static uint32_t ceiling_ms(const struct gc_backoff *b) {
  uint64_t ms = b->base_ms;
  for (unsigned i = 0; i < b->failures && ms < b->cap_ms; i++)
    ms *= 2;
  return ms < b->cap_ms ? (uint32_t)ms : b->cap_ms;
}

uint32_t gc_backoff_fail(struct gc_backoff *b, uint32_t retry_after_ms,
                         uint32_t random32) {
  uint32_t wait_ms = (uint32_t)(((uint64_t)ceiling_ms(b) * random32) >> 32) + 1;
  if (b->failures < 64)
    b->failures++;
  return retry_after_ms > 0 ? retry_after_ms : wait_ms;
}

uint32_t gc_retry_after_ms(uint32_t asked_s, uint32_t max_s) {
  uint64_t ms = (asked_s < max_s ? asked_s : max_s) * UINT64_C(1000);
  if (ms >= UINT32_MAX)
    return UINT32_MAX;
  return ms > 0 ? (uint32_t)ms + 1 : 0;
}

void gc_backoff_reset(struct gc_backoff *b) { b->failures = 0; }
