/* SPDX-License-Identifier: MIT */
/* Subscribes the account's channels to the conversation topic of each queue,
 * and follows queues that are created or deleted. Other blocks may need the
 * same topics: the channels subscribe to each topic once. */
#ifndef GC_NET_CHANNELS_QUEUE_TOPICS_H
#define GC_NET_CHANNELS_QUEUE_TOPICS_H

#include "common/base/env.h"
#include "common/net/channels/channels.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"

struct gc_queue_topics;

/* Dependencies, from an account or from a test. All borrowed. */
struct gc_queue_topics_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_channels *channels;
  struct gc_names *names;
};

/* The user of the topics. The callbacks run on the account's thread and must
 * not block. */
struct gc_queue_topics_user {
  void (*message)(void *ctx, const struct gc_message *m);
  void (*tick)(void *ctx); /* runs every second */
  /* Reports an outcome, GC_OK for success; `cause` is "queues" or "topics". */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  void *ctx;
};

struct gc_queue_topics_state {
  bool is_connected; /* all channels that carry the topics are connected */
  bool has_received;
  size_t wanted, covered;
  uint64_t reconnects;
  uint64_t silence_ms; /* since the last message, or since the start; 0 before
                          the start */
  uint64_t malformed, others; /* messages: no JSON; not of these topics */
  uint64_t gap_ms; /* total time in which messages of some topic may have been
                      missed */
};

/* Makes the object; NULL when out of memory. */
GC_API struct gc_queue_topics *
gc_queue_topics_new(const struct gc_queue_topics_deps *deps,
                    const struct gc_queue_topics_user *user);
/* Start and stop the subscriptions. Both wait for one turn of the account's
 * thread and must not be called on that thread. A second stop, or one before
 * the start, does nothing. */
GC_API void gc_queue_topics_start(struct gc_queue_topics *t);
GC_API void gc_queue_topics_stop(struct gc_queue_topics *t);
/* Stops and frees. NULL is allowed. */
GC_API void gc_queue_topics_free(struct gc_queue_topics *t);

/* Returns the current state. Any thread. */
GC_API void gc_queue_topics_state(struct gc_queue_topics *t,
                                  struct gc_queue_topics_state *ret);

#endif
