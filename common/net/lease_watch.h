/* SPDX-License-Identifier: MIT */
/* Reports to the parts of an account on its network thread that a term of this
 * agent as the holder of the lease begins or ends (net/lease_gate), and opens
 * and closes the account's notification channels with it. One thread, the
 * account's. */
#ifndef GC_NET_LEASE_WATCH_H
#define GC_NET_LEASE_WATCH_H

#include "common/base/timers.h"
#include "common/net/lease_gate.h"

struct gc_env;
struct gc_channels;

/* Lives in its owner's memory. */
struct gc_lease_listener {
  /* A term has begun (`term` > 0), or the last one has ended (0). Between two
   * terms there is always a call with 0. */
  void (*changed)(void *ctx, uint32_t term);
  void *ctx;
  struct gc_lease_listener *next; /* private */
};

struct gc_lease_watch {
  const struct gc_lease_gate *gate;
  const struct gc_env *env;
  struct gc_channels *channels;
  struct gc_timer timer;
  uint32_t term; /* as reported */
  struct gc_lease_listener *listeners;
};

/* Begins to watch. `gate` NULL: the account has no lease, and its one term
 * lasts until the process ends. The other arguments are borrowed. Called before
 * the thread runs. */
void gc_lease_watch_start(struct gc_lease_watch *w,
                          const struct gc_lease_gate *gate,
                          const struct gc_env *env,
                          struct gc_channels *channels);
void gc_lease_watch_stop(struct gc_lease_watch *w);

/* Adds a listener and calls it with the present term. */
GC_API void gc_lease_watch_listen(struct gc_lease_watch *w,
                                  struct gc_lease_listener *l);
/* Removes a listener; does nothing if it was not added. */
GC_API void gc_lease_watch_unlisten(struct gc_lease_watch *w,
                                    struct gc_lease_listener *l);

#endif
