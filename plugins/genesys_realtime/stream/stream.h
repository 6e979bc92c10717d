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

#include "plugins/genesys_realtime/conversations/conversations.h"
#include "plugins/genesys_realtime/deps.h"
#include "plugins/genesys_realtime/observations/feed.h"
#include "plugins/genesys_realtime/queues/selection.h"

struct stream;

/* Makes a stream. `options` and what `deps` points to are borrowed as long as
 * it lives. `snapshot` requests the present state when the stream is connected;
 * it runs on the network thread, with `ctx`. */
struct stream *stream_new(const struct queues_options *options,
                          const struct queues_deps *deps,
                          void (*snapshot)(void *ctx), void *ctx);

/* ---- network thread ---- */

/* Begins the time in which events are missing: stream_gap and stream_silence
 * run from now on, though the queues are not known yet. */
void stream_begin(struct stream *s);
/* Takes the selected queues. The first selection opens the stream. */
void stream_select(struct stream *s, const struct selection *selection);
/* Returns the listener for the block's observations. A complete poll counts
 * drift and closes lost conversations; pushed observations, which may be older
 * than the events, count drift only. */
struct obs_listener *stream_listener(struct stream *s);
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
