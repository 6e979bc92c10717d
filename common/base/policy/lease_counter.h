/* SPDX-License-Identifier: MIT */
/* A counter that passes from one holder of a lease to the next without a fall
 * (docs/decisions/0019). Redis keeps the number that all holders together have
 * counted; a number is dispatched when Redis has confirmed it. Pure. One
 * thread.
 *
 * Example: the holder has counted 100, and 98 are confirmed; it dispatches 98.
 * It dies. The next holder's own model has 40 at that time, and Redis has 98.
 * Its model counts 41: it stores 99, and dispatches 99 after the confirmation.
 */
#ifndef GC_BASE_POLICY_LEASE_COUNTER_H
#define GC_BASE_POLICY_LEASE_COUNTER_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct gc_lease_counter {
  uint64_t stored_at_begin; /* what Redis had when this agent took the lease */
  uint64_t own_at_begin;    /* what this agent's model had then */
  uint64_t sent;            /* with the newest renewal */
  uint64_t confirmed;
  bool is_lost; /* Redis lost it: it is stored again without a change */
};

/* This agent takes the lease. `stored` is what Redis has (0: nothing), `own`
 * what this agent's model has counted of facts up to the time to which `stored`
 * counts. */
GC_API void gc_lease_counter_begin(struct gc_lease_counter *c, uint64_t stored,
                                   uint64_t own);

/* Returns whether Redis lacks something of `own`, the model's present number;
 * then *ret is what the next renewal stores. One renewal at a time. */
GC_API bool gc_lease_counter_next(struct gc_lease_counter *c, uint64_t own,
                                  uint64_t *ret);

/* The renewal was confirmed. Without a confirmation nothing is called: the next
 * renewal stores a number that is at least as large. */
GC_API void gc_lease_counter_confirm(struct gc_lease_counter *c);

/* Redis lost its data and the holder restores the record: everything is stored
 * again. Dispatched numbers do not fall. */
GC_API void gc_lease_counter_restore(struct gc_lease_counter *c);

/* Returns the number to dispatch. */
GC_API uint64_t gc_lease_counter_shown(const struct gc_lease_counter *c);

#endif
