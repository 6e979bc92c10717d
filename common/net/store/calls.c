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

/* ---- calls that were left behind ---- */

static bool is_same_total(const struct gc_query_total *a,
                          const struct gc_query_total *b) {
  return a->count == b->count && a->sent == b->sent && a->sum == b->sum;
}

/* The caller compares the text of both calls, which has the pending samples
 * and the keys. */
static bool is_same_save(const struct gc_query_save *a,
                         const struct gc_query_save *b) {
  if (strcmp(a->mark.identity, b->mark.identity) != 0 ||
      a->mark.settled_ms != b->mark.settled_ms ||
      a->mark.done_ms != b->mark.done_ms || a->pending_len != b->pending_len ||
      a->total_count != b->total_count || a->forget != b->forget ||
      a->drop_before_ms != b->drop_before_ms || a->generation != b->generation)
    return false;
  for (size_t i = 0; i < a->total_count; i++)
    if (!is_same_total(&a->totals[i], &b->totals[i]))
      return false;
  return true;
}

static bool is_of_same_name(const struct gc_store_call *a,
                            const struct gc_store_call *b) {
  return strcmp(a->account, b->account) == 0 && strcmp(a->name, b->name) == 0;
}

/* True if the results of `late` are those that `c` would have. */
static bool has_results_of(const struct gc_store_call *late,
                           const struct gc_store_call *c) {
  if (late->act != c->act || late->text.max != c->text.max ||
      !is_of_same_name(late, c))
    return false;
  return !c->saves || (late->text.len == c->text.len &&
                       memcmp(gc_buf_string(&late->text),
                              gc_buf_string(&c->text), c->text.len) == 0 &&
                       is_same_save(&late->save, &c->save));
}

/* Removes the calls for which `is_chosen` from the store; returns their list.
 */
static struct gc_store_call *
take_late(struct gc_store *s, const struct gc_store_call *c,
          bool (*is_chosen)(const struct gc_store_call *late,
                            const struct gc_store_call *c)) {
  struct gc_store_call *taken = NULL;
  pthread_mutex_lock(&s->lock);
  for (struct gc_store_call **at = &s->late, *one; (one = *at) != NULL;) {
    if (!is_chosen(one, c)) {
      at = &one->next_late;
      continue;
    }
    *at = one->next_late;
    one->next_late = taken;
    taken = one;
  }
  pthread_mutex_unlock(&s->lock);
  return taken;
}

static void free_list(struct gc_store_call *list) {
  for (struct gc_store_call *next; list != NULL; list = next) {
    next = list->next_late;
    gc_store_call_free(list);
  }
}

/* Returns a call that has the results of `c`; NULL: there is none. While the
 * file is closed, another process may change it. The results of a call in an
 * earlier file do not count, because the present file may lack the data that
 * the call saved or read. */
static struct gc_store_call *find_late(struct gc_store *s,
                                       const struct gc_store_call *c) {
  struct gc_store_call *found = take_late(s, c, has_results_of);
  if (found == NULL)
    return NULL;
  free_list(found->next_late);
  found->next_late = NULL;
  pthread_mutex_lock(&s->lock);
  bool counts = s->is_open && found->generation == s->generation;
  pthread_mutex_unlock(&s->lock);
  if (counts)
    return found;
  gc_store_call_free(found);
  return NULL;
}

static bool is_any(const struct gc_store_call *late,
                   const struct gc_store_call *c) {
  (void)late, (void)c;
  return true;
}

void gc_store_forget_late(struct gc_store *s) {
  free_list(take_late(s, NULL, is_any));
}

/* Runs at the end of a call that was left behind, and for a call that has not
 * run. */
static void drop_call(void *ctx) {
  struct gc_store_call *c = ctx;
  struct gc_store *s = c->store;
  if (!c->is_kept || !c->has_run || c->code != GC_OK) {
    gc_store_call_free(c);
    return;
  }
  free_list(take_late(s, c, has_results_of));
  pthread_mutex_lock(&s->lock);
  bool is_kept = !s->is_closed;
  if (is_kept) {
    c->next_late = s->late;
    s->late = c;
  }
  pthread_mutex_unlock(&s->lock);
  if (!is_kept)
    gc_store_call_free(c);
}

/* ---- running a call ---- */

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
  c->has_run = true;
  if (c->saves && c->name != NULL) /* kept results are out of date */
    free_list(take_late(s, c, is_of_same_name));
  do {
    c->code = c->acts_closed ? GC_OK : gc_store_enter(s, &c->err);
    if (c->code != GC_OK)
      break;
    c->generation = s->generation;
    c->code = c->act(s, c, &c->err);
    is_new = !c->acts_closed && gc_store_leave(s);
  } while (is_new && --attempts > 0);
  if (c->saves)
    note_saved(s, c->code == GC_OK);
  report_answer(s);
}

/* Reports a call that hangs for report_ms: a busy disk may need a second for a
 * write. A first opening is noted at once; its caller reports it. */
static void report_hang(struct gc_store *s, bool is_opening,
                        const struct gc_err *err) {
  struct gc_err words = *err;
  words.code = GC_ERR_STATE;
  if (!is_opening && gc_detached_hangs_ms(s->calls) < s->report_ms)
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
  struct gc_store_call *late = c->is_kept ? find_late(s, c) : NULL;
  if (late != NULL) {
    gc_store_call_free(c);
    return late;
  }
  enum gc_code code = gc_detached_run(s->calls, run_call, drop_call, c);
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
