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
  bool is_ratio = (f->has | into->has) & (GC_HAS_RATIO | GC_HAS(CURRENT));
  into->count = gc_add_counts(into->count, f->count);
  if (is_ratio) {
    into->numerator += f->numerator;
    into->denominator += f->denominator;
    into->ratio = f->ratio;
  } else {
    into->sum += f->sum;
    if (!(into->has & GC_HAS(MIN)) ||
        (f->has & GC_HAS(MIN) && f->min < into->min))
      into->min = f->min;
    if (!(into->has & GC_HAS(MAX)) ||
        (f->has & GC_HAS(MAX) && f->max > into->max))
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

/* Adds to the sums of the windows that are read again. */
static void add_again(struct gc_results *r, bool settles,
                      const struct gc_fact *f) {
  struct gc_series *s = &r->series->at[f->series];
  struct gc_amount amount = gc_fact_amount(f);
  if (settles)
    s->settle = gc_amount_add(s->settle, amount);
  if (!settles || !r->settles_apart)
    s->again = gc_amount_add(s->again, amount);
}

static enum gc_code make_room(struct gc_results *r) {
  GC_ASSERT(r->count <= r->cap && r->count <= r->max);
  if (r->count == r->max)
    return GC_ERR_LIMIT;
  if (r->count < r->cap)
    return GC_OK;
  size_t cap = r->cap == 0 ? 256 : r->cap * 2;
  struct gc_fact *facts = realloc(r->facts, cap * sizeof(*facts));
  if (facts == NULL)
    return GC_ERR_MEMORY;
  r->facts = facts;
  r->cap = cap;
  return GC_OK;
}

static bool is_within(int64_t end_ms, int64_t from_ms, int64_t to_ms) {
  return end_ms > from_ms && end_ms <= to_ms;
}

enum gc_code gc_results_add(struct gc_results *r, const char *key,
                            size_t key_len, int64_t end_ms,
                            struct gc_fact *fact) {
  const struct gc_windows_plan *plan = &r->plan;
  int64_t period_ms = r->query->rule.period_ms;
  bool is_new = is_within(end_ms, plan->from_ms, plan->to_ms);
  if (end_ms % period_ms != 0 ||
      !is_within(end_ms, r->asked_from_ms, r->asked_to_ms) ||
      (!is_new && !is_within(end_ms, plan->again_from_ms, plan->again_to_ms))) {
    r->tally.foreign++;
    return GC_OK;
  }
  enum gc_code code =
      fact->series != GC_SERIES_UNKNOWN
          ? GC_OK
          : gc_series_put(r->series, key, key_len, &fact->series);
  if (code == GC_ERR_LIMIT) {
    r->tally.overflow++;
    return GC_OK;
  }
  GC_TRY(code);
  r->tally.read++;
  if (!is_new) {
    add_again(r, end_ms <= plan->final_ms, fact);
    return GC_OK;
  }
  GC_TRY(make_room(r));
  fact->window = (uint32_t)((end_ms - plan->from_ms) / period_ms - 1);
  r->facts[r->count++] = *fact;
  return GC_OK;
}
