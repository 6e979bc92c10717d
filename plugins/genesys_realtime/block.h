/* SPDX-License-Identifier: MIT */
/* One <Queues> block at work: asks for observations on the account's network
 * thread and keeps the newest, listens to the stream; a read thread takes the
 * values from there. No collectd in here: the plugin brings sinks and
 * listeners. */
#ifndef GENESYS_REALTIME_BLOCK_H
#define GENESYS_REALTIME_BLOCK_H

#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/stream/stream.h"

/* As configured; all borrowed. */
struct block_settings {
  const char *name; /* <Queues "all"> */
  enum obs_source source;
  uint32_t interval_ms;
  char *const *selectors; /* base/glob */
  size_t selector_count;
  struct shard shard;
  char *const *media; /* only these; none: all */
  size_t media_count;
  enum queue_label label;
  uint32_t window_ms; /* 0: no windows */
  bool raw;           /* the gauges themselves too; without windows always */
  size_t series_max;  /* MaxSeries */
  uint64_t expiry_ms; /* QueueExpiry */
  const char *metrics_path; /* OBS_QUEUE_METRICS: NULL: the usual one */
  bool has_stream;
  struct stream_settings stream;
};

/* What a block works with: its account's, or a test's. All borrowed. */
struct block_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_channels *channels;   /* for a stream */
  struct gc_socket_driver driver; /* these for the guide dialect's */
  const struct gc_connect *connect;
  const char *base_url;
  uint32_t requests_per_minute; /* the budget, for a warning */
};

struct block;

/* `notice` hears the outcome of what the block does (GC_OK when well), on the
 * network thread; of "series" on the read thread. `cause` is a short name. NULL
 * when out of memory. */
struct block *block_new(const struct block_settings *settings,
                        const struct block_deps *deps,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx, struct gc_err *err);
/* Starts asking; waits for one turn of the network thread. Not from that
 * thread. */
void block_start(struct block *b);
/* Stops asking and frees; waits for one turn of the network thread. Not from
 * that thread. NULL is fine. */
void block_free(struct block *b);

/* Puts the values of the newest observations, each of them once: nothing when
 * there is nothing new. One read thread at a time. */
void block_read(struct block *b, const struct gc_samples *out);

/* The last words, when no read thread reads any more: what is new, and with
 * windows those that are open. */
void block_finish(struct block *b, const struct gc_samples *out);
/* Whether there is anything that block_finish alone would put. */
bool block_has_windows(const struct block *b);

/* Puts the block's self-telemetry (source_up and so on), under the instance
 * `instance` and with `interval_ms`. One read thread at a time. */
void block_read_state(struct block *b, const char *instance,
                      uint32_t interval_ms, const struct gc_samples *out);

#endif
