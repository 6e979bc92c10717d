/* SPDX-License-Identifier: MIT */
/* A SQLite file in StateDir, of the kind of all state files here. sqlite3(1)
 * can read it while collectd runs. WAL with full synchronisation: a committed
 * transaction survives a crash. Mode 0600. The file has a version (PRAGMA
 * user_version) and an owner (PRAGMA application_id). Opening migrates an older
 * version; a newer one, or a database of another program, is refused and stays
 * untouched. A corrupt file is renamed (state.db.bad-1 …), never deleted. Only
 * one thread at a time may use the struct. */
#ifndef GC_NET_STORE_STATE_FILE_H
#define GC_NET_STORE_STATE_FILE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/net/store/lock_file.h"

struct sqlite3;
struct sqlite3_stmt;

enum { GC_STATE_PATH_SIZE = 4096 };

struct gc_state_kind {
  const char *name; /* "state.db" */
  int application_id;
  /* migrations[v] changes a file of version v to v + 1; 0 is an empty file. */
  const char *const *migrations;
  int version;
  int busy_ms; /* longest wait for a transaction of another process */
  /* A file beside the state file, "state.lock": the process that has locked it
   * owns the state file; others are refused. NULL: the caller has a lock of its
   * own. */
  const char *lock_name;
};

struct gc_state_place {
  uint64_t device, inode; /* 0: none */
};

/* Zero it before gc_state_file_open. */
struct gc_state_file {
  struct sqlite3 *db; /* NULL: not open */
  char path[GC_STATE_PATH_SIZE];
  struct gc_lock_file lock;
  struct gc_state_place at, log; /* of the open file, and of its -wal */
};

/* Opens the file in `folder`; makes both if they are missing (the folder with
 * mode 0700). `ret_warning` reports a file that was renamed, and a folder that
 * other users may change; otherwise its code stays GC_OK. The only wait is
 * kind->busy_ms. GC_ERR_STATE: read-only folder, newer version, disk full, …;
 * GC_ERR_UNAVAILABLE: another process has the lock. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_open(const char *folder, const struct gc_state_kind *kind,
                   struct gc_state_file *s, struct gc_err *ret_warning,
                   struct gc_err *err);
/* True while the file at the path is the open one. False: it was deleted or
 * replaced, or the file system lost it. */
GC_API bool gc_state_file_is_there(const struct gc_state_file *s);
/* True while the write-ahead log at its path is the open one. False: it was
 * deleted or replaced, and what was committed since the last checkpoint is lost
 * with the process. */
GC_API bool gc_state_file_has_log(const struct gc_state_file *s);
/* Copies a deleted log, which can still be read, into the file. Close the file
 * then and open it again: it gets a new log. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_keep_log(const struct gc_state_file *s, struct gc_err *err);
/* Closes the file and releases the lock. NULL and a struct that is not open are
 * allowed. */
GC_API void gc_state_file_close(struct gc_state_file *s);

/* Renames an open file that is broken and opens a new one in its place;
 * `ret_warning` reports that. The caller finalizes all statements before.
 * GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_reset(struct gc_state_file *s, const struct gc_state_kind *kind,
                    struct gc_err *ret_warning, struct gc_err *err);

/* Runs SQL statements that return no rows. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_state_file_run(const struct gc_state_file *s, const char *sql,
                  struct gc_err *err);
/* Fills `err` with the file's path, `what` and SQLite's text of the last
 * failure; returns GC_ERR_STATE. */
GC_API enum gc_code gc_state_file_fail(const struct gc_state_file *s,
                                       const char *what, struct gc_err *err);
/* True if the last failure means that the file is corrupt or not a database. */
GC_API bool gc_state_file_is_broken(const struct gc_state_file *s);

/* Finalizes a statement, for GC_AUTO. */
GC_API void gc_state_stmt_auto(struct sqlite3_stmt **s);
/* Returns a column of the statement's row as text, until the next step; "" for
 * NULL. */
GC_API const char *gc_state_column_text(struct sqlite3_stmt *q, int i);

#endif
