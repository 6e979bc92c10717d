/* SPDX-License-Identifier: MIT */
/* One block of analytics queries (<Query>, <Flows>). The account's network
 * thread requests window after window; a read thread sends the values of each
 * window to collectd. stage.h has the stages of this work, and which thread
 * owns it in each.
 *
 * If the save after the last window fails, a read thread saves again every 5 s,
 * so that a restart sends no window again, until the next window is due. With a
 * lease, the state is loaded only while this agent has the lease, and again
 * after the agent has lost it.
 *
 * The block does not depend on collectd: the plugin passes in the output. */

/* The path of one interval:
 *
 * 1. common/analytics/analytics.c reads the mark, the totals and the pending
 *    window from the state file (send/checkpoint.c), and sleeps until
 *    SettleDelay after the end of a window, by the platform's clock
 *    (query/windows.c, pure).
 * 2. poll.c requests all windows that are not settled, new ones included, one
 *    request after the other. decode/decode.c stages facts. When an answer is
 *    complete, the facts become sums of the series (series/series.h) for
 *    windows that are read again, and results (decode/results.h) for new
 *    windows.
 * 3. The stage becomes READY, and the results belong to a read thread
 *    (analytics_read.c). send/sender.c makes the values of the oldest new
 *    window and collects them in the outbox (send/outbox.c). It saves the
 *    mark, the totals and these values in one transaction, and passes them to
 *    the write tracker. The next window begins when the write tracker has seen
 *    the last value of this one, and the nodes of genesys_influxdb have synced
 *    them (net/save_barrier).
 * 4. When all windows are sent, the stage is SENT and the network thread
 *    continues.
 *
 * A source is a row of query/tables.c. genesys_analytics requests
 * conversations, users and the guide dialect's queue details; the <Flows>
 * blocks of genesys_flowmetrics request flows. daemon/analytics_block has the
 * callbacks that both plugins share. Two blocks that would write one series
 * are a configuration error (series/claim.c). */
#ifndef GC_ANALYTICS_ANALYTICS_H
#define GC_ANALYTICS_ANALYTICS_H

#include "common/analytics/query/query.h"
#include "common/analytics/send/sender.h"
#include "common/net/lease_book.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "common/net/store/store.h"

/* Dependencies of a block, from its account or from a test. All borrowed. */
struct gc_analytics_deps {
  const char *name;     /* <Query "queues">: the instance of series without
                           queue, user or flow */
  const char *instance; /* "query-queues": with the account, the key of its
                           stored state */
  const char *account;
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;
  gc_request_count *requests; /* counts the block's; NULL: nobody does */
  struct gc_names *names;
  struct gc_store *store; /* NULL: no state file */
  /* Of the account's lease: the checkpoint passes to the next holder, and
   * nothing is requested while another agent has the lease. NULL: no lease. */
  struct gc_lease_page *page;
  uint32_t phase; /* base/policy/poll_pace: delays the block's requests */
  /* Takes the requests a minute that the block will send, with the ctx of
   * gc_analytics_new; network thread. May be NULL. */
  void (*plan)(void *ctx, enum gc_endpoint_id endpoint, double per_minute);
};

struct gc_analytics;

/* Makes a block; `query` is borrowed. It calls `notice` with each outcome
 * (GC_OK: success), on the network thread and on read threads; `cause` is a
 * word such as "aggregates", `member "NAME"` or `Queue "PATTERN"`. Never NULL.
 */
GC_API struct gc_analytics *gc_analytics_new(
    const struct gc_query *query, const struct gc_analytics_deps *deps,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx);
/* Loads the state and starts polling. Waits for one turn of the network thread,
 * so it must not be called on that thread. */
GC_API void gc_analytics_start(struct gc_analytics *b);
/* Stops polling and frees. Waits for one turn of the network thread, so it must
 * not be called on that thread. `b` may be NULL. */
GC_API void gc_analytics_free(struct gc_analytics *b);

/* Sends the windows that are ready, for at most `max_ms`. Only one read thread
 * calls it at a time. */
GC_API void gc_analytics_read(struct gc_analytics *b,
                              const struct gc_sender_output *output,
                              uint32_t max_ms);

/* Sends the rest of the window that has begun, for at most `max_ms`, and saves
 * that it is sent. In the stage UNSAVED, repeats the save that failed. No other
 * window begins. Called at shutdown, after the last gc_analytics_read. */
GC_API void gc_analytics_finish(struct gc_analytics *b,
                                const struct gc_sender_output *output,
                                uint32_t max_ms);

/* Writes the block's self-telemetry to `out`, with the plugin instance
 * `instance` and the interval `interval_ms`. Any thread: the read callbacks for
 * collectd and for /health may run at once. */
GC_API void gc_analytics_read_state(struct gc_analytics *b,
                                    const char *instance, uint32_t interval_ms,
                                    const struct gc_samples *out);

#endif
