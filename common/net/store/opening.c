/* SPDX-License-Identifier: MIT */
/* Opens the file of the store, replaces or closes it after a failure, and
 * releases the store at its end. */
#include "common/net/store/internal.h"

#include <stdlib.h>

#include "common/net/timing.h"

/* migrations[v] changes a file of version v to v + 1; 0 is an empty file. */
static const char *const migrations[] = {
    "CREATE TABLE names ("
    " account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
    " name TEXT NOT NULL, label TEXT NOT NULL, detail TEXT NOT NULL,"
    " seen_s INTEGER NOT NULL, PRIMARY KEY (account, kind, id)"
    ") WITHOUT ROWID;",
    "CREATE TABLE channels ("
    " account TEXT NOT NULL, slot INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (account, slot)"
    ") WITHOUT ROWID;",
    "CREATE TABLE queries ("
    " account TEXT NOT NULL, query TEXT NOT NULL, identity TEXT NOT NULL,"
    " settled_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL, pending BLOB,"
    " PRIMARY KEY (account, query)"
    ") WITHOUT ROWID;"
    "CREATE TABLE totals ("
    " account TEXT NOT NULL, query TEXT NOT NULL, series TEXT NOT NULL,"
    " count INTEGER NOT NULL, sum REAL NOT NULL, sent INTEGER NOT NULL,"
    " changed_ms INTEGER NOT NULL,"
    " PRIMARY KEY (account, query, series)"
    ") WITHOUT ROWID;",
    /* Blocks of two plugins may share a name, but not an instance. */
    ("UPDATE queries SET query = 'query-' || query;"
     "UPDATE totals SET query = 'query-' || query;"),
};
static const struct gc_state_kind kind_of_file = {
    .name = "state.db",
    .application_id = 0x47436c64, /* "GCld", as file(1) shows it */
    .migrations = migrations,
    .version = GC_COUNT(migrations),
    .busy_ms = GC_STORE_BUSY_MS,
    .lock_name = "state.lock",
};

enum gc_code gc_store_error(struct gc_store *s, const char *what,
                            struct gc_err *err) {
  s->failure = sqlite3_errcode(s->db);
  return gc_state_file_fail(&s->file, what, err);
}

enum gc_code gc_store_run(struct gc_store *s, const char *sql,
                          struct gc_err *err) {
  enum gc_code code = gc_state_file_run(&s->file, sql, err);
  if (code != GC_OK)
    s->failure = sqlite3_errcode(s->db);
  return code;
}

/* ---- opening, and the work after a failure ---- */

enum gc_code gc_store_open_file(struct gc_store *s, struct gc_err *ret_warning,
                                struct gc_err *err) {
  enum gc_code code =
      gc_state_file_open(s->folder, &kind_of_file, &s->file, ret_warning, err);
  s->db = s->file.db;
  pthread_mutex_lock(&s->lock);
  s->is_open = s->db != NULL;
  s->is_held = code == GC_ERR_UNAVAILABLE;
  s->generation += code == GC_OK;
  pthread_mutex_unlock(&s->lock);
  return code;
}

/* Reports a failure to open the file, its end, and a warning. */
static void report_store(struct gc_store *s, enum gc_code code,
                         const struct gc_err *warning,
                         const struct gc_err *err) {
  struct gc_err words = {.code = GC_OK};
  bool has_changed = s->has_failed || code != GC_OK;
  s->has_failed = code != GC_OK;
  if (code != GC_OK) {
    words = *err;
    words.code = GC_ERR_STATE;
  }
  pthread_mutex_lock(&s->notice_lock);
  if (s->notice != NULL && has_changed)
    s->notice(s->ctx, "state", &words);
  if (s->notice != NULL && warning->code != GC_OK)
    s->notice(s->ctx, GC_STORE_WARNING, warning);
  pthread_mutex_unlock(&s->notice_lock);
}

void gc_store_close_file(struct gc_store *s) {
  gc_state_file_close(&s->file);
  s->db = NULL;
  pthread_mutex_lock(&s->lock);
  s->is_open = false;
  pthread_mutex_unlock(&s->lock);
}

enum gc_code gc_store_enter(struct gc_store *s, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK}, why = {.code = GC_OK};
  if (s->db != NULL && !gc_state_file_is_there(&s->file))
    gc_store_close_file(s);
  if (s->db == NULL)
    report_store(s, gc_store_open_file(s, &warning, &why), &warning, &why);
  s->failure = SQLITE_OK;
  if (s->db != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_UNAVAILABLE, "%s", why.text);
}

/* Renames the broken file and opens a new one. */
static bool replace_file(struct gc_store *s) {
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  enum gc_code code =
      gc_state_file_reset(&s->file, &kind_of_file, &warning, &err);
  s->db = s->file.db;
  if (code != GC_OK)
    gc_store_close_file(s);
  pthread_mutex_lock(&s->lock);
  s->generation++;
  pthread_mutex_unlock(&s->lock);
  report_store(s, code, &warning, &err);
  return code == GC_OK;
}

bool gc_store_leave(struct gc_store *s) {
  bool is_new = false;
  switch (s->failure & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    is_new = replace_file(s);
    break;
  case SQLITE_IOERR: /* a network file system's handles may be stale */
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
    gc_store_close_file(s);
    break;
  default:
    if (sqlite3_get_autocommit(s->db) == 0)
      sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    break;
  }
  return is_new;
}

/* ---- the end ---- */

void gc_store_free(struct gc_store *s) {
  gc_detached_free(s->calls);
  pthread_mutex_destroy(&s->notice_lock);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

void gc_store_release(struct gc_store *s) {
  pthread_mutex_lock(&s->lock);
  bool is_last = --s->holders == 0;
  pthread_mutex_unlock(&s->lock);
  if (!is_last)
    return;
  gc_store_close_file(s);
  gc_store_free(s);
}
