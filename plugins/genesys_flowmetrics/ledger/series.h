/* SPDX-License-Identifier: MIT */
/* The counters of this process. They are found by the names as they arrive, and
 * shown under unique labels. A scope is the host that the values are dispatched
 * for. Pure. The ledger's writer adds series and counts; a reader takes the
 * visible counts.
 *
 * A rate needs a value before the first count. The reader therefore dispatches
 * a first value for a new series, 0, and repeats it until the store has
 * recorded that it was dispatched. If a process ends before that, the next one
 * starts with a 0 again. A 0 never follows a count.
 *
 *   new -> first sent -> first writing -> shown
 *
 * An idle series is retired: it is no longer read and no longer takes one of
 * the MaxSeries places. It keeps its count, its label and its state. When it is
 * counted again and was shown before, it is new once more, and its first value
 * is the count that it had. When this agent gets the lease of the series'
 * account, a series without a record is new, and the store decides. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_SERIES_H
#define GENESYS_FLOWMETRICS_LEDGER_SERIES_H

#include "common/base/strmap.h"
#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

struct series_scope;

enum { SERIES_RETIRED_MAX = 9 }; /* number for each place of MaxSeries */

struct series_value {
  int64_t count;
  double sum;
  bool has_sum;
};

/* The part of a series that one identity has counted, in a shared store. */
struct series_part {
  struct series_value now;

  /* Used by the writer only. */
  struct series_value stored; /* the values in the store, while it loads */
  unsigned script_number;     /* of the counter in a script, from 1 */
};

enum series_state {
  SERIES_NEW = 1,       /* the first value is due */
  SERIES_FIRST_SENT,    /* it was dispatched; the store has no record of it */
  SERIES_FIRST_WRITING, /* the open transaction records it */
  SERIES_SHOWN,         /* recorded: the reader dispatches the present count */
};

enum series_event {
  SERIES_SENT,      /* the first value was dispatched */
  SERIES_WRITE,     /* a transaction includes the record */
  SERIES_COMMIT,    /* that transaction was committed */
  SERIES_ROLL_BACK, /* that transaction was rolled back */
  SERIES_RECORDED,  /* the store, when it was opened, had the record */
  SERIES_RETURNED,  /* counted again after it was retired */
  SERIES_FORGOTTEN, /* another agent may have counted and dispatched it */
};

struct series {
  struct stored_counter kept; /* as committed; owns the labels */
  struct series_scope *scope;
  bool is_renamed; /* a label differs from its cleaned name; const */
  /* Only series_apply changes it, under the ledger's lock. It is atomic because
   * the writer also reads it without the lock. */
  _Atomic enum series_state state;
  bool is_retired; /* changed by the writer under the lock */

  /* Used by the writer only, within one transaction. */
  struct series_value added;
  int64_t new_id;          /* id of a counter that this transaction has made */
  uint32_t counted_minute; /* when this transaction counted; 0: it did not */
  bool is_touched;         /* it is in the list of the transaction */
  struct series *next_touched;
  struct series_part *parts; /* one for each identity; NULL with SQLite */
  size_t part_count;

  struct series_value returned; /* what it had when it was last retired */

  /* Used by the reader only (samples.h). */
  uint64_t next_ms;
  int64_t sent_count;
  bool has_sent;
  char metric[];
};

struct series_set {
  struct series **at;
  size_t count, cap;
  struct series_scope *scopes;
  size_t renamed; /* series, not retired, with is_renamed */
  const struct series *newest_renamed;
};

/* Adds a counter that the store has. */
GC_MUST_CHECK enum gc_code series_load(struct series_set *set,
                                       const struct stored_counter *kept);

/* Finds the series of these names, retired or not, or makes one (its kept.id is
 * 0 until the store has it). GC_ERR_LIMIT: the scope has `max` active series,
 * or SERIES_RETIRED_MAX times `max` retired ones. */
GC_MUST_CHECK enum gc_code series_find(struct series_set *set,
                                       const char *scope, const char *flow,
                                       const char *metric, size_t max,
                                       struct series **ret);
void series_make_parts(struct series *s, size_t identities);
/* Moves the series to its next state, and notes in kept.shown that the store
 * has the record. An event that means nothing in a state changes nothing. */
void series_apply(struct series *s, enum series_event event);
/* Retires the series that were last counted before this minute, except those
 * whose time is unknown. Returns how many. */
size_t series_retire_idle(struct series_set *set, uint32_t before_minute);
/* Makes a retired series active again; call it before a series is counted.
 * GC_ERR_LIMIT: the scope has `max` active series. */
GC_MUST_CHECK enum gc_code series_revive(struct series_set *set,
                                         struct series *s, size_t max);
/* Prepares each series of a scope for reading the store again, since another
 * agent may have counted and dispatched it: none is retired. The counts stay:
 * where the store has fewer, it has lost some. */
void series_forget_scope(struct series_set *set, const char *scope);
/* Returns how many series of a scope are not retired. *ret_renamed (may be
 * NULL): how many of them are renamed. */
size_t series_count_active(const struct series_set *set, const char *scope,
                           size_t *ret_renamed);

void series_clear(struct series_set *set);

#endif
