/* SPDX-License-Identifier: MIT */
/* The work of one <Sprout> block: the account's network thread sends a request
 * every interval, and read threads take the newest answer. Needs no collectd.
 */
#ifndef GC_SPROUT_WATCH_H
#define GC_SPROUT_WATCH_H

#include "common/net/api/api.h"
#include "common/net/loop.h"
#include "plugins/genesys_sprout/sprout.h"

/* Dependencies of a block, from its account or from a test. All borrowed. */
struct watch_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;
};

struct watch;

/* Starts the requests. `notice` receives their outcomes (GC_OK for success), on
 * the network thread. NULL when out of memory. */
struct watch *watch_new(const struct watch_deps *deps, uint32_t every_ms,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx);
/* Stops the requests and frees `w`, which may be NULL; waits for one turn of
 * the network thread. Do not call it on that thread. */
void watch_free(struct watch *w);

/* Puts the values; never waits for the network. Any thread. */
void watch_read(struct watch *w, const char *instance, uint32_t interval_ms,
                const struct gc_samples *out);

#endif
