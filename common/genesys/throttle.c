/* SPDX-License-Identifier: MIT */
#include "common/genesys/throttle.h"

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

bool gc_throttle_note(struct gc_throttle *t, enum gc_endpoint_id function,
                      uint32_t retry_after_s, uint32_t random32,
                      uint64_t now_ms, uint64_t *ret_wait_ms) {
  uint32_t retry_after_ms = gc_retry_after_ms(retry_after_s, GC_THROTTLE_MAX_S);
  t->is_throttled = true;
  if (retry_after_s > GC_THROTTLE_ACCOUNT_MAX_S) {
    *ret_wait_ms = retry_after_ms;
    t->suspended_until_ms[function] = now_ms + *ret_wait_ms;
    return false;
  }
  *ret_wait_ms = pause_ms(t, retry_after_ms, random32, now_ms);
  t->paused_until_ms = now_ms + *ret_wait_ms;
  return true;
}

uint64_t gc_throttle_rest_ms(const struct gc_throttle *t,
                             enum gc_endpoint_id function, uint64_t now_ms) {
  uint64_t until_ms = t->suspended_until_ms[function];
  return until_ms > now_ms ? until_ms - now_ms : 0;
}

bool gc_throttle_over(struct gc_throttle *t, uint64_t now_ms) {
  if (now_ms < t->paused_until_ms)
    return false;
  gc_backoff_reset(&t->backoff);
  if (!t->is_throttled)
    return false;
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (gc_throttle_rest_ms(t, (enum gc_endpoint_id)i, now_ms) > 0)
      return false;
  t->is_throttled = false;
  return true;
}
