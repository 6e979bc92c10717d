/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the ledger in a file: a folder and a ledger for each
 * test, batches of one source, and what readers of the ledger dispatch.
 *
 *   lb_fresh_folder();
 *   struct ledger *l = lb_start();
 *   lb_count_one(l, 1);
 *   CHECK_INT(lb_count_of(l, "A"), 1);
 *   ledger_free(l);
 *   lb_remove_folder(); */
#ifndef GC_TESTS_SUPPORT_LEDGER_BENCH_H
#define GC_TESTS_SUPPORT_LEDGER_BENCH_H

#include "common/genesys/sample.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#define MINUTE INT64_C(60000)
#define NOW (INT64_C(30000000) * MINUTE)
enum { HOUR = 60 };

extern char lb_folder[64];
extern struct stats lb_stats;       /* of the only source */
extern _Atomic int64_t lb_later_ms; /* added to NOW by the ledger's clock */
/* Batches that came back, and those of them that were not committed. */
extern unsigned lb_finished, lb_failed;
/* The last report of each cause. */
extern struct gc_err lb_state, lb_moved, lb_series, lb_names, lb_clock;

/* Creates the folder and zeroes the counts above. */
void lb_fresh_folder(void);
void lb_remove_folder(void);

/* The clock and the report callback of a ledger that a test makes itself. */
int64_t lb_wall_ms(void);
void lb_on_notice(void *ctx, const char *cause, const struct gc_err *err);
/* Starts a ledger in the folder; the caller frees it. */
struct ledger *lb_start(void);

/* Creates an empty batch of the source; ledger_submit takes it. Any thread. */
struct batch *lb_batch_new(void);
/* Adds an attribute of flow "Flow"; `value` NULL: it is no number. Any
 * thread. */
void lb_put(struct batch *b, const char *conversation, const char *metric,
            unsigned number, int64_t time_ms, const char *value);
/* Waits until lb_finished is `count`. */
void lb_wait_finished(unsigned count);
/* Submits one attribute of metric "A" and waits for its outcome. */
void lb_count_one(struct ledger *l, unsigned number);
/* Returns the counter of `metric`, -1 if there is none. */
int64_t lb_count_of(struct ledger *l, const char *metric);

/* The values of metric "A" that were dispatched; `refuses`: collectd takes
 * nothing. */
struct lb_sent {
  int64_t count;
  unsigned times;
  bool refuses;
};
extern struct lb_sent lb_sent;
bool lb_on_sample(void *ctx, const char *scope, const struct gc_sample *sample);
/* Dispatches at `now_ms` with an interval of 10 s. Returns the counter of "A",
 * -1 if it was not dispatched. */
int64_t lb_dispatch(struct ledger *l, uint64_t now_ms);
/* Waits until the first zero of the first series is recorded. */
void lb_wait_shown(struct ledger *l);

#endif
