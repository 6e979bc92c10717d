/* SPDX-License-Identifier: MIT */
/* The parts of the ledger; each may use those listed after it:
 *   ledger.c        the writer's thread, the public functions, hosts and blocks
 *   sqlite_store.c  the store in a file; redis/store.c the store in a Redis
 *   transaction.c   the common part of the transactions of both stores
 *   series.c        the counters and their states */
#ifndef GENESYS_FLOWMETRICS_LEDGER_INTERNAL_H
#define GENESYS_FLOWMETRICS_LEDGER_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "common/base/policy/server_clock.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <pthread.h>

enum {
  LEDGER_MINUTE_MS = 60 * 1000,
  /* An overflow is over when no attribute was left out for this time. */
  LEDGER_GOOD_AGAIN_MS = 10 * 60 * 1000,
};

/* An occurrence and its batch, as an element of a sorted list. */
struct occurrence_ref {
  struct occurrence *occurrence;
  struct batch *batch;
  struct series *series; /* with a shared store: to count it in, if new */
};

/* A host and a block, under which a shared store keeps counts. A term is that
 * of gc_lease_gate_term, which is always 1 without a lease. */
struct identity {
  char *scope, *block, *host;
  const struct gc_lease_gate *lease; /* NULL: the account has none */
  /* Used by the writer only: the term for which the store was opened; 0: this
   * agent may not count for the identity. */
  uint32_t taken_term;
  unsigned key; /* number in the scripts of the store, from 1; 0: not taken */
  uint32_t loaded_term; /* when the counts were read; guarded by the lock */
};

struct ledger;

/* The operations of a store. All of them run on the writer's thread; `close`
 * also runs in ledger_free, after that thread has ended. */
struct ledger_store {
  /* Opens the store, takes over the identities that have a key, and loads their
   * counters. Counters in memory win where the store has lost them. On failure
   * the store is closed. */
  enum gc_code (*open)(struct ledger *l, struct gc_err *err);
  /* Counts the `count` occurrences of `batches`. Readers see all of the change
   * once it is committed, or none of it. A failure may close the store.
   * GC_ERR_UNAVAILABLE: another agent has got the lease of an identity. */
  enum gc_code (*transact)(struct ledger *l, struct batch *batches,
                           size_t count, struct gc_err *err);
  /* Runs between two transactions, at least once a second: drops keys past the
   * retention time, checks the connection. Reports its own failures
   * (ledger_report) and closes a store that cannot be used any longer. */
  void (*maintain)(struct ledger *l);
  void (*close)(struct ledger *l);
};

extern const struct ledger_store ledger_sqlite;
/* Returns the store in Redis; NULL in a build without hiredis. */
const struct ledger_store *ledger_redis(void);

struct ledger {
  struct ledger_options options;
  char *folder;
  const struct ledger_store *store;
  struct identity *identities; /* as many as when the writer was started */
  size_t identity_count;
  bool has_lease; /* of at least one identity */
  int stop_fd;    /* readable when the writer is to stop */

  /* Used by the writer only. */
  bool is_open;
  unsigned key_count;        /* identities with a key */
  struct sqlite_db *db;      /* NULL: not open, or another store */
  struct redis_store *redis; /* NULL: not open, or another store */
  struct gc_backoff backoff;
  uint64_t next_open_ms, opened_ms;
  uint64_t busy_since_ms; /* since when another process writes to the file */
  struct occurrence_ref *refs;
  size_t refs_cap;
  struct series *touched;  /* the series that the open transaction changes */
  bool has_more_to_prune;  /* the last step dropped as many keys as it may */
  uint64_t next_retire_ms; /* when series are next checked for idleness */
  struct gc_server_clock retire_clock; /* this host's, without short steps */
  uint64_t overflow;       /* attributes past MaxSeries, this transaction */
  bool is_full;            /* an overflow was reported, and not its end */
  uint64_t full_ms;        /* when attributes were left out last */
  uint64_t late_by_us;     /* counted, though late by this host's clock */
  size_t reported_renamed; /* set.renamed at the last report */

  /* Shared; guarded by the lock. */
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch *first, **last;
  size_t waiting; /* occurrences in these batches */
  uint64_t first_ms;
  struct series_set set; /* changed by the writer only, under the lock */
  bool is_stopping, is_running, is_healthy;
  bool is_left;      /* the writer hangs, and the stop did not wait for it */
  unsigned in_owner; /* callbacks of the owners that run */
  uint64_t works_since_ms; /* start of the store's operation; 0: none runs */
  bool has_loaded;    /* all counters were loaded; a partial load is dropped */
  bool has_sent_zero; /* some series' first 0 is not recorded yet */
  double commit_s;    /* -1: there was no transaction */
  struct gc_server_clock date_clock; /* by the Dates that sources observe */
  pthread_t thread;
  bool has_thread; /* `thread` must be joined; used by the stopping thread */
};

/* ---- transaction.c ---- */

/* Call this before a callback of sources or owner, and ledger_leave_owner after
 * it. Returns false when the writer was left behind: the owners may be gone. */
bool ledger_enter_owner(struct ledger *l);
void ledger_leave_owner(struct ledger *l);
/* Reports an outcome to the ledger's owner. */
void ledger_report(struct ledger *l, const char *cause,
                   const struct gc_err *err);
void ledger_set_healthy(struct ledger *l, bool is_healthy);
/* Waits for `changed`, at most `ms`. The lock is held. */
void ledger_wait_ms(struct ledger *l, uint64_t ms);
/* Returns the minutes since 1970; 0 for an earlier time. */
uint32_t ledger_minute_of(int64_t ms);

/* Retires idle series, once a minute. */
void ledger_retire_idle(struct ledger *l);
/* Reports after a transaction that MaxSeries was reached or names became
 * one. */
void ledger_report_names(struct ledger *l);
/* Reports after a transaction that attributes of the batches were late. */
void ledger_report_late(struct ledger *l, const struct batch *batches);

/* Writes the occurrences to l->refs, in the order of their keys. */
GC_MUST_CHECK enum gc_code ledger_sort_occurrences(struct ledger *l,
                                                   struct batch *batches,
                                                   size_t count,
                                                   struct gc_err *err);
/* The present time by this host's clock and a second source. With a shared
 * store this is its clock. With a file it is the newest attribute for the
 * earlier time, and the Date of the services' answers for the later one. One
 * clock alone does not decide: an attribute is late if it is late by the
 * earlier time, and ahead if it is ahead of the later one. */
struct ledger_clock {
  int64_t earliest_ms, latest_ms;
  bool is_confirmed; /* a second clock confirms this host's or replaces it */
};
/* True if the occurrence is older than the source's Retention at `now_ms`. */
bool ledger_is_late(const struct occurrence_ref *r, int64_t now_ms);
/* True if the occurrence is more than a day ahead of `now_ms`. */
bool ledger_is_ahead(const struct occurrence_ref *r, int64_t now_ms);
/* False for an occurrence that is late or ahead, which is then marked and
 * counted. `floor`: the store has dropped its keys before this minute. */
bool ledger_is_in_time(const struct occurrence_ref *r, uint32_t floor,
                       const struct ledger_clock *now);
void ledger_note_late(const struct occurrence_ref *r);
/* Finds or makes the series of an occurrence. Past MaxSeries returns GC_OK, and
 * *ret is NULL. */
GC_MUST_CHECK enum gc_code ledger_find_series(struct ledger *l,
                                              const struct occurrence_ref *r,
                                              struct series **ret,
                                              struct gc_err *err);
/* Adds a series to those that the transaction changes. */
void ledger_touch_series(struct ledger *l, struct series *s);
/* Adds the series whose first 0 was dispatched and is not recorded yet. */
void ledger_touch_sent_zeros(struct ledger *l);
/* Returns a series' counter as it will be when the transaction is committed. */
struct stored_counter ledger_counter_after(const struct series *s);
/* Ends the transaction: makes its changes visible to readers if it was
 * committed, else drops them. */
void ledger_end_transaction(struct ledger *l, bool committed,
                            uint64_t begun_ms);

#endif
