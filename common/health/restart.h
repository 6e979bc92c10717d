/* SPDX-License-Identifier: MIT */
/* Computes for how long a block had no values because collectd did not run:
 * from its last success before the start to its first one after. The last
 * success is kept in the state file; everything else about the restart follows
 * from it. Pure. */
#ifndef GC_HEALTH_RESTART_H
#define GC_HEALTH_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct gc_restart {
  bool is_loaded;   /* kept_ms is known */
  int64_t kept_ms;  /* epoch; the last success before the start; 0: none */
  int64_t first_ms; /* epoch; the first success since; 0: none yet */
  int64_t last_ms;  /* the newest one, to be kept */
};

/* Takes the last success that the state file has; 0: none. */
GC_API void gc_restart_load(struct gc_restart *r, int64_t kept_ms);
/* Takes the newest success of the block; 0: none yet. Returns true once, when
 * the time without values has become known. */
GC_API GC_MUST_CHECK bool gc_restart_note(struct gc_restart *r,
                                          int64_t last_success_ms);
/* Returns the time without values; < 0: unknown. It is unknown at the first
 * start, before the first success, and if a clock was set back meanwhile. */
GC_API int64_t gc_restart_gap_ms(const struct gc_restart *r);

#endif
