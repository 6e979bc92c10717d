/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/store/state_file.h"
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
    /* One table of pages. quote() writes a sum with a point and all digits that
     * it needs; an earlier version could save an infinite one. */
    ("CREATE TABLE pages ("
     " account TEXT NOT NULL, page TEXT NOT NULL, field TEXT NOT NULL,"
     " text TEXT NOT NULL, saved_ms INTEGER NOT NULL,"
     " PRIMARY KEY (account, page, field)"
     ") WITHOUT ROWID;"
     "INSERT INTO pages SELECT account, 'names ' || kind, id,"
     " label || char(9) || detail || char(9) || name, 1000 * seen_s FROM names;"
     "INSERT INTO pages SELECT account, 'channels', slot, text, 0"
     " FROM channels;"
     "INSERT INTO pages SELECT account, query, 'mark',"
     " identity || ' ' || settled_ms || ' ' || done_ms, done_ms FROM queries;"
     "INSERT INTO pages SELECT account, query, 'pending',"
     " CAST(pending AS TEXT), done_ms FROM queries WHERE pending IS NOT NULL;"
     "INSERT INTO pages SELECT account, query, 'total ' || series,"
     " count || ' ' || CASE WHEN abs(sum) < 1e308 THEN quote(sum) ELSE '0.0' "
     "END || ' ' || sent, changed_ms FROM totals;"
     "DROP TABLE names; DROP TABLE channels; DROP TABLE queries;"
     "DROP TABLE totals;"),
};
static const struct gc_state_kind kind_of_file = {
    .name = "state.db",
    .application_id = 0x47436c64, /* "GCld", as file(1) shows it */
    .migrations = migrations,
    .version = GC_COUNT(migrations),
    .busy_ms = GC_STORE_BUSY_MS,
    .lock_name = "state.lock",
};

/* A call is reported as hanging after this many times the bound of its caller;
 * a save is given up much later, since a large page on a busy disk takes long
 * and would never be saved if each attempt were given up. */
enum { REPORT_AFTER = 10, LOST_AFTER = 80 };

/* What the call that runs owns. One call at a time runs. */
struct store_file {
  struct gc_state_file file;
  sqlite3 *db;     /* of `file`; NULL: not open */
  int failure;     /* SQLite's code of the call's failure; 0: none */
  bool has_failed; /* to open; reported */
};

struct gc_store {
  uint32_t report_ms; /* a call that hangs for this long is reported */
  uint32_t lost_ms;   /* a save that hangs for this long is given up */
  struct gc_detached *calls;
  char folder[GC_STATE_PATH_SIZE];
  struct store_file of_call;

  pthread_mutex_t lock; /* of the members below */
  unsigned holders;     /* the owner and each call */
  bool is_open;         /* copy of of_call.db != NULL */
  bool is_held;         /* by another process, at the last attempt to open */
  bool is_unsaved;      /* the last call that saves failed */
  uint64_t generation; /* of the file's content: each opened file has its own */

  pthread_mutex_t notice_lock; /* of the members below; held during a notice */
  bool is_hanging;             /* reported */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* A call: copies of its arguments, and its results. Its thread and its caller
 * hold it, since it may outlive its caller's patience. */
struct gc_store_call {
  struct gc_store *store;
  enum gc_code (*act)(struct gc_store *s, struct gc_store_call *c,
                      struct gc_err *err);
  bool acts_closed; /* runs although the file is not open */
  bool is_opening;  /* the first call; a hang is reported by its caller */
  bool is_repeated; /* once, with the new file that replaces a broken one */
  bool saves;
  char *account, *page;
  struct gc_page_save how;
  struct gc_buf fields; /* argument or result; may be secret */
  uint64_t since_ms;

  /* Results. */
  uint64_t generation; /* of the file in which the call acted */
  struct gc_err warning, err;
  enum gc_code code;

  /* Under the store's lock. CALL_LOST: it never runs. */
  enum { CALL_UNDER_WAY, CALL_ENDED, CALL_LOST } progress;
  unsigned holders;
};

/* ---- the file ---- */

static enum gc_code fail_file(struct gc_store *s, const char *what,
                              struct gc_err *err) {
  s->of_call.failure = sqlite3_errcode(s->of_call.db);
  return gc_state_file_fail(&s->of_call.file, what, err);
}

static enum gc_code run_sql(struct gc_store *s, const char *sql,
                            struct gc_err *err) {
  enum gc_code code = gc_state_file_run(&s->of_call.file, sql, err);
  if (code != GC_OK)
    s->of_call.failure = sqlite3_errcode(s->of_call.db);
  return code;
}

static enum gc_code open_file(struct gc_store *s, struct gc_err *ret_warning,
                              struct gc_err *err) {
  struct store_file *f = &s->of_call;
  enum gc_code code =
      gc_state_file_open(s->folder, &kind_of_file, &f->file, ret_warning, err);
  f->db = f->file.db;
  GC_ASSERT((code == GC_OK) == (f->db != NULL));
  pthread_mutex_lock(&s->lock);
  s->is_open = f->db != NULL;
  s->is_held = code == GC_ERR_UNAVAILABLE;
  s->generation += code == GC_OK;
  pthread_mutex_unlock(&s->lock);
  return code;
}

static void close_file(struct gc_store *s) {
  gc_state_file_close(&s->of_call.file);
  s->of_call.db = NULL;
  pthread_mutex_lock(&s->lock);
  s->is_open = false;
  pthread_mutex_unlock(&s->lock);
}

/* Reports a failure to open the file, its end, and a warning. */
static void report_file(struct gc_store *s, enum gc_code code,
                        const struct gc_err *warning,
                        const struct gc_err *err) {
  struct gc_err words = {.code = GC_OK};
  bool has_changed = s->of_call.has_failed || code != GC_OK;
  s->of_call.has_failed = code != GC_OK;
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

/* Opens the file when it is not open or is not the one at its path any longer,
 * and when its log is not: closing it takes the log's content into the file. */
static enum gc_code enter_file(struct gc_store *s, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK}, why = {.code = GC_OK};
  if (s->of_call.db != NULL && (!gc_state_file_is_there(&s->of_call.file) ||
                                !gc_state_file_has_log(&s->of_call.file)))
    close_file(s);
  if (s->of_call.db == NULL)
    report_file(s, open_file(s, &warning, &why), &warning, &why);
  s->of_call.failure = SQLITE_OK;
  if (s->of_call.db != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_UNAVAILABLE, "%s", why.text);
}

/* Renames the broken file and opens a new one. */
static bool replace_file(struct gc_store *s) {
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  enum gc_code code =
      gc_state_file_reset(&s->of_call.file, &kind_of_file, &warning, &err);
  s->of_call.db = s->of_call.file.db;
  if (code != GC_OK)
    close_file(s);
  pthread_mutex_lock(&s->lock);
  s->generation++;
  pthread_mutex_unlock(&s->lock);
  report_file(s, code, &warning, &err);
  return code == GC_OK;
}

/* Ends the transaction that a failure left open. After a failure that lasts,
 * renames the broken file or closes it, so that the next call finds a new one;
 * true when there is a new one now. */
static bool leave_file(struct gc_store *s) {
  switch (s->of_call.failure & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return replace_file(s);
  case SQLITE_IOERR: /* a network file system's handles may be stale */
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
    close_file(s);
    return false;
  default:
    if (sqlite3_get_autocommit(s->of_call.db) == 0)
      sqlite3_exec(s->of_call.db, "ROLLBACK", NULL, NULL, NULL);
    return false;
  }
}

/* Gives up a hold on the store; the last one closes the file. */
static void release_store(struct gc_store *s) {
  pthread_mutex_lock(&s->lock);
  GC_ASSERT(s->holders > 0);
  bool is_last = --s->holders == 0;
  pthread_mutex_unlock(&s->lock);
  if (!is_last)
    return;
  close_file(s);
  gc_detached_free(s->calls);
  pthread_mutex_destroy(&s->notice_lock);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

/* ---- calls ---- */

static struct gc_store_call *
new_call(struct gc_store *s, const char *account, const char *page,
         enum gc_code (*act)(struct gc_store *s, struct gc_store_call *c,
                             struct gc_err *err)) {
  struct gc_store_call *c = gc_zalloc(1, sizeof(*c));
  *c = (struct gc_store_call){.store = s,
                              .act = act,
                              .account = gc_strdup(account),
                              .page = gc_strdup(page),
                              .fields.max = SIZE_MAX / 2,
                              .holders = 1};
  pthread_mutex_lock(&s->lock);
  s->holders++;
  pthread_mutex_unlock(&s->lock);
  return c;
}

static void release_call(struct gc_store_call *c) {
  struct gc_store *s = c->store;
  pthread_mutex_lock(&s->lock);
  GC_ASSERT(c->holders > 0);
  bool is_last = --c->holders == 0;
  pthread_mutex_unlock(&s->lock);
  if (!is_last)
    return;
  free(c->account);
  free(c->page);
  gc_buf_wipe(&c->fields);
  free(c);
  release_store(s);
}

void gc_store_call_leave(struct gc_store_call **call) {
  if (*call != NULL)
    release_call(*call);
  *call = NULL;
}

static void set_progress(struct gc_store_call *c, int progress) {
  pthread_mutex_lock(&c->store->lock);
  c->progress = progress;
  pthread_mutex_unlock(&c->store->lock);
}

static int progress_of(struct gc_store_call *c) {
  pthread_mutex_lock(&c->store->lock);
  int progress = (int)c->progress;
  pthread_mutex_unlock(&c->store->lock);
  return progress;
}

/* Runs at the end of a call that was left behind, and for a call that has not
 * run. */
static void drop_call(void *ctx) {
  struct gc_store_call *c = ctx;
  if (progress_of(c) == CALL_UNDER_WAY)
    set_progress(c, CALL_LOST);
  release_call(c);
}

static void report_answer(struct gc_store *s) {
  const struct gc_err good = {.code = GC_OK};
  pthread_mutex_lock(&s->notice_lock);
  bool is_over = s->is_hanging && s->of_call.db != NULL;
  s->is_hanging = s->is_hanging && !is_over;
  if (is_over && s->notice != NULL)
    s->notice(s->ctx, "state", &good);
  pthread_mutex_unlock(&s->notice_lock);
}

/* Runs on the call's own thread. */
static void run_call(void *ctx) {
  struct gc_store_call *c = ctx;
  struct gc_store *s = c->store;
  bool is_new = false;
  int attempts = c->is_repeated ? 2 : 1;
  do {
    c->code = c->acts_closed ? GC_OK : enter_file(s, &c->err);
    if (c->code != GC_OK)
      break;
    c->generation = s->generation;
    c->code = c->act(s, c, &c->err);
    is_new = !c->acts_closed && leave_file(s);
  } while (is_new && --attempts > 0);
  if (c->saves) {
    pthread_mutex_lock(&s->lock);
    s->is_unsaved = c->code != GC_OK;
    pthread_mutex_unlock(&s->lock);
  }
  report_answer(s);
  set_progress(c, CALL_ENDED);
}

/* Reports a call that hangs for report_ms: a busy disk may need seconds for a
 * large page. A first opening is noted at once; its caller reports it. Returns
 * GC_ERR_TIMEOUT while the call is worth waiting for. */
static enum gc_code report_hang(struct gc_store_call *c, struct gc_err *err) {
  struct gc_store *s = c->store;
  bool is_late = gc_clock_now_ms() - c->since_ms >= s->lost_ms;
  (void)gc_fail(err, GC_ERR_UNAVAILABLE,
                "state file %.300s/state.db: no answer of the file system; "
                "check its disk or network folder",
                s->folder);
  struct gc_err words = *err;
  words.code = GC_ERR_STATE;
  pthread_mutex_lock(&s->notice_lock);
  if (c->is_opening || gc_detached_hangs_ms(s->calls) >= s->report_ms) {
    if (!s->is_hanging && s->notice != NULL)
      s->notice(s->ctx, "state", &words);
    s->is_hanging = true;
  }
  pthread_mutex_unlock(&s->notice_lock);
  return progress_of(c) == CALL_LOST || (c->saves && is_late) ? err->code
                                                              : GC_ERR_TIMEOUT;
}

/* Begins a call, and waits for its end up to the bound. GC_OK: it has ended,
 * and has a code and results. GC_ERR_TIMEOUT: it is under way. */
static enum gc_code begin_call(struct gc_store_call *c, struct gc_err *err) {
  c->since_ms = gc_clock_now_ms();
  c->holders = 2;
  enum gc_code code = gc_detached_run(c->store->calls, run_call, drop_call, c);
  if (code == GC_OK)
    release_call(c); /* the thread's hold */
  else if (code == GC_ERR_TIMEOUT)
    code = report_hang(c, err);
  else
    (void)gc_fail(err, code, "state file: %s", gc_code_words(code));
  return code;
}

/* Looks for the end of a call that was under way. */
static enum gc_code look_at_call(struct gc_store_call *c, struct gc_err *err) {
  return progress_of(c) == CALL_ENDED ? GC_OK : report_hang(c, err);
}

/* Ends a call; returns its code and fills `err`. */
static enum gc_code end_call(struct gc_store_call *c, enum gc_code code,
                             struct gc_err *err) {
  if (code == GC_OK && c->code != GC_OK) {
    code = c->code;
    *err = c->err;
  }
  release_call(c);
  return code;
}

/* ---- open and close ---- */

static enum gc_code act_open(struct gc_store *s, struct gc_store_call *c,
                             struct gc_err *err) {
  enum gc_code code = open_file(s, &c->warning, err);
  s->of_call.has_failed = code != GC_OK;
  return code;
}

enum gc_code gc_store_open(const char *folder, uint32_t wait_ms,
                           struct gc_store **ret_store,
                           struct gc_err *ret_warning, struct gc_err *err) {
  struct gc_store *s = gc_zalloc(1, sizeof(*s));
  pthread_mutex_init(&s->lock, NULL);
  pthread_mutex_init(&s->notice_lock, NULL);
  s->holders = 1;
  /* A path that is too long fails with words when the file is opened. */
  snprintf(s->folder, sizeof(s->folder), "%s", folder);
  s->report_ms = REPORT_AFTER * wait_ms;
  s->lost_ms = LOST_AFTER * wait_ms;
  s->calls = gc_detached_new("gc-state", wait_ms);
  *ret_store = s;
  struct gc_store_call *c = new_call(s, NULL, NULL, act_open);
  c->acts_closed = c->is_opening = true;
  enum gc_code code = begin_call(c, err);
  if (code == GC_OK && c->warning.code != GC_OK)
    *ret_warning = c->warning;
  return end_call(c, code == GC_OK ? code : GC_ERR_STATE, err);
}

void gc_store_set_notice(struct gc_store *s,
                         void (*notice)(void *ctx, const char *cause,
                                        const struct gc_err *err),
                         void *ctx) {
  pthread_mutex_lock(&s->notice_lock);
  s->notice = notice;
  s->ctx = ctx;
  pthread_mutex_unlock(&s->notice_lock);
}

bool gc_store_works(struct gc_store *s) {
  pthread_mutex_lock(&s->lock);
  bool works = s->is_open && !s->is_unsaved;
  pthread_mutex_unlock(&s->lock);
  return works && gc_detached_hangs_ms(s->calls) == 0;
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

static enum gc_code act_close(struct gc_store *s, struct gc_store_call *c,
                              struct gc_err *err) {
  (void)c, (void)err;
  close_file(s);
  return GC_OK;
}

/* Closes the file in a call, since closing writes to the disk too. A call that
 * hangs closes the file at its end. */
void gc_store_close(struct gc_store *s) {
  struct gc_err err = {.code = GC_OK};
  if (s == NULL)
    return;
  gc_store_set_notice(s, NULL, NULL);
  struct gc_store_call *c = new_call(s, NULL, NULL, act_close);
  c->acts_closed = true;
  (void)end_call(c, begin_call(c, &err), &err);
  release_store(s);
}

/* ---- pages ---- */

static enum gc_code prepare_sql(struct gc_store *s,
                                const struct gc_store_call *c, const char *sql,
                                sqlite3_stmt **ret, struct gc_err *err) {
  if (sqlite3_prepare_v2(s->of_call.db, sql, -1, ret, NULL) != SQLITE_OK)
    return fail_file(s, "cannot prepare", err);
  sqlite3_bind_text(*ret, 1, c->account, -1, SQLITE_STATIC);
  sqlite3_bind_text(*ret, 2, c->page, -1, SQLITE_STATIC);
  return GC_OK;
}

/* Adds a field with the text that `q` finds for it. */
static enum gc_code add_field(struct gc_store *s, struct gc_store_call *c,
                              sqlite3_stmt *q, const char *field,
                              struct gc_err *err) {
  sqlite3_bind_text(q, 3, field, -1, SQLITE_STATIC);
  const char *text = sqlite3_step(q) == SQLITE_ROW
                         ? (const char *)sqlite3_column_text(q, 0)
                         : NULL;
  /* The file has no NULL in this column: SQLite has no memory for the text. */
  if (text == NULL)
    return fail_file(s, "cannot read", err);
  enum gc_code code = gc_fields_add(&c->fields, field, text);
  sqlite3_reset(q);
  return code == GC_OK ? GC_OK
                       : gc_fail(err, code, "page \"%s\": %s", c->page,
                                 gc_code_words(code));
}

/* Sorts the names of the fields alone: a text may have many MB. */
static enum gc_code act_load(struct gc_store *s, struct gc_store_call *c,
                             struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *list = NULL, *one = NULL;
  GC_TRY(prepare_sql(s, c,
                     "SELECT field FROM pages WHERE account = ? AND page = ? "
                     "ORDER BY saved_ms DESC, field",
                     &list, err));
  GC_TRY(prepare_sql(
      s, c,
      "SELECT text FROM pages WHERE account = ? AND page = ? AND field = ?",
      &one, err));
  int step;
  gc_buf_reset(&c->fields);
  while ((step = sqlite3_step(list)) == SQLITE_ROW) {
    const char *field = (const char *)sqlite3_column_text(list, 0);
    if (field == NULL)
      return fail_file(s, "cannot read", err);
    GC_TRY(add_field(s, c, one, field, err));
  }
  return step == SQLITE_DONE ? GC_OK : fail_file(s, "cannot read", err);
}

static enum gc_code delete_fields(struct gc_store *s,
                                  const struct gc_store_call *c,
                                  int64_t before_ms, struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  GC_TRY(prepare_sql(
      s, c, "DELETE FROM pages WHERE account = ? AND page = ? AND saved_ms < ?",
      &q, err));
  sqlite3_bind_int64(q, 3, before_ms);
  return sqlite3_step(q) == SQLITE_DONE ? GC_OK
                                        : fail_file(s, "cannot write", err);
}

static enum gc_code write_fields(struct gc_store *s,
                                 const struct gc_store_call *c,
                                 struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *put = NULL, *drop = NULL;
  const char *field, *text;
  size_t at = 0;
  GC_TRY(prepare_sql(
      s, c,
      "INSERT OR REPLACE INTO pages (account, page, field, text, saved_ms) "
      "VALUES (?,?,?,?,?)",
      &put, err));
  GC_TRY(prepare_sql(
      s, c, "DELETE FROM pages WHERE account = ? AND page = ? AND field = ?",
      &drop, err));
  sqlite3_bind_int64(put, 5, c->how.at_ms);
  while (gc_fields_next(&c->fields, &at, &field, &text)) {
    sqlite3_stmt *q = text[0] != '\0' ? put : drop;
    sqlite3_bind_text(q, 3, field, -1, SQLITE_STATIC);
    if (q == put)
      sqlite3_bind_text(q, 4, text, -1, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_DONE)
      return fail_file(s, "cannot write", err);
    sqlite3_reset(q);
  }
  return GC_OK;
}

static enum gc_code act_save(struct gc_store *s, struct gc_store_call *c,
                             struct gc_err *err) {
  const struct gc_page_save *how = &c->how;
  if (how->generation != 0 && how->generation != s->generation)
    return gc_fail(err, GC_ERR_STATE, "state file %s was replaced",
                   s->of_call.file.path);
  GC_TRY(run_sql(s, "BEGIN IMMEDIATE", err));
  if (how->is_all || how->drop_before_ms != 0)
    GC_TRY(delete_fields(s, c, how->is_all ? INT64_MAX : how->drop_before_ms,
                         err));
  GC_TRY(write_fields(s, c, err));
  return run_sql(s, "COMMIT", err);
}

/* Gives the content of `from` to `to`; both limits stay. */
static void move_fields(struct gc_buf *to, struct gc_buf *from) {
  struct gc_buf old = *to;
  *to = (struct gc_buf){from->data, from->len, from->cap, old.max};
  *from = (struct gc_buf){old.data, 0, old.cap, from->max};
  gc_buf_wipe(from);
}

/* Begins the call, or looks for its end. The caller reads the results of a call
 * that has ended. */
static enum gc_code continue_call(struct gc_store_call **call,
                                  struct gc_store_call *new,
                                  struct gc_err *err) {
  if (*call != NULL)
    return look_at_call(*call, err);
  *call = new;
  return begin_call(new, err);
}

static enum gc_code settle_call(struct gc_store_call **call, enum gc_code code,
                                struct gc_err *err) {
  struct gc_store_call *c = *call;
  if (code == GC_ERR_TIMEOUT)
    return code;
  *call = NULL;
  return end_call(c, code, err);
}

enum gc_code gc_store_load_page(struct gc_store *s, const char *account,
                                const char *page, struct gc_store_call **call,
                                struct gc_buf *fields, uint64_t *ret_generation,
                                struct gc_err *err) {
  struct gc_store_call *new = NULL;
  if (*call == NULL) {
    new = new_call(s, account, page, act_load);
    new->fields.max = fields->max;
  }
  enum gc_code code = continue_call(call, new, err);
  if (code == GC_OK && (*call)->code == GC_OK) {
    move_fields(fields, &(*call)->fields);
    *ret_generation = (*call)->generation;
  }
  return settle_call(call, code, err);
}

enum gc_code
gc_store_save_page(struct gc_store *s, const char *account, const char *page,
                   const struct gc_page_save *how, struct gc_buf *fields,
                   struct gc_store_call **call, struct gc_err *err) {
  struct gc_store_call *new = NULL;
  if (*call == NULL) {
    new = new_call(s, account, page, act_save);
    new->saves = true;
    new->is_repeated = how->generation == 0;
    new->how = *how;
    move_fields(&new->fields, fields);
  }
  return settle_call(call, continue_call(call, new, err), err);
}
