/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/net/clock.h"

/* What a flow's clock may be ahead of ours. */
enum { AHEAD_MINUTES = 24 * 60 };

static int by_key(const void *a, const void *b) {
  return memcmp(((const struct ref *)a)->mark->key.bytes,
                ((const struct ref *)b)->mark->key.bytes, SEEN_KEY_BYTES);
}

/* Marks in the order of their keys: neighbours in the tree are written
 * together. */
static enum gc_code sort_marks(struct ledger *l, struct batch *batches,
                               size_t count, struct gc_err *err) {
  if (count > l->refs_cap) {
    struct ref *bigger = realloc(l->refs, count * sizeof(*bigger));
    if (bigger == NULL)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
    l->refs = bigger;
    l->refs_cap = count;
  }
  size_t at = 0;
  for (struct batch *b = batches; b != NULL; b = b->next)
    for (size_t i = 0; i < b->count; i++)
      l->refs[at++] = (struct ref){&b->marks[i], b};
  if (at > 0)
    qsort(l->refs, at, sizeof(*l->refs), by_key);
  return GC_OK;
}

uint32_t ledger_minute(int64_t ms) {
  return ms > 0 ? (uint32_t)(ms / LEDGER_MINUTE_MS) : 0;
}

/* Before this minute an attribute is late: its key may be gone. */
static uint32_t late_before(const struct ledger *l,
                            const struct ledger_source *source,
                            int64_t now_ms) {
  uint32_t minute = ledger_minute(now_ms - source->retention_ms);
  uint32_t floor = seen_floor(l->seen);
  return minute > floor ? minute : floor;
}

static void touch(struct ledger *l, struct series *s) {
  if (s->is_touched)
    return;
  s->is_touched = true;
  s->touched = l->touched;
  l->touched = s;
}

static enum gc_code count_new(struct ledger *l, const struct ref *r,
                              struct gc_err *err) {
  const struct ledger_source *source = r->batch->source;
  const char *flow = r->batch->names.data + r->mark->names;
  struct series *s = NULL;
  pthread_mutex_lock(&l->lock);
  enum gc_code code =
      series_find(&l->set, source->scope, flow, flow + strlen(flow) + 1,
                  source->max_series, &s);
  if (code == GC_OK)
    code = series_revive(s, source->max_series);
  pthread_mutex_unlock(&l->lock);
  if (code == GC_ERR_LIMIT) {
    l->overflow++;
    r->batch->outcomes[OUTCOME_OVERFLOW]++;
    return GC_OK;
  }
  if (code != GC_OK)
    return gc_fail(err, code, "out of memory");
  touch(l, s);
  s->delta++;
  s->fresh_minute = ledger_minute(l->settings.wall_ms());
  r->batch->outcomes[OUTCOME_COUNTED]++;
  if (source->values && r->mark->has_value) {
    s->more += r->mark->value;
    s->has_more = true;
  } else if (source->values)
    r->batch->outcomes[OUTCOME_NO_NUMBER]++;
  return GC_OK;
}

static enum gc_code count_one(struct ledger *l, const struct ref *r,
                              int64_t now_ms, struct gc_err *err) {
  uint32_t minute = seen_key_minute(&r->mark->key);
  bool is_new = false;
  if (minute < late_before(l, r->batch->source, now_ms)) {
    r->batch->outcomes[OUTCOME_LATE]++;
    return GC_OK;
  }
  if (minute > ledger_minute(now_ms) + AHEAD_MINUTES) {
    r->batch->future++;
    return GC_OK;
  }
  GC_TRY(seen_add(l->seen, &r->mark->key, &is_new, err));
  if (is_new)
    return count_new(l, r, err);
  r->batch->outcomes[OUTCOME_DUPLICATE]++;
  return GC_OK;
}

/* A series' counter as it will be when the transaction is committed. */
static struct seen_counter counter_after(const struct series *s) {
  struct seen_counter c = s->kept;
  c.count += s->delta;
  c.sum += s->more;
  c.has_sum = c.has_sum || s->has_more;
  c.shown = c.shown || s->zero_went;
  if (s->fresh_minute > 0)
    c.last_minute = s->fresh_minute;
  if (c.id == 0)
    c.id = s->fresh_id;
  return c;
}

static enum gc_code write_counters(struct ledger *l, struct gc_err *err) {
  for (struct series *s = l->touched; s != NULL; s = s->touched) {
    struct seen_counter c = counter_after(s);
    if (c.id != 0) {
      GC_TRY(seen_counter_set(l->seen, &c, err));
      continue;
    }
    GC_TRY(seen_counter_make(l->seen, &c, err));
    s->fresh_id = c.id;
  }
  return GC_OK;
}

/* What was written becomes what readers see; or is as if it had not been. */
static void settle(struct ledger *l, bool committed) {
  pthread_mutex_lock(&l->lock);
  while (l->touched != NULL) {
    struct series *s = l->touched;
    l->touched = s->touched;
    if (committed)
      s->kept = counter_after(s);
    s->delta = s->fresh_id = 0;
    s->fresh_minute = 0;
    s->more = 0;
    s->has_more = s->is_touched = false;
    s->touched = NULL;
  }
  pthread_mutex_unlock(&l->lock);
}

static void touch_shown(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  bool has = l->has_shown;
  l->has_shown = false;
  for (size_t i = 0; has && i < l->set.count; i++)
    if (l->set.at[i]->zero_went && !l->set.at[i]->kept.shown)
      touch(l, l->set.at[i]);
  pthread_mutex_unlock(&l->lock);
}

static enum gc_code write_all(struct ledger *l, size_t count, int64_t now_ms,
                              struct gc_err *err) {
  for (size_t i = 0; i < count; i++)
    GC_TRY(count_one(l, &l->refs[i], now_ms, err));
  touch_shown(l);
  GC_TRY(write_counters(l, err));
  if (!ledger_is_well(l))
    GC_TRY(seen_touch(l->seen, err));
  return seen_commit(l->seen, err);
}

enum gc_code ledger_transact(struct ledger *l, struct batch *batches,
                             size_t count, struct gc_err *err) {
  uint64_t begun_ms = gc_clock_now_ms();
  GC_TRY(sort_marks(l, batches, count, err));
  GC_TRY(seen_begin(l->seen, err));
  enum gc_code code = write_all(l, count, l->settings.wall_ms(), err);
  if (code != GC_OK)
    seen_rollback(l->seen);
  settle(l, code == GC_OK);
  pthread_mutex_lock(&l->lock);
  l->commit_s = (double)(gc_clock_now_ms() - begun_ms) / 1000;
  if (code != GC_OK)
    l->has_shown = true;
  pthread_mutex_unlock(&l->lock);
  return code;
}
