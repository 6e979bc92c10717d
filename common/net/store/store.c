/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/store/internal.h"
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

/* ---- opening, and the end of a failed call ---- */

static enum gc_code open_file(struct gc_store *s, struct gc_err *ret_warning,
                              struct gc_err *err) {
  enum gc_code code =
      gc_state_file_open(s->folder, &kind_of_file, &s->file, ret_warning, err);
  s->db = s->file.db;
  s->is_held = code == GC_ERR_UNAVAILABLE;
  s->generation += code == GC_OK;
  return code;
}

/* Reports a failure to open the file, the end of such failures, and a
 * warning. */
static void report_store(struct gc_store *s, enum gc_code code,
                         const struct gc_err *warning,
                         const struct gc_err *err) {
  struct gc_err words = code != GC_OK ? *err : *warning;
  bool is_over = s->has_failed && code == GC_OK;
  s->has_failed = code != GC_OK;
  if (code != GC_OK)
    words.code = GC_ERR_STATE;
  if (s->notice != NULL && (words.code != GC_OK || is_over))
    s->notice(s->ctx, &words);
}

static void close_file(struct gc_store *s) {
  gc_state_file_close(&s->file);
  s->db = NULL;
}

enum gc_code gc_store_enter(struct gc_store *s, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK}, why = {.code = GC_OK};
  pthread_mutex_lock(&s->lock);
  if (s->db != NULL && !gc_state_file_is_there(&s->file))
    close_file(s);
  if (s->db == NULL)
    report_store(s, open_file(s, &warning, &why), &warning, &why);
  s->failure = SQLITE_OK;
  if (s->db != NULL)
    return GC_OK;
  pthread_mutex_unlock(&s->lock);
  return gc_fail(err, GC_ERR_UNAVAILABLE, "%s", why.text);
}

/* Renames the broken file and opens a new one. */
static bool replace_file(struct gc_store *s) {
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  enum gc_code code =
      gc_state_file_reset(&s->file, &kind_of_file, &warning, &err);
  s->db = s->file.db;
  if (code != GC_OK)
    close_file(s);
  s->generation++;
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
  case SQLITE_IOERR: /* handles of a network file system may be stale */
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
    close_file(s);
    break;
  default:
    if (sqlite3_get_autocommit(s->db) == 0)
      sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    break;
  }
  pthread_mutex_unlock(&s->lock);
  return is_new;
}

enum gc_code gc_store_open(const char *folder, struct gc_store **ret_store,
                           struct gc_err *ret_warning, struct gc_err *err) {
  struct gc_store *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "state file: out of memory");
  pthread_mutex_init(&s->lock, NULL);
  /* A path that is too long fails with words when the file is opened. */
  snprintf(s->folder, sizeof(s->folder), "%s", folder);
  *ret_store = s;
  enum gc_code code = open_file(s, ret_warning, err);
  s->has_failed = code != GC_OK;
  return code;
}

void gc_store_set_notice(struct gc_store *s,
                         void (*notice)(void *ctx, const struct gc_err *err),
                         void *ctx) {
  pthread_mutex_lock(&s->lock);
  s->notice = notice;
  s->ctx = ctx;
  pthread_mutex_unlock(&s->lock);
}

bool gc_store_is_held(struct gc_store *s) {
  pthread_mutex_lock(&s->lock);
  bool is_held = s->is_held;
  pthread_mutex_unlock(&s->lock);
  return is_held;
}

uint64_t gc_store_generation(struct gc_store *s) {
  pthread_mutex_lock(&s->lock);
  uint64_t generation = s->generation;
  pthread_mutex_unlock(&s->lock);
  return generation;
}

void gc_store_close(struct gc_store *s) {
  if (s == NULL)
    return;
  gc_state_file_close(&s->file);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

/* ---- names ---- */

static const char *column_text(sqlite3_stmt *q, int i) {
  const char *text = (const char *)sqlite3_column_text(q, i);
  return text != NULL ? text : "";
}

static enum gc_code
load_names(struct gc_store *s, const char *account, const char *kind,
           enum gc_code (*row)(void *ctx, const struct gc_entry *name),
           void *ctx, struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db,
                         "SELECT id, name, label, detail FROM names WHERE "
                         "account = ? AND kind = ? ORDER BY id",
                         -1, &q, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot read the names", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);

  int step;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    struct gc_entry name = {column_text(q, 0), column_text(q, 1),
                            column_text(q, 2), column_text(q, 3)};
    GC_TRY(row(ctx, &name));
  }
  return step == SQLITE_DONE ? GC_OK
                             : gc_store_error(s, "cannot read the names", err);
}

enum gc_code
gc_store_load_names(struct gc_store *s, const char *account, const char *kind,
                    enum gc_code (*row)(void *ctx, const struct gc_entry *name),
                    void *ctx, struct gc_err *err) {
  GC_TRY(gc_store_enter(s, err));
  enum gc_code code = load_names(s, account, kind, row, ctx, err);
  (void)gc_store_leave(s);
  return code;
}

static enum gc_code insert_names(struct gc_store *s, const char *account,
                                 const char *kind, const struct gc_entry *names,
                                 size_t count, int64_t now_s,
                                 struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db,
                         "INSERT OR REPLACE INTO names (account, kind, id, "
                         "name, label, detail, seen_s) VALUES (?,?,?,?,?,?,?)",
                         -1, &q, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot write the names", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 7, now_s);
  for (size_t i = 0; i < count; i++) {
    sqlite3_bind_text(q, 3, names[i].id, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, names[i].name, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 5, names[i].label, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 6, names[i].detail, -1, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_DONE)
      return gc_store_error(s, "cannot write the names", err);
    sqlite3_reset(q);
  }
  return GC_OK;
}

static enum gc_code delete_names(struct gc_store *s, const char *account,
                                 const char *kind, int64_t before_s,
                                 struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(
          s->db,
          "DELETE FROM names WHERE account = ? AND kind = ? AND seen_s < ?", -1,
          &q, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot write the names", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 3, before_s);
  return sqlite3_step(q) == SQLITE_DONE
             ? GC_OK
             : gc_store_error(s, "cannot write the names", err);
}

static enum gc_code save_names(struct gc_store *s, const char *account,
                               const char *kind, const struct gc_entry *names,
                               size_t count, int64_t now_s, int64_t keep_s,
                               struct gc_err *err) {
  GC_TRY(gc_store_run(s, "BEGIN IMMEDIATE", err));
  GC_TRY(insert_names(s, account, kind, names, count, now_s, err));
  GC_TRY(delete_names(s, account, kind, now_s - keep_s, err));
  return gc_store_run(s, "COMMIT", err);
}

enum gc_code gc_store_save_names(struct gc_store *s, const char *account,
                                 const char *kind, const struct gc_entry *names,
                                 size_t count, int64_t now_s, int64_t keep_s,
                                 struct gc_err *err) {
  enum gc_code code;
  bool is_new;
  int attempts = 0;
  do {
    GC_TRY(gc_store_enter(s, err));
    code = save_names(s, account, kind, names, count, now_s, keep_s, err);
    is_new = gc_store_leave(s);
  } while (is_new && ++attempts < 2);
  return code;
}

/* ---- channels ---- */

static enum gc_code load_channel(struct gc_store *s, const char *account,
                                 unsigned slot, struct gc_buf *out,
                                 struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(
          s->db, "SELECT text FROM channels WHERE account = ? AND slot = ?", -1,
          &q, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot read the channel", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 2, slot);
  int step = sqlite3_step(q);
  if (step == SQLITE_DONE)
    return GC_OK;
  if (step != SQLITE_ROW)
    return gc_store_error(s, "cannot read the channel", err);
  enum gc_code code = gc_buf_text(out, column_text(q, 0));
  return code == GC_OK ? code : gc_fail(err, code, "%s", gc_code_words(code));
}

enum gc_code gc_store_load_channel(struct gc_store *s, const char *account,
                                   unsigned slot, struct gc_buf *out,
                                   struct gc_err *err) {
  gc_buf_reset(out);
  GC_TRY(gc_store_enter(s, err));
  enum gc_code code = load_channel(s, account, slot, out, err);
  (void)gc_store_leave(s);
  return code;
}

static enum gc_code save_channel(struct gc_store *s, const char *account,
                                 unsigned slot, const char *text,
                                 struct gc_err *err) {
  static const char insert[] =
      "INSERT OR REPLACE INTO channels (account, slot, text) VALUES (?,?,?)";
  static const char delete[] =
      "DELETE FROM channels WHERE account = ? AND slot = ?";
  bool keeps = text != NULL && text[0] != '\0';
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, keeps ? insert : delete, -1, &q, NULL) !=
      SQLITE_OK)
    return gc_store_error(s, "cannot write the channel", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 2, slot);
  if (keeps)
    sqlite3_bind_text(q, 3, text, -1, SQLITE_STATIC);
  return sqlite3_step(q) == SQLITE_DONE
             ? GC_OK
             : gc_store_error(s, "cannot write the channel", err);
}

enum gc_code gc_store_save_channel(struct gc_store *s, const char *account,
                                   unsigned slot, const char *text,
                                   struct gc_err *err) {
  enum gc_code code;
  bool is_new;
  int attempts = 0;
  do {
    GC_TRY(gc_store_enter(s, err));
    code = save_channel(s, account, slot, text, err);
    is_new = gc_store_leave(s);
  } while (is_new && ++attempts < 2);
  return code;
}
