/* SPDX-License-Identifier: MIT */
/* One <Query> block at work. The account's network thread asks, window after
 * window; a read thread brings the windows out. Between them a poll's reading
 * changes hands, so that only one of them holds it:
 *
 *   REST → ASKING → (NAMING) → READY → LEAVING → LEFT → REST
 *   `------- network thread -------'   read     `-- network
 *
 * No collectd in here: the plugin brings the way out. */
#ifndef GC_ANALYTICS_BLOCK_H
#define GC_ANALYTICS_BLOCK_H

#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "common/net/store.h"
#include "plugins/genesys_analytics/departure.h"
#include "plugins/genesys_analytics/query.h"
#include "plugins/genesys_analytics/windows.h"

/* As configured; all borrowed. */
struct block_settings {
  const char *name;    /* <Query "queues"> */
  const char *account; /* under which its state is kept */
  struct query query;
  struct windows_rule rule;
  char *const *selectors; /* of queues, base/glob */
  size_t selector_count;
  enum query_label label;
  bool counters;
  uint32_t max_series;
};

/* What a block works with: its account's, or a test's. All borrowed. */
struct block_site {
  struct gc_loop *loop;
  const struct gc_edge *edge;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_store *store; /* NULL: nothing survives */
  uint32_t requests_per_minute;
};

struct block;

/* `notice` hears outcomes (GC_OK when well), on the network thread and on read
 * threads; `cause` is a fixed word. NULL when out of memory. */
struct block *block_new(const struct block_settings *settings,
                        const struct block_site *site,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx);
/* Reads the state and starts asking; waits for one turn of the network thread.
 * Not from that thread. */
void block_start(struct block *b);
/* Stops asking and frees; waits for one turn of the network thread. Not from
 * that thread. NULL is fine. */
void block_free(struct block *b);

/* Brings out what is there, for `most_ms` at most. One read thread at a time.
 */
void block_read(struct block *b, const struct departure_way *way,
                uint32_t most_ms);

/* The end: no window begins to leave any more; waits for what is in flight,
 * `most_ms` at most, and saves that it has left. After the last block_read. */
void block_finish(struct block *b, const struct departure_way *way,
                  uint32_t most_ms);

/* Puts the block's self-telemetry under the instance `instance` and with
 * `interval_ms`. One read thread at a time. */
void block_read_state(struct block *b, const char *instance,
                      uint32_t interval_ms, const struct gc_samples *out);

#endif
