/* SPDX-License-Identifier: MIT */
#include "common/analytics/decode/results.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"

void gc_results_clear(struct gc_results *r) {
  free(r->facts);
  r->facts = NULL;
  r->count = r->cap = 0;
  r->tally = (struct gc_results_tally){0};
}

static int compare_facts(const void *a, const void *b) {
  const struct gc_fact *x = a, *y = b;
  if (x->window != y->window)
    return x->window < y->window ? -1 : 1;
  return x->series < y->series ? -1 : x->series > y->series;
}

/* Adds two facts of one series and window. Numerators and denominators add up;
 * a ratio without them is that of `f`. */
static void merge_facts(struct gc_fact *into, const struct gc_fact *f) {
  bool is_ratio = (f->has | into->has) &
                  (GC_FACT_RATIO | GC_FACT_NUMERATOR | GC_FACT_CURRENT);
  into->count = gc_add_counts(into->count, f->count);
  if (is_ratio) {
    into->numerator += f->numerator;
    into->denominator += f->denominator;
    into->ratio = f->ratio;
  } else {
    into->sum += f->sum;
    if (!(into->has & GC_FACT_MIN) ||
        (f->has & GC_FACT_MIN && f->min < into->min))
      into->min = f->min;
    if (!(into->has & GC_FACT_MAX) ||
        (f->has & GC_FACT_MAX && f->max > into->max))
      into->max = f->max;
  }
  into->has |= f->has;
}

void gc_results_sort(struct gc_results *r) {
  size_t kept = 0;
  if (r->count > 1)
    qsort(r->facts, r->count, sizeof(*r->facts), compare_facts);
  for (size_t i = 0; i < r->count; i++) {
    if (kept > 0 && compare_facts(&r->facts[kept - 1], &r->facts[i]) == 0)
      merge_facts(&r->facts[kept - 1], &r->facts[i]);
    else
      r->facts[kept++] = r->facts[i];
  }
  r->count = kept;
}

void gc_staging_reset(struct gc_staging *s) {
  s->count = 0;
  s->tally = (struct gc_results_tally){0};
  gc_unknown_words_clear(&s->unknown);
  if (s->again_cap > 0)
    memset(s->again, 0, s->again_cap * sizeof(*s->again));
}

void gc_staging_clear(struct gc_staging *s) {
  free(s->facts);
  free(s->again);
  *s = (struct gc_staging){.into = s->into};
}

static enum gc_code add_again(struct gc_staging *s, bool settles,
                              const struct gc_fact *fact) {
  if (fact->series >= s->again_cap) {
    size_t cap = s->into->series->cap;
    struct gc_staging_again *again = realloc(s->again, cap * sizeof(*again));
    if (again == NULL)
      return GC_ERR_MEMORY;
    memset(again + s->again_cap, 0, (cap - s->again_cap) * sizeof(*again));
    s->again = again;
    s->again_cap = cap;
  }
  struct gc_staging_again *a = &s->again[fact->series];
  struct gc_amount amount = {fact->count,
                             fact->has & GC_FACT_SUM ? fact->sum : 0.0};
  if (settles)
    a->settle = gc_amount_add(a->settle, amount);
  if (!settles || !s->into->settles_apart)
    a->again = gc_amount_add(a->again, amount);
  return GC_OK;
}

/* Makes room for one more fact; GC_ERR_LIMIT past `max`. */
static enum gc_code make_room(struct gc_fact **facts, size_t count, size_t *cap,
                              size_t max) {
  if (count >= max)
    return GC_ERR_LIMIT;
  if (count < *cap)
    return GC_OK;
  size_t more = *cap == 0 ? 256 : *cap * 2;
  struct gc_fact *moved = realloc(*facts, more * sizeof(**facts));
  if (moved == NULL)
    return GC_ERR_MEMORY;
  *facts = moved;
  *cap = more;
  return GC_OK;
}

static bool is_within(int64_t end_ms, int64_t from_ms, int64_t to_ms) {
  return end_ms > from_ms && end_ms <= to_ms;
}

enum gc_code gc_staging_fact(struct gc_staging *s, const char *key,
                             size_t key_len, int64_t end_ms,
                             struct gc_fact *fact) {
  const struct gc_windows_plan *plan = &s->into->plan;
  int64_t period_ms = s->into->query->rule.period_ms;
  bool is_new = is_within(end_ms, plan->from_ms, plan->to_ms);
  if (end_ms % period_ms != 0 ||
      !is_within(end_ms, s->into->asked_from_ms, s->into->asked_to_ms) ||
      (!is_new && !is_within(end_ms, plan->again_from_ms, plan->again_to_ms))) {
    s->tally.foreign++;
    return GC_OK;
  }
  enum gc_code code =
      fact->series != GC_SERIES_UNKNOWN
          ? GC_OK
          : gc_series_put(s->into->series, key, key_len, &fact->series);
  if (code == GC_ERR_LIMIT) {
    s->tally.overflow++;
    return GC_OK;
  }
  GC_TRY(code);
  s->tally.read++;
  if (!is_new)
    return add_again(s, end_ms <= plan->final_ms, fact);
  GC_TRY(make_room(&s->facts, s->count, &s->cap, s->into->max));
  fact->window = (uint32_t)((end_ms - plan->from_ms) / period_ms - 1);
  s->facts[s->count++] = *fact;
  return GC_OK;
}

enum gc_code gc_staging_finish(struct gc_staging *s) {
  struct gc_results *r = s->into;
  GC_ASSERT(r->count <= r->cap && r->cap <= r->max);
  while (r->cap < r->count + s->count)
    GC_TRY(make_room(&r->facts, r->cap, &r->cap, r->max));
  if (s->count > 0)
    memcpy(r->facts + r->count, s->facts, s->count * sizeof(*s->facts));
  r->count += s->count;
  for (size_t i = 0; i < s->again_cap && i < r->series->cap; i++) {
    struct gc_series *one = &r->series->at[i];
    one->again = gc_amount_add(one->again, s->again[i].again);
    one->settle = gc_amount_add(one->settle, s->again[i].settle);
  }
  r->tally.read += s->tally.read;
  r->tally.foreign += s->tally.foreign;
  r->tally.broken += s->tally.broken;
  r->tally.overflow += s->tally.overflow;
  gc_unknown_words_move(&r->unknown, &s->unknown);
  gc_staging_reset(s);
  return GC_OK;
}
