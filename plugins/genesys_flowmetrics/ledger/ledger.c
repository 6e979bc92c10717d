/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/debug.h"
#include "common/net/clock.h"
#include "common/net/thread.h"

enum {
  IDLE_MS = 1000, /* time between two runs of the store's upkeep */
  LEASE_MS = 200, /* between two checks of the leases */
  OPEN_FIRST_MS = 500,
  /* Longest time between two attempts to open the store. A store that has
   * stayed open for this time counts as working. */
  OPEN_MAX_MS = 5000,
  STOP_STEP_MS = 50,
  SHARED_HANGS_MS = 30 * 1000, /* longer than all time-outs of a Redis */
  HANGS_MS = 8000, /* longer than the writer waits for another process */
};

/* ---- identities, and the leases of their accounts ---- */

/* Chooses the identities that the store takes over: those whose values this
 * agent may dispatch. The term is read before the permission, so that a term
 * that begins in between is noticed later. */
static void choose_identities(struct ledger *l) {
  l->key_count = 0;
  for (size_t i = 0; i < l->identity_count; i++) {
    struct identity *id = &l->identities[i];
    uint32_t term = gc_lease_gate_term(id->lease);
    id->taken_term = gc_lease_gate_allows(id->lease) ? term : 0;
    id->key = id->taken_term != 0 ? ++l->key_count : 0;
  }
}

/* True if this agent has lost a lease since the store was opened, or has got
 * one. While the permission is closed within a term, no other agent counts. */
static bool has_lease_changed(const struct ledger *l) {
  for (size_t i = 0; i < l->identity_count; i++) {
    const struct identity *id = &l->identities[i];
    uint32_t term = gc_lease_gate_term(id->lease);
    if (id->taken_term != term &&
        (id->taken_term != 0 || gc_lease_gate_allows(id->lease)))
      return true;
  }
  return false;
}

/* Prepares the series of each scope whose lease this agent has got: another
 * agent may have counted and dispatched them since they were read. */
static void forget_former_terms(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  for (size_t i = 0; i < l->identity_count; i++) {
    const struct identity *id = &l->identities[i];
    if (id->lease != NULL && id->taken_term != 0 &&
        id->taken_term != id->loaded_term)
      series_forget_scope(&l->set, id->scope);
  }
  pthread_mutex_unlock(&l->lock);
}

/* Marks the counts as read. With a lease, a first 0 may lack its record. */
static void note_loaded(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  l->has_sent_zero = l->has_sent_zero || l->has_lease;
  for (size_t i = 0; i < l->identity_count; i++)
    if (l->identities[i].taken_term != 0)
      l->identities[i].loaded_term = l->identities[i].taken_term;
  l->has_loaded = true;
  pthread_mutex_unlock(&l->lock);
}

/* True if the counts of a scope are those of the store: with a lease, if they
 * were read in the present term. The lock is held. */
static bool is_loaded(const struct ledger *l, const char *scope) {
  for (size_t i = 0; i < l->identity_count; i++) {
    const struct identity *id = &l->identities[i];
    uint32_t term = gc_lease_gate_term(id->lease);
    if (strcmp(id->scope, scope) == 0 && (term == 0 || id->loaded_term != term))
      return false;
  }
  return l->has_loaded;
}

/* True if this agent may count the batch. */
static bool holds_batch(const struct ledger *l, const struct batch *b) {
  GC_ASSERT(!b->source->is_shared || b->source->identity < l->identity_count);
  if (!b->source->is_shared)
    return true;
  const struct identity *id = &l->identities[b->source->identity];
  return id->taken_term != 0 && id->taken_term == gc_lease_gate_term(id->lease);
}

/* ---- batches ---- */

static void finish_batch(struct batch *b, enum gc_code code) {
  struct stats *stats = b->source->stats;
  if (code == GC_OK) {
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
      stats->outcomes[i] += b->outcomes[i];
    stats->malformed[MALFORMED_FUTURE] += b->ahead;
  }
  stats_add(stats, code == GC_OK ? TALLY_BATCHES : TALLY_BATCHES_FAILED, 1);
  GC_ASSERT(b->next == NULL);
  b->done(b, code);
}

static void finish_all(struct ledger *l, struct batch *batches,
                       enum gc_code code) {
  if (!ledger_enter_owner(l))
    return;
  while (batches != NULL) {
    struct batch *b = batches;
    batches = b->next;
    b->next = NULL;
    finish_batch(b, code);
  }
  ledger_leave_owner(l);
}

/* Marks the start of an operation of the store, whose disk may hang; end_work
 * marks the end. */
static void begin_work(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  GC_ASSERT(l->works_since_ms == 0);
  l->works_since_ms = gc_clock_now_ms();
  pthread_mutex_unlock(&l->lock);
}

static void end_work(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  l->works_since_ms = 0;
  pthread_mutex_unlock(&l->lock);
}

static void delay_next_open(struct ledger *l) {
  l->next_open_ms =
      gc_clock_now_ms() + gc_backoff_fail(&l->backoff, 0, gc_random32());
}

static size_t count_occurrences(const struct batch *batches) {
  size_t count = 0;
  for (const struct batch *b = batches; b != NULL; b = b->next)
    count += b->count;
  return count;
}

/* Returns all queued batches and empties the queue. The lock is held. */
static struct batch *take_queue(struct ledger *l) {
  struct batch *batches = l->first;
  GC_ASSERT(l->waiting == count_occurrences(batches));
  l->first = NULL;
  l->last = &l->first;
  l->waiting = 0;
  return batches;
}

/* Waits until the oldest batch is LEDGER_GATHER_MS old or the queue is long,
 * then returns all queued batches; NULL when there are none. `ret_count`: their
 * occurrences. The lock is held. */
static struct batch *gather_batches(struct ledger *l, size_t *ret_count) {
  while (l->first != NULL && !l->is_stopping &&
         l->waiting < LEDGER_OCCURRENCES_MAX) {
    uint64_t age_ms = gc_clock_now_ms() - l->first_ms;
    if (age_ms >= LEDGER_GATHER_MS)
      break;
    ledger_wait_ms(l, LEDGER_GATHER_MS - age_ms);
  }
  *ret_count = l->waiting;
  return take_queue(l);
}

/* Gives the batches of accounts whose lease another agent has back to their
 * sources. Returns the others and subtracts from `count`. */
static struct batch *give_back(struct ledger *l, struct batch *batches,
                               size_t *count) {
  struct batch *held = NULL, *others = NULL;
  struct batch **held_end = &held, **others_end = &others;
  for (struct batch *b = batches, *next; b != NULL; b = next) {
    bool is_ours = holds_batch(l, b);
    struct batch ***end = is_ours ? &held_end : &others_end;
    next = b->next;
    b->next = NULL;
    **end = b;
    *end = &b->next;
    if (!is_ours)
      *count -= b->count;
  }
  finish_all(l, others, GC_ERR_UNAVAILABLE);
  return held;
}

/* ---- the writer ---- */

/* Notes that the store works when it has stayed open, also without a batch to
 * commit: the next outage begins with short times between the attempts. */
static void note_works(struct ledger *l) {
  if (gc_clock_now_ms() - l->opened_ms >= OPEN_MAX_MS)
    gc_backoff_reset(&l->backoff);
}

/* Opens the store and retires idle series, so that the first transaction finds
 * room. */
static bool open_store(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  choose_identities(l);
  forget_former_terms(l);
  begin_work(l);
  enum gc_code code = l->store->open(l, &err);
  end_work(l);
  l->is_open = code == GC_OK;
  if (l->is_open) {
    l->opened_ms = gc_clock_now_ms();
    l->next_retire_ms = 0;
    ledger_retire_idle(l);
    note_loaded(l);
  }
  if (code != GC_ERR_UNAVAILABLE) /* the lease was lost meanwhile */
    ledger_report(l, "state", &err);
  ledger_set_healthy(l, l->is_open);
  if (!l->is_open)
    delay_next_open(l);
  return l->is_open;
}

/* Takes over the identities whose lease this agent has got, and leaves those
 * whose lease it has lost. */
static void follow_leases(struct ledger *l) {
  if (!has_lease_changed(l))
    return;
  gc_debug("ledger: a lease has changed; the counts are read again");
  l->store->close(l);
  (void)open_store(l);
}

static enum gc_code run_transaction(struct ledger *l, struct batch *batches,
                                    size_t count, struct gc_err *err) {
  *err = (struct gc_err){.code = GC_OK};
  begin_work(l);
  enum gc_code code = l->store->transact(l, batches, count, err);
  end_work(l);
  err->code = code;
  return code;
}

/* Commits the batches. Another agent may have got the lease of an account since
 * the store was opened: then the batches of this account go back to their
 * sources, and the others are committed at once. */
static void commit_batches(struct ledger *l, struct batch *batches,
                           size_t count) {
  GC_ASSERT(l->is_open && count == count_occurrences(batches));
  struct gc_err err;
  enum gc_code code;
  while ((code = run_transaction(l, batches, count, &err)) ==
         GC_ERR_UNAVAILABLE) {
    bool is_open = open_store(l);
    batches = give_back(l, batches, &count);
    if (!is_open) {
      finish_all(l, batches, GC_ERR_STATE);
      return;
    }
  }
  ledger_report(l, "state", &err);
  ledger_set_healthy(l, code == GC_OK);
  if (code == GC_OK) {
    gc_backoff_reset(&l->backoff);
    ledger_report_late(l, batches);
  } else if (!l->is_open)
    delay_next_open(l);
  finish_all(l, batches, code);
}

/* Opens the store when an attempt is due. While the store is closed, fails the
 * queued batches after each attempt, and new ones at once; their sources submit
 * them again. */
static void try_open(struct ledger *l) {
  if (gc_clock_now_ms() >= l->next_open_ms && open_store(l))
    return;
  pthread_mutex_lock(&l->lock);
  uint64_t now_ms = gc_clock_now_ms();
  if (l->first == NULL && !l->is_stopping && now_ms < l->next_open_ms)
    ledger_wait_ms(l, l->next_open_ms - now_ms);
  struct batch *batches = take_queue(l);
  pthread_mutex_unlock(&l->lock);
  finish_all(l, batches, GC_ERR_STATE);
}

/* Commits the batches, and writes the records that the readers' values need.
 * The leases are followed first: a source submits a batch as soon as this agent
 * has the lease. */
static void write_batches(struct ledger *l, struct batch *batches, size_t count,
                          bool stopping) {
  if (!stopping)
    follow_leases(l);
  if (!l->is_open) {
    finish_all(l, batches, GC_ERR_STATE);
    return;
  }
  batches = give_back(l, batches, &count);
  pthread_mutex_lock(&l->lock);
  bool needs_write = l->has_sent_zero || !l->is_healthy;
  pthread_mutex_unlock(&l->lock);
  if (batches != NULL || needs_write)
    commit_batches(l, batches, count);
}

/* Makes one pass of the writer. Returns false when the writer is to stop. After
 * a failure the writer tries an empty transaction each second, so that it
 * recovers without a batch of a source. */
static bool run_once(struct ledger *l) {
  size_t count = 0;
  pthread_mutex_lock(&l->lock);
  bool has_work = l->is_healthy && (l->has_sent_zero || l->has_more_to_prune);
  if (l->first == NULL && !l->is_stopping && !has_work)
    ledger_wait_ms(l, l->has_lease ? LEASE_MS : IDLE_MS);
  struct batch *batches = gather_batches(l, &count);
  bool stopping = l->is_stopping;
  pthread_mutex_unlock(&l->lock);

  write_batches(l, batches, count, stopping);
  ledger_report_names(l);
  if (!stopping && l->is_open) {
    begin_work(l);
    l->store->maintain(l);
    end_work(l);
    ledger_retire_idle(l);
  }
  if (l->is_open)
    note_works(l);
  else
    ledger_set_healthy(l, false);
  return !stopping;
}

static void *run_writer(void *arg) {
  struct ledger *l = arg;
  bool goes_on = true;
  while (goes_on) {
    if (!l->is_open)
      try_open(l);
    if (l->is_open) {
      goes_on = run_once(l);
      continue;
    }
    pthread_mutex_lock(&l->lock);
    goes_on = !l->is_stopping;
    pthread_mutex_unlock(&l->lock);
  }
  pthread_mutex_lock(&l->lock);
  struct batch *left = take_queue(l);
  l->is_running = false;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
  finish_all(l, left, GC_ERR_STOPPED);
  return NULL;
}

struct ledger *ledger_new(const struct ledger_options *options,
                          struct gc_err *err) {
  int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop_fd < 0) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory or descriptors");
    return NULL;
  }
  struct ledger *l = gc_zalloc(1, sizeof(*l));
  l->commit_s = -1;
  gc_clock_cond_init(&l->changed);
  pthread_mutex_init(&l->lock, NULL);
  l->options = *options;
  l->folder = gc_strdup(options->folder);
  l->stop_fd = stop_fd;
  l->store = options->redis != NULL ? ledger_redis() : &ledger_sqlite;
  l->last = &l->first;
  l->backoff =
      (struct gc_backoff){.base_ms = OPEN_FIRST_MS, .cap_ms = OPEN_MAX_MS};
  return l;
}

void ledger_identify(struct ledger *l, const struct ledger_identity *of) {
  size_t count = l->identity_count + 1;
  l->identities = gc_resize(l->identities, count, sizeof(*l->identities));
  l->identities[l->identity_count++] =
      (struct identity){.scope = gc_strdup(of->scope),
                        .block = gc_strdup(of->block),
                        .host = gc_strdup(of->host),
                        .lease = of->lease};
  l->has_lease = l->has_lease || of->lease != NULL;
}

unsigned ledger_identity(const struct ledger *l, const char *scope,
                         const char *block) {
  for (size_t i = 0; i < l->identity_count; i++)
    if (strcmp(l->identities[i].scope, scope) == 0 &&
        strcmp(l->identities[i].block, block) == 0)
      return (unsigned)i;
  return 0;
}

bool ledger_is_shared(const struct ledger *l) {
  return l->options.redis != NULL;
}

bool ledger_has_redis(void) { return ledger_redis() != NULL; }

enum gc_code ledger_start(struct ledger *l, struct gc_err *err) {
  l->is_running = true;
  int failed = gc_thread_start(&l->thread, run_writer, l);
  if (failed != 0) {
    l->is_running = false;
    return gc_fail(err, GC_ERR_MEMORY, "cannot start the writer's thread: %s",
                   strerror(failed));
  }
  pthread_setname_np(l->thread, "gc-flowmetrics");
  l->has_thread = true;
  return GC_OK;
}

/* Waits until the writer ends. Returns false when the time is over: the writer
 * is then left behind and makes no callbacks any more. */
static bool wait_for_writer(struct ledger *l) {
  uint32_t max_ms = l->options.stop_max_ms;
  uint64_t end_ms = max_ms != 0 ? gc_clock_bound(max_ms) : UINT64_MAX;
  pthread_mutex_lock(&l->lock);
  l->is_stopping = true;
  pthread_cond_broadcast(&l->changed);
  while (l->is_running && !l->is_left &&
         (gc_clock_now_ms() < end_ms || l->in_owner > 0))
    ledger_wait_ms(l, STOP_STEP_MS);
  l->is_left = l->is_left || l->is_running;
  bool is_left = l->is_left;
  pthread_mutex_unlock(&l->lock);
  return !is_left;
}

bool ledger_stop(struct ledger *l) {
  if (l == NULL)
    return true;
  (void)!eventfd_write(l->stop_fd, 1);
  bool has_ended = wait_for_writer(l);
  if (l->has_thread && has_ended)
    pthread_join(l->thread, NULL);
  else if (l->has_thread)
    pthread_detach(l->thread);
  l->has_thread = false;
  return has_ended;
}

void ledger_free(struct ledger *l) {
  if (l == NULL || !ledger_stop(l))
    return;
  if (l->is_open)
    l->store->close(l);
  for (size_t i = 0; i < l->identity_count; i++) {
    free(l->identities[i].scope);
    free(l->identities[i].block);
    free(l->identities[i].host);
  }
  free(l->identities);
  close(l->stop_fd);
  series_clear(&l->set);
  free(l->refs);
  pthread_cond_destroy(&l->changed);
  pthread_mutex_destroy(&l->lock);
  free(l->folder);
  free(l);
}

void ledger_observe_date(struct ledger *l, int64_t date_ms) {
  int64_t wall_ms = l->options.wall_ms();
  pthread_mutex_lock(&l->lock);
  (void)gc_server_clock_observe(&l->date_clock, gc_clock_now_ms(), wall_ms,
                                date_ms);
  pthread_mutex_unlock(&l->lock);
}

void ledger_submit(struct ledger *l, struct batch *b) {
  GC_ASSERT(b->done != NULL && b->source != NULL && b->count <= b->cap);
  b->next = NULL;
  pthread_mutex_lock(&l->lock);
  bool accepted = l->is_running && !l->is_stopping;
  if (accepted) {
    if (l->first == NULL)
      l->first_ms = gc_clock_now_ms();
    *l->last = b;
    l->last = &b->next;
    l->waiting += b->count;
    pthread_cond_broadcast(&l->changed);
  }
  pthread_mutex_unlock(&l->lock);
  if (!accepted)
    finish_batch(b, GC_ERR_STOPPED);
}

bool ledger_read(struct ledger *l, size_t i, struct ledger_view *ret) {
  pthread_mutex_lock(&l->lock);
  bool has = l->has_loaded && i < l->set.count;
  if (has) {
    struct series *s = l->set.at[i];
    enum series_state state = s->state;
    bool is_readable =
        s->kept.id != 0 && !s->is_retired && is_loaded(l, s->kept.scope);
    bool is_returned = state == SERIES_NEW && s->kept.shown;
    *ret = (struct ledger_view){
        .scope = s->kept.scope,
        .flow = s->kept.flow_label,
        .metric = s->kept.metric_label,
        .count = s->kept.count,
        .sum = s->kept.sum,
        .has_sum = s->kept.has_sum,
        .is_shown = s->kept.shown,
        .has_first = state != SERIES_SHOWN,
        .first_count = is_returned ? s->returned.count : 0,
        .first_sum = is_returned ? s->returned.sum : 0,
        /* NULL: the store does not have it yet, it is retired, or another
         * agent may have counted it since it was read. */
        .series = is_readable ? s : NULL,
    };
  }
  pthread_mutex_unlock(&l->lock);
  return has;
}

void ledger_first_sent(struct ledger *l, struct series *s) {
  pthread_mutex_lock(&l->lock);
  series_apply(s, SERIES_SENT);
  l->has_sent_zero = l->has_sent_zero || s->state != SERIES_SHOWN;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
}

size_t ledger_count(struct ledger *l, const char *scope, size_t *ret_renamed) {
  pthread_mutex_lock(&l->lock);
  size_t count = series_count_active(&l->set, scope, ret_renamed);
  pthread_mutex_unlock(&l->lock);
  return count;
}

double ledger_commit_s(struct ledger *l) {
  pthread_mutex_lock(&l->lock);
  double s = l->commit_s;
  pthread_mutex_unlock(&l->lock);
  return s;
}

bool ledger_hangs(struct ledger *l, struct gc_err *ret) {
  bool is_shared = ledger_is_shared(l);
  uint64_t max_ms = is_shared ? SHARED_HANGS_MS : HANGS_MS;
  pthread_mutex_lock(&l->lock);
  bool hangs =
      l->works_since_ms != 0 && gc_clock_now_ms() - l->works_since_ms >= max_ms;
  l->is_healthy = l->is_healthy && !hangs;
  pthread_mutex_unlock(&l->lock);
  if (hangs)
    (void)gc_fail(ret, GC_ERR_STATE,
                  "state file %.300s%s: no answer of the file system; check "
                  "its disk or network folder",
                  is_shared ? "" : l->folder,
                  is_shared ? "of StateURL (CACert, StatePasswordFile)"
                            : "/flowmetrics.db");
  return hangs;
}
