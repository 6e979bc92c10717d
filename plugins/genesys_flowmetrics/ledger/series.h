/* SPDX-License-Identifier: MIT */
/* The counters of this process: found by the names that come, shown under
 * labels that are unique. A scope is the host whose values they become. Pure.
 * The ledger's writer adds and counts; a reader takes what is visible.
 *
 * A series that is idle is retired: it is not shown any longer and leaves its
 * place of MaxSeries to others. It keeps its count and its label: when it is
 * counted again it goes on where it was, and shows that first. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_SERIES_H
#define GENESYS_FLOWMETRICS_LEDGER_SERIES_H

#include "common/base/strmap.h"
#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

struct series_scope;

enum { SERIES_RETIRED_MAX = 9 }; /* for each one of MaxSeries */
/* What one identity has counted of a series, in a store that is shared. */
struct series_part {
  int64_t count;
  double sum;
  bool has_sum;

  /* The writer's, while it loads: what the store says; within a script: its
   * number there, from 1. */
  int64_t stored_count;
  double stored_sum;
  bool stored_has_sum;
  unsigned nth;
};

struct series {
  struct seen_counter kept; /* as in the file; strings are ours */
  struct series_scope *scope;
  char *key; /* scope, flow and metric in one, of the map */

  /* The writer's, within one transaction. */
  int64_t delta;
  double more;
  bool has_more;
  bool is_touched;
  int64_t fresh_id;       /* of one that was made in this transaction */
  struct series *touched; /* the next one */
  uint32_t fresh_minute;  /* when it was counted in this transaction; 0: not */
  bool is_showing;        /* that its first 0 went out is being written */
  struct series_part *parts; /* one for each identity; NULL and 0 with SQLite */
  size_t part_count;

  bool is_retired;
  /* Counted again after that: what it had then goes out first. */
  bool is_back;
  int64_t back_count;
  double back_sum;

  /* The reader's (samples.h). */
  _Atomic bool zero_went; /* its first 0 has been dispatched: keep that */
  uint64_t next_ms;
  int64_t sent_count;
  bool has_sent;
};

struct series_set {
  struct series **at;
  size_t count, cap;
  struct gc_strmap by_key;
  struct series_scope *scopes;
  size_t collisions; /* series whose label is not their name */
  const char *collided_flow, *collided_metric; /* labels of the newest one */
};

/* Takes a counter of the file over. GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code series_load(struct series_set *set,
                                       const struct seen_counter *kept);

/* The series of these names, retired or not. A new one (ret->kept.id is 0 until
 * it is in the file) when the scope has fewer than `max`, and no more than
 * SERIES_RETIRED_MAX times as many that are retired; GC_ERR_LIMIT when not. */
GC_MUST_CHECK enum gc_code series_find(struct series_set *set,
                                       const char *scope, const char *flow,
                                       const char *metric, size_t max,
                                       struct series **ret);
/* Makes room for the parts of so many identities; GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code series_divide(struct series *s, size_t identities);
/* Retires those that were last counted before this minute; not of those whose
 * time is not known. How many. */
size_t series_retire(struct series_set *set, uint32_t before_minute);
/* A series that is to be counted; when it is retired it comes back, or
 * GC_ERR_LIMIT: the scope has `max` others. */
GC_MUST_CHECK enum gc_code series_revive(struct series *s, size_t max);
/* How many a scope has that are not retired. */
size_t series_in_scope(const struct series_set *set, const char *scope);

void series_clear(struct series_set *set);

#endif
