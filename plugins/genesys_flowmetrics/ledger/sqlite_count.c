/* SPDX-License-Identifier: MIT */
/* One transaction with SQLite. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include <math.h>

#include "common/net/clock.h"

/* False for what would make the sum infinite, and no number in the end. */
static bool add_value(struct series *s, double value) {
  double more = s->more + value;
  if (!isfinite(more) || !isfinite(s->kept.sum + more))
    return false;
  s->more = more;
  s->has_more = true;
  return true;
}

static enum gc_code count_new(struct ledger *l, const struct ref *r,
                              struct gc_err *err) {
  const struct ledger_source *source = r->batch->source;
  struct series *s = NULL;
  GC_TRY(ledger_series(l, r, &s, err));
  if (s == NULL) {
    r->batch->outcomes[OUTCOME_OVERFLOW]++;
    return GC_OK;
  }
  ledger_touch(l, s);
  s->delta++;
  s->fresh_minute = ledger_minute(l->settings.wall_ms());
  r->batch->outcomes[OUTCOME_COUNTED]++;
  if (source->values && !(r->mark->has_value && add_value(s, r->mark->value)))
    r->batch->outcomes[OUTCOME_NO_NUMBER]++;
  return GC_OK;
}

static enum gc_code count_one(struct ledger *l, const struct ref *r,
                              int64_t now_ms, struct gc_err *err) {
  bool is_new = false;
  if (!ledger_is_in_time(r, seen_floor(l->seen), now_ms))
    return GC_OK;
  GC_TRY(seen_add(l->seen, &r->mark->key, &is_new, err));
  if (is_new)
    return count_new(l, r, err);
  r->batch->outcomes[OUTCOME_DUPLICATE]++;
  return GC_OK;
}

static enum gc_code write_counters(struct ledger *l, struct gc_err *err) {
  for (struct series *s = l->touched; s != NULL; s = s->touched) {
    struct seen_counter c = ledger_counter_after(s);
    if (c.id != 0) {
      GC_TRY(seen_counter_set(l->seen, &c, err));
      continue;
    }
    GC_TRY(seen_counter_make(l->seen, &c, err));
    s->fresh_id = c.id;
  }
  return GC_OK;
}

static enum gc_code write_all(struct ledger *l, size_t count, int64_t now_ms,
                              struct gc_err *err) {
  for (size_t i = 0; i < count; i++)
    GC_TRY(count_one(l, &l->refs[i], now_ms, err));
  ledger_touch_shown(l);
  GC_TRY(write_counters(l, err));
  if (!ledger_is_healthy(l))
    GC_TRY(seen_touch(l->seen, err));
  return seen_commit(l->seen, err);
}

static enum gc_code try_transact(struct ledger *l, struct batch *batches,
                                 size_t count, struct gc_err *err) {
  uint64_t begun_ms = gc_clock_now_ms();
  GC_TRY(ledger_sort(l, batches, count, err));
  GC_TRY(seen_begin(l->seen, err));
  enum gc_code code = write_all(l, count, l->settings.wall_ms(), err);
  if (code != GC_OK)
    seen_rollback(l->seen);
  ledger_settle(l, code == GC_OK, begun_ms);
  return code;
}

enum gc_code ledger_file_transact(struct ledger *l, struct batch *batches,
                                  size_t count, struct gc_err *err) {
  enum gc_code code = try_transact(l, batches, count, err);
  if (code == GC_OK || !seen_is_broken(l->seen))
    return code;
  GC_TRY(ledger_file_reset(l, err));
  return try_transact(l, batches, count, err);
}
