/* SPDX-License-Identifier: MIT */
#include "common/analytics/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"

enum { PENDING_MAX_BYTES = GC_OUTBOX_TEXT_MAX };

/* A series without an event for this time before the last save begins at 0
 * again after a restart. No clock of now counts: one that is months ahead would
 * delete all totals. */
static const int64_t keep_ms = INT64_C(92) * 86400000;

static enum gc_code on_total(void *ctx, const struct gc_query_total *total) {
  struct gc_series_set *set = ctx;
  uint32_t number;
  enum gc_code code =
      gc_series_put(set, total->series, strlen(total->series), &number);
  if (code == GC_ERR_LIMIT) /* MaxSeries is smaller than before */
    return GC_OK;
  GC_TRY(code);
  set->at[number].base = (struct gc_amount){total->count, total->sum};
  set->at[number].sent = total->sent;
  set->at[number].is_begun = true;
  return GC_OK;
}

enum gc_code gc_checkpoint_load(struct gc_checkpoint *c, int64_t period_ms,
                                struct gc_series_set *series,
                                struct gc_outbox *pending, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = PENDING_MAX_BYTES};
  struct gc_query_mark mark = {.done_ms = 0};
  bool is_there = false;
  gc_outbox_reset(pending);
  c->forget = true;
  if (c->store == NULL)
    return GC_OK;
  GC_TRY(gc_store_load_query(c->store, c->account, c->query, &is_there, &mark,
                             &text, err));
  if (!is_there)
    return GC_OK;
  if (text.len > 0 && gc_outbox_read(pending, text.data, text.len) != GC_OK)
    return gc_fail(err, GC_ERR_STATE,
                   "the state of query \"%s\" cannot be read; it starts from "
                   "the beginning",
                   c->query);
  c->mark.is_set = true;
  c->forget = strcmp(mark.identity, c->identity) != 0;
  c->mark.done_ms = gc_timestamp_floor(mark.done_ms, period_ms);
  c->loaded_ms = c->mark.done_ms;
  c->mark.settled_ms = c->forget ? c->mark.done_ms : mark.settled_ms;
  return c->forget ? GC_OK
                   : gc_store_load_totals(c->store, c->account, c->query,
                                          on_total, series, err);
}

void gc_checkpoint_step_back(struct gc_checkpoint *c, int64_t end_ms) {
  c->mark.done_ms = c->mark.settled_ms = end_ms;
  c->loaded_ms = 0;
}

/* The totals that changed, as rows; the caller frees. */
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

static enum gc_code save_rows(struct gc_checkpoint *c,
                              const struct gc_query_total *rows, size_t count,
                              const struct gc_outbox *pending,
                              struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = PENDING_MAX_BYTES};
  struct gc_query_save s = {
      .mark = {.settled_ms = c->mark.settled_ms, .done_ms = c->mark.done_ms},
      .totals = rows,
      .total_count = count,
      .forget = c->forget,
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
  return gc_store_save_query(c->store, c->account, c->query, &s, err);
}

enum gc_code gc_checkpoint_save(struct gc_checkpoint *c,
                                struct gc_series_set *series,
                                const struct gc_outbox *pending,
                                struct gc_err *err) {
  struct gc_query_total *rows = NULL;
  size_t count;
  if (c->store == NULL)
    return GC_OK;
  enum gc_code code = list_dirty(series, &rows, &count);
  if (code != GC_OK)
    return gc_fail(err, code, "totals: out of memory");
  code = save_rows(c, rows, count, pending, err);
  free(rows);
  if (code != GC_OK)
    return code;
  c->forget = false;
  c->is_tidy = true;
  for (size_t i = 0; i < series->cap; i++)
    series->at[i].is_dirty = false;
  return GC_OK;
}
