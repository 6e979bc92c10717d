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
  struct gc_state_file file;
  sqlite3 *db;          /* of `file` */
  pthread_mutex_t lock; /* held during each call */
};

static inline void gc_store_stmt_auto(sqlite3_stmt **s) {
  sqlite3_finalize(*s);
}

/* Fills `err` with the file, `what` and SQLite's text; returns GC_ERR_STATE. */
enum gc_code gc_store_error(const struct gc_store *s, const char *what,
                            struct gc_err *err);
/* Runs SQL statements that return no rows. */
enum gc_code gc_store_run(struct gc_store *s, const char *sql,
                          struct gc_err *err);

#endif
