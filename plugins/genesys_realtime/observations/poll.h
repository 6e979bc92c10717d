/* SPDX-License-Identifier: MIT */
/* One reading of the observations: its requests, batch by batch or page by
 * page, and their answers in one model. Network thread only. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_POLL_H
#define GENESYS_REALTIME_OBSERVATIONS_POLL_H

#include "common/net/api/api.h"
#include "common/net/api/pages.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/options.h"
#include "plugins/genesys_realtime/queues/selection.h"

/* The pages of the activity queries; zeroed once, kept from poll to poll. */
struct poll_pages {
  struct gc_paging conversations, routing;
};

struct poll_part;

/* One reading, in the caller's memory. Zero it before poll_start, except
 * wants_details, path and visible. The first three members are the result when
 * `done` runs. */
struct poll {
  struct observations *reading; /* the answers, even if some are missing; the
                                   caller may gc_steal it */
  struct gc_err error; /* the first error, or the first that concerns only this
                          block; code GC_OK: all answers came */
  bool was_refused;    /* by a permission, a 404 or a bad request */

  bool wants_details; /* OBS_QUERY: request the ids of conversations too;
                         poll_clear resets it */
  const char *path;   /* OBS_QUEUE_METRICS: another path; NULL: the usual one.
                         Borrowed; poll_clear resets it */

  size_t visible; /* OBS_ACTIVITY: queues of the list, 0: unknown; poll_clear
                     resets it */

  struct poll_part *parts;
  size_t part_count, parts_left;
  struct gc_api *api;
  void (*done)(void *ctx);
  void *ctx;
};

/* Begins a reading of the queues in `selection`, or of all (OBS_ACTIVITY).
 * `api` and `pages` are borrowed until `done`, which runs exactly once: within
 * this call if there is no request to send. It may call poll_clear. */
void poll_start(struct poll *p, struct gc_api *api, enum obs_source source,
                const struct selection *selection, struct poll_pages *pages,
                void (*done)(void *ctx), void *ctx);

/* Cancels the requests without calling `done`, and frees the poll's memory. The
 * poll may be zeroed. */
void poll_clear(struct poll *p);

/* Returns the number of requests for one reading of `queue_count` queues with
 * OBS_QUERY or OBS_QUEUE_METRICS. */
size_t poll_batches(size_t queue_count);

#endif
