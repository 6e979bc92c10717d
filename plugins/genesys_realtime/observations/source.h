/* SPDX-License-Identifier: MIT */
/* Observations "auto", and the cost of each source in requests. Pure. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_SOURCE_H
#define GENESYS_REALTIME_OBSERVATIONS_SOURCE_H

#include "common/base/err.h"
#include "plugins/genesys_realtime/options.h"

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

/* Returns the number of requests of one reading. OBS_ACTIVITY: all pages of
 * both queries, if each queue has contacts in one medium. */
size_t obs_source_requests(enum obs_source source,
                           const struct obs_scope *scope);

/* Sets GC_ERR_LIMIT and advice if a reading each `interval_s` takes more than a
 * quarter of the `budget` (requests a minute), else GC_OK. */
void obs_source_check_cost(enum obs_source source,
                           const struct obs_scope *scope, uint32_t interval_s,
                           uint32_t budget, struct gc_err *ret_err);

#endif
