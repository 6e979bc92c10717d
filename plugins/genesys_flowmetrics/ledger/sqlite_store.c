/* SPDX-License-Identifier: MIT */
/* The store in a file: opening, one transaction, upkeep. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include <math.h>

#include "common/net/clock.h"

enum {
  PRUNE_KEYS = 2000, /* keys in one step, some milliseconds */
  /* Longest waits for another process that writes to the file. */
  BUSY_MS = 5000,
  BUSY_STOP_MS = 200,
  BUSY_STEP_MS = 20,
};

/* ---- opening ---- */

/* Adds a counter of the file. A counter of an older version has no time, so its
 * idle time begins now. */
static enum gc_code load_counter(void *ctx, const struct stored_counter *kept) {
  struct ledger *l = ctx;
  struct stored_counter c = *kept;
  if (c.last_minute == 0)
    c.last_minute = ledger_minute_of(l->options.wall_ms());
  pthread_mutex_lock(&l->lock);
  enum gc_code code = series_load(&l->set, &c);
  pthread_mutex_unlock(&l->lock);
  return code;
}

/* Writes the counters in memory to the file, so that they continue after a
 * corrupt file was replaced by an empty one. */
static enum gc_code write_counters_back(struct ledger *l, struct gc_err *err) {
  GC_TRY(sqlite_db_begin(l->db, err));
  GC_TRY(sqlite_db_delete_counters(l->db, err));
  for (size_t i = 0; i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    struct stored_counter c = s->kept;
    if (c.id == 0)
      continue;
    GC_TRY(sqlite_db_insert_counter(l->db, &c, err));
    pthread_mutex_lock(&l->lock);
    s->kept.id = c.id;
    pthread_mutex_unlock(&l->lock);
  }
  return sqlite_db_commit(l->db, err);
}

static enum gc_code load_all_counters(struct ledger *l, struct gc_err *err) {
  if (l->set.count == 0)
    return sqlite_db_load(l->db, load_counter, l, err);
  enum gc_code code = write_counters_back(l, err);
  if (code != GC_OK)
    sqlite_db_rollback(l->db);
  return code;
}

static void report_moved_file(struct ledger *l, const struct gc_err *warning) {
  if (warning->code != GC_OK)
    ledger_report(l, "state file moved aside", warning);
}

static void close_file(struct ledger *l) { sqlite_db_close(gc_steal(l->db)); }

/* Moves a corrupt file aside and continues with a new one. On failure the
 * store is closed; the writer opens it again. */
static enum gc_code reset_file(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = sqlite_db_reset(l->db, &warning, err);
  report_moved_file(l, &warning);
  if (code == GC_OK)
    code = load_all_counters(l, err);
  if (code != GC_OK) {
    close_file(l);
    l->is_open = false;
  }
  return code;
}

static void forget_series(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  series_clear(&l->set);
  pthread_mutex_unlock(&l->lock);
}

/* Waits a moment while another process writes to the file. Returns 0 when that
 * has lasted too long. */
static int wait_for_file(void *ctx, int attempts) {
  struct ledger *l = ctx;
  uint64_t now_ms = gc_clock_now_ms();
  if (attempts == 0)
    l->busy_since_ms = now_ms;
  pthread_mutex_lock(&l->lock);
  uint64_t max_ms = l->is_stopping ? BUSY_STOP_MS : BUSY_MS;
  bool goes_on = now_ms - l->busy_since_ms < max_ms;
  if (goes_on)
    ledger_wait_ms(l, BUSY_STEP_MS);
  pthread_mutex_unlock(&l->lock);
  return goes_on;
}

static enum gc_code open_file(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  bool was_empty = l->set.count == 0;
  enum gc_code code = sqlite_db_open(l->folder, &l->db, &warning, err);
  report_moved_file(l, &warning);
  if (code != GC_OK)
    return code;
  sqlite_db_set_busy(l->db, wait_for_file, l);
  code = load_all_counters(l, err);
  if (code == GC_OK)
    return GC_OK;
  /* A partial load is of no use. */
  if (was_empty)
    forget_series(l);
  if (sqlite_db_is_broken(l->db))
    return reset_file(l, err);
  close_file(l);
  return code;
}

/* ---- one transaction ---- */

/* Adds a value. Returns false for one that would make the sum infinite. */
static bool add_value(struct series *s, double value) {
  double added = s->added.sum + value;
  if (!isfinite(added) || !isfinite(s->kept.sum + added))
    return false;
  s->added.sum = added;
  s->added.has_sum = true;
  return true;
}

static enum gc_code count_new(struct ledger *l, const struct occurrence_ref *r,
                              struct gc_err *err) {
  const struct ledger_source *source = r->batch->source;
  const struct occurrence *o = r->occurrence;
  struct series *s = NULL;
  GC_TRY(ledger_find_series(l, r, &s, err));
  if (s == NULL) {
    r->batch->outcomes[OUTCOME_OVERFLOW]++;
    return GC_OK;
  }
  ledger_touch_series(l, s);
  s->added.count++;
  s->counted_minute = ledger_minute_of(l->options.wall_ms());
  r->batch->outcomes[OUTCOME_COUNTED]++;
  if (source->values && !(o->has_value && add_value(s, o->value)))
    r->batch->outcomes[OUTCOME_NO_NUMBER]++;
  return GC_OK;
}

static enum gc_code count_occurrence(struct ledger *l,
                                     const struct occurrence_ref *r,
                                     const struct ledger_clock *now,
                                     struct gc_err *err) {
  bool is_new = false;
  if (!ledger_is_in_time(r, sqlite_db_floor(l->db), now))
    return GC_OK;
  GC_TRY(sqlite_db_add_key(l->db, &r->occurrence->key, &is_new, err));
  if (is_new) {
    l->late_by_us += ledger_is_late(r, l->options.wall_ms());
    return count_new(l, r, err);
  }
  r->batch->outcomes[OUTCOME_DUPLICATE]++;
  return GC_OK;
}

static enum gc_code write_counters(struct ledger *l, struct gc_err *err) {
  for (struct series *s = l->touched; s != NULL; s = s->next_touched) {
    struct stored_counter c = ledger_counter_after(s);
    if (c.id != 0) {
      GC_TRY(sqlite_db_update_counter(l->db, &c, err));
      continue;
    }
    GC_TRY(sqlite_db_insert_counter(l->db, &c, err));
    s->new_id = c.id;
  }
  return GC_OK;
}

/* Returns the later one of this host's clock and the Dates. */
static int64_t read_latest(struct ledger *l, int64_t ours_ms,
                           bool *ret_confirmed) {
  int64_t date_ms = ours_ms;
  pthread_mutex_lock(&l->lock);
  bool has =
      gc_server_clock_read_date(&l->date_clock, gc_clock_now_ms(), &date_ms);
  *ret_confirmed = has && l->date_clock.is_agreed;
  pthread_mutex_unlock(&l->lock);
  return date_ms > ours_ms ? date_ms : ours_ms;
}

/* Returns the present time. The earlier one is that of this host's clock and of
 * the newest attribute: of those counted before, and of the sorted ones of this
 * transaction that are not ahead. */
static struct ledger_clock read_clock(struct ledger *l, size_t count) {
  struct ledger_clock now;
  int64_t ours = l->options.wall_ms();
  uint32_t newest = sqlite_db_newest(l->db);
  now.latest_ms = read_latest(l, ours, &now.is_confirmed);
  while (count > 0 && ledger_is_ahead(&l->refs[count - 1], now.latest_ms))
    count--;
  if (count > 0) {
    uint32_t minute = seen_key_minute(&l->refs[count - 1].occurrence->key);
    newest = minute > newest ? minute : newest;
  }
  int64_t newest_ms = (int64_t)newest * LEDGER_MINUTE_MS;
  now.earliest_ms = newest_ms < ours ? newest_ms : ours;
  return now;
}

static enum gc_code write_all(struct ledger *l, size_t count,
                              struct gc_err *err) {
  const struct ledger_clock now = read_clock(l, count);
  l->late_by_us = 0;
  for (size_t i = 0; i < count; i++)
    GC_TRY(count_occurrence(l, &l->refs[i], &now, err));
  ledger_touch_sent_zeros(l);
  GC_TRY(write_counters(l, err));
  if (!ledger_is_healthy(l))
    GC_TRY(sqlite_db_touch(l->db, err));
  return sqlite_db_commit(l->db, err);
}

static enum gc_code try_transact(struct ledger *l, struct batch *batches,
                                 size_t count, struct gc_err *err) {
  uint64_t begun_ms = gc_clock_now_ms();
  GC_TRY(ledger_sort_occurrences(l, batches, count, err));
  GC_TRY(sqlite_db_begin(l->db, err));
  enum gc_code code = write_all(l, count, err);
  if (code != GC_OK)
    sqlite_db_rollback(l->db);
  ledger_end_transaction(l, code == GC_OK, begun_ms);
  return code;
}

/* Notes that the disk answers, so that a long copy does not count as a hang. */
static void note_step(void *ctx) {
  struct ledger *l = ctx;
  pthread_mutex_lock(&l->lock);
  l->works_since_ms = gc_clock_now_ms();
  pthread_mutex_unlock(&l->lock);
}

/* Ends a restoration of a file or log. On failure a file that is there again is
 * opened once more. */
static enum gc_code end_restore(struct ledger *l, enum gc_code code,
                                bool is_log, bool must_close,
                                struct gc_err *err) {
  struct gc_err restored;
  if (code != GC_OK && must_close) {
    close_file(l);
    l->is_open = false;
  }
  if (code != GC_OK)
    return gc_fail_in(err, code,
                      is_log ? "the log of the state was deleted while open: "
                             : "the state file was deleted while open: ");
  (void)gc_fail(&restored, GC_ERR_STATE,
                "%s/%s was deleted or replaced while open; it is restored and "
                "nothing is lost: let nothing clean StateDir",
                l->folder, is_log ? "flowmetrics.db-wal" : "flowmetrics.db");
  ledger_report(l, "state file restored", &restored);
  return GC_OK;
}

/* Restores a file that was deleted or replaced: while that fails, nothing is
 * committed, and the deleted file stays open, because it has all keys. Or a log
 * that was deleted: until then a crash would lose what it has. */
static enum gc_code restore_file(struct ledger *l, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = GC_OK;
  bool is_there = sqlite_db_is_there(l->db);
  if (is_there && sqlite_db_has_log(l->db))
    return GC_OK;
  if (is_there)
    code = sqlite_db_restore_log(l->db, l->folder, &warning, err);
  else
    code = sqlite_db_restore(l->db, l->folder, note_step, l, &warning, err);
  report_moved_file(l, &warning);
  if (is_there)
    return end_restore(l, code, true, !sqlite_db_is_there(l->db), err);
  if (code == GC_OK)
    code = write_counters_back(l, err);
  return end_restore(l, code, false, sqlite_db_is_there(l->db), err);
}

/* Looks after the commit, too: a batch that is acknowledged must not be in a
 * file that was deleted meanwhile. */
static enum gc_code transact_in_file(struct ledger *l, struct batch *batches,
                                     size_t count, struct gc_err *err) {
  GC_TRY(restore_file(l, err));
  enum gc_code code = try_transact(l, batches, count, err);
  if (code != GC_OK && sqlite_db_is_broken(l->db)) {
    GC_TRY(reset_file(l, err));
    code = try_transact(l, batches, count, err);
  }
  return code == GC_OK ? restore_file(l, err) : code;
}

/* ---- upkeep ---- */

static void prune_keys(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  unsigned dropped = 0;
  if (restore_file(l, &err) != GC_OK) {
    ledger_report(l, "state", &err);
    ledger_set_healthy(l, false);
    return;
  }
  uint32_t minute =
      ledger_minute_of(read_clock(l, 0).earliest_ms - l->options.retention_ms);
  enum gc_code code =
      sqlite_db_prune(l->db, minute, PRUNE_KEYS, &dropped, &err);
  l->has_more_to_prune = code == GC_OK && dropped == PRUNE_KEYS;
  if (code != GC_OK)
    ledger_report(l, "state", &err);
}

const struct ledger_store ledger_sqlite = {.open = open_file,
                                           .transact = transact_in_file,
                                           .maintain = prune_keys,
                                           .close = close_file};
