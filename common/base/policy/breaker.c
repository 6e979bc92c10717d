/* SPDX-License-Identifier: MIT */
#include "common/base/policy/breaker.h"

bool gc_breaker_is_open(const struct gc_breaker *b) {
  return b->failures >= b->limit;
}

bool gc_breaker_allows(const struct gc_breaker *b, uint64_t now_ms) {
  if (!gc_breaker_is_open(b))
    return true;
  return !b->probing && now_ms - b->opened_ms >= b->resting_ms;
}

bool gc_breaker_sent(struct gc_breaker *b) {
  if (gc_breaker_is_open(b))
    b->probing = true;
  return b->probing;
}

void gc_breaker_note(struct gc_breaker *b, bool was_probe, bool ok,
                     uint64_t now_ms) {
  if (ok) {
    b->failures = 0;
    b->resting_ms = 0;
    b->probing = false;
    return;
  }

  bool was_open = gc_breaker_is_open(b);
  if (was_open && !was_probe)
    return; /* a request that was sent before the breaker opened does not
               prolong the rest */
  b->failures++;
  if (!gc_breaker_is_open(b))
    return;
  uint64_t next = was_open ? b->resting_ms * 2ull : b->rest_ms;
  b->resting_ms = next < b->rest_max_ms ? (uint32_t)next : b->rest_max_ms;
  b->opened_ms = now_ms;
  b->probing = false;
}

void gc_breaker_cancelled(struct gc_breaker *b, bool was_probe) {
  if (was_probe)
    b->probing = false;
}

uint32_t gc_breaker_wait_ms(const struct gc_breaker *b, uint64_t now_ms) {
  if (!gc_breaker_is_open(b) || b->probing ||
      now_ms - b->opened_ms >= b->resting_ms)
    return 0;
  return (uint32_t)(b->resting_ms - (now_ms - b->opened_ms));
}
