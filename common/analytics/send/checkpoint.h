/* SPDX-License-Identifier: MIT */
/* The progress of a query and its totals, in the state store and in the page of
 * the account's lease. Both are saved before a window with values is sent, and
 * again when the windows of a poll are sent. Without store and page no state is
 * kept. Any thread, one at a time. */
#ifndef GC_ANALYTICS_SEND_CHECKPOINT_H
#define GC_ANALYTICS_SEND_CHECKPOINT_H

#include "common/analytics/query/windows.h"
#include "common/analytics/send/outbox.h"
#include "common/analytics/series/series.h"
#include "common/net/lease_book.h"
#include "common/net/store/queries.h"

struct gc_checkpoint {
  /* Set by the owner: the store and the key. Borrowed. */
  struct gc_store *store;      /* NULL: none */
  const char *account, *query; /* "prod", "query-queues" */
  char identity[65];
  struct gc_lease_page *page; /* of the account's lease; NULL: none */

  uint64_t fence, version; /* of the page, as loaded and as saved last */
  bool is_page_whole;      /* the page has all totals */
  struct gc_windows_mark mark;
  bool forget;  /* the stored totals belong to another query or file */
  bool is_tidy; /* old totals were dropped, which happens once after a start */
  int64_t loaded_ms;   /* done_ms as loaded; 0: there was none */
  uint64_t generation; /* generation of the store that has all totals */
};

/* Loads the mark, the totals and the window that may not have been sent
 * completely (`pending` is empty if there is none). On failure it loads
 * nothing, and the owner tries again before it sends a window. If the stored
 * query had another identity, its totals do not count; its mark does, so that
 * no window is sent twice. If only the pending window cannot be read, it is
 * lost, and `ret_warning` says so. GC_ERR_STATE, GC_ERR_UNAVAILABLE (also:
 * another agent has the lease), GC_ERR_MEMORY; for the page also the codes of
 * gc_checkpoint_page_read. */
GC_MUST_CHECK enum gc_code
gc_checkpoint_load(struct gc_checkpoint *c, int64_t period_ms,
                   struct gc_series_set *series, struct gc_outbox *pending,
                   struct gc_err *ret_warning, struct gc_err *err);

/* True while this agent has the lease under which the checkpoint was loaded;
 * true without a lease. */
bool gc_checkpoint_holds(const struct gc_checkpoint *c);
/* True if the window of the newest save may be sent: the next holder of the
 * lease would find that save, or the page could not take it. False after the
 * lease is lost; true without a lease. */
bool gc_checkpoint_is_kept(const struct gc_checkpoint *c);

/* Sets a mark that is in the future to `end_ms`. Keeps all totals. */
void gc_checkpoint_step_back(struct gc_checkpoint *c, int64_t end_ms);

/* Saves the mark, the totals that changed and the window to send next (NULL:
 * none). After a failure the next call saves them too. GC_ERR_UNAVAILABLE:
 * another agent has the lease, and nothing is saved. GC_ERR_LIMIT: the page
 * cannot carry them; the store has them. GC_ERR_STATE, GC_ERR_MEMORY. */
enum gc_code gc_checkpoint_save(struct gc_checkpoint *c,
                                struct gc_series_set *series,
                                const struct gc_outbox *pending,
                                struct gc_err *err);

#endif
