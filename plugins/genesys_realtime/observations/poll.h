/* SPDX-License-Identifier: MIT */
/* One reading of the observations: its requests, batch by batch or page by
 * page, and their answers in one model. Network thread only. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_POLL_H
#define GENESYS_REALTIME_OBSERVATIONS_POLL_H

#include "common/base/err.h"
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
 * wants_details, path, requests and visible. The first three members are the
 * result when `done` runs. */
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

  gc_request_count *requests; /* as in struct gc_call; poll_clear resets it */
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

/* ---- Observations "auto", and the cost of each source in requests; pure ----
 */

enum { OBS_QUERY_QUEUES_MAX = 200 }; /* OBS_AUTO: OBS_ACTIVITY above it */

/* The queues of a block. */
struct obs_scope {
  size_t selected;
  size_t visible;  /* length of the whole list */
  bool is_refused; /* there is no list */
};

/* Returns the source that an option means: OBS_AUTO becomes OBS_QUERY or
 * OBS_ACTIVITY; the others stay. Without a list and without ids only
 * OBS_ACTIVITY can read queues. */
enum obs_source obs_source_choose(enum obs_source option,
                                  const struct obs_scope *scope);

/* Writes the reason for the choice of OBS_AUTO, such as "2000 queues selected,
 * more than 200". */
enum { OBS_REASON_SIZE = 96 };
void obs_source_reason(const struct obs_scope *scope,
                       char ret_text[OBS_REASON_SIZE]);

/* Returns the requests a minute of readings each `interval_s`. OBS_ACTIVITY:
 * all pages of both queries, if each queue has contacts in one medium, with
 * their checks (base/policy/paging). OBS_TOPIC: a snapshot a minute. */
double obs_source_per_minute(enum obs_source source,
                             const struct obs_scope *scope,
                             uint32_t interval_s);

/* Sets GC_ERR_LIMIT and advice if a reading each `interval_s` takes more than a
 * quarter of the `budget` (requests a minute), else GC_OK. */
void obs_source_check_cost(enum obs_source source,
                           const struct obs_scope *scope, uint32_t interval_s,
                           uint32_t budget, struct gc_err *ret_err);

/* ---- the bodies of the requests; pure ---- */

enum { OBS_IDS_MAX = 100 }; /* queue ids of one observation query */

/* Writes the body of queues/observations/query for `count` queues.
 * `with_details`: the answer also lists the ids of the counted conversations,
 * at most 100 for each number (API reference, observation queries). */
GC_MUST_CHECK enum gc_code obs_query_body(const char *const *ids, size_t count,
                                          bool with_details,
                                          struct gc_buf *out);
/* Writes the body of one of the two activity queries, for all queues. */
GC_MUST_CHECK enum gc_code obs_activity_body(bool of_conversations,
                                             struct gc_buf *out);

#endif
