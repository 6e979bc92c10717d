/* SPDX-License-Identifier: MIT */
/* The budgets of an account's channel creations. The platform keeps 20 channels
 * for an OAuth client and drops one of them for the 21st, so each creation may
 * cost another program of the client its channel. In place of lost channels, 6
 * an hour and 12 in 24 hours are created at most. Renewals have a budget of
 * their own, 6 an hour and 30 in 24 hours: the platform may drop a channel
 * without a socket when its token ends, so that each renewal creates one.
 * Tokens of one hour take 26 renewals a day; beyond the budget the present
 * channel is prolonged. The first channel of each stored id in a process needs
 * no budget, since a long stop lets all channels expire. Pure. */
#ifndef GC_NET_CHANNELS_CREATIONS_H
#define GC_NET_CHANNELS_CREATIONS_H

#include "common/base/cleanup.h"

#include <stdint.h>

enum gc_creation {
  GC_CREATION_LOST,    /* in place of a channel that HEAD does not find */
  GC_CREATION_RENEWAL, /* of a second channel, before the first one ends */
  GC_CREATION_COUNT,
};

/* The limits for creations of a kind. */
struct gc_creation_limits {
  unsigned per_hour, per_day;
};

struct gc_creations {
  /* Times of creations, monotonic, the newest first; 0: none. The lists are
   * longer than the budgets, since creations may be given back. */
  uint64_t at_ms[GC_CREATION_COUNT][50];
};

GC_API struct gc_creation_limits gc_creation_limits(enum gc_creation kind);
/* Returns when the next creation is allowed; `now_ms`: at once. */
GC_API uint64_t gc_creations_next_ms(const struct gc_creations *c,
                                     enum gc_creation kind, uint64_t now_ms);
/* Takes one creation from the budget; `now_ms` is not 0. */
GC_API void gc_creations_take(struct gc_creations *c, enum gc_creation kind,
                              uint64_t now_ms);
/* Gives the newest creation back: it has created no channel. */
GC_API void gc_creations_give_back(struct gc_creations *c,
                                   enum gc_creation kind);

#endif
