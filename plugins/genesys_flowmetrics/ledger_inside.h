/* SPDX-License-Identifier: MIT */
/* The ledger's own rooms: ledger.c is the thread and what others call,
 * ledger_count.c one transaction, ledger_file.c the file's life,
 * ledger_series.c what becomes of series in the long run. */
#ifndef GC_FLOWMETRICS_LEDGER_INSIDE_H
#define GC_FLOWMETRICS_LEDGER_INSIDE_H

#include "common/base/backoff.h"
#include "plugins/genesys_flowmetrics/ledger.h"

#include <pthread.h>

enum { LEDGER_MINUTE_MS = 60 * 1000 };

/* A mark and its batch, to be sorted. */
struct ref {
  const struct mark *mark;
  struct batch *batch;
};

struct ledger {
  struct ledger_settings settings;
  char *folder;

  /* The writer's. */
  struct seen *seen; /* NULL: not open */
  struct gc_backoff backoff;
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
  bool is_stopping, is_running, is_well;
  bool has_shown; /* some series' first 0 wants to be kept */
  double commit_s;
  pthread_t thread;
};

/* Tells of an outcome. */
void ledger_say(struct ledger *l, const char *cause, const struct gc_err *err);
/* Minutes since 1970; 0 before. */
uint32_t ledger_minute(int64_t ms);

/* Counts and commits the `count` marks of `batches`. What readers see changes
 * when all of it is committed, or not at all. */
GC_MUST_CHECK enum gc_code ledger_transact(struct ledger *l,
                                           struct batch *batches, size_t count,
                                           struct gc_err *err);

/* Retires idle series now and then. */
void ledger_retire(struct ledger *l);
/* Tells of a transaction what an operator should know of its names. */
void ledger_tell(struct ledger *l);

/* Opens the file and loads its counters; those in memory, if there are any,
 * take their place. On failure it is closed. */
GC_MUST_CHECK enum gc_code ledger_open(struct ledger *l, struct gc_err *err);
/* Moves a corrupt file aside and goes on with a new one. On failure it is
 * closed, to be tried again. */
GC_MUST_CHECK enum gc_code ledger_begin_anew(struct ledger *l,
                                             struct gc_err *err);

#endif
