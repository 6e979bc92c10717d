/* SPDX-License-Identifier: MIT */
/* The plugin's one writer: gathers what all sources hand in for up to 20 ms,
 * commits it in one transaction and tells each source that its batch is safe.
 * Only then may a message be deleted or a 200 be sent.
 *
 * It is kept in a file (SQLite) or, together with other agents, in a Redis: two
 * stores behind one writer. The writer opens its store itself and goes on
 * trying while that fails: sources wait meanwhile, nothing is acknowledged,
 * nothing is lost. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_LEDGER_H
#define GENESYS_FLOWMETRICS_LEDGER_LEDGER_H

#include "common/base/buf.h"
#include "common/net/redis/link.h"
#include "plugins/genesys_flowmetrics/ledger/series.h"
#include "plugins/genesys_flowmetrics/stats.h"

enum { LEDGER_GATHER_MS = 20, LEDGER_MARKS_MAX = 20000 };

/* On whose behalf something is counted. Borrowed while batches are in flight.
 */
struct ledger_source {
  const char *scope; /* host of the values; "": collectd's */
  int64_t retention_ms;
  uint32_t max_series;
  bool values; /* sum them */
  struct stats *stats;
  /* Of a shared store: counted once whichever host counts it; and on which
   * identity's account (ledger_identity). */
  bool is_shared;
  unsigned identity;
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
  /* Keep it in a Redis instead; borrowed. ledger_has_redis. */
  const struct redis_settings *redis;
  /* The longest of all sources. A series that was not counted for so long, a
   * day at least, is retired. */
  int64_t retention_ms;
  int64_t (*wall_ms)(void);
  /* The outcome of opening and writing, on the writer's thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Can this build keep its state in a Redis? */
bool ledger_has_redis(void);

struct ledger *ledger_new(const struct ledger_settings *settings,
                          struct gc_err *err);
/* Before ledger_start: `block` counts for `scope`, whose values have the host
 * `host`. Host and block are an identity in a shared store: what an agent has
 * counted under it goes on with whoever takes it over. */
GC_MUST_CHECK enum gc_code ledger_identify(struct ledger *l, const char *scope,
                                           const char *host, const char *block,
                                           struct gc_err *err);
/* Its number; 0 when it was never named. Any thread. */
unsigned ledger_identity(const struct ledger *l, const char *scope,
                         const char *block);
bool ledger_is_shared(const struct ledger *l);
/* Starts the writer. */
GC_MUST_CHECK enum gc_code ledger_start(struct ledger *l, struct gc_err *err);
/* Commits what was handed in (what cannot be now ends with GC_ERR_STOPPED),
 * ends the thread. Reading goes on. */
void ledger_stop(struct ledger *l);
void ledger_free(struct ledger *l);

/* Hands a batch in; `done` will be called, perhaps before this returns.
 * Any thread. */
void ledger_submit(struct ledger *l, struct batch *b);

/* Is the attribute neither late nor ahead, as our clock is now? What is comes
 * under a clock that was set right, perhaps, and counts then. Any thread. */
bool ledger_takes(const struct ledger *l, const struct ledger_source *source,
                  const struct seen_key *key);

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
/* The series number `i`; false past the last one, also while the store was not
 * open yet. One reader at a time. */
bool ledger_read(struct ledger *l, size_t i, struct ledger_view *ret);
/* What has to go out first of this series was dispatched: that will be kept
 * soon. */
void ledger_shown(struct ledger *l, struct series *s);
/* How many are shown. */
size_t ledger_count(struct ledger *l, const char *scope);
/* Is the store open, and was the last transaction committed? */
bool ledger_is_healthy(struct ledger *l);
/* How long the last transaction took, from begin to the return of commit. */
double ledger_commit_s(struct ledger *l);

#endif
