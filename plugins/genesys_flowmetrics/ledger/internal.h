/* SPDX-License-Identifier: MIT */
/* The parts of the ledger; each may use those listed after it:
 *   ledger.c        the writer's thread and the public functions
 *   sqlite_store.c  the store in a file; redis/store.c the store in a Redis
 *   transaction.c   the common part of the transactions of both stores
 *   series.c        the counters; series_state.c their states */
#ifndef GENESYS_FLOWMETRICS_LEDGER_INTERNAL_H
#define GENESYS_FLOWMETRICS_LEDGER_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <pthread.h>

enum { LEDGER_MINUTE_MS = 60 * 1000 };

/* An occurrence and its batch, to be sorted. */
struct occurrence_ref {
  struct occurrence *occurrence;
  struct batch *batch;
  struct series *series; /* with a shared store: counts it if it is new */
};

/* A host and a block, under which a shared store keeps counts. */
struct identity {
  char *scope, *block, *host;
};

struct ledger;

/* The operations of a store. All of them run on the writer's thread. */
struct ledger_store {
  /* Opens the store and loads its counters. Counters in memory win where the
   * store has lost them. On failure the store is closed. */
  enum gc_code (*open)(struct ledger *l, struct gc_err *err);
  /* Counts the `count` occurrences of `batches`. Readers see all of the change
   * once it is committed, or none of it. A failure may close the store. */
  enum gc_code (*transact)(struct ledger *l, struct batch *batches,
                           size_t count, struct gc_err *err);
  /* Runs between two transactions, at least once a second: drops keys past the
   * retention time, checks the connection. Reports its failures itself
   * (ledger_report) and closes a store that cannot be used any more. */
  void (*maintain)(struct ledger *l);
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
  struct sqlite_db *db;      /* NULL: not open, or another store */
  struct redis_store *redis; /* NULL: as for db */
  struct gc_backoff backoff;
  uint64_t next_open_ms;
  uint64_t busy_since_ms; /* another process writes to the file */
  struct occurrence_ref *refs;
  size_t refs_cap;
  struct series *touched;     /* by the open transaction */
  bool has_more_to_prune;     /* the last step took as many keys as it may */
  uint64_t next_retire_ms;    /* when series are next checked for idleness */
  uint64_t overflow;          /* attributes past MaxSeries, this transaction */
  size_t reported_collisions; /* of set.collisions */

  /* Shared, under the lock. */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch *first, **last;
  size_t waiting; /* occurrences in these batches */
  uint64_t first_ms;
  struct series_set set; /* changed by the writer only, under the lock */
  bool is_stopping, is_running, is_healthy;
  bool has_loaded;    /* all counters: a partial load may be dropped again */
  bool has_sent_zero; /* some series' first 0 is not recorded yet */
  double commit_s;    /* -1: there was no transaction */
  pthread_t thread;
};

/* ---- transaction.c ---- */

/* Reports an outcome to the ledger's owner. */
void ledger_report(struct ledger *l, const char *cause,
                   const struct gc_err *err);
void ledger_set_healthy(struct ledger *l, bool is_healthy);
/* Waits on the monotonic clock, until `changed` at most; the lock is held. */
void ledger_wait_ms(struct ledger *l, uint64_t ms);
/* Minutes since 1970; 0 before. */
uint32_t ledger_minute_of(int64_t ms);

/* Retires idle series, once a minute. */
void ledger_retire_idle(struct ledger *l);
/* Reports after a transaction that MaxSeries was reached or names collide. */
void ledger_report_names(struct ledger *l);
/* Reports after a transaction that attributes of these batches were late. */
void ledger_report_late(struct ledger *l, const struct batch *batches);

/* The occurrences of the batches into l->refs, in the order of their keys. */
GC_MUST_CHECK enum gc_code ledger_sort_occurrences(struct ledger *l,
                                                   struct batch *batches,
                                                   size_t count,
                                                   struct gc_err *err);
/* The present time by our clock and by that of a shared store. No clock alone
 * decides: an attribute is late by the earlier one, ahead by the later one. */
struct ledger_clock {
  int64_t earliest_ms, latest_ms;
};
/* False for an occurrence that is late or ahead; marks and counts it as such.
 * `floor`: the store has dropped its keys before this minute. */
bool ledger_is_in_time(const struct occurrence_ref *r, uint32_t floor,
                       const struct ledger_clock *now);
void ledger_note_late(const struct occurrence_ref *r);
/* The series of an occurrence; NULL and GC_OK past MaxSeries. */
GC_MUST_CHECK enum gc_code ledger_find_series(struct ledger *l,
                                              const struct occurrence_ref *r,
                                              struct series **ret,
                                              struct gc_err *err);
/* Adds a series to those that the transaction changes. */
void ledger_touch_series(struct ledger *l, struct series *s);
/* Touches the series whose first 0 was dispatched and is not recorded yet. */
void ledger_touch_sent_zeros(struct ledger *l);
/* A series' counter as it will be when the transaction is committed. */
struct stored_counter ledger_counter_after(const struct series *s);
/* Makes the changes visible to readers, or drops them. */
void ledger_end_transaction(struct ledger *l, bool committed,
                            uint64_t begun_ms);

#endif
