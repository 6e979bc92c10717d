/* SPDX-License-Identifier: MIT */
#include "common/net/store/queries.h"

#include <stdio.h>

#include "common/net/store/internal.h"

static enum gc_code prepare_statement(struct gc_store *s, const char *sql,
                                      const char *account, const char *query,
                                      sqlite3_stmt **ret, struct gc_err *err) {
  if (sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot prepare", err);
  sqlite3_bind_text(*ret, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(*ret, 2, query, -1, SQLITE_STATIC);
  return GC_OK;
}

static enum gc_code load_query(struct gc_store *s, const char *account,
                               const char *query, bool *ret_found,
                               struct gc_query_mark *ret_mark,
                               struct gc_buf *pending, struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_statement(
      s,
      "SELECT identity, settled_ms, done_ms, pending FROM queries "
      "WHERE account = ? AND query = ?",
      account, query, &q, err));
  int step = sqlite3_step(q);
  if (step == SQLITE_DONE) {
    *ret_found = false;
    return GC_OK;
  }
  if (step != SQLITE_ROW)
    return gc_store_error(s, "cannot read the query", err);

  /* Never NULL in the file: SQLite has no memory for it. */
  const char *identity = (const char *)sqlite3_column_text(q, 0);
  if (identity == NULL)
    return gc_store_error(s, "cannot read the query", err);
  struct gc_query_mark mark = {.settled_ms = sqlite3_column_int64(q, 1),
                               .done_ms = sqlite3_column_int64(q, 2)};
  snprintf(mark.identity, sizeof(mark.identity), "%s", identity);
  bool has_pending = sqlite3_column_type(q, 3) != SQLITE_NULL;
  const void *bytes = sqlite3_column_blob(q, 3);
  size_t len = (size_t)sqlite3_column_bytes(q, 3);
  if (has_pending && bytes == NULL && sqlite3_errcode(s->db) == SQLITE_NOMEM)
    return gc_store_error(s, "cannot read the query", err);
  enum gc_code code = gc_buf_add(pending, bytes, bytes != NULL ? len : 0);
  if (code == GC_ERR_MEMORY)
    return gc_fail(err, code, "cannot read the query: out of memory");
  mark.is_pending_cut = code != GC_OK;
  *ret_mark = mark;
  *ret_found = true;
  return GC_OK;
}

enum gc_code gc_store_load_query(struct gc_store *s, const char *account,
                                 const char *query, bool *ret_found,
                                 struct gc_query_mark *ret_mark,
                                 uint64_t *ret_generation,
                                 struct gc_buf *pending, struct gc_err *err) {
  gc_buf_reset(pending);
  GC_TRY(gc_store_enter(s, err));
  *ret_generation = s->generation;
  enum gc_code code =
      load_query(s, account, query, ret_found, ret_mark, pending, err);
  (void)gc_store_leave(s);
  return code;
}

static enum gc_code
load_totals(struct gc_store *s, const char *account, const char *query,
            enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
            void *ctx, struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_statement(
      s,
      "SELECT series, count, sum, sent FROM totals WHERE account = "
      "? AND query = ? ORDER BY changed_ms DESC, series",
      account, query, &q, err));
  int step;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    const char *series = (const char *)sqlite3_column_text(q, 0);
    if (series == NULL)
      return gc_store_error(s, "cannot read the totals", err);
    struct gc_query_total total = {
        .series = series,
        .count = sqlite3_column_int64(q, 1),
        .sum = sqlite3_column_double(q, 2),
        .sent = sqlite3_column_int64(q, 3),
    };
    GC_TRY(row(ctx, &total));
  }
  return step == SQLITE_DONE ? GC_OK
                             : gc_store_error(s, "cannot read the totals", err);
}

enum gc_code gc_store_load_totals(
    struct gc_store *s, const char *account, const char *query,
    enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
    void *ctx, struct gc_err *err) {
  GC_TRY(gc_store_enter(s, err));
  enum gc_code code = load_totals(s, account, query, row, ctx, err);
  (void)gc_store_leave(s);
  return code;
}

static enum gc_code run_statement(struct gc_store *s, sqlite3_stmt *q,
                                  struct gc_err *err) {
  return sqlite3_step(q) == SQLITE_DONE
             ? GC_OK
             : gc_store_error(s, "cannot write the query", err);
}

static enum gc_code delete_totals(struct gc_store *s, const char *account,
                                  const char *query, int64_t before_ms,
                                  struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_statement(
      s,
      "DELETE FROM totals WHERE account = ? AND query = ? AND "
      "changed_ms < ?",
      account, query, &q, err));
  sqlite3_bind_int64(q, 3, before_ms);
  return run_statement(s, q, err);
}

static enum gc_code insert_totals(struct gc_store *s, const char *account,
                                  const char *query,
                                  const struct gc_query_save *save,
                                  struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_statement(
      s,
      "INSERT OR REPLACE INTO totals (account, query, series, "
      "count, sum, sent, changed_ms) VALUES (?,?,?,?,?,?,?)",
      account, query, &q, err));
  for (size_t i = 0; i < save->total_count; i++) {
    const struct gc_query_total *t = &save->totals[i];
    sqlite3_bind_text(q, 3, t->series, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, t->count);
    sqlite3_bind_double(q, 5, t->sum);
    sqlite3_bind_int64(q, 6, t->sent);
    sqlite3_bind_int64(q, 7, save->mark.done_ms);
    GC_TRY(run_statement(s, q, err));
    sqlite3_reset(q);
  }
  return GC_OK;
}

static enum gc_code insert_mark(struct gc_store *s, const char *account,
                                const char *query,
                                const struct gc_query_save *save,
                                struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_statement(
      s,
      "INSERT OR REPLACE INTO queries (account, query, identity, "
      "settled_ms, done_ms, pending) VALUES (?,?,?,?,?,?)",
      account, query, &q, err));
  sqlite3_bind_text(q, 3, save->mark.identity, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 4, save->mark.settled_ms);
  sqlite3_bind_int64(q, 5, save->mark.done_ms);
  if (save->pending_len > 0)
    sqlite3_bind_blob64(q, 6, save->pending, save->pending_len, SQLITE_STATIC);
  return run_statement(s, q, err);
}

static enum gc_code save_query(struct gc_store *s, const char *account,
                               const char *query,
                               const struct gc_query_save *save,
                               struct gc_err *err) {
  GC_TRY(gc_store_run(s, "BEGIN IMMEDIATE", err));
  if (save->forget || save->drop_before_ms != 0)
    GC_TRY(delete_totals(s, account, query,
                         save->forget ? INT64_MAX : save->drop_before_ms, err));
  GC_TRY(insert_totals(s, account, query, save, err));
  GC_TRY(insert_mark(s, account, query, save, err));
  return gc_store_run(s, "COMMIT", err);
}

enum gc_code gc_store_save_query(struct gc_store *s, const char *account,
                                 const char *query,
                                 const struct gc_query_save *save,
                                 struct gc_err *err) {
  GC_TRY(gc_store_enter(s, err));
  enum gc_code code = save->generation == 0 || save->generation == s->generation
                          ? save_query(s, account, query, save, err)
                          : gc_fail(err, GC_ERR_STATE,
                                    "state file %s was replaced", s->file.path);
  (void)gc_store_leave(s);
  return code;
}
