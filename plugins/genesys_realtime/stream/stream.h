/* SPDX-License-Identifier: MIT */
/* Stream "notifications" of one block: a topic for each of its queues, the
 * messages into the conversation model, and the model to a read thread.
 *
 * Or Stream "conversations" (guide dialect): the same model from a socket of
 * the block's own.
 *
 * The account's network thread brings messages, ticks and selections; one read
 * thread at a time takes the values. A lock between them is held for one
 * message, or for the values of a few queues. */
#ifndef GENESYS_REALTIME_STREAM_STREAM_H
#define GENESYS_REALTIME_STREAM_STREAM_H

#include "common/net/channels/channels.h"
#include "common/net/name_cache.h"
#include "common/net/socket/driver.h"
#include "plugins/genesys_realtime/conversations/conversations.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/options.h"
#include "plugins/genesys_realtime/queues/topic_coverage.h"

/* What it works with; all borrowed. */
struct stream_deps {
  const struct gc_env *env;
  struct gc_api *api; /* for the server's clock */
  struct gc_channels *channels;
  struct gc_socket_driver driver; /* these for the guide dialect */
  const struct gc_connect *connect;
  const char *base_url;
  struct gc_names *names; /* for the queues' own targets */
  /* Network thread: an outcome, GC_OK when well. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  /* Network thread: what was missed ends here, look at the present state. */
  void (*snapshot)(void *ctx);
  void *ctx;
};

struct stream;

/* The stream's time-outs as configured. */
struct gc_channel_timeouts
stream_timeouts(const struct queues_options *options);

/* `options` are borrowed as long as the stream lives. NULL when out of memory.
 */
struct stream *stream_new(const struct queues_options *options,
                          const struct stream_deps *deps, struct gc_err *err);

/* ---- network thread ---- */

/* The first selection opens the stream. */
void stream_select(struct stream *s, const struct selection *selection);
/* A poll of the observations goes out; it is complete: counts drift, closes
 * what was lost. A poll that fails, or of which something is missing, has no
 * end. */
void stream_poll_begin(struct stream *s);
void stream_observed(struct stream *s, const struct observations *o);
/* Counts drift alone: what is pushed comes later than the events, and says not
 * when it was asked. */
void stream_compare(struct stream *s, const struct observations *o);
void stream_stop(struct stream *s);

/* ---- after stream_stop ---- */
void stream_free(struct stream *s); /* NULL is fine */

/* ---- read thread ---- */

/* Puts the counters, each interval once; `view` as for the observations. */
void stream_read(struct stream *s, const struct queue_display *view,
                 const struct gc_samples *out);
/* Puts the stream's self-telemetry. */
void stream_read_state(struct stream *s, const char *instance,
                       uint32_t interval_ms, const struct gc_samples *out);
/* How many values the last reading had. */
size_t stream_series(struct stream *s);

#endif
