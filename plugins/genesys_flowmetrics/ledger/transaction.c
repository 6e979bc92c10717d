/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/debug.h"
#include "common/net/clock.h"

/* What a flow's clock may be ahead of ours. */
enum { AHEAD_MINUTES = 24 * 60 };

static int by_key(const void *a, const void *b) {
  return memcmp(((const struct ref *)a)->mark->key.bytes,
                ((const struct ref *)b)->mark->key.bytes, SEEN_KEY_BYTES);
}

/* Marks in the order of their keys: neighbours in the tree are written
 * together. */
enum gc_code ledger_sort(struct ledger *l, struct batch *batches, size_t count,
                         struct gc_err *err) {
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
      l->refs[at++] = (struct ref){&b->marks[i], b, NULL};
  if (at > 0)
    qsort(l->refs, at, sizeof(*l->refs), by_key);
  return GC_OK;
}

uint32_t ledger_minute(int64_t ms) {
  return ms > 0 ? (uint32_t)(ms / LEDGER_MINUTE_MS) : 0;
}

static bool is_late(const struct ledger_source *source, uint32_t minute,
                    int64_t now_ms) {
  return minute < ledger_minute(now_ms - source->retention_ms);
}

static bool is_ahead(uint32_t minute, int64_t now_ms) {
  return minute > ledger_minute(now_ms) + AHEAD_MINUTES;
}

bool ledger_takes(const struct ledger *l, const struct ledger_source *source,
                  const struct seen_key *key) {
  uint32_t minute = seen_key_minute(key);
  int64_t now_ms = l->settings.wall_ms();
  return !is_late(source, minute, now_ms) && !is_ahead(minute, now_ms);
}

bool ledger_is_in_time(const struct ref *r, uint32_t floor, int64_t now_ms) {
  uint32_t minute = seen_key_minute(&r->mark->key);
  if (is_late(r->batch->source, minute, now_ms) || minute < floor) {
    r->batch->outcomes[OUTCOME_LATE]++;
    return false;
  }
  if (is_ahead(minute, now_ms)) {
    r->batch->future++;
    return false;
  }
  return true;
}

enum gc_code ledger_series(struct ledger *l, const struct ref *r,
                           struct series **ret, struct gc_err *err) {
  const struct ledger_source *source = r->batch->source;
  const char *flow = r->batch->names.data + r->mark->names;
  *ret = NULL;
  pthread_mutex_lock(&l->lock);
  enum gc_code code =
      series_find(&l->set, source->scope, flow, flow + strlen(flow) + 1,
                  source->max_series, ret);
  if (code == GC_OK)
    code = series_revive(*ret, source->max_series);
  /* It may never be counted here: another agent has done so, or the store
   * fails. It is idle all the same then. */
  if (code == GC_OK && (*ret)->kept.last_minute == 0)
    (*ret)->kept.last_minute = ledger_minute(l->settings.wall_ms());
  pthread_mutex_unlock(&l->lock);
  if (code == GC_ERR_LIMIT) {
    *ret = NULL;
    l->overflow++;
  }
  if (code == GC_OK || code == GC_ERR_LIMIT)
    return GC_OK;
  return gc_fail(err, code, "out of memory");
}

void ledger_touch(struct ledger *l, struct series *s) {
  if (s->is_touched)
    return;
  s->is_touched = true;
  s->touched = l->touched;
  l->touched = s;
}

void ledger_touch_shown(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  bool has = l->has_shown;
  l->has_shown = false;
  for (size_t i = 0; has && i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    s->is_showing = s->zero_went && !s->kept.shown;
    if (s->is_showing)
      ledger_touch(l, s);
  }
  pthread_mutex_unlock(&l->lock);
}

struct seen_counter ledger_counter_after(const struct series *s) {
  struct seen_counter c = s->kept;
  c.shown = c.shown || s->is_showing;
  if (s->fresh_minute > 0)
    c.last_minute = s->fresh_minute;
  if (s->part_count == 0) {
    c.count += s->delta;
    c.sum += s->more;
    c.has_sum = c.has_sum || s->has_more;
    c.id = c.id != 0 ? c.id : s->fresh_id;
    return c;
  }
  c.count = 0;
  c.sum = 0;
  for (size_t i = 0; i < s->part_count; i++) {
    c.count += s->parts[i].count;
    c.sum += s->parts[i].sum;
    c.has_sum = c.has_sum || s->parts[i].has_sum;
  }
  c.id = c.count > 0;
  return c;
}

void ledger_settle(struct ledger *l, bool committed, uint64_t begun_ms) {
  pthread_mutex_lock(&l->lock);
  while (l->touched != NULL) {
    struct series *s = l->touched;
    l->touched = s->touched;
    if (committed)
      s->kept = ledger_counter_after(s);
    s->delta = s->fresh_id = 0;
    s->fresh_minute = 0;
    s->more = 0;
    s->has_more = s->is_touched = s->is_showing = false;
    s->touched = NULL;
  }
  l->commit_s = (double)(gc_clock_now_ms() - begun_ms) / 1000;
  double commit_s = l->commit_s;
  if (!committed)
    l->has_shown = true;
  pthread_mutex_unlock(&l->lock);
  gc_debug("ledger: a batch was %s after %.3f s",
           committed ? "committed" : "rolled back", commit_s);
}
