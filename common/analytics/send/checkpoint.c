/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/analytics/send/checkpoint_page.h"
#include "common/base/timestamp.h"

enum { PENDING_MAX_BYTES = GC_OUTBOX_TEXT_MAX };

/* A series without an event for this time before the last save begins at 0
 * again after a restart. The current time does not count: a clock that is
 * months ahead would delete all totals. */
static const int64_t keep_ms = INT64_C(92) * 86400000;

static enum gc_code on_total(void *ctx, const struct gc_query_total *total) {
  struct gc_series_set *set = ctx;
  uint32_t number;
  enum gc_code code =
      gc_series_put(set, total->series, strlen(total->series), &number);
  if (code == GC_ERR_LIMIT) /* MaxSeries is smaller than before */
    return GC_OK;
  GC_TRY(code);
  /* An earlier version could save an infinite sum. */
  set->at[number].base =
      (struct gc_amount){total->count, isfinite(total->sum) ? total->sum : 0.0};
  set->at[number].sent = total->sent;
  set->at[number].is_begun = true;
  return GC_OK;
}

/* Takes the mark and the pending window. */
static void take_mark(struct gc_checkpoint *c, const struct gc_query_mark *mark,
                      const struct gc_buf *text, int64_t period_ms,
                      struct gc_outbox *pending, struct gc_err *ret_warning) {
  bool is_same = strcmp(mark->identity, c->identity) == 0;
  if (mark->is_pending_cut ||
      (text->len > 0 &&
       gc_outbox_read(pending, text->data, text->len) != GC_OK))
    (void)gc_fail(ret_warning, GC_ERR_STATE,
                  "the last interval of query \"%s\" was being sent when "
                  "collectd ended, and its stored values cannot be read: they "
                  "are lost; checkpoint and totals are kept",
                  c->query);
  c->mark.is_set = true;
  c->mark.done_ms = gc_timestamp_floor(mark->done_ms, period_ms);
  c->mark.settled_ms = is_same ? mark->settled_ms : c->mark.done_ms;
  c->loaded_ms = c->mark.done_ms;
}

static enum gc_code load_all(struct gc_checkpoint *c, int64_t period_ms,
                             struct gc_series_set *series,
                             struct gc_outbox *pending,
                             struct gc_err *ret_warning, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = PENDING_MAX_BYTES};
  struct gc_query_mark mark = {.done_ms = 0};
  bool is_there = false;
  GC_TRY(gc_store_load_query(c->store, c->account, c->query, &is_there, &mark,
                             &c->generation, &text, err));
  if (!is_there)
    return GC_OK;
  if (strcmp(mark.identity, c->identity) == 0) {
    c->forget = false;
    GC_TRY(gc_store_load_totals(c->store, c->account, c->query, on_total,
                                series, err));
    if (c->generation != gc_store_generation(c->store))
      return gc_fail(err, GC_ERR_STATE,
                     "the state file was replaced while it was read");
  }
  take_mark(c, &mark, &text, period_ms, pending, ret_warning);
  return GC_OK;
}

/* Marks all totals as changed, since the file or page that is saved next has
 * none of them. */
static void mark_all(struct gc_series_set *series) {
  for (uint32_t i = 0; i < series->keys.count && i < series->cap; i++) {
    struct gc_series *s = &series->at[i];
    s->is_dirty |= s->is_begun || s->base.count > 0 || s->base.sum > 0.0;
  }
}

/* Returns GC_ERR_UNAVAILABLE without a text: another agent has the lease, which
 * is no failure to report. */
static enum gc_code is_away(struct gc_err *err) {
  *err = (struct gc_err){.code = GC_ERR_UNAVAILABLE};
  return GC_ERR_UNAVAILABLE;
}

static enum gc_code load_page(struct gc_checkpoint *c, int64_t period_ms,
                              struct gc_series_set *series,
                              struct gc_outbox *pending, bool *ret_found,
                              struct gc_err *ret_warning, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = PENDING_MAX_BYTES};
  struct gc_query_mark mark = {.done_ms = 0};
  c->version = 0;
  c->is_page_whole = false;
  c->fence = gc_lease_page_fence(c->page);
  if (c->fence == 0)
    return is_away(err);
  enum gc_code code = gc_checkpoint_page_read(c->page, c->identity, ret_found,
                                              &mark, &text, on_total, series);
  if (code != GC_OK)
    return gc_fail(err, code, "the page of query \"%s\" in Redis: %s", c->query,
                   gc_code_words(code));
  if (*ret_found)
    take_mark(c, &mark, &text, period_ms, pending, ret_warning);
  return GC_OK;
}

static enum gc_code load_newest(struct gc_checkpoint *c, int64_t period_ms,
                                struct gc_series_set *series,
                                struct gc_outbox *pending,
                                struct gc_err *ret_warning,
                                struct gc_err *err) {
  bool is_found = false;
  if (c->page != NULL)
    GC_TRY(
        load_page(c, period_ms, series, pending, &is_found, ret_warning, err));
  if (!is_found && c->store != NULL)
    GC_TRY(load_all(c, period_ms, series, pending, ret_warning, err));
  if (is_found && c->store != NULL)
    c->generation = gc_store_generation(c->store);
  if (c->page != NULL)
    mark_all(series);
  return GC_OK;
}

enum gc_code gc_checkpoint_load(struct gc_checkpoint *c, int64_t period_ms,
                                struct gc_series_set *series,
                                struct gc_outbox *pending,
                                struct gc_err *ret_warning,
                                struct gc_err *err) {
  gc_outbox_reset(pending);
  c->forget = true;
  enum gc_code code =
      load_newest(c, period_ms, series, pending, ret_warning, err);
  if (code != GC_OK)
    gc_series_clear(series);
  return code;
}

bool gc_checkpoint_holds(const struct gc_checkpoint *c) {
  return c->page == NULL ||
         (c->fence != 0 && gc_lease_page_fence(c->page) == c->fence);
}

bool gc_checkpoint_is_kept(const struct gc_checkpoint *c) {
  return c->page == NULL ||
         (gc_checkpoint_holds(c) &&
          (c->version == 0 || gc_lease_page_has(c->page, c->version)));
}

void gc_checkpoint_step_back(struct gc_checkpoint *c, int64_t end_ms) {
  c->mark.done_ms = c->mark.settled_ms = end_ms;
  c->loaded_ms = 0;
}

/* Lists the totals that changed as rows, which the caller frees. */
static enum gc_code list_dirty(const struct gc_series_set *set,
                               struct gc_query_total **ret_rows,
                               size_t *ret_count) {
  size_t count = 0;
  for (uint32_t i = 0; i < set->keys.count && i < set->cap; i++)
    count += set->at[i].is_dirty;
  struct gc_query_total *rows = calloc(count + 1, sizeof(*rows));
  if (rows == NULL)
    return GC_ERR_MEMORY;
  count = 0;
  for (uint32_t i = 0; i < set->keys.count && i < set->cap; i++)
    if (set->at[i].is_dirty)
      rows[count++] = (struct gc_query_total){
          .series = gc_intern_text(&set->keys, i),
          .count = set->at[i].base.count,
          .sum = set->at[i].base.sum,
          .sent = set->at[i].sent,
      };
  *ret_rows = rows;
  *ret_count = count;
  return GC_OK;
}

/* Saves to the store or, if `to_page`, to the page of the lease. */
static enum gc_code save_rows(struct gc_checkpoint *c,
                              const struct gc_query_total *rows, size_t count,
                              const struct gc_outbox *pending, bool to_page,
                              struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = PENDING_MAX_BYTES};
  struct gc_query_save s = {
      .mark = {.settled_ms = c->mark.settled_ms, .done_ms = c->mark.done_ms},
      .totals = rows,
      .total_count = count,
      .forget = to_page ? !c->is_page_whole : c->forget,
      .generation = c->generation,
      .drop_before_ms =
          c->is_tidy || c->loaded_ms == 0 ? 0 : c->loaded_ms - keep_ms};
  memcpy(s.mark.identity, c->identity, sizeof(s.mark.identity));
  if (pending != NULL && pending->count > 0) {
    enum gc_code code = gc_outbox_write(pending, &text);
    if (code != GC_OK)
      return gc_fail(err, code, "a window of query \"%s\": %s", c->query,
                     gc_code_words(code));
    s.pending = text.data;
    s.pending_len = text.len;
  }
  return to_page ? gc_checkpoint_page_write(c->page, c->fence, &s, &c->version)
                 : gc_store_save_query(c->store, c->account, c->query, &s, err);
}

static void take_generation(struct gc_checkpoint *c,
                            struct gc_series_set *series) {
  c->generation = gc_store_generation(c->store);
  c->forget = true;
  mark_all(series);
}

static enum gc_code save_dirty(struct gc_checkpoint *c,
                               const struct gc_series_set *series,
                               const struct gc_outbox *pending, bool to_page,
                               struct gc_err *err) {
  struct gc_query_total *rows = NULL;
  size_t count;
  enum gc_code code = list_dirty(series, &rows, &count);
  if (code != GC_OK)
    return gc_fail(err, code, "totals: out of memory");
  code = save_rows(c, rows, count, pending, to_page, err);
  free(rows);
  return code;
}

/* Saves to the page. A page that the lease cannot carry is left out: the values
 * are sent, and the next holder sends them again. */
static enum gc_code save_page(struct gc_checkpoint *c,
                              struct gc_series_set *series,
                              const struct gc_outbox *pending,
                              struct gc_err *err) {
  enum gc_code code = save_dirty(c, series, pending, true, err);
  c->is_page_whole = code == GC_OK;
  if (code == GC_OK)
    return GC_OK;
  c->version = 0;
  if (code == GC_ERR_STATE)
    return is_away(err);
  mark_all(series);
  if (code == GC_ERR_MEMORY)
    return gc_fail(err, code, "totals: out of memory");
  return gc_fail(err, code,
                 "the totals and the window of query \"%s\" are more than the "
                 "%d MB that a lease carries: the next holder sends intervals "
                 "again; ask for fewer series",
                 c->query, GC_LEASE_BOOK_MAX_BYTES >> 20);
}

static enum gc_code save_store(struct gc_checkpoint *c,
                               struct gc_series_set *series,
                               const struct gc_outbox *pending,
                               struct gc_err *err) {
  struct gc_err first = {.code = GC_OK};
  if (c->generation == 0) /* the file was not open at the load */
    take_generation(c, series);
  enum gc_code code = save_dirty(c, series, pending, false, &first);
  if (code != GC_OK && c->generation != gc_store_generation(c->store)) {
    take_generation(c, series);
    return save_dirty(c, series, pending, false, err);
  }
  if (code != GC_OK)
    *err = first;
  return code;
}

enum gc_code gc_checkpoint_save(struct gc_checkpoint *c,
                                struct gc_series_set *series,
                                const struct gc_outbox *pending,
                                struct gc_err *err) {
  enum gc_code page = GC_OK;
  if (c->page != NULL)
    page = save_page(c, series, pending, err);
  if (page == GC_ERR_UNAVAILABLE) /* the holder's totals count */
    return page;
  if (c->store != NULL)
    GC_TRY(save_store(c, series, pending, err));
  c->forget = false;
  c->is_tidy = true;
  if (page != GC_OK) /* the next page needs all totals */
    return page;
  for (size_t i = 0; i < series->cap; i++)
    series->at[i].is_dirty = false;
  return GC_OK;
}
