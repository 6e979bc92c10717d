/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "plugins/genesys_flowmetrics/ledger.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/backoff.h"
#include "common/net/clock.h"

enum {
  IDLE_MS = 1000,          /* between two looks at what has to be dropped */
  PRUNE_KEYS = 2000,       /* in one step, some milliseconds */
  AHEAD_MINUTES = 24 * 60, /* what a flow's clock may be ahead of ours */
  MINUTE_MS = 60 * 1000,
};

struct ledger {
  struct ledger_settings settings;
  char *folder;

  /* The writer's. */
  struct seen *seen; /* NULL: not open */
  struct gc_backoff backoff;
  struct ref *refs;
  size_t refs_cap;
  struct series *touched;
  bool prune_again; /* the last step was a full one */

  /* Shared, under the lock. */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch *first, **last;
  size_t waiting; /* marks in them */
  uint64_t first_ms;
  struct series_set set; /* the writer alone changes it, under the lock */
  bool is_stopping, is_running, is_well;
  bool has_shown; /* some series' first 0 wants to be kept */
  double commit_s;
  pthread_t thread;
};

/* A mark and its batch, to be sorted. */
struct ref {
  const struct mark *mark;
  struct batch *batch;
};

static void say(struct ledger *l, const char *cause, const struct gc_err *err) {
  if (l->settings.notice != NULL)
    l->settings.notice(l->settings.ctx, cause, err);
}

/* ---- one transaction ---- */

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
  qsort(l->refs, at, sizeof(*l->refs), by_key);
  return GC_OK;
}

static uint32_t minute_of(int64_t ms) {
  return ms > 0 ? (uint32_t)(ms / MINUTE_MS) : 0;
}

/* Before this minute an attribute is late: its key may be gone. */
static uint32_t late_before(const struct ledger *l,
                            const struct ledger_source *source,
                            int64_t now_ms) {
  uint32_t minute = minute_of(now_ms - source->retention_ms);
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
  pthread_mutex_unlock(&l->lock);
  if (code == GC_ERR_LIMIT) {
    r->batch->outcomes[OUTCOME_OVERFLOW]++;
    return GC_OK;
  }
  if (code != GC_OK)
    return gc_fail(err, code, "out of memory");
  touch(l, s);
  s->delta++;
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
  if (minute > minute_of(now_ms) + AHEAD_MINUTES) {
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
  return seen_commit(l->seen, err);
}

static enum gc_code transact(struct ledger *l, struct batch *batches,
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

/* ---- the file ---- */

static enum gc_code load_one(void *ctx, const struct seen_counter *c) {
  struct ledger *l = ctx;
  pthread_mutex_lock(&l->lock);
  enum gc_code code = series_load(&l->set, c);
  pthread_mutex_unlock(&l->lock);
  return code;
}

/* What the file holds becomes what we have in memory, so that the values go on
 * after the file had to be begun anew. */
static enum gc_code restore(struct ledger *l, struct gc_err *err) {
  GC_TRY(seen_begin(l->seen, err));
  GC_TRY(seen_forget_counters(l->seen, err));
  for (size_t i = 0; i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    struct seen_counter c = s->kept;
    if (c.id == 0)
      continue;
    GC_TRY(seen_counter_make(l->seen, &c, err));
    pthread_mutex_lock(&l->lock);
    s->kept.id = c.id;
    pthread_mutex_unlock(&l->lock);
  }
  return seen_commit(l->seen, err);
}

static enum gc_code load(struct ledger *l, struct gc_err *err) {
  if (l->set.count == 0)
    return seen_load(l->seen, load_one, l, err);
  enum gc_code code = restore(l, err);
  if (code != GC_OK)
    seen_rollback(l->seen);
  return code;
}

/* Moves a corrupt file aside. On failure it is closed, to be tried again. */
static enum gc_code begin_anew(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = seen_begin_anew(l->seen, &warning, err);
  if (warning.code != GC_OK)
    say(l, "state file moved aside", &warning);
  if (code == GC_OK)
    code = load(l, err);
  if (code != GC_OK)
    seen_close(gc_steal(l->seen));
  return code;
}

static void forget_series(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  series_clear(&l->set);
  pthread_mutex_unlock(&l->lock);
}

static enum gc_code open_seen(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  bool was_empty = l->set.count == 0;
  enum gc_code code = seen_open(l->folder, &l->seen, &warning, err);
  if (warning.code != GC_OK)
    say(l, "state file moved aside", &warning);
  if (code != GC_OK)
    return code;
  code = load(l, err);
  if (code == GC_OK)
    return GC_OK;
  /* Half of the counters are of no use. */
  if (was_empty)
    forget_series(l);
  if (seen_is_broken(l->seen))
    return begin_anew(l, err);
  seen_close(gc_steal(l->seen));
  return code;
}

static void set_well(struct ledger *l, bool well) {
  pthread_mutex_lock(&l->lock);
  l->is_well = well;
  pthread_mutex_unlock(&l->lock);
}

/* ---- the writer ---- */

static void finish(struct batch *b, enum gc_code code) {
  struct stats *stats = b->source->stats;
  if (code == GC_OK) {
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
      stats->outcomes[i] += b->outcomes[i];
    stats->malformed[MALFORMED_FUTURE] += b->future;
  }
  stats_add(stats, code == GC_OK ? TALLY_BATCHES : TALLY_BATCHES_FAILED, 1);
  memset(b->outcomes, 0, sizeof(b->outcomes));
  b->future = 0;
  b->done(b, code);
}

static void finish_all(struct batch *batches, enum gc_code code) {
  while (batches != NULL) {
    struct batch *b = batches;
    batches = b->next;
    b->next = NULL;
    finish(b, code);
  }
}

static void prune(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  unsigned dropped = 0;
  uint32_t minute = minute_of(l->settings.wall_ms() - l->settings.retention_ms);
  enum gc_code code = seen_prune(l->seen, minute, PRUNE_KEYS, &dropped, &err);
  l->prune_again = code == GC_OK && dropped == PRUNE_KEYS;
  if (code != GC_OK)
    say(l, "state", &err);
}

static void round_of(struct ledger *l, struct batch *batches, size_t count) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = transact(l, batches, count, &err);
  if (code != GC_OK && seen_is_broken(l->seen)) {
    code = begin_anew(l, &err);
    if (code == GC_OK)
      code = transact(l, batches, count, &err);
  }
  err.code = code;
  say(l, "state", &err);
  set_well(l, code == GC_OK);
  finish_all(batches, code);
}

/* Waits on the monotonic clock; the lock is held. */
static void wait_ms(struct ledger *l, uint64_t ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += (time_t)(ms / 1000);
  until.tv_nsec += (long)(ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  pthread_cond_timedwait(&l->changed, &l->lock, &until);
}

/* All that was handed in, after it had its time to gather; NULL when there is
 * nothing yet. The lock is held. */
static struct batch *gather(struct ledger *l, size_t *ret_marks) {
  while (l->first != NULL && !l->is_stopping &&
         l->waiting < LEDGER_MARKS_MOST) {
    uint64_t gone = gc_clock_now_ms() - l->first_ms;
    if (gone >= LEDGER_GATHER_MS)
      break;
    wait_ms(l, LEDGER_GATHER_MS - gone);
  }
  struct batch *batches = l->first;
  *ret_marks = l->waiting;
  l->first = NULL;
  l->last = &l->first;
  l->waiting = 0;
  return batches;
}

/* Until the file is open: those who wait are told to come again, once it has
 * been tried. */
static void try_open(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = open_seen(l, &err);
  say(l, "state", &err);
  set_well(l, code == GC_OK);
  if (code == GC_OK) {
    gc_backoff_reset(&l->backoff);
    return;
  }
  uint32_t wait = gc_backoff_fail(&l->backoff, 0, gc_dice());
  size_t marks;
  pthread_mutex_lock(&l->lock);
  struct batch *batches = gather(l, &marks);
  pthread_mutex_unlock(&l->lock);
  finish_all(batches, GC_ERR_STATE);
  pthread_mutex_lock(&l->lock);
  if (!l->is_stopping)
    wait_ms(l, wait);
  pthread_mutex_unlock(&l->lock);
}

static bool turn(struct ledger *l) {
  size_t marks = 0;
  pthread_mutex_lock(&l->lock);
  if (l->first == NULL && !l->is_stopping && !l->has_shown && !l->prune_again)
    wait_ms(l, IDLE_MS);
  struct batch *batches = gather(l, &marks);
  bool stopping = l->is_stopping, shown = l->has_shown;
  pthread_mutex_unlock(&l->lock);

  if (batches != NULL || shown)
    round_of(l, batches, marks);
  if (!stopping && l->seen != NULL)
    prune(l);
  return !stopping;
}

static void *run(void *arg) {
  struct ledger *l = arg;
  bool goes_on = true;
  while (goes_on) {
    if (l->seen == NULL)
      try_open(l);
    if (l->seen != NULL) {
      goes_on = turn(l);
      continue;
    }
    pthread_mutex_lock(&l->lock);
    goes_on = !l->is_stopping;
    pthread_mutex_unlock(&l->lock);
  }
  pthread_mutex_lock(&l->lock);
  struct batch *left = l->first;
  l->first = NULL;
  l->last = &l->first;
  l->is_running = false;
  pthread_mutex_unlock(&l->lock);
  finish_all(left, GC_ERR_STOPPED);
  return NULL;
}

struct ledger *ledger_new(const struct ledger_settings *settings,
                          struct gc_err *err) {
  struct ledger *l = calloc(1, sizeof(*l));
  char *folder = strdup(settings->folder);
  if (l == NULL || folder == NULL) {
    free(l);
    free(folder);
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&l->changed, &attr);
  pthread_condattr_destroy(&attr);
  pthread_mutex_init(&l->lock, NULL);
  l->settings = *settings;
  l->folder = folder;
  l->last = &l->first;
  l->backoff = (struct gc_backoff){.base_ms = 1000, .cap_ms = 30000};
  return l;
}

enum gc_code ledger_start(struct ledger *l, struct gc_err *err) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  l->is_running = true;
  int failed = pthread_create(&l->thread, NULL, run, l);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (failed != 0) {
    l->is_running = false;
    return gc_fail(err, GC_ERR_MEMORY, "cannot start the writer's thread: %s",
                   strerror(failed));
  }
  pthread_setname_np(l->thread, "gc-flowmetrics");
  return GC_OK;
}

void ledger_stop(struct ledger *l) {
  if (l == NULL)
    return;
  pthread_mutex_lock(&l->lock);
  bool was_running = l->is_running && !l->is_stopping;
  l->is_stopping = true;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
  if (was_running)
    pthread_join(l->thread, NULL);
}

void ledger_free(struct ledger *l) {
  if (l == NULL)
    return;
  ledger_stop(l);
  seen_close(l->seen);
  series_clear(&l->set);
  free(l->refs);
  pthread_cond_destroy(&l->changed);
  pthread_mutex_destroy(&l->lock);
  free(l->folder);
  free(l);
}

void ledger_submit(struct ledger *l, struct batch *b) {
  b->next = NULL;
  pthread_mutex_lock(&l->lock);
  bool taken = l->is_running && !l->is_stopping;
  if (taken) {
    if (l->first == NULL)
      l->first_ms = gc_clock_now_ms();
    *l->last = b;
    l->last = &b->next;
    l->waiting += b->count;
    pthread_cond_broadcast(&l->changed);
  }
  pthread_mutex_unlock(&l->lock);
  if (!taken)
    finish(b, GC_ERR_STOPPED);
}

bool ledger_read(struct ledger *l, size_t i, struct ledger_view *ret) {
  pthread_mutex_lock(&l->lock);
  bool has = i < l->set.count;
  if (has) {
    struct series *s = l->set.at[i];
    *ret = (struct ledger_view){
        .scope = s->kept.scope,
        .flow = s->kept.flow_label,
        .metric = s->kept.metric_label,
        .count = s->kept.count,
        .sum = s->kept.sum,
        .has_sum = s->kept.has_sum,
        .is_shown = s->kept.shown,
        /* Not in the file yet: nothing to see. */
        .series = s->kept.id != 0 ? s : NULL,
    };
  }
  pthread_mutex_unlock(&l->lock);
  return has;
}

void ledger_shown(struct ledger *l, struct series *s) {
  s->zero_went = true;
  pthread_mutex_lock(&l->lock);
  l->has_shown = true;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
}

size_t ledger_count(struct ledger *l, const char *scope) {
  pthread_mutex_lock(&l->lock);
  size_t count = series_in_scope(&l->set, scope);
  pthread_mutex_unlock(&l->lock);
  return count;
}

bool ledger_is_well(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  bool well = l->is_well;
  pthread_mutex_unlock(&l->lock);
  return well;
}

double ledger_commit_s(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  double s = l->commit_s;
  pthread_mutex_unlock(&l->lock);
  return s;
}
