/* SPDX-License-Identifier: MIT */
#include "common/base/policy/poll_pace.h"

#include <string.h>

#include "common/base/hash.h"

bool gc_pace_is_refusal(enum gc_code code) {
  return code == GC_ERR_PERMISSION || code == GC_ERR_NOT_FOUND ||
         code == GC_ERR_REQUEST;
}

uint32_t gc_pace_phase(const char *host, const char *instance) {
  uint64_t hash = gc_hash(host, strlen(host) + 1);
  return (uint32_t)gc_hash_fold(gc_hash_add(hash, instance, strlen(instance)));
}

uint64_t gc_pace_begin(uint64_t due_ms, uint64_t now_ms, uint32_t interval_ms,
                       uint32_t phase) {
  if (due_ms == 0)
    return now_ms + phase % (interval_ms / 2 + 1);
  if (due_ms <= now_ms)
    return due_ms;
  return due_ms > interval_ms ? due_ms - interval_ms : now_ms;
}

uint64_t gc_pace_next(uint64_t due_ms, uint64_t now_ms, uint32_t interval_ms,
                      bool was_refused) {
  uint64_t every_ms = interval_ms;
  if (was_refused && every_ms < GC_PACE_REFUSED_MS)
    every_ms = GC_PACE_REFUSED_MS;
  due_ms += every_ms;
  if (due_ms < now_ms) /* the poll took longer than its interval */
    due_ms += (now_ms - due_ms + every_ms - 1) / every_ms * every_ms;
  return due_ms;
}
