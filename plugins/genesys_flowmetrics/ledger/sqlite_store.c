/* SPDX-License-Identifier: MIT */
/* The file's life. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

enum { PRUNE_KEYS = 2000 /* in one step, some milliseconds */ };

/* One of an older version of the file counts as idle from now on. */
static enum gc_code load_one(void *ctx, const struct seen_counter *kept) {
  struct ledger *l = ctx;
  struct seen_counter c = *kept;
  if (c.last_minute == 0)
    c.last_minute = ledger_minute(l->settings.wall_ms());
  pthread_mutex_lock(&l->lock);
  enum gc_code code = series_load(&l->set, &c);
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

enum gc_code ledger_file_reset(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = sqlite_db_reset(l->seen, &warning, err);
  if (warning.code != GC_OK)
    ledger_say(l, "state file moved aside", &warning);
  if (code == GC_OK)
    code = load(l, err);
  if (code != GC_OK) {
    seen_close(gc_steal(l->seen));
    l->is_open = false;
  }
  return code;
}

static void forget_series(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  series_clear(&l->set);
  pthread_mutex_unlock(&l->lock);
}

static enum gc_code open_file(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  bool was_empty = l->set.count == 0;
  enum gc_code code = seen_open(l->folder, &l->seen, &warning, err);
  if (warning.code != GC_OK)
    ledger_say(l, "state file moved aside", &warning);
  if (code != GC_OK)
    return code;
  code = load(l, err);
  if (code == GC_OK)
    return GC_OK;
  /* Half of the counters are of no use. */
  if (was_empty)
    forget_series(l);
  if (seen_is_broken(l->seen))
    return ledger_file_reset(l, err);
  seen_close(gc_steal(l->seen));
  return code;
}

static void prune(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  unsigned dropped = 0;
  uint32_t minute =
      ledger_minute(l->settings.wall_ms() - l->settings.retention_ms);
  enum gc_code code = seen_prune(l->seen, minute, PRUNE_KEYS, &dropped, &err);
  l->prune_again = code == GC_OK && dropped == PRUNE_KEYS;
  if (code != GC_OK)
    ledger_say(l, "state", &err);
}

static void close_file(struct ledger *l) { seen_close(gc_steal(l->seen)); }

const struct ledger_store ledger_sqlite = {.open = open_file,
                                           .transact = ledger_file_transact,
                                           .care = prune,
                                           .close = close_file};
