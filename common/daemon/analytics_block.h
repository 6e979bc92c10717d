/* SPDX-License-Identifier: MIT */
/* A block of interval queries in collectd: the parts of its class's callbacks
 * (plugin_base.h) that are the same in every plugin. The write tracker
 * dispatches its values. */
#ifndef GC_DAEMON_ANALYTICS_BLOCK_H
#define GC_DAEMON_ANALYTICS_BLOCK_H

#include "common/analytics/analytics.h"
#include "common/analytics/series/claim.h"
#include "common/daemon/analytics_options.h"
#include "common/daemon/plugin_base.h"

struct gc_write_ticket;

/* A member of the plugin's struct; must be zeroed before the start. */
struct gc_analytics_block {
  const struct gc_block *block;
  struct gc_write_ticket *ticket;
  struct gc_analytics *work;
  struct gc_series_claim claim; /* set by gc_analytics_block_claim */
  struct gc_analytics_block *next_claim;
};

/* Claims the series of `block`, and refuses a block that would write a series
 * of an earlier block, also of another plugin: the text names both. Called in
 * `check` of gc_block_class, after gc_analytics_options_check; `query` and
 * `account` are borrowed until gc_analytics_block_clear. `observes`: the block
 * writes flow_active too. */
GC_API GC_MUST_CHECK enum gc_code
gc_analytics_block_claim(struct gc_analytics_block *q, struct gc_block *block,
                         const char *account, const struct gc_query *query,
                         bool observes, struct gc_err *err);

/* Starts the queries with the account that `block` uses; `query` is borrowed.
 */
GC_API GC_MUST_CHECK enum gc_code
gc_analytics_block_start(struct gc_analytics_block *q, struct gc_block *block,
                         const char *account, const struct gc_query *query,
                         struct gc_err *err);
/* These functions are for the members of gc_block_class. */
GC_API void gc_analytics_block_read(struct gc_analytics_block *q);
GC_API void gc_analytics_block_finish(struct gc_analytics_block *q);
GC_API void gc_analytics_block_read_state(struct gc_analytics_block *q,
                                          uint32_t interval_ms,
                                          const struct gc_samples *out);
GC_API void gc_analytics_block_clear(struct gc_analytics_block *q);

/* These are for the members of gc_block_trial. A trial requests the newest
 * interval alone. */
GC_API void gc_analytics_block_prepare(struct gc_query *query);
GC_API void gc_analytics_block_report(const struct gc_query *query,
                                      void (*note)(void *ctx, const char *text),
                                      void *ctx);

#endif
