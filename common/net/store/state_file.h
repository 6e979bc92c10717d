/* SPDX-License-Identifier: MIT */
/* A SQLite file in StateDir, as all of ours are: readable with sqlite3(1) while
 * we run, WAL with full synchronisation (what was committed survives a crash),
 * mode 0600. The file carries a version (PRAGMA user_version) and whose it is
 * (PRAGMA application_id). An older one is migrated when it is opened, a newer
 * one is refused and stays untouched. A corrupt file or one of another program
 * is moved aside (state.db.bad-1 …), never deleted.
 * The struct belongs to one thread at a time. */
#ifndef GC_NET_STORE_STATE_FILE_H
#define GC_NET_STORE_STATE_FILE_H

#include "common/base/err.h"

struct sqlite3;

enum { GC_STATE_PATH_SIZE = 4096 };

struct gc_state_kind {
  const char *name; /* "state.db" */
  int application_id;
  /* migrations[v] takes a file of version v to v + 1; 0 is an empty file. */
  const char *const *migrations;
  int version;
  int busy_ms; /* how long to wait for another process's transaction */
};

/* Zeroed before it is opened. */
struct gc_state_file {
  struct sqlite3 *db; /* NULL: not open */
  char path[GC_STATE_PATH_SIZE];
};

/* Opens or makes the folder (mode 0700) and the file in it. `ret_warning` (its
 * code stays GC_OK when there is none) tells of a file that was moved aside.
 * GC_ERR_STATE with words when there can be none: read-only folder, newer
 * version, disk full. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_open(const char *folder, const struct gc_state_kind *kind,
                   struct gc_state_file *s, struct gc_err *ret_warning,
                   struct gc_err *err);
/* NULL, zeroed and closed ones are fine. */
GC_API void gc_state_file_close(struct gc_state_file *s);

/* Of an open file that proved to be broken: moves it aside and opens a new one
 * in its place. All statements must be finalized. `ret_warning` tells so. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_reset(struct gc_state_file *s, const struct gc_state_kind *kind,
                    struct gc_err *ret_warning, struct gc_err *err);

/* Runs statements without an answer. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_run(const struct gc_state_file *s, const char *sql,
                  struct gc_err *err);
/* GC_ERR_STATE with the file's name, `what` and SQLite's words for the last
 * failure. */
GC_API enum gc_code gc_state_file_fail(const struct gc_state_file *s,
                                       const char *what, struct gc_err *err);
/* Does the last failure say that the file is corrupt or no database? */
GC_API bool gc_state_file_is_broken(const struct gc_state_file *s);

#endif
