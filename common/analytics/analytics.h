/* SPDX-License-Identifier: MIT */
/* One block of interval queries (<Query>, <Flows>) at work. The account's
 * network thread asks, window after window; a read thread brings the windows
 * out. Between them a poll's results changes hands, so that only one of them
 * holds it:
 *
 *   REST → ASKING → (NAMING) → READY → LEAVING → LEFT → REST
 *   `------- network thread -------'   read     `-- network
 *
 * No collectd in here: the plugin brings the way out. */
#ifndef GC_ANALYTICS_ANALYTICS_H
#define GC_ANALYTICS_ANALYTICS_H

#include "common/analytics/query.h"
#include "common/analytics/sender.h"
#include "common/analytics/windows.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "common/net/store/store.h"

/* As configured; all borrowed. */
struct gc_analytics_settings {
  const char *name;     /* <Query "queues">: the instance of series that nobody
                           owns */
  const char *instance; /* "query-queues": with the account, under what its
                           state is kept */
  const char *account;
  struct gc_query query;
  struct gc_windows_rule rule;
  char *const *selectors; /* of queues or flows, base/glob */
  size_t selector_count;
  enum gc_query_label label;
  bool counters;
  uint32_t max_series;
};

/* What a block works with: its account's, or a test's. All borrowed. */
struct gc_analytics_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_store *store; /* NULL: nothing survives */
  uint32_t requests_per_minute;
};

struct gc_analytics;

/* `notice` hears outcomes (GC_OK when well), on the network thread and on read
 * threads; `cause` is a fixed word. NULL when out of memory. */
GC_API struct gc_analytics *gc_analytics_new(
    const struct gc_analytics_settings *settings,
    const struct gc_analytics_deps *deps,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx);
/* Reads the state and starts asking; waits for one turn of the network thread.
 * Not from that thread. */
GC_API void gc_analytics_start(struct gc_analytics *b);
/* Stops asking and frees; waits for one turn of the network thread. Not from
 * that thread. NULL is fine. */
GC_API void gc_analytics_free(struct gc_analytics *b);

/* Brings out what is there, for `max_ms` at most. One read thread at a time.
 */
GC_API void gc_analytics_read(struct gc_analytics *b,
                              const struct gc_sender_output *way,
                              uint32_t max_ms);

/* The end: no window begins to leave any more; waits for what is in flight,
 * `max_ms` at most, and saves that it has left. After the last block_read. */
GC_API void gc_analytics_finish(struct gc_analytics *b,
                                const struct gc_sender_output *way,
                                uint32_t max_ms);

/* Puts the block's self-telemetry under the instance `instance` and with
 * `interval_ms`. One read thread at a time. */
GC_API void gc_analytics_read_state(struct gc_analytics *b,
                                    const char *instance, uint32_t interval_ms,
                                    const struct gc_samples *out);

#endif
