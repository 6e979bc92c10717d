/* SPDX-License-Identifier: MIT */
/* Observations "auto", and the cost of each source in requests. Pure. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_SOURCE_H
#define GENESYS_REALTIME_OBSERVATIONS_SOURCE_H

#include "common/base/err.h"
#include "plugins/genesys_realtime/options.h"

enum { OBS_QUERY_QUEUES_MAX = 200 }; /* OBS_AUTO: beyond, OBS_ACTIVITY */

/* The queues of a block. */
struct obs_scope {
  size_t selected;
  size_t visible;  /* of the whole list */
  bool is_refused; /* there is no list */
};

/* The source that an option means: OBS_AUTO becomes OBS_QUERY or OBS_ACTIVITY,
 * the others stay. Without a list and without ids only OBS_ACTIVITY has any
 * queue. */
enum obs_source obs_source_choose(enum obs_source option,
                                  const struct obs_scope *scope);

/* Why OBS_AUTO chose: "2000 queues selected, more than 200". */
enum { OBS_REASON_SIZE = 96 };
void obs_source_reason(const struct obs_scope *scope,
                       char ret_text[OBS_REASON_SIZE]);

/* Requests of one reading. OBS_ACTIVITY: of the pages of both queries, if each
 * queue has contacts in one medium. */
size_t obs_source_requests(enum obs_source source,
                           const struct obs_scope *scope);

/* GC_ERR_LIMIT, with advice, if the readings each `interval_s` take more than a
 * quarter of the `budget` (requests a minute). */
void obs_source_check_cost(enum obs_source source,
                           const struct obs_scope *scope, uint32_t interval_s,
                           uint32_t budget, struct gc_err *ret_err);

#endif
