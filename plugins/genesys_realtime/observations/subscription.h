/* SPDX-License-Identifier: MIT */
/* Observations "topic" of one block: two topics for each of its queues, whose
 * messages keep one long-lived model up to date. Network thread only.
 *
 * Messages tell only what changed, so the model begins with a snapshot, asked
 * as Observations "query" would. It is whole while all topics are subscribed
 * and open; while it is not, the block asks each interval as with "query". */
#ifndef GENESYS_REALTIME_OBSERVATIONS_SUBSCRIPTION_H
#define GENESYS_REALTIME_OBSERVATIONS_SUBSCRIPTION_H

#include "common/net/channels/channels.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "plugins/genesys_realtime/queues/topic_coverage.h"

/* All borrowed. */
struct push_deps {
  struct gc_channels *channels;
  struct gc_channel_timeouts timeouts;
  /* What was missed ends here: ask for a snapshot. */
  void (*snapshot)(void *ctx);
  /* An outcome, GC_OK when well. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  void *ctx;
};

struct push;

/* NULL when out of memory. */
struct push *push_new(const struct push_deps *deps);
void push_stop(struct push *p);
/* After push_stop; NULL is fine. */
void push_free(struct push *p);

/* Which queues. When one has left the model begins anew. */
void push_select(struct push *p, const struct selection *selection);

/* A complete reading, asked for at `asked_ms` of the server's clock. */
GC_MUST_CHECK enum gc_code push_snapshot(struct push *p,
                                         const struct observations *reading,
                                         int64_t asked_ms);
/* Every topic is heard, and there was a snapshot since. */
bool push_is_whole(const struct push *p);
/* How it stands now, for a read thread; the caller's. NULL: nothing is known,
 * or out of memory. */
struct observations *push_copy(const struct push *p);

#endif
