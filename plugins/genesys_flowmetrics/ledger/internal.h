/* SPDX-License-Identifier: MIT */
/* The ledger's own rooms: ledger.c is the thread and what others call,
 * ledger_marks.c what every transaction does to marks and series,
 * ledger_series.c what becomes of series in the long run. The stores:
 * ledger_count.c one transaction with SQLite, ledger_file.c the file's life;
 * ledger_redis_count.c one with Redis, ledger_redis.c the connection's life. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_INTERNAL_H
#define GENESYS_FLOWMETRICS_LEDGER_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <pthread.h>

enum { LEDGER_MINUTE_MS = 60 * 1000 };

/* A mark and its batch, to be sorted. */
struct ref {
  const struct mark *mark;
  struct batch *batch;
  struct series *series; /* a shared store's: where it counts if it is new */
};

/* On whose account a shared store counts. */
struct identity {
  char *scope, *block, *host;
};

struct ledger;

/* Where it is kept. All of it on the writer's thread. */
struct ledger_store {
  /* Opens it and loads its counters; those in memory, if there are any, win
   * where the store has forgotten them. On failure it is closed. */
  enum gc_code (*open)(struct ledger *l, struct gc_err *err);
  /* Counts the `count` marks of `batches`. What readers see changes when all
   * of it is committed, or not at all. A failure may leave it closed. */
  enum gc_code (*transact)(struct ledger *l, struct batch *batches,
                           size_t count, struct gc_err *err);
  /* Between two transactions, each second at least: drops what is past the
   * retention, looks whether the store is still there. Tells of a failure
   * itself (ledger_say), and closes what cannot be used any more. */
  void (*care)(struct ledger *l);
  void (*close)(struct ledger *l);
};

extern const struct ledger_store ledger_sqlite;
/* NULL in a build without hiredis. */
const struct ledger_store *ledger_redis(void);

struct ledger {
  struct ledger_settings settings;
  char *folder;
  const struct ledger_store *store;
  struct identity *identities; /* const once the writer runs */
  size_t identity_count;
  int stop_fd; /* readable when the writer is to stop */

  /* The writer's. */
  bool is_open;
  struct seen *seen;     /* SQLite's; NULL: not open */
  struct shared *shared; /* Redis's; NULL: not open */
  struct gc_backoff backoff;
  uint64_t next_open_ms;
  struct ref *refs;
  size_t refs_cap;
  struct series *touched;
  bool prune_again;   /* the last step was a full one */
  uint64_t retire_ms; /* when it is looked next who is idle */
  uint64_t overflow;  /* attributes past MaxSeries in this transaction */
  size_t collisions;  /* that were told */

  /* Shared, under the lock. */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch *first, **last;
  size_t waiting; /* marks in them */
  uint64_t first_ms;
  struct series_set set; /* the writer alone changes it, under the lock */
  bool is_stopping, is_running, is_healthy;
  bool has_loaded; /* all counters: half of them may be dropped again */
  bool has_shown;  /* some series' first 0 wants to be kept */
  double commit_s;
  pthread_t thread;
};

/* Tells of an outcome. */
void ledger_say(struct ledger *l, const char *cause, const struct gc_err *err);
/* Minutes since 1970; 0 before. */
uint32_t ledger_minute(int64_t ms);

/* ---- what the transactions of all stores do (ledger_marks.c) ---- */

/* Retires idle series now and then. */
void ledger_retire(struct ledger *l);
/* Tells of a transaction what an operator should know of its names. */
void ledger_tell(struct ledger *l);

/* The marks of the batches into l->refs, in the order of their keys. */
GC_MUST_CHECK enum gc_code ledger_sort(struct ledger *l, struct batch *batches,
                                       size_t count, struct gc_err *err);
/* False, and counted as such, for what is late or ahead. `floor`: before this
 * minute a store has forgotten. */
bool ledger_is_in_time(const struct ref *r, uint32_t floor, int64_t now_ms);
/* The series of a mark; NULL and GC_OK past MaxSeries. */
GC_MUST_CHECK enum gc_code ledger_series(struct ledger *l, const struct ref *r,
                                         struct series **ret,
                                         struct gc_err *err);
void ledger_touch(struct ledger *l, struct series *s);
/* Touches the series whose first 0 went out and wants to be kept. */
void ledger_touch_shown(struct ledger *l);
/* A series' counter as it will be when the transaction is committed. */
struct seen_counter ledger_counter_after(const struct series *s);
/* What was written becomes what readers see; or is as if it had not been. */
void ledger_settle(struct ledger *l, bool committed, uint64_t begun_ms);

/* ---- between the rooms of SQLite ---- */

GC_MUST_CHECK enum gc_code ledger_file_transact(struct ledger *l,
                                                struct batch *batches,
                                                size_t count,
                                                struct gc_err *err);
/* Moves a corrupt file aside and goes on with a new one. On failure it is
 * closed, to be tried again. */
GC_MUST_CHECK enum gc_code ledger_file_reset(struct ledger *l,
                                             struct gc_err *err);

#endif
