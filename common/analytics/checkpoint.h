/* SPDX-License-Identifier: MIT */
/* How far a query is and what its totals are, kept in the state store: one
 * transaction for each window, before the window leaves. A NULL store keeps
 * nothing. Any thread, one at a time. */
#ifndef GC_ANALYTICS_CHECKPOINT_H
#define GC_ANALYTICS_CHECKPOINT_H

#include "common/analytics/outbox.h"
#include "common/analytics/series.h"
#include "common/analytics/windows.h"
#include "common/net/store/queries.h"

struct gc_checkpoint {
  /* The owner's: where, and as what. Borrowed. */
  struct gc_store *store;
  const char *account, *query; /* "prod", "query-queues" */
  char identity[65];

  struct gc_windows_mark mark;
  bool forget;  /* what is stored are totals of another query */
  bool is_tidy; /* what is long gone was dropped, once a start */
};

/* Reads mark, totals and the window that may not have left (`pending` is empty
 * when there is none). Of a query that asks for something else only the time
 * counts: no window leaves twice. On failure the query begins anew. */
GC_MUST_CHECK enum gc_code gc_checkpoint_load(struct gc_checkpoint *c,
                                              int64_t period_ms,
                                              struct gc_series_set *series,
                                              struct gc_outbox *pending,
                                              struct gc_err *err);

/* Saves mark, the totals that changed, and what leaves next (NULL: nothing).
 * On failure they are saved with the next one. */
enum gc_code gc_checkpoint_save(struct gc_checkpoint *c,
                                struct gc_series_set *series,
                                const struct gc_outbox *pending,
                                struct gc_err *err);

#endif
