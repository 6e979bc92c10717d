/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/series.h"

#include <stdlib.h>

enum gc_code series_put(struct series_set *s, const char *key, size_t len,
                        uint32_t *ret_number) {
  uint32_t number;
  GC_TRY(gc_intern_put(&s->keys, key, len, &number));
  if (number >= s->cap) {
    size_t cap = s->keys.cap;
    struct series *at = realloc(s->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    for (size_t i = s->cap; i < cap; i++)
      at[i] = (struct series){.sent = 0};
    s->at = at;
    s->cap = cap;
  }
  *ret_number = number;
  return GC_OK;
}

void series_clear(struct series_set *s) {
  gc_intern_clear(&s->keys);
  free(s->at);
  s->at = NULL;
  s->cap = 0;
}

void series_forget_again(struct series_set *s) {
  for (size_t i = 0; i < s->cap; i++)
    s->at[i].again = s->at[i].settle = (struct amount){0, 0.0};
}

static struct amount plus(struct amount a, struct amount b) {
  return (struct amount){a.count + b.count, a.sum + b.sum};
}

static bool same(const struct amount *a, const struct amount *b) {
  return a->count == b->count && !(a->sum < b->sum) && !(a->sum > b->sum);
}

size_t series_revise(struct series_set *s) {
  size_t revised = 0;
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++) {
    struct series *one = &s->at[i];
    struct amount total = plus(one->base, one->again);
    if (one->is_known && !same(&total, &one->total))
      revised++;
    if (one->settle.count != 0 || one->settle.sum > 0.0)
      one->is_dirty = true;
    one->base = plus(one->base, one->settle);
    one->total = total;
    one->is_known = true;
    one->again = one->settle = (struct amount){0, 0.0};
  }
  return revised;
}

void series_add(struct series *s, const struct amount *a, bool settles) {
  s->total = plus(s->total, *a);
  s->is_known = true;
  if (settles) {
    s->base = plus(s->base, *a);
    s->is_dirty = true;
  }
}

int64_t series_counter(struct series *s) {
  if (s->total.count > s->sent) {
    s->sent = s->total.count;
    s->is_dirty = true;
  }
  return s->sent;
}

int64_t series_carried(const struct series_set *s) {
  int64_t carried = 0;
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++)
    if (s->at[i].is_known && s->at[i].sent > s->at[i].total.count)
      carried += s->at[i].sent - s->at[i].total.count;
  return carried;
}
