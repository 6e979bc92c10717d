/* SPDX-License-Identifier: MIT */
#include "common/genesys/throttle.h"

enum { HOLDS = 5 }; /* 1, 2, 4, 8, 16 s */

void gc_throttle_init(struct gc_throttle *t) {
  *t = (struct gc_throttle){.backoff = {.base_ms = 3000, .cap_ms = 60000}};
}

static uint64_t pause_ms(struct gc_throttle *t, uint32_t retry_after_ms,
                         uint32_t random32, uint64_t now_ms) {
  uint64_t left_ms =
      t->paused_until_ms > now_ms ? t->paused_until_ms - now_ms : 0;
  if (left_ms > 0 && retry_after_ms <= left_ms)
    return left_ms;
  return gc_backoff_fail(&t->backoff, retry_after_ms, random32);
}

/* True if another function was refused, too, a short time ago. */
static bool is_pair(const struct gc_throttle *t, enum gc_endpoint_id function,
                    uint64_t now_ms) {
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (i != (int)function && t->refusals[i] > 0 &&
        now_ms < t->held_until_ms[i] + GC_THROTTLE_PAIR_MS)
      return true;
  return false;
}

/* Notes a refusal without Retry-After; returns the pause of the function. */
static uint64_t hold(struct gc_throttle *t, enum gc_endpoint_id function,
                     uint64_t now_ms) {
  if (t->held_until_ms[function] > now_ms)
    return t->held_until_ms[function] - now_ms;
  unsigned before = t->refusals[function];
  uint64_t wait_ms = UINT64_C(1000) << (before < HOLDS ? before : HOLDS - 1);
  if (before < HOLDS)
    t->refusals[function]++;
  t->held_until_ms[function] = now_ms + wait_ms;
  return wait_ms;
}

enum gc_throttled gc_throttle_note(struct gc_throttle *t,
                                   enum gc_endpoint_id function,
                                   uint32_t retry_after_s, uint32_t random32,
                                   uint64_t now_ms, uint64_t *ret_wait_ms) {
  uint32_t retry_after_ms = gc_retry_after_ms(retry_after_s, GC_THROTTLE_MAX_S);
  t->is_throttled = true;
  if (retry_after_s > GC_THROTTLE_ACCOUNT_MAX_S) {
    *ret_wait_ms = retry_after_ms;
    t->suspended_until_ms[function] = now_ms + *ret_wait_ms;
    return GC_THROTTLED_SUSPENDED;
  }
  if (retry_after_s == 0 && now_ms >= t->paused_until_ms) {
    *ret_wait_ms = hold(t, function, now_ms);
    if (!is_pair(t, function, now_ms))
      return GC_THROTTLED_FUNCTION;
  }
  *ret_wait_ms = pause_ms(t, retry_after_ms, random32, now_ms);
  t->paused_until_ms = now_ms + *ret_wait_ms;
  return GC_THROTTLED_ACCOUNT;
}

uint64_t gc_throttle_rest_ms(const struct gc_throttle *t,
                             enum gc_endpoint_id function, uint64_t now_ms) {
  uint64_t until_ms = t->suspended_until_ms[function];
  return until_ms > now_ms ? until_ms - now_ms : 0;
}

bool gc_throttle_over(struct gc_throttle *t, enum gc_endpoint_id function,
                      uint64_t now_ms) {
  if (now_ms < t->paused_until_ms || now_ms < t->held_until_ms[function])
    return false;
  gc_backoff_reset(&t->backoff);
  t->refusals[function] = 0;
  if (!t->is_throttled)
    return false;
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (gc_throttle_rest_ms(t, (enum gc_endpoint_id)i, now_ms) > 0 ||
        t->held_until_ms[i] > now_ms)
      return false;
  t->is_throttled = false;
  return true;
}
