/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/source.h"

#include <stdio.h>

#include "plugins/genesys_realtime/observations/poll.h"

enum obs_source obs_source_choose(enum obs_source option,
                                  const struct obs_scope *scope) {
  if (option != OBS_AUTO)
    return option;
  bool has_none = scope->is_refused && scope->selected == 0;
  return has_none || scope->selected > OBS_QUERY_QUEUES_MAX ? OBS_ACTIVITY
                                                            : OBS_QUERY;
}

void obs_source_reason(const struct obs_scope *scope,
                       char ret_text[OBS_REASON_SIZE]) {
  if (scope->is_refused && scope->selected == 0)
    snprintf(ret_text, OBS_REASON_SIZE, "the list of queues is refused");
  else if (scope->selected > OBS_QUERY_QUEUES_MAX)
    snprintf(ret_text, OBS_REASON_SIZE, "%zu queues selected, more than %d",
             scope->selected, (int)OBS_QUERY_QUEUES_MAX);
  else
    snprintf(ret_text, OBS_REASON_SIZE, "%zu selected, at most %d queues",
             scope->selected, (int)OBS_QUERY_QUEUES_MAX);
}

static size_t count_pages(size_t rows) {
  return rows == 0 ? 1 : (rows + GC_PAGES_ROWS - 1) / GC_PAGES_ROWS;
}

size_t obs_source_requests(enum obs_source source,
                           const struct obs_scope *scope) {
  switch (source) {
  case OBS_QUERY:
  case OBS_QUEUE_METRICS:
    return poll_batches(scope->selected);
  case OBS_ACTIVITY:
    return 2 * count_pages(scope->visible);
  default:
    return 0;
  }
}

void obs_source_check_cost(enum obs_source source,
                           const struct obs_scope *scope, uint32_t interval_s,
                           uint32_t budget, struct gc_err *ret_err) {
  size_t requests = obs_source_requests(source, scope);
  double per_minute = (double)requests * 60.0 / interval_s;
  bool is_cheaper = source == OBS_QUERY &&
                    obs_source_requests(OBS_ACTIVITY, scope) < requests;
  bool is_by_id = source != OBS_ACTIVITY;
  *ret_err = (struct gc_err){.code = GC_OK};
  if (per_minute > budget / 4.0)
    (void)gc_fail(
        ret_err, GC_ERR_LIMIT,
        "%zu queues every %u s cost %.0f of the account's %u requests "
        "per minute; set %s%sa longer ObservationInterval",
        is_by_id ? scope->selected : scope->visible, interval_s, per_minute,
        budget,
        is_cheaper ? "Observations \"activity\" (fewer requests), " : "",
        is_by_id ? "fewer queues (Queue) or " : "");
}
