/* SPDX-License-Identifier: MIT */
/* The struct and the helpers that the files of the state store share. Private
 * to common/net/store. Callers hold the lock. */
#ifndef GC_NET_STORE_INTERNAL_H
#define GC_NET_STORE_INTERNAL_H

#include <pthread.h>

#include <sqlite3.h>

#include "common/net/store/state_file.h"
#include "common/net/store/store.h"

struct gc_store {
  char folder[GC_STATE_PATH_SIZE];
  struct gc_state_file file;
  sqlite3 *db;          /* database of `file`; NULL: not open */
  pthread_mutex_t lock; /* held during each call */
  int failure;          /* SQLite's code of the call's failure; 0: none */
  bool is_held;         /* another process had it at the last attempt to open */
  bool has_failed;      /* the last attempt to open failed and was reported */
  uint64_t generation; /* of the file's content: each opened file has its own */
  void (*notice)(void *ctx, const struct gc_err *err);
  void *ctx;
};

/* Begins a call: takes the lock, and opens the file when it is not open or is
 * no longer the file at its path. GC_ERR_UNAVAILABLE: the file cannot be
 * opened, which is reported, and the lock is released. */
GC_MUST_CHECK enum gc_code gc_store_enter(struct gc_store *s,
                                          struct gc_err *err);
/* Ends a call and the transaction that a failure left open, and releases the
 * lock. A broken file is renamed and replaced; after another lasting failure
 * the file is closed, so that the next call opens it again. True if there is a
 * new file now. */
bool gc_store_leave(struct gc_store *s);

static inline void gc_store_stmt_auto(sqlite3_stmt **s) {
  sqlite3_finalize(*s);
}

/* Fills `err` with the file, `what` and SQLite's text; returns GC_ERR_STATE. */
enum gc_code gc_store_error(struct gc_store *s, const char *what,
                            struct gc_err *err);
/* Runs SQL statements that return no rows. */
enum gc_code gc_store_run(struct gc_store *s, const char *sql,
                          struct gc_err *err);

#endif
