/* SPDX-License-Identifier: MIT */
/* The database StateDir/flowmetrics.db: the set of counted keys and the
 * counters. Both change in one transaction, so that an attribute counts once
 * even when the process is killed at any point.
 *
 * A key begins with the minute of the attribute's own time: new keys go to the
 * end of the tree (480 k/s against 105 k/s for random ones), and keys past the
 * retention time are one range. The rest is 96 bits of SHA-256 over host,
 * conversation and attribute name: among 10^9 keys the probability of a
 * collision is one in 10^11. One thread at a time; one process at a time
 * (flowmetrics.lock). */
#ifndef GENESYS_FLOWMETRICS_LEDGER_SQLITE_DB_H
#define GENESYS_FLOWMETRICS_LEDGER_SQLITE_DB_H

#include "common/base/err.h"

#include <stdint.h>

enum { SEEN_KEY_BYTES = 16 };

struct seen_key {
  uint8_t bytes[SEEN_KEY_BYTES]; /* minute, most significant first; hash */
};

/* Returns the key of an attribute. `scope`: the host of the values. */
struct seen_key seen_key_of(const char *scope, const char *conversation,
                            const char *name, size_t name_len, int64_t time_ms);
uint32_t seen_key_minute(const struct seen_key *key);

/* A counter as it is stored. `scope`, `flow` and `metric` are the names as they
 * arrived; the labels are their forms in a collectd identity. */
struct stored_counter {
  int64_t id;
  const char *scope, *flow, *metric, *flow_label, *metric_label;
  int64_t count;
  double sum;
  bool has_sum;         /* a numeric value was seen */
  bool shown;           /* its first 0 has been dispatched */
  uint32_t last_minute; /* last counted, by this host's clock; 0: unknown */
};

struct sqlite_db;

/* Opens or creates the file. `ret_warning` names a file that was moved aside.
 * GC_ERR_STATE: read-only, disk full, a newer version; GC_ERR_UNAVAILABLE:
 * another process has it. */
GC_MUST_CHECK enum gc_code sqlite_db_open(const char *folder,
                                          struct sqlite_db **ret,
                                          struct gc_err *ret_warning,
                                          struct gc_err *err);
/* Sets the function that waits while another process writes. It gets the number
 * of attempts so far, and returns 0 to give up. */
void sqlite_db_set_busy(struct sqlite_db *s,
                        int (*busy)(void *ctx, int attempts), void *ctx);
void sqlite_db_close(struct sqlite_db *s);

/* Passes all counters to `each`, the oldest first, until it fails; strings are
 * borrowed for the call. */
GC_MUST_CHECK enum gc_code
sqlite_db_load(struct sqlite_db *s,
               enum gc_code (*each)(void *ctx, const struct stored_counter *c),
               void *ctx, struct gc_err *err);

/* After a failure inside a transaction call sqlite_db_rollback. */
GC_MUST_CHECK enum gc_code sqlite_db_begin(struct sqlite_db *s,
                                           struct gc_err *err);
GC_MUST_CHECK enum gc_code sqlite_db_commit(struct sqlite_db *s,
                                            struct gc_err *err);
void sqlite_db_rollback(struct sqlite_db *s);

/* ---- inside a transaction ---- */

/* Adds a key unless it is there. `ret_new`: it was not there. */
GC_MUST_CHECK enum gc_code sqlite_db_add_key(struct sqlite_db *s,
                                             const struct seen_key *key,
                                             bool *ret_new, struct gc_err *err);
/* Adds a counter and sets c->id. */
GC_MUST_CHECK enum gc_code sqlite_db_insert_counter(struct sqlite_db *s,
                                                    struct stored_counter *c,
                                                    struct gc_err *err);
GC_MUST_CHECK enum gc_code sqlite_db_delete_counters(struct sqlite_db *s,
                                                     struct gc_err *err);
/* Writes an unchanged value, so that a transaction without new keys also shows
 * whether the file can be written. */
GC_MUST_CHECK enum gc_code sqlite_db_touch(struct sqlite_db *s,
                                           struct gc_err *err);
/* Writes the counter's numbers, `shown` and `last_minute`. */
GC_MUST_CHECK enum gc_code
sqlite_db_update_counter(struct sqlite_db *s, const struct stored_counter *c,
                         struct gc_err *err);

/* ---- between transactions ---- */

/* Deletes at most `max` keys before `minute`, in its own transaction.
 * Afterwards sqlite_db_floor is at least the minute after the last key deleted:
 * whether an older attribute was counted is unknown. */
GC_MUST_CHECK enum gc_code sqlite_db_prune(struct sqlite_db *s, uint32_t minute,
                                           unsigned max, unsigned *ret_dropped,
                                           struct gc_err *err);
uint32_t sqlite_db_floor(const struct sqlite_db *s);
/* Returns the minute of the newest key, even if it was dropped; 0: none. */
uint32_t sqlite_db_newest(const struct sqlite_db *s);

/* Returns false if the open file was deleted or replaced. */
bool sqlite_db_is_there(const struct sqlite_db *s);
/* Returns false if its write-ahead log was deleted or replaced. Commits then go
 * to the deleted log, and are lost when this process ends. */
bool sqlite_db_has_log(const struct sqlite_db *s);
/* Copies the deleted log into the file, and opens the file again, which has a
 * new log. Call it between transactions. GC_ERR_STATE: nothing has changed, or
 * the file is closed (sqlite_db_is_there returns false). */
GC_MUST_CHECK enum gc_code sqlite_db_restore_log(struct sqlite_db *s,
                                                 const char *folder,
                                                 struct gc_err *ret_warning,
                                                 struct gc_err *err);
/* Makes a deleted file again, first with the counters, then with all keys in
 * bounded transactions, and continues with it; the caller then writes the
 * counters that it has in memory. `step` (may be NULL) runs before each
 * transaction with keys. Until all keys are copied, a failure leaves the
 * deleted file open, and the call may be repeated. */
GC_MUST_CHECK enum gc_code sqlite_db_restore(struct sqlite_db *s,
                                             const char *folder,
                                             void (*step)(void *ctx), void *ctx,
                                             struct gc_err *ret_warning,
                                             struct gc_err *err);

/* Returns true, after a failure, when the file is corrupt. */
bool sqlite_db_is_broken(const struct sqlite_db *s);
/* Moves a corrupt file aside and creates a new one, to which the caller adds
 * the counters that it has in memory. */
GC_MUST_CHECK enum gc_code sqlite_db_reset(struct sqlite_db *s,
                                           struct gc_err *ret_warning,
                                           struct gc_err *err);

#endif
