/* SPDX-License-Identifier: MIT */
/* Observations "topic" of one block: two topics for each of its queues, whose
 * messages keep one long-lived model up to date. Network thread only.
 *
 * A message has only the numbers that changed, so the model begins with a
 * snapshot, which is polled as for Observations "query". The model is complete
 * while every topic is subscribed and the channels are open; while it is not,
 * the block polls each interval. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_SUBSCRIPTION_H
#define GENESYS_REALTIME_OBSERVATIONS_SUBSCRIPTION_H

#include "common/net/channels/topic_coverage.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/queues/selection.h"

/* All borrowed. */
struct subscription_deps {
  struct gc_channels *channels;
  struct gc_channel_timeouts timeouts;
  /* The channels are open (again): poll a snapshot. */
  void (*snapshot)(void *ctx);
  /* Reports an outcome; GC_OK is success. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  void *ctx;
};

struct subscription;

/* NULL when out of memory. */
struct subscription *subscription_new(const struct subscription_deps *deps);
void subscription_stop(struct subscription *s);
/* After subscription_stop; NULL is fine. */
void subscription_free(struct subscription *s);

/* Takes the queues. The model is dropped when a queue left. */
void subscription_select(struct subscription *s,
                         const struct selection *selection);

/* Takes a complete reading, requested at `asked_ms` of the server's clock. Adds
 * to the reading, with 0, the pairs that it does not have and messages
 * reported. */
GC_MUST_CHECK enum gc_code
subscription_add_snapshot(struct subscription *s, struct observations *reading,
                          int64_t asked_ms);
/* True if every topic is subscribed and open, and there was a snapshot since.
 */
bool subscription_is_complete(struct subscription *s);
/* A copy of the model for a read thread; the caller owns it. NULL: there is no
 * model, or out of memory. */
struct observations *subscription_copy(const struct subscription *s);

#endif
