/* SPDX-License-Identifier: MIT */
/* The calls of the store, which a disk that hangs may delay. */
#include "common/net/store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/strs.h"

static void free_call(struct gc_store_call *c) {
  free(c->account);
  free(c->name);
  free(c->rows);
  gc_buf_wipe(&c->text);
  free(c);
}

void gc_store_call_free(struct gc_store_call *c) {
  if (c == NULL)
    return;
  struct gc_store *s = c->store;
  free_call(c);
  gc_store_release(s);
}

struct gc_store_call *gc_store_call_new(struct gc_store *s, const char *account,
                                        const char *name) {
  struct gc_store_call *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  c->store = s;
  c->text.max = SIZE_MAX / 2;
  if (!gc_copy_text(&c->account, account) || !gc_copy_text(&c->name, name)) {
    free_call(c);
    return NULL;
  }
  pthread_mutex_lock(&s->lock);
  s->holders++;
  pthread_mutex_unlock(&s->lock);
  return c;
}

enum gc_code gc_store_call_add(struct gc_store_call *c, const char *text) {
  return gc_buf_add(&c->text, text, strlen(text) + 1);
}

static void report_answer(struct gc_store *s) {
  const struct gc_err good = {.code = GC_OK};
  pthread_mutex_lock(&s->notice_lock);
  bool is_over = s->is_hanging && s->db != NULL;
  s->is_hanging = s->is_hanging && !is_over;
  if (is_over && s->notice != NULL)
    s->notice(s->ctx, "state", &good);
  pthread_mutex_unlock(&s->notice_lock);
}

static void note_saved(struct gc_store *s, bool is_saved) {
  pthread_mutex_lock(&s->lock);
  s->is_unsaved = !is_saved;
  pthread_mutex_unlock(&s->lock);
}

/* Runs on the call's own thread. */
static void run_call(void *ctx) {
  struct gc_store_call *c = ctx;
  struct gc_store *s = c->store;
  bool is_new = false;
  int attempts = c->is_repeated ? 2 : 1;
  do {
    c->code = c->acts_closed ? GC_OK : gc_store_enter(s, &c->err);
    if (c->code != GC_OK)
      break;
    c->code = c->act(s, c, &c->err);
    is_new = !c->acts_closed && gc_store_leave(s);
  } while (is_new && --attempts > 0);
  if (c->saves)
    note_saved(s, c->code == GC_OK);
  report_answer(s);
}

static void drop_call(void *ctx) { gc_store_call_free(ctx); }

/* Reports a call that hangs for report_ms: a busy disk may need a second for a
 * write. A first opening is noted at once; its caller reports it. */
static void report_hang(struct gc_store *s, bool is_opening,
                        const struct gc_err *err) {
  struct gc_err words = *err;
  words.code = GC_ERR_STATE;
  if (!is_opening && gc_bounded_hangs_ms(s->calls) < s->report_ms)
    return;
  pthread_mutex_lock(&s->notice_lock);
  if (!s->is_hanging && s->notice != NULL)
    s->notice(s->ctx, "state", &words);
  s->is_hanging = true;
  pthread_mutex_unlock(&s->notice_lock);
}

struct gc_store_call *gc_store_call_run(struct gc_store_call *c,
                                        struct gc_err *err) {
  struct gc_store *s = c->store;   /* the caller holds it */
  bool is_opening = c->is_opening; /* `c` is lost when it hangs */
  enum gc_code code = gc_bounded_run(s->calls, run_call, drop_call, c);
  if (code == GC_OK)
    return c;
  if (code != GC_ERR_TIMEOUT) {
    (void)gc_fail(err, code, "state file: %s", gc_code_words(code));
    return NULL;
  }
  (void)gc_fail(err, GC_ERR_UNAVAILABLE,
                "state file %.300s/state.db: no answer of the file system; "
                "check its disk or network folder",
                s->folder);
  report_hang(s, is_opening, err);
  return NULL;
}

enum gc_code gc_store_call_end(struct gc_store_call *c, struct gc_err *err) {
  if (c == NULL)
    return err->code;
  enum gc_code code = c->code;
  if (code != GC_OK)
    *err = c->err;
  gc_store_call_free(c);
  return code;
}
