/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <stdlib.h>

/* Names of one batch; a message has 1 MB at most. */
enum { NAMES_MAX_BYTES = 64 << 20, MARKS_FIRST = 64 };

static struct mark *more(struct batch *b) {
  if (b->count < b->cap)
    return &b->marks[b->count];
  size_t cap = b->cap == 0 ? MARKS_FIRST : b->cap * 2;
  struct mark *bigger = realloc(b->marks, cap * sizeof(*bigger));
  if (bigger == NULL)
    return NULL;
  b->marks = bigger;
  b->cap = cap;
  return &b->marks[b->count];
}

enum gc_code batch_take(void *ctx, const struct event_metric *m) {
  struct batch *b = ctx;
  struct mark *mark = more(b);
  if (mark == NULL)
    return GC_ERR_MEMORY;
  b->names.max = NAMES_MAX_BYTES;
  *mark = (struct mark){.names = b->names.len,
                        .value = m->kind == VALUE_NUMBER ? m->value : 0,
                        .has_value = m->kind == VALUE_NUMBER};
  mark->key =
      seen_key_of(b->source->is_shared ? "" : b->source->scope, m->conversation,
                  m->name, m->name_len, m->parts.time_ms);
  GC_TRY(gc_buf_add(&b->names, m->parts.flow, m->parts.flow_len));
  GC_TRY(gc_buf_add(&b->names, "", 1));
  GC_TRY(gc_buf_add(&b->names, m->parts.metric, m->parts.metric_len));
  GC_TRY(gc_buf_add(&b->names, "", 1));
  b->count++;
  return GC_OK;
}

void batch_cut(struct batch *b, size_t count) {
  if (count < b->count)
    b->count = count;
}

void batch_clear(struct batch *b) {
  free(b->marks);
  gc_buf_clear(&b->names);
  b->marks = NULL;
  b->count = b->cap = 0;
}
