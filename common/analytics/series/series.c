/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/series.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"

enum gc_code gc_series_put(struct gc_series_set *s, const char *key, size_t len,
                           uint32_t *ret_number) {
  uint32_t number, count = s->keys.count;
  GC_TRY(gc_intern_put(&s->keys, key, len, &number));
  if (number >= s->cap) {
    size_t cap = s->keys.cap;
    struct gc_series *at = realloc(s->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    for (size_t i = s->cap; i < cap; i++)
      at[i] = (struct gc_series){.sent = 0};
    s->at = at;
    s->cap = cap;
  }
  if (number == count)
    s->at[number].seen = s->windows;
  *ret_number = number;
  return GC_OK;
}

void gc_series_clear(struct gc_series_set *s) {
  gc_intern_clear(&s->keys);
  free(s->at);
  s->at = NULL;
  s->cap = 0;
}

void gc_series_forget_again(struct gc_series_set *s) {
  for (size_t i = 0; i < s->cap; i++)
    s->at[i].again = s->at[i].settle = (struct gc_amount){0, 0.0};
}

static bool is_same_amount(const struct gc_amount *a,
                           const struct gc_amount *b) {
  return a->count == b->count && !(a->sum < b->sum) && !(a->sum > b->sum);
}

/* Adds an amount to the settled windows. */
static void settle_amount(struct gc_series *s, const struct gc_amount *a,
                          enum gc_settling how) {
  struct gc_amount *into = how == GC_SETTLES_SLOW ? &s->slow : &s->base;
  if (how == GC_SETTLES_NOT)
    return;
  *into = gc_amount_add(*into, *a);
  s->is_dirty |= a->count != 0 || a->sum > 0.0;
}

size_t gc_series_revise(struct gc_series_set *s, enum gc_settling how) {
  size_t revised = 0;
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++) {
    struct gc_series *one = &s->at[i];
    struct gc_amount total =
        gc_amount_add(gc_amount_add(one->base, one->slow), one->again);
    if (one->is_known && !is_same_amount(&total, &one->total))
      revised++;
    if (one->again.count != 0 || one->again.sum > 0.0)
      one->seen = s->windows;
    settle_amount(one, &one->settle, how);
    one->total = total;
    one->is_known = true;
    one->again = one->settle = (struct gc_amount){0, 0.0};
  }
  return revised;
}

void gc_series_take_slow(struct gc_series_set *s) {
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++) {
    struct gc_series *one = &s->at[i];
    one->is_dirty |= !is_same_amount(&one->slow, &one->again);
    one->slow = one->again;
    settle_amount(one, &one->settle, GC_SETTLES_BASE);
    one->again = one->settle = (struct gc_amount){0, 0.0};
  }
}

void gc_series_add(struct gc_series_set *set, uint32_t number,
                   const struct gc_amount *a, enum gc_settling how) {
  GC_ASSERT(number < set->keys.count && set->keys.count <= set->cap);
  struct gc_series *s = &set->at[number];
  s->seen = set->windows;
  s->total = gc_amount_add(s->total, *a);
  s->is_known = true;
  settle_amount(s, a, how);
}

int64_t gc_series_counter(struct gc_series *s) {
  if (s->total.count > s->sent) {
    s->sent = s->total.count;
    s->is_dirty = true;
  }
  return s->sent;
}

int64_t gc_series_carried(const struct gc_series_set *s) {
  int64_t carried = 0;
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++)
    if (s->at[i].is_known && s->at[i].sent > s->at[i].total.count)
      carried = gc_add_counts(carried, s->at[i].sent - s->at[i].total.count);
  return carried;
}

static bool is_idle(const struct gc_series_set *s, uint32_t number,
                    uint64_t idle) {
  const struct gc_series *one = &s->at[number];
  return !one->is_dirty && s->windows - one->seen >= idle;
}

static size_t count_idle(const struct gc_series_set *s, uint64_t idle) {
  size_t count = 0;
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++)
    count += is_idle(s, i, idle);
  return count;
}

size_t gc_series_forget_idle(struct gc_series_set *s, uint64_t idle) {
  struct gc_series_set kept = {.keys.max = s->keys.max, .windows = s->windows};
  size_t gone = count_idle(s, idle);
  if (gone == 0)
    return 0;
  for (uint32_t i = 0; i < s->keys.count && i < s->cap; i++) {
    const char *key = gc_intern_text(&s->keys, i);
    uint32_t number;
    if (is_idle(s, i, idle))
      continue;
    if (gc_series_put(&kept, key, strlen(key), &number) != GC_OK) {
      gc_series_clear(&kept);
      return 0;
    }
    kept.at[number] = s->at[i];
  }
  gc_series_clear(s);
  *s = kept;
  return gone;
}
