/* SPDX-License-Identifier: MIT */
/* The budget of an account's channel creations. The platform keeps 20 channels
 * for an OAuth client and drops one of them for the 21st, so each creation may
 * cost another program of the client its channel: 6 an hour and 12 in 24 hours
 * at most. The first channel of each stored id in a process needs no budget,
 * since a long stop lets all channels expire. Pure. */
#ifndef GC_NET_CHANNELS_CREATIONS_H
#define GC_NET_CHANNELS_CREATIONS_H

#include "common/base/cleanup.h"

#include <stdint.h>

enum {
  GC_CREATIONS_PER_HOUR = 6,
  GC_CREATIONS_PER_DAY = 12,
};

struct gc_creations {
  /* Times of creations, monotonic, the newest first; 0: none. The list is
   * longer than the budget, since creations may be given back. */
  uint64_t at_ms[GC_CREATIONS_PER_DAY + 20];
};

/* Returns when the next creation is allowed; `now_ms`: at once. */
GC_API uint64_t gc_creations_next_ms(const struct gc_creations *c,
                                     uint64_t now_ms);
/* Takes one creation from the budget; `now_ms` is not 0. */
GC_API void gc_creations_take(struct gc_creations *c, uint64_t now_ms);
/* Gives the newest creation back: it has created no channel. */
GC_API void gc_creations_give_back(struct gc_creations *c);

#endif
