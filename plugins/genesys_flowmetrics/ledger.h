/* SPDX-License-Identifier: MIT */
/* The plugin's one writer: gathers what all sources hand in for up to 20 ms,
 * commits it in one transaction and tells each source that its batch is safe.
 * Only then may a message be deleted or a 200 be sent.
 *
 * The writer opens the file itself and goes on trying while that fails: sources
 * wait meanwhile, nothing is acknowledged, nothing is lost. */
#ifndef GC_FLOWMETRICS_LEDGER_H
#define GC_FLOWMETRICS_LEDGER_H

#include "common/base/buf.h"
#include "plugins/genesys_flowmetrics/series.h"
#include "plugins/genesys_flowmetrics/stats.h"

enum { LEDGER_GATHER_MS = 20, LEDGER_MARKS_MOST = 20000 };

/* On whose behalf something is counted. Borrowed while batches are in flight.
 */
struct ledger_source {
  const char *scope; /* host of the values; "": collectd's */
  int64_t retention_ms;
  uint32_t max_series;
  bool values; /* sum them */
  struct stats *stats;
};

/* One attribute that asks to be counted. */
struct mark {
  struct seen_key key;
  size_t names; /* offset into the batch's: flow, NUL, metric, NUL */
  double value;
  bool has_value;
};

/* What comes and goes together: the messages of one answer, the body of one
 * request. Zeroed, `source`, `done` and `ctx` set; then batch_take as the sink
 * of a decoder. */
struct batch {
  const struct ledger_source *source;
  /* On the writer's thread, once: GC_OK when all of it is safe. Any other code:
   * nothing was counted, it has to come again. The batch is the owner's again.
   */
  void (*done)(struct batch *b, enum gc_code code);
  void *ctx;

  struct mark *marks;
  size_t count, cap;
  struct gc_buf names;
  uint64_t outcomes[OUTCOME_COUNT], future; /* the writer's */
  struct batch *next;
};

/* For struct event_sink; ctx is the batch. */
GC_MUST_CHECK enum gc_code batch_take(void *ctx, const struct event_metric *m);
/* Takes back all marks after the first `count`: a body that broke off. */
void batch_cut(struct batch *b, size_t count);
void batch_clear(struct batch *b);

struct ledger;

struct ledger_settings {
  const char *folder; /* StateDir; copied */
  /* The longest of all sources. A series that was not counted for so long, a
   * day at least, is retired. */
  int64_t retention_ms;
  int64_t (*wall_ms)(void);
  /* The outcome of opening and writing, on the writer's thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct ledger *ledger_new(const struct ledger_settings *settings,
                          struct gc_err *err);
/* Starts the writer. */
GC_MUST_CHECK enum gc_code ledger_start(struct ledger *l, struct gc_err *err);
/* Commits what was handed in (what cannot be now ends with GC_ERR_STOPPED),
 * ends the thread. Reading goes on. */
void ledger_stop(struct ledger *l);
void ledger_free(struct ledger *l);

/* Hands a batch in; `done` will be called, perhaps before this returns.
 * Any thread. */
void ledger_submit(struct ledger *l, struct batch *b);

/* What a reader sees of one counter. Labels live as long as the ledger. */
struct ledger_view {
  const char *scope, *flow, *metric;
  int64_t count;
  double sum;
  bool has_sum, is_shown;
  /* Goes out before the count: 0, or of one that was retired what it had. */
  bool has_first;
  int64_t first_count;
  double first_sum;
  /* For its reader's members, and ledger_shown; NULL: nothing to see of it. */
  struct series *series;
};
/* The series number `i`; false past the last one, also while the file is not
 * open. One reader at a time. */
bool ledger_read(struct ledger *l, size_t i, struct ledger_view *ret);
/* What has to go out first of this series was dispatched: that will be kept
 * soon. */
void ledger_shown(struct ledger *l, struct series *s);
/* How many are shown. */
size_t ledger_count(struct ledger *l, const char *scope);
/* Is the file open, and was the last transaction committed? */
bool ledger_is_well(struct ledger *l);
/* How long the last transaction took, from begin to the return of commit. */
double ledger_commit_s(struct ledger *l);

#endif
