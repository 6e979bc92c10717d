/* SPDX-License-Identifier: MIT */
/* One running <Queues> block. On the account's network thread it polls the
 * observations, keeps the newest reading and listens to the stream; a read
 * thread takes the values. This file does not depend on collectd: the plugin
 * passes sinks and callbacks. */
#ifndef GENESYS_REALTIME_BLOCK_H
#define GENESYS_REALTIME_BLOCK_H

#include "common/net/lease_book.h"
#include "common/net/lease_gate.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "plugins/genesys_realtime/options.h"
#include "plugins/genesys_realtime/stream/stream.h"

/* The parts of an account, or of a test, that a block needs. All borrowed. */
struct block_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_channels *channels; /* channels of stream and pushed observations */
  struct gc_lease_watch *lease; /* NULL: this agent always dispatches */
  struct gc_lease_page *page;   /* of the stream's counters; NULL: no lease */
  struct gc_socket_driver driver; /* these three for the guide dialect */
  const struct gc_connect *connect;
  const char *base_url;
  /* Like the notice of block_new, for outcomes of the block's own socket, which
   * the account does not report. */
  void (*socket_notice)(void *ctx, const char *cause, const struct gc_err *err);
  uint32_t requests_per_minute; /* the budget, for a warning */
  uint32_t phase; /* phase of the block's polls (base/policy/poll_pace) */
  /* The options of all blocks of the account, this one among them, in the order
   * of the file (queues/selection.h); NULL: this one alone. */
  const struct queues_options *const *blocks;
  size_t block_count;
  /* Reports how many selected queues other blocks have, whenever the number
   * changes; network thread. May be NULL. */
  void (*leave_out)(void *ctx, size_t count);
  /* Writes one line that is no error to the log, with the ctx of block_new;
   * network thread. May be NULL. */
  void (*inform)(void *ctx, const char *text);
};

struct block;

/* Makes a block. `options` are borrowed as long as it lives. `notice` receives
 * the outcomes of the block's work (GC_OK is success), on the network thread,
 * or on the read thread for the cause "series". Returns NULL when out of
 * memory. */
struct block *block_new(const struct queues_options *options,
                        const struct block_deps *deps,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx, struct gc_err *err);
/* Starts polling and the stream; waits for one turn of the network thread. Do
 * not call it from that thread. */
void block_start(struct block *b);
/* Stops and frees `b`, which may be NULL; waits for one turn of the network
 * thread. Do not call it from that thread. */
void block_free(struct block *b);

/* Puts the values of the newest observations, each reading once, and the
 * stream's counters; nothing while another agent holds the lease. One read
 * thread at a time. */
void block_read(struct block *b, const struct gc_samples *out);

/* Puts the last values: those that are new, and the open windows. Call it after
 * the last block_read. */
void block_finish(struct block *b, const struct gc_samples *out);
/* Returns true if block_finish may put something that block_read does not. */
bool block_has_windows(const struct block *b);

/* Puts the block's self-telemetry (source_up and so on), under the instance
 * `instance` and with `interval_ms`. Any thread: the read callback and /health
 * may call it at the same time. */
void block_read_state(struct block *b, const char *instance,
                      uint32_t interval_ms, const struct gc_samples *out);

/* The requests of the observations. */
struct block_cost {
  enum obs_source source; /* OBS_AUTO: not known yet */
  size_t requests;        /* of one poll */
  size_t selected;        /* queues that this block polls */
  size_t taken;           /* queues that earlier blocks have */
};
/* Waits for one turn of the network thread; do not call it from that thread. */
void block_cost(struct block *b, struct block_cost *ret_cost);

#endif
