/* SPDX-License-Identifier: MIT */
/* The progress of a query and its totals. They are one page, kept in the state
 * file (net/store) and, with a lease, in Redis for the next holder
 * (net/lease_book):
 *
 *   mark        IDENTITY SETTLED DONE [BASE]     times in epoch ms
 *   pending     the window to send next, as gc_outbox_write prints it
 *   total KEY   COUNT SUM SENT [COUNT SUM]       KEY: of the series; the last
 *                                                two: windows of the slow pass
 *
 * The page is saved before a window with values is sent, and again when the
 * windows of a poll are sent. Without store and lease no state is kept. Any
 * thread, one at a time. */
#ifndef GC_ANALYTICS_SEND_CHECKPOINT_H
#define GC_ANALYTICS_SEND_CHECKPOINT_H

#include "common/analytics/query/windows.h"
#include "common/analytics/send/outbox.h"
#include "common/analytics/series/series.h"
#include "common/net/lease_book.h"
#include "common/net/store/store.h"

/* What the state file, or Redis, has of the totals. */
enum gc_kept {
  GC_KEPT_OTHER, /* totals of another query or file: the next save replaces all
                    fields */
  GC_KEPT_PART,  /* not all changes: the next save writes all totals */
  GC_KEPT_WHOLE,
};

struct gc_checkpoint {
  /* Set by the owner: the store and the key. Borrowed. */
  struct gc_store *store;      /* NULL: none */
  const char *account, *query; /* "prod", "query-queues" */
  char identity[65];
  struct gc_lease_page *page; /* of the account's lease; NULL: none */

  struct gc_windows_mark mark;
  int64_t loaded_ms; /* done_ms as loaded, until the first save; 0: none */

  struct {
    enum gc_kept has;
    uint64_t generation;        /* of the file that has the totals */
    struct gc_store_call *call; /* a load or a save under way; NULL: none */
    struct gc_err saved;        /* outcome of the last save that has ended */
  } file;
  struct {
    enum gc_kept has;
    uint64_t fence, version; /* as loaded, and as saved last */
  } lease;
};

/* Loads the mark, the totals and the window that may not have been sent
 * completely (`pending` is empty if there is none). On failure it loads
 * nothing, and the owner tries again before it sends a window. If the stored
 * query had another identity, its totals do not count; its mark does, so that
 * no window is sent twice. If only the pending window cannot be read, it is
 * lost, and `ret_warning` says so. GC_ERR_TIMEOUT: the file is being read; call
 * it again soon. GC_ERR_STATE, GC_ERR_UNAVAILABLE (also: another agent has the
 * lease), GC_ERR_MEMORY; GC_ERR_PARSE for a page that this version did not
 * write. */
GC_MUST_CHECK enum gc_code
gc_checkpoint_load(struct gc_checkpoint *c, const struct gc_windows_rule *rule,
                   struct gc_series_set *series, struct gc_outbox *pending,
                   struct gc_err *ret_warning, struct gc_err *err);

/* True while this agent has the lease under which the checkpoint was loaded;
 * true without a lease. */
bool gc_checkpoint_holds(const struct gc_checkpoint *c);
/* Looks for the end of the save that is under way; false: it is. Otherwise
 * c->file.saved has its outcome. */
bool gc_checkpoint_is_saved(struct gc_checkpoint *c);
/* True if the window of the newest save may be sent: no save is under way, and
 * the next holder of the lease would find that save, or the page could not take
 * it. False after the lease is lost. */
bool gc_checkpoint_is_kept(struct gc_checkpoint *c);

/* Sets a mark that is in the future to `end_ms`. Keeps all totals. */
void gc_checkpoint_step_back(struct gc_checkpoint *c, int64_t end_ms);

/* Saves the mark, the totals that changed and the window to send next (NULL:
 * none). No save is under way. After a failure the next call saves all totals.
 * GC_ERR_TIMEOUT: the file is being written, see gc_checkpoint_is_saved.
 * GC_ERR_UNAVAILABLE: another agent has the lease, and nothing is saved.
 * GC_ERR_LIMIT: the page cannot carry them; the store has them. GC_ERR_STATE,
 * GC_ERR_MEMORY. */
enum gc_code gc_checkpoint_save(struct gc_checkpoint *c,
                                struct gc_series_set *series,
                                const struct gc_outbox *pending,
                                struct gc_err *err);

/* Forgets what was loaded; a call that is under way has no effect any more. */
void gc_checkpoint_forget(struct gc_checkpoint *c);

#endif
