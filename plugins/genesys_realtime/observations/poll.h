/* SPDX-License-Identifier: MIT */
/* One reading of the observations: the requests it takes, batch by batch or
 * page by page, and their answers in one model. Network thread only. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_POLL_H
#define GENESYS_REALTIME_OBSERVATIONS_POLL_H

#include "common/net/api/api.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/options.h"
#include "plugins/genesys_realtime/queues/selection.h"

/* The largest pages that a server ever gave; kept from poll to poll. */
struct poll_pages {
  size_t conversations, routing;
};

struct poll_part;

/* The caller's memory, zeroed before poll_start but for what is wanted. The
 * first three tell the result once `done` runs. */
struct poll {
  struct observations *reading; /* what came, also when some of it did not;
                                   the caller may gc_steal it */
  struct gc_err error; /* the worst that happened; code GC_OK: all came */
  bool was_refused;    /* a permission, a 404, a bad request */

  bool wants_details; /* OBS_QUERY: ask for the conversations too; poll_clear
                         forgets it */
  const char *path;   /* OBS_QUEUE_METRICS: instead of the usual one, NULL:
                         that one; likewise. Borrowed */

  struct poll_part *parts;
  size_t part_count, parts_left;
  struct gc_api *api;
  void (*done)(void *ctx);
  void *ctx;
};

/* Begins a reading of the queues in `selection`, or of all (OBS_ACTIVITY).
 * `api` and `pages` are borrowed until `done`, which runs
 * exactly once, inside this call when there is nothing to ask; poll_clear may
 * be called in it. */
void poll_start(struct poll *p, struct gc_api *api, enum obs_source source,
                const struct selection *selection, struct poll_pages *pages,
                void (*done)(void *ctx), void *ctx);

/* Ends what runs without `done`, and frees. One that was never begun is fine.
 */
void poll_clear(struct poll *p);

/* How many requests one reading of this many queues takes with OBS_QUERY or
 * OBS_QUEUE_METRICS. */
size_t poll_batches(size_t queue_count);

#endif
