/* SPDX-License-Identifier: MIT */
/* What was counted, and how much: StateDir/flowmetrics.db. The seen-set and the
 * cumulative counters change in one transaction, so that an attribute is
 * counted once whatever dies when.
 *
 * A key begins with the minute of the attribute's own time: new keys go to the
 * end of the tree (480 k/s against 105 k/s for random ones), and what is past
 * the retention is one range. The rest is 96 bits of SHA-256 over host,
 * conversation and attribute name: with a thousand million keys two of them
 * collide once in 10^11 runs.
 * One thread at a time; one process at a time (flowmetrics.lock). */
#ifndef GENESYS_FLOWMETRICS_LEDGER_SQLITE_DB_H
#define GENESYS_FLOWMETRICS_LEDGER_SQLITE_DB_H

#include "common/base/err.h"

#include <stdint.h>

enum { SEEN_KEY_BYTES = 16 };

struct seen_key {
  uint8_t bytes[SEEN_KEY_BYTES]; /* minute, most significant first; hash */
};

/* `scope`: whose values they become, the host. */
struct seen_key seen_key_of(const char *scope, const char *conversation,
                            const char *name, size_t name_len, int64_t time_ms);
uint32_t seen_key_minute(const struct seen_key *key);

/* A counter as it is kept. `scope`, `flow` and `metric` are the names as they
 * came, the labels what they are called in an identity. */
struct stored_counter {
  int64_t id;
  const char *scope, *flow, *metric, *flow_label, *metric_label;
  int64_t count;
  double sum;
  bool has_sum; /* a numeric value was seen */
  bool shown;   /* its first 0 has been dispatched */
  uint32_t
      last_minute; /* when it was last counted, by our clock; 0: not told */
};

struct sqlite_db;

/* Opens or makes the file. GC_ERR_STATE: cannot be had now (another process
 * holds it, read-only, disk full, newer version). `ret_warning` tells of a file
 * that was moved aside. */
GC_MUST_CHECK enum gc_code sqlite_db_open(const char *folder,
                                          struct sqlite_db **ret,
                                          struct gc_err *ret_warning,
                                          struct gc_err *err);
void sqlite_db_close(struct sqlite_db *s);

/* All counters in the order in which they were made. Not GC_OK from `each` ends
 * it and is returned. Strings are borrowed for the call. */
GC_MUST_CHECK enum gc_code
sqlite_db_load(struct sqlite_db *s,
               enum gc_code (*each)(void *ctx, const struct stored_counter *c),
               void *ctx, struct gc_err *err);

/* A transaction; what fails inside must be followed by sqlite_db_rollback. */
GC_MUST_CHECK enum gc_code sqlite_db_begin(struct sqlite_db *s,
                                           struct gc_err *err);
GC_MUST_CHECK enum gc_code sqlite_db_commit(struct sqlite_db *s,
                                            struct gc_err *err);
void sqlite_db_rollback(struct sqlite_db *s);

/* Inside of a transaction: */
/* `ret_new`: the key was not there. */
GC_MUST_CHECK enum gc_code sqlite_db_add_key(struct sqlite_db *s,
                                             const struct seen_key *key,
                                             bool *ret_new, struct gc_err *err);
/* Makes a counter; c->id is filled in. */
GC_MUST_CHECK enum gc_code sqlite_db_insert_counter(struct sqlite_db *s,
                                                    struct stored_counter *c,
                                                    struct gc_err *err);
/* All of them. */
GC_MUST_CHECK enum gc_code sqlite_db_delete_counters(struct sqlite_db *s,
                                                     struct gc_err *err);
/* Writes what is there already: a transaction without anything new tells then,
 * too, whether the file can be written. */
GC_MUST_CHECK enum gc_code sqlite_db_touch(struct sqlite_db *s,
                                           struct gc_err *err);
/* Sets count, sum and shown to what the struct says. */
GC_MUST_CHECK enum gc_code
sqlite_db_update_counter(struct sqlite_db *s, const struct stored_counter *c,
                         struct gc_err *err);

/* Drops keys before `minute`, `max` of them at most, in a transaction of its
 * own; how many. From then on sqlite_db_floor is at least the minute after the
 * last one dropped: what is older cannot be told from what was counted. */
GC_MUST_CHECK enum gc_code sqlite_db_prune(struct sqlite_db *s, uint32_t minute,
                                           unsigned max, unsigned *ret_dropped,
                                           struct gc_err *err);
uint32_t sqlite_db_floor(const struct sqlite_db *s);

/* After a failure: is the file corrupt? */
bool sqlite_db_is_broken(const struct sqlite_db *s);
/* Moves a corrupt file aside and begins a new one; the caller makes its
 * counters anew from what it has in memory. */
GC_MUST_CHECK enum gc_code sqlite_db_reset(struct sqlite_db *s,
                                           struct gc_err *ret_warning,
                                           struct gc_err *err);

#endif
