/* SPDX-License-Identifier: MIT */
/* What the files of the state store share. Private to
 * common/net/store/store*.c. */
#ifndef GC_NET_STORE_INTERNAL_H
#define GC_NET_STORE_INTERNAL_H

#include <pthread.h>

#include <sqlite3.h>

#include "common/net/store/state_file.h"
#include "common/net/store/store.h"

struct gc_store {
  struct gc_state_file file;
  sqlite3 *db; /* the file's */
  pthread_mutex_t lock;
};

static inline void gc_store_stmt_auto(sqlite3_stmt **s) {
  sqlite3_finalize(*s);
}

/* GC_ERR_STATE with the file, `what` and SQLite's words. */
enum gc_code gc_store_error(const struct gc_store *s, const char *what,
                            struct gc_err *err);
/* Statements without a result. */
enum gc_code gc_store_run(struct gc_store *s, const char *sql,
                          struct gc_err *err);

#endif
