/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/sqlite_copy.h"

#include <string.h>

#include <sqlite3.h>

#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

enum { COPY_KEYS = 5000 }; /* in one transaction, some milliseconds */

/* Copies the counters, first and in one transaction, so that they never
 * decrease. */
static enum gc_code copy_counters(struct gc_state_file *s, struct gc_err *err) {
  static const char *const steps[] = {
      "BEGIN IMMEDIATE", "DELETE FROM fresh.counters",
      "INSERT INTO fresh.counters SELECT * FROM main.counters",
      ("UPDATE fresh.floor SET minute = "
       "max(minute, (SELECT max(minute) FROM main.floor))"),
      "COMMIT"};
  enum gc_code code = GC_OK;
  for (size_t i = 0; code == GC_OK && i < GC_COUNT(steps); i++)
    code = gc_state_file_run(s, steps[i], err);
  /* After some failures (disk full) SQLite has already rolled back. */
  if (code != GC_OK && !sqlite3_get_autocommit(s->db))
    (void)!gc_state_file_run(s, "ROLLBACK", NULL);
  return code;
}

/* Binds `last` and COPY_KEYS, and makes one step. */
static int step_keys(struct gc_state_file *s, const char *sql,
                     const struct seen_key *last, sqlite3_stmt **ret) {
  int code = sqlite3_prepare_v2(s->db, sql, -1, ret, NULL);
  if (code != SQLITE_OK)
    return code;
  sqlite3_bind_blob(*ret, 1, last->bytes, SEEN_KEY_BYTES, SQLITE_STATIC);
  sqlite3_bind_int(*ret, 2, COPY_KEYS);
  return sqlite3_step(*ret);
}

/* Copies the next COPY_KEYS keys after `last`, in their own transaction, and
 * moves `last`. `ret_more`: there may be more keys. */
static enum gc_code copy_some_keys(struct gc_state_file *s,
                                   struct seen_key *last, bool *ret_more,
                                   struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *copy = NULL, *find = NULL;
  if (step_keys(s,
                "INSERT OR IGNORE INTO fresh.seen SELECT key FROM main.seen "
                "WHERE key > ?1 ORDER BY key LIMIT ?2",
                last, &copy) != SQLITE_DONE)
    return gc_state_file_fail(s, "cannot be restored", err);
  int code = step_keys(s,
                       "SELECT key FROM main.seen WHERE key > ?1 ORDER BY key "
                       "LIMIT 1 OFFSET ?2 - 1",
                       last, &find);
  *ret_more =
      code == SQLITE_ROW && sqlite3_column_bytes(find, 0) == SEEN_KEY_BYTES;
  if (*ret_more)
    memcpy(last->bytes, sqlite3_column_blob(find, 0), SEEN_KEY_BYTES);
  return code == SQLITE_ROW || code == SQLITE_DONE
             ? GC_OK
             : gc_state_file_fail(s, "cannot be restored", err);
}

static enum gc_code attach_fresh(struct gc_state_file *s, const char *path,
                                 struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, "ATTACH ? AS fresh", -1, &q, NULL) !=
          SQLITE_OK ||
      sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC) != SQLITE_OK ||
      sqlite3_step(q) != SQLITE_DONE)
    return gc_state_file_fail(s, "cannot be restored", err);
  return GC_OK;
}

enum gc_code sqlite_copy(struct gc_state_file *s, const char *path,
                         void (*step)(void *ctx), void *ctx,
                         struct gc_err *err) {
  struct seen_key last = {{0}};
  bool has_more = true;
  GC_TRY(attach_fresh(s, path, err));
  enum gc_code code = copy_counters(s, err);
  while (code == GC_OK && has_more) {
    if (step != NULL)
      step(ctx);
    code = copy_some_keys(s, &last, &has_more, err);
  }
  sqlite3_exec(s->db, "DETACH fresh", NULL, NULL, NULL);
  return code;
}
