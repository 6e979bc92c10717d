/* SPDX-License-Identifier: MIT */
/* The progress of an analytics query and its totals. Both are saved in one
 * transaction, so that after a crash they belong to the same window. Any
 * thread; the store runs one call at a time. */
#ifndef GC_NET_STORE_QUERIES_H
#define GC_NET_STORE_QUERIES_H

#include "common/net/store/store.h"

/* The progress of a query. All times are ends of windows, epoch ms. */
struct gc_query_mark {
  char identity[65];  /* hash of the request; totals of another request do not
                         count */
  int64_t settled_ms; /* windows up to here are final and not requested again */
  int64_t done_ms;    /* windows up to here were sent, except the pending one */

  /* Set by gc_store_load_query only. */
  bool is_pending_cut; /* the samples do not fit into `pending` */
};

/* One cumulative series. */
struct gc_query_total {
  const char *series; /* key of the series; borrowed */
  int64_t count;      /* over all settled windows */
  double sum;         /* over all settled windows */
  int64_t sent;       /* the value that was dispatched last; never decreases */
};

/* Reads the mark of a query and the generation of the file that it is from.
 * Replaces the content of `pending` by the samples that were saved to be
 * dispatched. `account` is "prod"; `query` is the instance of the block,
 * "query-queues", which is unique over all plugins. `ret_found` false: the
 * store has no such query. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_query(struct gc_store *s, const char *account, const char *query,
                    bool *ret_found, struct gc_query_mark *ret_mark,
                    uint64_t *ret_generation, struct gc_buf *pending,
                    struct gc_err *err);

/* Calls `row` for each total, those that were saved last first, like
 * gc_store_load_names. */
GC_API GC_MUST_CHECK enum gc_code gc_store_load_totals(
    struct gc_store *s, const char *account, const char *query,
    enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
    void *ctx, struct gc_err *err);

/* The content of one transaction; all pointers are borrowed for the call. */
struct gc_query_save {
  struct gc_query_mark mark;
  const char *pending; /* the samples to dispatch next; pending_len 0: none */
  size_t pending_len;
  const struct gc_query_total *totals; /* totals that changed */
  size_t total_count;
  bool forget; /* delete all earlier totals first: the request has changed */
  /* Delete totals that were last saved with a done_ms before this; their series
   * no longer occur. 0: none. */
  int64_t drop_before_ms;
  /* gc_store_generation at the time when everything was saved or loaded: a
   * newer file lacks the totals that are not in this save, and refuses it. 0:
   * any file. */
  uint64_t generation;
};
/* Saves all of it or nothing. GC_ERR_STATE: nothing was saved, for example
 * because the file is a newer one than that of `generation`. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_query(struct gc_store *s, const char *account, const char *query,
                    const struct gc_query_save *save, struct gc_err *err);

#endif
