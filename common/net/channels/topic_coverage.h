/* SPDX-License-Identifier: MIT */
/* The queues that a listener of an account's channels wants topics of, and
 * which of them have their topics subscribed. A queue whose topic is refused or
 * has no room is seen by chance only, in the messages of other queues. One
 * thread at a time. */
#ifndef GC_NET_CHANNELS_TOPIC_COVERAGE_H
#define GC_NET_CHANNELS_TOPIC_COVERAGE_H

#include "common/net/channels/channels.h"

enum { GC_TOPIC_REASON_SIZE = 120 };

/* The topics of one queue are numbered from 0 to `count` - 1. */
struct gc_queue_topic_names {
  unsigned count;
  /* False: the id is too long for this topic, which is left out then and
   * is never subscribed. */
  bool (*write)(unsigned number, const char *queue,
                char ret_topic[GC_TOPIC_SIZE]);
};
/* "v2.routing.queues.<id>.conversations" alone. */
GC_API extern const struct gc_queue_topic_names gc_conversation_topic_names;

struct gc_covered_queue {
  char *id;            /* its address stays as long as the queue does */
  bool is_covered;     /* all its topics are subscribed */
  bool is_new;         /* the caller resets it */
  bool is_roomless;    /* no channel had room for one of its topics */
  bool was_refused;    /* one of its topics; the caller resets it */
  uint64_t covered_ms; /* the caller's: since when it is covered */
  bool was_compared;   /* the caller's: with observations, since then */
};

struct gc_topic_coverage {
  const struct gc_queue_topic_names *names; /* set by the owner, const */
  struct gc_covered_queue *
      *at; /* in the order of the ids, without regard to case */
  size_t count;
  size_t covered;
  char reason[GC_TOPIC_REASON_SIZE]; /* of the last rejection; "": none yet */
};

/* Takes the wanted queues. Queues that stay keep their state, new queues are
 * not covered; *ret_gone gets those that left, for gc_topic_coverage_leave. On
 * failure nothing changes and *ret_gone is empty. */
GC_API GC_MUST_CHECK enum gc_code
gc_topic_coverage_update(struct gc_topic_coverage *c, char *const *ids,
                         size_t count, struct gc_topic_coverage *ret_gone);
/* NULL: the queue is not wanted. */
GC_API struct gc_covered_queue *
gc_topic_coverage_find(const struct gc_topic_coverage *c, const char *id);
GC_API void gc_topic_coverage_set(struct gc_topic_coverage *c,
                                  struct gc_covered_queue *q, bool covered);
GC_API void gc_topic_coverage_clear(struct gc_topic_coverage *c);

/* Subscribes the topics of `ids`, which are wanted, in this order: where there
 * is no room for all, the first have it. The tag is the gc_covered_queue.
 * Topics that are subscribed already stay on their channels. GC_ERR_LIMIT: some
 * topic has no room, or there is no memory; its queue is_roomless. */
GC_API GC_MUST_CHECK enum gc_code
gc_topic_coverage_subscribe(struct gc_topic_coverage *c, char *const *ids,
                            size_t count, struct gc_channels *channels,
                            struct gc_channels_listener *l);
/* Unsubscribes the queues that left, and clears. */
GC_API void gc_topic_coverage_leave(struct gc_topic_coverage *gone,
                                    struct gc_channels *channels,
                                    struct gc_channels_listener *l);

/* Brings the queue's is_covered up to date, and returns it. */
GC_API bool gc_topic_coverage_check(struct gc_topic_coverage *c,
                                    struct gc_covered_queue *q,
                                    const struct gc_channels *channels);
/* The same for all queues. True: all of them are covered. */
GC_API bool gc_topic_coverage_check_all(struct gc_topic_coverage *c,
                                        const struct gc_channels *channels);
/* Notes the rejection of a topic of `q`, which is the tag of the topic. The
 * next check counts it. */
GC_API void gc_topic_coverage_reject(struct gc_topic_coverage *c,
                                     struct gc_covered_queue *q,
                                     const char *reason);

/* True if the queue is not covered because no channel had room. */
GC_API bool gc_covered_queue_lacks_room(const struct gc_covered_queue *q);
/* The number of these queues. */
GC_API size_t gc_topic_coverage_without_room(const struct gc_topic_coverage *c);

#endif
