/* SPDX-License-Identifier: MIT */
/* The conversation topics of all queues of an account, wanted on its channels
 * as queues come and go. Other blocks may want the same topics: the channels
 * subscribe each of them once. */
#ifndef GC_NET_CHANNELS_QUEUE_TOPICS_H
#define GC_NET_CHANNELS_QUEUE_TOPICS_H

#include "common/base/env.h"
#include "common/net/channels/channels.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"

struct gc_queue_topics;

/* What it works with: the account's, or a test's. All borrowed. */
struct gc_queue_topics_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_channels *channels;
  struct gc_names *names;
};

/* Whose they are; on the account's thread, must not block. */
struct gc_queue_topics_user {
  void (*message)(void *ctx, const struct gc_message *m);
  void (*tick)(void *ctx); /* each second */
  /* An outcome, GC_OK when well: "queues", "topics". */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  void *ctx;
};

struct gc_queue_topics_state {
  bool is_connected; /* all channels that carry the topics */
  bool was_heard;
  size_t wanted, covered;
  uint64_t reconnects, silence_ms;
  uint64_t gap_ms; /* sum of the time in which a part of it was blind */
};

/* NULL when out of memory. */
GC_API struct gc_queue_topics *
gc_queue_topics_new(const struct gc_queue_topics_deps *deps,
                    const struct gc_queue_topics_user *user);
/* Both wait for one turn of the account's thread; not from that thread.
 * Stopping twice, or before the start, is fine. */
GC_API void gc_queue_topics_start(struct gc_queue_topics *t);
GC_API void gc_queue_topics_stop(struct gc_queue_topics *t);
/* Stops first; NULL is fine. */
GC_API void gc_queue_topics_free(struct gc_queue_topics *t);

/* As of now. Any thread. */
GC_API void gc_queue_topics_state(struct gc_queue_topics *t,
                                  struct gc_queue_topics_state *ret);

#endif
