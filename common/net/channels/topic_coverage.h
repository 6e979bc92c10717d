/* SPDX-License-Identifier: MIT */
/* The queues whose topics a listener of an account's channels wants, and which
 * of them have their topics subscribed. A queue whose topic is refused or has
 * no room is seen only by chance, in the messages of other queues. One thread
 * at a time. */
#ifndef GC_NET_CHANNELS_TOPIC_COVERAGE_H
#define GC_NET_CHANNELS_TOPIC_COVERAGE_H

#include "common/net/channels/channels.h"

enum { GC_TOPIC_REASON_SIZE = 120 };

/* The topics of one queue are numbered from 0 to `count` - 1. */
struct gc_queue_topic_names {
  unsigned count;
  /* Writes a topic. False: the id is too long for it, so the topic is never
   * subscribed. */
  bool (*write)(unsigned number, const char *queue,
                char ret_topic[GC_TOPIC_SIZE]);
};
/* The only topic is "v2.routing.queues.<id>.conversations". */
GC_API extern const struct gc_queue_topic_names gc_conversation_topic_names;

struct gc_covered_queue {
  char *id;            /* address is stable as long as the queue exists */
  bool is_covered;     /* all its topics are subscribed */
  bool is_new;         /* the caller resets it */
  bool lacks_room;     /* no channel had room for one of its topics */
  bool was_refused;    /* one of its topics was refused; the caller resets it */
  uint64_t covered_ms; /* set by the caller: since when it is covered */
  bool was_compared;   /* set by the caller: compared with observations since
                          covered_ms */
};

struct gc_topic_coverage {
  const struct gc_queue_topic_names *names; /* set by the owner, const */
  struct gc_covered_queue *
      *at; /* in the order of the ids, without regard to case */
  size_t count;
  size_t covered;
  char reason[GC_TOPIC_REASON_SIZE]; /* reason of the last rejection; "": none
                                        yet */
};

/* Takes the wanted queues. Queues that stay keep their state; new queues are
 * not covered; *ret_gone gets the queues that left, for
 * gc_topic_coverage_leave. On failure nothing changes and *ret_gone is
 * empty. */
GC_API GC_MUST_CHECK enum gc_code
gc_topic_coverage_update(struct gc_topic_coverage *c, char *const *ids,
                         size_t count, struct gc_topic_coverage *ret_gone);
/* Finds a queue; NULL: it is not wanted. */
GC_API struct gc_covered_queue *
gc_topic_coverage_find(const struct gc_topic_coverage *c, const char *id);
GC_API void gc_topic_coverage_set(struct gc_topic_coverage *c,
                                  struct gc_covered_queue *q, bool covered);
GC_API void gc_topic_coverage_clear(struct gc_topic_coverage *c);

/* Subscribes the topics of `ids`, which are wanted, in this order: if there is
 * no room for all, the first ones get it. The tag is the gc_covered_queue.
 * Topics that are subscribed already stay on their channels. GC_ERR_LIMIT: some
 * topic has no room, or there is no memory; its queue has lacks_room set. */
GC_API GC_MUST_CHECK enum gc_code
gc_topic_coverage_subscribe(struct gc_topic_coverage *c, char *const *ids,
                            size_t count, struct gc_channels *channels,
                            struct gc_channels_listener *l);
/* Unsubscribes the queues that left, and clears `gone`. */
GC_API void gc_topic_coverage_leave(struct gc_topic_coverage *gone,
                                    struct gc_channels *channels,
                                    struct gc_channels_listener *l);

/* Updates the queue's is_covered, and returns it. */
GC_API bool gc_topic_coverage_check(struct gc_topic_coverage *c,
                                    struct gc_covered_queue *q,
                                    const struct gc_channels *channels);
/* Updates is_covered of all queues. True: all of them are covered. */
GC_API bool gc_topic_coverage_check_all(struct gc_topic_coverage *c,
                                        const struct gc_channels *channels);
/* Notes the rejection of a topic of `q`, which is the tag of the topic. The
 * next check counts it. */
GC_API void gc_topic_coverage_reject(struct gc_topic_coverage *c,
                                     struct gc_covered_queue *q,
                                     const char *reason);

/* True if the queue is not covered because no channel had room. */
GC_API bool gc_covered_queue_lacks_room(const struct gc_covered_queue *q);
/* Returns the number of these queues. */
GC_API size_t gc_topic_coverage_without_room(const struct gc_topic_coverage *c);

#endif
