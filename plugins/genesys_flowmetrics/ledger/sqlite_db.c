/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>
#include <sqlite3.h>

#include "common/base/alloc.h"
#include "common/net/store/state_file.h"

/* BUSY_MS: how long opening waits for another process that writes. Programs
 * such as sqlite3(1) may read at any time. */
enum {
  BUSY_MS = 1000,
  MINUTE_MS = 60 * 1000,
  COPY_KEYS = 5000, /* in one transaction, some milliseconds */
};

static const char *const migrations[] = {
    "CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE counters ("
    " id INTEGER PRIMARY KEY, scope TEXT NOT NULL, flow TEXT NOT NULL,"
    " metric TEXT NOT NULL, flow_label TEXT NOT NULL,"
    " metric_label TEXT NOT NULL, count INTEGER NOT NULL, sum REAL NOT NULL,"
    " has_sum INTEGER NOT NULL, shown INTEGER NOT NULL,"
    " UNIQUE (scope, flow, metric));"
    "CREATE TABLE floor (minute INTEGER NOT NULL);"
    "INSERT INTO floor VALUES (0);",
    "ALTER TABLE counters ADD COLUMN last_minute INTEGER NOT NULL DEFAULT 0;",
};

static const struct gc_state_kind kind = {
    .name = "flowmetrics.db",
    .application_id = 0x47436c66, /* "GClf" */
    .migrations = migrations,
    .version = GC_COUNT(migrations),
    .busy_ms = BUSY_MS,
    .lock_name = "flowmetrics.lock",
};

enum statement {
  BEGIN,
  COMMIT,
  ADD,
  MAKE,
  SET,
  LAST,
  DROP,
  FLOOR,
  STATEMENT_COUNT
};

static const char *const sqls[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ADD] = "INSERT OR IGNORE INTO seen (key) VALUES (?)",
    [MAKE] = "INSERT INTO counters (scope, flow, metric, flow_label, "
             "metric_label, count, sum, has_sum, shown, last_minute) "
             "VALUES (?6, ?7, ?8, ?9, ?10, ?1, ?2, ?3, ?4, ?5)",
    [SET] = "UPDATE counters SET count = ?1, sum = ?2, has_sum = ?3, "
            "shown = ?4, last_minute = ?5 WHERE id = ?6",
    [LAST] = "SELECT max(key), count(*) FROM (SELECT key FROM seen "
             "WHERE key < ?1 ORDER BY key LIMIT ?2)",
    [DROP] = "DELETE FROM seen WHERE key <= ?",
    [FLOOR] = "UPDATE floor SET minute = max(minute, ?)",
};

struct sqlite_db {
  struct gc_state_file file;
  sqlite3_stmt *statements[STATEMENT_COUNT];
  int (*busy)(void *ctx, int attempts);
  void *busy_ctx;
  uint32_t floor, newest;
};

GC_DEFINE_AUTO(struct sqlite_db, sqlite_db_close)

static void put_minute(uint8_t out[4], uint32_t minute) {
  for (int i = 0; i < 4; i++)
    out[i] = (uint8_t)(minute >> (24 - 8 * i));
}

/* Hashes each part after its length, so that "ab" + "c" differs from "a" +
 * "bc". */
struct seen_key seen_key_of(const char *scope, const char *conversation,
                            const char *name, size_t name_len,
                            int64_t time_ms) {
  const struct {
    const char *text;
    size_t len;
  } parts[] = {{scope, strlen(scope)},
               {conversation, strlen(conversation)},
               {name, name_len}};
  struct seen_key key;
  unsigned char text[2048], hash[SHA256_DIGEST_LENGTH];
  size_t len = 0;
  for (size_t i = 0; i < GC_COUNT(parts); i++) {
    size_t room = sizeof(text) - len - 4;
    size_t part = parts[i].len < room ? parts[i].len : room;
    put_minute(text + len, (uint32_t)part);
    memcpy(text + len + 4, parts[i].text, part);
    len += 4 + part;
  }
  SHA256(text, len, hash);
  put_minute(key.bytes, (uint32_t)(time_ms / MINUTE_MS));
  memcpy(key.bytes + 4, hash, sizeof(key.bytes) - 4);
  return key;
}

uint32_t seen_key_minute(const struct seen_key *key) {
  uint32_t minute = 0;
  for (int i = 0; i < 4; i++)
    minute = minute << 8 | key->bytes[i];
  return minute;
}

static enum gc_code fail_with(const struct sqlite_db *s, const char *what,
                              struct gc_err *err) {
  return gc_state_file_fail(&s->file, what, err);
}

/* Runs a prepared statement that returns no row. */
static enum gc_code run_statement(struct sqlite_db *s, enum statement which,
                                  struct gc_err *err) {
  sqlite3_stmt *q = s->statements[which];
  int code = sqlite3_step(q);
  enum gc_code result =
      code == SQLITE_DONE ? GC_OK : fail_with(s, "cannot write", err);
  sqlite3_reset(q);
  return result;
}

static void finalize_statements(struct sqlite_db *s) {
  for (size_t i = 0; i < STATEMENT_COUNT; i++) {
    sqlite3_finalize(s->statements[i]);
    s->statements[i] = NULL;
  }
}

static void note_newest(struct sqlite_db *s, const struct seen_key *key) {
  uint32_t minute = seen_key_minute(key);
  if (minute > s->newest)
    s->newest = minute;
}

/* Reads the minutes that bound the keys. */
static enum gc_code read_minutes(struct sqlite_db *s, struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  struct seen_key key;
  if (sqlite3_prepare_v2(
          s->file.db,
          "SELECT (SELECT max(minute) FROM floor), (SELECT max(key) FROM seen)",
          -1, &q, NULL) != SQLITE_OK ||
      sqlite3_step(q) != SQLITE_ROW)
    return fail_with(s, "cannot read", err);
  s->floor = (uint32_t)sqlite3_column_int64(q, 0);
  const void *bytes = sqlite3_column_blob(q, 1);
  if (bytes != NULL && sqlite3_column_bytes(q, 1) == SEEN_KEY_BYTES) {
    memcpy(key.bytes, bytes, SEEN_KEY_BYTES);
    note_newest(s, &key);
  }
  return GC_OK;
}

/* Sets the interval of checkpoints, which copy the log into the file. They are
 * rare enough to be cheap and frequent enough to be short. */
static enum gc_code prepare_statements(struct sqlite_db *s,
                                       struct gc_err *err) {
  if (s->busy != NULL)
    sqlite3_busy_handler(s->file.db, s->busy, s->busy_ctx);
  GC_TRY(gc_state_file_run(&s->file, "PRAGMA wal_autocheckpoint = 4000", err));
  GC_TRY(gc_state_file_run(&s->file, "PRAGMA cache_size = -16000", err));
  for (size_t i = 0; i < STATEMENT_COUNT; i++)
    if (sqlite3_prepare_v3(s->file.db, sqls[i], -1, SQLITE_PREPARE_PERSISTENT,
                           &s->statements[i], NULL) != SQLITE_OK)
      return fail_with(s, "cannot read", err);
  return read_minutes(s, err);
}

static enum gc_code open_file(struct sqlite_db *s, const char *folder,
                              struct gc_err *ret_warning, struct gc_err *err) {
  GC_TRY(gc_state_file_open(folder, &kind, &s->file, ret_warning, err));
  enum gc_code code = prepare_statements(s, err);
  if (code == GC_OK || !gc_state_file_is_broken(&s->file))
    return code;
  return sqlite_db_reset(s, ret_warning, err);
}

enum gc_code sqlite_db_open(const char *folder, struct sqlite_db **ret,
                            struct gc_err *ret_warning, struct gc_err *err) {
  GC_AUTO(sqlite_db_close_auto) struct sqlite_db *s = gc_zalloc(1, sizeof(*s));
  GC_TRY(open_file(s, folder, ret_warning, err));
  *ret = gc_steal(s);
  return GC_OK;
}

void sqlite_db_set_busy(struct sqlite_db *s,
                        int (*busy)(void *ctx, int attempts), void *ctx) {
  s->busy = busy;
  s->busy_ctx = ctx;
  sqlite3_busy_handler(s->file.db, busy, ctx);
}

void sqlite_db_close(struct sqlite_db *s) {
  if (s == NULL)
    return;
  finalize_statements(s);
  gc_state_file_close(&s->file);
  free(s);
}

enum gc_code
sqlite_db_load(struct sqlite_db *s,
               enum gc_code (*each)(void *ctx, const struct stored_counter *c),
               void *ctx, struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(
          s->file.db,
          "SELECT id, scope, flow, metric, flow_label, "
          "metric_label, count, sum, has_sum, shown, last_minute "
          "FROM counters ORDER BY id",
          -1, &q, NULL) != SQLITE_OK)
    return fail_with(s, "cannot read", err);
  int code;
  while ((code = sqlite3_step(q)) == SQLITE_ROW) {
    const struct stored_counter c = {
        .id = sqlite3_column_int64(q, 0),
        .scope = gc_state_column_text(q, 1),
        .flow = gc_state_column_text(q, 2),
        .metric = gc_state_column_text(q, 3),
        .flow_label = gc_state_column_text(q, 4),
        .metric_label = gc_state_column_text(q, 5),
        .count = sqlite3_column_int64(q, 6),
        .sum = sqlite3_column_double(q, 7),
        .has_sum = sqlite3_column_int(q, 8) != 0,
        .shown = sqlite3_column_int(q, 9) != 0,
        .last_minute = (uint32_t)sqlite3_column_int64(q, 10),
    };
    GC_TRY(each(ctx, &c));
  }
  return code == SQLITE_DONE ? GC_OK : fail_with(s, "cannot read", err);
}

enum gc_code sqlite_db_begin(struct sqlite_db *s, struct gc_err *err) {
  return run_statement(s, BEGIN, err);
}

enum gc_code sqlite_db_commit(struct sqlite_db *s, struct gc_err *err) {
  return run_statement(s, COMMIT, err);
}

void sqlite_db_rollback(struct sqlite_db *s) {
  /* After some failures (disk full) SQLite has already rolled back. */
  if (s->file.db != NULL && !sqlite3_get_autocommit(s->file.db))
    (void)!gc_state_file_run(&s->file, "ROLLBACK", NULL);
}

enum gc_code sqlite_db_add_key(struct sqlite_db *s, const struct seen_key *key,
                               bool *ret_new, struct gc_err *err) {
  sqlite3_bind_blob(s->statements[ADD], 1, key->bytes, sizeof(key->bytes),
                    SQLITE_STATIC);
  GC_TRY(run_statement(s, ADD, err));
  *ret_new = sqlite3_changes(s->file.db) == 1;
  if (*ret_new)
    note_newest(s, key);
  return GC_OK;
}

static sqlite3_stmt *bind_numbers(struct sqlite_db *s, enum statement which,
                                  const struct stored_counter *c) {
  sqlite3_stmt *q = s->statements[which];
  sqlite3_bind_int64(q, 1, c->count);
  sqlite3_bind_double(q, 2, c->sum);
  sqlite3_bind_int(q, 3, c->has_sum);
  sqlite3_bind_int(q, 4, c->shown);
  sqlite3_bind_int64(q, 5, c->last_minute);
  return q;
}

enum gc_code sqlite_db_insert_counter(struct sqlite_db *s,
                                      struct stored_counter *c,
                                      struct gc_err *err) {
  const char *const texts[] = {c->scope, c->flow, c->metric, c->flow_label,
                               c->metric_label};
  sqlite3_stmt *q = bind_numbers(s, MAKE, c);
  for (int i = 0; i < (int)GC_COUNT(texts); i++)
    sqlite3_bind_text(q, 6 + i, texts[i], -1, SQLITE_TRANSIENT);
  GC_TRY(run_statement(s, MAKE, err));
  c->id = sqlite3_last_insert_rowid(s->file.db);
  return GC_OK;
}

enum gc_code sqlite_db_update_counter(struct sqlite_db *s,
                                      const struct stored_counter *c,
                                      struct gc_err *err) {
  sqlite3_bind_int64(bind_numbers(s, SET, c), 6, c->id);
  return run_statement(s, SET, err);
}

enum gc_code sqlite_db_delete_counters(struct sqlite_db *s,
                                       struct gc_err *err) {
  return gc_state_file_run(&s->file, "DELETE FROM counters", err);
}

/* Finds the last key of the step and the number of keys up to it; the number is
 * 0 when there is none. */
static enum gc_code find_last(struct sqlite_db *s, uint32_t minute,
                              unsigned max, struct seen_key *ret_last,
                              unsigned *ret_count, struct gc_err *err) {
  sqlite3_stmt *q = s->statements[LAST];
  uint8_t bound[4];
  put_minute(bound, minute);
  sqlite3_bind_blob(q, 1, bound, sizeof(bound), SQLITE_TRANSIENT);
  sqlite3_bind_int64(q, 2, max);
  bool good = sqlite3_step(q) == SQLITE_ROW;
  *ret_count = good ? (unsigned)sqlite3_column_int64(q, 1) : 0;
  const void *key = *ret_count > 0 ? sqlite3_column_blob(q, 0) : NULL;
  /* Only another version of the file has keys of another length. */
  if (key == NULL || sqlite3_column_bytes(q, 0) != SEEN_KEY_BYTES)
    *ret_count = 0;
  else
    memcpy(ret_last->bytes, key, SEEN_KEY_BYTES);
  sqlite3_reset(q);
  return good ? GC_OK : fail_with(s, "cannot read", err);
}

enum gc_code sqlite_db_touch(struct sqlite_db *s, struct gc_err *err) {
  sqlite3_bind_int64(s->statements[FLOOR], 1, s->floor);
  return run_statement(s, FLOOR, err);
}

static enum gc_code drop_to(struct sqlite_db *s, const struct seen_key *last,
                            uint32_t floor, struct gc_err *err) {
  sqlite3_bind_int64(s->statements[FLOOR], 1, floor);
  GC_TRY(run_statement(s, FLOOR, err));
  sqlite3_bind_blob(s->statements[DROP], 1, last->bytes, sizeof(last->bytes),
                    SQLITE_STATIC);
  return run_statement(s, DROP, err);
}

enum gc_code sqlite_db_prune(struct sqlite_db *s, uint32_t minute, unsigned max,
                             unsigned *ret_dropped, struct gc_err *err) {
  struct seen_key last;
  unsigned count = 0;
  *ret_dropped = 0;
  GC_TRY(find_last(s, minute, max, &last, &count, err));
  if (count == 0)
    return GC_OK;
  uint32_t floor = seen_key_minute(&last) + 1;
  GC_TRY(sqlite_db_begin(s, err));
  enum gc_code code = drop_to(s, &last, floor, err);
  if (code == GC_OK)
    code = sqlite_db_commit(s, err);
  if (code != GC_OK) {
    sqlite_db_rollback(s);
    return code;
  }
  if (floor > s->floor)
    s->floor = floor;
  *ret_dropped = count;
  return GC_OK;
}

uint32_t sqlite_db_floor(const struct sqlite_db *s) { return s->floor; }

uint32_t sqlite_db_newest(const struct sqlite_db *s) { return s->newest; }

bool sqlite_db_is_broken(const struct sqlite_db *s) {
  return gc_state_file_is_broken(&s->file);
}

enum gc_code sqlite_db_reset(struct sqlite_db *s, struct gc_err *ret_warning,
                             struct gc_err *err) {
  finalize_statements(s);
  GC_TRY(gc_state_file_reset(&s->file, &kind, ret_warning, err));
  return prepare_statements(s, err);
}

bool sqlite_db_is_there(const struct sqlite_db *s) {
  return gc_state_file_is_there(&s->file);
}

bool sqlite_db_has_log(const struct sqlite_db *s) {
  return gc_state_file_has_log(&s->file);
}

enum gc_code sqlite_db_restore_log(struct sqlite_db *s, const char *folder,
                                   struct gc_err *ret_warning,
                                   struct gc_err *err) {
  GC_TRY(gc_state_file_keep_log(&s->file, err));
  finalize_statements(s);
  gc_state_file_close(&s->file);
  GC_TRY(gc_state_file_open(folder, &kind, &s->file, ret_warning, err));
  return prepare_statements(s, err);
}

/* ---- a file that was deleted while open ---- */

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

/* Copies the counters of `s`, which can still be read, then its keys, to the
 * file at `path`, which has the same tables and may have keys too. A copy that
 * failed may be repeated, because a key is copied only once. */
static enum gc_code copy_file(struct gc_state_file *s, const char *path,
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

/* Takes a new lock, because the lock's file may have been deleted too and
 * belong to another process now. */
enum gc_code sqlite_db_restore(struct sqlite_db *s, const char *folder,
                               void (*step)(void *ctx), void *ctx,
                               struct gc_err *ret_warning, struct gc_err *err) {
  struct gc_state_file fresh = {.db = NULL};
  if (s->file.lock.fd > 0)
    close(s->file.lock.fd);
  s->file.lock.fd = 0;
  GC_TRY(gc_state_file_open(folder, &kind, &fresh, ret_warning, err));
  enum gc_code code = copy_file(&s->file, fresh.path, step, ctx, err);
  if (code != GC_OK) {
    gc_state_file_close(&fresh);
    return code;
  }
  finalize_statements(s);
  gc_state_file_close(&s->file);
  s->file = fresh;
  return prepare_statements(s, err);
}
