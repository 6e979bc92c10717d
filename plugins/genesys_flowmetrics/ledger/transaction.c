/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"
#include "common/base/debug.h"
#include "common/base/timestamp.h"
#include "common/net/clock.h"

enum {
  AHEAD_MINUTES =
      24 * 60, /* a flow may be this far ahead of this host's clock */
  RETIRE_EVERY_MS = 60 * 1000,
};
#define IDLE_MIN_MS (INT64_C(24) * 3600 * 1000)

/* ---- reporting ---- */

bool ledger_enter_owner(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  bool may_enter = !l->is_left;
  l->in_owner += may_enter;
  pthread_mutex_unlock(&l->lock);
  return may_enter;
}

void ledger_leave_owner(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  GC_ASSERT(l->in_owner > 0);
  l->in_owner--;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
}

void ledger_report(struct ledger *l, const char *cause,
                   const struct gc_err *err) {
  if (l->options.notice == NULL || !ledger_enter_owner(l))
    return;
  l->options.notice(l->options.ctx, cause, err);
  ledger_leave_owner(l);
}

void ledger_set_healthy(struct ledger *l, bool is_healthy) {
  pthread_mutex_lock(&l->lock);
  l->is_healthy = is_healthy;
  pthread_mutex_unlock(&l->lock);
}

bool ledger_is_healthy(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  bool is_healthy = l->is_healthy;
  pthread_mutex_unlock(&l->lock);
  return is_healthy;
}

/* Reports attributes past MaxSeries, and the end: no attribute was left out for
 * LEDGER_GOOD_AGAIN_MS. A new series does not show the end: another block may
 * have made it under its own MaxSeries, and a corrected flow makes none. */
static void report_overflow(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  uint64_t now_ms = gc_clock_now_ms();
  bool is_full = l->overflow > 0;
  l->overflow = 0;
  if (!is_full && (!l->is_full || now_ms - l->full_ms < LEDGER_GOOD_AGAIN_MS))
    return;
  l->is_full = is_full;
  l->full_ms = now_ms;
  if (is_full)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "MaxSeries is reached: further flows and metrics are not "
                  "counted; raise MaxSeries, or check whether a flow puts "
                  "data into the name of its metric");
  ledger_report(l, "series", &err);
}

/* Reports names that became one, when there are more of them than before. It is
 * no fault: each has a series of its own. */
static void report_renamed(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  size_t before = l->reported_renamed, now = l->set.renamed;
  const struct series *s = l->set.newest_renamed;
  l->reported_renamed = now;
  if (now <= before)
    return;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "%zu metrics have the name of another one, once characters "
                "that an identity cannot have are replaced; the newest is "
                "shown as \"%s/flow_metric-%s\"",
                now, s->kept.flow_label, s->kept.metric_label);
  ledger_report(l, "names of metrics", &err);
}

static void find_newest_late(const struct batch *b, size_t *count,
                             uint32_t *newest) {
  for (size_t i = 0; i < b->count; i++) {
    const struct occurrence *o = &b->occurrences[i];
    if (o->timing != OCCURRENCE_LATE)
      continue;
    ++*count;
    if (seen_key_minute(&o->key) > *newest)
      *newest = seen_key_minute(&o->key);
  }
}

static void report_late_by_us(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  if (l->late_by_us == 0)
    return;
  (void)gc_fail(&err, GC_ERR_STATE,
                "%" PRIu64
                " attributes are older than Retention by this host's "
                "clock, but no newer attribute confirms the clock; they are "
                "counted: check the time of this host (NTP), unless this is an "
                "old backlog or a sample",
                l->late_by_us);
  l->late_by_us = 0;
  ledger_report(l, "attributes or clock", &err);
}

void ledger_report_late(struct ledger *l, const struct batch *batches) {
  struct gc_err err = {.code = GC_OK};
  report_late_by_us(l);
  char at[GC_TIMESTAMP_SIZE];
  size_t count = 0;
  uint32_t newest = 0;
  for (const struct batch *b = batches; b != NULL; b = b->next)
    if (b->outcomes[OUTCOME_LATE] > 0)
      find_newest_late(b, &count, &newest);
  if (count == 0)
    return;
  gc_timestamp_print(at, (int64_t)newest * LEDGER_MINUTE_MS);
  (void)gc_fail(&err, GC_ERR_LIMIT,
                "%zu attributes are older than Retention, or their keys were "
                "dropped; they are not counted (events-late), and the newest "
                "is of %s: check the time of this host (NTP), unless this is "
                "an old backlog or a sample",
                count, at);
  ledger_report(l, "late attributes", &err);
}

void ledger_report_names(struct ledger *l) {
  report_overflow(l);
  report_renamed(l);
}

/* ---- time ---- */

void ledger_wait_ms(struct ledger *l, uint64_t ms) {
  const struct timespec until = gc_clock_timespec(gc_clock_now_ms() + ms);
  pthread_cond_timedwait(&l->changed, &l->lock, &until);
}

uint32_t ledger_minute_of(int64_t ms) {
  return ms > 0 ? (uint32_t)(ms / LEDGER_MINUTE_MS) : 0;
}

bool ledger_is_late(const struct occurrence_ref *r, int64_t now_ms) {
  return seen_key_minute(&r->occurrence->key) <
         ledger_minute_of(now_ms - r->batch->source->retention_ms);
}

bool ledger_is_ahead(const struct occurrence_ref *r, int64_t now_ms) {
  return seen_key_minute(&r->occurrence->key) >
         ledger_minute_of(now_ms) + AHEAD_MINUTES;
}

void ledger_note_late(const struct occurrence_ref *r) {
  r->occurrence->timing = OCCURRENCE_LATE;
  r->batch->outcomes[OUTCOME_LATE]++;
}

bool ledger_is_in_time(const struct occurrence_ref *r, uint32_t floor,
                       const struct ledger_clock *now) {
  if (ledger_is_late(r, now->earliest_ms) ||
      seen_key_minute(&r->occurrence->key) < floor) {
    ledger_note_late(r);
    return false;
  }
  if (ledger_is_ahead(r, now->latest_ms)) {
    r->occurrence->timing = OCCURRENCE_AHEAD;
    r->batch->ahead++;
    r->batch->is_doubtful = !now->is_confirmed;
    return false;
  }
  return true;
}

/* Returns the idle time after which a series retires: Retention, but at least a
 * day, so that a series does not retire overnight. */
static int64_t idle_ms(const struct ledger *l) {
  return l->options.retention_ms > IDLE_MIN_MS ? l->options.retention_ms
                                               : IDLE_MIN_MS;
}

/* Finds idle series by a clock that ignores a step until it lasts. */
void ledger_retire_idle(struct ledger *l) {
  uint64_t now_ms = gc_clock_now_ms();
  if (now_ms < l->next_retire_ms)
    return;
  l->next_retire_ms = now_ms + RETIRE_EVERY_MS;
  int64_t wall_ms = l->options.wall_ms();
  gc_server_clock_observe_no_date(&l->retire_clock, now_ms, wall_ms);
  int64_t likely_ms = gc_server_clock_likely(&l->retire_clock, now_ms, wall_ms);
  uint32_t before = ledger_minute_of(likely_ms - idle_ms(l));
  pthread_mutex_lock(&l->lock);
  (void)series_retire_idle(&l->set, before);
  pthread_mutex_unlock(&l->lock);
}

/* ---- one transaction ---- */

static int by_key(const void *a, const void *b) {
  const struct occurrence_ref *x = a, *y = b;
  return memcmp(x->occurrence->key.bytes, y->occurrence->key.bytes,
                SEEN_KEY_BYTES);
}

/* Forgets the outcomes of an earlier transaction, which may have failed. */
static void begin_batch(struct batch *b) {
  memset(b->outcomes, 0, sizeof(b->outcomes));
  b->ahead = 0;
  b->is_doubtful = false;
  for (size_t i = 0; i < b->count; i++)
    b->occurrences[i].timing = OCCURRENCE_IN_TIME;
}

/* Sorts by key, so that neighbours in the tree are written together. */
enum gc_code ledger_sort_occurrences(struct ledger *l, struct batch *batches,
                                     size_t count, struct gc_err *err) {
  if (count > l->refs_cap) {
    struct occurrence_ref *bigger = realloc(l->refs, count * sizeof(*bigger));
    if (bigger == NULL)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
    l->refs = bigger;
    l->refs_cap = count;
  }
  size_t at = 0;
  for (struct batch *b = batches; b != NULL; b = b->next) {
    begin_batch(b);
    GC_ASSERT(b->count <= count - at);
    for (size_t i = 0; i < b->count; i++)
      l->refs[at++] = (struct occurrence_ref){&b->occurrences[i], b, NULL};
  }
  if (at > 0)
    qsort(l->refs, at, sizeof(*l->refs), by_key);
  return GC_OK;
}

enum gc_code ledger_find_series(struct ledger *l,
                                const struct occurrence_ref *r,
                                struct series **ret, struct gc_err *err) {
  const struct ledger_source *source = r->batch->source;
  const char *flow = r->batch->names.data + r->occurrence->names;
  *ret = NULL;
  pthread_mutex_lock(&l->lock);
  enum gc_code code =
      series_find(&l->set, source->scope, flow, flow + strlen(flow) + 1,
                  source->max_series, ret);
  if (code == GC_OK)
    code = series_revive(&l->set, *ret, source->max_series);
  /* The idle time of a new series begins now, because this agent may never
   * count it: another agent counts it, or the store fails. */
  if (code == GC_OK && (*ret)->kept.last_minute == 0)
    (*ret)->kept.last_minute = ledger_minute_of(l->options.wall_ms());
  pthread_mutex_unlock(&l->lock);
  if (code == GC_ERR_LIMIT) {
    *ret = NULL;
    l->overflow++;
  }
  if (code == GC_OK || code == GC_ERR_LIMIT)
    return GC_OK;
  return gc_fail(err, code, "out of memory");
}

void ledger_touch_series(struct ledger *l, struct series *s) {
  GC_ASSERT(s->is_touched || s->next_touched == NULL);
  if (s->is_touched)
    return;
  s->is_touched = true;
  s->next_touched = l->touched;
  l->touched = s;
}

/* True if the store takes what is written about the series of a scope. */
static bool is_taken(const struct ledger *l, const char *scope) {
  bool is = l->identity_count == 0;
  for (size_t i = 0; i < l->identity_count; i++)
    if (l->identities[i].key != 0 && strcmp(l->identities[i].scope, scope) == 0)
      is = true;
  return is;
}

void ledger_touch_sent_zeros(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  bool has = l->has_sent_zero;
  l->has_sent_zero = false;
  for (size_t i = 0; has && i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    if (!is_taken(l, s->kept.scope))
      continue;
    series_apply(s, SERIES_WRITE);
    if (s->state == SERIES_FIRST_WRITING)
      ledger_touch_series(l, s);
  }
  pthread_mutex_unlock(&l->lock);
}

static void add_value(struct stored_counter *c, const struct series_value *v) {
  c->count += v->count;
  c->sum += v->sum;
  c->has_sum = c->has_sum || v->has_sum;
}

struct stored_counter ledger_counter_after(const struct series *s) {
  struct stored_counter c = s->kept;
  c.shown = c.shown || s->state == SERIES_FIRST_WRITING;
  if (s->counted_minute > 0)
    c.last_minute = s->counted_minute;
  if (s->part_count == 0) {
    add_value(&c, &s->added);
    c.id = c.id != 0 ? c.id : s->new_id;
    return c;
  }
  c.count = 0;
  c.sum = 0;
  for (size_t i = 0; i < s->part_count; i++)
    add_value(&c, &s->parts[i].now);
  c.id = c.count > 0;
  return c;
}

void ledger_end_transaction(struct ledger *l, bool committed,
                            uint64_t begun_ms) {
  pthread_mutex_lock(&l->lock);
  while (l->touched != NULL) {
    struct series *s = l->touched;
    GC_ASSERT(s->is_touched);
    l->touched = s->next_touched;
    if (committed)
      s->kept = ledger_counter_after(s);
    series_apply(s, committed ? SERIES_COMMIT : SERIES_ROLL_BACK);
    GC_ASSERT(s->state != SERIES_FIRST_WRITING);
    s->added = (struct series_value){.count = 0};
    s->new_id = 0;
    s->counted_minute = 0;
    s->is_touched = false;
    s->next_touched = NULL;
  }
  l->commit_s = (double)(gc_clock_now_ms() - begun_ms) / 1000;
  double commit_s = l->commit_s;
  if (!committed)
    l->has_sent_zero = true;
  pthread_mutex_unlock(&l->lock);
  gc_debug("ledger: a batch was %s after %.3f s",
           committed ? "committed" : "rolled back", commit_s);
}
