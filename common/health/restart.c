/* SPDX-License-Identifier: MIT */
#include "common/health/restart.h"

void gc_restart_load(struct gc_restart *r, int64_t kept_ms) {
  r->is_loaded = true;
  r->kept_ms = kept_ms;
}

int64_t gc_restart_gap_ms(const struct gc_restart *r) {
  return r->is_loaded && r->kept_ms > 0 && r->first_ms >= r->kept_ms
             ? r->first_ms - r->kept_ms
             : -1;
}

bool gc_restart_note(struct gc_restart *r, int64_t last_success_ms) {
  bool was_known = r->is_loaded && r->last_ms > 0;
  if (last_success_ms <= 0)
    return false;
  if (r->first_ms == 0)
    r->first_ms = last_success_ms;
  if (!r->is_loaded)
    return false;
  r->last_ms = last_success_ms;
  return !was_known && gc_restart_gap_ms(r) >= 0;
}
