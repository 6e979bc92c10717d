/* SPDX-License-Identifier: MIT */
#include "common/net/store/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static enum gc_code load_query(struct gc_store *s, struct gc_store_call *c,
                               struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_statement(
      s,
      "SELECT identity, settled_ms, done_ms, pending FROM queries "
      "WHERE account = ? AND query = ?",
      c->account, c->name, &q, err));
  int step = sqlite3_step(q);
  if (step == SQLITE_DONE)
    return GC_OK;
  if (step != SQLITE_ROW)
    return gc_store_error(s, "cannot read the query", err);

  /* The file has no NULL in this column: SQLite has no memory for the text. */
  const char *identity = (const char *)sqlite3_column_text(q, 0);
  if (identity == NULL)
    return gc_store_error(s, "cannot read the query", err);
  c->mark = (struct gc_query_mark){.settled_ms = sqlite3_column_int64(q, 1),
                                   .done_ms = sqlite3_column_int64(q, 2)};
  snprintf(c->mark.identity, sizeof(c->mark.identity), "%s", identity);
  bool has_pending = sqlite3_column_type(q, 3) != SQLITE_NULL;
  const void *bytes = sqlite3_column_blob(q, 3);
  size_t len = (size_t)sqlite3_column_bytes(q, 3);
  if (has_pending && bytes == NULL && sqlite3_errcode(s->db) == SQLITE_NOMEM)
    return gc_store_error(s, "cannot read the query", err);
  enum gc_code code = gc_buf_add(&c->text, bytes, bytes != NULL ? len : 0);
  if (code == GC_ERR_MEMORY)
    return gc_fail(err, code, "cannot read the query: out of memory");
  c->mark.is_pending_cut = code != GC_OK;
  c->is_found = true;
  return GC_OK;
}

enum gc_code gc_store_load_query(struct gc_store *s, const char *account,
                                 const char *query, bool *ret_found,
                                 struct gc_query_mark *ret_mark,
                                 uint64_t *ret_generation,
                                 struct gc_buf *pending, struct gc_err *err) {
  gc_buf_reset(pending);
  struct gc_store_call *c = gc_store_call_new(s, account, query);
  if (c == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "query: out of memory");
  c->act = load_query;
  c->is_kept = true;
  c->text.max = pending->max;
  c = gc_store_call_run(c, err);
  if (c != NULL && c->code == GC_OK) {
    *ret_generation = c->generation;
    *ret_found = c->is_found;
    if (c->is_found)
      *ret_mark = c->mark;
    /* The text has the same limit: only memory can be short. */
    if (gc_buf_add(pending, c->text.data, c->text.len) != GC_OK)
      c->code = gc_fail(&c->err, GC_ERR_MEMORY, "query: out of memory");
  }
  return gc_store_call_end(c, err);
}

/* The numbers of a total; its key is in the call's text. */
struct total_row {
  int64_t count, sent;
  double sum;
};

static enum gc_code add_total(struct gc_store_call *c, size_t *cap,
                              sqlite3_stmt *q, const char *series) {
  struct total_row *rows = c->rows;
  if (c->count == *cap) {
    *cap = *cap != 0 ? 2 * *cap : 64;
    rows = realloc(c->rows, *cap * sizeof(*rows));
    if (rows == NULL)
      return GC_ERR_MEMORY;
    c->rows = rows;
  }
  rows[c->count++] = (struct total_row){.count = sqlite3_column_int64(q, 1),
                                        .sum = sqlite3_column_double(q, 2),
                                        .sent = sqlite3_column_int64(q, 3)};
  return gc_store_call_add(c, series);
}

static enum gc_code load_totals(struct gc_store *s, struct gc_store_call *c,
                                struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  size_t cap = 0;
  GC_TRY(prepare_statement(
      s,
      "SELECT series, count, sum, sent FROM totals WHERE account = "
      "? AND query = ? ORDER BY changed_ms DESC, series",
      c->account, c->name, &q, err));
  int step;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    const char *series = (const char *)sqlite3_column_text(q, 0);
    if (series == NULL)
      return gc_store_error(s, "cannot read the totals", err);
    if (add_total(c, &cap, q, series) != GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "totals: out of memory");
  }
  return step == SQLITE_DONE ? GC_OK
                             : gc_store_error(s, "cannot read the totals", err);
}

static enum gc_code
pass_totals(const struct gc_store_call *c,
            enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
            void *ctx) {
  const struct total_row *rows = c->rows;
  const char *series = gc_buf_string(&c->text);
  for (size_t i = 0; i < c->count; i++) {
    struct gc_query_total total = {.series = series,
                                   .count = rows[i].count,
                                   .sum = rows[i].sum,
                                   .sent = rows[i].sent};
    GC_TRY(row(ctx, &total));
    series += strlen(series) + 1;
  }
  return GC_OK;
}

enum gc_code gc_store_load_totals(
    struct gc_store *s, const char *account, const char *query,
    enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
    void *ctx, struct gc_err *err) {
  struct gc_store_call *c = gc_store_call_new(s, account, query);
  if (c == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "totals: out of memory");
  c->act = load_totals;
  c->is_kept = true;
  c = gc_store_call_run(c, err);
  enum gc_code code = GC_OK;
  if (c != NULL && c->code == GC_OK)
    code = pass_totals(c, row, ctx);
  GC_TRY(gc_store_call_end(c, err));
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
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
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
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
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
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
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

static enum gc_code save_query(struct gc_store *s, struct gc_store_call *c,
                               struct gc_err *err) {
  const struct gc_query_save *save = &c->save;
  if (save->generation != 0 && save->generation != s->generation)
    return gc_fail(err, GC_ERR_STATE, "state file %s was replaced",
                   s->file.path);
  GC_TRY(gc_store_run(s, "BEGIN IMMEDIATE", err));
  if (save->forget || save->drop_before_ms != 0)
    GC_TRY(delete_totals(s, c->account, c->name,
                         save->forget ? INT64_MAX : save->drop_before_ms, err));
  GC_TRY(insert_totals(s, c->account, c->name, save, err));
  GC_TRY(insert_mark(s, c->account, c->name, save, err));
  return gc_store_run(s, "COMMIT", err);
}

/* Copies the transaction into the call, whose text then has the pending samples
 * and, after them, the keys of the totals. */
static enum gc_code copy_save(struct gc_store_call *c,
                              const struct gc_query_save *save) {
  GC_TRY(gc_buf_add(&c->text, save->pending, save->pending_len));
  for (size_t i = 0; i < save->total_count; i++)
    GC_TRY(gc_store_call_add(c, save->totals[i].series));
  struct gc_query_total *rows = calloc(save->total_count + 1, sizeof(*rows));
  if (rows == NULL)
    return GC_ERR_MEMORY;
  const char *at = gc_buf_string(&c->text) + save->pending_len;
  for (size_t i = 0; i < save->total_count; i++) {
    rows[i] = save->totals[i];
    rows[i].series = at;
    at += strlen(at) + 1;
  }
  c->rows = rows;
  c->save = *save;
  c->save.pending = c->text.data;
  c->save.totals = rows;
  return GC_OK;
}

enum gc_code gc_store_save_query(struct gc_store *s, const char *account,
                                 const char *query,
                                 const struct gc_query_save *save,
                                 struct gc_err *err) {
  struct gc_store_call *c = gc_store_call_new(s, account, query);
  if (c == NULL || copy_save(c, save) != GC_OK) {
    gc_store_call_free(c);
    return gc_fail(err, GC_ERR_MEMORY, "query: out of memory");
  }
  c->act = save_query;
  c->saves = c->is_kept = true;
  return gc_store_call_end(gc_store_call_run(c, err), err);
}
