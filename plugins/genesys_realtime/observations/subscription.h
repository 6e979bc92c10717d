/* SPDX-License-Identifier: MIT */
/* Observations "topic" of one block. The messages of two topics for each queue
 * keep one long-lived model up to date. Network thread only.
 *
 * A message has only the numbers that changed, so the model begins with a
 * snapshot, which is polled as for Observations "query". The model is complete
 * while every topic is subscribed and the channels are open. While it is not
 * complete, the block polls each interval. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_SUBSCRIPTION_H
#define GENESYS_REALTIME_OBSERVATIONS_SUBSCRIPTION_H

#include "common/net/channels/topic_coverage.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/queues/selection.h"

/* All members are borrowed. */
struct subscription_deps {
  struct gc_channels *channels;
  struct gc_channel_timeouts timeouts;
  /* Called when the channels are open: poll a snapshot. */
  void (*snapshot)(void *ctx);
  /* Counts a message that could not be read. */
  void (*unread)(void *ctx);
  /* Reports metrics that are unknown, and takes them. */
  void (*unknown)(void *ctx, struct gc_unknown_words *words);
  /* Counts and reports numbers of a message that are ignored: they lack a
   * medium or status, or their name is not kept. */
  void (*ignored)(void *ctx, uint32_t count);
  /* Reports an outcome; GC_OK is success. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  void *ctx;
};

struct subscription;

/* Makes a subscription without queues. Returns NULL when out of memory. */
struct subscription *subscription_new(const struct subscription_deps *deps);
void subscription_stop(struct subscription *s);
/* Frees `s`, which may be NULL. Call it after subscription_stop. */
void subscription_free(struct subscription *s);

/* Takes the queues. Drops the model when a queue is no longer among them. */
void subscription_select(struct subscription *s,
                         const struct selection *selection);

/* Merges a complete reading, requested at `asked_ms` of the server's clock,
 * into the model. Adds to the reading, with 0, the pairs that only the model
 * has. */
GC_MUST_CHECK enum gc_code
subscription_add_snapshot(struct subscription *s, struct observations *reading,
                          int64_t asked_ms);
/* Returns true if every topic is subscribed, the channels are open, and a
 * snapshot came after they opened. */
bool subscription_is_complete(struct subscription *s);
/* Copies the model for a read thread; the caller owns the copy. NULL: there is
 * no model, or no memory. */
struct observations *subscription_copy(const struct subscription *s);

#endif
