/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"
#include "common/base/decimal.h"
#include "common/base/span.h"
#include "common/base/timestamp.h"

#define TOTAL "total "

/* A page of the largest window and of as many totals as fit into it. */
enum { FIELDS_MAX_BYTES = 2 * GC_OUTBOX_TEXT_MAX };

/* A series without an event for this time before the last save begins at 0
 * again after a restart. The current time does not count: a clock that is
 * months ahead would delete all totals. */
static const int64_t keep_ms = INT64_C(92) * 86400000;

/* ---- the fields ---- */

struct mark {
  char identity[65];
  int64_t settled_ms, done_ms, base_ms;
};

/* Cuts the next word off; "" at the end. */
static struct gc_span next_word(const char **text) {
  struct gc_span word = {*text, strcspn(*text, " ")};
  *text += word.len + ((*text)[word.len] == ' ');
  return word;
}

static bool read_int(const char **text, int64_t *ret) {
  struct gc_span word = next_word(text);
  return gc_decimal_int(word.at, word.len, ret);
}

/* Reads a sum. Pages of earlier versions have its bits in hexadecimal digits,
 * and could have an infinite one. */
static bool read_sum(const char **text, double *ret) {
  struct gc_span word = next_word(text);
  for (size_t i = 0; i < word.len; i++)
    if (strchr(".+-", word.at[i]) != NULL)
      return gc_decimal_real(word.at, word.len, ret);
  char *end = NULL;
  uint64_t bits = strtoull(word.at, &end, 16);
  if (word.len == 0 || end != word.at + word.len)
    return false;
  memcpy(ret, &bits, sizeof(*ret));
  if (!isfinite(*ret))
    *ret = 0.0;
  return true;
}

/* Writes a sum so that no digit is lost, and so that it is not taken for
 * bits. */
static void print_sum(double sum, char out[GC_DECIMAL_SIZE + 2]) {
  size_t len = gc_decimal_print(isfinite(sum) ? sum : 0.0, out);
  if (strpbrk(out, ".+-") == NULL)
    memcpy(out + len, ".0", sizeof(".0"));
}

static bool read_mark(const char *text, struct mark *ret) {
  struct gc_span identity = next_word(&text);
  if (identity.len == 0 || identity.len >= sizeof(ret->identity) ||
      !read_int(&text, &ret->settled_ms) || !read_int(&text, &ret->done_ms) ||
      ret->settled_ms > ret->done_ms)
    return false;
  ret->base_ms = ret->settled_ms;
  if (*text != '\0' &&
      (!read_int(&text, &ret->base_ms) || ret->base_ms > ret->settled_ms))
    return false;
  memcpy(ret->identity, identity.at, identity.len);
  ret->identity[identity.len] = '\0';
  return true;
}

/* Takes a total of the page into the set. Without a slow pass all settled
 * windows are read for good. */
static enum gc_code take_total(struct gc_series_set *set, const char *key,
                               const char *text, bool is_slow) {
  struct gc_amount base, slow = {0, 0.0};
  int64_t sent;
  uint32_t number;
  if (!read_int(&text, &base.count) || !read_sum(&text, &base.sum) ||
      !read_int(&text, &sent) ||
      (*text != '\0' &&
       (!read_int(&text, &slow.count) || !read_sum(&text, &slow.sum))))
    return GC_ERR_PARSE;
  enum gc_code code = gc_series_put(set, key, strlen(key), &number);
  if (code == GC_ERR_LIMIT) /* MaxSeries is smaller than before */
    return GC_OK;
  GC_TRY(code);
  set->at[number].base = is_slow ? base : gc_amount_add(base, slow);
  set->at[number].slow = is_slow ? slow : (struct gc_amount){0, 0.0};
  set->at[number].sent = sent;
  set->at[number].is_begun = true;
  return GC_OK;
}

static enum gc_code add_total(struct gc_buf *fields, const char *key,
                              const struct gc_series *s) {
  char sum[GC_DECIMAL_SIZE + 2], text[192];
  print_sum(s->base.sum, sum);
  int len = snprintf(text, sizeof(text), "%" PRId64 " %s %" PRId64,
                     s->base.count, sum, s->sent);
  if (s->slow.count != 0 || s->slow.sum > 0.0) {
    print_sum(s->slow.sum, sum);
    snprintf(text + len, sizeof(text) - (size_t)len, " %" PRId64 " %s",
             s->slow.count, sum);
  }
  GC_TRY(gc_buf_text(fields, TOTAL));
  return gc_fields_add(fields, key, text);
}

static enum gc_code add_mark(struct gc_buf *fields,
                             const struct gc_checkpoint *c) {
  char text[128];
  int len = snprintf(text, sizeof(text), "%.64s %" PRId64 " %" PRId64,
                     c->identity, c->mark.settled_ms, c->mark.done_ms);
  if (c->mark.base_ms < c->mark.settled_ms)
    snprintf(text + len, sizeof(text) - (size_t)len, " %" PRId64,
             c->mark.base_ms);
  return gc_fields_add(fields, "mark", text);
}

static enum gc_code add_pending(struct gc_buf *fields,
                                const struct gc_outbox *pending) {
  GC_TRY(gc_buf_add(fields, "pending", sizeof("pending")));
  if (pending != NULL && pending->count > 0)
    GC_TRY(gc_outbox_write(pending, fields));
  return gc_buf_add(fields, "", 1);
}

static bool has_total(const struct gc_series *s) {
  return s->is_begun || s->base.count > 0 || s->base.sum > 0.0 ||
         s->slow.count > 0 || s->slow.sum > 0.0;
}

/* Lists the fields of a save: `has` says which totals are not kept yet. */
static enum gc_code list_fields(const struct gc_checkpoint *c,
                                const struct gc_series_set *set,
                                const struct gc_outbox *pending,
                                enum gc_kept has, struct gc_buf *fields) {
  GC_TRY(add_mark(fields, c));
  GC_TRY(add_pending(fields, pending));
  for (uint32_t i = 0; i < set->keys.count && i < set->cap; i++)
    if (set->at[i].is_dirty || (has != GC_KEPT_WHOLE && has_total(&set->at[i])))
      GC_TRY(add_total(fields, gc_intern_text(&set->keys, i), &set->at[i]));
  return GC_OK;
}

/* ---- loading ---- */

/* Takes the mark, the totals and the pending window of a page. *ret_found
 * false: the page is empty. */
static enum gc_code take_page(struct gc_checkpoint *c,
                              const struct gc_buf *fields,
                              const struct gc_windows_rule *rule,
                              struct gc_series_set *series,
                              struct gc_outbox *pending, bool *ret_found,
                              bool *ret_same, struct gc_err *ret_warning) {
  const char *field, *text, *window = "";
  struct mark mark = {.done_ms = 0};
  size_t at = 0;
  *ret_found = false;
  while (gc_fields_next(fields, &at, &field, &text)) {
    if (strcmp(field, "pending") == 0)
      window = text;
    if (strcmp(field, "mark") != 0)
      continue;
    *ret_found = true;
    if (!read_mark(text, &mark))
      return GC_ERR_PARSE;
  }
  if (!*ret_found)
    return GC_OK;
  *ret_same = strcmp(mark.identity, c->identity) == 0;
  at = 0;
  while (*ret_same && gc_fields_next(fields, &at, &field, &text))
    if (strncmp(field, TOTAL, strlen(TOTAL)) == 0)
      GC_TRY(
          take_total(series, field + strlen(TOTAL), text, rule->slow_ms > 0));
  if (window[0] != '\0' &&
      gc_outbox_read(pending, window, strlen(window)) != GC_OK)
    (void)gc_fail(ret_warning, GC_ERR_STATE,
                  "the last interval of query \"%s\" was being sent when "
                  "collectd ended, and its stored values cannot be read: they "
                  "are lost; checkpoint and totals are kept",
                  c->query);
  c->mark.is_set = true;
  c->mark.done_ms = gc_timestamp_floor(mark.done_ms, rule->period_ms);
  c->mark.settled_ms = *ret_same ? mark.settled_ms : c->mark.done_ms;
  c->mark.base_ms =
      *ret_same && rule->slow_ms > 0 ? mark.base_ms : c->mark.settled_ms;
  c->loaded_ms = c->mark.done_ms;
  return GC_OK;
}

/* Returns GC_ERR_UNAVAILABLE without a text: another agent has the lease, which
 * is no failure to report. */
static enum gc_code is_away(struct gc_err *err) {
  *err = (struct gc_err){.code = GC_ERR_UNAVAILABLE};
  return GC_ERR_UNAVAILABLE;
}

static enum gc_code load_lease(struct gc_checkpoint *c,
                               const struct gc_windows_rule *rule,
                               struct gc_series_set *series,
                               struct gc_outbox *pending, bool *ret_found,
                               struct gc_err *ret_warning, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = GC_LEASE_BOOK_MAX_BYTES};
  bool is_same = false;
  c->lease.version = 0;
  c->lease.has = GC_KEPT_OTHER;
  c->lease.fence = gc_lease_page_fence(c->page);
  if (c->lease.fence == 0)
    return is_away(err);
  enum gc_code code = gc_lease_page_copy(c->page, &fields);
  if (code == GC_OK)
    code = take_page(c, &fields, rule, series, pending, ret_found, &is_same,
                     ret_warning);
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "the page of query \"%s\" in Redis: %s",
                       c->query, gc_code_words(code));
}

static enum gc_code load_file(struct gc_checkpoint *c,
                              const struct gc_windows_rule *rule,
                              struct gc_series_set *series,
                              struct gc_outbox *pending,
                              struct gc_err *ret_warning, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = FIELDS_MAX_BYTES};
  bool is_found, is_same = false;
  GC_TRY(gc_store_load_page(c->store, c->account, c->query, &c->file.call,
                            &fields, &c->file.generation, err));
  enum gc_code code = take_page(c, &fields, rule, series, pending, &is_found,
                                &is_same, ret_warning);
  if (code != GC_OK)
    return gc_fail(err, code, "the state of query \"%s\": %s", c->query,
                   gc_code_words(code));
  c->file.has = is_same ? GC_KEPT_WHOLE : GC_KEPT_OTHER;
  return GC_OK;
}

static enum gc_code
load_newest(struct gc_checkpoint *c, const struct gc_windows_rule *rule,
            struct gc_series_set *series, struct gc_outbox *pending,
            struct gc_err *ret_warning, struct gc_err *err) {
  bool is_found = false;
  c->file.has = GC_KEPT_OTHER;
  if (c->page != NULL)
    GC_TRY(load_lease(c, rule, series, pending, &is_found, ret_warning, err));
  if (c->store == NULL)
    return GC_OK;
  if (!is_found)
    return load_file(c, rule, series, pending, ret_warning, err);
  c->file.generation = gc_store_generation(c->store);
  return GC_OK;
}

enum gc_code
gc_checkpoint_load(struct gc_checkpoint *c, const struct gc_windows_rule *rule,
                   struct gc_series_set *series, struct gc_outbox *pending,
                   struct gc_err *ret_warning, struct gc_err *err) {
  gc_outbox_reset(pending);
  enum gc_code code = load_newest(c, rule, series, pending, ret_warning, err);
  if (code != GC_OK)
    gc_series_clear(series);
  return code;
}

void gc_checkpoint_forget(struct gc_checkpoint *c) {
  gc_store_call_leave(&c->file.call);
  c->file.saved = (struct gc_err){.code = GC_OK};
  c->mark = (struct gc_windows_mark){.is_set = false};
  c->loaded_ms = 0;
}

void gc_checkpoint_step_back(struct gc_checkpoint *c, int64_t end_ms) {
  c->mark.done_ms = c->mark.settled_ms = c->mark.base_ms = end_ms;
  c->loaded_ms = 0;
}

/* ---- the lease ---- */

bool gc_checkpoint_holds(const struct gc_checkpoint *c) {
  return c->page == NULL || (c->lease.fence != 0 &&
                             gc_lease_page_fence(c->page) == c->lease.fence);
}

bool gc_checkpoint_is_kept(struct gc_checkpoint *c) {
  if (!gc_checkpoint_is_saved(c))
    return false;
  return c->page == NULL || (gc_checkpoint_holds(c) &&
                             (c->lease.version == 0 ||
                              gc_lease_page_has(c->page, c->lease.version)));
}

/* Saves to the page. A page that the lease cannot carry is left out: the values
 * are sent, and the next holder sends them again. */
static enum gc_code save_lease(struct gc_checkpoint *c,
                               const struct gc_series_set *series,
                               const struct gc_outbox *pending,
                               struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = GC_LEASE_BOOK_MAX_BYTES};
  bool is_all = c->lease.has != GC_KEPT_WHOLE;
  enum gc_code code = list_fields(c, series, pending, c->lease.has, &fields);
  if (code == GC_OK)
    code = gc_lease_page_write(c->page, c->lease.fence, &fields, is_all,
                               &c->lease.version);
  c->lease.has = code == GC_OK ? GC_KEPT_WHOLE : GC_KEPT_OTHER;
  if (code == GC_OK)
    return GC_OK;
  c->lease.version = 0;
  if (code == GC_ERR_STATE)
    return is_away(err);
  if (code == GC_ERR_MEMORY)
    return gc_fail(err, code, "totals: out of memory");
  return gc_fail(err, code,
                 "the totals and the window of query \"%s\" are more than the "
                 "%d MB that a lease carries: the next holder sends intervals "
                 "again; ask for fewer series",
                 c->query, GC_LEASE_BOOK_MAX_BYTES >> 20);
}

/* ---- the state file ---- */

/* Begins a save, or looks for its end. */
static enum gc_code save_fields(struct gc_checkpoint *c, struct gc_buf *fields,
                                struct gc_err *err) {
  GC_ASSERT(c->mark.base_ms <= c->mark.settled_ms &&
            c->mark.settled_ms <= c->mark.done_ms);
  GC_ASSERT((fields == NULL) == (c->file.call != NULL));
  const struct gc_page_save how = {
      .at_ms = c->mark.done_ms,
      .is_all = c->file.has == GC_KEPT_OTHER,
      .drop_before_ms = c->loaded_ms != 0 ? c->loaded_ms - keep_ms : 0,
      .generation = c->file.generation};
  enum gc_code code = gc_store_save_page(c->store, c->account, c->query, &how,
                                         fields, &c->file.call, err);
  if (code == GC_ERR_TIMEOUT)
    return code;
  if (code == GC_OK) {
    c->file.has = GC_KEPT_WHOLE;
    c->loaded_ms = 0; /* old totals were dropped */
  } else if (c->file.has == GC_KEPT_WHOLE) {
    c->file.has = GC_KEPT_PART;
  }
  return code;
}

static enum gc_code begin_save(struct gc_checkpoint *c,
                               const struct gc_series_set *series,
                               const struct gc_outbox *pending,
                               struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = FIELDS_MAX_BYTES};
  enum gc_code code = list_fields(c, series, pending, c->file.has, &fields);
  if (code != GC_OK)
    return gc_fail(err, code, "a window of query \"%s\": %s", c->query,
                   gc_code_words(code));
  return save_fields(c, &fields, err);
}

/* A newer file, or one that was not open at the load, has none of the totals.
 */
static bool is_file_new(const struct gc_checkpoint *c) {
  return c->file.generation != gc_store_generation(c->store);
}

static void take_file(struct gc_checkpoint *c) {
  c->file.generation = gc_store_generation(c->store);
  c->file.has = GC_KEPT_OTHER;
}

static enum gc_code save_file(struct gc_checkpoint *c,
                              const struct gc_series_set *series,
                              const struct gc_outbox *pending,
                              struct gc_err *err) {
  GC_ASSERT(c->file.call == NULL);
  if (c->file.generation == 0)
    take_file(c);
  enum gc_code code = begin_save(c, series, pending, err);
  if (code == GC_OK || code == GC_ERR_TIMEOUT || !is_file_new(c))
    return code;
  take_file(c);
  return begin_save(c, series, pending, err);
}

bool gc_checkpoint_is_saved(struct gc_checkpoint *c) {
  struct gc_err err = {.code = GC_OK};
  if (c->file.call == NULL)
    return true;
  enum gc_code code = save_fields(c, NULL, &err);
  if (code == GC_ERR_TIMEOUT)
    return false;
  if (code != GC_OK && is_file_new(c))
    take_file(c);
  c->file.saved = err;
  c->file.saved.code = code;
  return true;
}

enum gc_code gc_checkpoint_save(struct gc_checkpoint *c,
                                struct gc_series_set *series,
                                const struct gc_outbox *pending,
                                struct gc_err *err) {
  struct gc_err of_page = {.code = GC_OK};
  enum gc_code code = GC_OK;
  if (c->page != NULL)
    (void)save_lease(c, series, pending, &of_page);
  *err = of_page;
  if (of_page.code == GC_ERR_UNAVAILABLE) /* the holder's totals count */
    return of_page.code;
  if (c->store != NULL)
    code = save_file(c, series, pending, err);
  /* What was not saved now is saved with all totals. */
  for (size_t i = 0; i < series->cap; i++)
    series->at[i].is_dirty = false;
  if (code == GC_OK)
    *err = of_page;
  return code == GC_OK ? of_page.code : code;
}
