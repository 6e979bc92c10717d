/* SPDX-License-Identifier: MIT */
/* The plugin's only writer. It gathers the batches of all sources for up to 20
 * ms, commits them in one transaction and then reports to each source that its
 * batch is safe. Only then may a source delete a message or answer 200.
 *
 * The store is a file (SQLite), or a Redis that several agents share. The
 * writer opens the store, and tries again while that fails. Until then it
 * acknowledges nothing, so nothing is lost.
 *
 * An identity whose account has a lease belongs to the holder of the lease. On
 * a standby the ledger neither takes the identity over nor returns its counts.
 * When this agent gets the lease, the writer opens the store again: it takes
 * the identity over and reads the counts of the former holder. */

/* The path of one flow metric:
 *
 * 1. An SQS consumer (sources/sqs/sqs.c) receives an event by a long poll, the
 *    webhook (sources/webhook.c) by a request, or the account's channel
 *    delivers it for a queue (sources/notifications.c).
 * 2. events/attribute_name.c rejects bodies without a metric and parses names,
 *    events/decode.c opens the envelope; ledger/batch.c keeps one occurrence
 *    for each metric.
 * 3. The writer (ledger/ledger.c) sorts the occurrences, and commits keys and
 *    counters in one transaction of SQLite (ledger/sqlite_store.c), or with one
 *    script for each 500 occurrences in a Redis (ledger/redis/transaction.c).
 * 4. The source deletes the message, or sends the 200. The platform does not
 *    repeat a notification: its source submits a failed batch again.
 * 5. Every 0.9 s, a read callback dispatches the series that are due
 *    (samples.c). A series that is idle for Retention retires
 *    (ledger/series.h). */
#ifndef GENESYS_FLOWMETRICS_LEDGER_LEDGER_H
#define GENESYS_FLOWMETRICS_LEDGER_LEDGER_H

#include "common/base/buf.h"
#include "common/net/lease_gate.h"
#include "common/net/redis/link.h"
#include "plugins/genesys_flowmetrics/ledger/series.h"
#include "plugins/genesys_flowmetrics/stats.h"

enum { LEDGER_GATHER_MS = 20, LEDGER_OCCURRENCES_MAX = 20000 };
/* The writer needs up to 600 ms to leave a Redis, and 200 ms to leave a file
 * that another process has locked. */
enum { LEDGER_STOP_MIN_MS = 750 };

/* Globs (base/glob), borrowed. Without any, every name is accepted except those
 * that look like a customer's number. */
struct name_filter {
  char *const *patterns;
  size_t count;
};

/* One <Attributes> block as its source and the ledger see it. Borrowed while
 * batches are pending. */
struct ledger;
struct ledger_source {
  struct ledger *ledger;
  const struct attribute_form *form;
  const char *scope; /* host of the values; "": collectd's */
  /* While it is closed another agent receives the events; NULL: always open. */
  const struct gc_lease_gate *lease;
  int64_t retention_ms;
  uint32_t max_series;
  bool values; /* also sum the values */
  struct stats *stats;
  struct name_filter flows, metrics; /* the names that count */
  /* Receives the outcomes of source and ledger; may be NULL. Any thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
  /* With a shared store an occurrence counts once, on the host that sees it
   * first. It is added to the counts of this identity (ledger_identity). */
  bool is_shared;
  unsigned identity;
};

/* Reports an outcome of the block; GC_OK ends the cause. Any thread. */
void ledger_source_notice(const struct ledger_source *source, const char *cause,
                          const struct gc_err *err);
/* The age of an attribute, by its own time. Set by the writer. */
enum occurrence_timing {
  OCCURRENCE_IN_TIME,
  OCCURRENCE_LATE,  /* older than Retention, or than the kept keys: it is not
                       counted */
  OCCURRENCE_AHEAD, /* more than a day ahead of this host's clock, and of
                       the clock of a Redis or the Dates: it is not counted,
                       but may count when it is delivered again */
};

/* One attribute to be counted. */
struct occurrence {
  struct seen_key key;
  enum occurrence_timing timing;
  size_t names; /* offset into the batch's names: flow, NUL, metric, NUL */
  double value;
  bool has_value;
};

/* The occurrences that are acknowledged together: the messages of one answer,
 * or the body of one request. The owner zeroes it and sets `source`, `done` and
 * `ctx`. */
struct batch {
  const struct ledger_source *source;
  /* Called once, on the writer's thread, or inside ledger_submit when the
   * ledger does not run. GC_OK: the whole batch is safe, except for the `ahead`
   * attributes, which the source must not acknowledge. Any other code: submit
   * the batch again; a part of it may have been counted, and is then a
   * duplicate. GC_ERR_UNAVAILABLE: another agent has the lease, and receives
   * it. The batch is the owner's again. */
  void (*done)(struct batch *b, enum gc_code code);
  void *ctx;

  struct event_counts counts; /* of the bodies (batch_read) */
  struct occurrence *occurrences;
  size_t count, cap;
  struct gc_buf names;
  uint64_t outcomes[OUTCOME_COUNT]; /* set by the writer */
  size_t ahead;                     /* number in the last transaction */
  bool is_doubtful; /* these may be right: nothing confirms this host's clock */
  struct batch *next;
};

/* Adds a metric to a batch (`ctx`). Leaves out metrics that the source's globs
 * do not select and, without a glob for its kind, a name that has a number
 * (gc_name_has_number), which would make a customer's number an identity. */
GC_MUST_CHECK enum gc_code batch_add(void *ctx, const struct event_metric *m);
/* Adds the metrics of a body, and reports one that is no event or not
 * understood. Returns the codes of event_read; after a failure the batch has no
 * metric of the body. *ret_unread: do not acknowledge the body. */
GC_MUST_CHECK enum gc_code batch_read(struct batch *b, struct event_reader *r,
                                      const char *body, size_t len,
                                      bool *ret_unread);
/* Keeps the first `count` occurrences. */
void batch_truncate(struct batch *b, size_t count);
/* True after a commit in which every attribute was ahead and `is_doubtful`:
 * this host's clock may be behind, and every batch may end so. */
bool batch_doubts_clock(const struct batch *b);
/* Reports after a commit whether attributes were ahead. Any thread. */
void batch_report_ahead(const struct batch *b);
void batch_clear(struct batch *b);

struct ledger_options {
  const char *folder; /* StateDir; copied */
  /* The Redis that has the state instead of a file; NULL: none. Borrowed. Needs
   * ledger_has_redis. */
  const struct redis_settings *redis;
  /* The longest Retention of all sources. A series that is not counted for this
   * time, and at least a day, is retired. */
  int64_t retention_ms;
  int64_t (*wall_ms)(void);
  /* Longest wait of the stop for a writer whose disk hangs, at least
   * LEDGER_STOP_MIN_MS; 0: the stop waits until the writer ends. */
  uint32_t stop_max_ms;
  /* The outcome of opening and writing, on the writer's thread. That of
   * "names of metrics" is an information (gc_health_is_information). */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Returns true when this build can keep its state in a Redis. */
bool ledger_has_redis(void);

struct ledger *ledger_new(const struct ledger_options *options,
                          struct gc_err *err);
/* A block and the scope that it counts for. Borrowed during the call, except
 * `lease`. */
struct ledger_identity {
  const char *scope;
  const char *host; /* of the values of the scope */
  const char *block;
  /* The lease of the account that has this host; NULL: none. The identities of
   * a scope have the same one. */
  const struct gc_lease_gate *lease;
};
/* Adds an identity. In a shared store, an agent that takes over this host and
 * block continues their counts. Call it before ledger_start. */
void ledger_identify(struct ledger *l, const struct ledger_identity *of);
/* Returns the number of an identity; for one that ledger_identify has not
 * added, 0, the number of the first one. Any thread. */
unsigned ledger_identity(const struct ledger *l, const char *scope,
                         const char *block);
bool ledger_is_shared(const struct ledger *l);
/* Starts the writer. */
GC_MUST_CHECK enum gc_code ledger_start(struct ledger *l, struct gc_err *err);
/* Commits the queued batches or fails them, and ends the thread; later batches
 * end with GC_ERR_STOPPED, and reading remains possible. Returns false when the
 * disk hangs and the writer is left behind: it calls neither `done` nor notice,
 * but the ledger, its options, the sources and their batches must stay for the
 * rest of the process. */
bool ledger_stop(struct ledger *l);
/* Stops and frees the ledger, unless the writer is left behind. */
void ledger_free(struct ledger *l);

/* Takes the Date of a service's answer, epoch ms: with a file it is the second
 * clock, without which an attribute would be ahead by this host's clock alone.
 * Any thread. */
void ledger_observe_date(struct ledger *l, int64_t date_ms);
/* Queues a batch. Its `done` is called once, perhaps before this function
 * returns. Any thread. */
void ledger_submit(struct ledger *l, struct batch *b);

/* One counter as a reader sees it. Labels live as long as the ledger. */
struct ledger_view {
  const char *scope, *flow, *metric;
  int64_t count;
  double sum;
  bool has_sum, is_shown;
  /* The first value, dispatched before the count: 0, or the count that the
   * series had when it was retired. */
  bool has_first;
  int64_t first_count;
  double first_sum;
  /* The series, for the reader's own members and for ledger_first_sent. NULL:
   * there is nothing to dispatch. */
  struct series *series;
};
/* Reads the series number `i`. Returns false past the last one, and until the
 * store was opened for the first time. A series of an account with a lease is
 * NULL in the view until its counts were read in the present term of this
 * agent. One reader at a time. */
bool ledger_read(struct ledger *l, size_t i, struct ledger_view *ret);
/* The reader has dispatched the first value of this series; the writer records
 * that in its next transaction. */
void ledger_first_sent(struct ledger *l, struct series *s);
/* Returns how many series of a scope are not retired. *ret_renamed (may be
 * NULL): how many of these have the name of another one. */
size_t ledger_count(struct ledger *l, const char *scope, size_t *ret_renamed);
/* True when the store is open and the last transaction was committed. */
bool ledger_is_healthy(struct ledger *l);
/* True while an operation of the store hangs: the disk of the state file, of
 * CACert or StatePasswordFile does not answer. `ret` then has the text, and the
 * ledger is not healthy. Any thread. */
bool ledger_hangs(struct ledger *l, struct gc_err *ret);
/* Returns the duration of the last transaction, up to the return of its commit;
 * -1: there was none. */
double ledger_commit_s(struct ledger *l);

#endif
