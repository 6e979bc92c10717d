/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/store/internal.h"

/* A call is reported as hanging after this many times the bound of its caller.
 */
enum { REPORT_AFTER = 10 };

/* ---- open and close ---- */

static struct gc_store *new_store(const char *folder, uint32_t wait_ms) {
  struct gc_store *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return NULL;
  pthread_mutex_init(&s->lock, NULL);
  pthread_mutex_init(&s->notice_lock, NULL);
  s->holders = 1;
  /* A path that is too long fails with words when the file is opened. */
  snprintf(s->folder, sizeof(s->folder), "%s", folder);
  s->report_ms = REPORT_AFTER * wait_ms;
  s->calls = gc_detached_new("gc-state", wait_ms, NULL);
  if (s->calls != NULL)
    return s;
  gc_store_free(s);
  return NULL;
}

static enum gc_code open_first(struct gc_store *s, struct gc_store_call *c,
                               struct gc_err *err) {
  enum gc_code code = gc_store_open_file(s, &c->warning, err);
  s->has_failed = code != GC_OK;
  return code;
}

enum gc_code gc_store_open(const char *folder, uint32_t wait_ms,
                           struct gc_store **ret_store,
                           struct gc_err *ret_warning, struct gc_err *err) {
  struct gc_store *s = new_store(folder, wait_ms);
  struct gc_store_call *c = s != NULL ? gc_store_call_new(s, "", NULL) : NULL;
  if (c == NULL) {
    if (s != NULL)
      gc_store_release(s);
    return gc_fail(err, GC_ERR_MEMORY, "state file: out of memory");
  }
  *ret_store = s;
  c->act = open_first;
  c->acts_closed = c->is_opening = true;
  c = gc_store_call_run(c, err);
  if (c == NULL)
    return GC_ERR_STATE;
  if (c->warning.code != GC_OK)
    *ret_warning = c->warning;
  return gc_store_call_end(c, err);
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

static enum gc_code close_last(struct gc_store *s, struct gc_store_call *c,
                               struct gc_err *err) {
  (void)c, (void)err;
  gc_store_close_file(s);
  return GC_OK;
}

/* Closes the file in a call, since closing writes to the disk too. A call that
 * hangs closes the file at its end. */
void gc_store_close(struct gc_store *s) {
  struct gc_err err = {.code = GC_OK};
  if (s == NULL)
    return;
  gc_store_set_notice(s, NULL, NULL);
  pthread_mutex_lock(&s->lock);
  s->is_closed = true;
  pthread_mutex_unlock(&s->lock);
  gc_store_forget_late(s);
  struct gc_store_call *c = gc_store_call_new(s, "", NULL);
  if (c != NULL) {
    c->act = close_last;
    c->acts_closed = true;
    gc_store_call_free(gc_store_call_run(c, &err));
  }
  gc_store_release(s);
}

/* ---- names ---- */

static enum gc_code load_names(struct gc_store *s, struct gc_store_call *c,
                               struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db,
                         "SELECT id, name, label, detail FROM names WHERE "
                         "account = ? AND kind = ? ORDER BY id",
                         -1, &q, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot read the names", err);
  sqlite3_bind_text(q, 1, c->account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, c->name, -1, SQLITE_STATIC);

  int step;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    for (int i = 0; i < 4; i++)
      GC_TRY(gc_store_call_add(c, gc_state_column_text(q, i)));
    c->count++;
  }
  return step == SQLITE_DONE ? GC_OK
                             : gc_store_error(s, "cannot read the names", err);
}

/* Returns the next string of a call's text and moves `at` behind it. */
static const char *next_text(const char **at) {
  const char *text = *at;
  *at += strlen(text) + 1;
  return text;
}

static struct gc_entry next_entry(const char **at) {
  struct gc_entry e;
  e.id = next_text(at);
  e.name = next_text(at);
  e.label = next_text(at);
  e.detail = next_text(at);
  return e;
}

enum gc_code
gc_store_load_names(struct gc_store *s, const char *account, const char *kind,
                    enum gc_code (*row)(void *ctx, const struct gc_entry *name),
                    void *ctx, struct gc_err *err) {
  struct gc_store_call *c = gc_store_call_new(s, account, kind);
  if (c == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "names: out of memory");
  c->act = load_names;
  c->is_kept = true;
  c = gc_store_call_run(c, err);
  const char *at = c != NULL ? gc_buf_string(&c->text) : NULL;
  enum gc_code code = GC_OK;
  for (size_t i = 0;
       c != NULL && c->code == GC_OK && code == GC_OK && i < c->count; i++) {
    struct gc_entry name = next_entry(&at);
    code = row(ctx, &name);
  }
  GC_TRY(gc_store_call_end(c, err));
  return code;
}

static enum gc_code insert_names(struct gc_store *s, const char *account,
                                 const char *kind, const struct gc_entry *names,
                                 size_t count, int64_t now_s,
                                 struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
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
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
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

static enum gc_code save_names(struct gc_store *s, struct gc_store_call *c,
                               struct gc_err *err) {
  GC_TRY(gc_store_run(s, "BEGIN IMMEDIATE", err));
  GC_TRY(
      insert_names(s, c->account, c->name, c->rows, c->count, c->now_s, err));
  GC_TRY(delete_names(s, c->account, c->name, c->now_s - c->keep_s, err));
  return gc_store_run(s, "COMMIT", err);
}

static enum gc_code copy_entries(struct gc_store_call *c,
                                 const struct gc_entry *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    GC_TRY(gc_store_call_add(c, names[i].id));
    GC_TRY(gc_store_call_add(c, names[i].name));
    GC_TRY(gc_store_call_add(c, names[i].label));
    GC_TRY(gc_store_call_add(c, names[i].detail));
  }
  struct gc_entry *rows = calloc(count + 1, sizeof(*rows));
  if (rows == NULL)
    return GC_ERR_MEMORY;
  const char *at = gc_buf_string(&c->text);
  for (size_t i = 0; i < count; i++)
    rows[i] = next_entry(&at);
  c->rows = rows;
  c->count = count;
  return GC_OK;
}

enum gc_code gc_store_save_names(struct gc_store *s, const char *account,
                                 const char *kind, const struct gc_entry *names,
                                 size_t count, int64_t now_s, int64_t keep_s,
                                 struct gc_err *err) {
  struct gc_store_call *c = gc_store_call_new(s, account, kind);
  if (c == NULL || copy_entries(c, names, count) != GC_OK) {
    gc_store_call_free(c);
    return gc_fail(err, GC_ERR_MEMORY, "names: out of memory");
  }
  c->act = save_names;
  c->saves = true;
  c->is_repeated = true;
  c->now_s = now_s;
  c->keep_s = keep_s;
  return gc_store_call_end(gc_store_call_run(c, err), err);
}

/* ---- channels ---- */

static enum gc_code load_channel(struct gc_store *s, struct gc_store_call *c,
                                 struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(
          s->db, "SELECT text FROM channels WHERE account = ? AND slot = ?", -1,
          &q, NULL) != SQLITE_OK)
    return gc_store_error(s, "cannot read the channel", err);
  sqlite3_bind_text(q, 1, c->account, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 2, c->slot);
  int step = sqlite3_step(q);
  if (step == SQLITE_DONE)
    return GC_OK;
  if (step != SQLITE_ROW)
    return gc_store_error(s, "cannot read the channel", err);
  enum gc_code code = gc_buf_text(&c->text, gc_state_column_text(q, 0));
  return code == GC_OK ? code : gc_fail(err, code, "%s", gc_code_words(code));
}

enum gc_code gc_store_load_channel(struct gc_store *s, const char *account,
                                   unsigned slot, struct gc_buf *out,
                                   struct gc_err *err) {
  gc_buf_reset(out);
  struct gc_store_call *c = gc_store_call_new(s, account, NULL);
  if (c == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "channel: out of memory");
  c->act = load_channel;
  c->slot = slot;
  c->text.max = out->max;
  c = gc_store_call_run(c, err);
  enum gc_code code = GC_OK;
  if (c != NULL && c->code == GC_OK)
    code = gc_buf_add(out, c->text.data, c->text.len);
  GC_TRY(gc_store_call_end(c, err));
  return code == GC_OK ? code : gc_fail(err, code, "%s", gc_code_words(code));
}

static enum gc_code save_channel(struct gc_store *s, struct gc_store_call *c,
                                 struct gc_err *err) {
  static const char insert[] =
      "INSERT OR REPLACE INTO channels (account, slot, text) VALUES (?,?,?)";
  static const char delete[] =
      "DELETE FROM channels WHERE account = ? AND slot = ?";
  const char *text = gc_buf_string(&c->text);
  bool keeps = text[0] != '\0';
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, keeps ? insert : delete, -1, &q, NULL) !=
      SQLITE_OK)
    return gc_store_error(s, "cannot write the channel", err);
  sqlite3_bind_text(q, 1, c->account, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 2, c->slot);
  if (keeps)
    sqlite3_bind_text(q, 3, text, -1, SQLITE_STATIC);
  return sqlite3_step(q) == SQLITE_DONE
             ? GC_OK
             : gc_store_error(s, "cannot write the channel", err);
}

enum gc_code gc_store_save_channel(struct gc_store *s, const char *account,
                                   unsigned slot, const char *text,
                                   struct gc_err *err) {
  struct gc_store_call *c = gc_store_call_new(s, account, NULL);
  if (c == NULL || gc_store_call_add(c, text != NULL ? text : "") != GC_OK) {
    gc_store_call_free(c);
    return gc_fail(err, GC_ERR_MEMORY, "channel: out of memory");
  }
  c->act = save_channel;
  c->saves = true;
  c->is_repeated = true;
  c->slot = slot;
  return gc_store_call_end(gc_store_call_run(c, err), err);
}
