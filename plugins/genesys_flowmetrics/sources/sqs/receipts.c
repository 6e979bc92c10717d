/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/receipts.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 10 };

bool receipts_add(struct receipts *r, char *receipt) {
  if (r->count == r->cap) {
    size_t cap = r->cap == 0 ? FIRST_CAP : r->cap * 2;
    char **bigger = realloc(r->at, cap * sizeof(*bigger));
    if (bigger == NULL)
      return false;
    r->at = bigger;
    r->cap = cap;
  }
  r->at[r->count++] = receipt;
  return true;
}

size_t receipts_filter(struct receipts *r,
                       bool (*keep)(void *ctx, size_t place), void *ctx) {
  size_t kept = 0, count = r->count;
  for (size_t i = 0; i < count; i++) {
    if (keep(ctx, i))
      r->at[kept++] = r->at[i];
    else
      free(r->at[i]);
  }
  r->count = kept;
  return count - kept;
}

void receipts_clear(struct receipts *r) {
  for (size_t i = 0; i < r->count; i++)
    free(r->at[i]);
  free(r->at);
  *r = (struct receipts){0};
}

void receipts_move(struct receipts *from, size_t max, struct receipts *to) {
  size_t n = from->count < max ? from->count : max, moved = 0;
  while (moved < n && receipts_add(to, from->at[moved]))
    moved++;
  from->count -= moved;
  memmove(from->at, from->at + moved, from->count * sizeof(*from->at));
}
