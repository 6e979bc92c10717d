/* SPDX-License-Identifier: MIT */
/* How far a query of intervals has come, and its totals: saved together, in one
 * transaction, so that a crash at any moment finds both of one window. Any
 * thread; calls take turns. */
#ifndef GC_NET_STORE_QUERIES_H
#define GC_NET_STORE_QUERIES_H

#include "common/net/store/store.h"

/* All times are ends of windows, epoch ms. */
struct gc_query_mark {
  char identity[65];  /* of what is asked: totals of another are no totals */
  int64_t settled_ms; /* up to here nothing is asked again */
  int64_t done_ms; /* up to here every window has left, but the pending one */
};

/* One cumulative series. */
struct gc_query_total {
  const char *series; /* its key */
  int64_t count;      /* of all settled windows */
  double sum;
  int64_t sent; /* what was dispatched last; never falls */
};

/* The mark of a query (`account` "prod", `query` "query-queues", the instance
 * of its block, which differs between plugins) and what was written down to be
 * dispatched (`pending` is emptied first). `ret_found` false: there is none.
 * GC_ERR_LIMIT past pending->most, GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_query(struct gc_store *s, const char *account, const char *query,
                    bool *ret_found, struct gc_query_mark *ret_mark,
                    struct gc_buf *pending, struct gc_err *err);

/* Calls `row` for each total; as gc_store_load_names. */
GC_API GC_MUST_CHECK enum gc_code gc_store_load_totals(
    struct gc_store *s, const char *account, const char *query,
    enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
    void *ctx, struct gc_err *err);

/* What one transaction saves. */
struct gc_query_save {
  struct gc_query_mark mark;
  const char *pending; /* what is dispatched next; len 0: nothing */
  size_t pending_len;
  const struct gc_query_total *totals; /* those that changed */
  size_t total_count;
  bool forget; /* all earlier totals first: the query is another one */
  /* Totals that were last saved with a mark before this are dropped: series of
   * what is long gone. 0: none. */
  int64_t drop_before_ms;
};
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_query(struct gc_store *s, const char *account, const char *query,
                    const struct gc_query_save *save, struct gc_err *err);

#endif
