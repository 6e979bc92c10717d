/* SPDX-License-Identifier: MIT */
/* The conversation stream of one block. It applies events to the conversation
 * model and writes the model's counters. Stream "notifications" subscribes to a
 * topic for each of the block's queues; Stream "conversations" (guide dialect)
 * has a socket of its own.
 *
 * The account's network thread passes messages, ticks and selections; one read
 * thread at a time reads the values, and any thread the self-telemetry. The
 * lock between them is held for one message, for one tick of the model, for the
 * values of a few queues, for a copy of the statistics, or for the comparison
 * with one poll. */
#ifndef GENESYS_REALTIME_STREAM_STREAM_H
#define GENESYS_REALTIME_STREAM_STREAM_H

#include "common/net/channels/topic_coverage.h"
#include "common/net/lease_book.h"
#include "common/net/name_cache.h"
#include "common/net/socket/driver.h"
#include "plugins/genesys_realtime/conversations/conversations.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/options.h"
#include "plugins/genesys_realtime/queues/selection.h"

/* All members are borrowed. */
struct stream_deps {
  const struct gc_env *env;
  struct gc_api *api; /* source of the server's clock */
  struct gc_channels *channels;
  struct gc_socket_driver driver; /* guide dialect, with connect and base_url */
  const struct gc_connect *connect;
  const char *base_url;
  struct gc_names *names;     /* source of the queues' own targets */
  struct gc_lease_page *page; /* its counters pass to the next holder of the
                                 account's lease; NULL: no lease */
  /* Reports the state of `cause`, on the network thread; GC_OK: no error. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  /* Does the same for the stream's own socket (guide dialect). */
  void (*socket_notice)(void *ctx, const char *cause, const struct gc_err *err);
  /* Writes one line that is no error to the log; network thread. May be NULL.
   */
  void (*inform)(void *ctx, const char *text);
  void *notice_ctx; /* of these three */
  /* Requests the present state when the stream is connected; network thread. */
  void (*snapshot)(void *ctx);
  void *ctx;
};

struct stream;

/* Returns the configured time-outs of the stream. */
struct gc_channel_timeouts
stream_timeouts(const struct queues_options *options);

/* Makes a stream. `options` are borrowed as long as it lives. Returns NULL when
 * out of memory. */
struct stream *stream_new(const struct queues_options *options,
                          const struct stream_deps *deps, struct gc_err *err);

/* ---- network thread ---- */

/* Takes the selected queues. The first selection opens the stream. */
void stream_select(struct stream *s, const struct selection *selection);
/* stream_poll_begin notes that a poll of the observations is sent.
 * stream_observed takes its complete answer, counts drift and closes lost
 * conversations. Do not call stream_observed for a failed or incomplete poll.
 */
void stream_poll_begin(struct stream *s);
void stream_observed(struct stream *s, const struct observations *o);
/* Counts drift and closes nothing: pushed observations have no time of request
 * and may be older than the events. */
void stream_compare(struct stream *s, const struct observations *o);
/* Closes the stream and drops the model, its counters too, until the next
 * selection opens the stream: another agent counts meanwhile. */
void stream_pause(struct stream *s);
void stream_stop(struct stream *s);

/* ---- after stream_stop ---- */
void stream_free(struct stream *s); /* NULL: does nothing */

/* ---- read threads ---- */

/* Writes the counters: all of them once per interval, and those that have
 * changed in each call. `view`: as for the observations. One thread at a time.
 */
void stream_read(struct stream *s, const struct queue_display *view,
                 const struct gc_samples *out);
/* Writes the stream's self-telemetry. Any thread: the read callback and /health
 * may call it at the same time. */
void stream_read_state(struct stream *s, const char *instance,
                       uint32_t interval_ms, const struct gc_samples *out);

#endif
